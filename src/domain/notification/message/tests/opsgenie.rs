//! What Opsgenie gets.

use serde_json::json;

use super::*;
use crate::domain::notification::receiver::{OpsgenieConfig, OpsgenieResponder};

fn config(fields: &[(&'static str, &str)]) -> OpsgenieConfig {
    OpsgenieConfig {
        api_key: SecretTemplate::new(template("key-{{ .CommonLabels.cluster }}")),
        api_url: "https://api.example.org".to_owned(),
        texts: texts(fields),
        details: Vec::new(),
        responders: Vec::new(),
        update_alerts: false,
        http: HttpConfig::default(),
    }
}

fn opsgenie(config: OpsgenieConfig) -> Integration {
    integration(IntegrationKind::Opsgenie(Box::new(config)))
}

fn responder(id: &str, name: &str, username: &str, kind: &str) -> OpsgenieResponder {
    OpsgenieResponder {
        id: template(id),
        name: template(name),
        username: template(username),
        kind: template(kind),
    }
}

#[test]
fn an_alert_is_created_with_every_field() {
    let config = OpsgenieConfig {
        details: vec![
            ("cluster".to_owned(), template("cluster {{ .CommonLabels.cluster }}")),
            ("runbook".to_owned(), template("https://wiki.example.org")),
        ],
        responders: vec![
            responder("", "dba", "", "Team"),
            responder("", "{{ .CommonLabels.teams }}net, ops,,", "", "teams"),
            responder("4711", "", "", "{{ if true }}schedule{{ end }}"),
            responder("", "", "ann@example.org", "user"),
            responder("", "{{ .CommonLabels.none }}", "", "team"),
        ],
        ..config(&[
            ("message", "{{ .GroupLabels.alertname }}"),
            ("description", "all of it"),
            ("source", "{{ .ExternalURL }}"),
            ("entity", "db"),
            ("actions", "restart, grow"),
            ("tags", " disk,{{ .CommonLabels.none }},prod"),
            ("note", "careful"),
            ("priority", "p1"),
        ])
    };
    let letter =
        Letter { delayed: Some(Span::minutes(9)), ..letter(vec![alert(AlertStatus::Firing, "x")]) };
    assert_eq!(
        drawn(&post(&letter, &opsgenie(config))),
        r#"POST https://api.example.org/v2/alerts
Content-Type: application/json
Idempotency-Key: DLV-7
Authorization: GenieKey key-a

{
  "alias": "HASH",
  "message": "DiskFull",
  "description": "all of it",
  "details": {
    "alertname": "DiskFull",
    "cluster": "cluster a",
    "delayed": "9m",
    "disk": "x",
    "runbook": "https://wiki.example.org"
  },
  "source": "https://am.example.org",
  "responders": [
    {
      "name": "dba",
      "type": "team"
    },
    {
      "name": "net",
      "type": "team"
    },
    {
      "name": "ops",
      "type": "team"
    },
    {
      "id": "4711",
      "type": "schedule"
    },
    {
      "username": "ann@example.org",
      "type": "user"
    }
  ],
  "tags": [
    "disk",
    "prod"
  ],
  "note": "careful",
  "priority": "P1",
  "entity": "db",
  "actions": [
    "restart",
    "grow"
  ]
}"#
        .replace("HASH", HASH)
    );
}

#[test]
fn an_open_alert_is_brought_up_to_date_where_that_is_wanted() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let fields = [("message", "full"), ("description", "very full"), ("priority", "page")];
    let told = OpsgenieConfig { update_alerts: true, ..config(&fields) };
    let mut http = http(&letter, &opsgenie(told));
    let body: serde_json::Value = serde_json::from_str(&http.first.body).unwrap();
    assert_eq!(body.get("priority"), None, "no word that Opsgenie knows");
    let address =
        |verb| format!("https://api.example.org/v2/alerts/{HASH}/{verb}?identifierType=alias");
    assert_eq!(
        heard(&mut http, 202, ""),
        format!(r#"Put {} {{"message":"full"}}"#, address("message"))
    );
    assert_eq!(
        heard(&mut http, 202, ""),
        format!(r#"Put {} {{"description":"very full"}}"#, address("description"))
    );
    assert_eq!(heard(&mut http, 202, ""), "delivered -");
}

#[test]
fn what_ended_is_closed_by_its_alias() {
    let letter = letter(vec![alert(AlertStatus::Resolved, "sda")]);
    let told = OpsgenieConfig { update_alerts: true, ..config(&[("source", "incidentd")]) };
    let mut http = http(&letter, &opsgenie(told));
    assert_eq!(
        drawn(&http.first),
        r#"POST https://api.example.org/v2/alerts/HASH/close?identifierType=alias
Content-Type: application/json
Idempotency-Key: DLV-7
Authorization: GenieKey key-a

{
  "source": "incidentd"
}"#
        .replace("HASH", HASH)
    );
    assert_eq!(heard(&mut http, 202, ""), "delivered -");
}

#[test]
fn long_texts_are_cut_where_opsgenie_refuses_them() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let long = "ä".repeat(30_000);
    let told = config(&[("message", &long), ("description", &long), ("note", &long)]);
    let body = body(&letter, &opsgenie(told));
    for (field, chars) in [("message", 130), ("description", 15_000), ("note", 25_000)] {
        let text = body[field].as_str().unwrap();
        assert_eq!((text.chars().count(), text.ends_with("ä…")), (chars, true), "{field}");
    }
}

#[test]
fn a_failing_template_costs_its_field_and_a_missing_key_the_message() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let broken = OpsgenieConfig {
        details: vec![("disk".to_owned(), template(BROKEN))],
        ..config(&[("message", BROKEN), ("tags", BROKEN)])
    };
    let (faults, http) = mended(&letter, &opsgenie(broken));
    assert_eq!(faults, "`message`, `details.disk`, `tags`");
    let body = json(&http.first);
    assert_eq!(body["message"], "[FIRING:1] DiskFull");
    assert_eq!(body["details"], json!({"alertname":"DiskFull","cluster":"a","disk":"sda"}));
    let api_key = SecretTemplate::new(template("{{ .CommonLabels.key }}"));
    assert_eq!(
        unaddressed(&letter, &opsgenie(OpsgenieConfig { api_key, ..config(&[]) })),
        "`api_key` is empty; without it nobody can be told"
    );
}

#[test]
fn the_first_refusal_ends_it() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    for (status, expected) in [
        (422, "permanent clientError: answered 422: no"),
        (403, "permanent authError: answered 403: no"),
        (429, "retry rateLimited: answered 429: no"),
        (503, "retry serverError: answered 503: no"),
    ] {
        let told = OpsgenieConfig { update_alerts: true, ..config(&[]) };
        assert_eq!(heard(&mut http(&letter, &opsgenie(told)), status, "no"), expected);
    }
}
