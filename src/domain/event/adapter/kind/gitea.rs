//! Gitea's, Forgejo's and Gogs' webhooks, which speak as GitHub does, with headers of their own.
//!
//! Releases are notices; workflows and statuses of the default branch are conditions. A push brings
//! nothing into service and is a note.

use serde_json::Value;

use super::{Adapter, github};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};

/// Gitea's webhooks.
pub const ADAPTER: Adapter =
    Adapter { name: "gitea", title: "Gitea, Forgejo and Gogs", read, fits };

const EVENTS: [&str; 3] = ["x-gitea-event", "x-forgejo-event", "x-gogs-event"];
const DELIVERIES: [&str; 3] = ["x-gitea-delivery", "x-forgejo-delivery", "x-gogs-delivery"];

/// Events that GitHub calls otherwise.
const NAMES: [(&str, &str); 3] = [
    ("action_run_failure", "action_run"),
    ("action_run_recover", "action_run"),
    ("action_run_success", "action_run"),
];

fn fits(body: &Value, head: &Head) -> bool {
    // GitHub's users have a `login` only.
    let ours =
        ["/sender/username", "/pusher/username", "/sender/full_name", "/run/trigger_user/username"];
    let by_shape = body["repository"]["full_name"].is_string()
        && ours.iter().any(|pointer| body.pointer(pointer).is_some())
        && !body["repository"]["node_id"].is_string();
    EVENTS.iter().any(|name| head.has(name)) || by_shape
}

/// Reads a delivery.
///
/// # Errors
/// When the body is no JSON object, and no form with one in `payload`.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut body = github::parse(body, context.head)?;
    // Forgejo tells the repository of a run inside of the run.
    if body["repository"].is_null() && body["run"]["repository"].is_object() {
        body["repository"] = body["run"]["repository"].clone();
    }
    let first = |names: [&str; 3]| {
        names.map(|name| context.head.header(name)).into_iter().find(|value| !value.is_empty())
    };
    let mut read =
        Read { delivery: first(DELIVERIES).unwrap_or_default().into(), ..Read::default() };
    let event = first(EVENTS).unwrap_or_else(|| github::shape(&body));
    let known = NAMES.iter().find(|(name, _)| *name == event).map(|(_, known)| *known);
    if event == "push" {
        let [branch, by] = ["/ref", "/pusher/login"].map(|pointer| json::at(&body, pointer));
        let commits = body["commits"].as_array().map_or(0, Vec::len);
        read.note(0, format!("{by} pushed {commits} commits to {branch}: nothing is deployed"));
        return Ok(read);
    }
    github::tell(known.unwrap_or(event), &body, context, &mut read);
    Ok(read)
}
