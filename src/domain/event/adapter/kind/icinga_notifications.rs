//! What is sent to Icinga Notifications (`/process-event`): Icinga DB, Icinga for Kubernetes, others.
//!
//! The tags are the identity; the sender has no other key. Up to version 0.2 the field `type` says
//! what happened; later senders say `incident`, `close` and `muted` instead, and several of them at
//! once. Muted is what nobody wants to be told of, whatever the reason.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::fields::{self, plain};
use crate::domain::event::adapter::said::Words;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::event::{Saying, Signal};
use crate::domain::value::{Labels, Severity};

/// Senders to Icinga Notifications.
pub const ADAPTER: Adapter =
    Adapter { name: "icinga-notifications", title: "Icinga Notifications", read, fits };

/// Severities, worst last but one step: syslog's words.
const SEVERITIES: &[(&str, Severity)] = &[
    ("debug", Severity::Info),
    ("info", Severity::Info),
    ("notice", Severity::Info),
    ("warning", Severity::Warning),
    ("err", Severity::High),
    ("crit", Severity::Critical),
    ("alert", Severity::Critical),
    ("emerg", Severity::Critical),
];

/// Types that are about what somebody did or said.
const TYPES: &[(&str, Saying)] = &[
    ("acknowledgement", Saying::Acknowledged),
    ("acknowledgementset", Saying::Acknowledged),
    ("acknowledgementcleared", Saying::Unacknowledged),
    ("downtimestart", Saying::Suppressed),
    ("downtimeend", Saying::Unsuppressed),
    ("downtimeremoved", Saying::Unsuppressed),
    ("mute", Saying::Suppressed),
    ("unmute", Saying::Unsuppressed),
    ("flappingstart", Saying::Noted),
    ("flappingend", Saying::Noted),
    ("incidentage", Saying::Noted),
    ("custom", Saying::Noted),
];

/// Fields that no other sender of tags has.
const OWN: [&str; 8] = [
    "extra_tags",
    "username",
    "incident",
    "close",
    "muted",
    "muted_reason",
    "mute_reason",
    "relations",
];

fn fits(body: &Value, _: &Head) -> bool {
    let [type_, word] = ["type", "severity"].map(|name| json::field(body, name));
    let of_ours = type_ == "state" || TYPES.iter().any(|(name, _)| *name == plain(&type_));
    let judged = word == "ok" || SEVERITIES.iter().any(|(name, _)| *name == word);
    body["tags"].is_object()
        && body["name"].is_string()
        && (json::has_any(body, &OWN) || of_ours && (judged || word.is_empty()))
}

/// Reads an event.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = fields::object(body, context)?;
    let mut read = Read { delivery: json::field(&body, "id").into(), ..Read::default() };
    let tags = match json::pairs(&body, "tags") {
        Ok(tags) if !tags.is_empty() => tags,
        Ok(_) => {
            read.reject(0, "`tags` is empty: nothing says what the event is about");
            return Ok(read);
        }
        Err(why) => {
            read.reject(0, why);
            return Ok(read);
        }
    };
    let mut draft = Draft { key: key(&tags), ..Draft::default() };
    describe(&mut draft, &body, &tags, context);
    let [type_, word] = ["type", "severity"].map(|name| json::field(&body, name));
    let known = TYPES.iter().find(|(name, _)| *name == plain(&type_)).map(|(_, saying)| *saying);
    if known.is_none() && !["", "state"].contains(&type_.as_ref()) {
        draft.notes.push(format!("unknown type `{type_}`: the severity counts"));
    }
    let muted = ["muted", "mute"].iter().find_map(|name| body.get(*name)?.as_bool());
    let muted = muted.map(|is| if is { Saying::Suppressed } else { Saying::Unsuppressed });
    let reason = ["muted_reason", "mute_reason"].map(|name| json::field(&body, name));
    let reason = reason.into_iter().find(|reason| !reason.is_empty()).unwrap_or_default();
    let [author, message] = ["username", "message"].map(|name| json::field(&body, name));
    let closed = body["close"].as_bool() == Some(true);
    let about_state = known.is_none() && (!word.is_empty() || closed || muted.is_none());
    let remarks =
        Draft { key: draft.key.clone(), labels: draft.labels.clone(), ..Draft::default() };
    if about_state {
        draft.signal = signal(&word, closed, &mut draft.notes);
        let known = SEVERITIES.iter().find(|(name, _)| *name == word);
        if draft.signal != Some(Signal::Resolved) {
            draft.severity(context, &word, known.map(|(_, severity)| *severity));
        }
        draft.finish(0, context, &mut read);
    }
    let said = [known.filter(|saying| muted.is_none() || *saying != Saying::Noted), muted];
    let [first, second] = said;
    let second = second.filter(|saying| Some(*saying) != first);
    for saying in [first, second].into_iter().flatten() {
        let text = match saying {
            Saying::Suppressed | Saying::Unsuppressed if !reason.is_empty() => &reason,
            _ if message.is_empty() => &type_,
            _ => &message,
        };
        remarks.remark(saying, Words { author: &author, text }, (0, context), &mut read);
    }
    Ok(read)
}

fn signal(word: &str, closed: bool, notes: &mut Vec<String>) -> Option<Signal> {
    match word {
        _ if closed => Some(Signal::Resolved),
        "ok" => Some(Signal::Resolved),
        "" => {
            notes.push("no severity: taken as firing".to_owned());
            Some(Signal::Firing)
        }
        _ => Some(Signal::Firing),
    }
}

/// `host!service` for Icinga's objects, and every tag for others.
fn key(tags: &Labels) -> String {
    let (host, service) = (tags.get("host"), tags.get("service"));
    let named = |tag: &str| ["host", "service"].contains(&tag);
    match (host, service) {
        (host, "") if !host.is_empty() && tags.len() == 1 => host.to_owned(),
        (host, service) if !host.is_empty() && tags.iter().all(|(tag, _)| named(tag)) => {
            format!("{host}!{service}")
        }
        _ => {
            let tags = tags.iter().map(|(name, value)| format!("{name}={value}"));
            tags.collect::<Vec<String>>().join(",")
        }
    }
}

fn describe(draft: &mut Draft, body: &Value, tags: &Labels, context: &Context) {
    let [name, url, message] = ["name", "url", "message"].map(|name| json::field(body, name));
    let alertname = match (tags.get("service"), tags.get("host")) {
        ("", "") => name.as_ref(),
        ("", _) => "Host state",
        (service, _) => service,
    };
    let alertname = if alertname.is_empty() { "Icinga Notifications" } else { alertname };
    let instance = tags.get("host");
    let ours = [("alertname", alertname), ("instance", instance)];
    let ours = ours.into_iter().filter(|(_, value)| !value.is_empty());
    draft.labels = fields::labels(context, tags.iter().chain(ours));
    let summary = match (name.as_ref(), message.as_ref()) {
        (name, "") => name.to_owned(),
        ("", message) => message.to_owned(),
        (name, message) => format!("{name}: {message}"),
    };
    let extra: Vec<String> = body["extra_tags"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| match json::text(value).as_ref() {
            "" => name.clone(),
            value => format!("{name}={value}"),
        })
        .collect();
    let texts = [("summary", summary), ("description", message.into_owned())];
    // It may be told without the server that it is on.
    let (url, page) = if url.contains("://") { (url, "".into()) } else { ("".into(), url) };
    let texts = texts.into_iter().chain([("extra_tags", extra.join(", "))]);
    let texts = texts.chain([("page", page.into_owned())]);
    draft.annotations = fields::annotations(context, texts.map(|(name, text)| (name, text.into())));
    draft.url = url.into_owned();
}
