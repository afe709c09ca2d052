//! What there is to see of sources, and of what they sent.

use super::*;
use crate::domain::value::Secret;
use crate::shell::intake::http::{Auth, Limits};

const BASE: &str = "/api/itsm/v1/sources";

#[tokio::test]
async fn a_source_shows_what_it_asks_for_and_what_became_of_events() {
    let auth = vec![Auth::Bearer(Secret::new("one")), Auth::Bearer(Secret::new("two"))];
    let closed = Intake::new("closed", Kind::PROMETHEUS, auth, Limits::default());
    let house = House::with(vec![closed, source("any", Kind::Auto)], Vec::new(), |_| {});
    let bearer = [("authorization", "Bearer two"), ("content-type", "application/json")];
    let alert = r#"[{"labels":{"alertname":"A"}}]"#;
    house.send("POST /hooks/closed", &bearer, alert).await;
    house.send("POST /hooks/closed", &bearer, alert).await;
    house.send("POST /hooks/closed", &[], alert).await;

    let listed = house.get(BASE).await.json();
    let names: Vec<&Value> =
        listed["items"].as_array().unwrap().iter().map(|item| &item["name"]).collect();
    assert_eq!(names, ["alertmanager", "any", "closed"]);
    let shown = house.get(&format!("{BASE}/closed")).await.json();
    assert_eq!((&shown["auth"], &shown["open"]), (&serde_json::json!(["bearer"]), &false.into()));
    let counts = &shown["counts"];
    assert_eq!((&counts["new"], &counts["duplicate"]), (&1.into(), &1.into()), "{counts}");
    assert_eq!(counts["refused_unauthorized"], 1, "{counts}");
    assert_eq!(shown["last_refused"]["reason"], "unauthorized");
    assert_eq!(shown["url"], "/hooks/closed");
    assert!(!shown.to_string().contains("two"), "{shown}");

    let answer = house.get(&format!("{BASE}/closd")).await;
    assert!(answer.status == 404 && answer.body.contains("did you mean `closed`?"));
}

#[tokio::test]
async fn what_could_not_be_taken_in_can_be_seen_without_its_secrets() {
    let auth = vec![Auth::Bearer(Secret::new("sesame"))];
    let closed = Intake::new("closed", Kind::Auto, auth, Limits::default());
    let house = House::with(vec![closed], Vec::new(), |_| {});
    let bearer = [("authorization", "Bearer sesame"), ("user-agent", "own/1")];
    house.send("POST /hooks/closed", &[], "a stranger's").await;
    house.send("POST /hooks/closed", &bearer, "open sesame").await;
    let mixed = r#"[{"labels":{"alertname":"B"}},{"labels":{}}]"#;
    house.send("POST /hooks/closed", &bearer, mixed).await;
    house.send("POST /hooks/closed", &bearer, "x".repeat(5 << 20)).await;

    let kept = house.get(&format!("{BASE}/closed/rejected")).await.json();
    let items = kept["items"].as_array().unwrap();
    let told: Vec<(&str, &str)> = items
        .iter()
        .map(|item| (item["reason"].as_str().unwrap(), item["body"].as_str().unwrap()))
        .collect();
    let expected = [("too_large", ""), ("rejected", mixed), ("unreadable", "open <secret>")];
    assert_eq!(told, expected);
    assert_eq!(items[2]["headers"]["authorization"], "<secret>");
    assert_eq!(items[2]["headers"]["user-agent"], "own/1");
    assert!(items[1]["why"].as_str().unwrap().starts_with("event 1: "), "{kept}");
    assert!(!kept.to_string().contains("sesame"), "{kept}");
    let metrics = house.get("/metrics").await.body;
    assert!(metrics.contains(r#"incidentd_source_quarantined_total{source="closed"} 3"#));
}

#[tokio::test]
async fn a_body_is_tried_out_without_being_taken_in() {
    let house = House::with(vec![source("any", Kind::Auto)], Vec::new(), |_| {});
    house.fire("alertname=A service=db").await;
    let payload = r#"[{"labels":{"alertname":"A","service":"db"}},{"labels":{"alertname":"B"}},{"labels":{}}]"#;
    let form = serde_json::json!({ "payload": payload }).to_string();
    let told = house.post(&format!("{BASE}/any/test"), form.clone()).await.json();
    assert_eq!((&told["recognised"], &told["type"]), (&"prometheus".into(), &"auto".into()));
    let becomes: Vec<&Value> =
        told["events"].as_array().unwrap().iter().map(|event| &event["becomes"]).collect();
    assert_eq!(becomes, ["a repeat of ALR-1", "a new alert"]);
    assert_eq!(told["events"][0]["notifications"][0]["receiver"], "dba");
    assert_eq!(told["rejected"][0]["at"], 2);
    assert_eq!(house.get("/api/v2/alerts").await.json().as_array().unwrap().len(), 1);

    let sample = house.post(&format!("{BASE}/alertmanager/test"), "{}").await.json();
    assert_eq!(sample["events"][0]["labels"]["alertname"], "DiskFull");
    let answer = house.post(&format!("{BASE}/any/test"), "{}").await;
    assert!(answer.status == 422 && answer.body.contains("send a `payload`"), "{}", answer.body);
    let answer = house.post(&format!("{BASE}/any/test"), r#"{"payload":7}"#).await;
    assert_eq!(answer.status, 400);
    assert_eq!(house.get(&format!("{BASE}/any")).await.json()["last_seen_at"], Value::Null);
}
