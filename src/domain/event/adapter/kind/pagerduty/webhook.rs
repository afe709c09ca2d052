//! What PagerDuty tells webhooks of its incidents: version 3 (`event`), 2 and 1 (`messages`).

use serde_json::Value;

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

/// What else is said of an incident: a line for people.
const NOTED: [&str; 9] = [
    "assign",
    "delegate",
    "delegated",
    "escalate",
    "escalated",
    "priority_updated",
    "reassigned",
    "responder.added",
    "status_update_published",
];

/// PagerDuty's urgencies.
const URGENCIES: [(&str, Severity); 2] = [("high", Severity::High), ("low", Severity::Warning)];

pub(super) fn fits(body: &Value) -> bool {
    let event = &body["event"];
    let third = event.is_object() && json::has_any(event, &["event_type", "resource_type"]);
    let before = body["messages"].as_array().and_then(|messages| messages.first());
    third
        || before.is_some_and(|message| {
            json::has_any(message, &["event", "type"])
                && (message["incident"].is_object() || message["data"]["incident"].is_object())
        })
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
    let event = &body["event"];
    read.delivery = json::field(event, "id").into();
    let word = json::field(event, "event_type");
    if word.starts_with("pagey") {
        read.note(None, "a test of the webhook: nothing happened");
        return Ok(());
    }
    let data = &event["data"];
    // What is said of an incident names it; what happened to it is the incident itself.
    let incident = if data["incident"].is_object() { &data["incident"] } else { data };
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
    let saying = SAYINGS.iter().find(|(have, _)| *have == what).map(|(_, saying)| *saying);
    let saying = saying.or_else(|| NOTED.contains(&what).then_some(Saying::Noted));
    if let Some(saying) = saying {
        let text = words(said);
        let text = if saying == Saying::Noted && text.is_empty() { what.to_owned() } else { text };
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
    let signal = SIGNALS.iter().find_map(|(have, act)| match act {
        Act::Event(signal) if *have == what => Some(*signal),
        Act::Event(_) | Act::Acknowledge => None,
    });
    event(signal, what, incident, (at, context), read);
}

fn event(
    signal: Option<Signal>,
    what: &str,
    incident: &Value,
    (at, context): (usize, &Context),
    read: &mut Read,
) {
    let mut fit = Fit::new(context);
    if signal.is_none() {
        fit.note(format!("unknown event `{}`: taken as triggered", short(what)));
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
    fit.annotation("summary", title);
    fit.annotation("incident_key", &json::field(incident, "incident_key"));
    fit.annotation("incident_number", &number(incident));
    let url = fit.text("url", &json::field(incident, "html_url"));
    let key = fit.text("id", &key);
    let mut draft = fit.draft();
    draft.signal = signal;
    draft.url = url;
    draft.key = key;
    let began = incident.get("created_at").or_else(|| incident.get("created_on"));
    draft.starts_at = draft.instant("created_at", began);
    let known = URGENCIES.iter().find(|(word, _)| urgency.eq_ignore_ascii_case(word));
    draft.severity(context, &urgency, known.map(|(_, severity)| *severity));
    draft.finish(at, context, read);
}

fn number(incident: &Value) -> String {
    let number = json::field(incident, "number");
    let number = if number.is_empty() { json::field(incident, "incident_number") } else { number };
    number.into_owned()
}

/// Who did it, as far as the message says.
fn author(said: &Value) -> String {
    let agents = [&said["agent"], &said["log_entries"][0]["agent"]];
    let names = agents.map(|agent| json::field(agent, "summary"));
    name(&[&names[0], &names[1]]).to_owned()
}

/// A comment that came with it.
fn words(said: &Value) -> String {
    let texts = [
        json::field(&said["data"], "content"),
        json::field(&said["log_entries"][0]["channel"], "content"),
        json::field(&said["log_entries"][0]["channel"], "summary"),
    ];
    texts.into_iter().map(String::from).find(|text| !text.is_empty()).unwrap_or_default()
}
