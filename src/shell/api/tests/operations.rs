//! Health, metrics, reload, limits, prefix.

use super::*;
use crate::shell::api::serve;
use crate::shell::handle::NotTaken;

#[tokio::test]
async fn health_and_readiness() {
    let house = House::new();
    for (what, status) in [("GET /-/healthy", 200), ("HEAD /-/healthy", 200), ("GET /-/ready", 503)]
    {
        assert_eq!(house.send(what, &[], "").await.status, status, "{what}");
    }
    house.context.set_ready(true);
    let answer = house.get("/-/ready").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "OK"));
    assert_eq!(house.send("HEAD /-/ready", &[], "").await.status, 200);
}

#[tokio::test]
async fn the_metrics_that_dashboards_rely_on_are_there_from_the_start() {
    let house = House::new();
    house.context.metrics.reloaded("00000000000fabcd", crate::domain::value::Timestamp(2_000));
    house.fire("alertname=A severity=critical").await;
    house.post("/api/v2/alerts", r#"[{"labels":{}}]"#).await;
    let text = house.get("/metrics").await.body;
    for line in [
        r#"alertmanager_alerts{state="active"} 1"#,
        r#"alertmanager_alerts{state="suppressed"} 0"#,
        r#"alertmanager_alerts_received_total{status="firing",version="v2"} 1"#,
        r#"alertmanager_alerts_received_total{status="resolved",version="v2"} 0"#,
        r#"alertmanager_alerts_invalid_total{version="v2"} 1"#,
        r#"alertmanager_notifications_total{integration="webhook"} 0"#,
        r#"alertmanager_notifications_failed_total{integration="email",reason="other"} 0"#,
        r#"alertmanager_notification_requests_total{integration="slack"} 0"#,
        r#"alertmanager_notification_requests_failed_total{integration="slack"} 0"#,
        r#"alertmanager_notification_latency_seconds_count{integration="webhook"} 0"#,
        "alertmanager_config_hash 15",
        "alertmanager_config_last_reload_successful 1",
        "alertmanager_config_last_reload_success_timestamp_seconds 2",
        "alertmanager_dispatcher_aggregation_groups 0",
        "alertmanager_receivers 2",
        "alertmanager_integrations 0",
        "alertmanager_cluster_enabled 0",
        "alertmanager_build_info{",
        "alertmanager_http_request_duration_seconds_count{code=\"200\",handler=\"/api/v2/alerts\"",
        "process_start_time_seconds ",
        "incidentd_build_info{",
        r#"incidentd_incidents_open{priority="P"#,
        "incidentd_commits_total 0",
        "incidentd_courier_waiting 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_reload_answers_what_came_of_it() {
    let mut house = House::new();
    let mut reloads = std::mem::replace(&mut house.reloads, mpsc::channel(1).1);
    let loader = tokio::spawn(async move {
        for outcome in [Ok(()), Err("incidentd.yaml:3:1: unknown key `rout`".to_owned())] {
            reloads.recv().await.unwrap().send(outcome).unwrap();
        }
    });
    assert_eq!(house.post("/-/reload", "").await.status, 200);
    let answer = house.post("/-/reload", "").await;
    assert!(answer.status == 500 && answer.body.contains("incidentd.yaml:3:1"), "{}", answer.body);
    loader.await.unwrap();
    assert_eq!(house.post("/-/reload", "").await.status, 500, "nobody is there any more");
    assert_eq!(house.get("/-/reload").await.status, 405);
}

#[tokio::test]
async fn everything_moves_under_the_prefix() {
    let house =
        House::with(Vec::new(), Vec::new(), |context| context.route_prefix = "/am".to_owned());
    let answer = house.get("/").await;
    assert_eq!((answer.status, answer.header("location")), (302, "/am/"));
    for (path, status) in [
        ("/am/", 200),
        ("/am/-/healthy", 200),
        ("/am/metrics", 200),
        ("/am/api/v2/alerts", 200),
        ("/am/api/itsm/v1/incidents", 200),
        ("/am/api/v2/nothing", 404),
        ("/am/nothing", 404),
        ("/api/v2/alerts", 404),
        ("/metrics", 404),
    ] {
        assert_eq!(house.get(path).await.status, status, "{path}");
    }
    let text = house.get("/am/metrics").await.body;
    assert!(text.contains(r#"handler="/api/v2/alerts""#), "{text}");
}

#[tokio::test]
async fn too_many_lists_at_a_time_are_turned_away() {
    let house = House::new();
    let room = Arc::clone(&house.context.gets);
    let held = room.acquire_many(u32::try_from(house.context.gets_max).unwrap()).await.unwrap();
    let answer = house.get("/api/v2/alerts").await;
    assert_eq!(answer.status, 503);
    let text = format!(
        "Limit of concurrent GET requests reached ({}), try again later.",
        house.context.gets_max
    );
    assert_eq!(answer.body.trim_end(), text);
    assert_eq!(house.get("/-/healthy").await.status, 200);
    assert_eq!(house.post("/api/v2/alerts", "[]").await.status, 200);
    drop(held);
    assert_eq!(house.get("/api/v2/alerts").await.status, 200);
}

#[tokio::test]
async fn a_place_is_kept_until_the_last_byte_has_gone() {
    let house = House::new();
    let many: Vec<_> = (0..600).map(|n| format!("alertname=A{n}")).collect();
    house.fire(&many.join("\n")).await;
    let free = house.context.gets.available_permits();
    let request = Request::get("/api/v2/alerts").body(Body::empty()).unwrap();
    let response = house.router.clone().oneshot(request).await.unwrap();
    assert_eq!(house.context.gets.available_permits(), free - 1);
    drop(response);
    assert_eq!(house.context.gets.available_permits(), free);
}

#[tokio::test]
async fn what_cannot_be_written_is_to_be_sent_again() {
    use crate::shell::intake::http::Turned;

    for (why, seconds) in [(NotTaken::Overloaded, 1), (NotTaken::Stopping, 5)] {
        let turned = Turned::from(why);
        assert_eq!((turned.status(), turned.retry_after_s()), (503, Some(seconds)));
    }
}

#[tokio::test]
async fn a_server_answers_until_it_is_told_to_stop() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let house = House::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let serving = tokio::spawn(serve(listener, house.router.clone(), None, stopped));

    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut start = [0; 15];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");

    stop.send(true).unwrap();
    serving.await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("OK"), "an idle connection is closed: {rest}");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens");
}
