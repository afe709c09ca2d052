//! Flap detection, window form: so many changes within so long; over after so long without one.

use super::Deadline;
use super::fact::Fact;
use super::rules::Flap;
use crate::domain::Turn;
use crate::domain::value::AlertId;

/// Looks at an alert that has just changed between firing and resolved.
pub(super) fn changed(turn: &mut Turn, id: AlertId) {
    let flap = terms(turn, id);
    let alert = turn.state().event.alert(id).expect("the fact was just folded");
    if alert.is_flapping() {
        return;
    }
    if alert.transitions_since(turn.now() - flap.within) >= flap.transitions {
        turn.record(Fact::FlapStarted { id });
        turn.wake_after(flap.quiet, Deadline::Flap(id));
    }
}

/// Looks whether a flapping alert has been quiet for long enough.
pub(super) fn wake(turn: &mut Turn, id: AlertId) {
    let flap = terms(turn, id);
    let Some(alert) = turn.state().event.alert(id) else { return };
    if !alert.is_flapping() {
        return;
    }
    let due = alert.last_transition() + flap.quiet;
    if due <= turn.now() {
        turn.record(Fact::FlapEnded { id });
    } else {
        turn.wake_at(due, Deadline::Flap(id));
    }
}

fn terms(turn: &Turn, id: AlertId) -> Flap {
    let rules = &turn.settings().events.flap;
    if rules.rules().is_empty() {
        return Flap::default();
    }
    let state = &turn.state().event;
    let Some(alert) = state.alert(id) else { return Flap::default() };
    rules.first(&state.labels(alert)).map(|rule| rule.body.clone()).unwrap_or_default()
}
