//! Sentry: webhooks of an integration, told apart by `Sentry-Hook-Resource` or by their shape, and
//! the older plugin.
//!
//! The number of the issue is the key whichever way it comes, so that the `resolved` of an issue
//! ends what an issue alert, an error or the plugin has begun. Metric alerts are counted apart.

use serde_json::Value;

use super::Adapter;
use super::table::{self, Means, Places, Table, pick, word};
use crate::domain::event::Saying;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Labels, Severity, Span};

/// Sentry.
pub const ADAPTER: Adapter = Adapter { name: "sentry", title: "Sentry", read, fits };

const RESOURCE: &str = "sentry-hook-resource";
/// A webhook that is sent once more keeps its number.
const REQUEST: &str = "request-id";

const LEVELS: [(&str, Severity); 6] = [
    ("fatal", Severity::Critical),
    ("critical", Severity::Critical),
    ("error", Severity::High),
    ("warning", Severity::Warning),
    ("info", Severity::Info),
    ("debug", Severity::Info),
];
/// Actions on an issue, and the status where the action says nothing of it.
const ISSUE_ACTIONS: [(&str, Means); 9] = [
    ("created", Means::Firing),
    ("triggered", Means::Firing),
    ("unresolved", Means::Firing),
    ("escalating", Means::Firing),
    ("regressed", Means::Firing),
    ("resolved", Means::Resolved),
    ("ignored", Means::Said(Saying::Suppressed)),
    ("archived", Means::Said(Saying::Suppressed)),
    // Who has it is not yet who looks after it: rules assign, too.
    ("assigned", Means::Said(Saying::Noted)),
];
const METRIC_ACTIONS: [(&str, Means); 5] = [
    ("critical", Means::Firing),
    ("warning", Means::Firing),
    ("open", Means::Firing),
    ("resolved", Means::Resolved),
    ("closed", Means::Resolved),
];
/// Rules tell of an issue again while there are events of it, every half hour as a rule and once a
/// day at the latest in the usual choices; that it is over is told only where the integration has
/// subscribed to issues.
const LEASE: Span = Span::days(1);

const LABELS: &[(&str, Places)] = &[
    ("service", &["/project/slug", "/project_slug", "/project/name", "/project_name"]),
    ("platform", &["/platform", "/project/platform"]),
    ("environment", &["/environment"]),
    ("logger", &["/logger"]),
    ("category", &["/issueCategory"]),
];

const ISSUE: Table = Table {
    name: &["/title", "/metadata/title", "/metadata/type", "/culprit", "/shortId"],
    key: &[&["/id", "/issue_id"]],
    status: &["/action", "/status"],
    words: &ISSUE_ACTIONS,
    severity: &["/level"],
    severities: &LEVELS,
    labels: LABELS,
    annotations: &[
        ("summary", &["/title"]),
        ("description", &["/metadata/value", "/culprit"]),
        ("culprit", &["/culprit"]),
        ("short_id", &["/shortId"]),
        ("substatus", &["/substatus"]),
        ("priority", &["/priority"]),
        ("events", &["/count"]),
        ("users", &["/userCount"]),
        ("assigned_to", &["/assignedTo/name", "/assignedTo/email"]),
        ("first_seen", &["/firstSeen"]),
    ],
    url: &["/web_url", "/permalink", "/url"],
    // Not since the issue was first seen: it may have been resolved in between.
    starts_at: &["/lastSeen"],
    author: &["/actor/name"],
    text: &["/said"],
    ..Table::EMPTY
};
const EVENT: Table = Table {
    name: &["/title", "/metadata/type", "/message", "/culprit", "/event_id"],
    key: &[&["/issue_id", "/issue/id", "/groupID"]],
    severity: &["/level"],
    severities: &LEVELS,
    labels: LABELS,
    annotations: &[
        ("summary", &["/title", "/message"]),
        ("description", &["/metadata/value", "/logentry/formatted", "/message"]),
        ("culprit", &["/culprit"]),
        ("rule", &["/rule"]),
        ("event_id", &["/event_id"]),
        ("request_url", &["/request/url"]),
    ],
    url: &["/web_url", "/issue_url", "/url"],
    starts_at: &["/datetime", "/timestamp", "/received"],
    lease: Some(LEASE),
    more: tags,
    ..Table::EMPTY
};
const METRIC: Table = Table {
    name: &["/alert_rule/name", "/title", "/description_title"],
    status: &["/action"],
    words: &METRIC_ACTIONS,
    severity: &["/action"],
    severities: &[
        ("critical", Severity::Critical),
        ("warning", Severity::Warning),
        ("resolved", Severity::Info),
        ("closed", Severity::Info),
    ],
    labels: &[
        ("service", &["/projects/0", "/alert_rule/projects/0"]),
        ("environment", &["/alert_rule/environment"]),
        ("team", &["/alert_rule/owner"]),
    ],
    annotations: &[
        ("summary", &["/description_title", "/title"]),
        ("description", &["/description_text"]),
        ("query", &["/alert_rule/query"]),
        ("aggregate", &["/alert_rule/aggregate"]),
    ],
    url: &["/web_url"],
    starts_at: &["/date_started", "/date_detected"],
    ends_at: &["/date_closed"],
    ..Table::EMPTY
};

fn fits(body: &Value, head: &Head) -> bool {
    if head.has(RESOURCE) {
        return true;
    }
    let shaped = ["issue", "event", "metric_alert", "error", "comment_id", "installation"];
    let integration = body.get("action").is_some() && body["installation"].is_object();
    integration && json::has_any(&body["data"], &shaped) || is_plugin(body)
}

fn is_plugin(body: &Value) -> bool {
    let plain = json::has_any(body, &["project", "project_slug", "project_name"]);
    let event = &body["event"];
    plain && event.is_object() && (body.get("culprit").is_some() || event.get("event_id").is_some())
}

/// Reads a webhook.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    if !body.is_object() {
        return Err(Unreadable::Json("it is no object".to_owned()));
    }
    let mut read = Read { delivery: context.head.header(REQUEST).into(), ..Read::default() };
    let data = &body["data"];
    let action = pick(&body, &["/action"]);
    let resource = context.head.header(RESOURCE);
    if is_plugin(&body) {
        plugin(&body, context, &mut read);
    } else if data["metric_alert"].is_object() {
        metric(&body, context, &mut read);
    } else if data["issue"].is_object() {
        issue(&body, context, &mut read);
    } else if data["event"].is_object() || data["error"].is_object() {
        event(data, context, &mut read);
    } else if data.get("comment_id").is_some() || resource == "comment" {
        comment(&body, context, &mut read);
    } else {
        let what = if resource.is_empty() { "webhook" } else { resource };
        let about = pick(&body, &["/data/installation/app/slug", "/installation/app/slug"]);
        read.note(0, format!("Sentry's {what} {action} {about}: says nothing of a condition"));
    }
    Ok(read)
}

/// One object of what stands in several.
fn joined<'a>(inner: &Value, more: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Value {
    let mut joined = inner.clone();
    if let Value::Object(fields) = &mut joined {
        for (name, value) in more {
            if !value.is_null() {
                fields.insert(name.to_owned(), value.clone());
            }
        }
    }
    joined
}

fn issue(body: &Value, context: &Context, read: &mut Read) {
    let action = pick(body, &["/action"]);
    let issue = &body["data"]["issue"];
    // An action that nobody knows says less than the status of the issue.
    let known = word(&action, &ISSUE_ACTIONS).is_some() && action != "triggered";
    let said = pick(issue, &["/assignedTo/name", "/assignedTo/email"]);
    let said = match (action.as_ref(), said.as_ref()) {
        ("assigned", "") => Value::String("assigned".to_owned()),
        ("assigned", said) => Value::String(format!("assigned to {said}")),
        _ => Value::Null,
    };
    let status = if known { &body["action"] } else { &issue["status"] };
    let issue = joined(issue, [("action", status), ("actor", &body["actor"]), ("said", &said)]);
    ISSUE.element(0, &issue, context, read);
}

fn event(data: &Value, context: &Context, read: &mut Read) {
    let event = if data["event"].is_object() { &data["event"] } else { &data["error"] };
    let rule = Value::String(pick(data, &["/triggered_rule", "/issue_alert/title"]).into_owned());
    let number = match issue_of(&pick(event, &["/issue_url", "/web_url"])) {
        Some(number) if event["issue_id"].is_null() => Value::String(number.to_owned()),
        _ => Value::Null,
    };
    EVENT.element(0, &joined(event, [("rule", &rule), ("issue_id", &number)]), context, read);
}

/// The number of the issue in an address: `…/issues/123/events/…`.
fn issue_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("/issues/")?;
    rest.split(['/', '?']).next().filter(|number| !number.is_empty())
}

fn metric(body: &Value, context: &Context, read: &mut Read) {
    let data = &body["data"];
    let above =
        ["description_title", "description_text", "web_url"].map(|name| (name, &data[name]));
    let alert =
        joined(&data["metric_alert"], above.into_iter().chain([("action", &body["action"])]));
    let id = match pick(&alert, &["/id"]) {
        id if id.is_empty() => format!("rule/{}", pick(&alert, &["/alert_rule/id", "/title"])),
        id => id.into_owned(),
    };
    let before = read.events.len();
    METRIC.element(0, &alert, context, read);
    for event in read.events.iter_mut().skip(before) {
        // Numbers of issues are counted apart from those of metric alerts.
        event.key = format!("metric_alert/{id}").into();
    }
}

fn plugin(body: &Value, context: &Context, read: &mut Read) {
    let names = ["project_slug", "project_name", "culprit", "message", "url", "logger", "level"];
    let above = names.map(|name| (name, &body[name]));
    let rules = Value::String(pick(body, &["/triggering_rules"]).into_owned());
    let more = [("issue_id", &body["id"]), ("rule", &rules)];
    let event = joined(&body["event"], above.into_iter().chain(more));
    EVENT.element(0, &event, context, read);
}

fn comment(body: &Value, context: &Context, read: &mut Read) {
    let data = &body["data"];
    let key = pick(data, &["/issue_id"]);
    if body["action"] == "deleted" || key.is_empty() {
        read.note(0, "a comment was deleted, or is on no issue");
        return;
    }
    let slug = pick(data, &["/project_slug"]);
    let draft = Draft {
        key: key.into_owned(),
        labels: Labels::new([("service", slug)]),
        ..Draft::default()
    };
    let [author, text] = [pick(body, &["/actor/name"]), pick(data, &["/comment"])];
    table::remark(draft, Saying::Noted, &author, &text, context, read);
}

/// Tags are pairs of name and value; some of them are labels under a name of ours. The name of the
/// project stands in the address of the event only.
fn tags(event: &Value, draft: &mut Draft) {
    const NAMES: [(&str, &str); 4] = [
        ("environment", "environment"),
        ("release", "release"),
        ("server_name", "instance"),
        ("transaction", "transaction"),
    ];
    let address = pick(event, &["/url"]);
    let project = address.split_once("/projects/").and_then(|(_, path)| path.split('/').nth(1));
    if let Some(project) = project.filter(|_| draft.labels.get("service").is_empty()) {
        draft.labels = draft.labels.with([("service", project)]);
    }
    for tag in event["tags"].as_array().into_iter().flatten() {
        let [name, value] = ["/0", "/1"].map(|place| pick(tag, &[place]));
        if let Some(label) = word(&name, &NAMES).filter(|label| draft.labels.get(label).is_empty())
        {
            draft.labels = draft.labels.with([(label, value.as_ref())]);
        }
    }
}
