//! `ServiceNow`'s shapes: records of the table `incident`, as its outbound REST messages bring them and
//! as monitoring tools send them to its Table API, and events of Event Management (`em_event`).
//!
//! A field is a text, or an object with `value` and `display_value`, whichever was asked for. An
//! incident is known by its sender's `correlation_id`, else by its `sys_id`, else by its `number`; an
//! update that names none of them in its body may name it in the query of its URL.

use std::borrow::Cow;

use serde_json::Value;

use super::Adapter;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::fit::Fit;
use crate::domain::event::adapter::said::Words;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::event::{Saying, Signal};
use crate::domain::value::Severity;

/// `ServiceNow`.
pub const ADAPTER: Adapter = Adapter { name: "servicenow", title: "ServiceNow", read, fits };

/// What an incident is known by, the best name first.
const IDS: [&str; 3] = ["correlation_id", "sys_id", "number"];

/// Where bodies keep their records.
const WRAPS: [&str; 4] = ["records", "result", "incident", "record"];

/// States of an incident by number and word: what they say, and whether somebody works on it.
const STATES: [(&str, &str, Signal, bool); 7] = [
    ("1", "new", Signal::Firing, false),
    ("2", "in progress", Signal::Firing, true),
    ("2", "active", Signal::Firing, true),
    ("3", "on hold", Signal::Firing, false),
    ("6", "resolved", Signal::Resolved, false),
    ("7", "closed", Signal::Resolved, false),
    ("8", "canceled", Signal::Resolved, false),
];

/// Priorities of an incident; urgency and impact make one by the usual table.
const PRIORITIES: [(&str, Severity); 5] = [
    ("1", Severity::Critical),
    ("2", Severity::High),
    ("3", Severity::Warning),
    ("4", Severity::Info),
    ("5", Severity::Info),
];

/// Severities of an event by number and word.
const SEVERITIES: [(&str, &str, Severity); 5] = [
    ("1", "critical", Severity::Critical),
    ("2", "major", Severity::High),
    ("3", "minor", Severity::Warning),
    ("4", "warning", Severity::Warning),
    ("5", "ok", Severity::Info),
];

/// What says that an event's condition is over: its severity, or its state.
const CLEAR: [&str; 2] = ["0", "clear"];
const CLOSING: &str = "closing";

/// Fields of an incident that become labels: `ServiceNow`'s name, ours.
const LABELS: [(&str, &str); 7] = [
    ("cmdb_ci", "instance"),
    ("business_service", "service"),
    ("category", "category"),
    ("subcategory", "subcategory"),
    ("assignment_group", "assignment_group"),
    ("contact_type", "contact_type"),
    ("company", "company"),
];

/// Fields of an incident that become annotations.
const ANNOTATIONS: [&str; 12] = [
    "description",
    "number",
    "comments",
    "work_notes",
    "close_code",
    "close_notes",
    "assigned_to",
    "caller_id",
    "location",
    "impact",
    "urgency",
    "correlation_display",
];

/// What makes the key of an event that has none (`ServiceNow`, "message key").
const KEY: [&str; 5] = ["source", "node", "type", "resource", "metric_name"];

/// Fields of an event that become labels: `ServiceNow`'s name, ours.
const EVENT_LABELS: [(&str, &str); 5] = [
    ("node", "instance"),
    ("resource", "resource"),
    ("metric_name", "metric_name"),
    ("event_class", "event_class"),
    ("source", "event_source"),
];

fn fits(body: &Value, _: &Head) -> bool {
    let one = records(body).first();
    one.is_some_and(|one| is_incident(one) || is_event(one))
}

fn is_incident(record: &Value) -> bool {
    let stands = ["urgency", "impact", "caller_id", "correlation_id", "sys_id", "incident_state"];
    record.get("short_description").is_some() && json::has_any(record, &stands)
}

fn is_event(record: &Value) -> bool {
    record.get("severity").is_some()
        && json::has_any(record, &["node", "resource", "message_key"])
        && json::has_any(record, &["message_key", "event_class", "metric_name", "resolution_state"])
        && !json::has_any(record, &["status", "labels"])
}

/// The records of a body, wherever it keeps them.
fn records(body: &Value) -> &[Value] {
    let wrapped = WRAPS.iter().find_map(|name| body.get(*name).filter(|it| is_wrapped(it)));
    match wrapped.unwrap_or(body) {
        Value::Array(records) => records,
        one => std::slice::from_ref(one),
    }
}

fn is_wrapped(value: &Value) -> bool {
    let record = |value: &Value| value.as_object().is_some_and(|it| !it.contains_key("value"));
    value.as_array().is_some_and(|all| all.iter().all(record)) || record(value)
}

/// Reads one record or several.
///
/// # Errors
/// When the body is no JSON object or array.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    if !body.is_object() && !body.is_array() {
        return Err(Unreadable::Json("it is no object".to_owned()));
    }
    let records = records(&body);
    let max = context.limits.events_max;
    if records.len() > max {
        return Err(Unreadable::TooMany { max });
    }
    let mut read = Read::default();
    if records.is_empty() {
        read.note(None, "there is no record in it: a test");
    }
    for (at, record) in records.iter().enumerate() {
        if is_event(record) && !is_incident(record) {
            event(at, record, context, &mut read);
        } else {
            incident(at, record, context, &mut read);
        }
    }
    Ok(read)
}

/// A field's value, or what people see of it where that is all there is.
fn value<'a>(record: &'a Value, name: &str) -> Cow<'a, str> {
    pick(record, name, ["value", "display_value"])
}

/// What people see of a field, or its value.
fn shown<'a>(record: &'a Value, name: &str) -> Cow<'a, str> {
    pick(record, name, ["display_value", "value"])
}

fn pick<'a>(record: &'a Value, name: &str, order: [&str; 2]) -> Cow<'a, str> {
    match record.get(name) {
        Some(field @ Value::Object(_)) => {
            let texts = order.map(|part| json::field(field, part));
            texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
        }
        _ => json::field(record, name),
    }
}

/// Choices are written as their number, or with a word behind it: `2 - High`.
fn number(text: &str) -> &str {
    let digits = text.trim().split([' ', '-']).next().unwrap_or_default();
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits } else { "" }
}

fn incident(at: usize, record: &Value, context: &Context, read: &mut Read) {
    let query = context.head.query();
    let asked = |name: &str| query.iter().find(|(have, _)| have == name).map(|(_, id)| id.as_str());
    let ids = IDS.iter().map(|name| value(record, name).into_owned());
    let ids = ids.chain(IDS.iter().filter_map(|name| asked(name).map(str::to_owned)));
    let mut fit = Fit::new(context);
    let Some(key) = ids.map(|id| fit.text("the key", &id)).find(|id| !id.is_empty()) else {
        let what = "neither `correlation_id` nor `sys_id` nor `number`, here or in the query of \
                    the URL, says which incident it is";
        read.reject(at, what);
        return;
    };
    let title = value(record, "short_description");
    fit.label("alertname", if title.is_empty() { &key } else { &title });
    for (from, to) in LABELS {
        fit.label(to, &shown(record, from));
    }
    fit.annotation("summary", &title);
    for name in ANNOTATIONS {
        fit.annotation(name, &shown(record, name));
    }
    let states = ["state", "incident_state"].map(|name| value(record, name));
    let state = states.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let stands = STATES.iter().find(|(digit, word, ..)| {
        number(&state) == *digit || state.trim().eq_ignore_ascii_case(word)
    });
    if stands.is_none() && !state.is_empty() {
        let word: String = state.chars().take(64).collect();
        fit.note(format!("unknown state `{word}`: taken as firing"));
    }
    let mut draft = Draft { key, ..fit.draft() };
    draft.signal = stands.map(|(_, _, signal, _)| *signal).or(Some(Signal::Firing));
    if draft.signal == Some(Signal::Resolved) {
        let ends = ["resolved_at", "closed_at"].into_iter().find(|name| says(record, name));
        draft.ends_at = ends.and_then(|name| time(&mut draft, record, name));
    } else {
        let (word, severity) = severity(record);
        draft.severity(context, &word, severity);
        let begins = ["opened_at", "sys_created_on"].into_iter().find(|name| says(record, name));
        draft.starts_at = begins.and_then(|name| time(&mut draft, record, name));
    }
    if stands.is_some_and(|(.., worked_on)| *worked_on) {
        let author = shown(record, "assigned_to");
        let remark = Draft { key: draft.key.clone(), ..Draft::default() };
        let words = Words { author: &author, text: "" };
        draft.finish(at, context, read);
        remark.remark(Saying::Acknowledged, words, (at, context), read);
    } else {
        draft.finish(at, context, read);
    }
}

fn says(record: &Value, name: &str) -> bool {
    !value(record, name).is_empty()
}

/// Times are in UTC, without saying so.
fn time(draft: &mut Draft, record: &Value, name: &str) -> Option<crate::domain::value::Timestamp> {
    let text = Value::from(value(record, name));
    draft.instant(&format!("`{name}`"), Some(&text))
}

/// The priority, or what urgency and impact make of it.
fn severity(record: &Value) -> (String, Option<Severity>) {
    let of = |digit: &str| PRIORITIES.iter().find(|(have, _)| *have == digit).map(|(_, it)| *it);
    let priority = value(record, "priority");
    if !priority.is_empty() {
        return (priority.to_string(), of(number(&priority)));
    }
    let weights = ["impact", "urgency"].map(|name| number(&value(record, name)).parse().ok());
    let sum = match weights {
        [Some(impact), Some(urgency)] => u8::saturating_add(impact, urgency),
        [Some(one), None] | [None, Some(one)] => one.saturating_mul(2),
        [None, None] => return (String::new(), None),
    };
    (String::new(), of(&sum.saturating_sub(1).to_string()))
}

fn event(at: usize, record: &Value, context: &Context, read: &mut Read) {
    let mut fit = Fit::new(context);
    let named = ["type", "metric_name", "message_key", "resource"].map(|name| value(record, name));
    let name = named.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let own = value(record, "message_key");
    let parts = KEY.map(|name| value(record, name));
    if own.is_empty() && parts.iter().all(|part| part.is_empty()) {
        read.reject(at, "neither `message_key` nor `node` nor `resource` says what it is about");
        return;
    }
    let key = if own.is_empty() { parts.join("/") } else { own.into_owned() };
    let key = fit.text("the key", &key);
    fit.label("alertname", if name.is_empty() { "Event" } else { &name });
    for (from, to) in EVENT_LABELS {
        fit.label(to, &value(record, from));
    }
    let description = value(record, "description");
    fit.annotation("summary", description.lines().next().unwrap_or_default());
    fit.annotation("description", &description);
    // An object, usually written into a text.
    let more = record.get("additional_info");
    let parsed = more.and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    fit.details("additional_info", parsed.as_ref().or(more), false);
    let word = value(record, "severity");
    let is = |digit: &str, name: &str| number(&word) == digit || word.eq_ignore_ascii_case(name);
    let clear = is(CLEAR[0], CLEAR[1]);
    let closing = value(record, "resolution_state").eq_ignore_ascii_case(CLOSING);
    let mut draft = Draft { key, ..fit.draft() };
    draft.signal = Some(if clear || closing { Signal::Resolved } else { Signal::Firing });
    let when = time(&mut draft, record, "time_of_event");
    if draft.signal == Some(Signal::Resolved) {
        draft.ends_at = when;
    } else {
        draft.starts_at = when;
        let known = SEVERITIES.iter().find(|(digit, name, _)| is(digit, name));
        draft.severity(context, &word, known.map(|(.., severity)| *severity));
    }
    draft.finish(at, context, read);
}
