//! One series of a poll that is, or lately was, not fine.

use super::flap::{Flapping, Turned};
use super::phase::{Level, Patience, Phase, Tell};
use super::rule::{PollRule, Reading, Seen};
use crate::domain::value::{Labels, Span, Timestamp};

/// What is remembered of a series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    /// The place of its rule.
    pub(super) rule: usize,
    /// The alert's labels, but for the severity.
    pub(super) labels: Labels,
    phase: Phase,
    flapping: Flapping,
}

impl Series {
    pub(super) fn new(rule: usize, labels: Labels) -> Self {
        Self { rule, labels, phase: Phase::Quiet, flapping: Flapping::default() }
    }

    /// A series whose alert fires.
    pub(super) fn firing(rule: usize, labels: Labels, since: Timestamp, level: Level) -> Self {
        Self { phase: Phase::Firing { since, level }, ..Self::new(rule, labels) }
    }

    /// How bad its alert is, if there is one.
    pub(super) fn level(&self) -> Option<Level> {
        match self.phase {
            Phase::Quiet | Phase::Pending { .. } => None,
            Phase::Firing { level, .. } | Phase::Clearing { level, .. } => Some(level),
        }
    }

    /// Tells whether there is nothing to remember.
    pub(super) fn is_quiet(&self) -> bool {
        self.phase == Phase::Quiet && self.flapping.is_quiet()
    }

    /// Takes note of a look. A series that is gone is fine.
    pub(super) fn step(
        &mut self,
        rule: &PollRule,
        reading: Option<&Reading>,
        now: Timestamp,
    ) -> Tell {
        let seen = match reading.map_or(Seen::Fine, |reading| reading.seen) {
            Seen::Unknown => return Tell::Nothing,
            Seen::Fine => None,
            Seen::Bad(level) => Some(level),
        };
        let turned = rule.flap.map_or(Turned::Nothing, |flap| self.flapping.see(seen, flap));
        let (level, wait) = if self.flapping.is_on() {
            // That it flaps has been seen for long enough.
            let wait = Patience { for_: Span::ZERO, ..rule.patience() };
            (self.flapping.worst(), wait)
        } else {
            (seen, rule.patience())
        };
        let (phase, tell) = self.phase.step(level, now, wait);
        self.phase = phase;
        match (turned, tell, phase) {
            // One notice when it begins and one when it ends, whatever else stays the same.
            (Turned::On | Turned::Off, Tell::Nothing, Phase::Firing { since, level }) => {
                Tell::Fires { since, level }
            }
            _ => tell,
        }
    }

    /// What the annotation `flapping` says; empty if it does not flap.
    pub(super) fn flapping(&self) -> String {
        if !self.flapping.is_on() {
            return String::new();
        }
        format!("{} % of the last looks saw a change", self.flapping.percent())
    }
}
