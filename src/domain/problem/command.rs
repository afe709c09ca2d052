//! What people ask of a problem, and why it may be refused.

use super::fact::{Fact, Moved};
use super::machine::{Status, Step};
use super::recurrence;
use crate::domain::value::{Actor, IncidentId, ProblemId, Span, Timestamp};
use crate::domain::{Refusal, Turn};

/// Something asked of one problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The problem.
    pub id: ProblemId,
    /// What.
    pub ask: Ask,
}

/// What can be asked of a problem.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// The candidate is one.
    Accept,
    /// The candidate is none.
    Reject {
        /// Why.
        note: Option<String>,
        /// How long its kind is not proposed again.
        mute_for: Option<Span>,
    },
    /// Start to look for the cause.
    Assess,
    /// The cause is found.
    Cause {
        /// The cause.
        text: String,
        /// The kind of cause.
        category: String,
    },
    /// A way to live with it is found.
    Workaround {
        /// What to do.
        text: String,
    },
    /// A change fixes it.
    Fix {
        /// Which.
        change: String,
    },
    /// The fix is made, or none is needed.
    Resolve {
        /// How: see [`RESOLVE_CODES`].
        code: String,
        /// What was done.
        note: Option<String>,
    },
    /// It is not over.
    Reopen {
        /// Why.
        note: Option<String>,
    },
    /// Live with it.
    AcceptRisk {
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// It is another problem.
    Duplicate {
        /// Which.
        of: ProblemId,
    },
    /// An incident belongs to it.
    Link {
        /// Which.
        incident: IncidentId,
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
}

/// How a problem can have been resolved.
pub const RESOLVE_CODES: &[&str] = &["fixed", "no_change_needed", "not_reproducible", "obsolete"];

/// Kinds of causes.
pub const CAUSE_CATEGORIES: &[&str] = &[
    "hardware",
    "software_defect",
    "capacity",
    "configuration",
    "change",
    "human_error",
    "network",
    "power",
    "third_party",
    "security",
    "data",
    "process",
    "unknown",
];

/// How long a rejected kind is not proposed again unless the person says otherwise.
const MUTE_FOR: Span = Span::days(90);

pub(crate) fn handle(turn: &mut Turn, actor: &Actor, command: Command) -> Result<(), Refusal> {
    let Command { id, ask } = command;
    if turn.state().problem.get(id).is_none() {
        return Err(Refusal::NotFound(id.to_string()));
    }
    match ask {
        Ask::Accept => step(turn, id, Step::Accept, actor, |_| {}),
        Ask::Reject { note, mute_for } => {
            let until = turn.now() + mute_for.unwrap_or(MUTE_FOR);
            step(turn, id, Step::Reject, actor, |moved| {
                moved.note = note;
                moved.until = Some(until);
            })
        }
        Ask::Assess => step(turn, id, Step::Assess, actor, |_| {}),
        Ask::Cause { text, category } => step(turn, id, Step::Cause, actor, |moved| {
            moved.note = Some(text);
            moved.code = Some(category);
        }),
        Ask::Workaround { text } => {
            turn.record(Fact::WorkaroundFound { id, by: actor.clone(), text });
            Ok(())
        }
        Ask::Fix { change } => step(turn, id, Step::Fix, actor, |moved| moved.code = Some(change)),
        Ask::Resolve { code, note } => resolve(turn, id, actor, code, note),
        Ask::Reopen { note } => step(turn, id, Step::Reopen, actor, |moved| moved.note = note),
        Ask::AcceptRisk { until, reason } => {
            if until <= turn.now() {
                return Err(incomplete("until", "must lie ahead"));
            }
            step(turn, id, Step::AcceptRisk, actor, |moved| {
                moved.until = Some(until);
                moved.note = Some(reason);
            })
        }
        Ask::Duplicate { of } => duplicate(turn, id, of, actor),
        Ask::Link { incident } => link(turn, id, incident, actor),
        Ask::Assign { team, assignee } => {
            if team.is_none() && assignee.is_none() {
                return Err(incomplete("assignee", "say a team, an assignee, or both"));
            }
            turn.record(Fact::Assigned { id, team, assignee, by: actor.clone() });
            Ok(())
        }
        Ask::Note { text } => {
            turn.record(Fact::Noted { id, by: actor.clone(), text });
            Ok(())
        }
    }
}

fn resolve(
    turn: &mut Turn,
    id: ProblemId,
    actor: &Actor,
    code: String,
    note: Option<String>,
) -> Result<(), Refusal> {
    let problem = turn.state().problem.expect(id);
    if code == "fixed" && problem.fix_change.is_none() {
        let why = "a problem is fixed by a change: name it with `fix`, or say no_change_needed";
        return Err(incomplete("code", why));
    }
    if code == "no_change_needed" && note.is_none() {
        return Err(incomplete("note", "say why no change is needed"));
    }
    let signature = turn.state().problem.signature(problem.signature);
    let verify_for = signature.map_or(Span::days(30), recurrence::verify_for);
    let until = turn.now() + verify_for;
    step(turn, id, Step::Resolve, actor, |moved| {
        moved.code = Some(code);
        moved.note = note;
        moved.until = Some(until);
    })
}

fn duplicate(turn: &mut Turn, id: ProblemId, of: ProblemId, actor: &Actor) -> Result<(), Refusal> {
    let Some(original) = turn.state().problem.get(of) else {
        return Err(Refusal::NotFound(of.to_string()));
    };
    if id == of || original.duplicate_of.is_some() {
        return Err(incomplete("of", "name a problem that is itself no duplicate"));
    }
    step(turn, id, Step::Duplicate, actor, |moved| moved.of = Some(of))?;
    for incident in turn.state().problem.expect(id).incidents.clone() {
        turn.record(Fact::Unlinked { id, incident, by: actor.clone() });
        turn.record(Fact::Linked { id: of, incident, by: actor.clone() });
    }
    Ok(())
}

fn link(
    turn: &mut Turn,
    id: ProblemId,
    incident: IncidentId,
    actor: &Actor,
) -> Result<(), Refusal> {
    if turn.state().incident.get(incident).is_none() {
        return Err(Refusal::NotFound(incident.to_string()));
    }
    if let Some(before) = turn.state().problem.of_incident(incident) {
        if before == id {
            return Ok(());
        }
        turn.record(Fact::Unlinked { id: before, incident, by: actor.clone() });
    }
    turn.record(Fact::Linked { id, incident, by: actor.clone() });
    Ok(())
}

fn step(
    turn: &mut Turn,
    id: ProblemId,
    step: Step,
    by: &Actor,
    say: impl FnOnce(&mut Moved),
) -> Result<(), Refusal> {
    let status = turn.state().problem.expect(id).status;
    if status.after(step).is_none() {
        return Err(Refusal::NotNow {
            record: id.to_string(),
            state: status.name(),
            asked: step.name(),
            allowed: allowed(status),
        });
    }
    super::advance(turn, id, step, by, say);
    Ok(())
}

/// The verbs that would be accepted in a state.
pub(super) fn allowed(status: Status) -> Vec<&'static str> {
    let steps =
        Step::ALL.into_iter().filter(|step| step.is_verb() && status.after(*step).is_some());
    steps.map(Step::name).chain(["workaround", "link", "assign", "note"]).collect()
}

fn incomplete(field: &'static str, why: &str) -> Refusal {
    Refusal::Incomplete { field, why: why.to_owned() }
}
