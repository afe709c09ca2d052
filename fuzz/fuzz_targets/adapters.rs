//! Any bytes, given to every adapter: no panic, and no element of an array lost.

#![no_main]

use std::sync::Arc;

use incidentd::domain::event::adapter::{self, Context, Kind, Limits};
use incidentd::domain::value::{Span, Timestamp};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const GENERIC: &str = r#"{"each": "alerts", "key": "fingerprint", "name": "labels.alertname",
    "status": {"path": "status"}, "labels": {"all": "labels", "top": "$.x"}, "starts_at": "startsAt"}"#;

fuzz_target!(|body: &[u8]| {
    let source = Arc::from("fuzz");
    let context = Context {
        source: &source,
        now: Timestamp(1_772_366_400_000),
        resolve_timeout: Span::minutes(5),
        limits: &Limits::default(),
        utf8: false,
    };
    let generic = Kind::Generic(Box::new(serde_json::from_str(GENERIC).expect("a constant")));
    let kinds =
        [Kind::AlertmanagerWebhook, Kind::Grafana, Kind::GrafanaLegacy, Kind::Auto, generic];
    for kind in kinds {
        let _ = adapter::read(&kind, body, &context);
    }
    let Ok(read) = adapter::read(&Kind::Prometheus, body, &context) else {
        return;
    };
    if let Ok(Value::Array(alerts)) = serde_json::from_slice(body) {
        assert_eq!(read.events.len() + read.rejected.len(), alerts.len());
    }
});
