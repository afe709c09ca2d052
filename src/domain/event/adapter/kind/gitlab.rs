//! GitLab: deployments, releases, pipelines and jobs of its webhooks, and alerts as its own alert
//! endpoint takes them.
//!
//! A deployment is told by the Deployment Hook, and by a job with an environment where that hook is
//! not switched on; both name the job, so that they are one record. A pipeline or a job of the
//! default branch that fails is a condition, until it works again; so are vulnerabilities, incidents
//! and tokens that are about to expire (`condition.rs`).

mod condition;

use serde_json::Value;

use super::Adapter;
use crate::domain::deployment::Status;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::notice::NoticeDraft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Labels, Severity};

/// GitLab's webhooks and alerts.
pub const ADAPTER: Adapter = Adapter { name: "gitlab", title: "GitLab", read, fits };

const EVENT: &str = "x-gitlab-event";

/// The sender's own names for a delivery, which stay when it delivers once more. The UUID of an
/// event is no such name: hooks that set each other off share one.
const DELIVERIES: [&str; 2] = ["idempotency-key", "webhook-id"];

/// How the status of a deployment or a job is meant.
const STATUSES: [(&str, Status); 15] = [
    ("created", Status::Queued),
    ("pending", Status::Queued),
    ("preparing", Status::Queued),
    ("waiting_for_resource", Status::Queued),
    ("waiting_for_callback", Status::Queued),
    ("scheduled", Status::Queued),
    ("manual", Status::Queued),
    ("blocked", Status::Queued),
    ("running", Status::Started),
    ("success", Status::Succeeded),
    ("failed", Status::Failed),
    ("canceled", Status::Cancelled),
    ("canceling", Status::Cancelled),
    ("cancelled", Status::Cancelled),
    ("skipped", Status::Cancelled),
];

/// What an environment's `action` brings into service; the others take it away or only look at it.
const DEPLOYS: [&str; 2] = ["start", ""];

/// GitLab's words for the severity of an alert.
const SEVERITIES: [(&str, Severity); 6] = [
    ("critical", Severity::Critical),
    ("high", Severity::High),
    ("medium", Severity::Warning),
    ("low", Severity::Info),
    ("info", Severity::Info),
    ("unknown", Severity::Unknown),
];

/// Default branches where the body does not name the one.
const MAIN: [&str; 2] = ["main", "master"];

/// Members of an alert that have a place of their own, or make an annotation.
const ALERT_TEXTS: [&str; 3] = ["description", "monitoring_tool", "runbook"];

fn fits(body: &Value, head: &Head) -> bool {
    let places = ["project", "project_id", "group", "object_attributes"];
    let hook = body["object_kind"].is_string() && json::has_any(body, &places);
    let alert = body["title"].is_string() && json::has_any(body, &["gitlab_environment_name"]);
    head.has(EVENT) || hook || alert
}

/// Reads a hook's body, or an alert.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    if !body.is_object() {
        return Err(Unreadable::Json("it is no object".to_owned()));
    }
    let delivery = DELIVERIES.map(|name| context.head.header(name));
    let delivery = delivery.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
    let mut read = Read { delivery: delivery.into(), ..Read::default() };
    match kind(&body, context.head).as_str() {
        "deployment" => deployment(&body, context, &mut read),
        "build" | "job" => job(&body, context, &mut read),
        "pipeline" => pipeline(&body, context, &mut read),
        "release" => release(&body, context, &mut read),
        "alert" => alert(&body, context, &mut read),
        kind => condition::tell(kind, &body, context, &mut read),
    }
    Ok(read)
}

/// What a body is: `object_kind`, or the header's `Deployment Hook`, or an alert.
fn kind(body: &Value, head: &Head) -> String {
    let word = json::first_of(body, &["/object_kind", "/event_name"]);
    if !word.is_empty() {
        return word.to_lowercase();
    }
    match head.header(EVENT) {
        "" if json::has_any(body, &["title"]) => "alert".to_owned(),
        "" => "a body without `object_kind` and `title`".to_owned(),
        event => event.trim_end_matches(" Hook").to_lowercase(),
    }
}

/// The project's path, which all hooks give, each in its own way.
fn project(body: &Value) -> String {
    let path = json::at(body, "/project/path_with_namespace");
    if !path.is_empty() {
        return path.into_owned();
    }
    let homepage = json::at(body, "/repository/homepage");
    let path = homepage.split_once("://").and_then(|(_, rest)| Some(rest.split_once('/')?.1));
    match path {
        Some(path) if !path.is_empty() => path.to_owned(),
        _ => json::first_of(body, &["/project_name", "/project/name", "/repository/name"])
            .replace(" / ", "/"),
    }
}

/// A notice of the project, which is the service.
fn draft(body: &Value) -> NoticeDraft {
    let project = project(body);
    NoticeDraft {
        service: project.rsplit('/').next().unwrap_or_default().to_owned(),
        actor: json::first_of(body, &["/user/username", "/user/name", "/commit/author_name"]),
        labels: Labels::new([("project", project.as_str())]),
        ..NoticeDraft::default()
    }
}

fn deployment(body: &Value, context: &Context, read: &mut Read) {
    let text = |pointer| json::at(body, pointer);
    let word = text("/status");
    let Some(status) = status_of(&word) else {
        return read.note(0, format!("unknown status `{word}` of a deployment: not taken"));
    };
    let mut draft = draft(body);
    draft.key = match (text("/deployable_id"), text("/deployment_id")) {
        (job, id) if job.is_empty() && id.is_empty() => String::new(),
        (job, id) if job.is_empty() => format!("deployments/{id}"),
        (job, _) => format!("jobs/{job}"),
    };
    draft.environment = json::first_of(body, &["/environment", "/environment/name"]);
    let commit_url = text("/commit_url");
    let sha = commit_url.rsplit('/').next().unwrap_or_default();
    draft.version = version(&text("/ref"), [sha, &text("/short_sha")]);
    draft.summary = text("/commit_title").into_owned();
    draft.url = json::first_of(body, &["/deployable_url", "/environment_external_url"]);
    let (tier, git_ref) = (text("/environment_tier"), text("/ref"));
    draft.labels = draft.labels.with([("tier", tier.as_ref()), ("ref", git_ref.as_ref())]);
    draft.said_at([body.get("status_changed_at")]);
    draft.finish(0, status, context, read);
}

/// A job with an environment deploys to it; another one tells whether the branch is whole.
fn job(body: &Value, context: &Context, read: &mut Read) {
    let text = |pointer| json::at(body, pointer);
    let word = json::first_of(body, &["/build_status", "/job_status", "/status"]);
    let environment = json::first_of(body, &["/environment/name"]);
    let action = text("/environment/action");
    let git_ref = text("/ref");
    // Jobs were builds once, and are again called jobs by some.
    let [name, id] = [["/build_name", "/job_name"], ["/build_id", "/job_id"]]
        .map(|pointers| json::first_of(body, &pointers));
    if environment.is_empty() {
        let said = (name.as_str(), word.as_str(), git_ref.as_ref());
        let times = ["/build_finished_at", "/job_finished_at", "/build_started_at"];
        let is_hopeful = ["build_allow_failure", "job_allow_failure"]
            .iter()
            .any(|name| body[*name] == Value::Bool(true));
        return broken(body, "JobFailed", said, (&times, is_hopeful), context, read);
    }
    let Some(status) = status_of(&word) else {
        return read.note(0, format!("unknown status `{word}` of job `{name}`: not taken"));
    };
    if !DEPLOYS.contains(&action.as_ref()) {
        let what = format!("job `{name}` does `{action}` to {environment}: nothing is deployed");
        return read.note(0, what);
    }
    let mut draft = draft(body);
    draft.key = if id.is_empty() { String::new() } else { format!("jobs/{id}") };
    draft.environment = environment;
    draft.version = version(&git_ref, [&text("/sha"), ""]);
    let (message, tier) = (text("/commit/message"), text("/environment/deployment_tier"));
    draft.summary.push_str(message.lines().next().unwrap_or_default());
    let home = json::first_of(body, &["/project/web_url", "/repository/homepage"]);
    if !home.is_empty() && !id.is_empty() {
        draft.url = format!("{home}/-/jobs/{id}");
    }
    draft.labels =
        draft.labels.with([("job", name.as_str()), ("ref", &git_ref), ("tier", tier.as_ref())]);
    let time = match status {
        Status::Queued => "/build_created_at",
        Status::Started => "/build_started_at",
        _ => "/build_finished_at",
    };
    draft.said_at([body.pointer(time), body.pointer("/build_created_at")]);
    draft.finish(0, status, context, read);
}

fn pipeline(body: &Value, context: &Context, read: &mut Read) {
    for (at, build) in body["builds"].as_array().into_iter().flatten().enumerate() {
        deployed_by(body, (at, build), context, read);
    }
    let this = "/object_attributes";
    let [word, git_ref, name] =
        ["status", "ref", "name"].map(|name| json::first_of(body, &[&format!("{this}/{name}")]));
    let times = ["/object_attributes/finished_at", "/object_attributes/created_at"];
    // A merge request's pipeline is its author's affair, whatever branch it is named after.
    if json::at(body, "/object_attributes/source") == "merge_request_event" {
        return read.note(0, format!("the pipeline of a merge request is `{word}`"));
    }
    let name = if name.is_empty() { "pipeline" } else { &name };
    broken(body, "PipelineFailed", (name, &word, &git_ref), (&times, false), context, read);
}

/// A job of a pipeline that has begun to deploy something.
fn deployed_by(body: &Value, (at, build): (usize, &Value), context: &Context, read: &mut Read) {
    let text = |pointer| json::at(build, pointer);
    let (action, id, name) = (text("/environment/action"), text("/id"), text("/name"));
    let status = status_of(&text("/status")).filter(|status| *status != Status::Queued);
    let begun = !text("/started_at").is_empty() && DEPLOYS.contains(&action.as_ref());
    let (Some(status), true, false) = (status, begun, id.is_empty()) else { return };
    let environment = json::first_of(build, &["/environment/name"]);
    if environment.is_empty() {
        return;
    }
    let mut draft = draft(body);
    let [git_ref, sha] =
        ["/object_attributes/ref", "/object_attributes/sha"].map(|pointer| json::at(body, pointer));
    draft.key = format!("jobs/{id}");
    draft.environment = environment;
    draft.version = version(&git_ref, [&sha, ""]);
    draft.summary = json::first_of(body, &["/commit/title", "/commit/message"]);
    draft.url = json::first_of(body, &["/object_attributes/url", "/project/web_url"]);
    draft.labels = draft.labels.with([("job", name.as_ref()), ("ref", &git_ref)]);
    let time = if status == Status::Started { "started_at" } else { "finished_at" };
    draft.said_at([build.get(time), build.get("started_at")]);
    draft.finish(at, status, context, read);
}

/// A pipeline or a job of the default branch that fails, until it works again.
fn broken(
    body: &Value,
    alertname: &str,
    (name, word, git_ref): (&str, &str, &str),
    (times, may_fail): (&[&str], bool),
    context: &Context,
    read: &mut Read,
) {
    let signal = match word {
        "failed" if may_fail => {
            return read.note(0, format!("`{name}` failed on {git_ref}, which it may"));
        }
        "failed" => Signal::Firing,
        "success" => Signal::Resolved,
        _ => return read.note(0, format!("`{name}` on {git_ref} is `{word}`: nothing to tell")),
    };
    let main = json::at(body, "/project/default_branch");
    let counts = if main.is_empty() { MAIN.contains(&git_ref) } else { main == git_ref };
    if !counts {
        return read
            .note(0, format!("`{name}` on {git_ref}: {word}; only the default branch counts"));
    }
    let project = project(body);
    let service = project.rsplit('/').next().unwrap_or_default();
    // A pipeline's name may be another one at each run.
    let job = if alertname == "JobFailed" { name } else { "" };
    let mut draft = Draft {
        signal: Some(signal),
        labels: Labels::new([
            ("alertname", alertname),
            ("service", service),
            ("project", &project),
            ("branch", git_ref),
            ("job", job),
        ]),
        annotations: Labels::new([
            ("summary", format!("{name} on {git_ref}: {word}")),
            ("description", json::first_of(body, &["/commit/title", "/commit/message"])),
            ("reason", json::first_of(body, &["/build_failure_reason", "/job_failure_reason"])),
            ("sha", json::first_of(body, &["/object_attributes/sha", "/sha"])),
            ("actor", json::first_of(body, &["/user/username", "/user/name"])),
        ]),
        key: match job {
            "" => format!("{project}/{alertname}/{git_ref}"),
            job => format!("{project}/{alertname}/{job}/{git_ref}"),
        },
        ..Draft::default()
    };
    let home = json::first_of(body, &["/project/web_url", "/repository/homepage"]);
    draft.url = match json::first_of(body, &["/object_attributes/url"]) {
        url if !url.is_empty() => url,
        _ => match json::first_of(body, &["/build_id", "/job_id", "/object_attributes/id"]) {
            id if home.is_empty() || id.is_empty() => home,
            id if alertname == "JobFailed" => format!("{home}/-/jobs/{id}"),
            id => format!("{home}/-/pipelines/{id}"),
        },
    };
    draft.severity(context, "", Some(Severity::Warning));
    let time = times.iter().find_map(|pointer| body.pointer(pointer).filter(|v| !v.is_null()));
    let at = draft.instant("the time", time);
    (draft.starts_at, draft.ends_at) = (at, at);
    draft.finish(0, context, read);
}

/// A release brings a version to people, whoever installs it where.
fn release(body: &Value, context: &Context, read: &mut Read) {
    let text = |pointer| json::at(body, pointer);
    let (action, tag) = (text("/action"), text("/tag"));
    if action != "create" {
        return read.note(
            0,
            format!("the release `{tag}` was touched (`{action}`): no version comes out"),
        );
    }
    let mut draft = draft(body);
    draft.key = format!("{}/releases/{}", project(body), text("/id"));
    if draft.actor.is_empty() {
        draft.actor = text("/commit/author/name").into_owned();
    }
    draft.version = tag.into_owned();
    draft.summary = format!("release {}", text("/name"));
    draft.url = text("/url").into_owned();
    draft.labels = draft.labels.with([("kind", "release")]);
    draft.said_at([body.get("released_at"), body.get("created_at")]);
    draft.finish(0, Status::Succeeded, context, read);
}

/// An alert in the words of GitLab's alert endpoint; one with an `end_time` is over.
fn alert(body: &Value, context: &Context, read: &mut Read) {
    let text = |name| json::field(body, name);
    let title = text("title");
    if title.is_empty() {
        return read.reject(0, "an alert needs a `title`");
    }
    let mut draft = Draft::default();
    for text in [&title, &text("severity")].into_iter().filter(|text| is_placeholder(text)) {
        draft.notes.push(format!("`{text}` has placeholders that nobody filled in"));
    }
    draft.starts_at = draft.instant("start_time", body.get("start_time"));
    draft.ends_at = draft.instant("end_time", body.get("end_time"));
    draft.signal = Some(match draft.ends_at {
        Some(_) => Signal::Resolved,
        None => Signal::Firing,
    });
    let (service, hosts) = (text("service"), text("hosts"));
    let environment = text("gitlab_environment_name");
    draft.labels = Labels::new([
        ("alertname", title.as_ref()),
        ("service", &service),
        ("instance", &hosts),
        ("environment", &environment),
    ]);
    let said = text("severity").to_lowercase();
    let word = if is_placeholder(&said) { "" } else { said.as_str() };
    // GitLab takes an alert that says nothing for a critical one.
    let meant = if said.is_empty() { Some(Severity::Critical) } else { meaning(&SEVERITIES, word) };
    draft.severity(context, word, meant);
    draft.key = text("fingerprint").into_owned();
    if draft.key.is_empty() {
        draft.key = format!("{title}/{service}/{hosts}/{environment}");
    }
    let texts = ALERT_TEXTS.map(|name| (name, text(name)));
    draft.annotations =
        Labels::new(texts).with(draft.annotations.iter()).with([("summary", &*title)]);
    draft.finish(0, context, read);
}

fn is_placeholder(text: &str) -> bool {
    text.contains("{{") || text.contains("%{")
}

/// A tag where the reference is one, a hash otherwise.
fn version(git_ref: &str, hashes: [&str; 2]) -> String {
    let number = git_ref.strip_prefix('v').unwrap_or(git_ref);
    let is_tag = number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.');
    let hash = hashes.into_iter().find(|hash| !hash.is_empty());
    if is_tag { git_ref } else { hash.unwrap_or(git_ref) }.to_owned()
}

fn status_of(word: &str) -> Option<Status> {
    meaning(&STATUSES, word)
}

fn meaning<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, meaning)| *meaning)
}
