//! What `POST /api/v2/alerts` means, in Alertmanager's rules and to the millisecond.

use super::*;
use crate::domain::event::adapter::kind::prometheus;
use crate::domain::event::adapter::{Context as Reading, Limits};
use crate::domain::value::Timestamp;
use crate::engine::{Entry, Input};
use crate::shell::intake::http::Crowd;

const START: Timestamp = Timestamp(1_767_225_600_000);

/// Each line is `at start end`, in milliseconds, `-` for what is left out; the answer is what is
/// known afterwards: `start end`, or `over`.
#[track_caller]
fn check(script: &str, expected: &[&str]) {
    let settings =
        Settings { bare: true, resolve_timeout: Span::minutes(5), ..Settings::default() };
    let settings = Arc::new(settings);
    let mut engine = Engine::new(Arc::clone(&settings));
    let started = engine.step(Entry { at: START, input: Input::Started(Arc::clone(&settings)) });
    assert_eq!(started.reply, Ok(()));
    let after = |ms: &str| START + Span(ms.parse().unwrap());
    let mut known = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<_> = line.split_whitespace().collect();
        let [at, start, end] = words[..] else { panic!("{line}") };
        let mut alert = serde_json::json!({ "labels": { "alertname": "A" } });
        for (name, ms) in [("startsAt", start), ("endsAt", end)] {
            if ms != "-" {
                alert[name] = after(ms).rfc3339().into();
            }
        }
        let (source, resolve_timeout) = ("alertmanager".into(), settings.resolve_timeout);
        let reading = Reading::new(&source, after(at), &Limits::API_V2);
        let reading = Reading { resolve_timeout, ..reading };
        let read = prometheus::read(format!("[{alert}]").as_bytes(), &reading).unwrap();
        assert_eq!(read.rejected, [], "{line}");
        let outcome = engine.step(Entry { at: after(at), input: Input::Events(read.events) });
        assert_eq!(outcome.reply, Ok(()), "{line}");
        let newest = engine.state().event.alerts().last().map(|(_, alert)| alert);
        known.push(match newest.filter(|alert| alert.is_firing()) {
            None => "over".to_owned(),
            Some(alert) => {
                let end = alert.ends().at().unwrap();
                format!("{} {}", alert.starts_at.0 - START.0, end.0 - START.0)
            }
        });
    }
    assert_eq!(known, expected, "{script}");
}

#[test]
fn times_that_are_left_out_are_filled_in() {
    check("1000 - -", &["1000 301000"]);
    check("1000 500 -", &["500 301000"]);
    check("1000 - 5000", &["5000 5000"]);
    check("1000 - 1000", &["over"]);
    check("1000 500 1000", &["over"]);
    check("1000 500 1001", &["500 1001"]);
}

#[test]
fn ranges_that_overlap_become_one() {
    // The earliest start counts, and a later end that was named outlives an earlier one.
    check("0 0 60000\n1000 10000 30000", &["0 60000", "0 60000"]);
    check("1000 500 60000\n2000 100 30000", &["500 60000", "100 60000"]);
    check("1000 500 60000\n2000 600 90000", &["500 60000", "500 90000"]);
    // An end that nobody named does not.
    check("0 0 -\n1000 0 60000", &["0 300000", "0 60000"]);
    check("0 0 60000\n1000 500 -", &["0 60000", "0 301000"]);
}

#[test]
fn a_range_that_does_not_overlap_replaces_the_old_one() {
    check("0 0 60000\n1000 0 120000", &["0 60000", "0 120000"]);
    check("1000 500 60000\n2000 100 90000", &["500 60000", "100 90000"]);
    check("0 0 60000\n1000 60000 90000", &["0 60000", "60000 90000"]);
}

#[test]
fn an_end_ends_whatever_it_says_it_ends() {
    check("0 0 60000\n1000 0 1000", &["0 60000", "over"]);
    check("0 0 60000\n1000 0 500\n1000 0 60000", &["0 60000", "over", "0 60000"]);
    // Alertmanager takes an end before the start it knows for the end of what it knows.
    check("2000 1500 60000\n3000 - 1000", &["1500 60000", "over"]);
    check("2000 1500 60000\n3000 100 200", &["1500 60000", "over"]);
}

#[test]
fn what_fires_again_began_when_it_says_unless_it_never_was_over() {
    let over = "0 0 60000\n1000 0 1000\n";
    check(&format!("{over}2000 1500 60000"), &["0 60000", "over", "1500 60000"]);
    check(&format!("{over}2000 500 60000"), &["0 60000", "over", "0 60000"]);
    check(&format!("{over}2000 - -"), &["0 60000", "over", "2000 302000"]);
}

#[tokio::test]
async fn what_an_alert_was_last_heard_of_is_now() {
    let house = House::new();
    let before = crate::shell::clock::now();
    let body = r#"[{"labels":{"alertname":"A","gone":""},"startsAt":"2026-01-01T00:00:00+01:00"}]"#;
    assert_eq!(house.post("/api/v2/alerts", body).await.status, 200);
    let alert = house.get("/api/v2/alerts").await.json()[0].clone();
    assert_eq!(alert["labels"], serde_json::json!({ "alertname": "A" }), "empty ones are removed");
    assert_eq!(alert["startsAt"], "2025-12-31T23:00:00.000Z");
    let updated: Timestamp = alert["updatedAt"].as_str().unwrap().parse().unwrap();
    assert!(updated >= before && updated <= crate::shell::clock::now());
    let ends: Timestamp = alert["endsAt"].as_str().unwrap().parse().unwrap();
    // The lease counts from the intake, a moment before the alert is on disk.
    let lease = ends.since(updated);
    assert!(lease <= Span::minutes(5) && lease > Span::minutes(4), "{lease}");
}

#[tokio::test]
async fn every_alert_that_makes_no_sense_is_told_on_a_line_of_its_own() {
    let house = House::new();
    let body = r#"[{"labels":{"":"x","a":"b"}},{"labels":{"a":""}},{"labels":{"ok":"1"}},
        {"labels":{"a":"b"},"annotations":{"":"x"}},
        {"labels":{"a":"b"},"startsAt":"2026-01-02T00:00:00Z","endsAt":"2026-01-01T00:00:00Z"}]"#;
    let answer = house.post("/api/v2/alerts", body).await;
    let text = answer.json();
    let lines: Vec<_> = text.as_str().unwrap().lines().collect();
    let expected = [
        "invalid label set: invalid name \"\"",
        "at least one label pair required",
        "invalid annotations: invalid name \"\"",
        "start time must be before end time",
    ];
    assert_eq!((answer.status, lines), (400, expected.to_vec()));
    let kept = house.get("/api/v2/alerts").await.json();
    assert_eq!(kept.as_array().unwrap().len(), 1, "{kept}");
    let metrics = house.get("/metrics").await.body;
    let line = "alertmanager_alerts_invalid_total{version=\"v2\"} 4";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn names_are_judged_by_the_mode() {
    let body = r#"[{"labels":{"alertname":"A","é.x":"1"}},{"labels":{"alertname":"B"}}]"#;
    let house = House::new();
    assert_eq!(house.post("/api/v2/alerts", body).await.status, 200);
    let query = "/api/v2/alerts?filter=%22%C3%A9.x%22%3D%221%22";
    assert_eq!(house.get(query).await.json().as_array().unwrap().len(), 1);

    let house = House::new();
    let setup = house.context.setup();
    house.context.replace(Setup {
        settings: Arc::clone(&setup.settings),
        sources: Sources::new(Vec::new(), "alertmanager"),
        tokens: Vec::new(),
        matchers: ParseMode::Classic,
        original: String::new(),
        warnings: Vec::new(),
    });
    let answer = house.post("/api/v2/alerts", body).await;
    let text = "invalid label set: invalid name \"é.x\"";
    assert_eq!((answer.status, answer.json().as_str()), (400, Some(text)));
    assert_eq!(house.get("/api/v2/alerts").await.json().as_array().unwrap().len(), 1);
    assert_eq!(house.get(query).await.status, 400, "the filter is read in the same mode");
}

#[tokio::test]
async fn more_alerts_of_one_name_than_there_may_be_are_dropped_and_counted() {
    let house = House::with(Vec::new(), Vec::new(), |context| context.crowd = Some(Crowd::new(2)));
    house.fire("alertname=A n=1\nalertname=A n=2\nalertname=A n=3\nalertname=B n=1").await;
    house.fire("alertname=A n=1\nalertname=A n=4").await;
    let shown = house.get("/api/v2/alerts").await.json();
    let mut names: Vec<_> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| format!("{}{}", alert["labels"]["alertname"], alert["labels"]["n"]))
        .collect();
    names.sort();
    assert_eq!(names, [r#""A""1""#, r#""A""2""#, r#""B""1""#]);
    let metrics = house.get("/metrics").await.body;
    assert!(metrics.contains("alertmanager_alerts_limited_total 2"), "{metrics}");
}
