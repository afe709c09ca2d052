//! Spans of requests and deliveries reach the collector that `tracing` names, and a reload changes it.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use incidentd::shell::tracer::wire::{Any, Request, Span};
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};

use crate::daemon::{Daemon, Home};
use crate::served::Served;
use crate::sink::{Heard, Sink};
use crate::until::until;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A collector of either protocol.
struct Collector {
    endpoint: String,
    spans: Arc<Mutex<Vec<Span>>>,
    _served: Served,
}

impl Collector {
    fn start() -> Self {
        let spans = Arc::default();
        let router = Router::new().fallback(take).with_state(Arc::clone(&spans));
        let served = Served::start(router);
        Self { endpoint: served.address.to_string(), spans, _served: served }
    }

    fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }
}

async fn take(
    State(spans): State<Arc<Mutex<Vec<Span>>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> [(&'static str, &'static str); 2] {
    let is_grpc = headers["content-type"] == "application/grpc";
    let export = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    assert_eq!(uri.path(), if is_grpc { export } else { "/v1/traces" });
    let request = Request::decode(&body[if is_grpc { 5 } else { 0 }..]).unwrap();
    let of_us = request.resource_spans.into_iter().flat_map(|it| it.scope_spans);
    spans.lock().unwrap().extend(of_us.flat_map(|scope| scope.spans));
    [("content-type", "application/grpc"), ("grpc-status", "0")]
}

fn config(sink: &Sink, tracing: &str) -> String {
    let url = sink.url();
    format!(
        "
route: {{ receiver: team, group_by: [alertname], group_wait: 0s }}
receivers:
  - name: team
    webhook_configs: [ {{ url: '{url}/hook', send_resolved: false }} ]
{tracing}
"
    )
}

fn to(collector: &Collector, client: &str, fraction: &str) -> String {
    let endpoint = &collector.endpoint;
    format!(
        "tracing: {{ client_type: {client}, endpoint: '{endpoint}', insecure: true, \
         sampling_fraction: {fraction} }}"
    )
}

/// Posts an alert out of a trace, and returns what the webhook heard of it.
fn post(daemon: &Daemon, sink: &Sink, name: &str, flags: &str) -> Heard {
    let parent = format!("traceparent: 00-{TRACE}-{PARENT}-{flags}");
    let headers = ["Content-Type: application/json", parent.as_str()];
    let alerts = json!([{ "labels": { "alertname": name } }]).to_string();
    let answer = daemon.api().send(Method::POST, "/api/v2/alerts", &headers, alerts);
    assert_eq!(answer.status, 200, "{answer:?}");
    until("the webhook is told", || {
        let is_it = |heard: &Heard| heard.body["groupLabels"]["alertname"] == name;
        sink.heard().into_iter().find(is_it)
    })
}

fn reload(home: &Home, daemon: &Daemon, config: &str) {
    home.write("incidentd.yaml", config);
    let answer = daemon.api().post("/-/reload", &Value::Null);
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn attribute(span: &Span, key: &str) -> String {
    let found = span.attributes.iter().find(|pair| pair.key == key);
    match found.and_then(|pair| pair.value.as_ref()?.value.as_ref()) {
        Some(Any::Text(text)) => text.clone(),
        Some(Any::Whole(number)) => number.to_string(),
        None => String::new(),
    }
}

#[track_caller]
fn check(client: &str) {
    let (sink, collector) = (Sink::start(&[]), Collector::start());
    let home = Home::new(&config(&sink, &to(&collector, client, "1")));
    let daemon = home.start();
    let heard = post(&daemon, &sink, "Full", "01");
    // What is not sent yet is sent at the end.
    let (_, log) = daemon.stop();
    let spans = collector.spans();

    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let requests = named("POST /api/v2/alerts");
    let [request] = requests.as_slice() else { panic!("{spans:#?}\n{log}") };
    assert_eq!((hex(&request.trace_id).as_str(), request.kind), (TRACE, 2));
    assert_eq!(hex(&request.parent_span_id), PARENT);
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/api/v2/alerts"),
        ("url.path", "/api/v2/alerts"),
        ("http.response.status_code", "200"),
    ] {
        assert_eq!(attribute(request, key), value, "{request:#?}");
    }
    assert!(!named("GET /-/ready").is_empty(), "whatever is asked leaves a span");

    let deliveries = named("notify.Integration.Notify");
    let [delivery] = deliveries.as_slice() else { panic!("{spans:#?}\n{log}") };
    assert_eq!((delivery.kind, delivery.parent_span_id.len()), (3, 0));
    for (key, value) in [
        ("alerting.notify.integration.name", "webhook"),
        ("alerting.notify.receiver.name", "team"),
        ("alerting.group.key", r#"{}:{alertname="Full"}"#),
        ("alerting.alerts.count", "1"),
        ("incidentd.attempt", "1"),
        ("incidentd.result", "delivered"),
    ] {
        assert_eq!(attribute(delivery, key), value, "{delivery:#?}");
    }
    assert!(delivery.start_time_unix_nano < delivery.end_time_unix_nano);
    let expected = format!("00-{}-{}-01", hex(&delivery.trace_id), hex(&delivery.span_id));
    assert_eq!(heard.traceparent, expected);
}

#[test]
fn spans_reach_a_collector_over_http() {
    check("http");
}

#[test]
fn spans_reach_a_collector_over_grpc() {
    check("grpc");
}

#[test]
fn a_reload_changes_how_much_is_traced() {
    let (sink, collector) = (Sink::start(&[]), Collector::start());
    let home = Home::new(&config(&sink, &to(&collector, "http", "0")));
    let daemon = home.start();
    let heard = post(&daemon, &sink, "First", "00");
    assert!(heard.traceparent.ends_with("-00"), "{heard:?}");

    reload(&home, &daemon, &config(&sink, ""));
    let heard = post(&daemon, &sink, "Second", "01");
    assert_eq!(heard.traceparent, "", "where nothing is traced nothing is said");

    reload(&home, &daemon, &config(&sink, &to(&collector, "http", "1")));
    let heard = post(&daemon, &sink, "Third", "01");
    assert!(heard.traceparent.ends_with("-01"), "{heard:?}");
    reload(&home, &daemon, &config(&sink, ""));
    let spans = until("what was begun is sent", || {
        let spans = collector.spans();
        spans.iter().any(|span| span.name == "notify.Integration.Notify").then_some(spans)
    });
    let posts: Vec<_> = spans.iter().filter(|span| span.name == "POST /api/v2/alerts").collect();
    assert_eq!(posts.len(), 1, "{spans:#?}");
    post(&daemon, &sink, "Fourth", "01");
    daemon.stop();
    assert_eq!(collector.spans().len(), spans.len());
}

#[test]
fn a_collector_that_is_away_delays_nobody_and_is_told_of_once() {
    let sink = Sink::start(&[]);
    // The port is free again: nobody answers there.
    let endpoint = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let tracing = format!(
        "tracing: {{ client_type: grpc, endpoint: '{endpoint}', insecure: true, \
         sampling_fraction: 1 }}"
    );
    let home = Home::new(&config(&sink, &tracing));
    let daemon = home.start();
    post(&daemon, &sink, "First", "01");
    daemon.until_log("do not reach the collector");
    post(&daemon, &sink, "Second", "01");
    let metrics = daemon.api().get("/metrics").text;
    assert!(metrics.contains("\nincidentd_spans_sent_total 0\n"), "{metrics}");
    assert!(metrics.contains("\nincidentd_spans_dropped_total{reason=\"full\"} 0\n"), "{metrics}");
    let stopping = Instant::now();
    let (status, log) = daemon.stop();
    assert!(status.success() && stopping.elapsed() < Duration::from_secs(10), "{log}");
    assert_eq!(log.matches("do not reach the collector").count(), 1, "{log}");
}
