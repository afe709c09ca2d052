//! The engine without I/O: new alerts, re-sends, and rules by number.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use incidentd::domain::Settings;
use incidentd::domain::event::inhibit::{InhibitRule, Inhibitions};
use incidentd::domain::event::{Ends, Event, Signal};
use incidentd::domain::notification::route::{Route, Routes};
use incidentd::domain::stage::{Rule, Stage};
use incidentd::domain::value::matcher::Operator;
use incidentd::domain::value::{Labels, Matcher, Timestamp};
use incidentd::engine::{Engine, Entry, Input};
use incidentd::shell::journal::{self, Record};

fn main() {
    divan::main();
}

/// Alerts of one request, as Prometheus sends them.
const BATCH: u64 = 64;

fn event(number: u64, now: Timestamp) -> Event {
    let (instance, service) = (format!("host-{number:07}:9100"), format!("svc{}", number % 100));
    let name = format!("Bench{}", number % 50);
    Event {
        source: "prometheus".into(),
        signal: Signal::Firing,
        labels: Labels::new([
            ("alertname", name.as_str()),
            ("cluster", "cluster-1"),
            ("instance", &instance),
            ("job", "node"),
            ("namespace", "ns-1"),
            ("service", &service),
            ("severity", "warning"),
            ("team", "platform"),
        ]),
        annotations: Labels::new([("summary", format!("disk of {instance} fills up").as_str())]),
        url: "http://prometheus.example.org/graph".into(),
        key: Box::default(),
        starts_at: now,
        ends: Ends::At(Timestamp(now.0 + 240_000)),
    }
}

fn batch(first: u64, now: Timestamp) -> Input {
    Input::Events((first..first + BATCH).map(|number| event(number, now)).collect())
}

fn engine() -> Engine {
    Engine::new(Arc::new(Settings::default()))
}

/// Alerts that nobody has seen before.
#[divan::bench]
fn new_alerts(bencher: Bencher) {
    let (mut engine, mut next) = (engine(), 0);
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(|| {
            next += BATCH;
            batch(next, Timestamp(0))
        })
        .bench_local_values(|input| engine.step(Entry { at: Timestamp(0), input }));
}

/// The same alerts again, as every minute.
#[divan::bench(args = [1_000, 100_000])]
fn re_sends(bencher: Bencher, alerts: u64) {
    let mut engine = engine();
    for first in (0..alerts).step_by(64) {
        let _ = engine.step(Entry { at: Timestamp(0), input: batch(first, Timestamp(0)) });
    }
    let mut next = 0;
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(|| {
            next = (next + BATCH) % (alerts - BATCH);
            batch(next / 64 * 64, Timestamp(0))
        })
        .bench_local_values(|input| engine.step(Entry { at: Timestamp(0), input }));
}

/// Which of so many rules hold for an alert.
#[divan::bench(args = [10, 10_000])]
fn rules(bencher: Bencher, count: usize) {
    let rule = |number: usize| {
        let service = Matcher::new("service", Operator::Equal, &format!("svc{number}"));
        let team = Matcher::new("team", Operator::Like, "plat.+|ops");
        Rule {
            name: number.to_string(),
            place: format!("rules.yaml:{number}"),
            matchers: vec![service.expect("no pattern"), team.expect("a plain pattern")],
            goes_on: true,
            body: (),
        }
    };
    let stage = Stage::new((0..count).map(rule).collect());
    let labels = event(7, Timestamp(0)).labels;
    bencher.bench_local(|| stage.matching(divan::black_box(&labels)).len());
}

/// Which of so many routes side by side take an alert.
#[divan::bench(args = [5, 100, 1_000])]
fn routes(bencher: Bencher, count: usize) {
    let root = Route { children: (1..=count).collect(), ..Route::default() };
    let child = |index: usize| {
        let service = format!("svc{index}|app{index}-.*");
        let matcher = Matcher::new("service", Operator::Like, &service);
        Route { index, matchers: vec![matcher.expect("a plain pattern")], ..Route::default() }
    };
    let routes = Routes::new([root].into_iter().chain((1..=count).map(child)).collect());
    let labels = event(5, Timestamp(0)).labels;
    bencher.bench_local(|| routes.matching(divan::black_box(&labels)).len());
}

/// What inhibits an alert under so many rules with the same `equal`, of which few have sources.
#[divan::bench(args = [1, 20, 200])]
fn inhibitors(bencher: Bencher, count: usize) {
    let matcher = |name: &str, pattern: &str| {
        Matcher::new(name, Operator::Like, pattern).expect("a plain pattern")
    };
    let rule = |number: usize| InhibitRule {
        source: vec![matcher("service", &format!("svc{number}|app{number}-.*"))],
        target: vec![matcher("severity", "warning|info")],
        equal: ["alertname", "cluster", "namespace"].map(str::to_owned).to_vec(),
        ..InhibitRule::default()
    };
    let inhibitions = Inhibitions::new((0..count).map(rule).collect());
    let settings = Arc::new(Settings { inhibitions: Arc::new(inhibitions), ..Settings::default() });
    let mut engine = Engine::new(Arc::clone(&settings));
    let _ = engine.step(Entry { at: Timestamp(0), input: Input::Started(settings) });
    let _ = engine.step(Entry { at: Timestamp(0), input: batch(0, Timestamp(0)) });
    let labels = event(150, Timestamp(0)).labels;
    let state = engine.state();
    bencher.bench_local(|| state.event.inhibitors_of(divan::black_box(&labels)).count());
}

/// What new alerts leave in the journal.
#[divan::bench]
fn journal(bencher: Bencher) {
    let at = Timestamp(0);
    let facts = engine().step(Entry { at, input: batch(0, at) }).facts;
    let mut text = Vec::new();
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(|| vec![Record { at, facts: facts.clone() }])
        .bench_local_values(|records| journal::entries(records, &mut text));
}
