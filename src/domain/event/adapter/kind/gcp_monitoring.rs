//! Google Cloud Monitoring: incidents over a webhook, or over a push subscription of Pub/Sub.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table, pick};
use crate::domain::event::Saying;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Severity, Span};

/// Google Cloud Monitoring.
pub const ADAPTER: Adapter =
    Adapter { name: "gcp-monitoring", title: "Google Cloud Monitoring", read, fits };

/// "No severity" is missing on purpose: what nobody has judged is unknown.
const SEVERITIES: [(&str, Severity); 4] = [
    ("critical", Severity::Critical),
    ("error", Severity::High),
    ("warning", Severity::Warning),
    ("info", Severity::Info),
];
const STATES: [(&str, Means); 3] = [
    ("open", Means::Firing),
    ("closed", Means::Resolved),
    ("acknowledged", Means::Said(Saying::Acknowledged)),
];
/// The word for the version in what "Test" of a notification channel sends.
const TEST: &str = "test";
/// Labels of a resource that say which one it is, the more telling first.
const INSTANCES: [&str; 8] = [
    "/resource/labels/instance_id",
    "/resource/labels/host",
    "/resource/labels/pod_name",
    "/resource/labels/database_id",
    "/resource/labels/node_name",
    "/resource/labels/cluster_name",
    "/resource/labels/service_name",
    "/resource/labels/function_name",
];

const INCIDENT: Table = Table {
    name: &["/policy_name", "/condition_name", "/condition/displayName", "/summary"],
    key: &[&["/incident_id"]],
    status: &["/state"],
    words: &STATES,
    severity: &[
        "/severity",
        "/policy_user_labels/severity",
        "/metadata/user_labels/severity",
        "/metadata/system_labels/severity",
    ],
    severities: &SEVERITIES,
    labels: &[
        ("condition", &["/condition_name", "/condition/displayName"]),
        ("instance", &["/resource_display_name", "/resource_name", "/resource_id"]),
        ("resource_type", &["/resource/type", "/resource_type_display_name"]),
        ("project", &["/scoping_project_id", "/resource/labels/project_id"]),
        ("metric", &["/metric/type"]),
        ("service", &["/policy_user_labels/service", "/metadata/user_labels/service"]),
        (
            "environment",
            &[
                "/policy_user_labels/environment",
                "/policy_user_labels/env",
                "/metadata/user_labels/environment",
                "/metadata/user_labels/env",
            ],
        ),
    ],
    annotations: &[
        ("summary", &["/documentation/subject", "/summary"]),
        ("description", &["/documentation/content", "/summary"]),
        ("observed_value", &["/observed_value"]),
        ("threshold_value", &["/threshold_value", "/condition/conditionThreshold/thresholdValue"]),
        ("resource_name", &["/resource_name"]),
        ("metric_name", &["/metric/displayName"]),
        ("runbook_url", &["/documentation/links/0/url"]),
    ],
    url: &["/url"],
    starts_at: &["/started_at"],
    ends_at: &["/ended_at"],
    more: resource,
    ..Table::EMPTY
};
/// Error Reporting sends a group of errors when it is new, or comes back; never that it is over.
const ERRORS: Table = Table {
    name: &["/exception_info/type", "/subject"],
    key: &[&["/group_info/detail_link"]],
    labels: &[
        ("project", &["/group_info/project_id"]),
        ("service", &["/event_info/service"]),
        ("version", &["/event_info/version"]),
    ],
    annotations: &[
        ("summary", &["/subject", "/exception_info/message"]),
        ("description", &["/exception_info/message", "/event_info/log_message"]),
        ("request_url", &["/event_info/request_url"]),
    ],
    url: &["/group_info/detail_link"],
    severity: &["/severity"],
    lease: Some(Span::days(1)),
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    let incident = &body["incident"];
    incident.get("incident_id").is_some()
        || incident.get("policy_name").is_some() && incident.get("state").is_some()
        || is_push(body)
        || body["group_info"].get("detail_link").is_some()
}

fn is_push(body: &Value) -> bool {
    json::has_any(&body["message"], &["messageId", "message_id"])
        && json::has_any(body, &["subscription"])
        || body["message"].get("data").is_some() && body.get("subscription").is_some()
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    if !is_push(&body) {
        return incident(&body, context);
    }
    let message = &body["message"];
    let mut read = match pushed(message, context) {
        Ok(read) => read?,
        Err(why) => {
            let mut read = Read::default();
            read.reject(0, why);
            read
        }
    };
    read.delivery = pick(message, &["/messageId", "/message_id"]).into();
    Ok(read)
}

/// What a push carries: an incident, or what another kind of source would send.
fn pushed(message: &Value, context: &Context) -> Result<Result<Read, Unreadable>, String> {
    let text = json::field(message, "data");
    let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| "`message.data` is not base64")?;
    let inner = json::parse(&bytes).unwrap_or_default();
    let ours = fits(&inner, Head::NONE) && !is_push(&inner);
    let read = match super::detect(&bytes, Head::NONE) {
        _ if ours => incident(&inner, context),
        Some(adapter) if adapter.name != ADAPTER.name && !super::sns::is_envelope(&inner) => {
            (adapter.read)(&bytes, context)
        }
        _ => {
            let mut read = Read::default();
            let start: String = json::utf8(&bytes).chars().take(80).collect();
            read.note(0, format!("the message is no incident: {start}"));
            Ok(read)
        }
    };
    Ok(read)
}

fn incident(body: &Value, context: &Context) -> Result<Read, Unreadable> {
    if body["group_info"].is_object() {
        return ERRORS.value(body, context);
    }
    let mut read = Read::default();
    let Some(incident) = body.get("incident") else {
        read.reject(0, "there is no `incident` in the body");
        return Ok(read);
    };
    if body["version"] == TEST {
        let what = json::field(incident, "summary");
        read.note(0, format!("a test of the notification channel: {what}"));
        return Ok(read);
    }
    INCIDENT.element(0, incident, context, &mut read);
    Ok(read)
}

/// Labels of the policy, the metric and the resource are labels, under the names that they have
/// there unless one of ours is taken.
fn resource(incident: &Value, draft: &mut Draft) {
    for (object, name) in [
        (&incident["metric"], "labels"),
        (&incident["resource"], "labels"),
        (incident, "policy_user_labels"),
    ] {
        let Ok(labels) = json::pairs(object, name) else { continue };
        let labels = labels.without(&["severity".to_owned()]);
        draft.labels = labels.with(draft.labels.iter());
    }
    let instance = pick(incident, &INSTANCES);
    // A resource that nobody has named is told by its type and all of its labels.
    let told = draft.labels.get("instance");
    if !instance.is_empty() && (told.is_empty() || told.contains(" labels {")) {
        draft.labels = draft.labels.with([("instance", instance.as_ref())]);
    }
    if let Some(text) = incident["documentation"].as_str().filter(|text| !text.is_empty()) {
        draft.annotations = draft.annotations.with([("description", text)]);
    }
    let content = pick(incident, &["/documentation/content"]);
    let Ok(own) = serde_json::from_str::<Value>(&content) else { return };
    // Some keep fields of their own in the documentation, as JSON.
    for (name, place) in [("summary", "/summary"), ("description", "/description")] {
        let text = pick(&own, &[place]);
        if !text.is_empty() {
            draft.annotations = draft.annotations.with([(name, text.as_ref())]);
        }
    }
}
