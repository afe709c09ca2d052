//! Deployments as a pipeline reports them with one `curl`: the fields that
//! `POST /api/itsm/v1/deployments` takes, as JSON or as a form. Words that pipelines use for the
//! same are understood.

use serde_json::Value;

use super::Adapter;
use crate::domain::deployment::Status;
use crate::domain::event::adapter::notice::NoticeDraft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, fields, json};

/// Deployments of a pipeline of one's own.
pub const ADAPTER: Adapter =
    Adapter { name: "deployment", title: "a pipeline of your own", read, fits };

/// Words of pipelines besides the statuses' names.
const WORDS: [(&str, Status); 19] = [
    ("pending", Status::Queued),
    ("scheduled", Status::Queued),
    ("start", Status::Started),
    ("running", Status::Started),
    ("in_progress", Status::Started),
    ("deploying", Status::Started),
    ("success", Status::Succeeded),
    ("successful", Status::Succeeded),
    ("ok", Status::Succeeded),
    ("done", Status::Succeeded),
    ("finished", Status::Succeeded),
    ("completed", Status::Succeeded),
    ("deployed", Status::Succeeded),
    ("failure", Status::Failed),
    ("error", Status::Failed),
    ("rolledback", Status::RolledBack),
    ("rollback", Status::RolledBack),
    ("canceled", Status::Cancelled),
    ("aborted", Status::Cancelled),
];

/// A service, its version and a word that makes sense; the status of anything else is no
/// deployment's.
fn fits(body: &Value, _: &Head) -> bool {
    ["service", "version"].iter().all(|name| !json::at(body, &format!("/{name}")).is_empty())
        && status(&json::field(body, "status")).is_some()
        && !json::has_any(body, &["alertname", "host", "severity"])
}

/// Reads one report.
///
/// # Errors
/// When the body is neither JSON nor a form.
fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = fields::object(body, context)?;
    let mut read = Read::default();
    let word = json::field(&body, "status");
    let Some(status) = status(&word) else {
        let known = Status::ALL.map(Status::name).join(", ");
        read.reject(
            0,
            format!("the status `{word}` says nothing of a deployment; use one of {known}"),
        );
        return Ok(read);
    };
    let labels = match json::pairs(&body, "labels") {
        Ok(labels) => labels,
        Err(why) => {
            read.reject(0, why);
            return Ok(read);
        }
    };
    let first = |names: &[&str]| json::first_of(&body, names);
    let mut draft = NoticeDraft {
        service: first(&["/service"]),
        environment: first(&["/environment", "/env"]),
        version: first(&["/version"]),
        actor: first(&["/actor", "/user", "/author"]),
        summary: first(&["/summary", "/description"]),
        url: first(&["/link", "/url"]),
        key: first(&["/key", "/id"]),
        labels,
        ..NoticeDraft::default()
    };
    draft.said_at([body.get("at"), body.get("timestamp"), body.get("time")]);
    draft.finish(0, status, context, &mut read);
    Ok(read)
}

fn status(word: &str) -> Option<Status> {
    let word = word.trim().to_lowercase().replace([' ', '-'], "_");
    let other = || WORDS.iter().find(|(known, _)| *known == word).map(|(_, status)| *status);
    Status::named(&word).or_else(other)
}
