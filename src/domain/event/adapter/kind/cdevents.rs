//! CDEvents (cdevents.dev, 0.1 to 0.6): bare, or as the data of a CloudEvent.
//!
//! What happens to a service, and a deployment, is a notice of a deployment; an incident is an event,
//! under the id of its subject; the rest of a pipeline's life is a note. One service in one
//! environment is one key, so that a rollback falls on what was deployed there before. A change in
//! the time of a freeze and a change that did not come when it should are events, too.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{Adapter, cloudevents};
use crate::domain::deployment::Status;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::notice::NoticeDraft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Labels, Severity, Span};

/// CDEvents.
pub const ADAPTER: Adapter = Adapter { name: "cdevents", title: "CDEvents", read, fits };

/// How types begin: those of the specification, those of extensions, and those before 0.1.
const PREFIXES: [&str; 3] = ["dev.cdevents.", "dev.cdeventsx.", "cd."];

/// What happens to a service.
const SERVICE: [(&str, Status); 5] = [
    ("deployed", Status::Succeeded),
    ("upgraded", Status::Succeeded),
    ("published", Status::Succeeded),
    ("rolledback", Status::RolledBack),
    ("removed", Status::Succeeded),
];

/// How a deployment goes on; what is finished says by its outcome how it went.
const DEPLOYMENT: [(&str, Status); 3] =
    [("queued", Status::Queued), ("started", Status::Started), ("finished", Status::Succeeded)];

/// Outcomes that are none to be glad of.
const OUTCOMES: [(&str, Status); 4] = [
    ("failure", Status::Failed),
    ("error", Status::Failed),
    ("cancel", Status::Cancelled),
    ("canceled", Status::Cancelled),
];

/// What somebody should look into, though nothing is broken: subject, predicate, and the alert.
const ODD: [(&str, &str, &str); 2] = [
    ("changewindow", "breached", "ChangeWindowBreached"),
    ("scheduledexecution", "missed", "ScheduledExecutionMissed"),
];

/// It has happened, and nothing says that it is over.
const ODD_LEASE: Span = Span::hours(1);

/// What happens to an incident.
const INCIDENT: [(&str, Signal); 3] =
    [("detected", Signal::Firing), ("reported", Signal::Firing), ("resolved", Signal::Resolved)];

/// Words for the severity in `customData`, which the specification leaves to the sender.
const SEVERITIES: [(&str, Severity); 9] = [
    ("critical", Severity::Critical),
    ("high", Severity::High),
    ("major", Severity::High),
    ("medium", Severity::Warning),
    ("moderate", Severity::Warning),
    ("warning", Severity::Warning),
    ("minor", Severity::Warning),
    ("low", Severity::Info),
    ("info", Severity::Info),
];

fn fits(body: &Value, head: &Head) -> bool {
    let element = body.get(0).unwrap_or(body);
    let kind = json::first_of(element, &["/type"]);
    let enveloped = json::has_any(element, &["specversion"]) && is_kind(&kind);
    is_event(element) || enveloped || is_kind(head.header("ce-type"))
}

fn is_kind(kind: &str) -> bool {
    PREFIXES.iter().any(|prefix| kind.starts_with(prefix))
}

/// Whether a JSON value is a CDEvent.
pub(super) fn is_event(value: &Value) -> bool {
    is_kind(&json::at(value, "/context/type")) && value["subject"].is_object()
}

/// Reads a request: a CDEvent, an array of them, or CloudEvents with CDEvents in them.
///
/// # Errors
/// When the body is no JSON, or there are too many elements.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let parsed = json::parse(body)?;
    let elements = match &parsed {
        Value::Array(elements) => elements.as_slice(),
        element => std::slice::from_ref(element),
    };
    let is_bare = elements.iter().any(|element| element["context"].is_object());
    if !is_bare {
        return cloudevents::read(body, context);
    }
    let max = context.limits.events_max;
    if elements.len() > max {
        return Err(Unreadable::TooMany { max });
    }
    let mut read = Read::default();
    if let [only] = elements {
        let (source, id) = (json::at(only, "/context/source"), json::at(only, "/context/id"));
        if !id.is_empty() {
            read.delivery = format!("{source} {id}").into();
        }
    }
    for (at, element) in elements.iter().enumerate() {
        tell(at, element, context, &mut read);
    }
    Ok(read)
}

/// Says what one CDEvent means.
pub(super) fn tell(at: usize, event: &Value, context: &Context, read: &mut Read) {
    let kind = json::at(event, "/context/type");
    let Some((subject, predicate)) = parts(&kind) else {
        return read.reject(at, format!("`context.type` is `{kind}`, which is no CDEvent"));
    };
    match subject {
        "service" => service(at, event, predicate, context, read),
        "incident" => incident(at, event, predicate, context, read),
        "deployment" => deployment(at, event, predicate, context, read),
        _ if odd(subject, predicate).is_some() => {
            let alertname = odd(subject, predicate).unwrap_or_default();
            happened(at, event, alertname, context, read);
        }
        _ => {
            let id = json::at(event, "/subject/id");
            let outcome = json::first_of(
                event,
                &["/subject/content/outcome", "/subject/content/errors", "/subject/content/name"],
            );
            let outcome = if outcome.is_empty() { outcome } else { format!(" ({outcome})") };
            read.note(at, format!("{subject} `{id}` {predicate}{outcome}: nothing is deployed"));
        }
    }
}

/// Subject and predicate of `dev.cdevents.service.deployed.0.2.0`.
fn parts(kind: &str) -> Option<(&str, &str)> {
    let rest = PREFIXES.iter().find_map(|prefix| kind.strip_prefix(prefix))?;
    let mut parts = rest.split('.');
    Some((parts.next()?, parts.next().filter(|predicate| !predicate.is_empty())?))
}

fn service(at: usize, event: &Value, predicate: &str, context: &Context, read: &mut Read) {
    let text = |pointer| json::at(event, pointer);
    let id = text("/subject/id");
    let Some((_, status)) = SERVICE.iter().find(|(word, _)| *word == predicate) else {
        return read.note(at, format!("service `{id}` {predicate}: an unknown word, not taken"));
    };
    let artifact =
        json::first_of(event, &["/subject/content/artifactId", "/subject/content/artifact"]);
    let environment = environment(event);
    let source = json::first_of(event, &["/subject/source", "/context/source"]);
    // What is taken away is no version that comes into service.
    let suffix = if predicate == "removed" { "/removed" } else { "" };
    let mut draft = NoticeDraft {
        service: last_part(&id).to_owned(),
        version: version(&artifact),
        key: if id.is_empty() {
            String::new()
        } else {
            format!("{source}/{id}@{environment}{suffix}")
        },
        actor: json::first_of(
            event,
            &["/customData/actor", "/customData/user", "/customData/author"],
        ),
        summary: format!("service {predicate}"),
        url: json::first_of(
            event,
            &["/subject/content/uri", "/subject/content/url", "/customData/url"],
        ),
        labels: Labels::new([
            ("subject", id.as_ref()),
            ("source", &source),
            ("artifact", &artifact),
            ("chain", &text("/context/chainId")),
            ("action", predicate),
        ]),
        environment,
        ..NoticeDraft::default()
    };
    draft.said_at([event.pointer("/context/timestamp")]);
    draft.finish(at, *status, context, read);
}

/// A deployment has an id of its own; the artifact's name says what is deployed.
fn deployment(at: usize, event: &Value, predicate: &str, context: &Context, read: &mut Read) {
    let text = |pointer| json::at(event, pointer);
    let id = text("/subject/id");
    let Some((_, status)) = DEPLOYMENT.iter().find(|(word, _)| *word == predicate) else {
        return read.note(at, format!("deployment `{id}` {predicate}: an unknown word, not taken"));
    };
    let outcome = text("/subject/content/outcome");
    let ended = OUTCOMES.iter().find(|(word, _)| *word == outcome).map(|(_, status)| *status);
    let status = ended.filter(|_| status.is_over()).unwrap_or(*status);
    let artifact = text("/subject/content/artifactId");
    let source = json::first_of(event, &["/subject/source", "/context/source"]);
    let named =
        ["/subject/content/service/id", "/subject/content/service", "/subject/content/name"];
    let service = match json::first_of(event, &named) {
        service if service.is_empty() => name(&artifact).to_owned(),
        service => last_part(&service).to_owned(),
    };
    let mut draft = NoticeDraft {
        service: if service.is_empty() { last_part(&id).to_owned() } else { service },
        environment: environment(event),
        version: version(&artifact),
        key: if id.is_empty() { String::new() } else { format!("{source}/{id}") },
        summary: format!("deployment {predicate} {outcome}").trim_end().to_owned(),
        url: json::first_of(event, &["/subject/content/uri", "/subject/content/url"]),
        labels: Labels::new([
            ("subject", id.as_ref()),
            ("source", &source),
            ("artifact", &artifact),
            ("chain", &text("/context/chainId")),
        ]),
        ..NoticeDraft::default()
    };
    draft.said_at([event.pointer("/context/timestamp")]);
    draft.finish(at, status, context, read);
}

fn odd(subject: &str, predicate: &str) -> Option<&'static str> {
    let known = ODD.iter().find(|(of, word, _)| (*of, *word) == (subject, predicate));
    known.map(|(_, _, alertname)| *alertname)
}

fn happened(at: usize, event: &Value, alertname: &str, context: &Context, read: &mut Read) {
    let text = |pointer| json::at(event, pointer);
    let (id, reason) = (text("/subject/id"), text("/subject/content/reason"));
    let (change, target) = (text("/subject/content/change/id"), text("/subject/content/target/id"));
    let source = json::first_of(event, &["/subject/source", "/context/source"]);
    let mut draft = Draft {
        lease: Some(ODD_LEASE),
        key: format!("{source}/{id}/{change}").trim_end_matches('/').to_owned(),
        ..Draft::default()
    };
    draft.labels = Labels::new([
        ("alertname", alertname),
        ("subject", &id),
        ("target", &target),
        ("change", &change),
        ("source", &source),
    ]);
    draft.severity(context, "", Some(Severity::Warning));
    let summary = if reason.is_empty() { format!("{alertname}: {id}") } else { reason.to_string() };
    draft.annotations = Labels::new([
        ("summary", summary.as_str()),
        ("scheduled_time", &text("/subject/content/scheduledTime")),
        ("window_type", &text("/subject/content/windowType")),
        ("chain", &text("/context/chainId")),
    ]);
    draft.starts_at = draft.instant("context.timestamp", event.pointer("/context/timestamp"));
    draft.finish(at, context, read);
}

fn incident(at: usize, event: &Value, predicate: &str, context: &Context, read: &mut Read) {
    let text = |pointer| json::at(event, pointer);
    let id = text("/subject/id");
    if id.is_empty() {
        return read.reject(at, "`subject.id` says which incident it is, and is missing");
    }
    let signal = INCIDENT.iter().find(|(word, _)| *word == predicate).map(|(_, signal)| *signal);
    let mut draft = Draft { signal, key: id.to_string(), ..Draft::default() };
    if signal.is_none() {
        draft.notes.push(format!("unknown word `{predicate}` of an incident: taken as firing"));
    }
    let services = ["/subject/content/service/id", "/subject/content/service"];
    let service = json::first_of(event, &services);
    draft.labels = Labels::new([
        ("alertname", "Incident"),
        ("incident_id", id.as_ref()),
        ("service", last_part(&service)),
        ("environment", &environment(event)),
        ("source", &json::first_of(event, &["/subject/source", "/context/source"])),
    ]);
    let word =
        json::first_of(event, &["/customData/severity", "/customData/priority"]).to_lowercase();
    let known = SEVERITIES.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning);
    // An incident that nobody has weighed is one all the same.
    let meant = if word.is_empty() { Some(Severity::High) } else { known };
    draft.severity(context, &word, meant);
    let artifact = text("/subject/content/artifactId");
    let (ticket, chain) = (text("/subject/content/ticketURI"), text("/context/chainId"));
    let description = match text("/subject/content/description") {
        text if text.is_empty() => format!("incident {id} {predicate}").into(),
        text => text,
    };
    draft.annotations = draft.annotations.with([
        ("summary", description.as_ref()),
        ("artifact", &artifact),
        ("ticket", &ticket),
        ("chain", &chain),
        (
            "reported_by",
            &json::first_of(event, &["/customData/reportedBy", "/customData/reporter"]),
        ),
    ]);
    draft.url = ticket.into_owned();
    let time = draft.instant("context.timestamp", event.pointer("/context/timestamp"));
    (draft.starts_at, draft.ends_at) = (time, time);
    draft.finish(at, context, read);
}

fn environment(event: &Value) -> String {
    let places = [
        "/subject/content/environment/id",
        "/subject/content/environment/name",
        "/subject/content/environment",
    ];
    json::first_of(event, &places)
}

/// Ids may be paths: `service/shop` is the shop.
fn last_part(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// What a package URL names: of `pkg:oci/shop@sha256%3A0b31` it is `shop`.
fn name(artifact: &str) -> &str {
    let bare = artifact.split(['?', '#']).next().unwrap_or_default();
    let bare = bare.rsplit_once('@').map_or(bare, |(name, _)| name);
    last_part(bare).split(':').next().unwrap_or_default()
}

/// The tag or the version of a package URL (purl): of `pkg:oci/shop@sha256%3A0b31?tag=v2` it is `v2`.
fn version(artifact: &str) -> String {
    let (bare, qualifiers) = artifact.split_once('?').unwrap_or((artifact, ""));
    let tag = qualifiers.split('&').find_map(|pair| pair.strip_prefix("tag="));
    let version =
        if artifact.starts_with("pkg:") { bare.rsplit_once('@').map(|(_, v)| v) } else { None };
    let found = tag.or(version).unwrap_or(artifact);
    percent_decode_str(found).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_url_says_what_it_names() {
        let check = |artifact: &str, expected: &str| assert_eq!(name(artifact), expected);
        check("pkg:oci/shop@sha256%3A0b31?tag=v2", "shop");
        check("pkg:npm/%40acme/shop@2.1.0", "shop");
        check("registry.example/acme/shop:2.1", "shop");
        check("", "");
    }

    #[test]
    fn a_package_url_says_its_version() {
        let check = |artifact: &str, expected: &str| assert_eq!(version(artifact), expected);
        check("pkg:oci/shop@sha256%3A0b31", "sha256:0b31");
        check("pkg:oci/shop@sha256%3A0b31?repository_url=r&tag=v2", "v2");
        check("pkg:npm/%40acme/shop@2.1.0", "2.1.0");
        check("pkg:npm/shop", "pkg:npm/shop");
        check("shop:2.1", "shop:2.1");
        check("", "");
    }
}
