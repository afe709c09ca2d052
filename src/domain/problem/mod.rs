//! Problem management: find the cause. Incidents that keep coming back suggest one.
//!
//! `recurrence` counts incidents of a kind and opens problems by criteria; `machine` draws the
//! states; `command` is what people do. Rules only open, propose and link: what closes a problem
//! is a person, or the evidence that a person's fix has held.

mod command;
mod fact;
mod machine;
mod recurrence;
pub mod rules;
mod signature;
mod state;
mod view;

use crate::domain::value::{Actor, ProblemId, Span};
use crate::domain::{self, Turn, incident};

pub(crate) use command::handle;
pub use command::{Ask, CAUSE_CATEGORIES, Command, RESOLVE_CODES};
pub use fact::{Fact, Moved, Opened, Recurrence};
pub use machine::{Status, Step};
pub use signature::{Onset, Signature};
pub use state::{Problem, State};
pub use view::MANUAL;
pub(crate) use view::{list, parse, show};

/// How long a candidate waits for somebody to look at it.
const CANDIDATE_FOR: Span = Span::days(30);

/// What problem management waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// The end of a verification, of an accepted risk, or of a candidate's patience.
    Until(ProblemId),
}

pub(crate) fn react(turn: &mut Turn, fact: &domain::Fact) {
    let domain::Fact::Incident(fact) = fact else { return };
    match fact {
        incident::Fact::Opened(opened) if opened.status == incident::Status::New => {
            recurrence::count(turn, opened.id);
        }
        incident::Fact::Moved(moved) if moved.step == incident::Step::Confirm => {
            recurrence::count(turn, moved.id);
        }
        incident::Fact::Moved(moved) => recurrence::uncount(turn, moved),
        _ => {}
    }
}

pub(crate) fn wake(turn: &mut Turn, deadline: Deadline) {
    let Deadline::Until(id) = deadline;
    let problem = turn.state().problem.expect(id);
    let due = match problem.status {
        Status::Candidate => problem.opened_at + CANDIDATE_FOR,
        Status::Verifying | Status::Closed => match problem.until {
            Some(until) => until,
            None => return,
        },
        Status::New
        | Status::Analysis
        | Status::KnownError
        | Status::FixInProgress
        | Status::Rejected => return,
    };
    if due > turn.now() {
        return turn.wake_at(due, deadline);
    }
    let by = Actor::timer();
    match problem.status {
        Status::Candidate => advance(turn, id, Step::Expire, &by, |_| {}),
        Status::Verifying => advance(turn, id, Step::Verify, &by, |moved| {
            moved.note = Some("has not come back".to_owned());
        }),
        _ => advance(turn, id, Step::Reopen, &by, |moved| {
            moved.note = Some("the accepted risk has run out".to_owned());
        }),
    }
}

/// Takes a step that the caller knows to be allowed, and arms what follows from it.
///
/// # Panics
/// When the state machine does not allow the step, which is the caller's bug.
fn advance(turn: &mut Turn, id: ProblemId, step: Step, by: &Actor, say: impl FnOnce(&mut Moved)) {
    let from = turn.state().problem.expect(id).status;
    let to = from.after(step).expect("the caller has looked whether the step is allowed");
    let mut moved = Moved::bare(id, step, (from, to), by.clone());
    say(&mut moved);
    let until = moved.until;
    turn.record(Fact::Moved(Box::new(moved)));
    if let Some(until) = until {
        turn.wake_at(until, Deadline::Until(id));
    }
    if to == Status::Verifying || to == Status::Closed {
        release(turn, id);
    }
}

/// Incidents that wait for the problem wait no longer.
fn release(turn: &mut Turn, id: ProblemId) {
    let all = &turn.state().incident;
    let waits = |id: &domain::value::IncidentId| {
        let hold = all.get(*id).and_then(|incident| incident.course().hold.as_ref());
        hold.is_some_and(|hold| hold.reason == "awaiting_problem")
    };
    let waiting: Vec<_> =
        turn.state().problem.expect(id).incidents.iter().copied().filter(waits).collect();
    for id in waiting {
        turn.ask(incident::Command { id, ask: incident::Ask::Resume });
    }
}
