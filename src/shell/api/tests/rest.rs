//! Our own API.

use super::*;
use crate::domain::MANUALS;

async fn one_incident() -> House {
    let house = House::new();
    house.fire("alertname=Down service=db severity=warning").await;
    house
}

#[tokio::test]
async fn commands_answer_with_the_record_as_it_then_is() {
    let house = one_incident().await;
    let cli = [("content-type", "application/json"), ("x-incidentd-client", "incidentctl")];
    let path = "POST /api/itsm/v1/incidents/inc-1/acknowledge";
    let answer = house.send(path, &cli, r#"{"by":"dana","note":"on it"}"#).await;
    let record = answer.json();
    assert_eq!((answer.status, &record["state"]), (200, &"acknowledged".into()));
    assert_eq!(record["acknowledged_by"], "dana");
    let line = record["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!((&line["by"], &line["via"]), (&"dana".into(), &"cli".into()));

    let answer = house.post("/api/itsm/v1/incidents/INC-1/ack", "").await;
    let problem = answer.json();
    assert_eq!((answer.status, answer.header("content-type")), (409, "application/problem+json"));
    assert_eq!((&problem["status"], &problem["state"]), (&409.into(), &"acknowledged".into()));
    assert!(problem["allowed"].as_array().unwrap().contains(&"resolve".into()), "{problem}");

    let answer = house.post("/api/itsm/v1/incidents/INC-1/resolve", "{}").await;
    let record = answer.json();
    let line = record["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (answer.status, &line["by"], &line["via"]),
        (200, &"anonymous".into(), &"api".into())
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let house = one_incident().await;
    let base = "/api/itsm/v1/incidents";
    for (what, body, status, says) in [
        ("GET /INC-9", "", 404, "there is no incident `INC-9`"),
        ("GET /nonsense", "", 404, "there is no incident `nonsense`"),
        ("GET ?prioritty=1", "", 400, "did you mean `priority`?"),
        ("GET ?state=open&state=new", "", 400, "is given twice"),
        ("GET ?limit=0", "", 400, "from 1 to 1000"),
        ("GET ?limit=many", "", 400, "from 1 to 1000"),
        ("GET ?cursor=x", "", 400, "is not the `next` of a page"),
        ("POST /INC-9/acknowledge", "{}", 404, "INC-9"),
        ("POST /INC/acknowledge", "{}", 404, "there is no incident `INC`"),
        ("POST /INC-1/acknowlege", "{}", 404, "did you mean `acknowledge`?"),
        ("POST /INC-1/acknowledge", "{", 400, "no JSON"),
        ("POST /INC-1/acknowledge", "[]", 400, "not a JSON object"),
        ("POST /INC-1/acknowledge", r#"{"nite":"x"}"#, 422, "nite"),
        ("POST /INC-1/acknowledge", r#"{"by":7}"#, 422, "by: is a text"),
        ("POST /INC-1/hold", "{}", 422, "reason: is required"),
        ("POST /INC-1/hold", r#"{"reason":"lazy"}"#, 422, "reason: is one of"),
        ("POST /INC-1/assign", "{}", 422, "team"),
        ("POST /INC-1/note", r#"{"note":7}"#, 422, "note: is a text"),
        ("DELETE /INC-1", "", 405, "DELETE"),
    ] {
        let (method, rest) = what.split_once(' ').unwrap();
        let json = [("content-type", "application/json")];
        let answer = house.send(&format!("{method} {base}{rest}"), &json, body).await;
        let problem = answer.json();
        assert_eq!(answer.status, status, "{what} {body}: {}", answer.body);
        assert_eq!(problem["status"], status, "{what}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{what} {body}: {detail}");
    }
    let answer = house.get("/api/itsm/v1/incidentz").await;
    assert!(answer.status == 404 && answer.body.contains("did you mean `incidents`?"));
    let answer = house.get("/nowhere").await;
    assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"));
    let long = format!("{{\"note\":\"{}\"}}", "x".repeat(300 << 10));
    assert_eq!(house.post(&format!("{base}/INC-1/note"), long).await.status, 413);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let what = format!("POST {base}/INC-1/acknowledge");
    assert_eq!(house.send(&what, &form, "by=x").await.status, 415);
    assert_eq!(house.send(&what, &[], "").await.status, 415, "a form without fields");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let house = House::new();
    house.fire("alertname=A\nalertname=B\nalertname=C").await;
    let page = house.get("/api/itsm/v1/incidents?state=open&limit=2").await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let next = &page["next"];
    let page = house.get(&format!("/api/itsm/v1/incidents?limit=2&cursor={next}")).await.json();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["next"]), (1, &Value::Null));
    assert_eq!(page["items"][0]["id"], "INC-1");
    let found = house.get("/api/itsm/v1/alerts?q=b").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_description_has_every_practice_and_verb() {
    let house = House::new();
    let document = house.get("/api/itsm/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = Vec::new();
    for manual in MANUALS {
        let base = format!("/api/itsm/v1/{}", manual.plural);
        let list = &document["paths"][&base]["get"];
        assert!(list.is_object(), "{base}");
        for filter in manual.filters {
            let parameters = list["parameters"].as_array().unwrap();
            assert!(parameters.iter().any(|p| p["name"] == filter.name), "{base} {}", filter.name);
        }
        for verb in manual.verbs {
            let post = &document["paths"][format!("{base}/{{id}}/{}", verb.name)]["post"];
            let schema = &post["requestBody"]["content"]["application/json"]["schema"];
            for field in verb.fields {
                let kind = &schema["properties"][field.name]["type"];
                assert!(kind.is_string() || kind.is_array(), "{}", field.name);
            }
        }
    }
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            assert!(operation["responses"]["200"].is_object());
            operations.push(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    let count = operations.len();
    operations.sort();
    operations.dedup();
    assert_eq!(operations.len(), count, "operation ids are unique");
}

#[tokio::test]
async fn status_tells_how_the_daemon_is() {
    let house = House::with(Vec::new(), Vec::new(), |context| context.open_to_all = true);
    house.fire("alertname=A severity=critical\nalertname=B severity=warning").await;
    let status = house.get("/api/itsm/v1/status").await.json();
    assert_eq!(status["alerts"]["firing"], 2);
    let open = status["incidents_open"].as_object().unwrap();
    assert_eq!(open.values().map(|count| count.as_u64().unwrap()).sum::<u64>(), 2);
    assert_eq!(status["config_hash"], "0123456789abcdef");
    let sources = status["sources"].as_array().unwrap();
    let source = sources.iter().find(|s| s["name"] == "alertmanager").unwrap();
    assert_eq!((&source["name"], &source["silent"]), (&"alertmanager".into(), &false.into()));
    assert!(source["last_heard_at"].is_string());
    let warnings = status["warnings"].to_string();
    for text in ["a warning", "demands no token", "alertmanager"] {
        assert!(warnings.contains(text), "{warnings}");
    }
}

#[tokio::test]
async fn explanations_come_from_whoever_explains() {
    let house = House::with(Vec::new(), Vec::new(), |context| {
        context.explain = |_, id| (id == "ALR-1").then(|| serde_json::json!({ "id": id }));
    });
    let answer = house.get("/api/itsm/v1/alerts/ALR-1/explain").await;
    assert_eq!((answer.status, &answer.json()["id"]), (200, &"ALR-1".into()));
    assert_eq!(house.get("/api/itsm/v1/alerts/ALR-2/explain").await.status, 404);
}
