//! What Mattermost gets.

use super::*;
use crate::domain::notification::receiver::{
    ChatField, MattermostAttachment, MattermostConfig, MattermostPriority,
};

fn attachment(texts: &[(&'static str, &str)]) -> MattermostAttachment {
    let texts = texts.iter().map(|(name, text)| (*name, template(text))).collect();
    MattermostAttachment { texts, fields: Vec::new() }
}

fn config(texts: &[(&'static str, &str)]) -> MattermostConfig {
    MattermostConfig {
        webhook_url: Secret::new("https://chat.example.org/hooks/XYZ"),
        channel: template(""),
        username: template(""),
        icon_url: template(""),
        icon_emoji: template(""),
        kind: template(""),
        attachment: attachment(texts),
        attachments: Vec::new(),
        card: None,
        priority: None,
        http: HttpConfig::default(),
    }
}

fn mattermost(config: MattermostConfig) -> Integration {
    integration(IntegrationKind::Mattermost(Box::new(config)))
}

#[test]
fn mattermost_gets_one_attachment() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let field = |title: &str, short| ChatField {
        title: template(title),
        value: template("{{ .Status }}"),
        short,
    };
    let mut own = config(&[
        ("color", "danger"),
        ("title", "Disk"),
        ("title_link", "https://am.example.org"),
        ("text", "is full"),
        ("footer", "f"),
    ]);
    own.attachment.fields = vec![field("State", Some(true)), field("Other", None)];
    let first = post(
        &letter,
        &mattermost(MattermostConfig {
            channel: template("ops"),
            username: template("watch"),
            icon_url: template("https://example.org/a.png"),
            icon_emoji: template("fire"),
            kind: template("custom_a"),
            card: Some(template("behind")),
            ..own
        }),
    );
    assert_eq!(
        head(&first),
        "Post https://chat.example.org/hooks/XYZ\n\
         Content-Type: application/json\nIdempotency-Key: DLV-7"
    );
    assert_eq!(
        pretty(&first),
        r#"{
  "channel": "ops",
  "username": "watch",
  "icon_url": "https://example.org/a.png",
  "icon_emoji": "fire",
  "attachments": [
    {
      "color": "danger",
      "text": "is full",
      "title": "Disk",
      "title_link": "https://am.example.org",
      "fields": [
        {
          "title": "State",
          "value": "firing",
          "short": true
        },
        {
          "title": "Other",
          "value": "firing"
        }
      ],
      "footer": "f"
    }
  ],
  "type": "custom_a",
  "props": {
    "card": "behind"
  }
}"#
    );
}

#[test]
fn attachments_of_the_configuration_stand_below_the_text() {
    let letter = Letter { delayed: Some(Span::minutes(9)), ..letter(vec![]) };
    let config = MattermostConfig {
        attachments: vec![attachment(&[("title", "a")]), attachment(&[("text", "b")])],
        ..config(&[("text", "above"), ("title", "not sent")])
    };
    assert_eq!(
        pretty(&post(&letter, &mattermost(config))),
        r#"{
  "text": "Delayed by 9m.\nabove",
  "attachments": [
    {
      "title": "a"
    },
    {
      "text": "b"
    }
  ]
}"#
    );
}

#[test]
fn only_a_priority_that_mattermost_knows_is_sent_with_what_goes_with_it() {
    let letter = letter(vec![]);
    for (word, expected) in [
        ("Urgent", r#"{"priority":"urgent","requested_ack":true,"persistent_notifications":true}"#),
        ("important", r#"{"priority":"important","requested_ack":true}"#),
        ("standard", r#"{"priority":"standard"}"#),
        ("soon", r#"{"priority":"standard"}"#),
    ] {
        let priority = MattermostPriority {
            priority: template(word),
            requested_ack: true,
            persistent_notifications: true,
        };
        let config = MattermostConfig { priority: Some(priority), ..config(&[("text", "a")]) };
        let body = json(&post(&letter, &mattermost(config)));
        assert_eq!(body["priority"].to_string(), expected, "{word}");
    }
}

#[test]
fn mattermost_refuses_what_is_too_long_or_says_nothing() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let long = json(&post(&letter, &mattermost(config(&[("text", &"ä".repeat(20_000))]))));
    let text = long["attachments"][0]["text"].as_str().unwrap();
    assert_eq!((text.chars().count(), text.ends_with("ä…")), (16_383, true));

    let empty = json(&post(&letter, &mattermost(config(&[("text", ""), ("color", "good")]))));
    assert_eq!(empty["text"], "[FIRING:1] DiskFull");

    let texts = [("color", BROKEN), ("title", BROKEN), ("text", BROKEN), ("footer", BROKEN)];
    let (faults, http) = mended(&letter, &mattermost(config(&texts)));
    assert_eq!(faults, "`color`, `text`, `title`, `footer`");
    let body = json(&http.first);
    let said = &body["attachments"][0];
    assert_eq!((said["color"].as_str(), said.get("footer")), (Some("danger"), None));
    assert_eq!(said["title"], "[FIRING:1] DiskFull");
    assert!(said["text"].as_str().unwrap().contains("disk=\"sda\""));
}

#[test]
fn mattermost_is_judged_by_its_status() {
    let letter = letter(vec![]);
    for (status, body, expected) in [
        (200, "ok", "delivered -"),
        (400, "no channel", "permanent clientError: answered 400: no channel"),
        (500, "", "retry serverError: answered 500"),
    ] {
        let mut http = http(&letter, &mattermost(config(&[("text", "a")])));
        assert_eq!(heard(&mut http, status, body), expected);
    }
}
