//! Alertmanager's contract beside the alerts themselves: texts, headers, methods, prefix, status.

use super::*;
use crate::shell::api::Peer;

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn errors_have_the_words_that_clients_look_for() {
    let house = House::new();
    let check = async |what: &str, body: &str, status: u16, expected: &str| {
        let answer = house.send(what, &[JSON], body.to_owned()).await;
        assert_eq!((answer.status, answer.body.trim_end()), (status, expected), "{what} {body}");
        assert_eq!(answer.header("content-type"), "application/json", "{what}");
    };
    let text = r#"{"code":404,"message":"path /api/v2/nothing was not found"}"#;
    check("GET /api/v2/nothing", "", 404, text).await;
    let text = r#"{"code":404,"message":"path /api/v2/ was not found"}"#;
    check("GET /api/v2/", "", 404, text).await;
    let text = r#"{"code":405,"message":"method PUT is not allowed, but [GET,POST] are"}"#;
    check("PUT /api/v2/alerts", "[]", 405, text).await;
    let text = r#"{"code":405,"message":"method DELETE is not allowed, but [GET] are"}"#;
    check("DELETE /api/v2/status", "", 405, text).await;
    let text = r#"{"code":405,"message":"method OPTIONS is not allowed, but [GET,POST] are"}"#;
    check("OPTIONS /api/v2/silences", "", 405, text).await;
    let text = r#"{"code":602,"message":"alerts in body is required"}"#;
    check("POST /api/v2/alerts", "", 422, text).await;
    let text = r#"{"code":602,"message":"1.labels in body is required"}"#;
    check("POST /api/v2/alerts", r#"[{"labels":{"a":"b"}},{}]"#, 422, text).await;
    assert_eq!(house.get("/api/v2/alerts").await.body, "[]\n", "nothing of it was taken");
    let text =
        r#""failed to parse receiver param: error parsing regexp: unclosed group: `^(?:()$`""#;
    check("GET /api/v2/alerts?receiver=(", "", 400, text).await;
    check("GET /api/v2/alerts/groups?receiver=(", "", 400, text).await;

    for body in ["{", "{}", r#"[{"labels":{"a":1}}]"#, r#"[{"labels":{"a":"b"},"endsAt":"x"}]"#] {
        let answer = house.post("/api/v2/alerts", body).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        let start = "parsing alerts body from \"\" failed, because ";
        assert!(answer.status == 400 && message.starts_with(start), "{body}: {message}");
    }
    let answer = house.send("POST /api/v2/alerts", &[("content-type", "text/plain")], "x").await;
    let text = "unsupported media type \"text/plain\", only [application/json] are allowed";
    assert_eq!((answer.status, answer.json()["message"].as_str()), (415, Some(text)));
    for path in ["alerts", "alerts/groups", "receivers"] {
        let answer = house.get(&format!("/api/v2/{path}?receiver_matchers=%3D%3D")).await;
        let text = answer.json();
        let text = text.as_str().unwrap_or_default();
        assert!(
            answer.status == 400 && text.starts_with("bad matcher format: =="),
            "{path} {text}"
        );
    }
}

#[tokio::test]
async fn a_slash_at_the_end_makes_no_difference() {
    let house = House::new();
    for path in ["alerts", "alerts/groups", "receivers", "status", "silences", "swagger.json"] {
        for path in [format!("/api/v2/{path}"), format!("/api/v2/{path}/")] {
            assert_eq!(house.get(&path).await.status, 200, "{path}");
        }
    }
    let metrics = house.get("/metrics").await.body;
    assert!(metrics.contains("handler=\"/api/v2/alerts/groups\""), "{metrics}");
    assert!(!metrics.contains("handler=\"/api/v2/alerts/\""), "{metrics}");
}

#[tokio::test]
async fn pages_from_elsewhere_may_look_and_post() {
    let house = House::new();
    let origin = ("origin", "http://karma");
    let answer = house.send("POST /api/v2/alerts", &[origin, JSON], "[]").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "*"));
    let answer = house.get("/api/v2/alerts").await;
    assert_eq!(
        (answer.header("access-control-allow-origin"), answer.header("vary")),
        ("", "Origin")
    );
    let answer = house.send("DELETE /api/v2/silence/x", &[origin], "").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("cache-control"), "no-store");

    let wanted = |names| ("access-control-request-headers", names);
    for (method, names, allowed) in [
        ("POST", "content-type", "*"),
        ("GET", "", "*"),
        ("HEAD", "accept, x-requested-with", "*"),
        ("DELETE", "content-type", ""),
        ("POST", "authorization", ""),
    ] {
        let asked = ("access-control-request-method", method);
        let answer =
            house.send("OPTIONS /api/v2/alerts", &[origin, asked, wanted(names)], "").await;
        assert_eq!(answer.status, 204, "{method} {names}");
        assert_eq!(answer.header("access-control-allow-origin"), allowed, "{method} {names}");
        let methods = if allowed.is_empty() { "" } else { method };
        assert_eq!(answer.header("access-control-allow-methods"), methods, "{method} {names}");
        assert!(answer.header("vary").contains("Access-Control-Request-Headers"));
    }
}

#[tokio::test]
async fn receivers_come_in_the_order_of_the_file_with_their_labels() {
    let house = House::new();
    let expected = serde_json::json!([
        { "name": "web", "labels": { "name": "web" } },
        { "name": "dba", "labels": { "name": "dba", "team": "databases" } },
    ]);
    assert_eq!(house.get("/api/v2/receivers").await.json(), expected);
    house.fire("alertname=Down service=db\nalertname=Up service=web").await;
    for (matcher, receivers, alerts, groups) in [
        ("team=\"databases\"", 1, 1, 1),
        ("team!=\"databases\"", 1, 2, 2),
        ("name=~\"web|dba\"", 2, 2, 3),
        ("name=nobody", 0, 0, 0),
    ] {
        for (path, count) in
            [("receivers", receivers), ("alerts", alerts), ("alerts/groups", groups)]
        {
            let matcher = matcher.replace('=', "%3D").replace('"', "%22").replace('|', "%7C");
            let answer = house.get(&format!("/api/v2/{path}?receiver_matchers={matcher}")).await;
            let found = answer.json().as_array().unwrap().len();
            assert_eq!(found, count, "{path} {matcher}");
        }
    }
}

#[tokio::test]
async fn the_status_shows_a_cluster_of_one_where_one_is_asked_for() {
    let house = House::new();
    let cluster = house.get("/api/v2/status").await.json()["cluster"].clone();
    assert_eq!(cluster, serde_json::json!({ "peers": [], "status": "disabled" }));

    let peer = Peer { name: "am-0".to_owned(), address: "10.0.0.7:9094".to_owned() };
    let house = House::with(Vec::new(), Vec::new(), |context| context.peer = Some(peer.clone()));
    let status = house.get("/api/v2/status").await.json();
    let expected = serde_json::json!({
        "name": "am-0",
        "peers": [{ "address": "10.0.0.7:9094", "name": "am-0" }],
        "status": "ready",
    });
    assert_eq!(status["cluster"], expected);
    let version = status["versionInfo"].as_object().unwrap();
    let names: Vec<_> = version.keys().map(String::as_str).collect();
    let expected = ["branch", "buildDate", "buildUser", "goVersion", "revision", "version"];
    assert_eq!(names, expected);
    assert!(status["uptime"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn the_description_of_the_api_is_whole() {
    let house = House::new();
    let described = house.get("/api/v2/swagger.json").await.json();
    let mut referred = Vec::new();
    refer(&described, &mut referred);
    assert!(referred.len() > 40, "{referred:?}");
    for place in referred {
        let found = described.pointer(place.strip_prefix('#').unwrap());
        assert!(found.is_some(), "{place} is not there");
    }
    // What is described is there, and what it is not for is refused.
    for (path, methods) in described["paths"].as_object().unwrap() {
        let path = path.replace("{silenceID}", "41e2a2b5-6d3b-4a8c-9d4e-0f6a3c1b2d5e");
        let path =
            format!("{}{path}", described["basePath"].as_str().unwrap().trim_end_matches('/'));
        let answer = house.send(&format!("PATCH {path}"), &[], "").await;
        let described = ["delete", "get", "post"].map(|name| methods.get(name).map(|_| name));
        let mut described: Vec<_> =
            described.into_iter().flatten().map(str::to_uppercase).collect();
        described.sort();
        assert_eq!((answer.status, answer.header("allow")), (405, described.join(",").as_str()));
    }
}

fn refer<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(place) if name == "$ref" => into.push(place),
                    _ => refer(value, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| refer(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_page_behind_links_is_served_with_and_without_a_prefix() {
    let house = House::new();
    let answer = house.get("/").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(answer.body.contains("#/alerts") && answer.body.contains("#/silences/new"));
    assert!(!answer.body.contains("href=\"/"), "everything on it is relative to it");

    let house =
        House::with(Vec::new(), Vec::new(), |context| context.route_prefix = "/a/m".to_owned());
    for (path, status, to) in [("/", 302, "/a/m/"), ("/a/m", 302, "/a/m/"), ("/a/m/", 200, "")] {
        let answer = house.get(path).await;
        assert_eq!((answer.status, answer.header("location")), (status, to), "{path}");
    }
    let text = house.get("/a/m/api/v2/nothing").await.body;
    assert!(text.contains("path /api/v2/nothing was not found"), "{text}");
    assert_eq!(house.send("PUT /a/m/api/v2/alerts", &[], "").await.header("allow"), "GET,POST");
    assert_eq!(house.get("/a/m/api/v1/alerts").await.status, 410);
    assert_eq!(house.post("/a/m/-/reload", "").await.status, 500, "nobody loads in this house");
    assert_eq!(house.send("HEAD /a/m/-/healthy", &[], "").await.status, 200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_503() {
    let house = House::with(Vec::new(), Vec::new(), |context| context.timeout = Span(1));
    let (body, _kept) = slow_body();
    let request = Request::post("/api/v2/alerts").header(JSON.0, JSON.1).body(body).unwrap();
    let answer = house.ask(request).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
    assert!(answer.body.contains("--web.timeout"), "{}", answer.body);
}

/// A body that goes on for as long as somebody keeps the other end.
fn slow_body() -> (Body, mpsc::Sender<()>) {
    let (kept, mut waits) = mpsc::channel::<()>(1);
    let stream = futures_util::stream::once(async move {
        waits.recv().await;
        Ok::<_, std::convert::Infallible>("[]")
    });
    (Body::from_stream(stream), kept)
}

#[tokio::test]
async fn grafana_and_karma_get_what_they_ask_for() {
    let house = House::new();
    house.fire("alertname=Down service=db cluster=a").await;
    // Both begin with the version, then read everything, with every flag spelled out.
    let status = house.get("/api/v2/status").await.json();
    let version = status["versionInfo"]["version"].as_str().unwrap();
    assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
    let accept = ("accept", "application/json");
    for path in [
        "/api/v2/silences",
        "/api/v2/alerts/groups",
        "/api/v2/alerts/groups?active=true&inhibited=true&silenced=true&unprocessed=true",
        "/api/v2/alerts?active=true&filter=alertname%3D%22Down%22&inhibited=true&silenced=true",
        "/api/v2/receivers",
    ] {
        let answer = house.send(&format!("GET {path}"), &[accept], "").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        assert!(answer.json().is_array(), "{path}");
    }
    let group = &house.get("/api/v2/alerts/groups").await.json()[0];
    let keys: Vec<_> = group.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["alerts", "labels", "receiver", "routeLabels"]);
}
