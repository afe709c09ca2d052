//! What incident.io gets.

use super::*;
use crate::domain::notification::receiver::IncidentioConfig;

fn incidentio(alerts_max: u64, token: Option<&str>) -> Integration {
    integration(IntegrationKind::Incidentio(IncidentioConfig {
        url: Secret::new("https://api.example.org/v2/alert_events/alertmanager/01"),
        alert_source_token: token.map(Secret::new),
        alerts_max,
        timeout: Span::seconds(3),
        http: HttpConfig::default(),
    }))
}

#[test]
fn incident_io_gets_the_webhooks_body_under_its_own_version() {
    let letter =
        letter(vec![alert(AlertStatus::Resolved, "sda"), alert(AlertStatus::Firing, "sdb")]);
    let request = post(&letter, &incidentio(1, Some("t0ken")));
    let drawn = drawn(&request);
    let (head, _) = drawn.split_once("\n\n").unwrap();
    assert_eq!(
        head,
        "POST https://api.example.org/v2/alert_events/alertmanager/01\n\
         Content-Type: application/json\n\
         Idempotency-Key: DLV-7\n\
         Authorization: Bearer t0ken"
    );
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((body["version"].as_str(), body["status"].as_str()), (Some("1"), Some("firing")));
    assert_eq!(body["groupKey"], letter.group_key);
    assert_eq!(body["alerts"].as_array().unwrap().len(), 1);
    assert_eq!(body["truncatedAlerts"], 1);
    assert_eq!(post(&letter, &incidentio(0, None)).headers.len(), 2, "http_config has the rest");
}

#[test]
fn a_body_that_is_too_large_keeps_one_alert_and_if_need_be_no_annotations() {
    let large = |bytes: usize| {
        let annotations = Labels::new([("text", "x".repeat(bytes))]);
        LetterAlert { annotations, ..alert(AlertStatus::Firing, "sda") }
    };
    let told = |alerts: Vec<LetterAlert>, alerts_max| {
        let body = body(&letter(alerts), &incidentio(alerts_max, None));
        let alerts = body["alerts"].as_array().unwrap().len();
        let text = body["alerts"][0]["annotations"]["text"].as_str().unwrap_or_default().len();
        (alerts, body["truncatedAlerts"].as_u64().unwrap(), text)
    };
    assert_eq!(told(vec![large(100_000), large(100_000)], 0), (2, 0, 100_000));
    assert_eq!(told(vec![large(200_000), large(330_000), large(1)], 2), (1, 2, 200_000));
    assert_eq!(told(vec![large(600_000), large(1)], 0), (1, 1, 0));
}

#[test]
fn incident_io_is_told_again_when_it_had_too_much() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    for (status, expected) in [
        (202, "delivered -"),
        (401, "permanent authError: answered 401: no"),
        (422, "permanent clientError: answered 422: no"),
        (429, "retry rateLimited: answered 429: no"),
        (500, "retry serverError: answered 500: no"),
    ] {
        let mut http = http(&letter, &incidentio(0, None));
        assert_eq!(http.timeout, Span::seconds(3));
        assert_eq!(heard(&mut http, status, "no"), expected);
    }
}
