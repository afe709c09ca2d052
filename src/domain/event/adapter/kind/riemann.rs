//! Riemann: events posted by a stream of the user's, in Riemann's own fields.

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Severity, Span};

/// Riemann.
pub const ADAPTER: Adapter = Adapter { name: "riemann", title: "Riemann", read, fits };

/// The state is free text, by convention one of these.
const STATES: [(&str, Means); 8] = [
    ("ok", Means::Resolved),
    ("normal", Means::Resolved),
    ("warning", Means::Firing),
    ("warn", Means::Firing),
    ("critical", Means::Firing),
    ("error", Means::Firing),
    ("down", Means::Firing),
    // The event was not renewed in time: nobody knows how it stands.
    ("expired", Means::Firing),
];
const SEVERITIES: [(&str, Severity); 7] = [
    ("ok", Severity::Info),
    ("normal", Severity::Info),
    ("warning", Severity::Warning),
    ("warn", Severity::Warning),
    ("critical", Severity::Critical),
    ("error", Severity::High),
    ("down", Severity::High),
];
/// Seconds that a state is believed, by the sender's word, lie below this.
const TTL_SECONDS_MAX: f64 = 604_800.0;

const TABLE: Table = Table {
    name: &["/service"],
    key: &[&["/host"], &["/service"]],
    status: &["/state"],
    words: &STATES,
    severity: &["/severity", "/state"],
    severities: &SEVERITIES,
    labels: &[("instance", &["/host"]), ("environment", &["/environment"])],
    annotations: &[
        ("summary", &["/description"]),
        ("description", &["/description"]),
        ("state", &["/state"]),
        ("metric", &["/metric", "/metric_f"]),
        ("tags", &["/tags"]),
    ],
    starts_at: &["/time"],
    ends_at: &["/time"],
    more,
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    let event = if body.is_array() { &body[0] } else { body };
    let text = |name: &str| event[name].is_string();
    text("host")
        && text("service")
        && text("state")
        && json::has_any(event, &["metric", "ttl", "metric_f"])
}

/// Reads an event, or an array of them.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    TABLE.read(body, context)
}

fn more(event: &Value, draft: &mut Draft) {
    let ttl = event["ttl"].as_f64().filter(|ttl| *ttl > 0.0 && *ttl < TTL_SECONDS_MAX);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded above")]
    if let Some(ttl) = ttl {
        // Riemann sends again within the time; one event may be late.
        draft.lease = Some(Span::seconds(2 * ttl.ceil() as u64));
    }
}
