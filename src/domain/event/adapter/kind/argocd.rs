//! Argo CD's notifications, as the template in `contrib/argocd` sends them: the application, as far
//! as it is needed. Flat bodies of other templates are read, too.
//!
//! A sync is a notice of a deployment, known by its application and its start, so that a controller
//! that starts again and repeats itself changes nothing. A failed sync is a condition until one
//! succeeds; a degraded application is one until it is healthy.

use serde_json::Value;

use super::Adapter;
use crate::domain::deployment::Status;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::notice::NoticeDraft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Labels, Severity, Span};

/// Argo CD's notifications.
pub const ADAPTER: Adapter = Adapter { name: "argocd", title: "Argo CD", read, fits };

/// How the phase of a sync is meant.
const PHASES: [(&str, Status); 6] = [
    ("Running", Status::Started),
    ("Terminating", Status::Started),
    ("Succeeded", Status::Succeeded),
    ("Synced", Status::Succeeded),
    ("Failed", Status::Failed),
    ("Error", Status::Failed),
];

/// How the health of an application is meant; what is left out says neither.
const HEALTH: [(&str, Signal, Severity); 3] = [
    ("Degraded", Signal::Firing, Severity::High),
    ("Missing", Signal::Firing, Severity::Warning),
    ("Healthy", Signal::Resolved, Severity::High),
];

/// The alerts about an application, and how their keys end.
const CONDITIONS: [(&str, &str); 3] = [
    ("ArgoCDSyncFailed", "sync"),
    ("ArgoCDAppDegraded", "health"),
    ("ArgoCDSyncUnknown", "comparison"),
];

/// Healths that pass.
const PASSING: [&str; 4] = ["Progressing", "Suspended", "Unknown", ""];

/// Nothing says when the state of an application is known again.
const UNKNOWN_LEASE: Span = Span::hours(1);

/// What a Go template writes where there is nothing.
const NOTHING: [&str; 3] = ["<no value>", "<nil>", "null"];

const NAME: &[&str] = &[
    "/app/metadata/name",
    "/metadata/name",
    "/application",
    "/application/name",
    "/app/name",
    "/app_name",
    "/appName",
    "/app",
    "/name",
];
const PHASE: &[&str] = &[
    "/app/status/operationState/phase",
    "/status/operationState/phase",
    "/phase",
    "/operation_phase",
    "/operationPhase",
    "/operationState/phase",
    "/operation/phase",
    "/sync/phase",
];
const HEALTH_AT: &[&str] = &[
    "/app/status/health/status",
    "/status/health/status",
    "/health/status",
    "/health",
    "/health_status",
    "/healthStatus",
];
const SYNC: &[&str] = &[
    "/app/status/sync/status",
    "/status/sync/status",
    "/sync_status",
    "/syncStatus",
    "/sync/status",
    "/sync",
    "/status",
];
const REVISION: &[&str] = &[
    "/app/status/operationState/syncResult/revision",
    "/app/status/sync/revision",
    "/app/status/operationState/syncResult/revisions/0",
    "/app/status/sync/revisions/0",
    "/app/spec/source/targetRevision",
    "/status/operationState/syncResult/revision",
    "/status/sync/revision",
    "/revision",
    "/version",
    "/sync/revision",
    "/commit",
];
const MESSAGE: &[&str] =
    &["/app/status/operationState/message", "/status/operationState/message", "/message", "/error"];
const HEALTH_MESSAGE: &[&str] =
    &["/app/status/health/message", "/status/health/message", "/app/status/conditions/0/message"];
const ENVIRONMENT: &[&str] = &[
    "/app/metadata/labels/environment",
    "/app/metadata/labels/env",
    "/metadata/labels/environment",
    "/metadata/labels/env",
    "/environment",
    "/env",
];
const ACTOR: &[&str] = &[
    "/app/status/operationState/operation/initiatedBy/username",
    "/status/operationState/operation/initiatedBy/username",
    "/initiated_by",
    "/actor",
];

fn fits(body: &Value, _: &Head) -> bool {
    let is_app = |app: &Value| {
        app["metadata"]["name"].is_string()
            && json::has_any(&app["status"], &["sync", "operationState"])
    };
    let flat = json::has_any(body, &["syncStatus", "sync_status"])
        && json::has_any(body, &["healthStatus", "health_status"]);
    is_app(&body["app"]) || flat || (json::at(body, "/kind") == "Application" && is_app(body))
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    if !body.is_object() {
        return Err(Unreadable::Json("it is no object".to_owned()));
    }
    let mut read = Read::default();
    let text = body.to_string();
    if text.contains("<no value>") || text.contains("{{") {
        read.note(0, "the template left places empty: these count as not there");
    }
    let name = find(&body, NAME);
    if name.is_empty() {
        read.reject(0, "`app.metadata.name` says which application it is, and is missing");
        return Ok(read);
    }
    let trigger = find(&body, &["/trigger"]);
    if trigger.contains("deleted") {
        gone(&body, &name, context, &mut read);
        return Ok(read);
    }
    if trigger.contains("created") {
        read.note(0, format!("application `{name}` was created: nothing is deployed yet"));
        return Ok(read);
    }
    // Word of the health repeats how the last sync went, however long ago that was.
    if !trigger.contains("health") {
        sync(&body, &name, context, &mut read);
    }
    if ["Running", "Terminating"].contains(&find(&body, PHASE).as_str()) {
        read.note(0, format!("a sync of `{name}` runs: its health counts when that is over"));
    } else {
        health(&body, &name, context, &mut read);
    }
    if find(&body, SYNC) == "Unknown" {
        let mut draft = begin(&body, &name, "ArgoCDSyncUnknown", "comparison");
        draft.signal = Some(Signal::Firing);
        draft.lease = Some(UNKNOWN_LEASE);
        draft.severity(context, "", Some(Severity::Warning));
        draft.finish(0, context, &mut read);
    }
    if read.said() + read.rejected.len() + read.notes.len() == 0 {
        read.note(
            0,
            format!("`{trigger}` of application `{name}` says nothing of a sync or a health"),
        );
    }
    Ok(read)
}

/// Whatever was wrong with an application that is no more is over.
fn gone(body: &Value, name: &str, context: &Context, read: &mut Read) {
    for (alertname, what) in CONDITIONS {
        let mut draft = begin(body, name, alertname, what);
        draft.signal = Some(Signal::Resolved);
        draft.annotations =
            draft.annotations.with([("summary", format!("{name} was deleted").as_str())]);
        draft.finish(0, context, read);
    }
}

/// How the sync stands, as a deployment and as a condition.
fn sync(body: &Value, name: &str, context: &Context, read: &mut Read) {
    let word = match find(body, PHASE) {
        phase if phase.is_empty() && is_flat(body) => find(body, SYNC),
        phase => phase,
    };
    let known = PHASES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
    let Some((_, status)) = known else {
        if !word.is_empty() {
            read.note(0, format!("unknown phase `{word}` of a sync: not taken"));
        }
        return;
    };
    let started = time_of(body, "startedAt");
    let full_name = full_name(body, name);
    let mut draft = NoticeDraft {
        service: name.to_owned(),
        environment: find(body, ENVIRONMENT),
        version: find(body, REVISION),
        actor: actor(body),
        summary: find(body, MESSAGE),
        url: url(body, name),
        key: match started.map(json::text) {
            Some(started) if !started.is_empty() => format!("{full_name}/{started}"),
            _ => String::new(),
        },
        labels: labels(body),
        ..NoticeDraft::default()
    };
    let finished = time_of(body, "finishedAt");
    draft.said_at(if status.is_over() { [finished, started] } else { [started, None] });
    draft.finish(0, *status, context, read);

    let signal = match status {
        Status::Failed => Signal::Firing,
        Status::Succeeded => Signal::Resolved,
        _ => return,
    };
    let mut draft = begin(body, name, "ArgoCDSyncFailed", "sync");
    draft.signal = Some(signal);
    if find(body, MESSAGE).is_empty() {
        let summary = format!("sync of {name}: {word}");
        draft.annotations = draft.annotations.with([("summary", summary.as_str())]);
    }
    draft.severity(context, "", Some(Severity::High));
    let at = draft.instant("finishedAt", finished);
    (draft.starts_at, draft.ends_at) = (at, at);
    draft.finish(0, context, read);
}

/// A template of somebody's own has no room for the application itself: a sync that it tells of is
/// all that it says of one.
fn is_flat(body: &Value) -> bool {
    !body["app"].is_object() && !body["metadata"].is_object()
}

fn health(body: &Value, name: &str, context: &Context, read: &mut Read) {
    let word = find(body, HEALTH_AT);
    if PASSING.contains(&word.as_str()) {
        if !word.is_empty() {
            read.note(0, format!("application `{name}` is `{word}`, which passes"));
        }
        return;
    }
    let known = HEALTH.iter().find(|(known, ..)| known.eq_ignore_ascii_case(&word));
    let mut draft = begin(body, name, "ArgoCDAppDegraded", "health");
    let (signal, severity) =
        known.map_or((Signal::Firing, Severity::High), |known| (known.1, known.2));
    if known.is_none() {
        draft.notes.push(format!("unknown health `{word}`: taken as firing"));
    }
    draft.signal = Some(signal);
    draft.severity(context, "", Some(severity));
    let why = find(body, HEALTH_MESSAGE);
    let summary = format!("{name} is {word}");
    draft.annotations = draft.annotations.with([
        ("summary", summary.as_str()),
        ("description", &why),
        ("health", &word),
    ]);
    let pointers = ["/app/status/health/lastTransitionTime", "/status/health/lastTransitionTime"];
    let since = pointers.iter().find_map(|pointer| body.pointer(pointer));
    let at = draft.instant("lastTransitionTime", since);
    (draft.starts_at, draft.ends_at) = (at, at);
    draft.finish(0, context, read);
}

/// An event about an application, so far.
fn begin(body: &Value, name: &str, alertname: &str, what: &str) -> Draft {
    let environment = find(body, ENVIRONMENT);
    let named = [("alertname", alertname), ("service", name), ("environment", &environment)];
    let message = find(body, MESSAGE);
    Draft {
        labels: labels(body).with(named),
        annotations: Labels::new([
            ("summary", if message.is_empty() { format!("{alertname}: {name}") } else { message }),
            ("revision", find(body, REVISION)),
            ("repository", find(body, &["/app/spec/source/repoURL", "/repo", "/repoURL"])),
            ("actor", actor(body)),
        ]),
        url: url(body, name),
        key: format!("{}/{what}", full_name(body, name)),
        ..Draft::default()
    }
}

/// Where the application lives and where it deploys to.
fn labels(body: &Value) -> Labels {
    Labels::new([
        (
            "project",
            find(body, &["/app/spec/project", "/spec/project", "/project", "/application/project"]),
        ),
        (
            "namespace",
            find(
                body,
                &["/app/spec/destination/namespace", "/spec/destination/namespace", "/namespace"],
            ),
        ),
        (
            "cluster",
            find(
                body,
                &[
                    "/app/spec/destination/name",
                    "/app/spec/destination/server",
                    "/spec/destination/server",
                    "/cluster",
                ],
            ),
        ),
    ])
}

/// Applications in any namespace may have one name.
fn full_name(body: &Value, name: &str) -> String {
    match find(body, &["/app/metadata/namespace", "/metadata/namespace"]) {
        namespace if namespace.is_empty() => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    }
}

fn url(body: &Value, name: &str) -> String {
    let url = find(body, &["/url", "/link"]);
    let root = find(body, &["/context/argocdUrl", "/argocdUrl"]);
    if url.is_empty() && !root.is_empty() {
        return format!("{}/applications/{name}", root.trim_end_matches('/'));
    }
    url
}

fn actor(body: &Value) -> String {
    let actor = find(body, ACTOR);
    let pointer = "/app/status/operationState/operation/initiatedBy/automated";
    if actor.is_empty() && body.pointer(pointer) == Some(&Value::Bool(true)) {
        return "auto-sync".to_owned();
    }
    actor
}

fn time_of<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    let state = |root: &str| body.pointer(&format!("{root}/status/operationState/{name}"));
    let flat = || body.get(name).or_else(|| body.get("timestamp").filter(|_| name == "finishedAt"));
    state("/app").or_else(|| state("")).or_else(flat).filter(|value| {
        let text = json::text(value);
        !NOTHING.contains(&text.as_ref()) && !text.contains("{{")
    })
}

/// The first text that is there and that a template has filled in.
fn find(body: &Value, pointers: &[&str]) -> String {
    let texts = pointers.iter().map(|pointer| json::at(body, pointer));
    let mut filled = texts.filter(|text| {
        !text.is_empty() && !NOTHING.contains(&text.as_ref()) && !text.contains("{{")
    });
    filled.next().unwrap_or_default().into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::domain::event::adapter::Limits;
    use crate::domain::template::{Library, Value as Filled};
    use crate::domain::value::Timestamp;

    /// The body of the template that people install, as it stands in the file.
    fn template() -> String {
        let file = include_str!("../../../../../contrib/argocd/incidentd-notifications.yaml");
        let (_, body) = file.split_once("        body: |\n").unwrap();
        let lines: Vec<&str> = body.lines().map(str::trim_start).collect();
        lines.join("\n")
    }

    fn filled(value: &Value) -> Filled {
        match value {
            Value::Null => Filled::Nil,
            Value::Bool(is) => Filled::Bool(*is),
            Value::Number(number) => Filled::Float(number.as_f64().unwrap()),
            Value::String(text) => Filled::from(text.as_str()),
            Value::Array(items) => Filled::list(items.iter().map(filled)),
            Value::Object(fields) => {
                Filled::map(fields.iter().map(|(name, value)| (name.as_str(), filled(value))))
            }
        }
    }

    fn told(app: &Value) -> Vec<String> {
        let library = Library::with_defaults();
        let template = library.compile("incidentd-application", &template()).unwrap();
        let data = json!({ "app": app, "context": { "argocdUrl": "https://argocd.example" } });
        let now = Timestamp(1_772_366_400_000);
        let body = library.text(&template, &filled(&data), now).unwrap();
        let (source, limits) = (Arc::from("src"), Limits::default());
        let read = read(body.as_bytes(), &Context::new(&source, now, &limits)).unwrap();
        assert!(read.rejected.is_empty(), "{:?}", read.rejected);
        let events = read.events.iter().map(|event| format!("{:?} {}", event.signal, event.key));
        let notices = read.deployments.iter().map(|notice| {
            let (status, by, url) = (notice.status.name(), &notice.actor, &notice.url);
            format!("{status} {} {} by {by} at {url}", notice.service, notice.version)
        });
        events.chain(notices).collect()
    }

    #[test]
    fn what_the_template_sends_is_read() {
        let app = json!({
            "metadata": { "name": "shop", "namespace": "argocd", "labels": { "env": "production" } },
            "spec": {
                "project": "web",
                "destination": { "server": "https://kubernetes.default.svc", "namespace": "shop" },
                "source": { "repoURL": "https://git.example/shop.git", "path": "k8s" },
            },
            "status": {
                "health": { "status": "Degraded" },
                "sync": { "status": "Synced", "revision": "0c0ffee" },
                "operationState": {
                    "phase": "Succeeded",
                    "message": "a \"quoted\" word",
                    "startedAt": "2026-03-01T11:40:00Z",
                    "finishedAt": "2026-03-01T11:41:00Z",
                    "operation": { "initiatedBy": { "username": "ada" } },
                    "syncResult": { "revision": "0c0ffee" },
                },
            },
        });
        let expected = [
            "Resolved argocd/shop/sync",
            "Firing argocd/shop/health",
            "succeeded shop 0c0ffee by ada at https://argocd.example/applications/argocd/shop",
        ];
        assert_eq!(told(&app), expected);
        let bare = json!({
            "metadata": { "name": "shop", "namespace": "argocd" },
            "spec": { "project": "web", "destination": {}, "sources": [] },
            "status": { "health": { "status": "Healthy" }, "sync": { "status": "OutOfSync" } },
        });
        assert_eq!(told(&bare), ["Resolved argocd/shop/health"]);
    }
}
