//! Event management: repeats of one event become one alert.
//!
//! ```text
//!            firing                      resolved, or the lease ran out
//!   (none) ─────────▶ Firing ──────────────────────────────────────────▶ Resolved ──▶ forgotten
//!                      ▲  │ flags: stale (its source is silent),             │
//!                      │  │        flapping (comes and goes too often)       │
//!                      └──┴──────── firing again within refire_window ───────┘
//! ```
//!
//! An event passes the stages enrich, dedupe, flap and correlate. A resolved event for something
//! unknown is counted and leaves no trace, unless the Alertmanager whose place was taken had told
//! somebody that it fires. A re-send that says nothing new only renews the lease.

pub mod adapter;
mod alert;
mod arrival;
pub mod correlate;
pub(crate) mod enrich;
mod fact;
mod flap;
mod heartbeat;
pub mod inhibit;
mod lease;
mod message;
pub mod poll;
mod receive;
mod remark;
pub mod rules;
mod state;
pub mod suppress;
mod surface;
mod trouble;
mod view;

use std::sync::Arc;

use crate::domain::value::{Actor, AlertId, HeartbeatId, SourceId};
use crate::domain::{self, Refusal, Turn, silence};

pub use alert::{Alert, Phase};
pub(crate) use arrival::arrived;
pub use arrival::{Arrival, Stamp};
pub(crate) use enrich::sight;
pub use fact::{ClearedBy, Correlation, Fact, Raised};
pub(crate) use heartbeat::beat;
pub use heartbeat::{Expected, HEARTBEAT_MISSED, Heartbeat, Terms};
pub use message::{Ends, Event, Signal};
pub(crate) use receive::receive;
pub use receive::{identity, of_key};
pub(crate) use remark::remark;
pub use remark::{Remark, Saying};
pub use state::{Source, State};
pub use suppress::{Suppressed, Suppression, Suppressor};
pub use trouble::{SOURCE_REFUSED, Trouble};
pub use view::MANUAL;
pub(crate) use view::{list, parse, show};

/// The source of what the daemon has to say about itself.
pub const SELF: &str = "incidentd";

/// What can be asked of event management.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A practice downstream has something to report about the daemon itself.
    Report(Box<Event>),
    /// A reload was refused: the rules in force stay, and the admins are told why.
    ConfigurationInvalid {
        /// What is wrong, with `file:line:col`.
        why: String,
    },
    /// Somebody says which sign of life is to come, or on which other terms.
    ExpectHeartbeat {
        /// The source's name in the configuration.
        source: String,
        /// Whose sign of life.
        name: String,
        /// On which terms.
        terms: Box<Terms>,
    },
    /// Nobody waits for a sign of life any longer.
    ForgetHeartbeat {
        /// The source's name in the configuration.
        source: String,
        /// Whose sign of life.
        name: String,
    },
    /// Something of a source was turned away.
    SourceRefused {
        /// The source's name in the configuration.
        source: Arc<str>,
        /// Why, in one word.
        trouble: Trouble,
        /// How often since this was last said.
        times: u64,
        /// What was wrong the last time.
        why: String,
    },
    /// The store could not be read at the start and was replaced.
    StoreReplaced {
        /// What was done.
        why: String,
    },
}

/// What event management waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// The next lease that may run out.
    Leases,
    /// The quiet time of a flapping alert.
    Flap(AlertId),
    /// A resolved alert that may leave the memory.
    Forget(AlertId),
    /// A source's dead-man switch.
    Deadman(SourceId),
    /// A sign of life that may have stayed away for too long.
    Heartbeat(HeartbeatId),
    /// Troubles of sources that may be over.
    Troubles,
    /// Submerged alerts whose cover was lifted.
    Surface,
}

pub(crate) fn handle(turn: &mut Turn, _: &Actor, command: Command) -> Result<(), Refusal> {
    match command {
        Command::Report(event) => receive(turn, vec![*event]),
        Command::ConfigurationInvalid { why } => {
            let now = turn.now();
            let event = receive::about_us(INVALID, &[], &why, Signal::Firing, now);
            receive(turn, vec![event]);
        }
        Command::ExpectHeartbeat { source, name, terms } => {
            return heartbeat::expect(turn, &source, &name, *terms);
        }
        Command::ForgetHeartbeat { source, name } => {
            return heartbeat::forget(turn, &source, &name);
        }
        Command::SourceRefused { source, trouble, times, why } => {
            trouble::seen(turn, &source, trouble, times, &why);
        }
        Command::StoreReplaced { why } => {
            let now = turn.now();
            let event = receive::about_us("StoreReplaced", &[], &why, Signal::Firing, now);
            receive(turn, vec![event]);
        }
    }
    Ok(())
}

const INVALID: &str = "ConfigurationInvalid";

/// An event of the daemon about itself, for practices downstream that have something to report.
pub(crate) fn about_us(
    turn: &Turn,
    name: &str,
    labels: &[(&str, &str)],
    summary: &str,
    signal: Signal,
) -> Command {
    Command::Report(Box::new(receive::about_us(name, labels, summary, signal, turn.now())))
}

/// Notes a start: no lease runs out before the sources have had time to speak.
pub(crate) fn started(turn: &mut Turn) {
    lease::started(turn);
    let rules = &turn.settings().inhibitions;
    turn.soften().event.equip(rules);
    surface::reconsider_all(turn);
}

/// Notes that time has jumped: as after a start, the sources must first have time to speak.
pub(crate) fn overslept(turn: &mut Turn) {
    lease::overslept(turn);
}

/// Notes that other rules are in force.
pub(crate) fn configured(turn: &mut Turn) {
    let hash = &turn.settings().hash;
    if turn.state().event.configuration() != Some(hash) {
        let id = turn.state().event.next_configuration();
        turn.record(Fact::Configured { id, hash: hash.clone() });
    }
    let rules = &turn.settings().inhibitions;
    if turn.soften().event.equip(rules) {
        surface::reconsider_all(turn);
    }
    lease::arm(turn);
    trouble::arm(turn);
    let event = receive::about_us(INVALID, &[], "", Signal::Resolved, turn.now());
    if turn.state().event.by_key(receive::identity(turn.settings(), &event)).is_some() {
        receive(turn, vec![event]);
    }
}

/// What was silenced when it began to fire may surface when its silence is over.
pub(crate) fn react(turn: &mut Turn, fact: &domain::Fact) {
    if let domain::Fact::Silence(silence::Fact::Ended { id } | silence::Fact::Expired { id, .. }) =
        fact
    {
        surface::lift(turn, suppress::Cover::Silence(*id));
    }
}

pub(crate) fn wake(turn: &mut Turn, deadline: Deadline) {
    match deadline {
        Deadline::Leases => lease::sweep(turn),
        Deadline::Flap(id) => flap::wake(turn, id),
        Deadline::Forget(id) => forget(turn, id),
        Deadline::Deadman(id) => lease::wake_deadman(turn, id),
        Deadline::Heartbeat(id) => heartbeat::wake(turn, id),
        Deadline::Troubles => trouble::wake(turn),
        Deadline::Surface => surface::wake(turn),
    }
}

/// A resolved alert stays while it may fire again as the same one, and while an open incident or a
/// message that is still to be sent speaks of it.
fn forget(turn: &mut Turn, id: AlertId) {
    let state = turn.state();
    let Some(alert) = state.event.alert(id) else { return };
    let Phase::Resolved { noted, .. } = alert.phase() else { return };
    let due = noted + turn.settings().defaults.refire_window;
    // Alerts of one identity are forgotten in the order of their births, so that the newest one in
    // memory is always the newest there was.
    let outlived = alert.previous().is_some_and(|previous| state.event.alert(previous).is_some());
    let held =
        alert.is_flapping() || outlived || state.incident.holds(id) || state.notification.holds(id);
    if due > turn.now() {
        turn.wake_at(due, Deadline::Forget(id));
    } else if held {
        turn.wake_after(turn.settings().defaults.refire_window, Deadline::Forget(id));
    } else {
        turn.record(Fact::Forgotten { id });
    }
}
