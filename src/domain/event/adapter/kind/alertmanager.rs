//! Alertmanager's webhook, versions 3 and 4, and single alert objects in the same words.
//!
//! Each alert has a status of its own; the one of the group only says that something fires. The
//! sender repeats at its own pace and says when an alert is over, so there is no lease. The
//! labels are the identity, so that an alert is the same one whether it comes this way or by API
//! v2; `fingerprint` is derived from them and not believed.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Labels, Timestamp};

/// Another Alertmanager's webhook receiver.
pub const ADAPTER: Adapter =
    Adapter { name: "alertmanager", title: "Alertmanager's webhook", read, fits };

fn fits(body: &Value, _: &Head) -> bool {
    body["alerts"].is_array() || body["labels"].is_object()
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON object with an array `alerts`, and no alert itself.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    read_dialect(body, context, |_, _, _| ())
}

/// Reads a notification whose alerts carry more than Alertmanager's do: `extend` is given the
/// whole body, one alert of it and what has been read of the alert.
pub(super) fn read_dialect(
    body: &[u8],
    context: &Context,
    extend: impl Fn(&Value, &Value, &mut Draft),
) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    let alerts = alerts(&body)?;
    let max = context.limits.events_max;
    if alerts.len() > max {
        return Err(Unreadable::TooMany { max });
    }
    let mut read = Read::default();
    for (at, alert) in alerts.iter().enumerate() {
        match draft(&body, alert, context.now) {
            Ok(mut draft) => {
                extend(&body, alert, &mut draft);
                draft.finish(at, context, &mut read);
            }
            Err(why) => read.reject(at, why),
        }
    }
    if let Some(count) = body["truncatedAlerts"].as_u64().filter(|count| *count > 0) {
        let what = format!("the sender left {count} alerts out; their absence says nothing");
        read.note(None, what);
    }
    Ok(read)
}

fn alerts(body: &Value) -> Result<&[Value], Unreadable> {
    let wrong = |why| Unreadable::Path { path: "alerts".to_owned(), why };
    // As one posts them to Alertmanager.
    if let Value::Array(alerts) = body {
        return Ok(alerts);
    }
    match body.get("alerts") {
        Some(Value::Array(alerts)) => Ok(alerts),
        Some(_) => Err(wrong("is not an array")),
        None if body.get("labels").is_some() => Ok(std::slice::from_ref(body)),
        None => Err(wrong("is missing")),
    }
}

/// What people write into an alert object instead of the label `alertname`.
const NAMES: [&str; 3] = ["alertname", "title", "name"];
/// What people write into an alert object instead of an annotation.
const TEXTS: [&str; 4] = ["summary", "description", "message", "title"];

fn draft(body: &Value, alert: &Value, now: Timestamp) -> Result<Draft, String> {
    if !alert.is_object() {
        return Err("the alert is not an object".to_owned());
    }
    let (labels, annotations) = (json::pairs(alert, "labels")?, json::pairs(alert, "annotations")?);
    // What is common to all alerts stands in each of them too, unless a person wrote the body.
    let common = |name| json::pairs(body, name).unwrap_or_default();
    let texts = Labels::new(TEXTS.map(|name| (name, json::field(alert, name))));
    let said = common("commonAnnotations");
    let mut draft = Draft {
        labels: common("commonLabels").with(labels.iter()),
        annotations: said.with(texts.iter()).with(annotations.iter()),
        url: json::field(alert, "generatorURL").into_owned(),
        ..Draft::default()
    };
    draft.starts_at = draft.instant("startsAt", alert.get("startsAt"));
    draft.ends_at = draft.instant("endsAt", alert.get("endsAt"));
    draft.signal = Some(signal(body, alert, now, &mut draft));
    if draft.labels.get("alertname").is_empty() {
        let named = NAMES.map(|name| json::field(alert, name));
        let named = named.iter().find(|name| !name.is_empty());
        draft.labels = draft.labels.with(named.map(|name| ("alertname", name.as_ref())));
    }
    // Who writes an alert as one posts it to Alertmanager means by its end what Alertmanager does.
    if !alert.get("status").is_some_and(Value::is_string) {
        let ahead = draft.ends_at.filter(|end| *end > now);
        draft.lease = ahead.map(|end| end.since(now));
    }
    Ok(draft)
}

/// The alert's own word counts; then the group's if it says that all is over; then the end.
fn signal(body: &Value, alert: &Value, now: Timestamp, draft: &mut Draft) -> Signal {
    let word = match alert.get("status") {
        // Alertmanager's API shows an alert this way.
        Some(Value::Object(status)) => status.get("state").map(json::text).unwrap_or_default(),
        Some(word) => json::text(word),
        None => "".into(),
    };
    let ended = draft.ends_at.is_some_and(|end| end <= now);
    match word.to_ascii_lowercase().as_str() {
        "resolved" => Signal::Resolved,
        "" if json::field(body, "status").eq_ignore_ascii_case("resolved") => Signal::Resolved,
        "" | "active" | "suppressed" | "unprocessed" if ended => Signal::Resolved,
        "" | "active" | "suppressed" | "unprocessed" | "firing" => Signal::Firing,
        _ => {
            draft.notes.push(format!("unknown status `{word}`: taken as firing"));
            Signal::Firing
        }
    }
}
