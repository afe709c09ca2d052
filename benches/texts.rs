//! How fast texts are read: a thousand messages of syslog, a thousand records of OTLP.

use std::fmt::Write as _;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use incidentd::domain::event::adapter::{self, Context, Kind, Limits};
use incidentd::domain::value::Timestamp;
use serde_json::{Value, json};

const MESSAGES: usize = 1_000;

fn main() {
    divan::main();
}

fn read(bencher: Bencher, kind: &str, body: &str) {
    let kind = Kind::named(kind).expect("there is one");
    let source = Arc::from("logs");
    let limits = Limits::default();
    let context = Context::new(&source, Timestamp(1_772_366_400_000), &limits);
    assert!(adapter::read(&kind, body.as_bytes(), &context).is_ok());
    bencher
        .counter(BytesCount::new(body.len()))
        .counter(ItemsCount::new(MESSAGES))
        .bench(|| adapter::read(&kind, divan::black_box(body).as_bytes(), &context));
}

/// A priority of severity 3 makes an alert of each message, one of severity 6 counts it.
fn syslog(pri: u8) -> String {
    (0..MESSAGES).fold(String::new(), |mut body, at| {
        let _ = writeln!(
            body,
            "<{pri}>1 2026-03-01T11:59:58.5Z node-{at:04} app {at} - - request 7f3a{at:04x} to \
             10.0.0.7:8443 failed after {at} ms"
        );
        body
    })
}

#[divan::bench]
fn syslog_errors(bencher: Bencher) {
    read(bencher, "syslog", &syslog(11));
}

#[divan::bench]
fn syslog_below_errors(bencher: Bencher) {
    read(bencher, "syslog", &syslog(14));
}

#[divan::bench]
fn otlp_errors(bencher: Bencher) {
    let record = |at: usize| {
        json!({
            "timeUnixNano": "1772366390000000000",
            "severityNumber": 17,
            "body": { "stringValue": format!("request {at} failed after {at} ms") },
            "attributes": [{ "key": "http.status", "value": { "intValue": "500" } }],
        })
    };
    let records: Vec<Value> = (0..MESSAGES).map(record).collect();
    let service = json!([{ "key": "service.name", "value": { "stringValue": "shop" } }]);
    let body = json!({ "resourceLogs": [{
        "resource": { "attributes": service },
        "scopeLogs": [{ "logRecords": records }],
    }]});
    read(bencher, "otlp", &body.to_string());
}
