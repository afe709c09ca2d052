//! What Webex gets.

use super::*;
use crate::domain::notification::receiver::WebexConfig;

fn webex(room_id: &str, message: &str) -> Integration {
    integration(IntegrationKind::Webex(Box::new(WebexConfig {
        api_url: "https://webex.example.org/v1/messages".to_owned(),
        message: template(message),
        room_id: template(room_id),
        http: HttpConfig::default(),
    })))
}

#[test]
fn webex_gets_markdown_for_a_room() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let first = post(&letter, &webex("room-{{ .GroupLabels.alertname }}", "**{{ .Status }}**"));
    assert_eq!(
        head(&first),
        "Post https://webex.example.org/v1/messages\n\
         Content-Type: application/json\nIdempotency-Key: DLV-7"
    );
    assert_eq!(
        pretty(&first),
        r#"{
  "markdown": "**firing**",
  "roomId": "room-DiskFull"
}"#
    );
    let late = Letter { delayed: Some(Span::minutes(9)), ..letter };
    assert_eq!(json(&post(&late, &webex("r", "a")))["markdown"], "Delayed by 9m.\na");
}

#[test]
fn webex_refuses_what_is_too_long_or_empty() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let markdown = |request: &Request| json(request)["markdown"].as_str().unwrap().to_owned();
    let long = markdown(&post(&letter, &webex("r", &"ä".repeat(4_000))));
    assert_eq!((long.len(), long.ends_with("ä…")), (7_439, true));
    let empty = markdown(&post(&letter, &webex("r", " ")));
    assert!(empty.starts_with("[FIRING:1] DiskFull\n"), "{empty}");
    let (faults, http) = mended(&letter, &webex("r", BROKEN));
    assert_eq!((faults.as_str(), markdown(&http.first)), ("`message`", empty));
    let error = write(&letter, &webex(BROKEN, "a"), &Library::with_defaults()).unwrap_err();
    assert!(error.into_message().is_none(), "no room, no message");
}

#[test]
fn webex_is_judged_by_its_status() {
    let letter = letter(vec![]);
    for (status, expected) in [
        (200, "delivered -"),
        (401, "permanent authError: answered 401"),
        (429, "retry rateLimited: answered 429"),
    ] {
        assert_eq!(heard(&mut http(&letter, &webex("r", "a")), status, ""), expected);
    }
}
