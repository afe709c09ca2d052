//! Any bytes, given to every adapter: no panic, and no element of an array lost.

#![no_main]

use std::sync::Arc;

use incidentd::domain::event::adapter::kind::ADAPTERS;
use incidentd::domain::event::adapter::{self, Context, Kind, Limits};
use incidentd::domain::value::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const GENERIC: &str = r#"{"each": "alerts", "key": "fingerprint", "name": "labels.alertname",
    "status": {"path": "status"}, "labels": {"all": "labels", "top": "$.x"}, "starts_at": "startsAt"}"#;

fuzz_target!(|body: &[u8]| {
    let source = Arc::from("fuzz");
    let limits = Limits::default();
    let context = Context::new(&source, Timestamp(1_772_366_400_000), &limits);
    let context = Context { utf8: false, ..context };
    let generic = Kind::Generic(Box::new(serde_json::from_str(GENERIC).expect("a constant")));
    let known = ADAPTERS.iter().map(|adapter| Kind::Known(adapter));
    for kind in known.chain([Kind::Auto, generic]) {
        let _ = adapter::read(&kind, body, &context);
    }
    let Ok(read) = adapter::read(&Kind::PROMETHEUS, body, &context) else {
        return;
    };
    if let Ok(Value::Array(alerts)) = serde_json::from_slice(body) {
        assert_eq!(read.events.len() + read.rejected.len(), alerts.len());
    }
});
