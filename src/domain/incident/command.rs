//! What people ask of an incident, and why it may be refused.

use super::fact::Fact;
use super::lifecycle::{self, Said};
use super::machine::Step;
use crate::domain::value::{Actor, Impact, IncidentId, Priority, Timestamp, Urgency};
use crate::domain::{Refusal, Turn};

/// Something asked of one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The incident.
    pub id: IncidentId,
    /// What.
    pub ask: Ask,
}

/// What can be asked of an incident.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// "I have seen it."
    Acknowledge {
        /// Anything to add.
        note: Option<String>,
    },
    /// Give it to a team, a person, or both.
    Assign {
        /// The team.
        team: Option<String>,
        /// The person.
        assignee: Option<String>,
    },
    /// Write something down.
    Note {
        /// What.
        text: String,
    },
    /// Work waits.
    Hold {
        /// For what: see [`HOLD_REASONS`].
        reason: String,
        /// Until when at most.
        until: Option<Timestamp>,
        /// Anything to add.
        note: Option<String>,
    },
    /// What was waited for is there.
    Resume,
    /// Service is restored.
    Resolve {
        /// How: see [`CLOSURE_CODES`].
        code: String,
        /// What was done.
        note: Option<String>,
    },
    /// It is not over.
    Reopen {
        /// Why.
        note: Option<String>,
    },
    /// It is part of another one.
    Merge {
        /// Which.
        into: IncidentId,
    },
    /// It is not part of another one after all.
    Unmerge,
    /// It was none.
    Cancel {
        /// Why: see [`CANCEL_REASONS`].
        reason: String,
        /// Anything to add.
        note: Option<String>,
    },
    /// The order of work is another one.
    Prioritise {
        /// How much is touched.
        impact: Option<Impact>,
        /// How fast it must be worked on.
        urgency: Option<Urgency>,
        /// The priority outright.
        priority: Option<Priority>,
        /// Why. A changed priority without a reason helps nobody afterwards.
        reason: String,
    },
}

/// How an incident can have been resolved.
pub const CLOSURE_CODES: &[&str] = &[
    "fixed",
    "workaround",
    "auto_recovered",
    "rolled_back",
    "vendor_fixed",
    "user_error",
    "no_fault_found",
    "false_positive",
    "duplicate",
    "planned_work",
    "test",
    "known_error",
    "unresolved",
];

/// Closure codes and reasons that say that it was no real incident: left out of every count.
pub const UNCOUNTED: &[&str] = &["false_positive", "duplicate", "planned_work", "planned", "test"];

/// What an incident can wait for.
pub const HOLD_REASONS: &[&str] =
    &["awaiting_requester", "awaiting_vendor", "awaiting_change", "awaiting_problem", "planned"];

/// Why an incident can have been none.
pub const CANCEL_REASONS: &[&str] = &["false_positive", "duplicate", "test", "planned"];

/// The priority from which on a resolution must say what was done.
const NOTE_PRIORITY_LEVEL_MAX: u8 = 2;

/// How long a merge can be undone.
const UNMERGE_WITHIN: crate::domain::value::Span = crate::domain::value::Span::hours(24);

pub(crate) fn handle(turn: &mut Turn, actor: &Actor, command: Command) -> Result<(), Refusal> {
    let Command { id, ask } = command;
    let incident =
        turn.state().incident.get(id).ok_or_else(|| Refusal::NotFound(id.to_string()))?;
    match ask {
        Ask::Acknowledge { note } => {
            step(turn, id, Step::Acknowledge, actor, Said { note, ..Said::default() })
        }
        Ask::Assign { team, assignee } => {
            if team.is_none() && assignee.is_none() {
                return Err(incomplete("assignee", "say a team, an assignee, or both"));
            }
            check(turn, id, Step::Assign)?;
            turn.record(Fact::Assigned { id, team, assignee: assignee.clone(), by: actor.clone() });
            // A new team has yet to start; a named person has.
            if assignee.is_some() {
                step(turn, id, Step::Assign, actor, Said::default())?;
            }
            Ok(())
        }
        Ask::Note { text } => {
            turn.record(Fact::Noted { id, by: actor.clone(), text });
            Ok(())
        }
        Ask::Hold { reason, until, note } => {
            if until.is_some_and(|until| until <= turn.now()) {
                return Err(incomplete("until", "must lie ahead"));
            }
            let said = Said { code: Some(reason), note, until, into: None };
            step(turn, id, Step::Hold, actor, said)
        }
        Ask::Resume => step(turn, id, Step::Resume, actor, Said::default()),
        Ask::Resolve { code, note } => {
            let level = incident.priority.level();
            if note.is_none() && level <= NOTE_PRIORITY_LEVEL_MAX {
                let why = format!("say what was done: a P{level} is not resolved without a note");
                return Err(incomplete("note", &why));
            }
            let said = Said { code: Some(code), note, ..Said::default() };
            step(turn, id, Step::Resolve, actor, said)
        }
        Ask::Reopen { note } => {
            step(turn, id, Step::Reopen, actor, Said { note, ..Said::default() })
        }
        Ask::Merge { into } => merge(turn, id, into, actor),
        Ask::Unmerge => unmerge(turn, id, actor),
        Ask::Cancel { reason, note } => {
            let said = Said { code: Some(reason), note, ..Said::default() };
            step(turn, id, Step::Cancel, actor, said)
        }
        Ask::Prioritise { impact, urgency, priority, reason } => {
            let impact = impact.unwrap_or(incident.impact);
            let urgency = urgency.unwrap_or(incident.urgency);
            let priority = priority.unwrap_or(Priority::from_matrix(impact, urgency));
            let (by, reason) = (actor.clone(), Some(reason));
            turn.record(Fact::Prioritised { id, impact, urgency, priority, by, reason });
            Ok(())
        }
    }
}

fn merge(turn: &mut Turn, id: IncidentId, into: IncidentId, by: &Actor) -> Result<(), Refusal> {
    check(turn, id, Step::Merge)?;
    if id == into {
        return Err(incomplete("into", "an incident cannot be merged into itself"));
    }
    let target =
        turn.state().incident.get(into).ok_or_else(|| Refusal::NotFound(into.to_string()))?;
    if !target.status.is_open() {
        return Err(not_now(turn, into, Step::Merge));
    }
    let worst = turn.state().incident.expect(id).severity;
    step(turn, id, Step::Merge, by, Said { into: Some(into), ..Said::default() })?;
    lifecycle::raise_priority(turn, into, worst);
    if turn.state().incident.expect(into).course().restored_at.is_some()
        && !turn.state().incident.expect(into).is_clear()
    {
        turn.record(Fact::Relapsed { id: into });
    }
    Ok(())
}

fn unmerge(turn: &mut Turn, id: IncidentId, by: &Actor) -> Result<(), Refusal> {
    check(turn, id, Step::Unmerge)?;
    let incident = turn.state().incident.expect(id);
    let merged_at = incident.course().ended_at.expect("a merged incident says since when");
    if turn.now() > merged_at + UNMERGE_WITHIN {
        return Err(incomplete("id", "a merge can be undone for 24 hours; open a new incident"));
    }
    let from = incident.course().merged_into;
    step(turn, id, Step::Unmerge, by, Said { into: from, ..Said::default() })?;
    if let Some(from) = from {
        let bearer = turn.state().incident.bearer(from);
        lifecycle::settle(turn, bearer);
    }
    Ok(())
}

fn step(
    turn: &mut Turn,
    id: IncidentId,
    step: Step,
    by: &Actor,
    said: Said,
) -> Result<(), Refusal> {
    check(turn, id, step)?;
    lifecycle::advance(turn, id, step, by, said);
    Ok(())
}

fn check(turn: &Turn, id: IncidentId, step: Step) -> Result<(), Refusal> {
    match turn.state().incident.expect(id).status.after(step) {
        Some(_) => Ok(()),
        None => Err(not_now(turn, id, step)),
    }
}

fn not_now(turn: &Turn, id: IncidentId, step: Step) -> Refusal {
    let status = turn.state().incident.expect(id).status;
    Refusal::NotNow {
        record: id.to_string(),
        state: status.name(),
        asked: step.name(),
        allowed: super::view::allowed(status),
    }
}

fn incomplete(field: &'static str, why: &str) -> Refusal {
    Refusal::Incomplete { field, why: why.to_owned() }
}
