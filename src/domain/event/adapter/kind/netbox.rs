//! `NetBox`: changes of its records over a webhook. They are no conditions; who works on a fault
//! wants to know that somebody changed the rack.

use serde_json::Value;

use super::Adapter;
use super::table::Table;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Severity, Span};

/// `NetBox`.
pub const ADAPTER: Adapter = Adapter { name: "netbox", title: "NetBox", read, fits };

/// A change is over when it is told.
const LEASE: Span = Span::hours(1);

const TABLE: Table = Table {
    name: &["/model"],
    key: &[&["/model"], &["/data/id"]],
    labels: &[
        ("instance", &["/data/name", "/data/display"]),
        ("model", &["/model"]),
        ("change", &["/event"]),
        ("site", &["/data/site/name"]),
    ],
    annotations: &[
        ("username", &["/username"]),
        ("path", &["/data/display_url", "/data/url"]),
        ("status", &["/data/status/value", "/data/status"]),
        ("description", &["/data/description", "/data/comments"]),
    ],
    starts_at: &["/timestamp"],
    lease: Some(LEASE),
    delivery: &["/request_id"],
    more,
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    body.get("model").is_some()
        && body.get("event").is_some()
        && json::has_any(body, &["snapshots", "request_id"])
        && body["data"].is_object()
}

/// Reads a change.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    TABLE.read(body, context)
}

fn more(body: &Value, draft: &mut Draft) {
    let [event, model, user] = ["event", "model", "username"].map(|name| json::field(body, name));
    let display = json::field(&body["data"], "display");
    let summary = format!("{model} {display} {event} by {user}");
    draft.annotations = draft.annotations.with([("summary", summary.as_str())]);
    draft.labels = draft.labels.with([
        ("severity", Severity::Info.name()),
        ("alertname", &format!("NetBox {model} {event}")),
    ]);
}
