//! Graylog: event notifications (since 3.1), and the alarm callbacks of before.
//!
//! Graylog says that something was found, never that it is over: an event counts for an hour, and
//! each further one renews it. The definition with the values it groups by is the key; the event's
//! own id names the delivery.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, fields, json};
use crate::domain::value::{Labels, Severity, Span};

/// Graylog.
pub const ADAPTER: Adapter = Adapter { name: "graylog", title: "Graylog", read, fits };

/// Priorities of event definitions.
const PRIORITIES: &[(&str, Severity)] = &[
    ("1", Severity::Info),
    ("2", Severity::Warning),
    ("3", Severity::High),
    ("4", Severity::Critical),
    ("low", Severity::Info),
    ("normal", Severity::Warning),
    ("medium", Severity::Warning),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];
/// Searches run every few minutes; one that finds nothing for an hour has nothing to find.
const LEASE: Span = Span::hours(1);
/// So many messages of the backlog are shown.
const BACKLOG_SHOWN_MAX: usize = 5;
/// Type and id of the notification that the test button sends.
const TESTS: [&str; 4] = [
    "test-dummy-v1",
    "notification-test-v1",
    "this-is-a-test-notification",
    "EventDefinitionTestId",
];
/// Fields that say which host or resource it is.
const INSTANCES: [&str; 4] = ["source", "host", "hostname", "instance"];

fn fits(body: &Value, _: &Head) -> bool {
    json::has_any(body, &["event_definition_id", "event_definition_title"])
        || (body["check_result"].is_object() && body["stream"].is_object())
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = fields::object(body, context)?;
    let mut read = Read::default();
    if body["check_result"].is_object() {
        callback(&body, context, &mut read);
    } else {
        notification(&body, context, &mut read);
    }
    Ok(read)
}

fn notification(body: &Value, context: &Context, read: &mut Read) {
    let event = &body["event"];
    let either = |name: &str| match json::field(body, name) {
        text if text.is_empty() => json::field(event, name),
        text => text,
    };
    let [id, type_, title] =
        ["event_definition_id", "event_definition_type", "event_definition_title"].map(either);
    if TESTS.contains(&type_.as_ref()) || TESTS.contains(&id.as_ref()) {
        read.note(0, format!("a test notification, `{title}`"));
        return;
    }
    let message = json::field(event, "message");
    let name = [&title, &message, &id].into_iter().find(|text| !text.is_empty());
    let Some(name) = name else {
        read.reject(0, "neither `event_definition_title` nor `event_definition_id` says which");
        return;
    };
    let groups = json::pairs(event, "group_by_fields").unwrap_or_default();
    let found = json::pairs(event, "fields").unwrap_or_default();
    let mut draft = Draft { lease: Some(LEASE), ..Draft::default() };
    let definition = if id.is_empty() { name } else { &id };
    draft.key = match json::field(event, "key").as_ref() {
        "" if groups.is_empty() => definition.clone().into_owned(),
        "" => format!("{definition}/{groups}"),
        key => format!("{definition}/{key}"),
    };
    draft.labels = labels(name, &groups, &found, context);
    let [priority, description] =
        [json::field(event, "priority"), json::field(body, "event_definition_description")];
    let severity = PRIORITIES.iter().find(|(word, _)| word.eq_ignore_ascii_case(&priority));
    draft.severity(context, &priority, severity.map(|(_, severity)| *severity));
    let range = ["timerange_start", "timerange_end"].map(|name| json::field(event, name));
    let backlog = backlog(&body["backlog"]);
    let texts = [
        ("summary", if message.is_empty() { name.clone() } else { message.clone() }),
        ("description", description),
        ("backlog", backlog.into()),
        ("source", json::field(event, "source")),
        ("query", json::field(&event["replay_info"], "query")),
        ("timerange", range.join(" ").trim().to_owned().into()),
        ("streams", json::field(event, "source_streams")),
        ("origin", json::field(event, "origin_context")),
    ];
    let texts = found.iter().map(|(name, value)| (name, value.into())).chain(texts);
    draft.annotations = fields::annotations(context, texts);
    draft.url = json::field(body, "event_url").into_owned();
    draft.starts_at = draft.instant("`timestamp`", event.get("timestamp"));
    read.delivery = json::field(event, "id").into();
    draft.finish(0, context, read);
}

/// What a definition groups by tells its alerts apart; its other fields are for reading.
fn labels(name: &str, groups: &Labels, found: &Labels, context: &Context) -> Labels {
    let instance = [groups, found].into_iter().find_map(|pairs| {
        INSTANCES.into_iter().map(|name| pairs.get(name)).find(|v| !v.is_empty())
    });
    let either = |name| {
        let texts = [groups, found].map(|pairs| pairs.get(name));
        texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    };
    let ours = [
        ("alertname", name),
        ("instance", instance.unwrap_or_default()),
        ("service", either("service")),
        ("environment", either("environment")),
    ];
    let ours = ours.into_iter().filter(|(_, value)| !value.is_empty());
    fields::labels(context, groups.iter().chain(ours))
}

fn backlog(messages: &Value) -> String {
    let messages = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    let shown = messages.iter().take(BACKLOG_SHOWN_MAX).map(|message| {
        let [at, source, text] =
            ["timestamp", "source", "message"].map(|name| json::field(message, name));
        format!("{at} {source}: {text}")
    });
    shown.collect::<Vec<String>>().join("\n")
}

/// An alarm callback: a condition of a stream.
fn callback(body: &Value, context: &Context, read: &mut Read) {
    let (result, stream) = (&body["check_result"], &body["stream"]);
    let condition = &result["triggered_condition"];
    let [stream_id, stream_title] = ["id", "title"].map(|name| json::field(stream, name));
    let [id, title, type_] = ["id", "title", "type"].map(|name| json::field(condition, name));
    let name = [&title, &stream_title, &stream_id].into_iter().find(|text| !text.is_empty());
    let Some(name) = name else {
        read.reject(0, "`stream` has neither `title` nor `id`");
        return;
    };
    let mut draft = Draft { lease: Some(LEASE), ..Draft::default() };
    draft.key = [&stream_id, &id]
        .into_iter()
        .filter(|text| !text.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join("/");
    if draft.key.is_empty() {
        draft.key = name.clone().into_owned();
    }
    let over = result["triggered"].as_bool() == Some(false);
    draft.signal = Some(if over { Signal::Resolved } else { Signal::Firing });
    let pairs = [("alertname", name.as_ref()), ("stream", &stream_title), ("condition", &type_)];
    draft.labels = fields::labels(context, pairs);
    // A condition has no severity of its own.
    draft.severity(context, "", Some(Severity::Warning));
    let description = json::field(result, "result_description");
    let backlog = backlog(&result["matching_messages"]);
    let texts = [
        ("summary", format!("{name}: {description}").into()),
        ("description", description),
        ("backlog", backlog.into()),
        ("stream_description", json::field(stream, "description")),
        ("parameters", json::field(condition, "description")),
    ];
    draft.annotations = fields::annotations(context, texts);
    draft.url = json::field(body, "stream_url").into_owned();
    draft.starts_at = draft.instant("`triggered_at`", result.get("triggered_at"));
    draft.finish(0, context, read);
}
