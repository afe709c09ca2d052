//! How problems are shown and what can be asked of them.

use serde_json::{Value, json};

use super::command::{Ask, CAUSE_CATEGORIES, Command, RESOLVE_CODES, allowed};
use super::state::Problem;
use crate::domain::value::{InvalidId, ProblemId, RecordId, Span, Timestamp};
use crate::domain::view::{
    Column, Field, Fields, Invalid, Kind, List, Manual, PRIORITIES, Query, Verb, optional,
    required, text,
};
use crate::domain::{self, Settings};

/// What the filter `state` takes.
const STATES: &[&str] = &[
    "open",
    "candidate",
    "new",
    "analysis",
    "known_error",
    "fix_in_progress",
    "verifying",
    "closed",
    "rejected",
];

const NOTE: Field = optional("note", "anything to add", Kind::Text);

/// What people can see and ask.
pub const MANUAL: Manual = Manual {
    name: "problem",
    plural: "problems",
    title: "Problems",
    about: "Causes, or potential causes, of incidents that keep coming back",
    columns: &[
        Column { title: "ID", pointer: "/id" },
        Column { title: "PRI", pointer: "/priority" },
        Column { title: "STATE", pointer: "/state" },
        Column { title: "TEAM", pointer: "/team" },
        Column { title: "ASSIGNEE", pointer: "/assignee" },
        Column { title: "INCIDENTS", pointer: "/incident_count" },
        Column { title: "OPENED", pointer: "/opened_at" },
        Column { title: "TITLE", pointer: "/title" },
    ],
    filters: &[
        optional("state", "`open`, or one of the states", Kind::OneOf(STATES)),
        optional("priority", "1 (worst) to 5", Kind::OneOf(PRIORITIES)),
        optional("team", "the owning team", Kind::Text),
    ],
    make: None,
    verbs: &[
        verb("accept", "Say that the candidate is a problem", &[]),
        verb(
            "reject",
            "Say that the candidate is none",
            &[NOTE, optional("mute_for", "how long it is not proposed again; 90d", Kind::Span)],
        ),
        verb("assess", "Start to look for the cause", &[]),
        verb(
            "cause",
            "Say what the cause is",
            &[
                required("text", "the cause", Kind::Text),
                required("category", "the kind of cause", Kind::OneOf(CAUSE_CATEGORIES)),
            ],
        ),
        verb(
            "workaround",
            "Say how to live with it",
            &[required("text", "what to do", Kind::Text)],
        ),
        verb(
            "fix",
            "Say which change fixes it",
            &[required("change", "the change, such as CHG-9", Kind::Text)],
        ),
        verb(
            "resolve",
            "Say that it is fixed; it is watched until that is proved",
            &[
                required("code", "how", Kind::OneOf(RESOLVE_CODES)),
                optional("note", "what was done", Kind::Text),
            ],
        ),
        verb("reopen", "Say that it is not over", &[NOTE]),
        verb(
            "accept_risk",
            "Live with it for a while",
            &[
                required("until", "when to look at it again", Kind::Time),
                required("reason", "why", Kind::Text),
            ],
        ),
        verb(
            "duplicate",
            "Say that it is another problem; its incidents move there",
            &[required("of", "the problem that goes on", Kind::Text)],
        ),
        verb(
            "link",
            "Say that an incident belongs to it",
            &[required("incident", "the incident", Kind::Text)],
        ),
        verb(
            "assign",
            "Give it to a team, a person, or both",
            &[
                optional("team", "the team that owns it from here on", Kind::Text),
                optional("assignee", "the person who works on it", Kind::Text),
            ],
        ),
        verb(
            "note",
            "Write something on its timeline",
            &[required("note", "what to write", Kind::Text)],
        ),
    ],
    records: true,
};

const fn verb(name: &'static str, help: &'static str, fields: &'static [Field]) -> Verb {
    Verb { name, short: None, help, fields }
}

pub(crate) fn list(state: &domain::State, _: &Settings, query: &Query) -> List {
    query.page(state.problem.iter(), |id, problem| {
        wanted(query, id, problem).then(|| row(state, id, problem))
    })
}

pub(crate) fn show(state: &domain::State, _: &Settings, id: &str) -> Option<Value> {
    let id: ProblemId = id.parse().ok()?;
    let problem = state.problem.get(id)?;
    let mut record = row(state, id, problem);
    let onsets = state.problem.signature(problem.signature).map(|known| {
        let onset = |onset: &super::Onset| {
            json!({ "incident": onset.incident().to_string(), "at": onset.at.rfc3339() })
        };
        known.onsets().iter().map(onset).collect::<Vec<_>>()
    });
    let more = json!({
        "incidents": problem.incidents.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "onsets": onsets,
        "actions": allowed(problem.status),
        "timeline": problem.timeline.show(),
        "timeline_omitted": problem.timeline.omitted(),
    });
    if let (Value::Object(record), Value::Object(more)) = (&mut record, more) {
        record.extend(more);
    }
    Some(record)
}

fn row(state: &domain::State, id: ProblemId, problem: &Problem) -> Value {
    json!({
        "id": id.to_string(),
        "title": problem.title,
        "state": problem.status.name(),
        "priority": problem.priority.level(),
        "team": problem.team,
        "assignee": problem.assignee,
        "signature": state.problem.text(problem.signature),
        "incident_count": problem.incidents.len(),
        "reason": problem.reason,
        "rule": problem.rule,
        "root_cause": problem.root_cause,
        "cause_category": problem.cause_category,
        "workaround": problem.workaround,
        "fix_change": problem.fix_change,
        "code": problem.code,
        "until": problem.until.map(Timestamp::rfc3339),
        "recurrences_after_fix": problem.recurrences_after_fix,
        "duplicate_of": problem.duplicate_of.map(|id| id.to_string()),
        "recurrence_of": problem.recurrence_of.map(|id| id.to_string()),
        "opened_at": problem.opened_at.rfc3339(),
        "resolved_at": problem.resolved_at.map(Timestamp::rfc3339),
        "closed_at": problem.closed_at.map(Timestamp::rfc3339),
    })
}

fn wanted(query: &Query, id: ProblemId, problem: &Problem) -> bool {
    let state = query.filter("state").is_none_or(|state| match state {
        "open" => problem.status.is_open(),
        state => problem.status.name() == state,
    });
    let priority = query.filter("priority").is_none_or(|priority| {
        priority.trim_start_matches('P') == problem.priority.level().to_string()
    });
    let team = query.filter("team").is_none_or(|team| problem.team == team);
    let text = query.text.as_ref().is_none_or(|text| {
        let text = text.to_lowercase();
        [&problem.title, &problem.team, &id.to_string()]
            .iter()
            .any(|hay| hay.to_lowercase().contains(&text))
    });
    state && priority && team && text
}

pub(crate) fn parse(verb: &str, id: &str, fields: &Fields) -> Result<Command, Invalid> {
    let id = parse_id("id", id)?;
    let said = |name: &str| text(fields, name).map(str::to_owned);
    let must = |name: &str| said(name).ok_or_else(|| Invalid::new(name, "is empty"));
    let ask = match verb {
        "accept" => Ask::Accept,
        "reject" => Ask::Reject {
            note: said("note"),
            mute_for: text(fields, "mute_for").and_then(|span| span.parse::<Span>().ok()),
        },
        "assess" => Ask::Assess,
        "cause" => Ask::Cause { text: must("text")?, category: must("category")? },
        "workaround" => Ask::Workaround { text: must("text")? },
        "fix" => Ask::Fix { change: must("change")? },
        "resolve" => Ask::Resolve { code: must("code")?, note: said("note") },
        "reopen" => Ask::Reopen { note: said("note") },
        "accept_risk" => {
            let until = must("until")?.parse::<Timestamp>();
            let until = until.map_err(|error| Invalid::new("until", error.to_string()))?;
            Ask::AcceptRisk { until, reason: must("reason")? }
        }
        "duplicate" => Ask::Duplicate { of: parse_id("of", &must("of")?)? },
        "link" => Ask::Link { incident: parse_id("incident", &must("incident")?)? },
        "assign" => Ask::Assign { team: said("team"), assignee: said("assignee") },
        "note" => Ask::Note { text: must("note")? },
        _ => return Err(Invalid::new(verb, "no such verb")),
    };
    Ok(Command { id, ask })
}

fn parse_id<K: RecordId>(field: &str, text: &str) -> Result<K, Invalid> {
    text.parse().map_err(|error: InvalidId| Invalid::new(field, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::machine::Status;
    use super::*;

    #[test]
    fn the_filter_knows_every_state() {
        let states = Status::ALL.map(Status::name);
        assert_eq!(STATES, [&["open"][..], &states].concat());
    }
}
