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
    /// The alert's source: somebody muted it there, or takes its host down.
    Source,
}

/// Alerts that people were not told of at a tick, counted by what kept them from it: the first of
/// inhibition, time and silence, as in Alertmanager, and then their source.
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
    /// By [`Suppressor::Source`].
    pub source: u64,
}

/// All that suppresses one alert.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suppression {
    /// The silences that hold for it, lowest number first.
    pub silenced_by: Vec<SilenceId>,
    /// The alerts that inhibit it, by the fingerprints of their labels.
    pub inhibited_by: Vec<Fingerprint>,
    /// Its source wants nobody to be told of it.
    pub by_source: bool,
}

impl Suppressor {
    /// Alertmanager's word for it, in metrics, where it has one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Inhibition => "inhibition",
            Self::MuteTimeInterval => "mute_time_interval",
            Self::ActiveTimeInterval => "active_time_interval",
            Self::Source => "source",
        }
    }
}

impl Suppressed {
    /// Every suppressor with its count.
    pub fn counts(self) -> [(Suppressor, u64); 5] {
        [
            (Suppressor::Silence, self.silence),
            (Suppressor::Inhibition, self.inhibition),
            (Suppressor::MuteTimeInterval, self.mute_time_interval),
            (Suppressor::ActiveTimeInterval, self.active_time_interval),
            (Suppressor::Source, self.source),
        ]
    }

    /// Counts alerts.
    pub fn count(&mut self, by: Suppressor, alerts: u64) {
        let counter = match by {
            Suppressor::Silence => &mut self.silence,
            Suppressor::Inhibition => &mut self.inhibition,
            Suppressor::MuteTimeInterval => &mut self.mute_time_interval,
            Suppressor::ActiveTimeInterval => &mut self.active_time_interval,
            Suppressor::Source => &mut self.source,
        };
        *counter += alerts;
    }
}

impl Suppression {
    /// Tells whether anything suppresses the alert.
    pub fn is_suppressed(&self) -> bool {
        !self.silenced_by.is_empty() || !self.inhibited_by.is_empty() || self.by_source
    }
}

/// All that suppresses an alert, whether it fires or not.
pub fn suppression(state: &State, alert: &Alert) -> Suppression {
    let by_source = alert.is_muted();
    if rules_cannot(state) {
        return Suppression { by_source, ..Suppression::default() };
    }
    let events = &state.event;
    let labels = events.labels(alert);
    let inhibitors: BTreeSet<AlertId> =
        events.inhibitors_of(&labels).take(INHIBITORS_MAX).collect();
    let known = inhibitors.into_iter().filter_map(|id| events.alert(id));
    Suppression {
        silenced_by: state.silence.silencing(&labels),
        inhibited_by: known.map(|alert| events.fingerprint(alert)).collect(),
        by_source,
    }
}

/// What suppresses an alert first: the answer to most questions, for less than [`suppression`].
pub fn suppressor(state: &State, alert: &Alert) -> Option<Suppressor> {
    let by_source = alert.is_muted().then_some(Suppressor::Source);
    if rules_cannot(state) {
        return by_source;
    }
    let cover = cover_of(state, &state.event.labels(alert));
    let by_rule = cover.map(|cover| match cover {
        Cover::Alert(_) => Suppressor::Inhibition,
        Cover::Silence(_) => Suppressor::Silence,
        Cover::Source(_) => Suppressor::Source,
    });
    by_rule.or(by_source)
}

/// Tells whether there is no rule, no active silence and no word of a source by which an alert could
/// be suppressed.
pub fn nothing_can(state: &State) -> bool {
    state.event.mutes_nothing() && rules_cannot(state)
}

fn rules_cannot(state: &State) -> bool {
    state.event.inhibits_nothing() && state.silence.active().next().is_none()
}

/// One thing that suppresses an alert, of perhaps several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cover {
    /// An alert that inhibits it.
    Alert(AlertId),
    /// A silence that holds for it.
    Silence(SilenceId),
    /// The word of its own source.
    Source(AlertId),
}

/// The first thing that suppresses an alert.
pub(super) fn cover(state: &State, id: AlertId) -> Option<Cover> {
    cover_with(state, id, &state.event.labels(state.event.alert(id)?))
}

/// As [`cover`], where the alert's labels are at hand.
pub(super) fn cover_with(state: &State, id: AlertId, labels: &Labels) -> Option<Cover> {
    let muted = || state.event.alert(id).is_some_and(Alert::is_muted);
    cover_of(state, labels).or_else(|| muted().then_some(Cover::Source(id)))
}

/// The first thing that suppresses what has these labels, whatever its source says.
fn cover_of(state: &State, labels: &Labels) -> Option<Cover> {
    let inhibitor = state.event.inhibitors_of(labels).next().map(Cover::Alert);
    inhibitor.or_else(|| state.silence.first_silencing(labels).map(Cover::Silence))
}
