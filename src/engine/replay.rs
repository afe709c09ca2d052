//! Replay: the events of stored days under other rules, and what would have been different.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Input;
use super::scenario::World;
use crate::domain::event::{self, Ends, Event, Signal};
use crate::domain::value::{AlertId, SourceId, Timestamp};
use crate::domain::{Fact, Settings, incident, notification};

/// What a stretch of days came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Every incident: what its alerts had in common, and how many they were.
    pub incidents: Vec<(String, usize)>,
    /// Problems that were opened or proposed.
    pub problems: usize,
    /// Messages that were decided, by receiver.
    pub messages: BTreeMap<String, usize>,
}

/// Collects the events behind stored facts: what was raised, fired again, changed and cleared.
/// Re-sends left no facts, and would change nothing.
#[derive(Debug, Default)]
pub struct Events {
    sources: BTreeMap<SourceId, Arc<str>>,
    alerts: BTreeMap<AlertId, Event>,
    told: Vec<(Timestamp, Event)>,
}

impl Events {
    /// Takes the facts of one step.
    pub fn take(&mut self, at: Timestamp, facts: &[Fact]) {
        for fact in facts {
            let Fact::Event(fact) = fact else { continue };
            self.take_one(at, fact);
        }
    }

    fn take_one(&mut self, at: Timestamp, fact: &event::Fact) {
        match fact {
            event::Fact::SourceKnown { id, name } => {
                self.sources.insert(*id, name.as_str().into());
            }
            event::Fact::Raised(raised) => {
                let source = self.sources.get(&raised.source).cloned();
                let event = Event {
                    source: source.unwrap_or_else(|| "unknown".into()),
                    signal: Signal::Firing,
                    labels: raised.labels.clone(),
                    annotations: raised.annotations.clone(),
                    url: raised.url.clone(),
                    key: raised.source_key.clone(),
                    starts_at: raised.starts_at,
                    // Leases were renewed without facts; the end is a fact of its own.
                    ends: Ends::Never,
                };
                // What the daemon said about itself, it will say again.
                if &*event.source != event::SELF {
                    self.alerts.insert(raised.id, event.clone());
                    self.told.push((at, event));
                }
            }
            event::Fact::Refired { id, starts_at, annotations, url, .. } => {
                self.again(at, *id, |event| {
                    event.starts_at = *starts_at;
                    event.annotations = annotations.clone();
                    event.url = url.clone();
                });
            }
            event::Fact::Changed { id, annotations, url, .. } => self.again(at, *id, |event| {
                event.annotations = annotations.clone();
                event.url = url.clone();
            }),
            event::Fact::Cleared { id, .. } => {
                if let Some(event) = self.alerts.get(id) {
                    let mut event = event.clone();
                    event.signal = Signal::Resolved;
                    event.ends = Ends::At(at);
                    self.told.push((at, event));
                }
            }
            event::Fact::Forgotten { id } => {
                self.alerts.remove(id);
            }
            _ => {}
        }
    }

    fn again(&mut self, at: Timestamp, id: AlertId, change: impl FnOnce(&mut Event)) {
        let Some(event) = self.alerts.get_mut(&id) else { return };
        change(event);
        self.told.push((at, event.clone()));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Plays the events since an instant under some rules.
    pub fn play(&self, settings: Arc<Settings>, since: Timestamp) -> Summary {
        let first = self.told.iter().position(|(at, _)| *at >= since);
        let events = first.map_or(&[][..], |first| &self.told[first..]);
        let start = events.first().map_or(since, |(at, _)| *at);
        let mut world = World::starting_at(settings, start).without_limit();
        for (at, event) in events {
            world.pass_until(*at);
            world.step(*at, Input::Events(vec![event.clone()]));
        }
        Summary::of(world.facts(), since)
    }
}

impl Summary {
    /// Sums up the facts since an instant.
    pub fn of(facts: &[(Timestamp, Fact)], since: Timestamp) -> Self {
        let mut summary = Self::default();
        let mut tally = Counter::default();
        for (_, fact) in facts.iter().filter(|(at, _)| *at >= since) {
            tally.take(fact);
        }
        for (key, members) in tally.incidents.into_values() {
            summary.incidents.push((key, members));
        }
        summary.incidents.sort();
        summary.problems = tally.problems;
        summary.messages = tally.messages;
        summary
    }
}

#[derive(Debug, Default)]
struct Counter {
    incidents: BTreeMap<crate::domain::value::IncidentId, (String, usize)>,
    problems: usize,
    groups: BTreeMap<crate::domain::value::GroupId, String>,
    messages: BTreeMap<String, usize>,
}

impl Counter {
    fn take(&mut self, fact: &Fact) {
        match fact {
            Fact::Incident(incident::Fact::Opened(opened)) => {
                let known = opened.status == incident::Status::New;
                let mark = if known { "" } else { " (candidate)" };
                let by = match opened.correlation.rule.as_str() {
                    "" => "by route",
                    rule => rule,
                };
                let key = format!("{by} {}{mark}", opened.correlation.key);
                self.incidents.insert(opened.id, (key, 0));
            }
            Fact::Incident(incident::Fact::Joined { id, .. }) => {
                if let Some((_, members)) = self.incidents.get_mut(id) {
                    *members += 1;
                }
            }
            Fact::Problem(crate::domain::problem::Fact::Opened(_)) => self.problems += 1,
            Fact::Notification(notification::Fact::GroupOpened { id, receiver, .. }) => {
                self.groups.insert(*id, receiver.clone());
            }
            Fact::Notification(notification::Fact::Queued { group, .. }) => {
                let receiver = self.groups.get(group).cloned().unwrap_or_default();
                *self.messages.entry(receiver).or_default() += 1;
            }
            _ => {}
        }
    }
}

/// Labels of incidents that only one of two summaries has, for a person to look at.
pub fn difference(before: &Summary, after: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    let count = |summary: &Summary| {
        let mut count: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (key, members) in &summary.incidents {
            let entry = count.entry(key.clone()).or_default();
            entry.0 += 1;
            entry.1 += members;
        }
        count
    };
    let (old, new) = (count(before), count(after));
    for key in old.keys().chain(new.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (was, is) = (old.get(key), new.get(key));
        if was == is {
            continue;
        }
        let words = |side: Option<&(usize, usize)>| {
            side.map_or("none".to_owned(), |(incidents, members)| {
                format!("{incidents} incidents, {members} alerts")
            })
        };
        lines.push(format!("{key}: {} → {}", words(was), words(is)));
    }
    lines
}
