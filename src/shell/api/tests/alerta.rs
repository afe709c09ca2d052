//! Alerta's API, as its clients see it.

use serde_json::json;

use super::*;
use crate::domain::value::Secret;
use crate::shell::intake::http::{Auth, Limits};

const KEY: (&str, &str) = ("authorization", "Key shop-key");

fn house() -> House {
    let auth = vec![Auth::Bearer(Secret::new("shop-key"))];
    let kind = Kind::named("alerta").unwrap();
    House::with(vec![Intake::new("shop", kind, auth, Limits::default())], Vec::new(), |_| {})
}

async fn ask(house: &House, what: &str, body: Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    house.send(what, &[KEY, ("content-type", "application/json")], body).await
}

fn node(event: &str, severity: &str) -> Value {
    json!({
        "resource": "web-7", "event": event, "environment": "Production", "severity": severity,
        "correlate": ["node_down", "node_up"], "service": ["Shop", "Web"], "text": "no ping",
        "tags": ["dc:1"], "attributes": { "region": "north" }, "value": "0/5",
        "timeout": null, "origin": "pinger", "type": "exceptionAlert", "rawData": "icmp",
    })
}

#[tokio::test]
async fn an_alert_is_sent_repeated_and_ended_by_a_correlated_event() {
    let house = house();
    let answer = ask(&house, "POST /api/alert", node("node_down", "major")).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let sent = answer.json();
    assert_eq!((&sent["status"], &sent["id"]), (&"ok".into(), &"ALR-1".into()));
    for (name, expected) in [
        ("resource", json!("web-7")),
        ("event", json!("node_down")),
        ("environment", json!("Production")),
        ("severity", json!("major")),
        ("status", json!("open")),
        ("service", json!(["Shop", "Web"])),
        ("tags", json!(["dc:1"])),
        ("correlate", json!(["node_down", "node_up"])),
        ("attributes", json!({ "region": "north" })),
        ("text", json!("no ping")),
        ("value", json!("0/5")),
        ("rawData", json!("icmp")),
        ("repeat", json!(false)),
        ("duplicateCount", json!(0)),
        ("trendIndication", json!("moreSevere")),
    ] {
        assert_eq!(sent["alert"][name], expected, "{name}");
    }
    let again = ask(&house, "POST /alert", node("node_down", "major")).await.json();
    assert_eq!(
        (&again["alert"]["repeat"], &again["alert"]["duplicateCount"]),
        (&true.into(), &1.into())
    );
    let worse = ask(&house, "POST /api/alert", node("node_down", "critical")).await.json();
    let trend = (&worse["alert"]["previousSeverity"], &worse["alert"]["trendIndication"]);
    assert_eq!(trend, (&"major".into(), &"moreSevere".into()));
    let up = ask(&house, "POST /api/alert", node("node_up", "normal")).await.json();
    assert_eq!((&up["id"], &up["alert"]["status"]), (&"ALR-1".into(), &"closed".into()));
    assert_eq!(up["alert"]["trendIndication"], "lessSevere");
    assert_eq!(house.get("/api/v2/alerts").await.body, "[]\n");
    let other = json!({ "resource": "x", "event": "y", "severity": "ok" });
    let unheard = ask(&house, "POST /api/alert", other).await;
    assert_eq!((unheard.status, unheard.json().get("alert")), (201, None));
}

#[tokio::test]
async fn an_event_ends_what_names_it_though_it_names_nothing() {
    let house = house();
    ask(&house, "POST /api/alert", node("node_down", "major")).await;
    let bare = |event: &str, resource: &str, environment: &str, severity: &str| {
        json!({
            "resource": resource, "event": event, "environment": environment, "severity": severity,
        })
    };
    for (body, id) in [
        (bare("node_up", "web-8", "Production", "ok"), Value::Null),
        (bare("node_up", "web-7", "Development", "ok"), Value::Null),
        (bare("node_slow", "web-7", "Production", "ok"), Value::Null),
        (bare("node_up", "web-7", "Production", "warning"), "ALR-1".into()),
        (bare("node_up", "web-7", "Production", "ok"), "ALR-1".into()),
    ] {
        let answer = ask(&house, "POST /api/alert", body.clone()).await.json();
        assert_eq!(answer["alert"]["id"], id, "{body}: {answer}");
    }
    assert_eq!(house.get("/api/v2/alerts").await.body, "[]\n");
}

#[tokio::test]
async fn only_who_shows_a_key_is_let_in() {
    let house = house();
    let body = node("node_down", "major").to_string();
    for (headers, status) in [
        (&[("authorization", "Key nobody")][..], 401),
        (&[], 401),
        (&[("x-api-key", "shop-key")], 201),
        (&[("authorization", "Bearer shop-key")], 201),
        (&[KEY], 201),
    ] {
        let answer = house.send("POST /api/alert", headers, body.clone()).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(answer.json()["status"], if status == 201 { "ok" } else { "error" });
    }
    assert_eq!(house.send("POST /alert?api-key=shop-key", &[], body.clone()).await.status, 201);
    assert_eq!(House::new().send("POST /alert", &[KEY], body).await.status, 404);
    let config = house.get("/api/config").await.json();
    assert_eq!(config["auth_required"], true);
    assert!(config["alarm_model"]["severity"]["critical"].is_number());
}

#[tokio::test]
async fn alerts_are_asked_for_by_their_fields() {
    let house = house();
    for (resource, severity) in [("web-7", "major"), ("web-8", "minor"), ("db-1", "critical")] {
        let body = json!({
            "resource": resource, "event": "Down", "environment": "Production", "severity": severity,
        });
        ask(&house, "POST /api/alert", body).await;
    }
    let ok = json!({ "resource": "web-8", "event": "Down", "environment": "Production", "severity": "ok" });
    ask(&house, "POST /api/alert", ok).await;
    for (query, total) in [
        ("", 3),
        ("?resource=web-7", 1),
        ("?resource=~web", 2),
        ("?status=open", 2),
        ("?status=!open", 1),
        ("?severity=major&severity=critical", 2),
        ("?q=severity%3Acritical%20AND%20resource%3A%22db-1%22", 1),
        ("?q=web", 2),
        ("?q=resource:web", 2),
        ("?q=web-7%20db-1", 2),
        ("?q=NOT%20severity:critical", 2),
        ("?q=resource:(web-7%20OR%20db-1)%20AND%20severity:c*", 1),
        ("?q=duplicateCount:%3E0", 0),
        ("?q=_exists_:customer", 0),
        ("?status!=open", 1),
        ("?resource!=~web", 1),
        ("?resource=~%5Eweb-%5B78%5D$", 2),
        ("?attributes.region=north", 0),
        ("?id=ALR-3", 1),
        ("?page=2&page-size=2", 3),
    ] {
        let found = ask(&house, &format!("GET /api/alerts{query}"), Value::Null).await.json();
        assert_eq!(found["total"], total, "{query}");
    }
    let page = ask(&house, "GET /api/alerts?page=2&page-size=2", Value::Null).await.json();
    assert_eq!(page["alerts"].as_array().unwrap().len(), 1);
    let counts = ask(&house, "GET /api/alerts/count", Value::Null).await.json();
    assert_eq!(counts["statusCounts"], json!({ "closed": 1, "open": 2 }));
    for wrong in ["colour=red", "q=colour:red", "q=(open", "resource=~("] {
        let answer = ask(&house, &format!("GET /api/alerts?{wrong}"), Value::Null).await;
        assert_eq!((answer.status, answer.json()["status"].clone()), (400, "error".into()));
    }
}

#[tokio::test]
async fn people_act_on_an_alert() {
    let house = house();
    ask(&house, "POST /api/alert", node("node_down", "major")).await;
    let standing = || async {
        ask(&house, "GET /api/alert/ALR-1", Value::Null).await.json()["alert"]["status"].clone()
    };
    for (what, body, expected) in [
        ("action", json!({ "action": "ack", "text": "on it" }), "ack"),
        ("action", json!({ "action": "shelve" }), "shelved"),
        ("action", json!({ "action": "unshelve" }), "ack"),
        ("note", json!({ "text": "cable" }), "ack"),
        ("status", json!({ "status": "closed" }), "closed"),
        ("action", json!({ "action": "open" }), "ack"),
    ] {
        let answer = ask(&house, &format!("PUT /api/alert/ALR-1/{what}"), body.clone()).await;
        assert_eq!((answer.status, answer.json()["status"].clone()), (200, "ok".into()), "{body}");
        assert_eq!(standing().await, expected, "{body}");
    }
    let incident = house.get("/api/itsm/v1/incidents/INC-1").await.json();
    assert_eq!(incident["state"], "acknowledged");
    ask(&house, "PUT /api/alert/ALR-1/action", json!({ "action": "shelve" })).await;
    let shown = house.get("/api/v2/alerts").await.json();
    let status =
        json!({ "inhibitedBy": [], "silencedBy": [], "mutedBy": ["shop"], "state": "suppressed" });
    assert_eq!(shown[0]["status"], status);
    assert_eq!(house.get("/api/v2/alerts?active=true").await.json()[0]["status"], status);
    let wrong = ask(&house, "PUT /api/alert/ALR-1/action", json!({ "action": "dance" })).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(ask(&house, "GET /api/alert/ALR-9", Value::Null).await.status, 404);
    assert_eq!(ask(&house, "DELETE /api/alert/ALR-1", Value::Null).await.status, 200);
    assert_eq!(standing().await, "closed");
}

#[tokio::test]
async fn heartbeats_are_sent_listed_and_forgotten() {
    let house = house();
    let beat = json!({
        "origin": "cron/db-7", "tags": ["nightly"], "timeout": 90_000,
        "attributes": { "environment": "Production", "severity": "major" },
    });
    let answer = ask(&house, "POST /api/heartbeat", beat.clone()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let sent = answer.json();
    assert_eq!((&sent["id"], &sent["heartbeat"]["timeout"]), (&"HBT-1".into(), &90_000.into()));
    assert_eq!(ask(&house, "POST /heartbeat", beat).await.json()["id"], "HBT-1");
    let all = ask(&house, "GET /api/heartbeats", Value::Null).await.json();
    assert_eq!((&all["total"], &all["heartbeats"][0]["status"]), (&1.into(), &"ok".into()));
    assert_eq!(all["heartbeats"][0]["attributes"]["severity"], "high");
    assert_eq!(ask(&house, "GET /api/heartbeat/HBT-1", Value::Null).await.status, 200);
    assert_eq!(ask(&house, "DELETE /api/heartbeat/HBT-1", Value::Null).await.status, 200);
    assert_eq!(ask(&house, "DELETE /api/heartbeat/HBT-1", Value::Null).await.status, 404);
    assert_eq!(ask(&house, "POST /heartbeat", json!({ "tags": [] })).await.status, 400);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let house = house();
    for body in ["{", "[]", "{}", r#"{"event":"a","resource":""}"#] {
        let answer = house.send("POST /api/alert", &[KEY], body).await;
        assert_eq!(
            (answer.status, answer.json()["status"].clone()),
            (400, "error".into()),
            "{body}"
        );
    }
}
