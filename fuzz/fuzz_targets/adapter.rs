//! Any bytes, given to an adapter: no panic, and no element of an array lost.
//!
//! `ADAPTER=zabbix` in the environment gives them to that one, which finds more in less time;
//! without it they go to all. `fuzz/run` does one after the other.

#![no_main]

use std::sync::{Arc, LazyLock};

use incidentd::domain::event::adapter::kind::ADAPTERS;
use incidentd::domain::event::adapter::{self, Context, Head, Kind, Limits};
use incidentd::domain::value::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const GENERIC: &str = r#"{"each": "alerts", "key": "fingerprint", "name": "labels.alertname",
    "status": {"path": "status"}, "labels": {"all": "labels", "top": "$.x"}, "starts_at": "startsAt"}"#;

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let generic = Kind::Generic(Box::new(serde_json::from_str(GENERIC).expect("a constant")));
    let known = ADAPTERS.iter().map(|adapter| Kind::Known(adapter));
    // These have rules of their own; here they have none.
    let texts = ["syslog", "mail"].into_iter().filter_map(Kind::named);
    let all = known.chain(texts).chain([Kind::Auto, generic]);
    match std::env::var("ADAPTER") {
        Ok(name) => all.filter(|kind| kind.name() == name).collect(),
        Err(_) => all.collect(),
    }
});

fuzz_target!(|input: &[u8]| {
    assert!(!KINDS.is_empty(), "there is no adapter of that name");
    // A body may have a head before it: lines `name: value`, `?query`, and an empty line.
    let parts = input.windows(2).position(|two| two == b"\n\n");
    let (head, body) = parts.map_or((&b""[..], input), |at| (&input[..at], &input[at + 2..]));
    let head = String::from_utf8_lossy(head);
    let query = head.lines().find_map(|line| line.strip_prefix('?')).unwrap_or("");
    let head = Head::new(head.lines().filter_map(|line| line.split_once(": ")), query);
    let source = Arc::from("fuzz");
    let limits = Limits::default();
    let context = Context::new(&source, Timestamp(1_772_366_400_000), &limits);
    let context = Context { utf8: false, head: &head, ..context };
    for kind in KINDS.iter() {
        let Ok(read) = adapter::read(kind, body, &context) else { continue };
        if let (true, Ok(Value::Array(alerts))) =
            (kind.is_prometheus(), serde_json::from_slice(body))
        {
            assert_eq!(read.events.len() + read.rejected.len(), alerts.len());
        }
    }
});
