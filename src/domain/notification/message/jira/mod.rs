//! Jira: an issue for each group, found again by a label with the group's hash.
//!
//! ```text
//! search ─ none ─▶ (firing) create ─▶ done
//!    └──── found ─▶ update ─▶ (done and firing, or open and resolved) transitions ─▶ move ─▶ done
//! ```

mod desk;
mod document;

use serde_json::{Map, Value as Json, json};

use super::address::below;
use super::exchange::{Http, Request};
use super::letter::AlertStatus;
use super::plain;
use super::scope::Scope;
use super::texts::Texts;
use super::{Fault, Pen, group_hash};
use crate::domain::notification::receiver::{JiraApi, JiraConfig};
use crate::domain::value::Span;

use desk::Desk;

/// Jira refuses longer summaries.
const SUMMARY_CHARS_MAX: usize = 255;
/// Jira refuses longer descriptions.
const DESCRIPTION_CHARS_MAX: usize = 32_767;
/// Jira refuses longer labels.
const LABEL_CHARS_MAX: usize = 255;
/// One issue is wanted; a second would only say that there are more.
const FOUND_MAX: u32 = 2;

const MINUTE: Span = Span::minutes(1);

/// Without project and type there is no place for an issue.
pub(super) fn write(scope: &Scope, config: &JiraConfig, pen: &mut Pen) -> Result<Http, Fault> {
    let mut texts = Texts::new(scope, &config.texts, pen);
    let project = texts.key("project")?;
    let issue_type = texts.key("issue_type")?;
    let label = format!("ALERT{{{}}}", group_hash(scope.letter));
    let firing = scope.status() == AlertStatus::Firing;
    let search = json!({
        "jql": question(config, firing, &project, &label),
        "maxResults": FOUND_MAX,
        "fields": ["status"],
    });
    let first = request(&search_address(config), &search);
    let create = issue(&mut texts, config, project, issue_type, label);
    let mut update = create.clone();
    for (name, updates) in
        [("summary", config.updates_summary), ("description", config.updates_description)]
    {
        let is_own = config.fields.iter().any(|(field, _)| field == name);
        if !updates && !is_own {
            update.remove(name);
        }
    }
    let transition = if firing { &config.reopen_transition } else { &config.resolve_transition };
    let desk = Desk::new(&config.api_url, firing, create, update, transition.clone());
    Ok(Http { first, listener: Box::new(desk), timeout: Span::ZERO, http: config.http.clone() })
}

/// A POST as Jira wants it. The names of transitions are in English where it knows them so.
fn request(url: &str, body: &Json) -> Request {
    Request::json(url, body).header("Accept-Language", "en")
}

/// Asks for open issues of the group, and for closed ones that may be opened again.
fn question(config: &JiraConfig, firing: bool, project: &str, label: &str) -> String {
    let wont_fix = config.wont_fix_resolution.as_deref().map_or_else(String::new, |resolution| {
        format!("resolution != {} and ", quoted(resolution))
    });
    let minutes = config.reopen_duration.0 / MINUTE.0;
    let state = if firing && config.reopen_transition.is_some() && minutes > 0 {
        format!("(resolutiondate is EMPTY OR resolutiondate >= -{minutes}m)")
    } else {
        "statusCategory != Done".to_owned()
    };
    let (project, label) = (quoted(project), quoted(label));
    let order = "status ASC,resolutiondate DESC";
    format!("{wont_fix}{state} and project={project} and labels={label} order by {order}")
}

/// A text in a question.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn search_address(config: &JiraConfig) -> String {
    match config.api {
        JiraApi::Cloud => {
            let address = below(&config.api_url, "search/jql");
            address.replacen("/rest/api/2/", "/rest/api/3/", 1)
        }
        JiraApi::Datacenter => below(&config.api_url, "search"),
    }
}

/// The fields of an issue. Those that the configuration names itself go before ours.
fn issue(
    texts: &mut Texts,
    config: &JiraConfig,
    project: String,
    issue_type: String,
    label: String,
) -> Map<String, Json> {
    // Jira refuses summaries of several lines.
    let summary = texts.title("summary", SUMMARY_CHARS_MAX).replace(['\n', '\r'], " ");
    let mut labels: Vec<String> = Vec::new();
    for template in &config.labels {
        labels.extend(texts.one("labels", template).as_deref().and_then(label_of));
    }
    labels.push(label);
    labels.sort();
    labels.dedup();
    let mut issue = Map::new();
    let mut set = |name: &str, value: Json| issue.insert(name.to_owned(), value);
    set("project", json!({ "key": project }));
    set("issuetype", json!({ "name": issue_type }));
    set("summary", summary.into());
    if let Some(description) = description(texts, config) {
        set("description", description);
    }
    set("labels", labels.into());
    let priority = texts.text("priority");
    if !priority.trim().is_empty() {
        set("priority", json!({ "name": priority.trim() }));
    }
    for (name, tree) in &config.fields {
        set(name, texts.tree(&format!("fields.{name}"), tree));
    }
    issue
}

/// Jira refuses labels with spaces, and an issue for the sake of one label.
fn label_of(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let label = plain::shorten(&words.join("_"), LABEL_CHARS_MAX);
    (!label.is_empty()).then_some(label)
}

/// Version 3 wants a document; version 2 takes text.
fn description(texts: &mut Texts, config: &JiraConfig) -> Option<Json> {
    let whole = texts.body("description", usize::MAX);
    if !is_v3(&config.api_url) {
        let text = plain::shorten(&whole, DESCRIPTION_CHARS_MAX);
        return (!text.is_empty()).then(|| text.into());
    }
    let whole = whole.trim();
    if whole.is_empty() {
        return None;
    }
    let fits = whole.chars().count() <= DESCRIPTION_CHARS_MAX;
    let given = serde_json::from_str(whole).ok().filter(|given: &Json| fits && given.is_object());
    Some(given.unwrap_or_else(|| document::of_text(&plain::shorten(whole, DESCRIPTION_CHARS_MAX))))
}

fn is_v3(api_url: &str) -> bool {
    let path = api_url.split(['?', '#']).next().unwrap_or_default();
    path.trim_end_matches('/').ends_with("/3")
}
