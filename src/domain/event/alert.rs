//! An alert: how it is kept in memory, and how it stands on a page.

use serde::{Deserialize, Serialize};

use super::body::{Bodies, Body, Part};
use super::fact::{ClearedBy, Correlation};
use super::message::{Ends, Event};
use crate::domain::value::{AlertId, Fingerprint, Labels, Severity, SourceId, Symbol, Timestamp};

/// Changes between firing and resolved that are remembered of one alert.
const TRANSITIONS_MAX: usize = 32;

/// The durable state of one condition.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "marks that each stand for themselves")]
pub struct Alert {
    /// What makes it the same alert.
    pub key: Fingerprint,
    /// Who said so.
    pub source: SourceId,
    pub(super) body: Body,
    pub(super) url: Symbol,
    /// Hash of annotations and URL.
    pub content: u64,
    /// How bad it is.
    pub severity: Severity,
    /// When it was raised here.
    pub raised_at: Timestamp,
    /// Since when it holds, by the source's clock.
    pub starts_at: Timestamp,
    /// When it was last heard of. Soft: re-sends move it without a fact.
    pub updated_at: Timestamp,
    /// Until when the source's word counts. Soft.
    pub ends: Ends,
    /// How many events spoke of it. Soft.
    pub count: u32,
    pub(super) correlation: Option<Symbol>,
    /// What most alerts do not have; boxed, because a million of them add up.
    pub(super) rare: Option<Box<Rare>>,
    /// Whether what makes it the same alert is the fingerprint of its labels.
    pub(super) plain: bool,
    /// Whether it comes and goes too often to speak of each time.
    pub flapping: bool,
    /// Whether its lease ran out while its source was silent.
    pub stale: bool,
    /// Whether it makes no incident, because it was suppressed when it began to fire.
    pub submerged: bool,
}

/// What most alerts do not have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Rare {
    /// The source's own key.
    pub(super) source_key: Box<str>,
    /// The alert of the same identity before it.
    pub(super) previous: Option<AlertId>,
    /// When it changed between firing and resolved, oldest first, not counting its birth.
    pub(super) transitions: Vec<Timestamp>,
    /// How it ended, if it has.
    pub(super) end: Option<End>,
}

/// How an alert ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) at: Timestamp,
    pub(super) noted: Timestamp,
    pub(super) by: ClearedBy,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It holds.
    Firing,
    /// It is over.
    Resolved {
        /// Since when, by the source's clock.
        at: Timestamp,
        /// When it became known here.
        noted: Timestamp,
        /// Whose word it is.
        by: ClearedBy,
    },
}

impl Alert {
    /// The source's own key; empty if it has none.
    pub fn source_key(&self) -> &str {
        self.rare.as_ref().map_or("", |rare| &rare.source_key)
    }

    /// The alert of the same identity before it.
    pub fn previous(&self) -> Option<AlertId> {
        self.rare.as_ref()?.previous
    }

    fn transitions(&self) -> &[Timestamp] {
        self.rare.as_ref().map_or(&[], |rare| &rare.transitions)
    }

    pub(super) fn remember(&mut self, at: Timestamp) {
        let transitions = &mut self.rare.get_or_insert_default().transitions;
        if transitions.len() == TRANSITIONS_MAX {
            transitions.remove(0);
        }
        transitions.push(at);
    }

    /// When it last changed between firing and resolved.
    pub fn last_transition(&self) -> Timestamp {
        self.transitions().last().copied().unwrap_or(self.raised_at)
    }

    /// Changes between firing and resolved since an instant, its birth among them.
    pub fn transitions_since(&self, since: Timestamp) -> usize {
        let born = usize::from(self.raised_at >= since);
        born + self.transitions().iter().filter(|at| **at >= since).count()
    }

    /// Whether it holds, and if not, since when and on whose word.
    pub fn phase(&self) -> Phase {
        match self.rare.as_ref().and_then(|rare| rare.end) {
            None => Phase::Firing,
            Some(End { at, noted, by }) => Phase::Resolved { at, noted, by },
        }
    }

    /// Tells whether it holds.
    pub fn is_firing(&self) -> bool {
        self.rare.as_ref().is_none_or(|rare| rare.end.is_none())
    }
}

/// An alert as it stands on a page: with words in place of symbols.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredAlert {
    key: Fingerprint,
    source: SourceId,
    labels: Labels,
    annotations: Labels,
    url: Box<str>,
    severity: Severity,
    raised_at: Timestamp,
    starts_at: Timestamp,
    updated_at: Timestamp,
    ends: Ends,
    count: u32,
    correlation: Option<Correlation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rare: Option<Box<Rare>>,
    #[serde(default)]
    flapping: bool,
    #[serde(default)]
    stale: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    submerged: bool,
}

impl StoredAlert {
    pub(super) fn of(bodies: &Bodies, alert: &Alert) -> Self {
        let pair = alert.correlation.map(|symbol| bodies.symbols.pair(symbol));
        Self {
            key: alert.key,
            source: alert.source,
            labels: Labels::new(bodies.labels(alert.body)),
            annotations: annotations(bodies, alert),
            url: bodies.symbols.pair(alert.url).1.into(),
            severity: alert.severity,
            raised_at: alert.raised_at,
            starts_at: alert.starts_at,
            updated_at: alert.updated_at,
            ends: alert.ends,
            count: alert.count,
            correlation: pair
                .map(|(rule, key)| Correlation { rule: rule.to_owned(), key: key.to_owned() }),
            rare: alert.rare.clone(),
            flapping: alert.flapping,
            stale: alert.stale,
            submerged: alert.submerged,
        }
    }

    pub(super) fn read(self, bodies: &mut Bodies) -> Alert {
        Alert {
            key: self.key,
            plain: self.labels.fingerprint() == self.key,
            source: self.source,
            body: bodies.put(&self.labels, &self.annotations),
            content: Event::content(&self.annotations, &self.url),
            url: bodies.symbols.intern("", &self.url),
            severity: self.severity,
            raised_at: self.raised_at,
            starts_at: self.starts_at,
            updated_at: self.updated_at,
            ends: self.ends,
            count: self.count,
            correlation: self.correlation.map(|c| bodies.symbols.intern(&c.rule, &c.key)),
            rare: self.rare,
            flapping: self.flapping,
            stale: self.stale,
            submerged: self.submerged,
        }
    }
}

/// What is said about an alert.
pub(super) fn annotations(bodies: &Bodies, alert: &Alert) -> Labels {
    let mut pairs: Vec<(&str, Vec<u8>)> = Vec::new();
    bodies.annotations(alert.body, |part| match part {
        Part::Name(name) => pairs.push((name, Vec::new())),
        Part::Value(piece) => {
            if let Some((_, value)) = pairs.last_mut() {
                value.extend(piece);
            }
        }
    });
    let text = |bytes| String::from_utf8(bytes).unwrap_or_default();
    Labels::new(pairs.into_iter().map(|(name, value)| (name, text(value))))
}
