//! What is sent to Opsgenie's Alert API, and what Opsgenie itself sends to webhooks.
//!
//! The API says in its path what is to be done to which alert; the door that takes it writes both
//! into the body, in the shape of a webhook: `{"action": "Close", "alert": {"alias": …}}`.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Adapter;
use crate::domain::event::adapter::fit::{Fit, said};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::event::{Remark, Saying, Signal};
use crate::domain::value::{Labels, Severity};

/// Opsgenie's priorities.
pub const PRIORITIES: [(&str, Severity); 5] = [
    ("P1", Severity::Critical),
    ("P2", Severity::High),
    ("P3", Severity::Warning),
    ("P4", Severity::Info),
    ("P5", Severity::Info),
];

/// The priority of an alert that names neither a priority nor a severity.
pub const PRIORITY: &str = "P3";

/// Actions after which an alert holds as it is said, or is over.
const SIGNALS: [(&str, Signal); 10] = [
    ("create", Signal::Firing),
    ("addtags", Signal::Firing),
    ("removetags", Signal::Firing),
    ("adddetails", Signal::Firing),
    ("removedetails", Signal::Firing),
    ("updatepriority", Signal::Firing),
    ("updatemessage", Signal::Firing),
    ("updatedescription", Signal::Firing),
    ("close", Signal::Resolved),
    ("delete", Signal::Resolved),
];

/// Actions of people.
const SAYINGS: [(&str, Saying); 11] = [
    ("acknowledge", Saying::Acknowledged),
    ("unacknowledge", Saying::Unacknowledged),
    ("snooze", Saying::Suppressed),
    ("snoozeended", Saying::Unsuppressed),
    ("addnote", Saying::Noted),
    ("assignownership", Saying::Noted),
    ("takeownership", Saying::Noted),
    ("addteam", Saying::Noted),
    ("addrecipient", Saying::Noted),
    ("addresponder", Saying::Noted),
    ("escalate", Saying::Noted),
];

/// Details of an alert that say which condition it is.
const NAMES: [&str; 2] = ["alertname", "alert_name"];

/// Opsgenie, as a server and as a sender of webhooks.
pub const ADAPTER: Adapter = Adapter { name: "opsgenie", title: "Opsgenie", read, fits };

fn fits(body: &Value, _: &Head) -> bool {
    let alert = &body["alert"];
    let webhook =
        body["action"].is_string() && json::has_any(alert, &["alertId", "tinyId", "alias"]);
    let create = json::has_any(body, &["message"])
        && json::has_any(body, &["alias", "responders", "visibleTo"])
        && json::field(body, "event").is_empty();
    webhook || create
}

/// Reads a body.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    if !body.is_object() {
        return Err(Unreadable::Json("it is no object".to_owned()));
    }
    let mut read = Read::default();
    if body["alert"].is_object() {
        let alert = &body["alert"];
        let word = json::field(&body, "action");
        let more = if body.get("note").is_some() { &body } else { alert };
        one(&word, alert, more, context, &mut read);
    } else if json::has_any(&body, &["message"]) {
        one("Create", &body, &body, context, &mut read);
    } else {
        read.note(None, "neither `alert` nor `message`: it says nothing of a condition");
    }
    Ok(read)
}

/// The key of an alert without an alias.
pub fn alias_of(message: &str) -> String {
    Sha256::digest(message.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn one(word: &str, alert: &Value, more: &Value, context: &Context, read: &mut Read) {
    let [alias, id, message] =
        ["alias", "alertId", "message"].map(|name| said(&json::field(alert, name)).to_owned());
    let key = match (alias.as_str(), id.as_str(), message.as_str()) {
        ("", "", "") => {
            read.reject(0, "neither `alias` nor `message` says which alert it is about");
            return;
        }
        ("", "", message) => alias_of(message),
        ("", id, _) => id.to_owned(),
        (alias, _, _) => alias.to_owned(),
    };
    let [user, note] = ["user", "note"].map(|name| said(&json::field(more, name)).to_owned());
    let user = if user.is_empty() { json::field(alert, "username").into_owned() } else { user };
    let act = word.to_ascii_lowercase();
    let remark = |saying, text: String| Remark {
        source: context.source.clone(),
        key: key.as_str().into(),
        labels: Labels::default(),
        author: user.as_str().into(),
        text: text.into(),
        saying,
    };
    if let Some((_, saying)) = SAYINGS.iter().find(|(have, _)| *have == act) {
        let text = match saying {
            Saying::Noted if note.is_empty() => done(word, alert),
            _ => note,
        };
        read.remarks.push(remark(*saying, text));
        return;
    }
    let signal = SIGNALS.iter().find(|(have, _)| *have == act).map(|(_, signal)| *signal);
    // Only what creates an alert may leave out the priority; a webhook that does so tells a part.
    let is_part = !matches!(act.as_str(), "create" | "close" | "delete")
        && said(&json::field(alert, "priority")).is_empty();
    if is_part {
        read.remarks.push(remark(Saying::Noted, done(word, alert)));
        return;
    }
    let unknown = signal.is_none().then(|| format!("unknown action `{word}`: taken as Create"));
    if signal.is_none() && message.is_empty() {
        // An action of the sender's own making on an alert that is known already.
        read.remarks.push(remark(Saying::Noted, done(word, alert)));
        return;
    }
    event(signal, alert, (&key, &message), unknown, context, read);
    if !note.is_empty() {
        read.remarks.push(remark(Saying::Noted, note));
    }
}

fn event(
    signal: Option<Signal>,
    alert: &Value,
    (key, message): (&str, &str),
    unknown: Option<String>,
    context: &Context,
    read: &mut Read,
) {
    let details = alert.get("details");
    let detail = |name: &str| json::field(details.unwrap_or(&Value::Null), name).into_owned();
    let [entity, source, description, priority] =
        ["entity", "source", "description", "priority"].map(|name| json::field(alert, name));
    let mut fit = Fit::new(context);
    for name in NAMES {
        fit.label("alertname", &detail(name));
    }
    fit.label("alertname", if message.is_empty() { key } else { message });
    fit.label("instance", &detail("instance"));
    fit.label("instance", &entity);
    fit.label("entity", &entity);
    fit.label("team", &detail("team"));
    fit.label("team", &team(alert));
    fit.label("source", &source);
    fit.annotation("summary", message);
    fit.annotation("description", &description);
    fit.annotation("tags", &json::field(alert, "tags"));
    fit.annotation("actions", &json::field(alert, "actions"));
    fit.annotation("responders", &people(&alert["responders"]));
    fit.annotation("visible_to", &people(&alert["visibleTo"]));
    fit.details("details", details, true);
    if let Some(unknown) = unknown {
        fit.note(unknown);
    }
    let key = fit.text("alias", key);
    let mut draft = fit.draft();
    draft.signal = signal;
    draft.key = key;
    draft.starts_at = draft.instant("createdAt", alert.get("createdAt"));
    let severity = detail("severity");
    match said(&priority) {
        // Who is told by rules of its own says how bad it is in its own words.
        "" if !severity.is_empty() => draft.severity(context, &severity, None),
        // Whoever only closes an alert says nothing new about it.
        "" if message.is_empty() => draft.severity(context, "", None),
        "" => draft.severity(context, PRIORITY, meaning(PRIORITY)),
        priority => draft.severity(context, priority, meaning(priority)),
    }
    draft.finish(0, context, read);
}

/// What Opsgenie takes a priority to mean.
pub fn meaning(priority: &str) -> Option<Severity> {
    let priority = priority.trim();
    PRIORITIES.iter().find(|(have, _)| priority.eq_ignore_ascii_case(have)).map(|(_, it)| *it)
}

/// The first team that is to respond.
fn team(alert: &Value) -> String {
    let lists = [&alert["responders"], &alert["teams"]];
    let mut teams = lists.into_iter().flat_map(|list| list.as_array().into_iter().flatten());
    let is_team = |one: &&Value| matches!(&*json::field(one, "type"), "team" | "");
    let team = teams.find(is_team).map(|one| match one {
        Value::String(name) => name.clone(),
        one => json::field(one, "name").into_owned(),
    });
    team.unwrap_or_default()
}

/// `team ops, user ada@example.org`.
fn people(list: &Value) -> String {
    let name = |one: &Value| {
        let names = ["name", "username", "id"].map(|name| json::field(one, name).into_owned());
        let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        format!("{} {name}", json::field(one, "type")).trim().to_owned()
    };
    let people = list.as_array().into_iter().flatten().map(name);
    people.filter(|one| !one.is_empty()).collect::<Vec<_>>().join(", ")
}

/// What somebody did, in words.
fn done(word: &str, alert: &Value) -> String {
    let about = [
        "owner",
        "team",
        "recipient",
        "responder",
        "escalationName",
        "addedTags",
        "removedTags",
        "addedDetails",
        "removedDetails",
    ]
    .map(|name| json::field(alert, name).into_owned());
    let about = about.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let word: String = word.chars().take(64).collect();
    format!("{word} {about}").trim().to_owned()
}
