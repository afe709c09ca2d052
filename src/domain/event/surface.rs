//! Surfacing: an alert that was suppressed when it appeared makes no incident until nothing
//! suppresses it any longer.
//!
//! ```text
//!   raised or refired, suppressed            its last cover is lifted, and it still fires
//!   ─────────────────────────────▶ Submerged ──────────────────────────────────────────▶ Surfaced
//! ```
//!
//! A submerged alert waits under one of its covers. When that is lifted it looks for another one,
//! so that the end of a silence or of an inhibiting alert costs no look at those that it leaves alone.

use std::collections::{BTreeMap, BTreeSet};

use super::Deadline;
use super::fact::Fact;
use super::suppress::{self, Cover};
use crate::domain::value::AlertId;
use crate::domain::{self, Turn};

/// Which submerged alert waits under which cover. Soft: a start looks at each of them anew.
#[derive(Debug, Clone, Default)]
pub(super) struct Depths {
    under: BTreeMap<Cover, BTreeSet<AlertId>>,
    by_alert: BTreeMap<AlertId, Cover>,
    /// Alerts whose cover was lifted; they are looked at when the input is done, so that what ends
    /// together with its cover does not surface for a moment.
    lifted: BTreeSet<AlertId>,
}

impl Depths {
    fn sink(&mut self, id: AlertId, cover: Cover) {
        self.forget(id);
        self.under.entry(cover).or_default().insert(id);
        self.by_alert.insert(id, cover);
    }

    fn lift(&mut self, cover: Cover) -> bool {
        let ids = self.under.remove(&cover).unwrap_or_default();
        for id in &ids {
            self.by_alert.remove(id);
        }
        self.lifted.extend(&ids);
        !ids.is_empty()
    }

    /// The alert waits no longer.
    pub(super) fn forget(&mut self, id: AlertId) {
        self.lifted.remove(&id);
        let Some(cover) = self.by_alert.remove(&id) else { return };
        if let Some(ids) = self.under.get_mut(&cover) {
            ids.remove(&id);
            if ids.is_empty() {
                self.under.remove(&cover);
            }
        }
    }
}

/// Looks at alerts that have begun to fire in this input: those that are suppressed, and that no
/// incident speaks of, are submerged.
pub(super) fn submerge(turn: &mut Turn, ids: &[AlertId]) {
    if suppress::nothing_can(turn.state()) {
        return;
    }
    for (id, cover) in covers(turn, ids) {
        let Some(alert) = turn.state().event.alert(id) else { continue };
        if alert.is_submerged() {
            continue;
        }
        let firing = alert.is_firing();
        // What has ended in the same input makes no incident either.
        turn.record(Fact::Submerged { id });
        if firing {
            turn.soften().event.depths.sink(id, cover);
        }
    }
}

/// What suppresses these alerts, of those that would make an incident. They have begun to fire in
/// this order.
fn covers(turn: &Turn, ids: &[AlertId]) -> Vec<(AlertId, Cover)> {
    let (events, incidents) = (&turn.state().event, &turn.state().incident);
    let mut facts = turn.fresh().iter();
    let changes = |fact: &domain::Fact| matches!(fact, domain::Fact::Event(Fact::Changed { .. }));
    let as_raised = !facts.clone().any(changes);
    let cover = |id: &AlertId| {
        // The fact has the labels at hand, unless they have changed since.
        let raised = facts.find_map(|fact| match fact {
            domain::Fact::Event(Fact::Raised(raised)) if raised.id == *id => Some(Some(raised)),
            domain::Fact::Event(Fact::Refired { id: other, .. }) if other == id => Some(None),
            _ => None,
        });
        let alert = events.alert(*id)?;
        if alert.correlation.is_none() || incidents.holds(*id) {
            return None;
        }
        let cover = match raised.flatten().filter(|raised| as_raised && raised.set.is_empty()) {
            Some(raised) => suppress::cover_with(turn.state(), *id, &raised.labels),
            None => suppress::cover(turn.state(), *id),
        };
        Some((*id, cover?))
    };
    ids.iter().filter_map(cover).collect()
}

/// Something suppresses alerts no longer: those that waited for it are looked at again.
pub(super) fn lift(turn: &mut Turn, cover: Cover) {
    if turn.soften().event.depths.lift(cover) {
        turn.wake_at(turn.now(), Deadline::Surface);
    }
}

/// A submerged alert has changed: what covered it may do so no longer.
pub(super) fn reconsider(turn: &mut Turn, id: AlertId) {
    let submerged = turn.state().event.alert(id).is_some_and(super::Alert::is_submerged);
    if submerged {
        let depths = &mut turn.soften().event.depths;
        depths.forget(id);
        depths.lifted.insert(id);
        turn.wake_at(turn.now(), Deadline::Surface);
    }
}

/// Looks at every submerged alert again: after a start, or under other rules.
pub(super) fn reconsider_all(turn: &mut Turn) {
    let alerts = turn.state().event.alerts();
    let waiting = alerts.filter(|(_, alert)| alert.is_submerged() && alert.is_firing());
    let lifted: BTreeSet<AlertId> = waiting.map(|(id, _)| id).collect();
    if !lifted.is_empty() {
        turn.soften().event.depths = Depths { lifted, ..Depths::default() };
        turn.wake_at(turn.now(), Deadline::Surface);
    }
}

/// Lets surface what nothing suppresses.
pub(super) fn wake(turn: &mut Turn) {
    let lifted = std::mem::take(&mut turn.soften().event.depths.lifted);
    for id in lifted {
        let events = &turn.state().event;
        let waits = |alert: &super::Alert| alert.is_submerged() && alert.is_firing();
        if events.alert(id).is_none_or(|alert| !waits(alert)) {
            continue;
        }
        match suppress::cover(turn.state(), id) {
            Some(cover) => turn.soften().event.depths.sink(id, cover),
            None => turn.record(Fact::Surfaced { id }),
        }
    }
}
