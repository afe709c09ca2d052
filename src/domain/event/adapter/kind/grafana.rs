//! Grafana's unified alerting: Alertmanager's webhook with an organisation and values.
//!
//! `state`, `title` and `message` of the body speak of the group and are left alone. When a query
//! fails, Grafana fires `DatasourceError` or `NoData` with other labels: another alert.

use serde_json::Value;

use super::Adapter;
use super::alertmanager::read_dialect;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Labels, Severity, Span};

/// Fields of an alert that become annotations of the same name.
const FIELDS: [&str; 5] = ["valueString", "dashboardURL", "panelURL", "silenceURL", "imageURL"];

/// What an alert is called whose rule has no labels at all.
const NAMELESS: &str = "Grafana alert";

/// The labels of what "Test" of a contact point sends. A rule's alert has at least its folder, too.
const TEST: [(&str, &str); 2] = [("alertname", "TestAlert"), ("instance", "Grafana")];
/// A test is never said to be over.
const TEST_LEASE: Span = Span::hours(1);

/// Grafana's unified alerting.
pub const ADAPTER: Adapter =
    Adapter { name: "grafana", title: "Grafana, unified alerting", read, fits };

fn fits(body: &Value, _: &Head) -> bool {
    let Some(alerts) = body.get("alerts") else {
        // One alert by itself.
        let own = ["valueString", "silenceURL", "panelURL"];
        return body["labels"].is_object() && json::has_any(body, &own);
    };
    let first = alerts.get(0).unwrap_or(&Value::Null);
    json::has_any(body, &["orgId", "appVersion"])
        || json::has_any(first, &["orgId", "valueString", "silenceURL"])
        || json::field(body, "version") == "1"
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON object with an array `alerts`, and no alert itself.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    read_dialect(body, context, extend)
}

fn extend(body: &Value, alert: &Value, draft: &mut Draft) {
    let fields = Labels::new(FIELDS.map(|name| (name, json::field(alert, name))));
    let values = values(alert.get("values"));
    let values = [("values", values.as_str())];
    draft.annotations = fields.with(values).with(draft.annotations.iter());
    if draft.url.is_empty() {
        let shown = ["panelURL", "dashboardURL"].map(|name| fields.get(name));
        draft.url = shown.into_iter().find(|url| !url.is_empty()).unwrap_or_default().into();
    }
    let org = [alert, body].map(|object| json::field(object, "orgId"));
    let fingerprint = json::field(alert, "fingerprint");
    draft.key = match org.iter().find(|org| !org.is_empty()) {
        _ if fingerprint.is_empty() => String::new(),
        Some(org) => format!("{org}/{fingerprint}"),
        None => fingerprint.into_owned(),
    };
    if draft.labels.is_empty() && !draft.key.is_empty() {
        draft.labels = Labels::new([("alertname", NAMELESS)]);
    }
    if draft.labels.len() == TEST.len() && draft.labels.iter().eq(TEST) {
        draft.labels = draft.labels.with([("severity", Severity::Info.name())]);
        draft.lease = Some(TEST_LEASE);
        draft.notes.push("a test of a contact point: taken as information".to_owned());
    }
}

/// The values of the rule's expressions: `A=0.97, B=1`.
fn values(values: Option<&Value>) -> String {
    let Some(Value::Object(values)) = values else {
        return values.map(json::text).unwrap_or_default().into_owned();
    };
    let shown = values.iter().map(|(name, value)| format!("{name}={}", json::text(value)));
    shown.collect::<Vec<String>>().join(", ")
}
