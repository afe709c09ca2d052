//! What is sent to Alerta: alerts and heartbeats.
//!
//! Alerta tells alerts apart by environment, resource and event. Events that a sender names in
//! `correlate` say how one condition stands, so they share a key: `node_up` ends what `node_down`
//! began.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Adapter;
use crate::domain::event::adapter::fit::{Fit, said};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::event::{Heartbeat, Remark, Saying, Signal};
use crate::domain::value::{Labels, Severity, Span};

/// Alerta's severities of what holds.
pub const SEVERITIES: [(&str, Severity); 14] = [
    ("security", Severity::Critical),
    ("critical", Severity::Critical),
    ("major", Severity::High),
    ("minor", Severity::Warning),
    ("warning", Severity::Warning),
    ("informational", Severity::Info),
    ("debug", Severity::Info),
    ("trace", Severity::Info),
    ("indeterminate", Severity::Unknown),
    ("unknown", Severity::Unknown),
    // Of its model for alarms of plants, ANSI/ISA 18.2.
    ("high", Severity::High),
    ("medium", Severity::Warning),
    ("low", Severity::Info),
    ("advisory", Severity::Info),
];

/// Alerta's severities of what is over.
pub const OVER: [&str; 3] = ["normal", "ok", "cleared"];

/// What Alerta's states say beside the severity.
const STATUSES: [(&str, Signal, Option<Saying>); 15] = [
    ("open", Signal::Firing, None),
    ("assign", Signal::Firing, None),
    ("unknown", Signal::Firing, None),
    ("ack", Signal::Firing, Some(Saying::Acknowledged)),
    ("shelved", Signal::Firing, Some(Saying::Suppressed)),
    ("blackout", Signal::Firing, Some(Saying::Suppressed)),
    ("closed", Signal::Resolved, None),
    ("expired", Signal::Resolved, None),
    // Of ANSI/ISA 18.2, where one that has returned to normal may still have to be acknowledged.
    ("norm", Signal::Firing, None),
    ("unack", Signal::Firing, None),
    ("acked", Signal::Firing, Some(Saying::Acknowledged)),
    ("rtnun", Signal::Resolved, None),
    ("shlvd", Signal::Firing, Some(Saying::Suppressed)),
    ("dsupr", Signal::Firing, Some(Saying::Suppressed)),
    ("oosrv", Signal::Firing, Some(Saying::Suppressed)),
];

/// Fields that become labels: the source's name, ours.
const LABELS: [(&str, &str); 6] = [
    ("event", "alertname"),
    ("resource", "instance"),
    ("environment", "environment"),
    ("service", "service"),
    ("group", "group"),
    ("customer", "customer"),
];

/// Fields that become annotations: the source's name, ours.
const ANNOTATIONS: [(&str, &str); 8] = [
    ("text", "summary"),
    ("value", "value"),
    ("tags", "tags"),
    ("correlate", "correlate"),
    ("origin", "origin"),
    ("type", "type"),
    ("timeout", "timeout"),
    ("rawData", "raw_data"),
];

/// Attributes of a heartbeat that become labels of the alert when it stays away.
const ATTRIBUTES: [&str; 3] = ["environment", "service", "group"];

/// Alerta.
pub const ADAPTER: Adapter = Adapter { name: "alerta", title: "Alerta", read, fits };

fn fits(body: &Value, _: &Head) -> bool {
    let alert = body["event"].is_string() && body["resource"].is_string();
    alert || is_heartbeat(body)
}

fn is_heartbeat(body: &Value) -> bool {
    let typed = body["type"].as_str().is_some_and(|word| word.eq_ignore_ascii_case("heartbeat"));
    body["origin"].is_string()
        && !json::has_any(body, &["event", "resource"])
        && (typed || json::has_any(body, &["createTime", "timeout"]))
}

/// Reads a body: one alert, or one heartbeat.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    if !body.is_object() {
        return Err(Unreadable::Json("it is no object".to_owned()));
    }
    let mut read = Read::default();
    if is_heartbeat(&body) {
        heartbeat(&body, context, &mut read);
    } else {
        alert(&body, context, &mut read);
    }
    Ok(read)
}

/// The key of an alert: environment, resource, and the event with those it is correlated with.
fn key(body: &Value) -> String {
    let [environment, resource, event] =
        ["environment", "resource", "event"].map(|name| said(&json::field(body, name)).to_owned());
    let correlated = body["correlate"].as_array().into_iter().flatten();
    let events: BTreeSet<String> =
        correlated.map(|event| json::text(event).into_owned()).chain([event]).collect();
    let events: Vec<String> = events.into_iter().filter(|event| !event.is_empty()).collect();
    format!("{environment}/{resource}/{}", events.join(","))
}

fn alert(body: &Value, context: &Context, read: &mut Read) {
    for name in ["resource", "event"] {
        if said(&json::field(body, name)).is_empty() {
            read.reject(0, format!("`{name}` is missing: it says what it is about"));
            return;
        }
    }
    let severity = json::field(body, "severity");
    let over = OVER.iter().any(|word| severity.eq_ignore_ascii_case(word));
    let status = json::field(body, "status").to_ascii_lowercase();
    let stands = STATUSES.iter().find(|(word, ..)| *word == status);
    let mut fit = Fit::new(context);
    if stands.is_none() && !status.is_empty() {
        let word: String = status.chars().take(64).collect();
        fit.note(format!("unknown status `{word}`: taken as open"));
    }
    let signal = match stands {
        _ if over => Signal::Resolved,
        Some((_, signal, _)) => *signal,
        None => Signal::Firing,
    };
    for (from, to) in LABELS {
        fit.label(to, &json::field(body, from));
    }
    for (from, to) in ANNOTATIONS {
        fit.annotation(to, &json::field(body, from));
    }
    fit.details("attributes", body.get("attributes"), false);
    let key = fit.text("key", &key(body));
    let mut draft = fit.draft();
    draft.signal = Some(signal);
    draft.key.clone_from(&key);
    draft.starts_at = draft.instant("createTime", body.get("createTime"));
    // An alert that its sender bounds in time is repeated as long as it holds.
    draft.lease = seconds(&body["timeout"]);
    draft.severity(context, &severity, meaning(&severity));
    draft.finish(0, context, read);
    if let (Signal::Firing, Some((_, _, Some(saying)))) = (signal, stands) {
        read.remarks.push(Remark {
            source: context.source.clone(),
            key: key.into(),
            labels: Labels::default(),
            author: Box::default(),
            text: Box::default(),
            saying: *saying,
        });
    }
}

fn heartbeat(body: &Value, context: &Context, read: &mut Read) {
    let origin = json::field(body, "origin");
    let name = said(&origin);
    if name.is_empty() || name.len() > context.limits.label_value_bytes_max {
        read.reject(0, "`origin` is blank or too long: it says whose sign of life it is");
        return;
    }
    let attributes = &body["attributes"];
    let mut fit = Fit::new(context);
    for attribute in ATTRIBUTES {
        fit.label(attribute, &json::field(attributes, attribute));
    }
    let mut draft = fit.draft();
    let severity = json::field(attributes, "severity");
    if !severity.is_empty() {
        draft.severity(context, &severity, meaning(&severity));
    }
    read.notes.extend(draft.notes.into_iter().map(|what| super::super::Note { at: Some(0), what }));
    read.heartbeats.push(Heartbeat {
        source: context.source.clone(),
        name: name.into(),
        within: seconds(&body["timeout"]),
        labels: draft.labels,
    });
}

/// What Alerta takes a severity to mean.
pub fn meaning(word: &str) -> Option<Severity> {
    if OVER.iter().any(|over| word.eq_ignore_ascii_case(over)) {
        return Some(Severity::None);
    }
    let known = SEVERITIES.iter().find(|(have, _)| word.eq_ignore_ascii_case(have));
    known.map(|(_, severity)| *severity)
}

/// A number of seconds, if it is one and not 0, which is Alerta's word for never.
fn seconds(value: &Value) -> Option<Span> {
    let seconds = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (seconds > 0).then(|| Span(seconds.min(SECONDS_MAX) * 1_000))
}

/// Nobody bounds anything by more than ten years.
const SECONDS_MAX: u64 = 10 * 366 * 86_400;
