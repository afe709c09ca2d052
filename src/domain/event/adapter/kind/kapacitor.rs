//! Kapacitor, the handler `post`: an alert's id, its level, and the series that made it change.
//!
//! `duration` says how long the alert has not been OK. An alert that cannot recover
//! (`recoverable: false`) says nothing when it is over, and counts for an hour.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, fields, json};
use crate::domain::value::{Labels, Severity, Span};

/// Kapacitor.
pub const ADAPTER: Adapter = Adapter { name: "kapacitor", title: "Kapacitor", read, fits };

const LEVELS: &[(&str, Signal, Option<Severity>)] = &[
    ("ok", Signal::Resolved, None),
    ("info", Signal::Firing, Some(Severity::Info)),
    ("warning", Signal::Firing, Some(Severity::Warning)),
    ("critical", Signal::Firing, Some(Severity::Critical)),
];
const LEASE: Span = Span::hours(1);
/// So many values of the newest point are shown.
const VALUES_SHOWN_MAX: usize = 20;

fn fits(body: &Value, _: &Head) -> bool {
    body.get("level").is_some()
        && body.get("id").is_some()
        && (json::has_any(body, &["previousLevel", "recoverable"])
            || body["data"]["series"].is_array())
}

/// Reads an alert.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = fields::object(body, context)?;
    let mut read = Read::default();
    let [id, message, level] = ["id", "message", "level"].map(|name| json::field(&body, name));
    let series = &body["data"]["series"][0];
    let measurement = json::field(series, "name");
    if id.is_empty() && message.is_empty() && measurement.is_empty() {
        read.reject(0, "`id` is empty: nothing says which alert it is");
        return Ok(read);
    }
    let tags = json::pairs(series, "tags").unwrap_or_default();
    let mut draft = Draft::default();
    let name = name(&id, &measurement, &message);
    draft.key = if id.is_empty() { format!("{name}/{tags}") } else { id.clone().into_owned() };
    let known = LEVELS.iter().find(|(word, ..)| word.eq_ignore_ascii_case(&level));
    draft.signal = known.map(|(_, signal, _)| *signal);
    if known.is_none() {
        draft.notes.push(format!("unknown level `{level}`: taken as firing"));
    }
    if body["recoverable"].as_bool() == Some(false) {
        draft.lease = Some(LEASE);
    }
    let instance = [tags.get("instance"), tags.get("host")];
    let instance = instance.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let ours = [("alertname", name), ("instance", instance)];
    let ours = ours.into_iter().filter(|(_, value)| !value.is_empty());
    draft.labels = fields::labels(context, tags.iter().chain(ours));
    if draft.signal != Some(Signal::Resolved) {
        draft.severity(context, &level, known.and_then(|(.., severity)| *severity));
    }
    let summary = if message.is_empty() { id } else { message };
    let texts = [
        ("summary", summary),
        ("description", json::field(&body, "details")),
        ("previous_level", json::field(&body, "previousLevel")),
        ("measurement", measurement.clone()),
        ("values", values(series).into()),
    ];
    draft.annotations = fields::annotations(context, texts);
    let at = draft.instant("`time`", body.get("time"));
    if draft.signal == Some(Signal::Resolved) {
        draft.ends_at = at;
    } else {
        let lasted = body["duration"].as_u64().unwrap_or(0) / 1_000_000;
        draft.starts_at = at.map(|at| at - Span(lasted));
    }
    draft.finish(0, context, &mut read);
    Ok(read)
}

/// Ids are `name:group` until somebody chooses another form; the group is in the tags already.
fn name<'a>(id: &'a str, measurement: &'a str, message: &'a str) -> &'a str {
    match id.split_once(':') {
        Some((name, group)) if !name.is_empty() && (group == "nil" || group.contains('=')) => name,
        _ => {
            [id, measurement, message].into_iter().find(|text| !text.is_empty()).unwrap_or_default()
        }
    }
}

/// The newest point: `usage=97, limit=90`.
fn values(series: &Value) -> String {
    let columns = series["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
    let point = series["values"].as_array().and_then(|points| points.last());
    let point = point.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let pairs = columns.iter().zip(point).filter(|(column, _)| column.as_str() != Some("time"));
    let shown =
        pairs.take(VALUES_SHOWN_MAX).map(|(column, value)| (json::text(column), json::text(value)));
    Labels::new(shown)
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join(", ")
}
