//! Splunk Observability Cloud, once `SignalFx`: alerts of detectors over a webhook.

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table};
use crate::domain::event::Saying;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::Severity;

/// Splunk Observability Cloud.
pub const ADAPTER: Adapter =
    Adapter { name: "signalfx", title: "Splunk Observability Cloud (SignalFx)", read, fits };

const TABLE: Table = Table {
    name: &["/rule", "/inputs/rule", "/detector", "/messageTitle", "/inputs/messageTitle"],
    key: &[&["/incidentId"]],
    status: &["/statusExtended", "/status"],
    words: &[
        ("anomalous", Means::Firing),
        ("too high", Means::Firing),
        ("too low", Means::Firing),
        ("out of range", Means::Firing),
        ("ok", Means::Resolved),
        ("manually resolved", Means::Resolved),
        ("auto resolved", Means::Resolved),
        ("auto cleared", Means::Resolved),
        ("auto-cleared", Means::Resolved),
        ("cleared", Means::Resolved),
        ("resolved", Means::Resolved),
        ("stopped", Means::Resolved),
        ("muted", Means::Said(Saying::Suppressed)),
    ],
    severity: &["/severity"],
    severities: &[
        ("critical", Severity::Critical),
        ("major", Severity::High),
        ("minor", Severity::Warning),
        ("warning", Severity::Warning),
        ("info", Severity::Info),
    ],
    labels: &[
        ("detector", &["/detector"]),
        ("metric", &["/originatingMetric"]),
        ("instance", &["/dimensions/host", "/dimensions/host.name", "/dimensions/AWSUniqueId"]),
        ("service", &["/dimensions/service", "/dimensions/service.name", "/dimensions/sf_service"]),
        (
            "environment",
            &[
                "/dimensions/environment",
                "/dimensions/sf_environment",
                "/dimensions/deployment.environment",
            ],
        ),
    ],
    annotations: &[
        (
            "summary",
            &["/messageTitle", "/inputs/messageTitle", "/description", "/inputs/description"],
        ),
        ("description", &["/messageBody", "/description", "/inputs/description"]),
        ("condition", &["/detectOnCondition"]),
        ("runbook_url", &["/runbookUrl", "/inputs/runbookUrl"]),
        ("tip", &["/tip", "/inputs/tip"]),
        ("image_url", &["/imageUrl"]),
        ("event_type", &["/eventType", "/inputs/eventType"]),
    ],
    url: &["/detectorUrl"],
    starts_at: &["/timestampISO8601", "/timestamp"],
    ends_at: &["/timestampISO8601", "/timestamp"],
    more,
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    body.get("incidentId").is_some()
        && json::has_any(
            body,
            &["detectorUrl", "statusExtended", "originatingMetric", "detectorId"],
        )
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    TABLE.read(body, context)
}

/// Dimensions tell the series of one rule apart.
fn more(body: &Value, draft: &mut Draft) {
    if let Ok(dimensions) = json::pairs(body, "dimensions") {
        draft.labels = dimensions.with(draft.labels.iter());
    }
}
