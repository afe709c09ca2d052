//! How incidents are shown and what can be asked of them.

use serde_json::{Value, json};

use super::command::{Ask, CANCEL_REASONS, CLOSURE_CODES, Command, HOLD_REASONS};
use super::machine::{Status, Step};
use super::record::{Incident, Shape};
use super::state::State;
use crate::domain::timeline::Line;
use crate::domain::value::{
    Impact, IncidentId, OutOfRange, Priority, RecordId, Timestamp, Urgency,
};
use crate::domain::view::{
    Column, Field, Fields, Invalid, Kind, List, Manual, PRIORITIES, Query, Verb, optional,
    required, text,
};
use crate::domain::{self, Settings, deployment};

/// Member alerts that a record lists; beyond them it only counts.
const ALERTS_SHOWN_MAX: usize = 1_000;

/// What the filter `state` takes.
const STATES: &[&str] = &[
    "open",
    "candidate",
    "new",
    "acknowledged",
    "in_progress",
    "on_hold",
    "resolved",
    "closed",
    "merged",
    "cancelled",
    "discarded",
];

const NOTE: Field = optional("note", "anything to add", Kind::Text);

/// What people can see and ask.
pub const MANUAL: Manual = Manual {
    name: "incident",
    plural: "incidents",
    title: "Incidents",
    about: "Unplanned interruptions of a service, or reductions in its quality",
    columns: &[
        Column { title: "ID", pointer: "/id" },
        Column { title: "PRI", pointer: "/priority" },
        Column { title: "STATE", pointer: "/state" },
        Column { title: "TEAM", pointer: "/team" },
        Column { title: "ASSIGNEE", pointer: "/assignee" },
        Column { title: "ALERTS", pointer: "/alert_count" },
        Column { title: "OPENED", pointer: "/opened_at" },
        Column { title: "TITLE", pointer: "/title" },
    ],
    filters: &[
        optional("state", "`open`, or one of the states", Kind::OneOf(STATES)),
        optional("priority", "1 (worst) to 5", Kind::OneOf(PRIORITIES)),
        optional("service", "the label `service`", Kind::Text),
        optional("team", "the owning team", Kind::Text),
    ],
    make: None,
    verbs: &[
        Verb {
            name: "acknowledge",
            short: Some("ack"),
            help: "Say that you have seen it",
            fields: &[NOTE],
        },
        Verb {
            name: "assign",
            short: None,
            help: "Give it to a team, a person, or both",
            fields: &[
                optional("team", "the team that owns it from here on", Kind::Text),
                optional("assignee", "the person who works on it", Kind::Text),
            ],
        },
        Verb {
            name: "note",
            short: None,
            help: "Write something on its timeline",
            fields: &[required("note", "what to write", Kind::Text)],
        },
        Verb {
            name: "hold",
            short: None,
            help: "Say that work waits for something",
            fields: &[
                required("reason", "what it waits for", Kind::OneOf(HOLD_REASONS)),
                optional("until", "when work goes on at the latest", Kind::Time),
                NOTE,
            ],
        },
        Verb { name: "resume", short: None, help: "Say that work goes on", fields: &[] },
        Verb {
            name: "resolve",
            short: None,
            help: "Say that service is restored",
            fields: &[
                optional("code", "how; `fixed` if not given", Kind::OneOf(CLOSURE_CODES)),
                optional("note", "what was done; a P1 or P2 needs it", Kind::Text),
            ],
        },
        Verb { name: "reopen", short: None, help: "Say that it is not over", fields: &[NOTE] },
        Verb {
            name: "merge",
            short: None,
            help: "Make it part of another incident; can be undone for 24 hours",
            fields: &[required("into", "the incident that goes on", Kind::Text)],
        },
        Verb { name: "unmerge", short: None, help: "Undo a merge", fields: &[] },
        Verb {
            name: "cancel",
            short: None,
            help: "Say that it was none",
            fields: &[required("reason", "why", Kind::OneOf(CANCEL_REASONS)), NOTE],
        },
        Verb {
            name: "prioritise",
            short: None,
            help: "Change the order of work; no rule changes it again",
            fields: &[
                optional("impact", "1 (organisation) to 4 (one user)", Kind::Number),
                optional("urgency", "1 (at once) to 4 (when there is time)", Kind::Number),
                optional("priority", "1 to 5, if impact and urgency do not say it", Kind::Number),
                required("reason", "why", Kind::Text),
            ],
        },
    ],
    records: true,
};

/// The verbs that would be accepted in a state.
pub(super) fn allowed(status: Status) -> Vec<&'static str> {
    let steps =
        Step::ALL.into_iter().filter(|step| step.is_verb() && status.after(*step).is_some());
    steps.map(Step::name).chain(["note", "prioritise"]).collect()
}

pub(crate) fn list(state: &domain::State, _: &Settings, query: &Query) -> List {
    query.page(state.incident.iter(), |id, incident| {
        if !wanted(&state.incident, query, id, incident) {
            return None;
        }
        Some(row(state, id, incident))
    })
}

pub(crate) fn show(state: &domain::State, _: &Settings, id: &str) -> Option<Value> {
    let id: IncidentId = id.parse().ok()?;
    let incident = state.incident.get(id)?;
    let mut record = row(state, id, incident);
    let more = json!({
        "alerts": incident.members.iter().take(ALERTS_SHOWN_MAX).map(|(alert, _)| {
            member(state, incident, alert)
        }).collect::<Vec<_>>(),
        "annotations": state.incident.annotations(incident),
        "deployments": deployment::suspects(
            &state.deployment,
            &state.incident.labels(incident),
            incident.detected_at,
        ),
        "correlation": state.incident.correlation(incident),
        "rule": incident.shape().rule,
        "hold": incident.course().hold.as_ref().map(|hold| json!({
            "reason": hold.reason,
            "since": hold.since.rfc3339(),
            "until": hold.until.map(Timestamp::rfc3339),
        })),
        "actions": allowed(incident.status),
        "timeline": state.incident.timeline(incident).map(Line::show).collect::<Vec<_>>(),
        "timeline_omitted": incident.timeline.omitted(),
    });
    if let (Value::Object(record), Value::Object(more)) = (&mut record, more) {
        record.extend(more);
    }
    Some(record)
}

fn row(state: &domain::State, id: IncidentId, incident: &Incident) -> Value {
    let resolution = incident.course().resolution.as_ref();
    json!({
        "id": id.to_string(),
        "title": state.incident.title(incident),
        "state": incident.status.name(),
        "kind": incident.shape().kind.name(),
        "impact": incident.impact.level(),
        "urgency": incident.urgency.level(),
        "priority": incident.priority.level(),
        "severity": incident.severity.name(),
        "category": incident.shape().category,
        "team": incident.shape().team,
        "assignee": incident.course().assignee,
        "labels": state.incident.labels(incident),
        "alert_count": incident.members.len(),
        "firing_count": incident.firing(),
        "flapping": incident.is_flapping(),
        "problem": state.problem.of_incident(id).map(|problem| problem.to_string()),
        "recurrence": state.problem.recurrence(id).map(|seen| seen.to_string()),
        "recurrence_of": incident.course().recurrence_of.map(|id| id.to_string()),
        "merged_into": incident.course().merged_into.map(|id| id.to_string()),
        "reopened": incident.course().reopened,
        "detected_at": incident.detected_at.rfc3339(),
        "opened_at": incident.opened_at.rfc3339(),
        "acknowledged_at": incident.course().acknowledged_at.map(Timestamp::rfc3339),
        "acknowledged_by": incident.course().acknowledged_by,
        "restored_at": incident.course().restored_at.map(Timestamp::rfc3339),
        "resolves_at": incident.course().resolve_at.map(Timestamp::rfc3339),
        "resolved_at": incident.course().resolved_at.map(Timestamp::rfc3339),
        "ended_at": incident.course().ended_at.map(Timestamp::rfc3339),
        "resolution": resolution.map(|resolution| json!({
            "code": resolution.code,
            "note": resolution.note,
            "by": resolution.by.name,
        })),
    })
}

fn member(state: &domain::State, incident: &Incident, id: domain::value::AlertId) -> Value {
    let firing = incident.members.get(id).is_some_and(|member| member.firing);
    let standing = if firing { "firing" } else { "resolved" };
    let Some(alert) = state.event.alert(id) else {
        return json!({ "id": id.to_string(), "state": standing });
    };
    json!({
        "id": id.to_string(),
        "state": standing,
        "severity": alert.severity.name(),
        "labels": state.event.labels(alert),
        "starts_at": alert.starts_at.rfc3339(),
    })
}

fn wanted(all: &State, query: &Query, id: IncidentId, incident: &Incident) -> bool {
    let state = query.filter("state").is_none_or(|state| match state {
        "open" => incident.status.is_open(),
        state => incident.status.name() == state,
    });
    let priority = query.filter("priority").is_none_or(|priority| {
        priority.trim_start_matches('P') == incident.priority.level().to_string()
    });
    let labels = || all.labels(incident);
    let service = query.filter("service").is_none_or(|name| labels().get("service") == name);
    let team = query.filter("team").is_none_or(|team| incident.shape().team == team);
    let text = query.text.as_ref().is_none_or(|text| {
        let text = text.to_lowercase();
        let Shape { category, team, .. } = incident.shape();
        let hay = [&all.title(incident), category, team, &id.to_string()];
        hay.iter().any(|hay| hay.to_lowercase().contains(&text))
            || labels().iter().any(|(_, value)| value.to_lowercase().contains(&text))
    });
    // A candidate is invisible to people until it is confirmed, unless they ask for it.
    let known = incident.known_at.is_some() || query.filter("state").is_some();
    state && priority && service && team && text && known
}

pub(crate) fn parse(verb: &str, id: &str, fields: &Fields) -> Result<Command, Invalid> {
    let id: IncidentId = parse_id("id", id)?;
    let said = |name: &str| text(fields, name).map(str::to_owned);
    let ask = match MANUAL.verb(verb).map(|verb| verb.name) {
        Some("acknowledge") => Ask::Acknowledge { note: said("note") },
        Some("assign") => Ask::Assign { team: said("team"), assignee: said("assignee") },
        Some("note") => {
            let text = said("note").ok_or_else(|| Invalid::new("note", "is empty"))?;
            Ask::Note { text }
        }
        Some("hold") => {
            let until = text(fields, "until").and_then(|until| until.parse::<Timestamp>().ok());
            Ask::Hold { reason: said("reason").unwrap_or_default(), until, note: said("note") }
        }
        Some("resume") => Ask::Resume,
        Some("resolve") => {
            let code = said("code").unwrap_or_else(|| "fixed".to_owned());
            Ask::Resolve { code, note: said("note") }
        }
        Some("reopen") => Ask::Reopen { note: said("note") },
        Some("merge") => Ask::Merge { into: parse_id("into", text(fields, "into").unwrap_or(""))? },
        Some("unmerge") => Ask::Unmerge,
        Some("cancel") => {
            Ask::Cancel { reason: said("reason").unwrap_or_default(), note: said("note") }
        }
        Some("prioritise") => Ask::Prioritise {
            impact: level(fields, "impact", Impact::new)?,
            urgency: level(fields, "urgency", Urgency::new)?,
            priority: level(fields, "priority", Priority::new)?,
            reason: said("reason").ok_or_else(|| Invalid::new("reason", "is empty"))?,
        },
        Some(_) | None => return Err(Invalid::new(verb, "no such verb")),
    };
    Ok(Command { id, ask })
}

fn parse_id<K: RecordId>(field: &str, text: &str) -> Result<K, Invalid> {
    text.parse().map_err(|error: domain::value::InvalidId| Invalid::new(field, error.to_string()))
}

fn level<T>(
    fields: &Fields,
    name: &str,
    new: impl Fn(i64) -> Result<T, OutOfRange>,
) -> Result<Option<T>, Invalid> {
    let Some(value) = fields.get(name).and_then(Value::as_i64) else { return Ok(None) };
    new(value).map(Some).map_err(|error| Invalid::new(name, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_knows_every_state() {
        let states = Status::ALL.map(Status::name);
        assert_eq!(STATES, [&["open"][..], &states].concat());
    }
}
