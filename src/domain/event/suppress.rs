//! Suppression: whether people are kept from hearing of an alert, and by what.

use std::collections::BTreeSet;

use super::alert::Alert;
use crate::domain::State;
use crate::domain::value::{AlertId, Fingerprint, Labels, SilenceId};

/// Alerts that are named as inhibiting another; more than that nobody reads.
const INHIBITORS_MAX: usize = 64;

/// What can keep people from hearing of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suppressor {
    /// A silence that somebody made.
    Silence,
    /// Another alert that fires.
    Inhibition,
    /// One of the route's `mute_time_intervals`.
    MuteTimeInterval,
    /// None of the route's `active_time_intervals`.
    ActiveTimeInterval,
}

/// Alerts that people were not told of at a tick, counted by what kept them from it: the first of
/// inhibition, time and silence, as in Alertmanager.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Suppressed {
    /// By [`Suppressor::Silence`].
    pub silence: u64,
    /// By [`Suppressor::Inhibition`].
    pub inhibition: u64,
    /// By [`Suppressor::MuteTimeInterval`].
    pub mute_time_interval: u64,
    /// By [`Suppressor::ActiveTimeInterval`].
    pub active_time_interval: u64,
}

/// All that suppresses one alert.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suppression {
    /// The silences that hold for it, lowest number first.
    pub silenced_by: Vec<SilenceId>,
    /// The alerts that inhibit it, by the fingerprints of their labels.
    pub inhibited_by: Vec<Fingerprint>,
}

impl Suppressor {
    /// Alertmanager's word for it, in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Inhibition => "inhibition",
            Self::MuteTimeInterval => "mute_time_interval",
            Self::ActiveTimeInterval => "active_time_interval",
        }
    }
}

impl Suppressed {
    /// Every suppressor with its count.
    pub fn counts(self) -> [(Suppressor, u64); 4] {
        [
            (Suppressor::Silence, self.silence),
            (Suppressor::Inhibition, self.inhibition),
            (Suppressor::MuteTimeInterval, self.mute_time_interval),
            (Suppressor::ActiveTimeInterval, self.active_time_interval),
        ]
    }

    /// Counts alerts.
    pub fn count(&mut self, by: Suppressor, alerts: u64) {
        let counter = match by {
            Suppressor::Silence => &mut self.silence,
            Suppressor::Inhibition => &mut self.inhibition,
            Suppressor::MuteTimeInterval => &mut self.mute_time_interval,
            Suppressor::ActiveTimeInterval => &mut self.active_time_interval,
        };
        *counter += alerts;
    }
}

impl Suppression {
    /// Tells whether anything suppresses the alert.
    pub fn is_suppressed(&self) -> bool {
        !self.silenced_by.is_empty() || !self.inhibited_by.is_empty()
    }
}

/// All that suppresses an alert, whether it fires or not.
pub fn suppression(state: &State, alert: &Alert) -> Suppression {
    if nothing_can(state) {
        return Suppression::default();
    }
    let events = &state.event;
    let labels = events.labels(alert);
    let inhibitors: BTreeSet<AlertId> =
        events.inhibitors_of(&labels).take(INHIBITORS_MAX).collect();
    let known = inhibitors.into_iter().filter_map(|id| events.alert(id));
    Suppression {
        silenced_by: state.silence.silencing(&labels),
        inhibited_by: known.map(|alert| events.fingerprint(alert)).collect(),
    }
}

/// What suppresses an alert first: the answer to most questions, for less than [`suppression`].
pub fn suppressor(state: &State, alert: &Alert) -> Option<Suppressor> {
    if nothing_can(state) {
        return None;
    }
    let labels = state.event.labels(alert);
    cover(state, &labels).map(|cover| match cover {
        Cover::Alert(_) => Suppressor::Inhibition,
        Cover::Silence(_) => Suppressor::Silence,
    })
}

/// Tells whether there is neither a rule nor an active silence by which an alert could be suppressed.
pub fn nothing_can(state: &State) -> bool {
    state.event.inhibits_nothing() && state.silence.active().next().is_none()
}

/// One thing that suppresses an alert, of perhaps several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cover {
    /// An alert that inhibits it.
    Alert(AlertId),
    /// A silence that holds for it.
    Silence(SilenceId),
}

/// The first thing that suppresses what has these labels.
pub(super) fn cover(state: &State, labels: &Labels) -> Option<Cover> {
    let inhibitor = state.event.inhibitors_of(labels).next().map(Cover::Alert);
    inhibitor.or_else(|| state.silence.first_silencing(labels).map(Cover::Silence))
}
