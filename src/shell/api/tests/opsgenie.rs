//! Opsgenie's Alert and Heartbeat API, as its clients see it.

use serde_json::json;

use super::*;
use crate::domain::value::{Secret, Timestamp};
use crate::shell::clock;
use crate::shell::intake::http::{Auth, Limits};

const KEY: (&str, &str) = ("authorization", "GenieKey shop-key");

fn house() -> House {
    let source = |name: &str, key: &str| {
        let kind = Kind::named("opsgenie").unwrap();
        Intake::new(name, kind, vec![Auth::Bearer(Secret::new(key))], Limits::default())
    };
    House::with(vec![source("shop", "shop-key"), source("other", "o")], Vec::new(), |_| {})
}

async fn ask(house: &House, what: &str, body: Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    house.send(what, &[KEY, ("content-type", "application/json")], body).await
}

/// Asks, is accepted, and looks at what became of the request.
async fn done(house: &House, what: &str, body: Value) -> Value {
    let answer = ask(house, what, body).await;
    assert_eq!(answer.status, 202, "{what}: {}", answer.body);
    let answer = answer.json();
    assert_eq!(answer["result"], "Request will be processed");
    let receipt = format!("GET /v2/alerts/requests/{}", answer["requestId"].as_str().unwrap());
    let found = ask(house, &receipt, Value::Null).await;
    assert_eq!(found.status, 200, "{what}");
    found.json()["data"].clone()
}

async fn alert(house: &House, query: &str) -> Value {
    ask(house, &format!("GET /v2/alerts/{query}"), Value::Null).await.json()["data"].clone()
}

async fn create(house: &House) -> Value {
    let body = json!({
        "message": "Shop answers slowly", "alias": "shop/slow", "priority": "P2",
        "entity": "web", "tags": ["prod"], "details": { "service": "shop" }, "source": "probe",
        "description": "p95 is 2 s", "note": "seen before", "user": "ada",
    });
    done(house, "POST /v2/alerts", body).await
}

#[tokio::test]
async fn an_alert_is_created_found_and_closed_by_its_alias() {
    let house = house();
    let receipt = create(&house).await;
    assert_eq!((&receipt["isSuccess"], &receipt["action"]), (&true.into(), &"Create".into()));
    assert_eq!((&receipt["alertId"], &receipt["alias"]), (&"ALR-1".into(), &"shop/slow".into()));
    create(&house).await;
    for query in ["shop%2Fslow?identifierType=alias", "ALR-1", "1?identifierType=tiny"] {
        let shown = alert(&house, query).await;
        let expected = [
            ("id", json!("ALR-1")),
            ("tinyId", json!("1")),
            ("alias", json!("shop/slow")),
            ("message", json!("Shop answers slowly")),
            ("status", json!("open")),
            ("acknowledged", json!(false)),
            ("count", json!(2)),
            ("priority", json!("P2")),
            ("tags", json!(["prod"])),
            ("entity", json!("web")),
            ("source", json!("probe")),
            ("description", json!("p95 is 2 s")),
        ];
        for (name, value) in expected {
            assert_eq!(shown[name], value, "{name} of {query}");
        }
        assert_eq!(shown["details"]["service"], "shop");
    }
    let closed = done(
        &house,
        "POST /v2/alerts/shop%2Fslow/close?identifierType=alias",
        json!({ "source": "probe" }),
    )
    .await;
    assert_eq!(closed["isSuccess"], true);
    assert_eq!(alert(&house, "ALR-1").await["status"], "closed");
    let again =
        done(&house, "POST /v2/alerts/shop%2Fslow/close?identifierType=alias", Value::Null).await;
    assert_eq!(again["isSuccess"], false);
}

#[tokio::test]
async fn people_acknowledge_note_assign_and_snooze() {
    let house = house();
    create(&house).await;
    let by = |more: Value| {
        let mut body = json!({ "user": "ada" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let path = |verb: &str| format!("POST /v2/alerts/ALR-1/{verb}");
    done(&house, &path("acknowledge"), by(json!({ "note": "on it" }))).await;
    assert_eq!(alert(&house, "ALR-1").await["acknowledged"], true);
    let incident = || async { house.get("/api/itsm/v1/incidents/INC-1").await.json() };
    assert_eq!(incident().await["state"], "acknowledged");
    assert_eq!(incident().await["acknowledged_by"], "ada (shop)");
    done(&house, &path("notes"), by(json!({ "note": "looks like the cache" }))).await;
    let notes = ask(&house, "GET /v2/alerts/ALR-1/notes", Value::Null).await.json();
    let texts: Vec<_> =
        notes["data"].as_array().unwrap().iter().map(|note| note["note"].clone()).collect();
    assert_eq!(texts, ["seen before", "looks like the cache"]);
    done(&house, &path("unacknowledge"), by(json!({}))).await;
    done(&house, &path("assign"), by(json!({ "owner": { "username": "bo" } }))).await;
    assert_eq!(alert(&house, "ALR-1").await["owner"], "bo");
    done(&house, &path("teams"), by(json!({ "team": { "name": "web" } }))).await;
    assert_eq!(incident().await["team"], "web");

    let until = Timestamp(clock::now().0 + 3_600_000).rfc3339();
    let snoozed = done(&house, &path("snooze"), by(json!({ "endTime": until }))).await;
    assert_eq!(snoozed["isSuccess"], true);
    let shown = alert(&house, "ALR-1").await;
    assert_eq!((&shown["snoozed"], &shown["snoozedUntil"]), (&true.into(), &until.into()));
    let v2 = house.get("/api/v2/alerts").await.json();
    assert_eq!(v2[0]["status"]["state"], "suppressed");
    let past = ask(&house, &path("snooze"), json!({ "endTime": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(past.status, 422);
}

#[tokio::test]
async fn what_an_alert_says_can_be_changed() {
    let house = house();
    create(&house).await;
    for (what, body) in [
        ("POST /v2/alerts/ALR-1/tags", json!({ "tags": ["web", "prod"] })),
        ("DELETE /v2/alerts/ALR-1/tags?tags=prod,none", Value::Null),
        ("POST /v2/alerts/ALR-1/details", json!({ "details": { "cause": "cache", "x": 1 } })),
        ("DELETE /v2/alerts/ALR-1/details?keys=x", Value::Null),
        ("PUT /v2/alerts/ALR-1/message", json!({ "message": "Shop is down" })),
        ("PUT /v2/alerts/ALR-1/description", json!({ "description": "no answer" })),
        ("PUT /v2/alerts/ALR-1/priority", json!({ "priority": "P1" })),
    ] {
        assert_eq!(done(&house, what, body).await["isSuccess"], true, "{what}");
    }
    let shown = alert(&house, "ALR-1").await;
    assert_eq!((&shown["message"], &shown["tags"]), (&"Shop is down".into(), &json!(["web"])));
    assert_eq!((&shown["priority"], &shown["description"]), (&"P1".into(), &"no answer".into()));
    assert_eq!(
        (&shown["details"]["cause"], &shown["details"]["x"]),
        (&"cache".into(), &Value::Null)
    );
    let incident = house.get("/api/itsm/v1/alerts/ALR-1").await.json();
    assert_eq!(incident["severity"], "critical");
    let wrong = ask(&house, "PUT /v2/alerts/ALR-1/priority", json!({ "priority": "P9" })).await;
    assert_eq!((wrong.status, wrong.json()["errors"]["priority"].is_string()), (422, true));
}

#[tokio::test]
async fn what_is_done_to_nothing_known_is_accepted_and_the_receipt_says_so() {
    let house = house();
    for what in ["close", "acknowledge", "notes"] {
        let path = format!("POST /v2/alerts/nobody/{what}?identifierType=alias");
        let receipt = done(&house, &path, json!({ "note": "x" })).await;
        assert_eq!(receipt["isSuccess"], false, "{what}");
    }
    assert_eq!(ask(&house, "GET /v2/alerts/ALR-9", Value::Null).await.status, 404);
    let made_up = "GET /v2/alerts/requests/6f1b7c1e-32f4-4c2b-9f0a-5d0c8e6b7a11";
    assert_eq!(ask(&house, made_up, Value::Null).await.status, 404);
}

#[tokio::test]
async fn only_who_shows_a_key_is_let_in_and_sees_its_own() {
    let house = house();
    create(&house).await;
    let list = "GET /v2/alerts";
    for (headers, status) in [
        (&[("authorization", "GenieKey nobody")][..], 401),
        (&[], 401),
        (&[("authorization", "GenieKey o")], 200),
        (&[("authorization", "Basic c2hvcC1rZXk6")], 200),
    ] {
        assert_eq!(house.send(list, headers, "").await.status, status, "{headers:?}");
    }
    let of_others = house.send(list, &[("authorization", "GenieKey o")], "").await.json();
    assert_eq!(of_others["data"], json!([]));
    let by_query = house.send("GET /v2/alerts/count?apiKey=shop-key", &[], "").await.json();
    assert_eq!(by_query["data"]["count"], 1);
    let foreign = "GET /v2/alerts/ALR-1";
    let answer = house.send(foreign, &[("authorization", "GenieKey o")], "").await;
    assert_eq!(answer.status, 404);
    assert_eq!(House::new().send(list, &[KEY], "").await.status, 404);
}

#[tokio::test]
async fn lists_are_narrowed_sorted_and_paged() {
    let house = house();
    for (alias, priority) in [("a", "P1"), ("b", "P3"), ("c", "P3")] {
        let body =
            json!({ "message": format!("{alias} broke"), "alias": alias, "priority": priority });
        done(&house, "POST /v2/alerts", body).await;
    }
    done(&house, "POST /v2/alerts/c/close?identifierType=alias", Value::Null).await;
    for (query, expected) in [
        ("", vec!["c", "b", "a"]),
        ("?order=asc", vec!["a", "b", "c"]),
        ("?query=status%3A%20open", vec!["b", "a"]),
        ("?query=status%3Dopen%20AND%20priority%3AP3", vec!["b"]),
        ("?query=broke&limit=1&offset=1", vec!["b"]),
        ("?query=status%3Aclosed%20OR%20priority%3AP1", vec!["c", "a"]),
        ("?query=NOT%20(alias%3A(a%20OR%20c))", vec!["b"]),
        ("?query=message%3Abro*%20AND%20alias!%3Db", vec!["c", "a"]),
        ("?query=createdAt%20%3E%201000%20AND%20count%3C2", vec!["c", "b", "a"]),
        ("?query=createdAt%3C1000", vec![]),
        ("?query=integration.name%3Ashop%20details.key%3Aalertname", vec!["c", "b", "a"]),
    ] {
        let found = ask(&house, &format!("GET /v2/alerts{query}"), Value::Null).await.json();
        let data = found["data"].as_array().unwrap();
        let aliases: Vec<_> = data.iter().map(|one| one["alias"].as_str().unwrap()).collect();
        assert_eq!(aliases, expected, "{query}");
    }
    let wrong = ask(&house, "GET /v2/alerts?query=colour%3Ared", Value::Null).await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_the_field() {
    let house = house();
    for (body, field) in [
        (json!({}), "message"),
        (json!({ "message": "x".repeat(131) }), "message"),
        (json!({ "message": "m", "alias": "a".repeat(513) }), "alias"),
        (json!({ "message": "m", "priority": "high" }), "priority"),
    ] {
        let answer = ask(&house, "POST /v2/alerts", body).await;
        assert_eq!(answer.status, 422);
        assert!(answer.json()["errors"][field].is_string(), "{}", answer.body);
    }
    let json = [KEY, ("content-type", "application/json")];
    assert_eq!(house.send("POST /v2/alerts", &json, "{").await.status, 400);
    let receipt = done(&house, "POST /v2/alerts", json!({ "message": "no alias" })).await;
    assert_eq!(receipt["alias"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn heartbeats_are_expected_sent_and_looked_at() {
    let house = house();
    let body = json!({
        "name": "backup", "interval": 2, "intervalUnit": "hours", "enabled": true,
        "alertPriority": "P1", "alertMessage": "the backup did not run",
    });
    let made = ask(&house, "POST /v2/heartbeats", body).await;
    assert_eq!((made.status, &made.json()["data"]["name"]), (201, &"backup".into()));
    let show = || async {
        ask(&house, "GET /v2/heartbeats/backup", Value::Null).await.json()["data"].clone()
    };
    let before = show().await;
    assert_eq!((&before["interval"], &before["intervalUnit"]), (&2.into(), &"hours".into()));
    assert_eq!((&before["lastPingTime"], &before["expired"]), (&Value::Null, &false.into()));
    for method in ["GET", "POST", "PUT", "PATCH"] {
        let answer =
            ask(&house, &format!("{method} /v2/heartbeats/backup/ping"), Value::Null).await;
        let result = answer.json()["result"].clone();
        assert_eq!((answer.status, result), (202, "PONG - Heartbeat received".into()), "{method}");
    }
    assert!(show().await["lastPingTime"].is_string());
    let patch = json!({ "interval": 90, "intervalUnit": "minutes" });
    assert_eq!(ask(&house, "PATCH /v2/heartbeats/backup", patch).await.status, 200);
    assert_eq!(show().await["interval"], 90);
    assert_eq!(ask(&house, "POST /v2/heartbeats/backup/disable", Value::Null).await.status, 200);
    assert_eq!(show().await["enabled"], false);
    ask(&house, "GET /v2/heartbeats/unheard-of/ping", Value::Null).await;
    let all = ask(&house, "GET /v2/heartbeats", Value::Null).await.json();
    assert_eq!(all["data"]["heartbeats"].as_array().unwrap().len(), 2);
    assert_eq!(ask(&house, "DELETE /v2/heartbeats/backup", Value::Null).await.status, 200);
    assert_eq!(ask(&house, "GET /v2/heartbeats/backup", Value::Null).await.status, 404);
    let wrong = json!({ "name": "x", "interval": 0, "intervalUnit": "hours" });
    assert_eq!(ask(&house, "POST /v2/heartbeats", wrong).await.status, 422);
}
