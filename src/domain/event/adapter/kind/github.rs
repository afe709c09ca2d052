//! GitHub's webhooks: deployments and releases are notices; workflows, checks and statuses of the
//! default branch, and alerts of its scanners, are conditions (`condition.rs`).
//!
//! `X-GitHub-Event` says what a body is; without it the shape does. `X-GitHub-Delivery` is the same
//! when GitHub delivers once more. A body may come as a form with the JSON in `payload`. The service
//! is the repository's name without its owner.

mod condition;

use serde_json::Value;

use super::Adapter;
use crate::domain::deployment::Status;
use crate::domain::event::adapter::notice::NoticeDraft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, form, json};
use crate::domain::value::Labels;

/// GitHub's webhooks.
pub const ADAPTER: Adapter = Adapter { name: "github", title: "GitHub", read, fits };

const EVENT: &str = "x-github-event";
const DELIVERY: &str = "x-github-delivery";

/// Which member tells what a body is about, the peculiar before what others carry along.
const SHAPES: [(&str, &str); 14] = [
    ("deployment_status", "deployment_status"),
    ("workflow_job", "workflow_job"),
    ("check_run", "check_run"),
    ("deployment", "deployment"),
    ("workflow_run", "workflow_run"),
    ("check_suite", "check_suite"),
    ("release", "release"),
    ("alert", "alert"),
    ("run", "action_run"),
    ("pull_request", "pull_request"),
    ("issue", "issues"),
    ("commits", "push"),
    ("zen", "ping"),
    ("hook", "ping"),
];

/// How `deployment_status.state` is meant. `inactive` is no status of its own: another deployment
/// took the place.
const STATES: [(&str, Status); 8] = [
    ("queued", Status::Queued),
    ("pending", Status::Queued),
    ("waiting", Status::Queued),
    ("in_progress", Status::Started),
    ("success", Status::Succeeded),
    ("failure", Status::Failed),
    ("error", Status::Failed),
    ("cancelled", Status::Cancelled),
];

/// How the conclusion of a job is meant.
const CONCLUSIONS: [(&str, Status); 8] = [
    ("success", Status::Succeeded),
    ("neutral", Status::Succeeded),
    ("failure", Status::Failed),
    ("timed_out", Status::Failed),
    ("startup_failure", Status::Failed),
    ("cancelled", Status::Cancelled),
    ("skipped", Status::Cancelled),
    ("stale", Status::Cancelled),
];

/// Members that any body may have.
const COMMON: [&str; 6] =
    ["action", "repository", "organization", "enterprise", "installation", "sender"];

/// So many of the others are named.
const MEMBERS_SHOWN_MAX: usize = 5;

/// What is done to a release that brings it to people.
const RELEASED: [&str; 3] = ["published", "released", "prereleased"];

fn fits(body: &Value, head: &Head) -> bool {
    let ping = body["zen"].is_string() && body["hook"].is_object();
    head.has(EVENT) || ping || is_ours(body)
}

/// Whether a body says where something happened as all of these webhooks do, and who did it.
fn is_ours(body: &Value) -> bool {
    let places = ["/repository/full_name", "/organization/login", "/installation/id"];
    body["sender"]["login"].is_string() && !json::first_of(body, &places).is_empty()
}

/// Reads a delivery.
///
/// # Errors
/// When the body is no JSON object, and no form with one in `payload`.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = parse(body, context.head)?;
    let mut read = Read { delivery: context.head.header(DELIVERY).into(), ..Read::default() };
    let event = match context.head.header(EVENT) {
        "" => shape(&body),
        event => event,
    };
    tell(event, &body, context, &mut read);
    Ok(read)
}

/// The JSON of a body, which may be a form around it.
pub(super) fn parse(body: &[u8], head: &Head) -> Result<Value, Unreadable> {
    let parsed = if head.media_type() == "application/x-www-form-urlencoded" {
        let fields = form(body);
        let payload = fields.iter().find(|(name, _)| name == "payload");
        let missing = || Unreadable::Json("the form has no `payload`".to_owned());
        json::parse(payload.ok_or_else(missing)?.1.as_bytes())?
    } else {
        json::parse(body)?
    };
    if !parsed.is_object() {
        return Err(Unreadable::Json("it is no object".to_owned()));
    }
    Ok(parsed)
}

/// What a body is about, by what it carries.
pub(super) fn shape(body: &Value) -> &'static str {
    let is_status = body["context"].is_string() && body["sha"].is_string();
    if is_status && body["state"].is_string() {
        return "status";
    }
    let found = SHAPES.iter().find(|(member, _)| body.get(member).is_some_and(|v| !v.is_null()));
    found.map_or("unknown", |(_, event)| event)
}

/// Says what an event of that name means.
pub(super) fn tell(event: &str, body: &Value, context: &Context, read: &mut Read) {
    match event {
        "deployment" => deployment(body, context, read),
        "deployment_status" => deployment_status(body, context, read),
        "workflow_job" if body["deployment"].is_object() => job(body, context, read),
        "release" => release(body, context, read),
        "ping" => read.note(0, format!("ping: {}", json::at(body, "/zen"))),
        "unknown" if is_ours(body) => {
            let what = format!("{} says nothing of a condition", members(body));
            read.note(0, what);
        }
        "unknown" => {
            let what = format!("no header `{EVENT}` says what this is, and its shape does not");
            read.reject(0, what);
        }
        event => condition::tell(event, body, context, read),
    }
}

/// What a body is about that no header names: its action, and the members that not every body has.
fn members(body: &Value) -> String {
    let own = body.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let own: Vec<&str> =
        own.filter(|name| !COMMON.contains(name)).take(MEMBERS_SHOWN_MAX).collect();
    let action = json::at(body, "/action");
    format!("an event with `{}` {action}", own.join("`, `")).trim_end().to_owned()
}

/// What every event of a repository has in common.
fn draft(body: &Value) -> NoticeDraft {
    let text = |pointer| json::at(body, pointer);
    let full_name = text("/repository/full_name");
    let service = match text("/repository/name") {
        name if name.is_empty() => full_name.rsplit('/').next().unwrap_or_default().to_owned(),
        name => name.into_owned(),
    };
    NoticeDraft {
        service,
        actor: json::first_of(body, &["/deployment/creator/login", "/sender/login"]),
        labels: Labels::new([("repository", full_name.as_ref())]),
        ..NoticeDraft::default()
    }
}

/// A deployment that is asked for, or the one that another event is about.
fn of_deployment(body: &Value) -> NoticeDraft {
    let mut draft = draft(body);
    let text = |pointer| json::at(body, pointer);
    let [git_ref, sha, id] = ["/deployment/ref", "/deployment/sha", "/deployment/id"].map(text);
    draft.version =
        if is_version(&git_ref) || sha.is_empty() { &git_ref } else { &sha }.to_string();
    draft.key = format!("{}/deployments/{id}", text("/repository/full_name"));
    if id.is_empty() {
        draft.notes.push("the deployment has no `id`: service and version are its key".to_owned());
        draft.key.clear();
    }
    let environments = ["/deployment_status/environment", "/deployment/environment"];
    draft.environment = json::first_of(body, &environments);
    let (task, repository) = (text("/deployment/task"), text("/repository/full_name"));
    draft.labels = Labels::new([
        ("ref", git_ref.as_ref()),
        ("sha", sha.as_ref()),
        ("task", task.as_ref()),
        ("repository", repository.as_ref()),
    ]);
    draft.summary =
        json::first_of(body, &["/deployment_status/description", "/deployment/description"]);
    let urls = [
        "/deployment_status/log_url",
        "/deployment_status/target_url",
        "/workflow_job/html_url",
        "/workflow_run/html_url",
        "/deployment_status/environment_url",
        "/repository/html_url",
    ];
    draft.url = json::first_of(body, &urls);
    draft
}

fn deployment(body: &Value, context: &Context, read: &mut Read) {
    let action = json::at(body, "/action");
    if !["created", ""].contains(&action.as_ref()) {
        return read.note(0, format!("a deployment is `{action}`: nothing is deployed by that"));
    }
    let mut draft = of_deployment(body);
    draft.said_at([body.pointer("/deployment/created_at")]);
    draft.finish(0, Status::Queued, context, read);
}

fn deployment_status(body: &Value, context: &Context, read: &mut Read) {
    let word = json::at(body, "/deployment_status/state");
    if word == "inactive" {
        return read.note(0, "another deployment took the place of this one (`inactive`)");
    }
    let Some(status) = meaning(&STATES, &word) else {
        return read.note(0, format!("unknown state `{word}` of a deployment: not taken"));
    };
    let mut draft = of_deployment(body);
    let times = ["/deployment_status/updated_at", "/deployment_status/created_at"];
    draft.said_at(times.map(|pointer| body.pointer(pointer)));
    draft.finish(0, status, context, read);
}

/// A job that deploys tells how the deployment goes.
fn job(body: &Value, context: &Context, read: &mut Read) {
    let text = |pointer| json::at(body, pointer);
    let (action, conclusion) = (text("/action"), text("/workflow_job/conclusion"));
    let status = match action.as_ref() {
        "queued" | "waiting" => Some(Status::Queued),
        "in_progress" => Some(Status::Started),
        _ => meaning(&CONCLUSIONS, &conclusion),
    };
    let Some(status) = status else {
        let what = format!("a job that deploys is `{action}` with `{conclusion}`: not taken");
        return read.note(0, what);
    };
    let mut draft = of_deployment(body);
    draft.summary = json::first_of(body, &["/workflow_job/workflow_name", "/workflow_job/name"]);
    let time = match status {
        Status::Queued => "/workflow_job/created_at",
        Status::Started => "/workflow_job/started_at",
        _ => "/workflow_job/completed_at",
    };
    draft.said_at([body.pointer(time), body.pointer("/deployment/updated_at")]);
    draft.finish(0, status, context, read);
}

/// A release brings a version to people, whoever installs it where.
fn release(body: &Value, context: &Context, read: &mut Read) {
    let text = |pointer| json::at(body, pointer);
    let (action, tag) = (text("/action"), text("/release/tag_name"));
    let is_draft = body.pointer("/release/draft") == Some(&Value::Bool(true));
    if is_draft || !RELEASED.contains(&action.as_ref()) {
        return read.note(0, format!("the release `{tag}` is `{action}`: no version comes out"));
    }
    let repository = text("/repository/full_name");
    let mut draft = draft(body);
    let actor = json::first_of(body, &["/release/author/login", "/sender/login"]);
    draft.actor = actor;
    draft.key = format!("{repository}/releases/{}", text("/release/id"));
    draft.version = tag.into_owned();
    draft.summary = match text("/release/name") {
        name if name.is_empty() => format!("release {}", draft.version),
        name => format!("release {name}"),
    };
    draft.url = json::first_of(body, &["/release/html_url", "/release/url"]);
    draft.labels = draft.labels.with([("kind", "release")]);
    draft.said_at(["/release/published_at", "/release/created_at"].map(|p| body.pointer(p)));
    draft.finish(0, Status::Succeeded, context, read);
}

/// A tag such as `v2.1` or `2026.3` says more than a hash; a branch says less.
fn is_version(git_ref: &str) -> bool {
    let name = git_ref.strip_prefix("refs/tags/").unwrap_or(git_ref);
    let number = name.strip_prefix('v').unwrap_or(name);
    number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.')
}

/// What a word means by a table, whatever its case.
fn meaning<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, meaning)| *meaning)
}
