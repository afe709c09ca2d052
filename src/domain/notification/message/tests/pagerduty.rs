//! What PagerDuty gets.

use serde_json::json;

use super::*;
use crate::domain::notification::receiver::{PagerdutyConfig, PagerdutyImage, PagerdutyKey};

fn config(fields: &[(&'static str, &str)]) -> PagerdutyConfig {
    PagerdutyConfig {
        key: PagerdutyKey::Routing(SecretTemplate::new(template("R-{{ .GroupLabels.alertname }}"))),
        url: "https://events.example.org/v2/enqueue".to_owned(),
        texts: texts(fields),
        details: vec![("num_firing".to_owned(), leaf("{{ .Alerts.Firing | len }}"))],
        images: Vec::new(),
        links: Vec::new(),
        timeout: Span::seconds(3),
        http: HttpConfig::default(),
    }
}

fn pagerduty(config: PagerdutyConfig) -> Integration {
    integration(IntegrationKind::Pagerduty(Box::new(config)))
}

fn service(config: PagerdutyConfig) -> PagerdutyConfig {
    let key = PagerdutyKey::Service(SecretTemplate::new(template("S-1")));
    PagerdutyConfig { key, ..config }
}

#[test]
fn version_2_is_told_what_fires_in_every_field() {
    let config = PagerdutyConfig {
        details: vec![
            ("num_firing".to_owned(), leaf("{{ .Alerts.Firing | len }}")),
            (
                "disks".to_owned(),
                Tree::List(vec![
                    leaf("{{ (index .Alerts 0).Labels | toJson }}"),
                    Tree::Map(vec![(template("{{ .Status }}"), Tree::Exact(json!(true)))]),
                ]),
            ),
        ],
        images: vec![
            PagerdutyImage { href: template("h"), src: template("s"), alt: template("a") },
            PagerdutyImage { href: template("h"), src: template(""), alt: template("a") },
        ],
        links: vec![
            (template("https://wiki.example.org"), template("Runbook")),
            (template("{{ .CommonLabels.none }}"), template("nowhere")),
        ],
        ..config(&[
            ("client", "incidentd"),
            ("client_url", "{{ .ExternalURL }}"),
            ("description", "{{ .GroupLabels.alertname }}"),
            ("severity", "Critical"),
            ("source", "db-a"),
            ("class", "disk"),
            ("component", "storage"),
            ("group", "{{ .CommonLabels.cluster }}"),
        ])
    };
    let letter =
        Letter { delayed: Some(Span::minutes(9)), ..letter(vec![alert(AlertStatus::Firing, "x")]) };
    assert_eq!(
        drawn(&post(&letter, &pagerduty(config))),
        r#"POST https://events.example.org/v2/enqueue
Content-Type: application/json
Idempotency-Key: DLV-7

{
  "routing_key": "R-DiskFull",
  "event_action": "trigger",
  "dedup_key": "HASH",
  "payload": {
    "summary": "DiskFull",
    "source": "db-a",
    "severity": "critical",
    "class": "disk",
    "component": "storage",
    "group": "a",
    "custom_details": {
      "num_firing": 1,
      "disks": [
        {
          "alertname": "DiskFull",
          "cluster": "a",
          "disk": "x"
        },
        {
          "firing": true
        }
      ],
      "delayed": "9m"
    }
  },
  "client": "incidentd",
  "client_url": "https://am.example.org",
  "images": [
    {
      "src": "s",
      "alt": "a",
      "href": "h"
    }
  ],
  "links": [
    {
      "href": "https://wiki.example.org",
      "text": "Runbook"
    }
  ]
}"#
        .replace("HASH", HASH)
    );
}

#[test]
fn what_ended_is_resolved_and_gaps_are_filled() {
    let letter = letter(vec![alert(AlertStatus::Resolved, "sda")]);
    let body = body(&letter, &pagerduty(config(&[("severity", "page")])));
    assert_eq!((&body["event_action"], &body["dedup_key"]), (&json!("resolve"), &json!(HASH)));
    let expected = json!({
        "summary": "[RESOLVED] DiskFull",
        "source": "incidentd",
        "severity": "error",
        "custom_details": { "num_firing": 0 },
    });
    assert_eq!(body["payload"], expected);
}

#[test]
fn version_1_is_told_in_its_own_words() {
    let fields = [("client", "incidentd"), ("client_url", "u"), ("description", "full")];
    let told = |status| {
        let letter = letter(vec![alert(status, "sda")]);
        body(&letter, &pagerduty(service(config(&fields))))
    };
    let expected = json!({
        "service_key": "S-1",
        "event_type": "trigger",
        "incident_key": HASH,
        "description": "full",
        "client": "incidentd",
        "client_url": "u",
        "details": { "num_firing": 1 },
    });
    assert_eq!(told(AlertStatus::Firing), expected);
    let expected = json!({
        "service_key": "S-1",
        "event_type": "resolve",
        "incident_key": HASH,
        "description": "full",
        "details": { "num_firing": 0 },
    });
    assert_eq!(told(AlertStatus::Resolved), expected);
}

#[test]
fn an_event_that_is_too_large_loses_its_details_and_nothing_else() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let large = |details: &str| {
        let details = vec![("all".to_owned(), leaf(details))];
        let description = "ä".repeat(2_000);
        PagerdutyConfig { details, ..config(&[("description", &description)]) }
    };
    let fits = body(&letter, &pagerduty(large(&"x".repeat(500_000))));
    assert_eq!(fits["payload"]["custom_details"]["all"].as_str().unwrap().len(), 500_000);
    let summary = fits["payload"]["summary"].as_str().unwrap();
    assert_eq!((summary.chars().count(), summary.ends_with("ä…")), (1_024, true));
    let why = json!({ "error": "left out: the event was larger than 512000 bytes" });
    let over = body(&letter, &pagerduty(large(&"x".repeat(512_000))));
    assert_eq!(over["payload"]["custom_details"], why);
    let over = body(&letter, &pagerduty(service(large(&"x".repeat(512_000)))));
    assert_eq!(over["details"], why);
}

#[test]
fn a_failing_template_costs_its_field_and_a_missing_key_the_message() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let broken = PagerdutyConfig {
        details: vec![("disk".to_owned(), leaf(BROKEN))],
        ..config(&[("description", BROKEN), ("class", BROKEN)])
    };
    let (faults, http) = mended(&letter, &pagerduty(broken));
    assert_eq!(faults, "`description`, `class`, `details.disk`");
    let body = json(&http.first);
    assert_eq!(body["payload"]["summary"], "[FIRING:1] DiskFull");
    assert_eq!(body["payload"]["custom_details"]["disk"], "[FIRING:1] DiskFull");

    let key = |text| PagerdutyKey::Routing(SecretTemplate::new(template(text)));
    let nobody = PagerdutyConfig { key: key("{{ .CommonLabels.key }}"), ..config(&[]) };
    assert_eq!(
        unaddressed(&letter, &pagerduty(nobody)),
        "`routing_key` is empty; without it nobody can be told"
    );
    let nobody = PagerdutyConfig { key: key(BROKEN), ..config(&[]) };
    assert_eq!(unaddressed(&letter, &pagerduty(nobody)), "failed to render `routing_key`");
}

#[test]
fn version_1_says_forbidden_when_it_gets_too_much() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let check = |config, status, expected: &str| {
        let mut http = http(&letter, &pagerduty(config));
        assert_eq!(http.timeout, Span::seconds(3));
        assert_eq!(heard(&mut http, status, r#"{"status":"x"}"#), expected, "{status}");
    };
    check(config(&[]), 202, "delivered -");
    check(config(&[]), 400, r#"permanent clientError: answered 400: {"status":"x"}"#);
    check(config(&[]), 403, r#"permanent authError: answered 403: {"status":"x"}"#);
    check(config(&[]), 429, r#"retry rateLimited: answered 429: {"status":"x"}"#);
    check(config(&[]), 500, r#"retry serverError: answered 500: {"status":"x"}"#);
    check(service(config(&[])), 200, "delivered -");
    check(service(config(&[])), 403, r#"retry rateLimited: answered 403: {"status":"x"}"#);
    check(service(config(&[])), 400, r#"permanent clientError: answered 400: {"status":"x"}"#);
}
