//! What is taken in, and how the rest is turned away.

use super::*;
use crate::config::{Algorithm, Encoding, Signing};
use crate::domain::value::Secret;
use crate::shell::intake::http::{Auth, Limits, Rate};

async fn check(house: &House, body: &str, expected: (u16, &str)) {
    let answer = house.post("/api/v2/alerts", body.to_owned()).await;
    assert_eq!((answer.status, answer.body.trim_end()), expected, "{body}");
}

#[tokio::test]
async fn posted_alerts_are_judged_one_by_one() {
    let house = House::new();
    let again = r#"[{"labels":{"alertname":"A"}}]"#;
    check(&house, again, (200, "")).await;
    check(&house, again, (200, "")).await;
    check(&house, "[]", (200, "")).await;
    check(
        &house,
        r#"[{"labels":{}},{"labels":{"alertname":"B"}},{"labels":{"alertname":"C"},
           "startsAt":"2026-01-02T00:00:00Z","endsAt":"2026-01-01T00:00:00Z"}]"#,
        (400, r#""at least one label pair required\nstart time must be before end time""#),
    )
    .await;
    let shown = house.get("/api/v2/alerts").await.json();
    let mut names: Vec<_> =
        shown.as_array().unwrap().iter().map(|alert| &alert["labels"]["alertname"]).collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["A", "B"], "what was valid is kept");
}

#[tokio::test]
async fn a_request_that_makes_no_sense_gets_an_object_with_a_code() {
    let house = House::new();
    let json = "application/json";
    for (what, media_type, body, status, code) in [
        ("POST /api/v2/alerts", json, "{", 400, 400),
        ("POST /api/v2/alerts", json, r#"{"labels":{}}"#, 400, 400),
        ("POST /api/v2/alerts", json, r#"[{"labels":{"a":1}}]"#, 400, 400),
        ("POST /api/v2/alerts", json, "", 422, 602),
        ("POST /api/v2/alerts", json, "[{}]", 422, 602),
        ("POST /api/v2/alerts", "text/plain", "[]", 415, 415),
        ("POST /api/v2/alerts", "", "[]", 415, 415),
        ("PUT /api/v2/alerts", json, "[]", 405, 405),
        ("GET /api/v2/alertz", json, "", 404, 404),
        ("GET /api/v2/alerts?active=perhaps", json, "", 422, 601),
    ] {
        let answer = house.send(what, &[("content-type", media_type)], body).await;
        let problem = answer.json();
        assert_eq!((answer.status, &problem["code"]), (status, &code.into()), "{what} {body}");
        assert!(!problem["message"].as_str().unwrap().is_empty(), "{what} {body}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    }
    let answer = house.send("PUT /api/v2/alerts", &[], "").await;
    assert_eq!(answer.header("allow"), "GET,POST");
}

#[tokio::test]
async fn version_1_is_gone() {
    let house = House::new();
    for what in ["GET /api/v1/alerts", "POST /api/v1/alerts", "GET /api/v1/status"] {
        let answer = house.send(what, &[], "").await;
        assert_eq!((answer.status, answer.json()["status"].as_str()), (410, Some("deprecated")));
    }
}

#[tokio::test]
async fn prometheus_may_be_pointed_at_a_source_of_its_own() {
    let house = House::with(vec![source("prometheus-a", Kind::PROMETHEUS)], Vec::new(), |_| {});
    let body = r#"[{"labels":{"alertname":"A"}}]"#;
    let answer = house.post("/hooks/prometheus-a/api/v2/alerts", body).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let alerts = house.get("/api/itsm/v1/alerts?source=prometheus-a").await.json();
    assert_eq!(alerts["items"][0]["labels"]["alertname"], "A");
}

#[tokio::test]
async fn icinga_db_may_be_pointed_at_a_hook_as_at_icinga_notifications() {
    let kind = Kind::named("icinga-notifications").unwrap();
    let house = House::with(vec![source("icinga", kind)], Vec::new(), |_| {});
    let body = r#"{"name":"a","tags":{"host":"a"},"incident":true,"severity":"crit"}"#;
    let answer = house.post("/hooks/icinga/process-event", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let alerts = house.get("/api/itsm/v1/alerts?source=icinga").await.json();
    assert_eq!(alerts["items"][0]["labels"]["instance"], "a");
}

#[tokio::test]
async fn a_hook_says_what_became_of_its_events() {
    let house = House::with(vec![source("grafana", Kind::Auto)], Vec::new(), |_| {});
    let fire = r#"{"alerts":[{"status":"firing","labels":{"alertname":"A"}}]}"#;
    let answer = house.send("POST /hooks/grafana", &[], fire).await;
    assert_eq!((answer.status, &answer.json()["new"]), (200, &1.into()), "{}", answer.body);

    let mixed = r#"[{"labels":{"alertname":"B"}},{"labels":{}}]"#;
    let answer = house.send("POST /hooks/grafana", &[], mixed).await;
    let problem = answer.json();
    assert_eq!(answer.status, 400);
    assert_eq!((&problem["accepted"], &problem["rejected"][0]["at"]), (&1.into(), &1.into()));

    let answer = house.send("POST /hooks/grafana", &[], "hello").await;
    assert_eq!((answer.status, answer.header("content-type")), (400, "application/problem+json"));

    let answer = house.send("POST /hooks/graphana", &[], fire).await;
    let detail = answer.json()["detail"].to_string();
    assert!(answer.status == 404 && detail.contains("did you mean `grafana`?"), "{detail}");
}

#[tokio::test]
async fn more_than_a_source_may_send_is_turned_away_with_the_limit() {
    let small = Intake::new(
        "small",
        Kind::PROMETHEUS,
        Vec::new(),
        Limits { rate: Some(Rate { per_second: 1, burst: 2 }), ..Limits::default() },
    );
    let roomy = Intake::new(
        "roomy",
        Kind::PROMETHEUS,
        Vec::new(),
        Limits { rate: None, ..Limits::default() },
    );
    let house = House::with(vec![small, roomy], Vec::new(), |_| {});

    let long = format!("[{{\"labels\":{{\"a\":\"{}\"}}}}]", "x".repeat(10 << 20));
    let answer = house.post("/hooks/roomy", long).await;
    assert_eq!(answer.status, 413);
    assert!(answer.json()["detail"].as_str().unwrap().contains("4194304"), "{}", answer.body);

    let long = format!("[{{\"labels\":{{\"a\":\"{}\"}}}}]", "x".repeat(10 << 20));
    let answer = house.post("/api/v2/alerts", long).await;
    assert!(answer.status == 400 && answer.body.contains("10485760 bytes"), "{}", answer.body);

    let labels: BTreeMap<_, _> = (0..10_000).map(|n| (format!("l{n}"), "x")).collect();
    let many = serde_json::json!([{ "labels": labels }]).to_string();
    let answer = house.post("/hooks/roomy", many).await;
    let why = answer.json()["rejected"][0]["why"].to_string();
    assert!(answer.status == 400 && why.contains("at most 64"), "{why}");

    let two = r#"[{"labels":{"alertname":"A"}},{"labels":{"alertname":"B"}}]"#;
    assert_eq!(house.post("/hooks/small", two).await.status, 200);
    let answer = house.post("/hooks/small", two).await;
    assert_eq!(answer.status, 429);
    assert!((1..=2).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
    let metrics = house.get("/metrics").await.body;
    for line in [
        r#"incidentd_source_requests_refused_total{reason="rate_limited",source="small"} 1"#,
        r#"incidentd_source_requests_refused_total{reason="too_large",source="roomy"} 1"#,
        r#"incidentd_source_events_total{disposition="new",source="small"} 2"#,
        r#"incidentd_source_events_total{disposition="rejected",source="roomy"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn a_forged_signature_leaves_no_trace() {
    let signing = Signing {
        header: "x-signature".to_owned(),
        algorithm: Algorithm::Sha256,
        encoding: Encoding::Hex,
        prefix: "sha256=".to_owned(),
        stamp: None,
    };
    let auth = Auth::Hmac { signing, secret: Secret::new("key") };
    let signed = Intake::new("signed", Kind::PROMETHEUS, vec![auth], Limits::default());
    let house = House::with(vec![signed], Vec::new(), |_| {});
    let body = r#"[{"labels":{"alertname":"A"}}]"#;
    let forged = format!("sha256={}", "0".repeat(64));
    for headers in [&[("x-signature", forged.as_str())][..], &[]] {
        let answer = house.send("POST /hooks/signed", headers, body).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("www-authenticate"), "HMAC realm=\"incidentd\"");
    }
    assert_eq!(house.get("/api/v2/alerts").await.body, "[]\n");
}
