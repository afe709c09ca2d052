//! Silences: for some time nobody is told of some alerts.
//!
//! The rules are Alertmanager's. `machine` draws the states, `command` is what people do, `lookup`
//! finds the silences of an alert. Who is told what while a silence holds is decided downstream:
//! this practice only says which silences there are and when they begin and end.

mod command;
mod fact;
mod limits;
mod lookup;
mod machine;
mod plan;
mod state;
mod view;

#[cfg(test)]
mod tests;

use crate::domain::value::{SilenceId, Timestamp};
use crate::domain::{self, Turn};

pub(crate) use command::handle;
pub use command::{Change, Command, Draft, Until, Which};
pub use fact::{Created, Fact, Updated};
pub use limits::SilenceLimits;
pub use machine::{Status, Step};
pub use state::{Silence, State};
pub use view::MANUAL;
pub(crate) use view::{list, parse, show};

/// What silences wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// The next of its start, its end, and the time to forget it.
    Due(SilenceId),
}

/// Nothing is upstream of silences.
pub(crate) fn react(_: &mut Turn, _: &domain::Fact) {}

pub(crate) fn wake(turn: &mut Turn, deadline: Deadline) {
    let Deadline::Due(id) = deadline;
    advance(turn, id);
}

/// Takes every step that is due, and waits for the next.
fn advance(turn: &mut Turn, id: SilenceId) {
    while let Some((due, fact)) = next(turn, id) {
        if due > turn.now() {
            return turn.wake_at(due, Deadline::Due(id));
        }
        turn.record(fact);
    }
}

/// What comes next in the life of a silence, and when; nothing once it is forgotten.
fn next(turn: &Turn, id: SilenceId) -> Option<(Timestamp, Fact)> {
    let silence = turn.state().silence.get(id)?;
    Some(match silence.status {
        Status::Pending if silence.ends_at <= turn.now() => (silence.ends_at, Fact::Ended { id }),
        Status::Pending => (silence.starts_at, Fact::Began { id }),
        Status::Active => (silence.ends_at, Fact::Ended { id }),
        Status::Expired => {
            let retention = turn.settings().silences.retention;
            (silence.ends_at + retention, Fact::Forgotten { id })
        }
    })
}
