//! What event management knows: alerts by number and identity, and the sources they come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fact::{ClearedBy, Correlation, Fact, Raised};
use super::message::{Ends, Event};
use crate::domain::table::{Page, Table, UnreadablePage};
use crate::domain::value::{
    AlertId, ConfigurationId, Fingerprint, LabelSet, Labels, Severity, SourceId, Symbol, Symbols,
    Timestamp,
};

/// Changes between firing and resolved that are remembered of one alert.
const TRANSITIONS_MAX: usize = 32;

/// What event management knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    // Boxed, because half of a map's slots are empty and an alert is large.
    alerts: Table<AlertId, Box<Alert>>,
    sources: Table<SourceId, Source>,
    /// The newest alert of each identity.
    by_key: BTreeMap<Fingerprint, AlertId>,
    source_names: BTreeMap<String, SourceId>,
    symbols: Symbols,
    /// The configurations that have been in force, by hash.
    configurations: Table<ConfigurationId, String>,
    grace_until: Timestamp,
}

/// The durable state of one condition.
#[derive(Debug, Clone)]
pub struct Alert {
    /// What makes it the same alert.
    pub key: Fingerprint,
    /// The source's own key, if it has one.
    pub source_key: Box<str>,
    /// Who said so.
    pub source: SourceId,
    labels: LabelSet,
    /// What is said about it.
    pub annotations: Labels,
    url: Symbol,
    /// Hash of annotations and URL.
    pub content: u64,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it holds.
    pub phase: Phase,
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
    correlation: Option<Symbol>,
    /// When it changed between firing and resolved, oldest first, not counting its birth.
    pub transitions: Vec<Timestamp>,
    /// Whether it comes and goes too often to speak of each time.
    pub flapping: bool,
    /// Whether its lease ran out while its source was silent.
    pub stale: bool,
    /// The alert of the same identity before it.
    pub previous: Option<AlertId>,
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

/// A source of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its name in the configuration.
    pub name: String,
    /// Whether its dead-man switch has gone off.
    pub silent: bool,
    /// When it was last heard. Soft.
    #[serde(skip)]
    pub heard_at: Option<Timestamp>,
    /// Since when it has been heard without a gap. Soft.
    #[serde(skip)]
    pub alive_since: Option<Timestamp>,
    /// When it last proved to be alive, for its dead-man switch. Soft.
    #[serde(skip)]
    pub proof_at: Option<Timestamp>,
}

impl State {
    /// Every alert, oldest first.
    pub fn alerts(&self) -> impl DoubleEndedIterator<Item = (AlertId, &Alert)> {
        self.alerts.iter().map(|(id, alert)| (id, &**alert))
    }

    /// Alerts from a number on, so that a reader of many can come back for the rest.
    pub fn alerts_from(&self, id: AlertId) -> impl DoubleEndedIterator<Item = (AlertId, &Alert)> {
        self.alerts.from(id).map(|(id, alert)| (id, &**alert))
    }

    /// How many alerts are in memory.
    pub fn len(&self) -> usize {
        self.alerts.len()
    }

    /// Tells whether no alert is in memory.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }

    /// Looks an alert up.
    pub fn alert(&self, id: AlertId) -> Option<&Alert> {
        self.alerts.get(id).map(|alert| &**alert)
    }

    /// The newest alert of an identity.
    pub fn by_key(&self, key: Fingerprint) -> Option<(AlertId, &Alert)> {
        let id = *self.by_key.get(&key)?;
        Some((id, self.alerts.expect(id)))
    }

    /// The labels of an alert, after the rules.
    pub fn labels(&self, alert: &Alert) -> Labels {
        self.symbols.resolve(&alert.labels)
    }

    /// The value of one label of an alert; the empty text if it has none of that name.
    pub fn label<'a>(&'a self, alert: &'a Alert, name: &str) -> &'a str {
        self.symbols.get(&alert.labels, name)
    }

    /// Where the source shows the alert; may be empty.
    pub fn url(&self, alert: &Alert) -> &str {
        self.symbols.one(alert.url).1
    }

    /// Which incident the alert belongs to, by rule and key.
    pub fn correlation(&self, alert: &Alert) -> Option<Correlation> {
        let (rule, key) = self.symbols.one(alert.correlation?);
        Some(Correlation { rule: rule.to_owned(), key: key.to_owned() })
    }

    /// Every source.
    pub fn sources(&self) -> impl DoubleEndedIterator<Item = (SourceId, &Source)> {
        self.sources.iter()
    }

    /// Looks a source up.
    pub fn source(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id)
    }

    /// The source of a name.
    pub fn source_named(&self, name: &str) -> Option<SourceId> {
        self.source_names.get(name).copied()
    }

    /// The hash of the configuration in force; nothing before the first start.
    pub fn configuration(&self) -> Option<&str> {
        self.configurations.iter().next_back().map(|(_, hash)| hash.as_str())
    }

    /// The number of the next new configuration.
    pub(crate) fn next_configuration(&self) -> ConfigurationId {
        self.configurations.next_id()
    }

    /// The number of the next new alert.
    pub(crate) fn next_alert(&self) -> AlertId {
        self.alerts.next_id()
    }

    /// The number of the next new source.
    pub(crate) fn next_source(&self) -> SourceId {
        self.sources.next_id()
    }

    /// Before this no lease counts: after a start the sources must first have had time to speak.
    pub fn grace_until(&self) -> Timestamp {
        self.grace_until
    }

    /// An alert's soft marks: a restart may forget what is changed here.
    pub(crate) fn soften_alert(&mut self, id: AlertId) -> &mut Alert {
        self.alerts.soften_mut(id)
    }

    /// A source's soft marks.
    pub(crate) fn soften_source(&mut self, id: SourceId) -> &mut Source {
        self.sources.soften_mut(id)
    }

    pub(crate) fn fold(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::Started { grace_until } | Fact::Overslept { grace_until } => {
                self.grace_until = *grace_until;
            }
            Fact::Configured { id, hash } => {
                self.configurations.insert(*id, hash.clone());
            }
            Fact::SourceKnown { id, name } => {
                let source = Source {
                    name: name.clone(),
                    silent: false,
                    heard_at: None,
                    alive_since: None,
                    proof_at: None,
                };
                self.sources.insert(*id, source);
                self.source_names.insert(name.clone(), *id);
            }
            Fact::SourceSilent { id } => self.sources.expect_mut(*id).silent = true,
            Fact::SourceHeard { id } => self.sources.expect_mut(*id).silent = false,
            Fact::Raised(raised) => self.fold_raised(at, raised),
            Fact::Refired { id, starts_at, ends, annotations, url } => {
                self.fold_content(*id, annotations, url);
                let alert = self.alerts.expect_mut(*id);
                alert.phase = Phase::Firing;
                alert.starts_at = *starts_at;
                alert.ends = *ends;
                alert.updated_at = at;
                alert.count = alert.count.saturating_add(1);
                remember(&mut alert.transitions, at);
            }
            Fact::Changed { id, labels, annotations, url, severity } => {
                self.fold_content(*id, annotations, url);
                let interned = self.symbols.intern(labels);
                let alert = self.alerts.expect_mut(*id);
                let before = std::mem::replace(&mut alert.labels, interned);
                alert.severity = *severity;
                alert.updated_at = at;
                self.symbols.release(&before);
            }
            Fact::Cleared { id, at: ended, by } => {
                let alert = self.alerts.expect_mut(*id);
                assert_eq!(alert.phase, Phase::Firing, "only what fires can clear");
                alert.phase = Phase::Resolved { at: *ended, noted: at, by: *by };
                alert.stale = false;
                remember(&mut alert.transitions, at);
            }
            Fact::Staled { id } => self.alerts.expect_mut(*id).stale = true,
            Fact::Returned { id } => self.alerts.expect_mut(*id).stale = false,
            Fact::FlapStarted { id } => self.alerts.expect_mut(*id).flapping = true,
            Fact::FlapEnded { id } => self.alerts.expect_mut(*id).flapping = false,
            Fact::Forgotten { id } => self.fold_forgotten(*id),
        }
    }

    fn fold_raised(&mut self, at: Timestamp, raised: &Raised) {
        let labels = if raised.set.is_empty() {
            self.symbols.intern(&raised.labels)
        } else {
            self.symbols.intern(&raised.labels.with(raised.set.iter()))
        };
        let correlation = raised.correlation.as_ref();
        let alert = Alert {
            key: raised.key,
            source_key: raised.source_key.clone(),
            source: raised.source,
            labels,
            annotations: raised.annotations.clone(),
            url: self.symbols.intern_one("", &raised.url),
            content: Event::content(&raised.annotations, &raised.url),
            severity: raised.severity,
            phase: Phase::Firing,
            raised_at: at,
            starts_at: raised.starts_at,
            updated_at: at,
            ends: raised.ends,
            count: 1,
            correlation: correlation.map(|c| self.symbols.intern_one(&c.rule, &c.key)),
            transitions: Vec::new(),
            flapping: false,
            stale: false,
            previous: raised.previous,
        };
        self.by_key.insert(raised.key, raised.id);
        self.alerts.insert(raised.id, Box::new(alert));
    }

    fn fold_content(&mut self, id: AlertId, annotations: &Labels, url: &str) {
        let interned = self.symbols.intern_one("", url);
        let alert = self.alerts.expect_mut(id);
        let before = std::mem::replace(&mut alert.url, interned);
        alert.annotations = annotations.clone();
        alert.content = Event::content(annotations, url);
        self.symbols.release_one(before);
    }

    fn fold_forgotten(&mut self, id: AlertId) {
        let alert = self.alerts.remove(id).expect("an alert is forgotten once");
        self.symbols.release(&alert.labels);
        self.symbols.release_one(alert.url);
        if let Some(correlation) = alert.correlation {
            self.symbols.release_one(correlation);
        }
        if self.by_key.get(&alert.key) == Some(&id) {
            self.by_key.remove(&alert.key);
        }
    }

    pub(crate) fn take_pages(&mut self) -> Vec<Page> {
        let symbols = &self.symbols;
        let mut pages =
            self.alerts.take_pages(("event", "alerts"), |alert| StoredAlert::of(symbols, alert));
        pages.extend(self.sources.take_pages(("event", "sources"), Clone::clone));
        let configurations = ("event", "configurations");
        pages.extend(self.configurations.take_pages(configurations, Clone::clone));
        pages
    }

    pub(crate) fn load_page(
        &mut self,
        table: &str,
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        let name = ("event", table);
        match table {
            "alerts" => {
                let symbols = &mut self.symbols;
                let read = |stored: StoredAlert| Box::new(stored.read(symbols));
                self.alerts.load_page(name, number, records, read)
            }
            "sources" => self.sources.load_page(name, number, records, |source| source),
            "configurations" => self.configurations.load_page(name, number, records, |hash| hash),
            _ => Err(UnreadablePage::unknown("event", table, number)),
        }
    }

    pub(crate) fn rebuild(&mut self) {
        // Later numbers replace earlier ones: the newest alert of an identity counts.
        self.by_key = self.alerts.iter().map(|(id, alert)| (alert.key, id)).collect();
        self.source_names =
            self.sources.iter().map(|(id, source)| (source.name.clone(), id)).collect();
    }

    pub(crate) fn agenda(&self, add: &mut dyn FnMut(Timestamp, super::Deadline)) {
        for (id, alert) in self.alerts.iter() {
            match alert.phase {
                Phase::Firing => {
                    if let Some(at) = alert.ends.at() {
                        add(at, super::Deadline::Lease(id));
                    }
                }
                Phase::Resolved { noted, .. } => add(noted, super::Deadline::Forget(id)),
            }
            if alert.flapping {
                add(alert.last_transition(), super::Deadline::Flap(id));
            }
        }
    }
}

impl Alert {
    /// When it last changed between firing and resolved.
    pub fn last_transition(&self) -> Timestamp {
        self.transitions.last().copied().unwrap_or(self.raised_at)
    }

    /// Changes between firing and resolved since an instant, its birth among them.
    pub fn transitions_since(&self, since: Timestamp) -> usize {
        let born = usize::from(self.raised_at >= since);
        born + self.transitions.iter().filter(|at| **at >= since).count()
    }

    /// Tells whether it holds.
    pub fn is_firing(&self) -> bool {
        self.phase == Phase::Firing
    }
}

fn remember(transitions: &mut Vec<Timestamp>, at: Timestamp) {
    if transitions.len() == TRANSITIONS_MAX {
        transitions.remove(0);
    }
    transitions.push(at);
}

/// An alert as it stands on a page: with words in place of symbols.
#[derive(Debug, Serialize, Deserialize)]
struct StoredAlert {
    key: Fingerprint,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    source_key: Box<str>,
    source: SourceId,
    labels: Labels,
    annotations: Labels,
    url: Box<str>,
    severity: Severity,
    phase: Phase,
    raised_at: Timestamp,
    starts_at: Timestamp,
    updated_at: Timestamp,
    ends: Ends,
    count: u32,
    correlation: Option<Correlation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transitions: Vec<Timestamp>,
    #[serde(default)]
    flapping: bool,
    #[serde(default)]
    stale: bool,
    previous: Option<AlertId>,
}

impl StoredAlert {
    fn of(symbols: &Symbols, alert: &Alert) -> Self {
        let pair = alert.correlation.map(|symbol| symbols.one(symbol));
        Self {
            key: alert.key,
            source_key: alert.source_key.clone(),
            source: alert.source,
            labels: symbols.resolve(&alert.labels),
            annotations: alert.annotations.clone(),
            url: symbols.one(alert.url).1.into(),
            severity: alert.severity,
            phase: alert.phase,
            raised_at: alert.raised_at,
            starts_at: alert.starts_at,
            updated_at: alert.updated_at,
            ends: alert.ends,
            count: alert.count,
            correlation: pair
                .map(|(rule, key)| Correlation { rule: rule.to_owned(), key: key.to_owned() }),
            transitions: alert.transitions.clone(),
            flapping: alert.flapping,
            stale: alert.stale,
            previous: alert.previous,
        }
    }

    fn read(self, symbols: &mut Symbols) -> Alert {
        Alert {
            key: self.key,
            source_key: self.source_key,
            source: self.source,
            labels: symbols.intern(&self.labels),
            content: Event::content(&self.annotations, &self.url),
            annotations: self.annotations,
            url: symbols.intern_one("", &self.url),
            severity: self.severity,
            phase: self.phase,
            raised_at: self.raised_at,
            starts_at: self.starts_at,
            updated_at: self.updated_at,
            ends: self.ends,
            count: self.count,
            correlation: self.correlation.map(|c| symbols.intern_one(&c.rule, &c.key)),
            transitions: self.transitions,
            flapping: self.flapping,
            stale: self.stale,
            previous: self.previous,
        }
    }
}
