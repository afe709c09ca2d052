//! How a group's alerts stand: which people are to hear of, which are kept from them, which ended.

use std::collections::BTreeSet;

use super::group::route;
use super::interval;
use super::route::Route;
use super::state::{Group, Told};
use crate::domain::Turn;
use crate::domain::event::{Alert, Suppressed, Suppressor, suppress};
use crate::domain::value::{AlertId, Fingerprint};

/// The alerts of a group at a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Stand {
    /// Those that fire and of which people are to hear.
    pub(super) firing: BTreeSet<Fingerprint>,
    /// Those that fire and are kept from people, and the untold.
    pub(super) held: BTreeSet<Fingerprint>,
    /// Those that have ended.
    pub(super) ended: BTreeSet<Fingerprint>,
    /// Those that have ended while they were suppressed, where that is not to be told.
    pub(super) untold: Vec<Fingerprint>,
    /// Whether ends are told even of what is suppressed.
    pub(super) tells_ends: bool,
    /// What mutes the group's route.
    pub(super) muted: Option<Suppressor>,
    /// The alerts of `held` by what keeps them from people.
    pub(super) counts: Suppressed,
}

impl Stand {
    /// Looks at every alert of a group.
    pub(super) fn of(turn: &Turn, group: &Group) -> Self {
        let muted = muted(turn, group);
        let tells_ends = turn.settings().send_resolved_when_suppressed;
        let mut stand = Self { tells_ends, muted, ..Self::default() };
        for (key, id) in group.alerts() {
            let alert = turn.state().event.alert(id);
            let firing = alert.is_some_and(Alert::is_firing);
            if !firing && tells_ends {
                stand.ended.insert(key);
                continue;
            }
            match alert.and_then(|alert| kept_by(turn, alert, muted)) {
                None if firing => {
                    stand.firing.insert(key);
                }
                None => {
                    stand.ended.insert(key);
                }
                Some(by) => {
                    stand.counts.count(by, 1);
                    stand.held.insert(key);
                    if !firing {
                        stand.untold.push(key);
                    }
                }
            }
        }
        stand
    }

    /// The alerts that are kept from people and that a receiver believes to fire, as it was told
    /// of them before.
    pub(super) fn believed<'a>(
        &'a self,
        told: Option<&'a Told>,
    ) -> impl Iterator<Item = Fingerprint> + 'a {
        let told = told.filter(|_| self.tells_ends);
        let both =
            told.map(|told| told.firing.keys().filter(|key| self.held.contains(key)).copied());
        both.into_iter().flatten()
    }
}

/// Tells whether anything could keep this group's alerts from people.
pub(super) fn can_be_held(turn: &Turn, group: &Group) -> bool {
    let timed = |route: &Route| {
        !route.mute_time_intervals.is_empty() || !route.active_time_intervals.is_empty()
    };
    let has_intervals = !turn.settings().intervals.is_empty();
    !suppress::nothing_can(turn.state())
        || (has_intervals && route(turn.settings(), group).is_some_and(timed))
}

/// Tells whether an alert fires.
pub(super) fn is_firing(turn: &Turn, id: AlertId) -> bool {
    turn.state().event.alert(id).is_some_and(Alert::is_firing)
}

fn muted(turn: &Turn, group: &Group) -> Option<Suppressor> {
    let settings = turn.settings();
    if settings.intervals.is_empty() {
        return None;
    }
    interval::mute(settings, route(settings, group)?, turn.now()).map(|mute| mute.by)
}

/// What keeps an alert from people, in Alertmanager's order: inhibition, time, silence.
fn kept_by(turn: &Turn, alert: &Alert, muted: Option<Suppressor>) -> Option<Suppressor> {
    match suppress::suppressor(turn.state(), alert) {
        Some(Suppressor::Inhibition) => Some(Suppressor::Inhibition),
        other => muted.or(other),
    }
}
