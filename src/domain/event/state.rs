//! What event management knows: alerts by number and identity, and the sources they come from.

mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use serde::{Deserialize, Serialize};

use super::alert::{Alert, End, Mark, annotations, correlation};
use super::arrival::{Arrivals, Stamp};
use super::fact::{Correlation, Fact, Raised};
use super::heartbeat::Expected;
use super::inhibit::Inhibitors;
use super::message::Event;
use super::remark::Saying;
use super::surface::Depths;
use super::trouble::Troubles;
use crate::domain::index::Numbers;
use crate::domain::table::Table;
use crate::domain::value::{
    AlertId, Bodies, ConfigurationId, Fingerprint, HeartbeatId, Labels, SourceId, Spread, Symbol,
    Symbols, Timestamp,
};

/// What event management knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    alerts: Table<AlertId, Alert>,
    sources: Table<SourceId, Source>,
    /// The newest alert of each identity.
    by_key: Numbers<AlertId>,
    source_names: BTreeMap<String, SourceId>,
    bodies: Bodies,
    /// The configurations that have been in force, by hash.
    configurations: Table<ConfigurationId, String>,
    heartbeats: Table<HeartbeatId, Expected>,
    heartbeat_names: BTreeMap<(SourceId, Box<str>), HeartbeatId>,
    /// The alerts of which their sources want nobody to be told.
    muted: BTreeSet<AlertId>,
    pub(super) arrivals: Arrivals,
    grace_until: Timestamp,
    /// When leases are looked at next. Soft.
    sweep_at: Option<Timestamp>,
    /// Which firing alerts inhibit others, by the rules in force.
    pub(super) inhibitors: Inhibitors,
    /// What submerged alerts wait for. Soft.
    pub(super) depths: Depths,
    /// What is turned away of sources. Soft.
    pub(super) troubles: Troubles,
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
        self.alerts.iter()
    }

    /// Alerts from a number on, so that a reader of many can come back for the rest.
    pub fn alerts_from(&self, id: AlertId) -> impl DoubleEndedIterator<Item = (AlertId, &Alert)> {
        self.alerts.from(id)
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
        self.alerts.get(id)
    }

    /// The newest alert of an identity.
    pub fn by_key(&self, key: Fingerprint) -> Option<(AlertId, &Alert)> {
        let id = self.newest(key)?;
        Some((id, self.alerts.expect(id)))
    }

    /// The number of the newest alert of an identity.
    pub fn newest(&self, key: Fingerprint) -> Option<AlertId> {
        // The identity is its own hash.
        self.by_key.find(key.0, |id| self.alerts.expect(id).key == key)
    }

    fn index(&mut self, key: Fingerprint, id: AlertId) {
        let alerts = &self.alerts;
        self.by_key.remove(key.0, |other| alerts.expect(other).key == key);
        self.by_key.add(key.0, id, |other| alerts.expect(other).key.0);
    }

    /// Looks many alerts up that will be asked for one by one. They stand anywhere in memory: a
    /// processor that is asked for all of them at once waits for most in the time of one.
    pub(super) fn look_ahead(&self, keys: &[Fingerprint]) {
        let firing = |key: &&Fingerprint| self.by_key(**key).is_some_and(|(_, it)| it.is_firing());
        black_box(keys.iter().filter(firing).count());
    }

    /// The labels of an alert, after the rules.
    pub fn labels(&self, alert: &Alert) -> Labels {
        Labels::pack_raw(self.bodies.raw_labels(alert.body))
    }

    /// The labels of an alert one by one, sorted by name.
    pub fn each_label(&self, alert: &Alert) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.bodies.labels(alert.body)
    }

    /// The labels of an alert as symbols: equal symbols are equal pairs.
    pub fn label_symbols(&self, alert: &Alert) -> impl ExactSizeIterator<Item = Symbol> + Clone {
        self.bodies.label_symbols(alert.body)
    }

    /// Tells whether a pair is among the labels of an alert.
    pub fn has_label(&self, alert: &Alert, pair: Symbol) -> bool {
        self.bodies.has_label(alert.body, pair)
    }

    /// The pairs that alerts are made of.
    pub fn symbols(&self) -> &Symbols {
        &self.bodies.symbols
    }

    /// The identity of an alert's labels, as Prometheus and Alertmanager compute it.
    pub fn fingerprint(&self, alert: &Alert) -> Fingerprint {
        if alert.is_plain() { alert.key } else { self.labels(alert).fingerprint() }
    }

    /// The value of one label of an alert; the empty text if it has none of that name.
    pub fn label<'a>(&'a self, alert: &'a Alert, name: &str) -> &'a str {
        let mut labels = self.bodies.raw_labels(alert.body);
        let value = labels.find(|(have, _)| *have == name).map(|(_, value)| value);
        value.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
    }

    /// What some alerts say, looked up together.
    pub fn spread<'a>(&self, alerts: impl Iterator<Item = &'a Alert>) -> Spread<'_> {
        self.bodies.spread(alerts.map(|alert| alert.body))
    }

    /// What is said about an alert.
    pub fn annotations(&self, alert: &Alert) -> Labels {
        annotations(&self.bodies, alert)
    }

    /// Where the source shows the alert, as the bytes of a text; may be empty.
    pub fn raw_url(&self, alert: &Alert) -> &[u8] {
        self.bodies.symbols.raw(alert.url).1
    }

    /// Where the source shows the alert; may be empty.
    pub fn url(&self, alert: &Alert) -> &str {
        self.bodies.symbols.pair(alert.url).1
    }

    /// Which incident the alert belongs to, by rule and key.
    pub fn correlation(&self, alert: &Alert) -> Option<Correlation> {
        correlation(&self.bodies, alert)
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

    /// Whether a source has made a delivery before.
    pub fn has_arrived(&self, source: &str, stamp: Stamp, now: Timestamp) -> bool {
        self.source_named(source).is_some_and(|source| self.arrivals.knows(source, stamp, now))
    }

    /// Every sign of life that is awaited.
    pub fn heartbeats(&self) -> impl DoubleEndedIterator<Item = (HeartbeatId, &Expected)> {
        self.heartbeats.iter()
    }

    /// Looks a sign of life up.
    pub fn heartbeat(&self, id: HeartbeatId) -> Option<&Expected> {
        self.heartbeats.get(id)
    }

    /// The sign of life of a name that comes through a source.
    pub fn heartbeat_named(&self, source: SourceId, name: &str) -> Option<HeartbeatId> {
        self.heartbeat_names.get(&(source, name.into())).copied()
    }

    /// The number of the next new sign of life.
    pub(crate) fn next_heartbeat(&self) -> HeartbeatId {
        self.heartbeats.next_id()
    }

    /// A sign of life's soft marks.
    pub(crate) fn soften_heartbeat(&mut self, id: HeartbeatId) -> &mut Expected {
        self.heartbeats.soften_mut(id)
    }

    /// Tells whether no source wants anything kept from people.
    pub fn mutes_nothing(&self) -> bool {
        self.muted.is_empty()
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

    /// When leases are looked at next; nothing if no look is awaited.
    pub(crate) fn sweep_at(&self) -> Option<Timestamp> {
        self.sweep_at
    }

    pub(crate) fn set_sweep(&mut self, at: Option<Timestamp>) {
        self.sweep_at = at;
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
                let labels = self.labels(self.alerts.expect(*id));
                self.fold_content(*id, &labels, annotations, url);
                let alert = self.alerts.expect_mut(*id);
                alert.rare.get_or_insert_default().end = None;
                alert.starts_at = *starts_at;
                alert.set_ends(*ends);
                alert.updated_at = at;
                alert.count = alert.count.saturating_add(1);
                alert.remember(at);
                alert.mark(Mark::Submerged, false);
                self.seat(*id);
            }
            Fact::Changed { id, labels, annotations, url, severity } => {
                self.unseat(*id);
                self.fold_content(*id, labels, annotations, url);
                let alert = self.alerts.expect_mut(*id);
                alert.severity = *severity;
                alert.updated_at = at;
                self.seat(*id);
            }
            Fact::Cleared { id, at: ended, by, since } => {
                let alert = self.alerts.expect_mut(*id);
                alert.starts_at = since.unwrap_or(alert.starts_at);
                assert!(alert.is_firing(), "only what fires can clear");
                let end = End { at: *ended, noted: at, by: *by };
                alert.rare.get_or_insert_default().end = Some(end);
                alert.mark(Mark::Stale, false);
                alert.mark(Mark::Submerged, false);
                // What somebody did about it ends with it: it may come back for another reason.
                alert.mark(Mark::Muted, false);
                alert.mark(Mark::Acknowledged, false);
                alert.remember(at);
                self.muted.remove(id);
                self.depths.forget(*id);
                self.unseat(*id);
            }
            Fact::Staled { id } => self.alerts.expect_mut(*id).mark(Mark::Stale, true),
            Fact::Returned { id } => self.alerts.expect_mut(*id).mark(Mark::Stale, false),
            Fact::Submerged { id } => self.alerts.expect_mut(*id).mark(Mark::Submerged, true),
            Fact::Surfaced { id } => {
                self.alerts.expect_mut(*id).mark(Mark::Submerged, false);
                self.depths.forget(*id);
            }
            Fact::FlapStarted { id } => self.alerts.expect_mut(*id).mark(Mark::Flapping, true),
            Fact::FlapEnded { id } => self.alerts.expect_mut(*id).mark(Mark::Flapping, false),
            Fact::Remarked { id, saying, .. } => self.fold_remarked(*id, *saying),
            Fact::HeartbeatExpected { id, heartbeat } => {
                let seen_at = self.heartbeats.get(*id).and_then(|known| known.seen_at);
                let heartbeat = Expected { seen_at, ..Expected::clone(heartbeat) };
                self.heartbeat_names.insert((heartbeat.source, heartbeat.name.clone()), *id);
                self.heartbeats.insert(*id, heartbeat);
            }
            Fact::HeartbeatMissed { id } => {
                self.heartbeats.expect_mut(*id).missed_since = Some(at);
            }
            Fact::HeartbeatReturned { id } => self.heartbeats.expect_mut(*id).missed_since = None,
            Fact::HeartbeatForgotten { id } => {
                if let Some(heartbeat) = self.heartbeats.remove(*id) {
                    self.heartbeat_names.remove(&(heartbeat.source, heartbeat.name));
                }
            }
            Fact::Arrived { id, source, stamp } => self.arrivals.fold(at, *id, *source, *stamp),
            Fact::Forgotten { id } => self.fold_forgotten(*id),
        }
    }

    fn fold_raised(&mut self, at: Timestamp, raised: &Raised) {
        let over = (!raised.set.is_empty()).then(|| raised.labels.with(raised.set.iter()));
        let labels = over.as_ref().unwrap_or(&raised.labels);
        let alert = Alert::raised(&mut self.bodies, at, raised, labels);
        self.alerts.insert(raised.id, alert);
        self.index(raised.key, raised.id);
        self.seat_with(raised.id, labels);
    }

    fn fold_remarked(&mut self, id: AlertId, saying: Saying) {
        let alert = self.alerts.expect_mut(id);
        match saying {
            Saying::Acknowledged => alert.mark(Mark::Acknowledged, true),
            Saying::Unacknowledged => alert.mark(Mark::Acknowledged, false),
            Saying::Suppressed => {
                alert.mark(Mark::Muted, true);
                self.muted.insert(id);
            }
            Saying::Unsuppressed => {
                alert.mark(Mark::Muted, false);
                self.muted.remove(&id);
            }
            Saying::Noted => {}
        }
    }

    fn fold_content(&mut self, id: AlertId, labels: &Labels, annotations: &Labels, url: &str) {
        let known = self.correlation(self.alerts.expect(id));
        let aside = known.as_ref().map(Correlation::text);
        let (body, correlation) = self.bodies.put_with(labels, annotations.iter(), aside);
        let interned = self.bodies.bare(url);
        let alert = self.alerts.expect_mut(id);
        let body_before = std::mem::replace(&mut alert.body, body);
        let url_before = std::mem::replace(&mut alert.url, interned);
        let correlation_before = std::mem::replace(&mut alert.correlation, correlation);
        alert.mark(Mark::Plain, labels.fingerprint() == alert.key);
        alert.content = Event::content(annotations, url);
        self.bodies.symbols.release(url_before);
        if let Some(before) = correlation_before {
            self.bodies.symbols.release(before);
        }
        self.bodies.take(body_before);
    }

    fn fold_forgotten(&mut self, id: AlertId) {
        let alert = self.alerts.remove(id).expect("an alert is forgotten once");
        self.bodies.take(alert.body);
        self.bodies.symbols.release(alert.url);
        if let Some(correlation) = alert.correlation {
            self.bodies.symbols.release(correlation);
        }
        self.by_key.remove(alert.key.0, |newest| newest == id);
    }
}
