//! Axiom: monitors' notifications over a custom webhook in its usual form.

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table, pick};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::Span;

/// Axiom.
pub const ADAPTER: Adapter = Adapter { name: "axiom", title: "Axiom", read, fits };

/// A monitor that matches single events never closes.
const LEASE: Span = Span::hours(1);

const TABLE: Table = Table {
    name: &["/event/title", "/event/monitorID"],
    key: &[&["/event/monitorID"], &["/event/groupValues"]],
    status: &["/action"],
    words: &[
        ("open", Means::Firing),
        ("opened", Means::Firing),
        ("triggered", Means::Firing),
        ("closed", Means::Resolved),
        ("close", Means::Resolved),
        ("resolved", Means::Resolved),
        ("test", Means::Nothing("a test from Axiom's page")),
    ],
    severity: &["/event/severity", "/severity"],
    labels: &[("monitor_id", &["/event/monitorID"])],
    annotations: &[
        ("summary", &["/event/title"]),
        ("description", &["/event/body", "/event/description"]),
        ("monitor_description", &["/event/description"]),
        ("value", &["/event/value"]),
        ("matched_event", &["/event/matchedEvent"]),
        ("query_start", &["/event/queryStartTime"]),
        ("query_end", &["/event/queryEndTime"]),
    ],
    url: &["/event/url"],
    starts_at: &["/event/timestamp", "/event/queryEndTime"],
    ends_at: &["/event/timestamp", "/event/queryEndTime"],
    more,
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    body.get("action").is_some() && json::has_any(&body["event"], &["monitorID"])
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    TABLE.read(body, context)
}

/// Titles begin with what happened: `Triggered: disk full`.
fn more(body: &Value, draft: &mut Draft) {
    let title = pick(body, &["/event/title"]);
    let name = ["Triggered: ", "Resolved: "].iter().find_map(|before| title.strip_prefix(before));
    if let Some(name) = name {
        draft.labels = draft.labels.with([("alertname", name)]);
    }
    let groups = pick(body, &["/event/groupKeys"]);
    let values = pick(body, &["/event/groupValues"]);
    let pairs = groups.split(", ").zip(values.split(", ")).filter(|(name, _)| !name.is_empty());
    draft.labels = draft.labels.with(pairs);
    if body["event"]["matchedEvent"].is_object() {
        draft.lease = Some(LEASE);
    }
}
