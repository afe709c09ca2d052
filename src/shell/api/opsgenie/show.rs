//! `GET /v2/alerts/{id}`: an alert as Opsgenie shows it.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Request, Seen, fail, found, unknown};
use crate::domain::event::adapter::kind::opsgenie::PRIORITIES;
use crate::domain::value::{RecordId, Severity, Timestamp};
use crate::shell::api::caller::Caller;
use crate::shell::api::context::Context;

/// Annotations and labels that are fields of an alert and no details.
const FIELDS: [&str; 9] = [
    "summary",
    "description",
    "tags",
    "actions",
    "responders",
    "visible_to",
    "source_severity",
    "entity",
    "source",
];

pub(super) async fn show(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: Caller,
) -> Response {
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let Some(alert) = request.alert(&id) else { return unknown(&id) };
    let mut whole = record(&alert, &request.intake().name);
    whole["entity"] = alert.labels.get("entity").into();
    whole["description"] = alert.annotations.get("description").into();
    let pairs = details(&alert).map(|(name, value)| (name.to_owned(), Value::from(value)));
    whole["details"] = pairs.collect::<Map<_, _>>().into();
    whole["actions"] = alert
        .annotations
        .get("actions")
        .split(", ")
        .filter(|action| !action.is_empty())
        .collect::<Vec<_>>()
        .into();
    found(&whole)
}

/// `GET /v2/alerts/{id}/notes`: what was written about the alert's incident.
pub(super) async fn notes(
    State(context): State<Arc<Context>>,
    Path((id, verb)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: Caller,
) -> Response {
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    if verb != "notes" {
        return fail(StatusCode::NOT_FOUND, "of an alert there are `notes` to be read");
    }
    let Some(alert) = request.alert(&id) else { return unknown(&id) };
    let notes = context.handle.read(|engine| {
        let incidents = &engine.state().incident;
        let incident = alert.incident.and_then(|id| incidents.get(id));
        let lines = incident.into_iter().flat_map(|incident| incidents.timeline(incident));
        let note = |line: crate::domain::timeline::Line| {
            json!({
                "note": line.text,
                "owner": line.by.name,
                "createdAt": line.at.rfc3339(),
                "offset": line.at.0.to_string(),
            })
        };
        lines.filter(|line| line.action == "note").map(note).collect::<Vec<Value>>()
    });
    found(&notes.into())
}

/// An alert as it stands in lists.
pub(super) fn record(alert: &Seen, source: &str) -> Value {
    let number = alert.id.number().to_string();
    let mut report = Map::new();
    if let Some(ended_at) = alert.ended_at {
        let open_for = u64::try_from(ended_at.0 - alert.raised_at.0).unwrap_or_default();
        report.insert("closeTime".to_owned(), open_for.into());
    }
    json!({
        "id": alert.id.to_string(),
        "tinyId": number,
        "alias": alert.key,
        "message": message(alert),
        "status": status(alert),
        "acknowledged": alert.acknowledged,
        "isSeen": alert.acknowledged,
        "tags": tags(alert),
        "snoozed": alert.shelved,
        "snoozedUntil": alert.silenced_until.map(Timestamp::rfc3339),
        "count": alert.count,
        "lastOccurredAt": alert.updated_at.rfc3339(),
        "createdAt": alert.raised_at.rfc3339(),
        "updatedAt": alert.updated_at.rfc3339(),
        "source": alert.labels.get("source"),
        "owner": alert.owner.clone().unwrap_or_default(),
        "priority": priority(alert),
        "teams": [],
        "responders": [],
        "integration": { "id": source, "name": source, "type": "API" },
        "report": report,
        "ownerTeamId": "",
    })
}

pub(super) fn status(alert: &Seen) -> &'static str {
    if alert.is_firing() { "open" } else { "closed" }
}

pub(super) fn message(alert: &Seen) -> &str {
    match alert.annotations.get("summary") {
        "" => alert.labels.get("alertname"),
        summary => summary,
    }
}

pub(super) fn tags(alert: &Seen) -> Vec<String> {
    let tags = alert.annotations.get("tags").split(',').map(str::trim);
    tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// The priority that the sender named, else the one that goes with the severity.
pub(super) fn priority(alert: &Seen) -> &'static str {
    let said = alert.annotations.get("source_severity");
    let named = PRIORITIES.iter().find(|(word, _)| said.eq_ignore_ascii_case(word));
    let meant = PRIORITIES.iter().find(|(_, severity)| *severity == alert.severity);
    let least = if alert.severity == Severity::None { "P5" } else { "P3" };
    named.or(meant).map_or(least, |(word, _)| word)
}

/// What is known of an alert beside its fields.
pub(super) fn details(alert: &Seen) -> impl Iterator<Item = (&str, &str)> {
    let pairs = alert.labels.iter().chain(alert.annotations.iter());
    pairs.filter(|(name, _)| !FIELDS.contains(name))
}
