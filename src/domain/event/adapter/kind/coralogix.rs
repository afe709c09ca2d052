//! Coralogix: alerts over its generic webhook, whose body is a template with `fields`.

use serde_json::{Map, Value};

use super::Adapter;
use super::table::{Means, Table, pick};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::Severity;

/// Coralogix.
pub const ADAPTER: Adapter = Adapter { name: "coralogix", title: "Coralogix", read, fits };

const SEVERITIES: [(&str, Severity); 11] = [
    ("p1", Severity::Critical),
    ("p2", Severity::High),
    ("p3", Severity::Warning),
    ("p4", Severity::Info),
    ("p5", Severity::Info),
    ("critical", Severity::Critical),
    ("error", Severity::High),
    ("warning", Severity::Warning),
    ("info", Severity::Info),
    ("verbose", Severity::Info),
    ("debug", Severity::Info),
];
/// What the template carries for a field that the alert does not have.
const UNSET: &str = "*insert";

/// `fields` is an object by then.
const TABLE: Table = Table {
    name: &["/name", "/alert_name"],
    key: &[
        // `alert_id` names a version of the alert's definition.
        &["/fields/alertUniqueIdentifier", "/alert_id"],
        &["/fields/Group-by Value1", "/fields/groupByValue1"],
        &["/fields/Group-by Value2", "/fields/groupByValue2"],
    ],
    status: &["/alert_action"],
    words: &[
        ("trigger", Means::Firing),
        ("triggered", Means::Firing),
        ("resolve", Means::Resolved),
        ("resolved", Means::Resolved),
    ],
    severity: &["/fields/priority", "/priority", "/fields/severity", "/severity"],
    severities: &SEVERITIES,
    labels: &[
        ("service", &["/service", "/fields/application", "/application"]),
        ("subsystem", &["/fields/subsystem", "/subsystem"]),
        ("instance", &["/fields/computer", "/fields/ipAddress"]),
        ("team", &["/fields/team"]),
        ("category", &["/fields/category"]),
    ],
    annotations: &[
        ("summary", &["/name"]),
        ("description", &["/description", "/fields/text"]),
        ("text", &["/fields/text"]),
        ("hit_count", &["/fields/hitCount"]),
        ("threshold", &["/threshold"]),
        ("time_window", &["/timewindow"]),
        ("query", &["/fields/queryText"]),
        ("log_url", &["/log_url"]),
        ("meta_labels", &["/fields/metaLabels"]),
    ],
    url: &["/alert_url"],
    starts_at: &["/fields/timestampISO", "/fields/timestampMs", "/fields/timestamp"],
    ends_at: &["/fields/timestampISO", "/fields/timestampMs", "/fields/timestamp"],
    more,
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    body.get("alert_action").is_some() && json::has_any(body, &["alert_id", "alert_url", "fields"])
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut body = json::parse(body)?;
    if let Some(fields) = body.get_mut("fields") {
        let pairs = fields.as_array().into_iter().flatten().filter_map(|field| {
            let set = !pick(field, &["/value"]).starts_with(UNSET);
            set.then(|| (json::field(field, "key").into_owned(), field["value"].clone()))
        });
        let object = pairs.collect::<Map<String, Value>>();
        if fields.is_array() {
            *fields = Value::Object(object);
        }
    }
    TABLE.value(&body, context)
}

/// What an alert is grouped by tells its groups apart.
fn more(body: &Value, draft: &mut Draft) {
    for number in 1..=2 {
        let field =
            |what: &str| pick(body, &[&format!("/fields/Group-by {what}{number}")]).into_owned();
        let (name, value) = (field("Field"), field("Value"));
        if !name.is_empty() && draft.labels.get(&name).is_empty() {
            draft.labels = draft.labels.with([(name.as_str(), value.as_str())]);
        }
    }
}
