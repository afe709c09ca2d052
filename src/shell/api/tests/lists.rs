//! What API v2 shows.

use super::*;
use crate::shell::api::survey::ALERTS_PER_LOOK;

const THREE: &str = "alertname=Down service=db cluster=a\n\
                     alertname=Down service=web cluster=a\n\
                     alertname=Full service=db cluster=b";

async fn fingerprints(house: &House, query: &str) -> Vec<String> {
    let answer = house.get(&format!("/api/v2/alerts{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    let alerts = answer.json();
    let fingerprint = |alert: &Value| alert["fingerprint"].as_str().unwrap().to_owned();
    alerts.as_array().unwrap().iter().map(fingerprint).collect()
}

#[tokio::test]
async fn alerts_are_shown_in_alertmanagers_shape() {
    let house = House::new();
    assert_eq!(house.get("/api/v2/alerts").await.body, "[]\n");
    let body = r#"[{"labels":{"alertname":"A","service":"db"},"annotations":{"summary":"s"},
        "startsAt":"2026-01-01T00:00:00Z","generatorURL":"http://p/graph"}]"#;
    house.post("/api/v2/alerts", body).await;
    let answer = house.send("GET /api/v2/alerts", &[("origin", "http://karma")], "").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!((answer.header("cache-control"), answer.header("vary")), ("no-store", "Origin"));
    assert_eq!(answer.header("access-control-allow-origin"), "*");

    let alerts = answer.json();
    let keys: Vec<_> = alerts[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "annotations",
        "endsAt",
        "fingerprint",
        "receivers",
        "startsAt",
        "status",
        "updatedAt",
        "generatorURL",
        "labels",
    ];
    assert_eq!(keys, expected);
    assert_eq!(alerts[0]["startsAt"], "2026-01-01T00:00:00.000Z");
    assert_eq!(alerts[0]["receivers"], serde_json::json!([{ "name": "dba" }, { "name": "web" }]));
    let status = serde_json::json!({
        "inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": "active",
    });
    assert_eq!(alerts[0]["status"], status);
}

#[tokio::test]
async fn what_has_ended_is_not_shown() {
    let house = House::new();
    let began = r#""labels":{"alertname":"A"},"startsAt":"2024-01-01T00:00:00Z""#;
    house.post("/api/v2/alerts", format!("[{{{began}}}]")).await;
    assert_eq!(fingerprints(&house, "").await.len(), 1);
    let ended = format!("[{{{began},\"endsAt\":\"2024-01-02T00:00:00Z\"}}]");
    house.post("/api/v2/alerts", ended).await;
    assert!(fingerprints(&house, "").await.is_empty());
    assert_eq!(house.get("/api/v2/alerts/groups").await.body, "[]\n");
    let kept = house.get("/api/itsm/v1/alerts").await.json();
    assert_eq!(kept["items"][0]["state"], "resolved");
}

#[tokio::test]
async fn alerts_come_by_fingerprint_and_can_be_narrowed() {
    let house = House::new();
    house.fire(THREE).await;
    let all = fingerprints(&house, "").await;
    assert!(all.len() == 3 && all.is_sorted(), "{all:?}");
    for (query, count) in [
        ("?active=false", 0),
        ("?active=true&silenced=false&inhibited=false&unprocessed=false", 3),
        ("?receiver=dba", 2),
        ("?receiver=web", 3),
        ("?receiver=w", 0),
        ("?receiver=d.a", 2),
        ("?unheard=of", 3),
        ("?filter=alertname%3DDown", 2),
        ("?filter=alertname%3DDown&filter=service%3D%22db%22", 1),
        ("?filter=cluster%3D~%22a%7Cc%22", 2),
        ("?filter=cluster!~%22a%22", 1),
        ("?filter=team%3D%22%22", 3),
        ("?filter=team!%3D%22%22", 0),
    ] {
        assert_eq!(fingerprints(&house, query).await.len(), count, "{query}");
    }
    let answer = house.get("/api/v2/receivers?receiver_matchers=name%3D~%22d.*%22").await;
    assert_eq!(answer.json().as_array().unwrap().len(), 1);
    let answer = house.get("/api/v2/alerts?filter=down").await;
    assert_eq!(answer.status, 400);
    assert!(answer.json().as_str().unwrap().starts_with("bad matcher format: down"));
    let answer = house.get("/api/v2/alerts?receiver=(").await;
    assert_eq!(answer.status, 400);
    assert!(answer.json().as_str().unwrap().starts_with("failed to parse receiver param"));
}

#[tokio::test]
async fn many_alerts_come_in_pieces_and_make_one_list() {
    let house = House::new();
    let count = 2 * ALERTS_PER_LOOK + 3;
    let many: Vec<_> = (0..count).map(|n| format!("alertname=A{} instance=i{n}", n % 7)).collect();
    house.fire(&many.join("\n")).await;
    let all = fingerprints(&house, "").await;
    assert!(all.len() == count && all.is_sorted());

    let groups = house.get("/api/v2/alerts/groups").await.json();
    let groups = groups.as_array().unwrap();
    let members = groups.iter().map(|group| group["alerts"].as_array().unwrap().len());
    assert_eq!((groups.len(), members.sum::<usize>()), (7, count));
}

#[tokio::test]
async fn groups_follow_the_routes() {
    let house = House::new();
    assert_eq!(house.get("/api/v2/alerts/groups").await.body, "[]\n");
    house.fire(THREE).await;
    let groups = house.get("/api/v2/alerts/groups").await.json();
    let line = |group: &Value| {
        let alerts = group["alerts"].as_array().unwrap();
        let services: Vec<_> =
            alerts.iter().map(|alert| alert["labels"]["service"].as_str().unwrap()).collect();
        format!("{} {} [{}]", group["receiver"]["name"], group["labels"], services.join(" "))
    };
    let lines: Vec<_> = groups.as_array().unwrap().iter().map(line).collect();
    let expected = [
        r#""web" {"alertname":"Down"} [db web]"#,
        r#""web" {"alertname":"Full"} [db]"#,
        r#""dba" {"alertname":"Down","cluster":"a","service":"db"} [db]"#,
        r#""dba" {"alertname":"Full","cluster":"b","service":"db"} [db]"#,
    ];
    assert_eq!(lines, expected);
    let some = house.get("/api/v2/alerts/groups?receiver=dba").await.json();
    assert_eq!(some.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn markup_in_a_label_stays_text() {
    let house = House::new();
    let labels = serde_json::json!([{ "labels": { "alertname": "<script>alert('x')</script>" } }]);
    house.post("/api/v2/alerts", labels.to_string()).await;
    for path in ["/api/v2/alerts", "/api/v2/alerts/groups", "/api/itsm/v1/alerts"] {
        let answer = house.get(path).await;
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
        assert!(answer.json().to_string().contains("<script>alert('x')</script>"), "{path}");
    }
}

#[tokio::test]
async fn status_receivers_and_silences_are_there() {
    let house = House::new();
    let status = house.get("/api/v2/status").await.json();
    assert_eq!(status["cluster"], serde_json::json!({ "peers": [], "status": "disabled" }));
    assert_eq!(status["config"]["original"], "route: {receiver: web}\n");
    assert_eq!(house.get("/api/v2/silences").await.body, "[]\n");
}
