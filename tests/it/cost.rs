//! What a commit costs, counted: clocks lie on a busy machine, numbers of keys and bytes do not.

use std::ops::ControlFlow;

use incidentd::domain::event::{Ends, Event, Signal};
use incidentd::domain::value::{Labels, Timestamp};
use incidentd::engine::{Engine, Entry, Input};
use incidentd::shell::journal::{self, Record};
use incidentd::shell::store::memory::MemoryStore;
use incidentd::shell::store::{Partition, Seq, Store};

use crate::promise::settings;

const PART: Partition = Partition(0);
const NOW: Timestamp = Timestamp(1_800_000_000_000);

const AT_ONCE: &str = "
route: { receiver: ops, group_by: [group], group_wait: 0s }
receivers: [ { name: ops, webhook_configs: [ { url: http://127.0.0.1:1/ } ] } ]
";

/// What one request left behind.
struct Cost {
    deliveries: usize,
    values: usize,
    rows: usize,
    bytes: u64,
}

/// Takes in so many alerts with one request, spread over so many groups.
fn cost(alerts: usize, groups: usize) -> Cost {
    let mut engine = Engine::new(settings(AT_ONCE));
    let started = Input::Started(engine.settings().clone());
    let _ = engine.step(Entry { at: NOW, input: started });
    let event = |number: usize| Event {
        source: "alertmanager".into(),
        signal: Signal::Firing,
        labels: Labels::new([
            ("alertname", "Down".to_owned()),
            ("group", format!("g{}", number % groups)),
            ("instance", format!("host-{number}")),
        ]),
        annotations: Labels::new([("summary", format!("host-{number} does not answer"))]),
        url: Box::default(),
        key: Box::default(),
        starts_at: NOW,
        ends: Ends::Never,
    };
    let input = Input::Events((0..alerts).map(event).collect());
    let outcome = engine.step(Entry { at: NOW, input });
    let deliveries = outcome.effects.len();

    let mut store = MemoryStore::blank();
    let epoch = store.acquire(PART).unwrap().epoch;
    let before = store.bytes();
    let records = vec![Record { at: NOW, facts: outcome.facts }];
    let entries = journal::entries(records, &mut Vec::new());
    store.append(PART, epoch, Seq(0), &entries).unwrap();
    let mut rows = 0;
    let mut count = |_, _| {
        rows += 1;
        ControlFlow::Continue(())
    };
    store.index(PART, &mut count).unwrap();
    Cost { deliveries, values: entries.len(), rows, bytes: store.bytes() - before }
}

#[test]
fn what_must_not_wait_leaves_with_the_commit_of_its_alert() {
    assert_eq!(cost(1, 1).deliveries, 1);
    assert_eq!(cost(1_000, 1_000).deliveries, 1_000);
}

#[test]
fn a_record_costs_one_index_row_wherever_its_facts_lie() {
    let check = |groups, rows_max| {
        let cost = cost(groups, groups);
        let least = groups..=rows_max;
        assert!(least.contains(&cost.rows), "{} rows for {groups} groups", cost.rows);
    };
    check(1, 1);
    check(1_000, 1_000 + 100);
    check(10_000, 10_000 + 1_000);
}

#[test]
fn alerts_of_a_known_group_cost_no_rows_and_little_room() {
    let few = cost(100, 1);
    let many = cost(2_100, 1);
    assert!(many.rows <= many.values, "{} rows", many.rows);
    let each = (many.bytes - few.bytes) / 2_000;
    assert!(each < 100, "{each} bytes for an alert with three labels and a summary");
}
