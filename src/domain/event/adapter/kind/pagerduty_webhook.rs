//! `PagerDuty` as a sender: webhooks about its incidents, versions 1, 2 and 3.

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Places, Table, pick};
use crate::domain::event::Saying;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::Severity;

/// `PagerDuty`'s webhooks.
pub const ADAPTER: Adapter =
    Adapter { name: "pagerduty-webhook", title: "PagerDuty webhooks", read, fits };

const OTHER: Means = Means::Nothing("says nothing of whether the incident is open");
/// What happened, as version 3 says it. Versions 1 and 2 leave out the endings (`trigger`).
const EVENTS: [(&str, Means); 22] = [
    ("incident.triggered", Means::Firing),
    ("incident.trigger", Means::Firing),
    ("incident.reopened", Means::Firing),
    ("incident.priority_updated", OTHER),
    ("incident.acknowledged", Means::Said(Saying::Acknowledged)),
    ("incident.acknowledge", Means::Said(Saying::Acknowledged)),
    ("incident.unacknowledged", Means::Said(Saying::Unacknowledged)),
    ("incident.unacknowledge", Means::Said(Saying::Unacknowledged)),
    ("incident.resolved", Means::Resolved),
    ("incident.resolve", Means::Resolved),
    ("incident.annotated", Means::Said(Saying::Noted)),
    ("incident.annotate", Means::Said(Saying::Noted)),
    ("incident.status_update_published", Means::Said(Saying::Noted)),
    ("incident.escalated", OTHER),
    ("incident.escalate", OTHER),
    ("incident.delegated", OTHER),
    ("incident.delegate", OTHER),
    ("incident.reassigned", OTHER),
    ("incident.assign", OTHER),
    ("incident.responder.added", OTHER),
    ("incident.responder.replied", OTHER),
    ("pagey.ping", Means::Nothing("a test from PagerDuty's page")),
];
/// The priority where the account has them, else the urgency.
const SEVERITIES: [(&str, Severity); 7] = [
    ("p1", Severity::Critical),
    ("p2", Severity::High),
    ("p3", Severity::Warning),
    ("p4", Severity::Info),
    ("p5", Severity::Info),
    ("high", Severity::High),
    ("low", Severity::Info),
];
const LABELS: &[(&str, Places)] = &[("service", &["/of/service/summary", "/of/service/name"])];

/// `of` is the incident by then, `what` what happened, `by` who did it.
const TABLE: Table = Table {
    name: &["/of/title", "/of/trigger_summary_data/subject", "/of/summary", "/of/id"],
    key: &[&["/of/id"]],
    status: &["/what"],
    words: &EVENTS,
    severity: &["/of/priority/summary", "/of/priority/name", "/of/urgency"],
    severities: &SEVERITIES,
    labels: LABELS,
    annotations: &[
        ("summary", &["/of/title", "/of/trigger_summary_data/subject", "/of/summary"]),
        ("description", &["/of/description", "/of/body/details"]),
        ("incident_number", &["/of/number", "/of/incident_number"]),
        ("incident_key", &["/of/incident_key"]),
        ("escalation_policy", &["/of/escalation_policy/summary", "/of/escalation_policy/name"]),
    ],
    url: &["/of/html_url", "/of/self"],
    starts_at: &["/at", "/of/created_at", "/of/created_on"],
    ends_at: &["/at", "/of/last_status_change_at", "/of/last_status_change_on"],
    author: &["/by"],
    text: &["/text"],
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    let event = &body["event"];
    let first = &body["messages"][0];
    json::has_any(event, &["event_type"]) && json::has_any(event, &["resource_type", "occurred_at"])
        || first["incident"].is_object()
        || first["data"]["incident"].is_object()
}

/// Reads a webhook.
///
/// # Errors
/// When the body is no JSON, or neither an event nor messages.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    let mut read = Read::default();
    let messages = match &body["messages"] {
        Value::Array(messages) => messages.as_slice(),
        _ if body["event"].is_object() => std::slice::from_ref(&body["event"]),
        _ => {
            let why = "there is neither `event` nor `messages`".to_owned();
            return Err(Unreadable::Json(why));
        }
    };
    let max = context.limits.events_max;
    if messages.len() > max {
        return Err(Unreadable::TooMany { max });
    }
    for (at, message) in messages.iter().enumerate() {
        TABLE.element(at, &told(message), context, &mut read);
    }
    if let [message] = messages {
        read.delivery = pick(message, &["/id"]).into();
    }
    Ok(read)
}

/// What the versions tell, in one form.
fn told(message: &Value) -> Value {
    let places = ["/incident", "/data/incident", "/data"];
    let found = places.iter().find_map(|place| message.pointer(place).filter(|of| of.is_object()));
    let text = |places: &[&str]| Value::String(pick(message, places).into_owned());
    // A note carries the incident beside its own text.
    serde_json::json!({
        "of": found.cloned().unwrap_or_default(),
        "what": text(&["/event_type", "/event", "/type"]),
        "at": text(&["/occurred_at", "/created_on"]),
        "by": text(&[
            "/agent/summary",
            "/log_entries/0/agent/summary",
            "/data/incident/last_status_change_by/name",
            "/incident/last_status_change_by/summary",
        ]),
        "text": text(&["/data/content", "/data/message", "/log_entries/0/channel/summary"]),
    })
}
