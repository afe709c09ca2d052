//! Pingdom's webhook: a check and the state it came into.
//!
//! `BeepManager`, its older alerting, sends a GET with one field `message`: an object that names the
//! check, its host and whether an incident begins or ends.

use serde_json::{Value, json};

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, fields, json};
use crate::domain::value::Severity;

/// Pingdom.
pub const ADAPTER: Adapter = Adapter { name: "pingdom", title: "Pingdom", read, fits };

/// States of uptime checks and of transaction checks.
const STATES: &[(&str, Signal)] = &[
    ("down", Signal::Firing),
    ("failing", Signal::Firing),
    ("failed", Signal::Firing),
    ("up", Signal::Resolved),
    ("success", Signal::Resolved),
    ("successful", Signal::Resolved),
];
/// States that neither begin nor end anything.
const WAITING: [&str; 2] = ["unconfirmed_down", "paused"];
/// How important a check is; it is down, so that even `LOW` is worth a look.
const IMPORTANCE: &[(&str, Severity)] = &[("high", Severity::High), ("low", Severity::Warning)];
/// Fields of the check's parameters that say where it looks.
const TARGETS: [&str; 3] = ["full_url", "hostname", "url"];

/// What `BeepManager` says when an incident is over.
const CLOSED: &str = "notify_of_close";

fn fits(body: &Value, _: &Head) -> bool {
    (body.get("check_id").is_some() && json::has_any(body, &["current_state", "previous_state"]))
        || is_beep(&body["message"])
}

fn is_beep(message: &Value) -> bool {
    message.get("action").is_some() && json::has_any(message, &["check", "checkname"])
}

/// What `BeepManager` says, in the words of the other webhook.
fn of_beep(message: &Value) -> Value {
    let [state, action] = ["description", "action"].map(|name| json::field(message, name));
    json!({
        "check_id": message["check"],
        "check_name": message["checkname"],
        "current_state": if action == CLOSED { "up" } else { &*state },
        "check_params": { "hostname": message["host"] },
    })
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut body = fields::object(body, context)?;
    if is_beep(&body["message"]) {
        body = of_beep(&body["message"]);
    }
    let mut read = Read::default();
    let [id, name, state] =
        ["check_id", "check_name", "current_state"].map(|name| json::field(&body, name));
    if id.is_empty() && name.is_empty() {
        read.reject(0, "neither `check_id` nor `check_name` says which check it is");
        return Ok(read);
    }
    let lower = state.to_ascii_lowercase();
    if WAITING.contains(&lower.as_str()) {
        read.note(0, format!("check `{name}` is {lower}: nothing fires, nothing is over"));
        return Ok(read);
    }
    let key = if id.is_empty() { &name } else { &id };
    let mut draft = Draft { key: key.clone().into_owned(), ..Draft::default() };
    let known = STATES.iter().find(|(word, _)| *word == lower);
    draft.signal = known.map(|(_, signal)| *signal);
    if known.is_none() {
        draft.notes.push(format!("unknown state `{state}`: taken as firing"));
    }
    let name = if name.is_empty() { format!("Check {id}").into() } else { name };
    let params = &body["check_params"];
    let targets = TARGETS.map(|name| json::field(params, name));
    let target = targets.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let type_ = json::field(&body, "check_type");
    let labels = [("alertname", name.as_ref()), ("instance", &target), ("check_type", &type_)];
    draft.labels = fields::labels(context, labels);
    let importance = json::field(&body, "importance_level");
    if draft.signal != Some(Signal::Resolved) {
        let known = IMPORTANCE.iter().find(|(word, _)| word.eq_ignore_ascii_case(&importance));
        let meaning = match importance.as_ref() {
            "" => Some(Severity::High),
            _ => known.map(|(_, severity)| *severity),
        };
        draft.severity(context, &importance, meaning);
    }
    describe(&mut draft, &body, &name, &state, context);
    if target.starts_with("http") {
        draft.url = target.into_owned();
    }
    // A time of the state's change in words is in UTC.
    let stamps = ["state_changed_timestamp", "state_changed_utc_time"];
    let stamp = stamps.into_iter().find_map(|name| body.get(name).filter(|at| !at.is_null()));
    let at = draft.instant("the state's change", stamp);
    if draft.signal == Some(Signal::Resolved) {
        draft.ends_at = at;
    } else {
        draft.starts_at = at;
    }
    draft.finish(0, context, &mut read);
    Ok(read)
}

fn describe(draft: &mut Draft, body: &Value, name: &str, state: &str, context: &Context) {
    let [description, long] =
        ["description", "long_description"].map(|name| json::field(body, name));
    let dash = if description.is_empty() { "" } else { ": " };
    let long = if long.is_empty() { description.clone() } else { long };
    let probe = |name: &str| json::field(&body[name], "location");
    let texts = [
        ("summary", format!("{name} is {state}{dash}{description}").into()),
        ("description", long),
        ("custom_message", json::field(body, "custom_message")),
        ("previous_state", json::field(body, "previous_state")),
        ("tags", json::field(body, "tags")),
        ("first_probe", probe("first_probe")),
        ("second_probe", probe("second_probe")),
    ];
    draft.annotations = fields::annotations(context, texts);
}
