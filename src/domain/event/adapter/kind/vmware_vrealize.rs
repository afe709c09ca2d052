//! `VMware` Aria Operations, once vRealize Operations: alerts of its REST notification plugin.

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::Severity;

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
        ("CANCELED", Means::Resolved),
        ("CANCELLED", Means::Resolved),
    ],
    severity: &["/criticality"],
    severities: &[
        ("ALERT_CRITICALITY_LEVEL_CRITICAL", Severity::Critical),
        ("ALERT_CRITICALITY_LEVEL_IMMEDIATE", Severity::High),
        ("ALERT_CRITICALITY_LEVEL_WARNING", Severity::Warning),
        ("ALERT_CRITICALITY_LEVEL_INFO", Severity::Info),
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

fn fits(body: &Value, _: &Head) -> bool {
    body.get("alertId").is_some()
        && body.get("criticality").is_some()
        && json::has_any(body, &["resourceName", "resourceId", "adapterKind"])
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    TABLE.read(body, context)
}
