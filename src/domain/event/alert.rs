//! An alert: how it is kept in memory, and how it stands on a page.

use serde::{Deserialize, Serialize};

use super::fact::{ClearedBy, Correlation, Raised};
use super::message::{Ends, Event};
use crate::domain::value::{
    AlertId, Bodies, Body, Fingerprint, Labels, Severity, Short, SourceId, Symbol, Timestamp,
};

/// Changes between firing and resolved that are remembered of one alert.
const TRANSITIONS_MAX: usize = 32;

/// The durable state of one condition. Its fields are packed, because a million of them add up.
#[derive(Debug, Clone)]
pub struct Alert {
    /// What makes it the same alert.
    pub key: Fingerprint,
    pub(super) source: Short,
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
    /// The instant in [`Alert::ends`]. Soft.
    ends_at: Timestamp,
    /// How many events spoke of it. Soft.
    pub count: u32,
    /// The rule of its correlation, and the pattern of the key, which stands aside in the body: it
    /// mostly is made of labels.
    pub(super) correlation: Option<Symbol>,
    /// What most alerts do not have.
    pub(super) rare: Option<Box<Rare>>,
    /// What holds of it, each a [`Mark`].
    marks: u8,
}

/// What may hold of an alert, each a bit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mark {
    /// What makes it the same alert is the fingerprint of its labels.
    Plain = 1,
    /// It comes and goes too often to speak of each time.
    Flapping = 1 << 1,
    /// Its lease ran out while its source was silent.
    Stale = 1 << 2,
    /// It makes no incident, because it was suppressed when it began to fire.
    Submerged = 1 << 3,
    /// Its end is [`Ends::Timeout`].
    Timeout = 1 << 4,
    /// Its end is [`Ends::Never`].
    Never = 1 << 5,
    /// Its source wants nobody to be told of it.
    Muted = 1 << 6,
    /// Somebody looks after it, by the word of its source.
    Acknowledged = 1 << 7,
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
    /// An alert that has just been raised, with these labels after the rules.
    pub(super) fn raised(
        bodies: &mut Bodies,
        at: Timestamp,
        raised: &Raised,
        labels: &Labels,
    ) -> Self {
        let rare = Rare {
            source_key: raised.source_key.clone(),
            previous: raised.previous,
            transitions: Vec::new(),
            end: None,
        };
        let aside = raised.correlation.as_ref().map(Correlation::text);
        let (body, correlation) = bodies.put_with(labels, raised.annotations.iter(), aside);
        let mut alert = Self {
            key: raised.key,
            source: Short::of(raised.source),
            body,
            url: bodies.bare(&raised.url),
            content: Event::content(&raised.annotations, &raised.url),
            severity: raised.severity,
            raised_at: at,
            starts_at: raised.starts_at,
            updated_at: at,
            ends_at: Timestamp::default(),
            count: 1,
            correlation,
            rare: (rare != Rare::default()).then(|| Box::new(rare)),
            marks: 0,
        };
        alert.set_ends(raised.ends);
        let plain = raised.plain.known() == Some(&true) || labels.fingerprint() == raised.key;
        alert.mark(Mark::Plain, plain);
        alert
    }

    /// Who said so.
    pub fn source(&self) -> SourceId {
        self.source.id()
    }

    /// Until when the source's word counts. Soft.
    pub fn ends(&self) -> Ends {
        if self.has(Mark::Never) {
            Ends::Never
        } else if self.has(Mark::Timeout) {
            Ends::Timeout(self.ends_at)
        } else {
            Ends::At(self.ends_at)
        }
    }

    pub(super) fn set_ends(&mut self, ends: Ends) {
        self.mark(Mark::Never, ends == Ends::Never);
        self.mark(Mark::Timeout, matches!(ends, Ends::Timeout(_)));
        self.ends_at = ends.at().unwrap_or_default();
    }

    /// Whether it comes and goes too often to speak of each time.
    pub fn is_flapping(&self) -> bool {
        self.has(Mark::Flapping)
    }

    /// Whether its lease ran out while its source was silent.
    pub fn is_stale(&self) -> bool {
        self.has(Mark::Stale)
    }

    /// Whether it makes no incident, because it was suppressed when it began to fire.
    pub fn is_submerged(&self) -> bool {
        self.has(Mark::Submerged)
    }

    /// Whether its source wants nobody to be told of it: a downtime, a mute.
    pub fn is_muted(&self) -> bool {
        self.has(Mark::Muted)
    }

    /// Whether somebody looks after it, by the word of its source.
    pub fn is_acknowledged(&self) -> bool {
        self.has(Mark::Acknowledged)
    }

    /// Whether what makes it the same alert is the fingerprint of its labels.
    pub(super) fn is_plain(&self) -> bool {
        self.has(Mark::Plain)
    }

    fn has(&self, mark: Mark) -> bool {
        self.marks & mark as u8 != 0
    }

    pub(super) fn mark(&mut self, mark: Mark, holds: bool) {
        self.marks = if holds { self.marks | mark as u8 } else { self.marks & !(mark as u8) };
    }

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
#[expect(clippy::struct_excessive_bools, reason = "each is a mark, by its name")]
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    muted: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    acknowledged: bool,
}

impl StoredAlert {
    pub(super) fn of(bodies: &Bodies, alert: &Alert) -> Self {
        Self {
            key: alert.key,
            source: alert.source(),
            labels: Labels::new(bodies.labels(alert.body)),
            annotations: annotations(bodies, alert),
            url: bodies.symbols.pair(alert.url).1.into(),
            severity: alert.severity,
            raised_at: alert.raised_at,
            starts_at: alert.starts_at,
            updated_at: alert.updated_at,
            ends: alert.ends(),
            count: alert.count,
            correlation: correlation(bodies, alert),
            rare: alert.rare.clone(),
            flapping: alert.is_flapping(),
            stale: alert.is_stale(),
            submerged: alert.is_submerged(),
            muted: alert.is_muted(),
            acknowledged: alert.is_acknowledged(),
        }
    }

    pub(super) fn read(self, bodies: &mut Bodies) -> Alert {
        let aside = self.correlation.as_ref().map(Correlation::text);
        let (body, correlation) = bodies.put_with(&self.labels, self.annotations.iter(), aside);
        let mut alert = Alert {
            key: self.key,
            source: Short::of(self.source),
            body,
            content: Event::content(&self.annotations, &self.url),
            url: bodies.bare(&self.url),
            severity: self.severity,
            raised_at: self.raised_at,
            starts_at: self.starts_at,
            updated_at: self.updated_at,
            ends_at: Timestamp::default(),
            count: self.count,
            correlation,
            rare: self.rare,
            marks: 0,
        };
        alert.set_ends(self.ends);
        alert.mark(Mark::Plain, self.labels.fingerprint() == self.key);
        alert.mark(Mark::Flapping, self.flapping);
        alert.mark(Mark::Stale, self.stale);
        alert.mark(Mark::Submerged, self.submerged);
        alert.mark(Mark::Muted, self.muted);
        alert.mark(Mark::Acknowledged, self.acknowledged);
        alert
    }
}

/// Which incident an alert belongs to, by rule and key.
pub(super) fn correlation(bodies: &Bodies, alert: &Alert) -> Option<Correlation> {
    let symbol = alert.correlation?;
    let rule = bodies.symbols.raw(symbol).0.to_owned();
    Some(Correlation { rule, key: bodies.aside(alert.body, symbol) })
}

/// What is said about an alert.
pub(super) fn annotations(bodies: &Bodies, alert: &Alert) -> Labels {
    Labels::new(bodies.said(alert.body))
}

#[cfg(test)]
mod tests {
    use super::super::fact::Fact;
    use super::super::state::State;
    use super::*;

    fn alert(ends: Ends) -> StoredAlert {
        let stored = serde_json::json!({
            "key": 7, "source": 3, "labels": {"a": "1"}, "annotations": {}, "url": "",
            "severity": "warning", "raised_at": 1, "starts_at": 2, "updated_at": 3, "ends": ends,
            "count": 4, "correlation": null,
        });
        serde_json::from_value(stored).unwrap()
    }

    #[test]
    fn an_alert_keeps_its_correlation_when_it_says_more_and_gives_all_back_when_it_is_forgotten() {
        let labels = serde_json::json!({"alertname": "Disk", "host": "db-1"});
        let key = r#"{alertname="Disk", host="db-1"}"#;
        let fact = |fact: serde_json::Value| serde_json::from_value::<Fact>(fact).unwrap();
        let raised = fact(serde_json::json!({"raised": {
            "id": 1, "key": 7, "source": 3, "labels": labels, "annotations": {"summary": "full"},
            "starts_at": 1, "ends": Ends::Never, "severity": "warning",
            "correlation": {"rule": "", "key": key},
        }}));
        let changed = fact(serde_json::json!({"changed": {
            "id": 1, "labels": labels, "annotations": {"summary": "93% full", "more": "of db-1"},
            "url": "https://here.example.org", "severity": "critical",
        }}));
        let mut state = State::default();
        for fact in [&raised, &changed, &changed] {
            state.fold(Timestamp(5), fact);
            let known = state.correlation(state.alert(AlertId(1)).unwrap()).unwrap();
            assert_eq!((&*known.rule, &*known.key), ("", key));
        }
        state.fold(Timestamp(6), &fact(serde_json::json!({"forgotten": {"id": 1}})));
        assert!(state.symbols().is_empty());
    }

    #[test]
    fn an_alert_is_small() {
        assert_eq!(size_of::<Option<Alert>>(), 88);
    }

    #[test]
    fn every_end_comes_back_from_a_page() {
        let mut bodies = Bodies::default();
        for ends in [Ends::At(Timestamp(-1)), Ends::Timeout(Timestamp(i64::MAX)), Ends::Never] {
            let mut alert = alert(ends).read(&mut bodies);
            assert_eq!((alert.ends(), alert.source()), (ends, SourceId(3)));
            for other in [Ends::Never, Ends::Timeout(Timestamp(5)), Ends::At(Timestamp(6)), ends] {
                alert.set_ends(other);
                assert_eq!(alert.ends(), other);
            }
            let stored = serde_json::to_value(StoredAlert::of(&bodies, &alert)).unwrap();
            assert_eq!(stored["ends"], serde_json::to_value(ends).unwrap());
        }
    }

    #[test]
    fn marks_stand_for_themselves() {
        let mut alert = alert(Ends::Never).read(&mut Bodies::default());
        let shown = |alert: &Alert| {
            (alert.is_flapping(), alert.is_stale(), alert.is_submerged(), alert.is_plain())
        };
        assert_eq!(shown(&alert), (false, false, false, false));
        alert.mark(Mark::Flapping, true);
        alert.mark(Mark::Submerged, true);
        assert_eq!(shown(&alert), (true, false, true, false));
        alert.mark(Mark::Flapping, false);
        alert.mark(Mark::Stale, true);
        assert_eq!(shown(&alert), (false, true, true, false));
        assert!(!alert.is_muted() && !alert.is_acknowledged());
        alert.mark(Mark::Acknowledged, true);
        assert!(!alert.is_muted() && alert.is_acknowledged());
        assert_eq!(alert.ends(), Ends::Never);
    }
}
