//! `VMware` Aria Operations, once vRealize Operations: alerts of its REST notification plugin; and
//! those of Aria Operations for Logs, once Log Insight, which never say that they are over.

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Severity, Span};

/// `VMware` Aria Operations.
pub const ADAPTER: Adapter =
    Adapter { name: "vmware-vrealize", title: "VMware Aria Operations (vRealize)", read, fits };

const TABLE: Table = Table {
    name: &["/alertName", "/info", "/subType", "/type"],
    key: &[&["/alertId"]],
    status: &["/status"],
    words: &[
        ("ACTIVE", Means::Firing),
        ("NEW", Means::Firing),
        ("UPDATED", Means::Firing),
        ("INACTIVE", Means::Resolved),
        ("CANCELED", Means::Resolved),
        ("CANCELLED", Means::Resolved),
    ],
    severity: &["/criticality"],
    severities: &[
        ("ALERT_CRITICALITY_LEVEL_CRITICAL", Severity::Critical),
        ("ALERT_CRITICALITY_LEVEL_IMMEDIATE", Severity::High),
        ("ALERT_CRITICALITY_LEVEL_WARNING", Severity::Warning),
        ("ALERT_CRITICALITY_LEVEL_INFO", Severity::Info),
        ("ALERT_CRITICALITY_LEVEL_INFORMATION", Severity::Info),
        ("ALERT_CRITICALITY_LEVEL_AUTO", Severity::Unknown),
        ("ALERT_CRITICALITY_LEVEL_UNKNOWN", Severity::Unknown),
        ("CRITICAL", Severity::Critical),
        ("IMMEDIATE", Severity::High),
        ("WARNING", Severity::Warning),
        ("INFORMATION", Severity::Info),
        ("INFO", Severity::Info),
    ],
    labels: &[
        ("instance", &["/resourceName", "/resourceId"]),
        ("resource_kind", &["/resourceKind"]),
        ("adapter_kind", &["/adapterKind"]),
        ("type", &["/type"]),
        ("sub_type", &["/subType"]),
    ],
    annotations: &[
        ("summary", &["/alertName", "/info"]),
        ("description", &["/info"]),
        ("impact", &["/impact"]),
        ("recommendations", &["/recommendations"]),
    ],
    url: &["/alertURL", "/alertUrl", "/link"],
    starts_at: &["/startDate"],
    ends_at: &["/cancelDate", "/updateDate"],
    ..Table::EMPTY
};

/// Alerts of logs: a search has found something.
const LOGS: Table = Table {
    name: &["/AlertName"],
    key: &[&["/AlertName"]],
    annotations: &[
        ("summary", &["/Info", "/AlertName"]),
        ("description", &["/messages/0/text"]),
        ("recommendations", &["/Recommendation"]),
        ("hits", &["/NumHits", "/HitCount"]),
        ("edit_url", &["/EditUrl"]),
    ],
    url: &["/Url"],
    starts_at: &["/messages/0/timestamp"],
    // The search runs every few minutes.
    lease: Some(Span::hours(1)),
    more: |_, draft| {
        // A search has no severity of its own; somebody wanted to be told.
        draft.labels = draft.labels.with([("severity", Severity::Warning.name())]);
    },
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    let operations = body.get("alertId").is_some()
        && body.get("criticality").is_some()
        && json::has_any(body, &["resourceName", "resourceId", "adapterKind"]);
    operations || is_of_logs(body)
}

fn is_of_logs(body: &Value) -> bool {
    body["AlertName"].is_string() && body["messages"].is_array()
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    if !is_of_logs(&body) {
        return TABLE.value(&body, context);
    }
    if body["messages"] == Value::Array(Vec::new()) {
        let mut read = Read::default();
        read.note(
            0,
            format!("a test of `{}`: no message was found", json::at(&body, "/AlertName")),
        );
        return Ok(read);
    }
    LOGS.value(&body, context)
}
