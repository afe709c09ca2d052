//! What VictorOps gets.

use super::*;
use crate::domain::notification::receiver::VictoropsConfig;

fn config(fields: &[(&'static str, &str)]) -> VictoropsConfig {
    VictoropsConfig {
        api_key: Secret::new("k3y"),
        api_url: "https://alert.example.org/integrations/generic/20131114/alert/".to_owned(),
        routing_key: template("team {{ .CommonLabels.cluster }}/1"),
        texts: texts(fields),
        custom_fields: Vec::new(),
        http: HttpConfig::default(),
    }
}

fn victorops(config: VictoropsConfig) -> Integration {
    integration(IntegrationKind::Victorops(Box::new(config)))
}

#[test]
fn victorops_is_told_what_fires_in_every_field() {
    let config = VictoropsConfig {
        custom_fields: vec![("runbook".to_owned(), template("https://wiki.example.org"))],
        ..config(&[
            ("message_type", "WARNING"),
            ("entity_display_name", "{{ .GroupLabels.alertname }}"),
            ("state_message", "all of it"),
            ("monitoring_tool", "incidentd"),
        ])
    };
    let letter =
        Letter { delayed: Some(Span::minutes(9)), ..letter(vec![alert(AlertStatus::Firing, "x")]) };
    assert_eq!(
        drawn(&post(&letter, &victorops(config))),
        r#"POST https://alert.example.org/integrations/generic/20131114/alert/k3y/team%20a%2F1
Content-Type: application/json
Idempotency-Key: DLV-7

{
  "message_type": "WARNING",
  "entity_id": "HASH",
  "entity_display_name": "DiskFull",
  "state_message": "all of it",
  "monitoring_tool": "incidentd",
  "runbook": "https://wiki.example.org",
  "delayed": "9m"
}"#
        .replace("HASH", HASH)
    );
}

#[test]
fn what_ended_has_recovered_and_what_is_unknown_is_critical() {
    let kind = |status, kind: &str| {
        let letter = letter(vec![alert(status, "sda")]);
        let body = body(&letter, &victorops(config(&[("message_type", kind)])));
        body["message_type"].as_str().unwrap().to_owned()
    };
    assert_eq!(kind(AlertStatus::Firing, "INFO"), "INFO");
    assert_eq!(kind(AlertStatus::Firing, "page"), "CRITICAL");
    assert_eq!(kind(AlertStatus::Firing, ""), "CRITICAL");
    assert_eq!(kind(AlertStatus::Resolved, "INFO"), "RECOVERY");
}

#[test]
fn a_long_message_is_cut_and_a_failing_template_costs_its_field() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let told = config(&[("state_message", &"ä".repeat(30_000))]);
    let body = body(&letter, &victorops(told));
    let text = body["state_message"].as_str().unwrap();
    assert_eq!((text.chars().count(), text.ends_with("ä…")), (20_480, true));

    let broken = VictoropsConfig {
        custom_fields: vec![("disk".to_owned(), template(BROKEN))],
        ..config(&[("state_message", BROKEN), ("message_type", BROKEN)])
    };
    let (faults, http) = mended(&letter, &victorops(broken));
    assert_eq!(faults, "`message_type`, `state_message`, `custom_fields.disk`");
    let body = json(&http.first);
    assert!(body["state_message"].as_str().unwrap().contains("firing since"), "{body}");
    assert_eq!((body["message_type"].as_str(), body.get("disk")), (Some("CRITICAL"), None));
    let nobody = VictoropsConfig { routing_key: template(" "), ..config(&[]) };
    assert_eq!(
        unaddressed(&letter, &victorops(nobody)),
        "`routing_key` is empty; without it nobody can be told"
    );
}

#[test]
fn victorops_says_what_is_wrong_in_a_good_reply() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    for (status, body, expected) in [
        (200, r#"{"result":"success","entity_id":"x"}"#, "delivered -"),
        (200, "ok", "delivered -"),
        (
            200,
            r#"{"result":"failure","message":"unknown key"}"#,
            "permanent clientError: refused the message: unknown key",
        ),
        (404, "", "permanent clientError: answered 404"),
        (429, "", "retry rateLimited: answered 429"),
        (503, "", "retry serverError: answered 503"),
    ] {
        let mut http = http(&letter, &victorops(config(&[])));
        assert_eq!(heard(&mut http, status, body), expected);
    }
}
