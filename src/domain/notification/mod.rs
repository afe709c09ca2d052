//! Notification: who is told what, and what happens when telling them fails.
//!
//! `route` says where an alert or an incident belongs, `group` when its group may speak, `verdict`
//! whether there is something to tell, `outbox` how a message gets out. The contract: whoever was
//! told that something fires is told that it ended.

pub mod correspondence;
mod fact;
mod group;
mod handover;
mod inherited;
pub mod interval;
mod letter;
pub mod message;
mod outbox;
pub mod receiver;
pub mod route;
mod stand;
mod state;
mod verdict;
mod view;

use crate::domain::event;
use crate::domain::incident;
use crate::domain::value::{Actor, ChannelId, DeliveryId, GroupId, Span};
use crate::domain::{self, Refusal, Turn};

pub use fact::{Abandonment, Fact, Says};
pub use handover::handed_over;
pub use inherited::{AlertHash, Datum, Inherited};
pub use letter::{integration_of, letter};
pub use state::{Channel, Delivery, Group, State, Told};
pub use verdict::{Standing, Verdict};
pub use view::MANUAL;
pub(crate) use view::{list, parse, show};

/// What can be asked of notification.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The courier reports on an attempt.
    Report {
        /// The message.
        id: DeliveryId,
        /// The attempt, counted from 1.
        attempt: u32,
        /// What became of it.
        outcome: Outcome,
    },
    /// Take over what an Alertmanager had told.
    Inherit(Vec<Inherited>),
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered {
        /// What the provider calls it.
        provider: Option<String>,
    },
    /// It may work later.
    Failed {
        /// What went wrong, without secrets.
        why: String,
        /// How long the receiver asked to wait.
        after: Option<Span>,
    },
    /// The receiver will never take it.
    Refused {
        /// What it said.
        why: String,
    },
}

/// What notification waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// A group's tick.
    Tick(GroupId),
    /// A group whose clock must be wound after a start.
    Wind(GroupId),
    /// A message's next attempt.
    Retry(DeliveryId),
    /// A look at a failing channel.
    Probe(ChannelId),
    /// The next inherited entry that may be forgotten.
    Lapse,
}

pub(crate) fn handle(turn: &mut Turn, _: &Actor, command: Command) -> Result<(), Refusal> {
    match command {
        Command::Report { id, attempt, outcome } => outbox::report(turn, id, attempt, outcome),
        Command::Inherit(entries) => inherited::inherit(turn, entries),
    }
    Ok(())
}

pub(crate) fn react(turn: &mut Turn, fact: &domain::Fact) {
    match fact {
        domain::Fact::Event(event::Fact::Raised(raised)) => {
            let set = (!raised.set.is_empty()).then(|| raised.labels.with(raised.set.iter()));
            let labels = set.as_ref().unwrap_or(&raised.labels);
            match raised.routes.known() {
                Some(routes) => group::place_on(turn, raised.id, labels, routes),
                None => group::place(turn, raised.id, labels),
            }
        }
        domain::Fact::Event(event::Fact::Refired { id, .. }) => {
            let labels = group::labels(turn, *id);
            group::place(turn, *id, &labels);
        }
        domain::Fact::Event(event::Fact::Cleared { id, .. }) => {
            for group in turn.state().notification.groups_of_alert(*id) {
                group::wind(turn, group);
            }
        }
        domain::Fact::Event(event::Fact::Configured { .. }) => group::reroute(turn),
        domain::Fact::Incident(fact) => react_to_incident(turn, fact),
        _ => {}
    }
}

fn react_to_incident(turn: &mut Turn, fact: &incident::Fact) {
    match fact {
        incident::Fact::Opened(opened) if opened.status == incident::Status::New => {
            group::place_incident(turn, opened.id);
        }
        incident::Fact::Joined { id, alert, .. } | incident::Fact::Fired { id, alert } => {
            correspondence::answer(turn, *id, *alert);
        }
        incident::Fact::Moved(moved) => {
            if moved.step == incident::Step::Confirm {
                correspondence::answer_all(turn, moved.id);
            }
            if moved.to.is_open() {
                group::place_incident(turn, moved.id);
            }
            group::incident_changed(turn, moved.id);
        }
        incident::Fact::Prioritised { id, .. } => {
            if turn.state().incident.expect(*id).status.is_open() {
                group::place_incident(turn, *id);
            }
            group::incident_changed(turn, *id);
        }
        incident::Fact::Flapping { id, .. } | incident::Fact::Restored { id, .. } => {
            group::incident_changed(turn, *id);
        }
        _ => {}
    }
}

pub(crate) fn wake(turn: &mut Turn, deadline: Deadline) {
    match deadline {
        Deadline::Tick(id) => group::tick(turn, id),
        Deadline::Wind(id) => group::wind(turn, id),
        Deadline::Retry(id) => outbox::retry(turn, id),
        Deadline::Probe(id) => outbox::probe(turn, id),
        Deadline::Lapse => inherited::lapse(turn),
    }
}
