//! CloudEvents: structured, in batches, and in headers.
//!
//! The last word of the type says whether a condition begins or ends; a status in the data counts
//! where the type leaves it open. A type that says neither is believed for an hour. `source` and `id`
//! together name a delivery. Data that is itself the body of a kind of source known here is read as
//! that, and CDEvents are.

mod envelope;
mod meaning;

use serde_json::Value;

use super::{ADAPTERS, Adapter, cdevents};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::notice::NoticeDraft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, clip, json};
use crate::domain::event::{Heartbeat, Remark, Signal};
use crate::domain::value::{Labels, Severity, Span};
use envelope::{Envelope, is_binary, is_envelope};
use meaning::Word;

/// CloudEvents of any sender.
pub const ADAPTER: Adapter = Adapter { name: "cloudevents", title: "CloudEvents", read, fits };

/// How long the word of a sender counts that may never say that it is over.
const LEASE: Span = Span::hours(1);

/// Kinds of sources that tell everything that happens: where they see no condition, there is none.
const CHATTY: [&str; 4] = ["github", "gitlab", "gitea", "kubernetes-events"];

/// Bytes of data that is no JSON that people are shown.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// Where senders put things in their data: the first that is there counts.
const STATUS: &[&str] = &[
    "/status",
    "/state",
    "/alert/status",
    "/alert/state",
    "/incident/status",
    "/incident/state",
    "/outcome",
    "/result",
    "/event_state",
    "/alertState",
    "/newState",
];
const SEVERITY: &[&str] = &[
    "/severity",
    "/alert/severity",
    "/incident/severity",
    "/labels/severity",
    "/level",
    "/criticality",
    "/priority",
    "/urgency",
];
const NAME: &[&str] = &[
    "/alertname",
    "/alert_name",
    "/alertName",
    "/labels/alertname",
    "/rule_name",
    "/ruleName",
    "/rule",
    "/check",
    "/monitor",
    "/name",
    "/alert/name",
    "/incident/name",
];
const KEY: &[&str] = &[
    "/fingerprint",
    "/dedup_key",
    "/dedupKey",
    "/dedupe_key",
    "/alert_id",
    "/alertId",
    "/incident_id",
    "/incidentId",
    "/alert/id",
    "/incident/id",
    "/key",
];
const SERVICE: &[&str] = &[
    "/service",
    "/service/name",
    "/serviceName",
    "/service_name",
    "/labels/service",
    "/application",
    "/app",
    "/component",
];
const INSTANCE: &[&str] = &[
    "/instance",
    "/host",
    "/hostname",
    "/node",
    "/resource",
    "/resource/name",
    "/device",
    "/labels/instance",
];
const ENVIRONMENT: &[&str] =
    &["/environment", "/environment/name", "/env", "/labels/environment", "/stage"];
const SUMMARY: &[&str] = &[
    "/summary",
    "/annotations/summary",
    "/title",
    "/message",
    "/alert/title",
    "/incident/title",
    "/headline",
];
const DESCRIPTION: &[&str] = &[
    "/description",
    "/annotations/description",
    "/details",
    "/detail",
    "/reason",
    "/error",
    "/text",
    "/body",
];
const URL: &[&str] =
    &["/url", "/link", "/html_url", "/alert_url", "/generatorURL", "/incident/url", "/alert/url"];
const ACTOR: &[&str] = &[
    "/user",
    "/user/name",
    "/actor",
    "/actor/name",
    "/by",
    "/author",
    "/author/name",
    "/acknowledged_by",
    "/acknowledgedBy",
];
const VERSION: &[&str] = &["/version", "/tag", "/revision", "/image", "/commit", "/sha", "/ref"];

/// Senders' words for how bad it is.
const SEVERITIES: [(&str, Severity); 20] = [
    ("critical", Severity::Critical),
    ("fatal", Severity::Critical),
    ("emergency", Severity::Critical),
    ("disaster", Severity::Critical),
    ("p1", Severity::Critical),
    ("high", Severity::High),
    ("major", Severity::High),
    ("error", Severity::High),
    ("p2", Severity::High),
    ("medium", Severity::Warning),
    ("moderate", Severity::Warning),
    ("warning", Severity::Warning),
    ("warn", Severity::Warning),
    ("minor", Severity::Warning),
    ("p3", Severity::Warning),
    ("low", Severity::Info),
    ("info", Severity::Info),
    ("informational", Severity::Info),
    ("notice", Severity::Info),
    ("p4", Severity::Info),
];

fn fits(body: &Value, head: &Head) -> bool {
    let element = body.get(0).unwrap_or(body);
    head.media_type().starts_with("application/cloudevents")
        || is_binary(head)
        || is_envelope(element)
}

/// Reads a request.
///
/// # Errors
/// When the body is no JSON and no header says that it is data, or the batch is too large.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let events = envelope::unpack(body, context.head)?;
    let max = context.limits.events_max;
    if events.len() > max {
        return Err(Unreadable::TooMany { max });
    }
    let mut read = Read::default();
    if let [Ok(only)] = events.as_slice()
        && !only.id.is_empty()
    {
        read.delivery = format!("{} {}", only.source, only.id).into();
    }
    if events.is_empty() {
        read.note(None, "a batch without an event");
    }
    for (at, event) in events.into_iter().enumerate() {
        match event {
            Ok(event) => take(at, event, context, &mut read)?,
            Err(why) => read.reject(at, why),
        }
    }
    Ok(read)
}

/// One event: as what its data is, or by its type.
fn take(at: usize, event: Envelope, context: &Context, read: &mut Read) -> Result<(), Unreadable> {
    if let Some(inner) = inside(&event, context) {
        read.events.extend(inner.events);
        read.remarks.extend(inner.remarks);
        read.heartbeats.extend(inner.heartbeats);
        read.deployments.extend(inner.deployments);
        for rejection in inner.rejected {
            read.reject(at, format!("element {} of the data: {}", rejection.at, rejection.why));
        }
        for note in inner.notes {
            read.note(at, note.what);
        }
        let max = context.limits.events_max;
        return if read.said() > max { Err(Unreadable::TooMany { max }) } else { Ok(()) };
    }
    if event.kind.is_empty() {
        read.reject(at, "a CloudEvent needs a `type`");
        return Ok(());
    }
    for note in &event.notes {
        read.note(at, note.clone());
    }
    let parts = meaning::parts(&event.kind);
    let said = json::first_of(&event.data, STATUS);
    if meaning::is_deployment(parts.stem)
        && let Some(status) = meaning::status(&parts.last, &said)
    {
        let draft = notice(&event, parts.stem);
        if !draft.service.is_empty() {
            draft.finish(at, status, context, read);
            return Ok(());
        }
    }
    match meaning::word(&parts.last) {
        Some(Word::Alive) => read.heartbeats.push(Heartbeat {
            source: context.source.clone(),
            name: if event.subject.is_empty() { &*event.source } else { &*event.subject }.into(),
            within: None,
            labels: Labels::new([("source", event.source.as_str())]),
        }),
        Some(Word::Test) => read.note(at, format!("a test: `{}`", event.kind)),
        Some(Word::Said(saying)) => {
            let text = json::first_of(&event.data, &[&["/comment", "/note"], SUMMARY].concat());
            read.remarks.push(Remark {
                source: context.source.clone(),
                key: key(&event, parts.stem).into(),
                labels: labels(&event, parts.stem),
                author: json::first_of(&event.data, ACTOR).into(),
                text: text.into(),
                saying,
            });
        }
        word => condition(at, &event, (parts.stem, word, &said), context, read),
    }
    Ok(())
}

/// What the data says by itself, where it is a CDEvent or the body of another kind of source.
fn inside(event: &Envelope, context: &Context) -> Option<Read> {
    let (data, head) = (&event.data, Head::NONE);
    let has_inside = (data.is_object() || data.is_array()) && !is_envelope(data);
    if !has_inside {
        return None;
    }
    let context = Context { head, ..*context };
    if cdevents::is_event(data) {
        let mut read = Read::default();
        cdevents::tell(0, data, &context, &mut read);
        return Some(read);
    }
    // An object with labels alone may say less than the envelope: the type tells how it stands.
    let is_bare = data["labels"].is_object() && !data["alerts"].is_array();
    let adapter = ADAPTERS.iter().find(|adapter| (adapter.fits)(data, head))?;
    if is_bare || adapter.name == ADAPTER.name {
        return None;
    }
    let body = serde_json::to_vec(data).ok()?;
    let read = (adapter.read)(&body, &context).ok()?;
    let is_chat = CHATTY.contains(&adapter.name) && read.rejected.is_empty();
    (read.said() > 0 || is_chat).then_some(read)
}

fn condition(
    at: usize,
    event: &Envelope,
    (stem, word, said): (&str, Option<Word>, &str),
    context: &Context,
    read: &mut Read,
) {
    let mut draft =
        Draft { labels: labels(event, stem), key: key(event, stem), ..Draft::default() };
    let (signal, may_end) = match (word, meaning::signal(said)) {
        (Some(Word::Ends), _) => (Signal::Resolved, true),
        (Some(Word::Happened), _) => (Signal::Firing, false),
        (Some(Word::Begins), _) => (Signal::Firing, true),
        // What has appeared may be over already.
        (_, Some(signal)) => (signal, true),
        (Some(Word::Appears), None) => (Signal::Firing, meaning::is_condition(stem)),
        (_, None) => {
            let why = if said.is_empty() {
                format!("`{}` says neither that something begins nor that it ends", event.kind)
            } else {
                format!("unknown status `{said}`")
            };
            draft.notes.push(format!("{why}: taken as firing for {LEASE}"));
            (Signal::Firing, false)
        }
    };
    draft.signal = Some(signal);
    draft.lease = (!may_end).then_some(LEASE);
    let severity = match json::first_of(&event.data, SEVERITY) {
        severity if severity.is_empty() => event.extension("severity").to_owned(),
        severity => severity,
    };
    let last = event.kind.rsplit('.').next().unwrap_or_default();
    let implied = if severity.is_empty() { last } else { severity.as_str() };
    let known = SEVERITIES.iter().find(|(word, _)| word.eq_ignore_ascii_case(implied));
    draft.severity(context, &severity, known.map(|(_, severity)| *severity));
    draft.annotations = draft.annotations.with(annotations(event).iter());
    draft.url = json::first_of(&event.data, URL);
    let time = draft.instant("time", event.time.as_ref());
    let pick = |names: &[&str]| names.iter().find_map(|name| event.data.get(name)).cloned();
    let begun = pick(&["startsAt", "starts_at", "started_at", "startedAt", "opened_at"]);
    draft.starts_at = draft.instant("the start", begun.as_ref()).or(time);
    let ended = pick(&["endsAt", "ends_at", "ended_at", "endedAt", "resolved_at", "closed_at"]);
    draft.ends_at = draft.instant("the end", ended.as_ref()).or(time);
    draft.finish(at, context, read);
}

/// The sender's key for the condition: its own in the data, else what and where.
fn key(event: &Envelope, stem: &str) -> String {
    match json::first_of(&event.data, KEY) {
        key if !key.is_empty() => key,
        _ if event.subject.is_empty() => format!("{} {stem}", event.source),
        _ => format!("{} {} {stem}", event.source, event.subject),
    }
}

fn labels(event: &Envelope, stem: &str) -> Labels {
    let find = |pointers| json::first_of(&event.data, pointers);
    let name = match find(NAME) {
        name if name.is_empty() && stem.is_empty() => event.kind.clone(),
        name if name.is_empty() => stem.to_owned(),
        name => name,
    };
    let own = json::pairs(&event.data, "labels").unwrap_or_default();
    own.with([
        ("alertname", name.as_str()),
        ("service", &find(SERVICE)),
        ("instance", &find(INSTANCE)),
        ("environment", &find(ENVIRONMENT)),
        ("source", &event.source),
        ("subject", &event.subject),
    ])
}

fn annotations(event: &Envelope) -> Labels {
    let mut own = json::pairs(&event.data, "annotations").unwrap_or_default();
    let extensions = event.extensions.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    own = own.with(extensions.filter(|(name, _)| *name != "severity"));
    let text = match &event.data {
        Value::String(text) => clip(text, TEXT_BYTES_MAX).to_owned(),
        data => json::first_of(data, DESCRIPTION),
    };
    let summary = match json::first_of(&event.data, SUMMARY) {
        summary if summary.is_empty() => format!("{} {}", event.kind, event.subject),
        summary => summary,
    };
    let bare = text.is_empty() && summary.starts_with(&event.kind) && event.data.is_object();
    let data = if bare { event.data.to_string() } else { String::new() };
    own.with([
        ("summary", summary.trim()),
        ("description", &text),
        ("data", clip(&data, TEXT_BYTES_MAX)),
        ("event_type", &event.kind),
        ("event_id", &event.id),
    ])
}

fn notice(event: &Envelope, stem: &str) -> NoticeDraft {
    let find = |pointers| json::first_of(&event.data, pointers);
    let named = &[SERVICE, &["/name", "/project", "/repository"]].concat();
    let service = match find(named) {
        service if service.is_empty() => event.subject.clone(),
        service => service,
    };
    let key = match find(&["/deployment_id", "/deploymentId", "/deployment/id", "/id"]) {
        id if id.is_empty() && event.subject.is_empty() => String::new(),
        id if id.is_empty() => format!("{} {} {stem}", event.source, event.subject),
        id => id,
    };
    let mut draft = NoticeDraft {
        service,
        key,
        environment: find(ENVIRONMENT),
        version: find(VERSION),
        actor: find(ACTOR),
        summary: find(SUMMARY),
        url: find(URL),
        labels: Labels::new([("source", event.source.as_str()), ("subject", &event.subject)]),
        ..NoticeDraft::default()
    };
    draft.said_at([event.time.as_ref()]);
    draft
}
