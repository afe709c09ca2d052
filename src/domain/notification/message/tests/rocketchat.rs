//! What Rocket.Chat gets.

use super::*;
use crate::domain::notification::receiver::{ChatField, RocketchatAction, RocketchatConfig};

fn config(texts: &[(&'static str, &str)]) -> RocketchatConfig {
    RocketchatConfig {
        api_url: "https://chat.example.org/".to_owned(),
        token: Secret::new("SESAME"),
        token_id: Secret::new("WATCH"),
        texts: texts.iter().map(|(name, text)| (*name, template(text))).collect(),
        fields: Vec::new(),
        actions: Vec::new(),
        http: HttpConfig::default(),
    }
}

fn rocketchat(config: RocketchatConfig) -> Integration {
    integration(IntegrationKind::Rocketchat(Box::new(config)))
}

#[test]
fn rocketchat_gets_one_attachment_from_a_known_user() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let texts = [
        ("channel", "#ops"),
        ("color", "red"),
        ("emoji", ":fire:"),
        ("icon_url", "https://example.org/a.png"),
        ("image_url", "https://example.org/i.png"),
        ("text", "is full"),
        ("thumb_url", "https://example.org/t.png"),
        ("title", "Disk {{ .Status }}"),
        ("title_link", "https://am.example.org"),
    ];
    let mut config = config(&texts);
    config.fields =
        vec![ChatField { title: template("State"), value: template("bad"), short: Some(false) }];
    config.actions = vec![RocketchatAction {
        text: template("Look"),
        url: template("{{ .ExternalURL }}"),
        msg: template(""),
    }];
    let first = post(&letter, &rocketchat(config));
    assert_eq!(
        head(&first),
        "Post https://chat.example.org/api/v1/chat.postMessage\n\
         Content-Type: application/json\nIdempotency-Key: DLV-7\n\
         X-Auth-Token: SESAME\nX-User-Id: WATCH"
    );
    assert_eq!(
        pretty(&first),
        r##"{
  "channel": "#ops",
  "emoji": ":fire:",
  "avatar": "https://example.org/a.png",
  "attachments": [
    {
      "title": "Disk firing",
      "title_link": "https://am.example.org",
      "text": "is full",
      "image_url": "https://example.org/i.png",
      "thumb_url": "https://example.org/t.png",
      "color": "red",
      "fields": [
        {
          "title": "State",
          "value": "bad",
          "short": false
        }
      ],
      "actions": [
        {
          "type": "button",
          "text": "Look",
          "url": "https://am.example.org",
          "is_webview": false,
          "msg_in_chat_window": false
        }
      ]
    }
  ]
}"##
    );
}

#[test]
fn rocketchat_refuses_what_says_nothing() {
    let letter = letter(vec![alert(AlertStatus::Resolved, "sda")]);
    let title = |config| {
        let body = json(&post(&letter, &rocketchat(config)));
        body["attachments"][0]["title"].as_str().unwrap().to_owned()
    };
    assert_eq!(title(config(&[("title", ""), ("text", " ")])), "[RESOLVED] DiskFull");
    let long = title(config(&[("title", &"ä".repeat(2_000))]));
    assert_eq!((long.chars().count(), long.ends_with("ä…")), (1_024, true));

    let broken = config(&[("title", BROKEN), ("text", BROKEN), ("color", BROKEN)]);
    let (faults, http) = mended(&letter, &rocketchat(broken));
    assert_eq!(faults, "`title`, `text`, `color`");
    let body = json(&http.first);
    let said = &body["attachments"][0];
    assert_eq!(said["title"], "[RESOLVED] DiskFull");
    assert_eq!(said["color"], "green");
    assert!(said["text"].as_str().unwrap().contains("disk=\"sda\""));
}

#[test]
fn rocketchat_says_no_in_a_good_reply() {
    let letter = letter(vec![]);
    for (status, body, expected) in [
        (200, r#"{"success":true,"ts":1}"#, "delivered -"),
        (
            200,
            r#"{"success":false,"error":"error-invalid-channel"}"#,
            "permanent clientError: refused the message: error-invalid-channel",
        ),
        (
            200,
            r#"{"success":false,"error":"wait [error-too-many-requests]"}"#,
            "retry rateLimited: refused the message: wait [error-too-many-requests]",
        ),
        (200, "<html>", "retry other: refused the message: its answer is not that of Rocket.Chat"),
        (401, "", "permanent authError: answered 401"),
        (429, "", "retry rateLimited: answered 429"),
    ] {
        let mut http = http(&letter, &rocketchat(config(&[("title", "a")])));
        assert_eq!(heard(&mut http, status, body), expected);
    }
}
