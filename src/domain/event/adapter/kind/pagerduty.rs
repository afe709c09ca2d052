//! What is sent to PagerDuty: events and change events of the Events API v2, events of its first
//! version; and what PagerDuty itself sends to webhooks.
//!
//! The key of an alert is the sender's `dedup_key` (`incident_key`). A class of events names the
//! condition where the sender gives one, else the summary does.

mod webhook;

use serde_json::Value;

use super::Adapter;
use crate::domain::deployment::{Notice, Status};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::fit::{Fit, said};
use crate::domain::event::adapter::{Context, Head, Read, SKEW_MAX, Unreadable, json};
use crate::domain::event::{Remark, Saying, Signal};
use crate::domain::value::{Labels, Severity};

/// PagerDuty's words for the severity.
pub const SEVERITIES: [(&str, Severity); 4] = [
    ("critical", Severity::Critical),
    ("error", Severity::High),
    ("warning", Severity::Warning),
    ("info", Severity::Info),
];

/// Fields of `payload` that become labels of the same name.
const LABELS: [&str; 3] = ["class", "component", "group"];

/// Details that say what every source has a label for.
const DETAILS: [(&str, &str); 3] =
    [("service", "service"), ("environment", "environment"), ("env", "environment")];

/// Details of a change that say which version it brought, the first one counts.
const VERSIONS: [&str; 7] =
    ["version", "revision", "release", "tag", "commit", "sha", "build_number"];

/// Details of a change that say who made it.
const ACTORS: [&str; 5] = ["user", "author", "actor", "deployer", "triggered_by"];

/// PagerDuty, as a server and as a sender of webhooks.
pub const ADAPTER: Adapter = Adapter { name: "pagerduty", title: "PagerDuty", read, fits };

fn fits(body: &Value, _: &Head) -> bool {
    let v2 =
        json::has_any(body, &["routing_key"]) && json::has_any(body, &["event_action", "payload"]);
    let v1 = json::has_any(body, &["service_key"]) && json::has_any(body, &["event_type"]);
    v2 || v1 || webhook::fits(body)
}

/// What one action of a sender is.
enum Act {
    Event(Signal),
    Acknowledge,
}

fn act(word: &str) -> Option<Act> {
    match word.to_ascii_lowercase().as_str() {
        "trigger" => Some(Act::Event(Signal::Firing)),
        "resolve" => Some(Act::Event(Signal::Resolved)),
        "acknowledge" => Some(Act::Acknowledge),
        _ => None,
    }
}

/// Reads a body.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    if !body.is_object() {
        return Err(Unreadable::Json("it is no object".to_owned()));
    }
    let mut read = Read::default();
    if webhook::fits(&body) {
        webhook::read(&body, context, &mut read)?;
    } else if json::has_any(&body, &["event_action"]) {
        second(&body, context, &mut read);
    } else if json::has_any(&body, &["event_type"]) {
        first(&body, context, &mut read);
    } else if body["payload"].is_object() {
        change(&body, context, &mut read);
    } else {
        read.note(None, "neither `event_action` nor `payload`: it says nothing of a condition");
    }
    Ok(read)
}

/// An event of the Events API v2.
fn second(body: &Value, context: &Context, read: &mut Read) {
    let payload = &body["payload"];
    let [word, key, client] =
        ["event_action", "dedup_key", "client"].map(|name| json::field(body, name));
    let [summary, source, severity] =
        ["summary", "source", "severity"].map(|name| json::field(payload, name));
    let mut fit = Fit::new(context);
    let class = json::field(payload, "class");
    fit.label("alertname", name(&[&class, &summary, &key]));
    fit.label("instance", &source);
    for name in LABELS {
        fit.label(name, &json::field(payload, name));
    }
    let details = payload.get("custom_details").or_else(|| payload.get("details"));
    for (detail, label) in DETAILS {
        fit.label(label, &json::field(details.unwrap_or(&Value::Null), detail));
    }
    fit.annotation("summary", &summary);
    fit.annotation("client", &client);
    fit.details("custom_details", details, false);
    let links =
        Links { of: body, text: "text", client_url: json::field(body, "client_url").into() };
    let url = links.put(&mut fit);
    let meaning = meaning(&severity);
    let said = Said { word: &word, key: &key, author: &client, summary: &summary };
    event(said, context, read, fit, |draft| {
        draft.url = url;
        draft.starts_at = draft.instant("timestamp", payload.get("timestamp"));
        draft.severity(context, &severity, meaning);
    });
}

/// An event of the first version, which knows no severity.
fn first(body: &Value, context: &Context, read: &mut Read) {
    let [word, key, client, summary] =
        ["event_type", "incident_key", "client", "description"].map(|name| json::field(body, name));
    let details = body.get("details");
    let detail = |name: &str| json::field(details.unwrap_or(&Value::Null), name).into_owned();
    let mut fit = Fit::new(context);
    fit.label("alertname", name(&[&summary, &key]));
    for (from, label) in DETAILS {
        fit.label(label, &detail(from));
    }
    fit.annotation("summary", &summary);
    fit.annotation("client", &client);
    fit.details("details", details, false);
    let links = Links {
        of: &serde_json::json!({ "links": body["contexts"] }),
        text: "text",
        client_url: json::field(body, "client_url").into(),
    };
    let url = links.put(&mut fit);
    let said = Said { word: &word, key: &key, author: &client, summary: &summary };
    event(said, context, read, fit, |draft| {
        draft.url = url;
        draft.severity(context, "", None);
    });
}

/// What both versions of the API say in other words.
struct Said<'a> {
    word: &'a str,
    key: &'a str,
    author: &'a str,
    summary: &'a str,
}

fn event(
    said: Said,
    context: &Context,
    read: &mut Read,
    mut fit: Fit,
    finish: impl FnOnce(&mut Draft),
) {
    let key = fit.text("dedup_key", said.key);
    let act = act(said.word).unwrap_or_else(|| {
        fit.note(format!("unknown action `{}`: taken as trigger", short(said.word)));
        Act::Event(Signal::Firing)
    });
    let nameless = key.is_empty() && name(&[said.summary]).is_empty();
    match act {
        Act::Event(Signal::Firing) if nameless => {
            read.reject(0, "neither a key nor a summary says what it is about");
        }
        Act::Event(Signal::Resolved) | Act::Acknowledge if key.is_empty() => {
            read.reject(0, format!("no key says what to {}", said.word));
        }
        Act::Acknowledge => read.remarks.push(Remark {
            source: context.source.clone(),
            key: key.into(),
            labels: Labels::default(),
            author: said.author.into(),
            text: Box::default(),
            saying: Saying::Acknowledged,
        }),
        Act::Event(signal) => {
            let mut draft = fit.draft();
            draft.signal = Some(signal);
            draft.key = key;
            finish(&mut draft);
            draft.finish(0, context, read);
        }
    }
}

/// A change event: something was brought into service, by its sender's word.
fn change(body: &Value, context: &Context, read: &mut Read) {
    let payload = &body["payload"];
    let details = payload.get("custom_details").unwrap_or(&Value::Null);
    let [summary, source] = ["summary", "source"].map(|name| json::field(payload, name));
    if said(&summary).is_empty() {
        read.reject(0, "`payload.summary` is missing: it says what was changed");
        return;
    }
    let one_of = |names: &[&str]| {
        let texts = names.iter().map(|name| json::field(details, name));
        texts.map(|text| said(&text).to_owned()).find(|text| !text.is_empty()).unwrap_or_default()
    };
    let mut fit = Fit::new(context);
    fit.details("custom_details", payload.get("custom_details"), true);
    let url = Links { of: body, text: "text", client_url: Box::default() }.put(&mut fit);
    let mut draft = fit.draft();
    let at = draft.instant("timestamp", payload.get("timestamp"));
    let at = at.filter(|at| *at <= context.now + SKEW_MAX).unwrap_or(context.now);
    let service = one_of(&["service", "service_name", "application", "app"]);
    let id =
        [("at", at.rfc3339()), ("source", source.to_string()), ("summary", summary.to_string())];
    read.notes.extend(draft.notes.drain(..).map(|what| super::super::Note { at: Some(0), what }));
    read.deployments.push(Notice {
        source: context.source.clone(),
        // Change events have no key: one that is sent again is the same in every part.
        key: Labels::new(id).fingerprint().to_string().into(),
        service: if service.is_empty() { said(&source).into() } else { service.into() },
        environment: one_of(&["environment", "env", "stage"]).into(),
        version: one_of(&VERSIONS).into(),
        actor: one_of(&ACTORS).into(),
        status: Status::Succeeded,
        summary: said(&summary).into(),
        url: url.into(),
        at,
        labels: draft.labels,
    });
}

/// Links and images of a body.
struct Links<'a> {
    of: &'a Value,
    text: &'static str,
    client_url: Box<str>,
}

impl Links<'_> {
    /// Puts them among the annotations; returns where the sender shows the alert.
    fn put(&self, fit: &mut Fit) -> String {
        let lines = |list: &Value, from: &str| -> Vec<String> {
            let all = list.as_array().map(Vec::as_slice).unwrap_or_default();
            let line = |one: &Value| {
                let (href, text) = (json::field(one, from), json::field(one, self.text));
                let text = if text.is_empty() { json::field(one, "alt") } else { text };
                format!("{href} {text}").trim().to_owned()
            };
            all.iter().map(line).filter(|line| !line.is_empty()).collect()
        };
        let links = lines(&self.of["links"], "href");
        fit.annotation("links", &links.join("\n"));
        fit.annotation("images", &lines(&self.of["images"], "src").join("\n"));
        let first = links.first().and_then(|line| line.split(' ').next()).unwrap_or_default();
        fit.text("url", if self.client_url.is_empty() { first } else { &self.client_url })
    }
}

/// What PagerDuty takes a word for the severity to mean.
pub fn meaning(word: &str) -> Option<Severity> {
    let word = word.trim();
    SEVERITIES.iter().find(|(have, _)| word.eq_ignore_ascii_case(have)).map(|(_, it)| *it)
}

/// The first text that says something, one line of it.
fn name<'a>(texts: &[&'a str]) -> &'a str {
    let mut lines = texts.iter().map(|text| said(text).lines().next().unwrap_or_default());
    lines.find(|line| !line.is_empty()).unwrap_or_default()
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
