//! What Slack gets.

use super::*;

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
        (r#"{"ok":true,"ts":"1772330700.000100"}"#, "delivered 1772330700.000100"),
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
