//! What PagerDuty tells webhooks of its incidents: version 3 (`event`), 2 and 1 (`messages`).

use serde_json::Value;

use super::super::table;
use super::{Act, name, short};
use crate::domain::event::adapter::fit::Fit;
use crate::domain::event::adapter::{Context, Read, Unreadable, json};
use crate::domain::event::{Remark, Saying, Signal};
use crate::domain::value::{Labels, Severity};

/// What happened to an incident, by the second half of the event's name.
const SIGNALS: [(&str, Act); 5] = [
    ("trigger", Act::Event(Signal::Firing)),
    ("triggered", Act::Event(Signal::Firing)),
    ("reopened", Act::Event(Signal::Firing)),
    ("resolve", Act::Event(Signal::Resolved)),
    ("resolved", Act::Event(Signal::Resolved)),
];

/// What somebody did to an incident there.
const SAYINGS: [(&str, Saying); 6] = [
    ("acknowledge", Saying::Acknowledged),
    ("acknowledged", Saying::Acknowledged),
    ("unacknowledge", Saying::Unacknowledged),
    ("unacknowledged", Saying::Unacknowledged),
    ("annotate", Saying::Noted),
    ("annotated", Saying::Noted),
];

/// How else the names of events begin that leave an incident as it stands: a line for people.
const NOTED: [&str; 16] = [
    "action_invocation",
    "assign",
    "conference_bridge",
    "custom_field_values",
    "delegate",
    "escalate",
    "incident_type",
    "priority",
    "reassign",
    "responder",
    "role",
    "service",
    "status_update",
    "subscriber",
    "task",
    "workflow",
];

/// The state of an incident, where no name of an event that is known says it.
const STATUSES: [(&str, Signal); 3] = [
    ("triggered", Signal::Firing),
    ("acknowledged", Signal::Firing),
    ("resolved", Signal::Resolved),
];

/// Whom or what an event brings in, where its name leaves that open: the event, what stands before
/// it, and where it stands.
const ABOUT: [(&str, &str, &[&str]); 12] = [
    ("assign", "to", &["/incident/assignments/0/assignee/summary"]),
    ("delegate", "to", &["/incident/escalation_policy/summary"]),
    ("delegated", "to", &["/data/escalation_policy/summary"]),
    ("escalate", "to", &["/incident/assignments/0/assignee/summary"]),
    ("escalated", "to", &["/data/assignees/0/summary"]),
    ("reassigned", "to", &["/data/assignees/0/summary"]),
    ("priority_updated", "to", &["/data/priority/summary"]),
    ("responder.added", "", &["/data/user/summary", "/data/escalation_policy/summary"]),
    ("responder.replied", "", &["/data/user/summary"]),
    ("role.assigned", "to", &["/data/incident_role_assignments/0/assignee/summary"]),
    ("workflow.started", "", &["/data/summary"]),
    ("workflow.completed", "", &["/data/summary"]),
];

/// What names of priorities usually mean; an account may have others.
const PRIORITIES: [(&str, Severity); 10] = [
    ("P1", Severity::Critical),
    ("P2", Severity::High),
    ("P3", Severity::Warning),
    ("P4", Severity::Info),
    ("P5", Severity::Info),
    ("SEV-1", Severity::Critical),
    ("SEV-2", Severity::High),
    ("SEV-3", Severity::Warning),
    ("SEV-4", Severity::Info),
    ("SEV-5", Severity::Info),
];

/// PagerDuty's urgencies.
const URGENCIES: [(&str, Severity); 2] = [("high", Severity::High), ("low", Severity::Warning)];

pub(super) fn fits(body: &Value) -> bool {
    let event = event(body);
    let third = json::has_any(event, &["event_type", "resource_type"])
        && (body["event"].is_object() || is_bare(body));
    let before = body["messages"].as_array().and_then(|messages| messages.first());
    third
        || before.is_some_and(|message| {
            json::has_any(message, &["event", "type"])
                && (message["incident"].is_object() || message["data"]["incident"].is_object())
        })
}

/// Others have an `event_type`, too.
fn is_bare(body: &Value) -> bool {
    ["resource_type", "occurred_at"].iter().all(|name| body[*name].is_string())
        && body["data"].is_object()
}

/// The event of version 3, in its envelope or, as a relay may hand it on, without.
fn event(body: &Value) -> &Value {
    if body["event"].is_object() { &body["event"] } else { body }
}

pub(super) fn read(body: &Value, context: &Context, read: &mut Read) -> Result<(), Unreadable> {
    if let Some(messages) = body["messages"].as_array() {
        let max = context.limits.events_max;
        if messages.len() > max {
            return Err(Unreadable::TooMany { max });
        }
        for (at, message) in messages.iter().enumerate() {
            let word = json::field(message, "event");
            let word = if word.is_empty() { json::field(message, "type") } else { word };
            let incident = match message.get("incident") {
                Some(incident) => incident,
                None => &message["data"]["incident"],
            };
            one(&word, incident, message, (at, context), read);
        }
        if let [message] = messages.as_slice() {
            read.delivery = json::field(message, "id").into();
        }
        return Ok(());
    }
    let event = event(body);
    read.delivery = json::field(event, "id").into();
    let word = json::field(event, "event_type");
    if word.starts_with("pagey") {
        read.note(None, "a test of the webhook: nothing happened");
        return Ok(());
    }
    let data = &event["data"];
    let is_incident = json::field(event, "resource_type") == "incident";
    if !word.starts_with("incident.") && !is_incident {
        let summary = json::first_of(data, &["/summary", "/name", "/id"]);
        read.note(0, format!("`{}` of {}: no incident", short(&word), short(&summary)));
        return Ok(());
    }
    // What is said of an incident names it; what happened to it is the incident itself.
    let roles = data.as_object().into_iter().flatten().map(|(_, member)| &member[0]["incident"]);
    let mut inside = [&data["incident"]].into_iter().chain(roles);
    let incident = inside.find(|incident| incident.is_object()).unwrap_or(data);
    one(&word, incident, event, (0, context), read);
    Ok(())
}

fn one(
    word: &str,
    incident: &Value,
    said: &Value,
    (at, context): (usize, &Context),
    read: &mut Read,
) {
    let key = json::field(incident, "id");
    if key.is_empty() {
        read.reject(at, "`incident.id` is missing");
        return;
    }
    let what = word.strip_prefix("incident.").unwrap_or(word);
    let signal = SIGNALS.iter().find_map(|(have, act)| match act {
        Act::Event(signal) if *have == what => Some(*signal),
        Act::Event(_) | Act::Acknowledge => None,
    });
    let saying = SAYINGS.iter().find(|(have, _)| *have == what).map(|(_, saying)| *saying);
    let is_noted = NOTED.iter().any(|begins| what.starts_with(begins));
    let saying = saying.or_else(|| is_noted.then_some(Saying::Noted));
    if let Some(saying) = saying {
        let text = match (saying, words(said)) {
            (Saying::Noted, text) if text.is_empty() || is_noted => done(what, said),
            (_, text) => text,
        };
        read.remarks.push(Remark {
            source: context.source.clone(),
            key: key.into(),
            labels: Labels::default(),
            author: author(said).into(),
            text: text.into(),
            saying,
        });
        return;
    }
    condition((signal, what), incident, said, (at, context), read);
}

fn condition(
    (signal, what): (Option<Signal>, &str),
    incident: &Value,
    said: &Value,
    (at, context): (usize, &Context),
    read: &mut Read,
) {
    let mut fit = Fit::new(context);
    let status = json::field(incident, "status");
    let by_status = STATUSES.iter().find(|(word, _)| *word == status).map(|(_, signal)| *signal);
    if signal.is_none() {
        let taken = if by_status.is_some() { &status } else { "triggered" };
        fit.note(format!("unknown event `{}`: taken as {taken}", short(what)));
    }
    let [key, title, summary, description, urgency] =
        ["id", "title", "summary", "description", "urgency"]
            .map(|name| json::field(incident, name));
    let subject = json::field(&incident["trigger_summary_data"], "subject");
    let title = name(&[&title, &summary, &description, &subject]);
    fit.label("alertname", name(&[title, &key]));
    let service = &incident["service"];
    let named = [json::field(service, "summary"), json::field(service, "name")];
    fit.label("service", name(&[&named[0], &named[1]]));
    let priority = json::first_of(incident, &["/priority/summary", "/priority/name"]);
    fit.annotation("summary", title);
    let described = json::first_of(incident, &["/body/details", "/description"]);
    fit.annotation("description", if described == title { "" } else { &described });
    fit.annotation("priority", &priority);
    fit.annotation("urgency", &urgency);
    fit.annotation("assignees", &assignees(incident));
    fit.annotation("incident_key", &json::field(incident, "incident_key"));
    fit.annotation("incident_number", &number(incident));
    let url = fit.text("url", &json::field(incident, "html_url"));
    let key = fit.text("id", &key);
    let mut draft = fit.draft();
    draft.signal = signal.or(by_status);
    draft.url = url;
    draft.key = key;
    let began = incident.get("created_at").or_else(|| incident.get("created_on"));
    draft.starts_at = draft.instant("created_at", began);
    if draft.signal == Some(Signal::Resolved) {
        let ends = ["resolved_at", "last_status_change_at", "last_status_change_on"];
        let end = ends.into_iter().find_map(|name| incident.get(name).filter(|at| !at.is_null()));
        let end = end.or_else(|| said.get("occurred_at")).or_else(|| said.get("created_on"));
        draft.ends_at = draft.instant("the end", end);
    }
    let by_priority = table::word(&priority, &PRIORITIES).map(|severity| (&priority[..], severity));
    let by_urgency = || (&*urgency, table::word(&urgency, &URGENCIES));
    let (word, meaning) =
        by_priority.map_or_else(by_urgency, |(word, severity)| (word, Some(severity)));
    draft.severity(context, word, meaning);
    draft.finish(at, context, read);
}

/// Who is to look after it.
fn assignees(incident: &Value) -> String {
    let assignments = incident["assignments"].as_array().into_iter().flatten();
    let assigned = assignments.map(|assignment| &assignment["assignee"]);
    let assignees = incident["assignees"].as_array().into_iter().flatten();
    let names = assignees.chain(assigned).map(|one| json::field(one, "summary").into_owned());
    names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ")
}

/// What happened, in words: `reassigned to Ada`.
fn done(what: &str, said: &Value) -> String {
    let about = ABOUT.iter().find(|(word, ..)| *word == what);
    let (to, places) = about.map_or(("", &[][..]), |(_, to, places)| (*to, *places));
    let whom = json::first_of(said, places);
    let what = what.replace(['_', '.'], " ");
    let parts = [what.as_str(), if whom.is_empty() { "" } else { to }, &whom];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let message = json::first_of(said, &["/data/message", "/data/conference_url"]);
    if message.is_empty() { text } else { format!("{text}: {message}") }
}

fn number(incident: &Value) -> String {
    let number = json::field(incident, "number");
    let number = if number.is_empty() { json::field(incident, "incident_number") } else { number };
    number.into_owned()
}

/// Who did it, as far as the message says.
fn author(said: &Value) -> String {
    let places = [
        "/agent/summary",
        "/log_entries/0/agent/summary",
        "/data/incident/last_status_change_by/name",
        "/incident/last_status_change_by/summary",
    ];
    json::first_of(said, &places)
}

/// A comment that came with it.
fn words(said: &Value) -> String {
    let places =
        ["/data/content", "/log_entries/0/channel/content", "/log_entries/0/channel/summary"];
    json::first_of(said, &places)
}
