//! How fast bodies are read: a request of Prometheus' usual size, 64 alerts of about 750 bytes, and
//! the fixtures of every adapter, one after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use incidentd::domain::event::adapter::kind::ADAPTERS;
use incidentd::domain::event::adapter::{self, Context, Head, Kind, Limits};
use incidentd::domain::value::Timestamp;
use serde_json::{Value, json};

const ALERTS: usize = 64;

fn main() {
    divan::main();
}

/// Eight labels and three annotations each, in the order in which Go writes them.
fn alerts() -> Value {
    let alert = |at: usize| {
        json!({
            "annotations": {
                "description": format!(
                    "The disk of node-{at:04}.rack-17.example.com has had less than ten percent \
                     of free space for more than fifteen minutes."
                ),
                "runbook_url": "https://runbooks.example.com/storage/node-disk-filling-up",
                "summary": format!("Disk of node-{at:04} is filling up"),
            },
            "endsAt": "2026-03-01T12:04:00.123Z",
            "startsAt": "2026-03-01T11:58:00.123Z",
            "generatorURL": "http://prometheus-0.example.com:9090/graph?g0.expr=\
                node_filesystem_avail_bytes+%2F+node_filesystem_size_bytes+%3C+0.1&g0.tab=1",
            "labels": {
                "alertname": "NodeDiskFillingUp",
                "cluster": "production-eu-1",
                "device": "/dev/nvme0n1p1",
                "instance": format!("node-{at:04}.rack-17.example.com:9100"),
                "job": "node-exporter",
                "mountpoint": "/var/lib/data",
                "severity": "warning",
                "team": "storage",
            },
        })
    };
    (0..ALERTS).map(alert).collect()
}

fn read(bencher: Bencher, kind: &Kind, body: &Value) {
    let body = body.to_string();
    let source = Arc::from("prometheus");
    let context = Context::new(&source, Timestamp(1_772_366_400_000), &Limits::API_V2);
    let count = adapter::read(kind, body.as_bytes(), &context).map(|read| read.events.len());
    assert_eq!(count, Ok(ALERTS));
    bencher
        .counter(BytesCount::new(body.len()))
        .counter(ItemsCount::new(ALERTS))
        .bench(|| adapter::read(kind, divan::black_box(&body).as_bytes(), &context));
}

#[divan::bench]
fn api_v2(bencher: Bencher) {
    read(bencher, &Kind::PROMETHEUS, &alerts());
}

#[divan::bench]
fn webhook(bencher: Bencher) {
    let body = json!({"version": "4", "status": "firing", "alerts": alerts()});
    read(bencher, &Kind::named("alertmanager").expect("there is one"), &body);
}

#[divan::bench]
fn detecting(bencher: Bencher) {
    read(bencher, &Kind::Auto, &alerts());
}

/// Bodies of a kind of source, as the tests have them.
fn fixtures(name: &str) -> Vec<(Head, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/adapter").join(name);
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.sort();
    let texts = paths.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    let bodies = texts.map(|text| {
        let body = text.split_once("\n=== read\n").map_or(text.as_str(), |(body, _)| body);
        let (head, body) = body.split_once("\n=== body\n").unwrap_or(("", body));
        let query = head.lines().find_map(|line| line.strip_prefix('?')).unwrap_or("");
        let head = Head::new(head.lines().filter_map(|line| line.split_once(": ")), query);
        (head, body.as_bytes().to_vec())
    });
    bodies.collect()
}

#[divan::bench(args = ADAPTERS.iter().map(|adapter| adapter.name))]
fn fixtures_of(bencher: Bencher, name: &str) {
    let kind = Kind::named(name).expect("the list names those that exist");
    let bodies = fixtures(name);
    let source = Arc::from(name);
    let limits = Limits::default();
    let context = Context::new(&source, Timestamp(1_772_366_400_000), &limits);
    bencher
        .counter(BytesCount::new(bodies.iter().map(|(_, body)| body.len()).sum::<usize>()))
        .counter(ItemsCount::new(bodies.len()))
        .bench(|| {
            for (head, body) in &bodies {
                let context = Context { head, ..context };
                divan::black_box(adapter::read(&kind, divan::black_box(body), &context).ok());
            }
        });
}
