//! What is left of an answer or a message once everything is gone that the two releases, or two
//! processes, cannot have in common.

use serde_json::{Map, Value};

/// Fields that one of the two does not have, or that name the process rather than what it knows.
const APART: [&str; 9] = [
    // Each heard of an alert in its own moment.
    "updatedAt",
    // Later releases than Debian's 0.25 have these, and so do we.
    "mutedBy",
    "routeLabels",
    "notification_reason",
    // PagerDuty gets trees of alerts from later releases, and text from 0.25.
    "custom_details",
    // Ours, beside what Alertmanager says.
    "incident",
    "problem",
    "delayed",
    // Both must have one; no two agree.
    "silenceID",
];

/// A webhook's body.
pub(super) fn message(body: &Value) -> Value {
    strip(body, &[])
}

/// A list of records.
pub(super) fn records(list: &Value, silences: &[String]) -> Value {
    strip(list, silences)
}

/// Groups, whose alerts 0.25 does not sort.
pub(super) fn groups(list: &Value, silences: &[String]) -> Value {
    let mut list = list.clone();
    for alert in list
        .as_array_mut()
        .into_iter()
        .flatten()
        .flat_map(|group| group["alerts"].as_array_mut().into_iter().flatten())
    {
        // Later releases call an alert of a muted group suppressed; 0.25 does not know.
        let status = &mut alert["status"];
        let is_empty = |field: &str| status[field].as_array().is_none_or(Vec::is_empty);
        if !is_empty("mutedBy") && is_empty("silencedBy") && is_empty("inhibitedBy") {
            status["state"] = "active".into();
        }
    }
    let mut list = strip(&list, silences);
    for group in list.as_array_mut().into_iter().flatten() {
        if let Some(alerts) = group["alerts"].as_array_mut() {
            alerts.sort_by_key(|alert| alert["fingerprint"].to_string());
        }
    }
    list
}

fn strip(value: &Value, silences: &[String]) -> Value {
    match value {
        Value::Object(fields) => {
            let is_receiver = fields.len() == 2 && fields.contains_key("name");
            let is_silence = fields.contains_key("createdBy");
            let kept = fields.iter().filter(|(name, _)| {
                let apart = APART.contains(&name.as_str());
                // 0.25 knows neither labels of receivers nor annotations of silences.
                let young =
                    is_receiver && *name == "labels" || is_silence && *name == "annotations";
                // Each raises a start in the past, and ends a silence, to its own millisecond.
                let own_moment = is_silence
                    && (*name == "startsAt"
                        || *name == "endsAt" && fields["status"]["state"] == "expired");
                !apart && !young && !own_moment
            });
            // The order of fields says nothing.
            let mut sorted: Vec<_> = kept.collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            let fields: Map<String, Value> = sorted
                .into_iter()
                .map(|(name, value)| (name.clone(), strip(value, silences)))
                .collect();
            Value::Object(fields)
        }
        Value::Array(items) => items.iter().map(|item| strip(item, silences)).collect(),
        Value::String(text) => match silences.iter().position(|id| id == text) {
            Some(place) => Value::String(format!("silence {place}")),
            None => value.clone(),
        },
        // 0.25 sends Telegram the word where others send the truth; Telegram takes both.
        Value::Bool(truth) => Value::String(truth.to_string()),
        Value::Null | Value::Number(_) => value.clone(),
    }
}
