//! How alerts are shown.

use serde_json::{Value, json};

use super::Command;
use super::alert::{Alert, Phase};
use super::suppress::suppression;
use crate::domain::value::{AlertId, Timestamp};
use crate::domain::view::{Column, Fields, Invalid, Kind, List, Manual, Query, optional};
use crate::domain::{self, Settings};

/// What the filter `state` takes.
const STATES: &[&str] = &["firing", "stale", "flapping", "resolved"];

/// What the filter `severity` takes.
const SEVERITIES: &[&str] = &["critical", "high", "warning", "unknown", "info", "none"];

/// What people can see. Alerts are made and ended by their sources; what people can do is done to
/// the incident.
pub const MANUAL: Manual = Manual {
    name: "alert",
    plural: "alerts",
    title: "Alerts",
    about: "Conditions that monitoring reports, each once however often it is reported",
    columns: &[
        Column { title: "ID", pointer: "/id" },
        Column { title: "STATE", pointer: "/state" },
        Column { title: "SEVERITY", pointer: "/severity" },
        Column { title: "NAME", pointer: "/labels/alertname" },
        Column { title: "SOURCE", pointer: "/source" },
        Column { title: "INCIDENT", pointer: "/incident" },
        Column { title: "SINCE", pointer: "/starts_at" },
        Column { title: "SUMMARY", pointer: "/annotations/summary" },
    ],
    filters: &[
        optional("state", "how it stands", Kind::OneOf(STATES)),
        optional("severity", "how severe it is", Kind::OneOf(SEVERITIES)),
        optional("service", "the label `service`", Kind::Text),
        optional("source", "the source's name", Kind::Text),
        optional("incident", "the incident it belongs to", Kind::Text),
    ],
    make: None,
    verbs: &[],
    records: true,
};

pub(crate) fn list(state: &domain::State, _: &Settings, query: &Query) -> List {
    query.page(state.event.alerts(), |id, alert| {
        wanted(state, query, id, alert).then(|| record(state, id, alert))
    })
}

pub(crate) fn show(state: &domain::State, _: &Settings, id: &str) -> Option<Value> {
    let id: AlertId = id.parse().ok()?;
    Some(record(state, id, state.event.alert(id)?))
}

pub(crate) fn parse(verb: &str, _: &str, _: &Fields) -> Result<Command, Invalid> {
    Err(Invalid::new(verb, "alerts take no commands; speak to their incident"))
}

fn record(state: &domain::State, id: AlertId, alert: &Alert) -> Value {
    let events = &state.event;
    let suppression = suppression(state, alert);
    let (resolved_at, resolved_by) = match alert.phase() {
        Phase::Firing => (None, None),
        Phase::Resolved { at, by, .. } => (Some(at.rfc3339()), Some(by)),
    };
    json!({
        "id": id.to_string(),
        "fingerprint": events.labels(alert).fingerprint().to_string(),
        "state": standing(alert),
        "suppressed_by_source": suppression.by_source,
        "acknowledged_by_source": alert.is_acknowledged(),
        "silenced_by": suppression.silenced_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "inhibited_by": suppression.inhibited_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "severity": alert.severity.name(),
        "labels": events.labels(alert),
        "annotations": events.annotations(alert),
        "source": events.source(alert.source()).map(|source| &source.name),
        "source_key": alert.source_key(),
        "url": events.url(alert),
        "incident": state.incident.of_alert(id).map(|incident| incident.to_string()),
        "starts_at": alert.starts_at.rfc3339(),
        "raised_at": alert.raised_at.rfc3339(),
        "updated_at": alert.updated_at.rfc3339(),
        "ends_at": alert.ends().at().map(Timestamp::rfc3339),
        "resolved_at": resolved_at,
        "resolved_by": resolved_by,
        "events": alert.count,
        "previous": alert.previous().map(|id| id.to_string()),
    })
}

fn standing(alert: &Alert) -> &'static str {
    match alert.phase() {
        Phase::Firing | Phase::Resolved { .. } if alert.is_flapping() => "flapping",
        Phase::Firing if alert.is_stale() => "stale",
        Phase::Firing => "firing",
        Phase::Resolved { .. } => "resolved",
    }
}

fn wanted(state: &domain::State, query: &Query, id: AlertId, alert: &Alert) -> bool {
    let events = &state.event;
    let is = |name: &str, have: &str| query.filter(name).is_none_or(|want| want == have);
    let source = || events.source(alert.source()).map_or("", |source| source.name.as_str());
    is("state", standing(alert))
        && is("severity", alert.severity.name())
        && is("service", events.label(alert, "service"))
        && (query.filter("source").is_none() || is("source", source()))
        && query.filter("incident").is_none_or(|want| {
            let incident = state.incident.of_alert(id);
            incident.is_some_and(|incident| want.eq_ignore_ascii_case(&incident.to_string()))
        })
        && query.text.as_ref().is_none_or(|text| {
            let text = text.to_lowercase();
            let labels = events.labels(alert);
            labels.iter().any(|(_, value)| value.to_lowercase().contains(&text))
                || events.annotations(alert).get("summary").to_lowercase().contains(&text)
        })
}
