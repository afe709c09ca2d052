//! What Microsoft Teams gets.

use super::*;
use crate::domain::notification::receiver::{MsTeamsConfig, MsTeamsV2Config};

fn connector(title: &str, summary: &str, text: &str) -> Integration {
    integration(IntegrationKind::MsTeams(Box::new(MsTeamsConfig {
        webhook_url: Secret::new("https://teams.example.org/webhook/XYZ"),
        title: template(title),
        summary: template(summary),
        text: template(text),
        http: HttpConfig::default(),
    })))
}

fn workflow(title: &str, text: &str) -> Integration {
    integration(IntegrationKind::MsTeamsV2(Box::new(MsTeamsV2Config {
        webhook_url: Secret::new("https://flow.example.org/run?sig=XYZ"),
        title: template(title),
        text: template(text),
        http: HttpConfig::default(),
    })))
}

#[test]
fn a_connector_gets_a_message_card() {
    let firing = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let first = post(&firing, &connector("a {{ .Status }}", "b", "c"));
    assert_eq!(
        head(&first),
        "Post https://teams.example.org/webhook/XYZ\n\
         Content-Type: application/json\nIdempotency-Key: DLV-7"
    );
    assert_eq!(
        pretty(&first),
        r#"{
  "@context": "http://schema.org/extensions",
  "type": "MessageCard",
  "title": "a firing",
  "summary": "b",
  "text": "c",
  "themeColor": "8C1A1A"
}"#
    );
    let resolved = letter(vec![alert(AlertStatus::Resolved, "sda")]);
    let late = Letter { delayed: Some(Span::minutes(9)), ..resolved };
    let body = json(&post(&late, &connector("a", "b", "c")));
    assert_eq!(body["themeColor"], "2DC72D");
    assert_eq!(body["text"], "Delayed by 9m.\nc");
}

#[test]
fn a_workflow_gets_an_adaptive_card() {
    let firing = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let first = post(&firing, &workflow("a {{ .Status }}", "c"));
    assert_eq!(
        head(&first),
        "Post https://flow.example.org/run?sig=XYZ\n\
         Content-Type: application/json\nIdempotency-Key: DLV-7"
    );
    assert_eq!(
        pretty(&first),
        r#"{
  "type": "message",
  "attachments": [
    {
      "contentType": "application/vnd.microsoft.card.adaptive",
      "contentUrl": null,
      "content": {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [
          {
            "type": "TextBlock",
            "text": "a firing",
            "wrap": true,
            "weight": "Bolder",
            "size": "Medium",
            "style": "heading",
            "color": "Attention"
          },
          {
            "type": "TextBlock",
            "text": "c",
            "wrap": true
          }
        ],
        "msteams": {
          "width": "full"
        }
      }
    }
  ]
}"#
    );
    let resolved = letter(vec![alert(AlertStatus::Resolved, "sda")]);
    let body = json(&post(&resolved, &workflow("a", "c")));
    assert_eq!(body["attachments"][0]["content"]["body"][0]["color"], "Good");
}

#[test]
fn teams_gets_no_card_that_it_would_refuse() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let long = "ä".repeat(40_000);
    for integration in [connector(&long, &long, &long), workflow(&long, &long)] {
        let body = post(&letter, &integration).body;
        assert!(body.len() < 28_000 && body.contains("ä…"), "{} bytes", body.len());
    }
    for integration in [connector("", " ", ""), workflow(" ", "")] {
        assert!(post(&letter, &integration).body.contains("[FIRING:1] DiskFull"));
    }
    let (faults, http) = mended(&letter, &connector(BROKEN, BROKEN, BROKEN));
    assert_eq!(faults, "`title`, `text`, `summary`");
    let body = json(&http.first);
    assert_eq!(body["title"], "[FIRING:1] DiskFull");
    assert_eq!(body["summary"], body["title"]);
    assert!(body["text"].as_str().unwrap().contains("under 5 % left"));
}

#[test]
fn a_connector_tells_in_a_good_reply_that_teams_refused() {
    let inner = "Webhook message delivery failed: Microsoft Teams endpoint returned HTTP error 429 \
                 with ContextId 7";
    let letter = letter(vec![]);
    for (status, body, expected) in [
        (200, "1", "delivered -".to_owned()),
        (200, inner, format!("retry rateLimited: answered 429: {inner}")),
        (404, "gone", "permanent clientError: answered 404: gone".to_owned()),
        (413, "", "permanent clientError: answered 413".to_owned()),
    ] {
        let mut http = http(&letter, &connector("a", "b", "c"));
        assert_eq!(heard(&mut http, status, body), expected);
    }
    let mut http = http(&letter, &workflow("a", "c"));
    assert_eq!(heard(&mut http, 202, ""), "delivered -");
}
