//! PagerDuty's Events API, as its senders see it.

use serde_json::json;

use super::*;
use crate::domain::value::Secret;
use crate::shell::intake::http::{Auth, Limits, Rate};

fn pager(name: &str, keys: &[&str], limits: Limits) -> Intake {
    let auth = keys.iter().map(|key| Auth::Bearer(Secret::new(*key))).collect();
    Intake::new(name, Kind::named("pagerduty").unwrap(), auth, limits)
}

fn house() -> House {
    let slow = Limits { rate: Some(Rate { per_second: 1, burst: 1 }), ..Limits::default() };
    let sources = vec![
        pager("shop", &["old-key", "shop-key"], Limits::default()),
        pager("slow", &["slow-key"], slow),
    ];
    House::with(sources, Vec::new(), |_| {})
}

fn trigger(key: &str, dedup_key: &str) -> Value {
    json!({
        "routing_key": key,
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "payload": { "summary": "Disk is full", "source": "db-7", "severity": "critical" },
    })
}

async fn alert(house: &House, id: &str) -> Value {
    house.get(&format!("/api/itsm/v1/alerts/{id}")).await.json()
}

#[tokio::test]
async fn a_trigger_makes_an_alert_an_acknowledgement_acknowledges_it_and_a_resolve_ends_it() {
    let house = house();
    let answer = house.post("/v2/enqueue", trigger("shop-key", "disk/7").to_string()).await;
    assert_eq!(answer.status, 202);
    let expected =
        json!({ "status": "success", "message": "Event processed", "dedup_key": "disk/7" });
    assert_eq!(answer.json(), expected);
    let made = alert(&house, "ALR-1").await;
    assert_eq!((&made["source"], &made["source_key"]), (&"shop".into(), &"disk/7".into()));
    assert_eq!((&made["severity"], &made["state"]), (&"critical".into(), &"firing".into()));

    for (action, state, incident) in
        [("acknowledge", "firing", "acknowledged"), ("resolve", "resolved", "acknowledged")]
    {
        let event =
            json!({ "routing_key": "old-key", "event_action": action, "dedup_key": "disk/7" });
        let answer = house.post("/v2/enqueue", event.to_string()).await;
        assert_eq!((answer.status, answer.json()), (202, expected.clone()), "{action}");
        assert_eq!(alert(&house, "ALR-1").await["state"], state);
        let shown = house.get("/api/itsm/v1/incidents/INC-1").await.json();
        assert_eq!(shown["state"], incident);
    }
}

#[tokio::test]
async fn a_trigger_without_a_key_is_given_one_of_its_own() {
    let house = house();
    let mut event = trigger("shop-key", "");
    let mut keys = Vec::new();
    for absent in [true, false, true] {
        if absent {
            event.as_object_mut().unwrap().remove("dedup_key");
        } else {
            event["dedup_key"] = "".into();
        }
        let answer = house.post("/v2/enqueue", event.to_string()).await;
        keys.push(answer.json()["dedup_key"].as_str().unwrap().to_owned());
    }
    assert!(keys.iter().all(|key| key.len() == 32), "{keys:?}");
    assert_eq!(house.get("/api/v2/alerts").await.json().as_array().unwrap().len(), 3);
    let resolve =
        json!({ "routing_key": "shop-key", "event_action": "resolve", "dedup_key": keys[1] });
    assert_eq!(house.post("/v2/enqueue", resolve.to_string()).await.status, 202);
    assert_eq!(house.get("/api/v2/alerts").await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_acknowledgement_of_nothing_known_is_accepted() {
    let house = house();
    for action in ["acknowledge", "resolve"] {
        let event = json!({ "routing_key": "shop-key", "event_action": action, "dedup_key": "x" });
        assert_eq!(house.post("/v2/enqueue", event.to_string()).await.status, 202, "{action}");
    }
    assert_eq!(house.get("/api/itsm/v1/alerts").await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_is_wrong_with_an_event_is_said() {
    let house = house();
    let with = |pointer: &str, value: Value| {
        let mut event = trigger("shop-key", "k");
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    for (event, error) in [
        (json!([1]), "the body is no JSON object"),
        (with("/routing_key", "".into()), "`routing_key` is missing or blank"),
        (with("/routing_key", "other".into()), "`routing_key` is not known"),
        (
            with("/event_action", "snooze".into()),
            "`event_action` is none of: trigger, acknowledge, resolve",
        ),
        (with("/payload", Value::Null), "`payload` is missing, or no object"),
        (with("/payload/summary", " ".into()), "`payload.summary` is missing or blank"),
        (with("/payload/source", Value::Null), "`payload.source` is missing or blank"),
        (
            with("/payload/severity", "fatal".into()),
            "`payload.severity` is none of: critical, error, warning, info",
        ),
        (
            with("/payload/summary", "x".repeat(1_025).into()),
            "`payload.summary` has more than 1024 characters",
        ),
        (with("/dedup_key", "k".repeat(256).into()), "`dedup_key` has more than 255 characters"),
        (
            json!({ "routing_key": "shop-key", "event_action": "resolve" }),
            "`dedup_key` is missing: it says what to resolve",
        ),
    ] {
        let answer = house.post("/v2/enqueue", event.to_string()).await;
        let said = answer.json();
        assert_eq!((answer.status, &said["errors"]), (400, &json!([error])), "{event}");
        assert_eq!(said["status"], "invalid event");
    }
    let edge = with("/payload/summary", "ü".repeat(1_024).into());
    assert_eq!(house.post("/v2/enqueue", edge.to_string()).await.status, 202);
    assert_eq!(house.post("/v2/enqueue", "{").await.status, 400);
    assert_eq!(house.get("/v2/enqueue").await.status, 405);
}

#[tokio::test]
async fn a_body_of_more_than_512_kb_is_too_long() {
    let house = house();
    let mut event = trigger("shop-key", "k");
    event["payload"]["custom_details"] = json!({ "log": "x".repeat(512 << 10) });
    assert_eq!(house.post("/v2/enqueue", event.to_string()).await.status, 413);
    event["payload"]["custom_details"] = json!({ "log": "x".repeat(500 << 10) });
    assert_eq!(house.post("/v2/enqueue", event.to_string()).await.status, 202);
    let log = alert(&house, "ALR-1").await["annotations"]["log"].as_str().unwrap().len();
    assert_eq!(log, 32 << 10, "cut to what an alert may bring");
}

#[tokio::test]
async fn who_sends_too_much_is_asked_to_wait() {
    let house = house();
    let body = |path: &str| match path {
        "/v2/enqueue" => trigger("slow-key", "k").to_string(),
        _ => json!({ "service_key": "slow-key", "event_type": "trigger", "description": "d" })
            .to_string(),
    };
    assert_eq!(house.post("/v2/enqueue", body("/v2/enqueue")).await.status, 202);
    let first = "/generic/2010-04-15/create_event.json";
    for (path, status) in [("/v2/enqueue", 429), (first, 403)] {
        let answer = house.post(path, body(path)).await;
        assert_eq!((answer.status, answer.header("retry-after")), (status, "1"), "{path}");
        assert_eq!(answer.json()["status"], "throttle exceeded");
    }
}

#[tokio::test]
async fn the_first_version_still_works() {
    let house = house();
    let event = |action: &str, key: Value| {
        json!({
            "service_key": "shop-key", "event_type": action, "incident_key": key,
            "description": "Certificate ends", "client": "certwatch",
        })
    };
    let path = "/generic/2010-04-15/create_event.json";
    let answer = house.post(path, event("trigger", "c/1".into()).to_string()).await;
    let expected =
        json!({ "status": "success", "message": "Event processed", "incident_key": "c/1" });
    assert_eq!((answer.status, answer.json()), (200, expected));
    let answer = house.post(path, event("trigger", Value::Null).to_string()).await;
    assert_eq!(answer.json()["incident_key"].as_str().unwrap().len(), 32);
    let answer = house.post(path, event("resolve", "c/1".into()).to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(alert(&house, "ALR-1").await["state"], "resolved");
    assert_eq!(house.post(path, event("page", "c/1".into()).to_string()).await.status, 400);
}

#[tokio::test]
async fn a_change_event_is_taken() {
    let house = house();
    let event = json!({
        "routing_key": "shop-key",
        "payload": { "summary": "Build 412 is out", "source": "ci", "custom_details": { "service": "shop" } },
    });
    let answer = house.post("/v2/change/enqueue", event.to_string()).await;
    let expected = json!({ "status": "success", "message": "Change event processed" });
    assert_eq!((answer.status, answer.json()), (202, expected));
    let bare = json!({ "routing_key": "shop-key", "payload": {} });
    assert_eq!(house.post("/v2/change/enqueue", bare.to_string()).await.status, 400);
}

#[tokio::test]
async fn a_source_without_a_secret_takes_every_key_that_is_no_others() {
    let house = House::with(
        vec![pager("anybody", &[], Limits::default()), pager("shop", &["s"], Limits::default())],
        Vec::new(),
        |_| {},
    );
    for (key, source) in [("s", "shop"), ("whatever", "anybody")] {
        let answer = house.post("/v2/enqueue", trigger(key, key).to_string()).await;
        assert_eq!(answer.status, 202, "{key}");
        let found = house.get(&format!("/api/itsm/v1/alerts?source={source}")).await.json();
        assert_eq!(found["items"][0]["source_key"], key);
    }
    let none = House::new();
    let answer = none.post("/v2/enqueue", trigger("s", "k").to_string()).await;
    let why = answer.json()["errors"][0].to_string();
    assert!(answer.status == 400 && why.contains("type: pagerduty"), "{why}");
}
