//! Dash0: failed checks over a webhook.

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table, pick};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::Severity;

/// Dash0.
pub const ADAPTER: Adapter = Adapter { name: "dash0", title: "Dash0", read, fits };

const TABLE: Table = Table {
    name: &[
        "/data/issue/checkrules/0/name",
        "/data/issue/checkrule/name",
        "/data/issue/summary",
        "/data/issue/issueIdentifier",
    ],
    key: &[&["/data/issue/issueIdentifier", "/data/issue/id"]],
    status: &["/type"],
    words: &[
        ("alert.ongoing", Means::Firing),
        ("alert.started", Means::Firing),
        ("alert.triggered", Means::Firing),
        ("alert.updated", Means::Firing),
        ("alert.resolved", Means::Resolved),
        ("alert.closed", Means::Resolved),
        ("alert.superseded", Means::Nothing("another issue of the check takes its place")),
        ("test", Means::Nothing("a test from Dash0's page")),
    ],
    severity: &["/data/issue/status"],
    severities: &[
        ("critical", Severity::Critical),
        ("failed", Severity::Critical),
        ("degraded", Severity::Warning),
        ("resolved", Severity::Info),
        ("closed", Severity::Info),
    ],
    labels: &[("dataset", &["/data/issue/dataset"])],
    annotations: &[
        (
            "summary",
            &[
                "/data/issue/summary",
                "/data/issue/checkrules/0/summary",
                "/data/issue/checkrule/summary",
            ],
        ),
        ("description", &["/data/issue/description", "/data/issue/checkrules/0/description"]),
        ("expression", &["/data/issue/checkrules/0/expression"]),
        ("rule_url", &["/data/issue/checkrules/0/url"]),
    ],
    url: &["/data/issue/url"],
    starts_at: &["/data/issue/start"],
    ends_at: &["/data/issue/end"],
    delivery: &["/id"],
    more,
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    json::has_any(&body["data"]["issue"], &["issueIdentifier", "checkrules"])
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    TABLE.read(body, context)
}

/// Labels and annotations stand there as OpenTelemetry writes attributes.
fn more(body: &Value, draft: &mut Draft) {
    let issue = &body["data"]["issue"];
    let labels = attributes(&issue["labels"]);
    let own = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    draft.labels = crate::domain::value::Labels::new(own).with(draft.labels.iter());
    let find = |name: &str| labels.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    for (label, names) in [
        ("service", ["service.name", "dash0.resource.name"]),
        ("environment", ["deployment.environment.name", "deployment.environment"]),
        ("instance", ["host.name", "service.instance.id"]),
    ] {
        if let Some(value) = names.iter().find_map(|name| find(name)) {
            draft.labels = draft.labels.with([(label, value.as_str())]);
        }
    }
    for (name, value) in attributes(&issue["annotations"]) {
        if draft.annotations.get(&name).is_empty() {
            draft.annotations = draft.annotations.with([(name.as_str(), value.as_str())]);
        }
    }
}

fn attributes(list: &Value) -> Vec<(String, String)> {
    let pairs = list.as_array().into_iter().flatten().map(|attribute| {
        let places =
            ["/value/stringValue", "/value/intValue", "/value/boolValue", "/value/doubleValue"];
        (json::field(attribute, "key").into_owned(), pick(attribute, &places).into_owned())
    });
    pairs.filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect()
}
