//! Google Security Operations, once Chronicle: events of its unified data model with a verdict.

use serde_json::Value;

use super::Adapter;
use super::table::Table;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Severity, Span};

/// Google Security Operations.
pub const ADAPTER: Adapter =
    Adapter { name: "google-secops", title: "Google Security Operations", read, fits };

/// What was seen is over when it is told; a person looks into it within the day.
const LEASE: Span = Span::days(1);

const TABLE: Table = Table {
    each: "/events",
    name: &["/security_result/0/rule_name", "/security_result/0/summary", "/metadata/event_type"],
    key: &[&["/metadata/id", "/metadata/product_log_id"]],
    severity: &["/security_result/0/severity"],
    severities: &[
        ("critical", Severity::Critical),
        ("high", Severity::High),
        ("medium", Severity::Warning),
        ("low", Severity::Info),
        ("informational", Severity::Info),
        ("none", Severity::None),
    ],
    labels: &[
        ("event_type", &["/metadata/event_type"]),
        ("product", &["/metadata/product_name"]),
        ("instance", &["/target/hostname", "/principal/hostname", "/target/ip/0"]),
        ("user", &["/principal/user/userid", "/target/user/userid"]),
    ],
    annotations: &[
        ("summary", &["/security_result/0/summary", "/metadata/event_type"]),
        ("description", &["/security_result/0/description", "/metadata/description"]),
        ("action", &["/security_result/0/action"]),
        ("principal_ip", &["/principal/ip"]),
        ("vendor", &["/metadata/vendor_name"]),
    ],
    url: &["/metadata/url_back_to_product"],
    starts_at: &["/metadata/event_timestamp"],
    lease: Some(LEASE),
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    let metadata = &body["events"][0]["metadata"];
    json::has_any(metadata, &["event_type"])
        && json::has_any(metadata, &["event_timestamp", "vendor_name"])
}

/// Reads events.
///
/// # Errors
/// When the body is no JSON, or has no `events`.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    TABLE.read(body, context)
}
