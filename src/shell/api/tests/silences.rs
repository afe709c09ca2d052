//! Silences by API v2 and by our own API.

use serde_json::json;

use super::*;

const SILENCES: &str = "/api/v2/silences";

/// A silence on `alertname=name` for some years around now.
fn body(name: &str, more: Value) -> String {
    let mut body = json!({
        "matchers": [{ "name": "alertname", "value": name, "isRegex": false }],
        "startsAt": "2020-01-01T00:00:00Z",
        "endsAt": "2090-01-01T00:00:00Z",
        "createdBy": "bo",
        "comment": "new disks",
    });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body.to_string()
}

async fn create(house: &House, body: String) -> String {
    let answer = house.post(SILENCES, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["silenceID"].as_str().unwrap().to_owned()
}

async fn names(house: &House, query: &str) -> Vec<String> {
    let answer = house.get(&format!("{SILENCES}{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let name = |one: &Value| one["matchers"][0]["value"].as_str().unwrap().to_owned();
    answer.json().as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn a_silence_is_shown_in_alertmanagers_shape() {
    let house = House::new();
    let id = create(&house, body("A", json!({ "annotations": { "ticket": "CHG-9" } }))).await;
    let answer = house.get(&format!("/api/v2/silence/{id}")).await;
    let silence = answer.json();
    let keys: Vec<_> = silence.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "id",
        "status",
        "updatedAt",
        "annotations",
        "comment",
        "createdBy",
        "endsAt",
        "matchers",
        "startsAt",
    ];
    assert_eq!(keys, expected);
    assert_eq!(silence["id"], id.as_str());
    assert_eq!(silence["status"], json!({ "state": "active" }));
    assert_eq!(silence["endsAt"], "2090-01-01T00:00:00.000Z");
    let matcher = r#"[{"isEqual":true,"isRegex":false,"name":"alertname","value":"A"}]"#;
    assert_eq!(silence["matchers"].to_string(), matcher);
    assert_eq!(house.get(SILENCES).await.json(), json!([silence]));
}

#[tokio::test]
async fn an_edit_keeps_the_name_or_gets_a_new_one_as_with_alertmanager() {
    let house = House::new();
    let id = create(&house, body("A", json!({}))).await;
    let started = house.get(&format!("/api/v2/silence/{id}")).await.json()["startsAt"].clone();
    let longer = json!({ "id": id, "startsAt": started, "endsAt": "2091-01-01T00:00:00Z" });
    assert_eq!(create(&house, body("A", longer)).await, id);
    let other = create(&house, body("B", json!({ "id": id }))).await;
    assert_ne!(other, id);
    let old = house.get(&format!("/api/v2/silence/{id}")).await.json();
    assert_eq!(old["status"]["state"], "expired");
    let unknown = body("A", json!({ "id": "0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a11" }));
    let answer = house.post(SILENCES, unknown).await;
    assert_eq!((answer.status, answer.body.as_str()), (404, "\"silence not found\"\n"));
}

#[tokio::test]
async fn silences_are_sorted_and_picked_as_by_alertmanager() {
    let house = House::new();
    for (name, from, to) in [
        ("later", "2020-01-01T00:00:00Z", "2092-01-01T00:00:00Z"),
        ("second", "2081-01-01T00:00:00Z", "2090-01-01T00:00:00Z"),
        ("sooner", "2020-01-01T00:00:00Z", "2091-01-01T00:00:00Z"),
        ("first", "2080-01-01T00:00:00Z", "2095-01-01T00:00:00Z"),
        ("over", "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"),
    ] {
        let id = create(&house, body(name, json!({ "startsAt": from, "endsAt": to }))).await;
        if name == "over" {
            let answer = house.send(&format!("DELETE /api/v2/silence/{id}"), &[], "").await;
            assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        }
    }
    let all = ["sooner", "later", "first", "second", "over"];
    for (query, expected) in [
        ("", &all[..]),
        ("?active=false", &all[2..]),
        ("?pending=false&expired=false", &all[..2]),
        ("?active=false&pending=0&expired=true", &all[4..]),
        ("?filter=alertname%3Dlater", &all[1..2]),
        ("?filter=alertname%3Dlater&filter=a%3Db", &[]),
        // The matcher is looked for, and is not tried.
        ("?filter=alertname%3D~later", &[]),
    ] {
        assert_eq!(names(&house, query).await, expected, "{query}");
    }
    assert_eq!(house.get(&format!("{SILENCES}?filter=a")).await.status, 400);
    assert_eq!(house.get(&format!("{SILENCES}?active=perhaps")).await.status, 422);
    let metrics = house.get("/metrics").await.body;
    for line in [
        "alertmanager_silences{state=\"active\"} 2",
        "alertmanager_silences{state=\"pending\"} 2",
        "alertmanager_silences{state=\"expired\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_in_alertmanagers_two_ways() {
    let house = House::new();
    let past = json!({ "endsAt": "2021-01-01T00:00:00Z" });
    let backwards = json!({ "startsAt": "2091-01-01T00:00:00Z" });
    let everything = json!({ "matchers": [{ "name": "a", "value": ".*", "isRegex": true }] });
    for (more, status, expected) in [
        (past, 400, "\"Failed to create silence: end time can't be in the past\"\n"),
        (backwards, 400, "\"Failed to create silence: start time must be before end time\"\n"),
        (
            everything,
            400,
            "\"invalid silence: at least one matcher must not match the empty string\"\n",
        ),
        (
            json!({ "comment": null }),
            422,
            "{\"code\":602,\"message\":\"comment in body is required\"}\n",
        ),
        (json!({ "id": "x" }), 404, "\"silence not found\"\n"),
    ] {
        let answer = house.post(SILENCES, body("A", more.clone())).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, expected), "{more}");
    }
    let plain = [("content-type", "text/plain")];
    let typed = house.send("POST /api/v2/silences", &plain, "{}");
    assert_eq!(typed.await.status, 415);
    for method in ["GET", "DELETE"] {
        let odd = house.send(&format!("{method} /api/v2/silence/x"), &[], "").await;
        let text = r#"{"code":601,"message":"silenceID in path must be of type uuid: \"x\""}"#;
        assert_eq!((odd.status, odd.body.trim_end()), (422, text));
        let path = "/api/v2/silence/0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a11";
        let unknown = house.send(&format!("{method} {path}"), &[], "").await;
        assert_eq!((unknown.status, unknown.body.as_str()), (404, ""));
    }
}

#[tokio::test]
async fn our_own_api_makes_changes_and_ends_silences() {
    let house = House::new();
    let ours = "/api/itsm/v1/silences";
    let form = r#"{"by":"anna","matchers":["alertname=A","node=~\"a.*\""],"duration":"1h",
        "comment":"new disks","annotations":{"ticket":"CHG-9"}}"#;
    let answer = house.post(ours, form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let silence = answer.json();
    assert_eq!(silence["id"], "SIL-1");
    assert_eq!(silence["state"], "active");
    assert_eq!(silence["created_by"], "anna");
    assert_eq!(silence["title"], r#"{alertname="A", node=~"a.*"}"#);
    let uuid = silence["uuid"].as_str().unwrap();
    assert_eq!(house.get(&format!("{ours}/{uuid}")).await.json(), silence);

    let other = house.post(&format!("{ours}/sil-1/update"), r#"{"matchers":"alertname=B"}"#).await;
    assert_eq!(
        (&other.json()["id"], &other.json()["replaces"]),
        (&json!("SIL-2"), &json!("SIL-1"))
    );
    let ended = house.post(&format!("{ours}/SIL-2/expire"), "{}").await;
    assert_eq!(ended.json()["state"], "expired");
    let live = house.get(&format!("{ours}?state=live")).await.json();
    assert_eq!(live["items"], json!([]));

    for (path, form, status, expected) in [
        ("", r#"{"matchers":"a","comment":"c","duration":"1h"}"#, 422, "matchers: `a`: expected"),
        ("", r#"{"matchers":"a=b","comment":"c"}"#, 422, "say a `duration` or `ends_at`"),
        ("", r#"{"matchers":"a=b","duration":"1h"}"#, 422, "comment: is required"),
        ("", r#"{"matchers":[],"comment":"c","duration":"1h"}"#, 422, "at least one matcher"),
        ("/SIL-9/expire", "{}", 404, "there is no SIL-9"),
        ("/SIL-1/update", "{}", 422, "say what is to be different"),
        ("/SIL-1/add", "{}", 404, "silences take no `add`"),
    ] {
        let answer = house.post(&format!("{ours}{path}"), form).await;
        assert_eq!(answer.status, status, "{form}: {answer:?}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(expected), "{form}: {detail}");
    }
    let audit = house.get("/api/itsm/v1/audit?record=SIL-2").await.json();
    let actions = audit["items"].as_array().unwrap().iter().map(|line| line["action"].clone());
    assert_eq!(actions.collect::<Vec<_>>(), ["expire", "silence"]);
}
