//! What Slack gets.

use super::*;
use crate::domain::notification::receiver::SlackAction;

#[test]
fn slack_gets_one_attachment() {
    let letter =
        Letter { delayed: Some(Span::minutes(9)), ..letter(vec![alert(AlertStatus::Firing, "x")]) };
    let integration = slack(&[
        ("channel", "#ops"),
        ("username", "incidentd"),
        ("icon_emoji", ":fire:"),
        ("color", "danger"),
        ("title", "Disk is full"),
        ("title_link", "https://am.example.org/#/alerts?a=1&b=2"),
        ("text", "<https://wiki.example.org|Runbook>"),
        ("fallback", "Disk is full"),
    ]);
    assert_eq!(
        pretty(&post(&letter, &integration)),
        r##"{
  "channel": "#ops",
  "username": "incidentd",
  "icon_emoji": ":fire:",
  "attachments": [
    {
      "title": "Disk is full",
      "title_link": "https://am.example.org/#/alerts?a=1&b=2",
      "pretext": "Delayed by 9m.",
      "text": "<https://wiki.example.org|Runbook>",
      "fallback": "Disk is full",
      "callback_id": "",
      "fields": [
        {
          "title": "Cluster",
          "value": "a",
          "short": true
        }
      ],
      "footer": "",
      "color": "danger",
      "mrkdwn_in": [
        "fallback",
        "pretext",
        "text"
      ]
    }
  ]
}"##
    );
}

#[test]
fn a_long_title_is_cut_where_slack_cuts_it() {
    let integration = slack(&[("title", &"ä".repeat(2_000))]);
    let body = post(&letter(vec![]), &integration).body;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let title = body["attachments"][0]["title"].as_str().unwrap();
    assert_eq!((title.chars().count(), title.ends_with("ä…")), (1_024, true));
}

#[test]
fn a_message_that_says_nothing_says_the_title() {
    let mut integration = slack(&[("title", ""), ("text", " ")]);
    let IntegrationKind::Slack(config) = &mut integration.kind else { panic!("Slack") };
    config.fields.clear();
    let body = post(&letter(vec![alert(AlertStatus::Firing, "sda")]), &integration).body;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["attachments"][0]["title"], "[FIRING:1] DiskFull");
}

#[test]
fn slack_says_what_is_wrong_in_a_good_reply() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    for (body, expected) in [
        ("ok", "delivered -"),
        (r#"{"ok":true,"ts":"1772330700.000100"}"#, "delivered -"),
        (
            r#"{"ok":true,"channel":"C1","ts":"1772330700.000100"}"#,
            "delivered C1 1772330700.000100",
        ),
        (
            r#"{"ok":false,"error":"channel_not_found"}"#,
            "permanent clientError: refused the message: channel_not_found",
        ),
        (
            r#"{"ok":false,"error":"invalid_auth"}"#,
            "permanent authError: refused the message: invalid_auth",
        ),
        (
            r#"{"ok":false,"error":"ratelimited"}"#,
            "retry rateLimited: refused the message: ratelimited",
        ),
    ] {
        assert_eq!(heard(&mut http(&letter, &slack(&[])), 200, body), expected, "{body}");
    }
}

#[test]
fn a_button_leads_somewhere_or_asks_before_it_does_something() {
    let mut integration = slack(&[("message_text", "{{ .Status }} & more")]);
    let IntegrationKind::Slack(config) = &mut integration.kind else { panic!("Slack") };
    config.actions = vec![
        SlackAction {
            texts: texts(&[("type", "button"), ("text", "Look"), ("url", "{{ .ExternalURL }}")]),
            confirm: None,
        },
        SlackAction {
            texts: texts(&[("type", "button"), ("text", "Stop"), ("name", "stop"), ("url", "")]),
            confirm: Some(texts(&[("text", "Sure?"), ("ok_text", "Yes"), ("title", "")])),
        },
    ];
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let body = json(&post(&letter, &integration));
    assert_eq!(body["text"], "firing & more");
    assert_eq!(
        body["attachments"][0]["actions"].to_string(),
        r#"[{"text":"Look","type":"button","url":"https://am.example.org"},{"name":"stop","text":"Stop","type":"button","confirm":{"ok_text":"Yes","text":"Sure?"}}]"#
    );
}

/// A letter to an app that edits its messages, with what it is told of the last one.
fn edited(provider: Option<&str>) -> (Letter, Integration) {
    let mut letter = letter(vec![alert(AlertStatus::Resolved, "sda")]);
    letter.thread.provider = provider.map(str::to_owned);
    let mut integration = slack(&[("channel", "#ops"), ("title", "a")]);
    let IntegrationKind::Slack(config) = &mut integration.kind else { panic!("Slack") };
    config.url = Secret::new("https://slack.example.org/api/chat.postMessage");
    config.update_message = true;
    (letter, integration)
}

#[test]
fn a_message_that_slack_shows_is_edited() {
    let whither = |provider| {
        let (letter, integration) = edited(provider);
        let first = post(&letter, &integration);
        let body = json(&first);
        let text =
            |key: &str| body.get(key).and_then(|text| text.as_str()).unwrap_or("-").to_owned();
        format!("{} {} {}", first.url.reveal(), text("channel"), text("ts"))
    };
    assert_eq!(
        whither(Some("C1 1772330700.000100")),
        "https://slack.example.org/api/chat.update C1 1772330700.000100"
    );
    let fresh = "https://slack.example.org/api/chat.postMessage #ops -";
    assert_eq!(whither(None), fresh);
    assert_eq!(whither(Some("an id of another kind".split(' ').next().unwrap())), fresh);

    let (letter, mut integration) = edited(Some("C1 1"));
    let IntegrationKind::Slack(config) = &mut integration.kind else { panic!("Slack") };
    config.update_message = false;
    assert_eq!(json(&post(&letter, &integration))["channel"], "#ops");
}

#[test]
fn an_edit_that_slack_cannot_make_becomes_a_new_message() {
    let check = |replies: &[&str], expected: &[&str]| {
        let (letter, integration) = edited(Some("C1 1772330700.000100"));
        let mut http = http(&letter, &integration);
        for (reply, expected) in replies.iter().zip(expected) {
            let heard = heard(&mut http, 200, reply);
            assert!(heard.starts_with(expected), "{reply}: {heard}");
        }
    };
    let gone = r#"{"ok":false,"error":"message_not_found"}"#;
    check(&[r#"{"ok":true,"channel":"C1","ts":"1.1"}"#], &["delivered C1 1.1"]);
    check(
        &[gone, r#"{"ok":true,"channel":"C2","ts":"2.2"}"#],
        &[
            "Post https://slack.example.org/api/chat.postMessage {\"channel\":\"#ops\",\"att",
            "delivered C2 2.2",
        ],
    );
    check(
        &[gone, gone],
        &["Post", "permanent clientError: refused the message: message_not_found"],
    );
    check(
        &[r#"{"ok":false,"error":"ratelimited"}"#],
        &["retry rateLimited: refused the message: ratelimited"],
    );
}
