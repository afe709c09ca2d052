//! Checkly: alerts of checks over a webhook whose template carries `ALERT_TYPE` and `CHECK_ID`.

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table, pick, word};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable};
use crate::domain::value::{Severity, Span};

/// Checkly.
pub const ADAPTER: Adapter = Adapter { name: "checkly", title: "Checkly", read, fits };

const SSL: &str = "ALERT_SSL";
/// Told 30, 14, 7, 3 and 1 days before a certificate ends, never that there is a new one.
const SSL_LEASE: Span = Span::days(16);

const TYPES: [(&str, Means); 9] = [
    ("ALERT_FAILURE", Means::Firing),
    ("ALERT_FAILURE_REMAIN", Means::Firing),
    ("ALERT_FAILURE_DEGRADED", Means::Firing),
    ("ALERT_DEGRADED", Means::Firing),
    ("ALERT_DEGRADED_REMAIN", Means::Firing),
    ("ALERT_DEGRADED_FAILURE", Means::Firing),
    ("ALERT_RECOVERY", Means::Resolved),
    ("ALERT_DEGRADED_RECOVERY", Means::Resolved),
    (SSL, Means::Firing),
];
const SEVERITIES: [(&str, Severity); 9] = [
    ("ALERT_FAILURE", Severity::High),
    ("ALERT_FAILURE_REMAIN", Severity::High),
    ("ALERT_DEGRADED_FAILURE", Severity::High),
    ("ALERT_FAILURE_DEGRADED", Severity::Warning),
    ("ALERT_DEGRADED", Severity::Warning),
    ("ALERT_DEGRADED_REMAIN", Severity::Warning),
    (SSL, Severity::Warning),
    ("ALERT_RECOVERY", Severity::Info),
    ("ALERT_DEGRADED_RECOVERY", Severity::Info),
];

const TABLE: Table = Table {
    name: &["/check_name", "/event", "/alert_title", "/check_id"],
    key: &[&["/check_id", "/check_name"]],
    status: &["/alert_type"],
    words: &TYPES,
    severity: &["/alert_type"],
    severities: &SEVERITIES,
    labels: &[
        ("group", &["/group_name"]),
        ("check_type", &["/check_type"]),
        ("instance", &["/ssl_check_domain"]),
    ],
    annotations: &[
        ("summary", &["/event", "/alert_title"]),
        ("description", &["/check_error_message"]),
        ("response_time_ms", &["/response_time"]),
        ("status_code", &["/api_check_response_status_code"]),
        ("run_location", &["/run_location", "/region"]),
        ("ssl_days_remaining", &["/ssl_days_remaining"]),
        ("tags", &["/tags"]),
    ],
    url: &["/link", "/result_link"],
    starts_at: &["/started_at"],
    ends_at: &["/started_at"],
    delivery: &["/uuid"],
    more,
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    let of_checkly = body["alert_type"].as_str().is_some_and(|of| word(of, &TYPES).is_some());
    of_checkly || body.get("check_id").is_some() && body.get("check_result_id").is_some()
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    TABLE.read(body, context)
}

/// A certificate is a condition of its own: the recovery of its check does not end it.
fn more(body: &Value, draft: &mut Draft) {
    if pick(body, &["/alert_type"]) == SSL {
        draft.key.push_str("/ssl");
        draft.lease = Some(SSL_LEASE);
    }
}
