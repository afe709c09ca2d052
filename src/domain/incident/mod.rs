//! Incident management: restore service fast. One open incident per set of related alerts.
//!
//! `machine` draws the states, `lifecycle` says what alerts do to an incident, `command` what
//! people do. Human beats machine: what a person has set, no rule sets again.

mod command;
mod fact;
mod lifecycle;
mod machine;
mod members;
mod record;
mod remark;
mod roll;
pub mod rules;
mod said;
mod state;
mod stored;
mod timeline;
mod view;

use crate::domain::value::{Actor, AlertId, IncidentId};
use crate::domain::{self, Turn, event};

pub(crate) use command::handle;
pub use command::{Ask, CANCEL_REASONS, CLOSURE_CODES, Command, HOLD_REASONS, UNCOUNTED};
pub use fact::{Fact, Kind, Moved, Opened};
pub use machine::{Status, Step};
pub use record::{Course, Hold, Incident, Member, Resolution, Shape};
pub use roll::Roll;
pub use state::State;
pub use view::MANUAL;
pub(crate) use view::{list, parse, show};

use lifecycle::Said;

/// What incident management waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// A candidate that may have lasted long enough.
    Candidate(IncidentId),
    /// An incident whose alerts may have been clear for long enough.
    Recover(IncidentId),
    /// A hold that may be over.
    Hold(IncidentId),
    /// A resolved incident that may be closed.
    Close(IncidentId),
}

pub(crate) fn react(turn: &mut Turn, fact: &domain::Fact) {
    let domain::Fact::Event(fact) = fact else { return };
    match fact {
        event::Fact::Raised(raised) if raised.over => {}
        event::Fact::Raised(raised) => {
            if let Some(correlation) = &raised.correlation
                && !is_submerged(turn, raised.id)
            {
                lifecycle::alert_fires(turn, raised.id, correlation);
            }
        }
        event::Fact::Refired { id, .. } if is_submerged(turn, *id) => {
            // The incident that had it knows how it is doing, but opens no more than a new one would.
            if let Some(incident) = turn.state().incident.of_alert(*id) {
                turn.record(Fact::Fired { id: incident, alert: *id });
            }
        }
        event::Fact::Refired { id, .. } | event::Fact::Surfaced { id } => refired(turn, *id),
        event::Fact::Cleared { id, .. } => {
            if let Some(incident) = turn.state().incident.of_alert(*id) {
                lifecycle::member_clears(turn, incident, *id);
            }
        }
        event::Fact::Changed { id, severity, .. } => {
            if let Some(incident) = turn.state().incident.of_alert(*id) {
                lifecycle::raise_priority(turn, incident, *severity);
            }
        }
        event::Fact::Remarked { id, saying, by, text } => {
            remark::remarked(turn, *id, *saying, (by, text));
        }
        event::Fact::FlapStarted { id } => flapping(turn, *id, true),
        event::Fact::FlapEnded { id } => flapping(turn, *id, false),
        _ => {}
    }
}

/// What was suppressed when it began to fire is nobody's business until it surfaces.
fn is_submerged(turn: &Turn, alert: AlertId) -> bool {
    turn.state().event.alert(alert).is_some_and(event::Alert::is_submerged)
}

/// An alert fires again, or has surfaced.
fn refired(turn: &mut Turn, alert: AlertId) {
    let events = &turn.state().event;
    let known = events.alert(alert).expect("a fact names an alert that exists");
    let Some(correlation) = events.correlation(known) else { return };
    match turn.state().incident.of_alert(alert) {
        Some(incident) => lifecycle::member_fires(turn, incident, alert, &correlation),
        // Its incident has ended for good: the alert belongs wherever a new one would.
        None => lifecycle::alert_fires(turn, alert, &correlation),
    }
}

fn flapping(turn: &mut Turn, alert: AlertId, on: bool) {
    let Some(id) = turn.state().incident.of_alert(alert) else { return };
    turn.record(Fact::Flapping { id, alert, on });
    if on && turn.state().incident.expect(id).course().restored_at.is_some() {
        turn.record(Fact::Relapsed { id });
    }
    lifecycle::settle(turn, id);
}

pub(crate) fn wake(turn: &mut Turn, deadline: Deadline) {
    let by = Actor::timer();
    match deadline {
        Deadline::Candidate(id) => lifecycle::consider(turn, id),
        Deadline::Recover(id) => {
            let incident = turn.state().incident.expect(id);
            let due = incident.course().resolve_at.is_some_and(|at| at <= turn.now());
            if due && incident.status.is_open() {
                lifecycle::advance(turn, id, Step::Recover, &by, Said::code("auto_recovered"));
            }
        }
        Deadline::Hold(id) => {
            let hold = turn.state().incident.expect(id).course().hold.as_ref();
            let due = hold.and_then(|hold| hold.until).is_some_and(|until| until <= turn.now());
            if due {
                lifecycle::advance(turn, id, Step::Resume, &by, Said::default());
            }
        }
        Deadline::Close(id) => {
            let incident = turn.state().incident.expect(id);
            let Some(resolved_at) = incident.course().resolved_at else { return };
            let due = resolved_at + turn.settings().defaults.close_after;
            if incident.status != Status::Resolved {
                return;
            }
            if due <= turn.now() {
                lifecycle::advance(turn, id, Step::Close, &by, Said::default());
            } else {
                turn.wake_at(due, Deadline::Close(id));
            }
        }
    }
}
