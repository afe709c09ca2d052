//! What is kept: a group with what was told of it, a message on its way, a channel.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::few::{Few, FewOf};
use crate::domain::index::hash;
use crate::domain::notification::fact::Says;
use crate::domain::notification::route::Route;
use crate::domain::notification::verdict::Standing;
use crate::domain::pool::Pool;
use crate::domain::value::{
    AlertId, Bodies, Body, ChannelId, DeliveryId, Fingerprint, GroupId, IncidentId, Labels,
    Priority, Short, Timestamp,
};

/// What one message speaks of: alerts of one route with equal labels, or an incident. Kept in a few
/// bytes, because a route that groups finely has one for every alert; what its alerts have in
/// common is read through the [`State`](super::State).
#[derive(Debug, Clone)]
pub struct Group {
    way: Arc<Way>,
    labels: Body,
    incident: Short,
    /// Whether the time of the first message has come.
    pub ticked: bool,
    /// When the first message may go; the group's clock ticks from then on.
    pub base: Timestamp,
    alerts: Few<Fingerprint, Short>,
    told: Few<Short, Box<Told>>,
}

/// Where what a group says comes from and goes to. Many groups share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    /// The route's identity.
    route: String,
    /// Who hears of it.
    receiver: String,
}

/// A group as it stands on a page.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredGroup {
    route: String,
    receiver: String,
    labels: Labels,
    incident: Option<IncidentId>,
    base: Timestamp,
    ticked: bool,
    alerts: BTreeMap<Fingerprint, AlertId>,
    told: BTreeMap<ChannelId, Box<Told>>,
}

/// What a receiver knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// When it was told.
    pub at: Timestamp,
    /// What it believes to be firing.
    pub firing: FewOf<Fingerprint>,
    /// How it believes the incident to stand.
    pub standing: Option<Standing>,
    /// The first message of the thread; nothing where that was Alertmanager's.
    pub first: Option<DeliveryId>,
    /// What the provider calls the message that it shows, where it says so: such a message can be
    /// edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The group it speaks of.
    pub group: GroupId,
    /// The way it takes.
    pub channel: ChannelId,
    /// How soon it must go relative to others.
    pub priority: Option<Priority>,
    /// What it says.
    pub says: Says,
    /// When it was decided.
    pub queued_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again; nothing while an attempt is being made.
    pub retry_at: Option<Timestamp>,
    /// What went wrong last.
    pub error: Option<String>,
}

/// One integration of one receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// `receiver/kind[index]`.
    pub name: String,
    /// Failures in a row.
    pub failures: u32,
    /// Whether it gets only a probe now and then.
    pub open: bool,
    /// Whether it refused its last message for good.
    pub refused: bool,
}

impl Group {
    /// A group of which nobody has been told.
    pub(super) fn opened(
        (bodies, ways): (&mut Bodies, &mut Pool<Way>),
        (route, receiver): (&str, &str),
        labels: &Labels,
        incident: Option<IncidentId>,
        base: Timestamp,
    ) -> Self {
        Self {
            way: ways.share(Way { route: route.to_owned(), receiver: receiver.to_owned() }),
            labels: bodies.put(labels, std::iter::empty()),
            incident: incident.map(Short::of).unwrap_or_default(),
            ticked: false,
            base,
            alerts: Few::default(),
            told: Few::default(),
        }
    }

    /// The route's identity.
    pub fn route(&self) -> &str {
        &self.way.route
    }

    /// Who hears of it.
    pub fn receiver(&self) -> &str {
        &self.way.receiver
    }

    /// The incident, where that is the group.
    pub fn incident(&self) -> Option<IncidentId> {
        self.incident.some()
    }

    /// Its alerts.
    pub fn alerts(&self) -> impl DoubleEndedIterator<Item = (Fingerprint, AlertId)> {
        self.alerts.iter().map(|(key, alert)| (*key, alert.id()))
    }

    /// How many alerts it has.
    pub fn len(&self) -> usize {
        self.alerts.len()
    }

    /// Tells whether it has no alert.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }

    /// Which of its alerts is of this identity.
    pub fn alert(&self, key: Fingerprint) -> Option<AlertId> {
        self.alerts.get(&key).map(|alert| alert.id())
    }

    /// What each channel was told last.
    pub fn told(&self) -> impl DoubleEndedIterator<Item = (ChannelId, &Told)> {
        self.told.iter().map(|(channel, told)| (channel.id(), &**told))
    }

    /// What a channel was told last.
    pub(in crate::domain::notification) fn told_by(&self, channel: ChannelId) -> Option<&Told> {
        self.told.get(&Short::of(channel)).map(Box::as_ref)
    }

    /// Tells whether it is a group of a route, as that route stands in the configuration.
    pub fn is_of(&self, route: &Route) -> bool {
        self.way.route == route.key && self.way.receiver == route.receiver
    }

    /// Takes an alert in, and returns the one of the same identity before it.
    pub(super) fn take_in(&mut self, key: Fingerprint, alert: AlertId) -> Option<AlertId> {
        self.alerts.insert(key, Short::of(alert)).map(Short::id)
    }

    /// Lets an alert go, of which nobody is to be told any more.
    pub(super) fn let_go(&mut self, key: Fingerprint) -> Option<AlertId> {
        for told in self.told.values_mut() {
            told.firing.remove(&key);
        }
        self.alerts.remove(&key).map(Short::id)
    }

    /// Says what a channel has been told.
    pub(super) fn tell(&mut self, channel: ChannelId, told: Told) {
        self.told.insert(Short::of(channel), Box::new(told));
    }
}

/// What a group's alerts have in common.
pub(super) fn common(bodies: &Bodies, group: &Group) -> Labels {
    Labels::pack_raw(bodies.raw_labels(group.labels))
}

/// Tells whether a group's alerts have these labels in common, which come sorted by name.
pub(super) fn has_common(bodies: &Bodies, group: &Group, labels: &[(&str, &str)]) -> bool {
    let labels = labels.iter().map(|(name, value)| (*name, value.as_bytes()));
    bodies.raw_labels(group.labels).eq(labels)
}

/// Hashes where a group belongs.
pub(super) fn place_of(bodies: &Bodies, group: &Group) -> u64 {
    place(group.route(), group.receiver(), bodies.labels(group.labels))
}

/// Gives back what a closed group had in common.
pub(super) fn close(bodies: &mut Bodies, group: &Group) {
    bodies.take(group.labels);
}

impl StoredGroup {
    pub(super) fn of(bodies: &Bodies, group: &Group) -> Self {
        Self {
            route: group.route().to_owned(),
            receiver: group.receiver().to_owned(),
            labels: common(bodies, group),
            incident: group.incident(),
            base: group.base,
            ticked: group.ticked,
            alerts: group.alerts().collect(),
            told: group.told().map(|(channel, told)| (channel, Box::new(told.clone()))).collect(),
        }
    }

    pub(super) fn read(self, bodies: &mut Bodies, ways: &mut Pool<Way>) -> Group {
        let Self { route, receiver, labels, incident, base, ticked, alerts, told } = self;
        let alerts = alerts.into_iter().map(|(key, alert)| (key, Short::of(alert))).collect();
        let told = told.into_iter().map(|(channel, told)| (Short::of(channel), told)).collect();
        let opened = Group::opened((bodies, ways), (&route, &receiver), &labels, incident, base);
        Group { ticked, alerts, told, ..opened }
    }
}

impl Channel {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), failures: 0, open: false, refused: false }
    }
}

impl Delivery {
    pub(super) fn tells(&self, key: Fingerprint) -> bool {
        self.says.firing.contains(&key)
    }
}

/// Hashes where a group belongs.
pub(super) fn place<'a>(
    route: &str,
    receiver: &str,
    labels: impl Iterator<Item = (&'a str, &'a str)>,
) -> u64 {
    hash(&[route, receiver]) ^ Fingerprint::of(labels).0
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use crate::domain::notification::fact::Fact;

    #[test]
    fn a_group_that_closes_gives_its_words_back() {
        let mut state = State::default();
        let id = GroupId(1);
        let opened = Fact::GroupOpened {
            id,
            route: "{}".to_owned(),
            receiver: "team".to_owned(),
            labels: Labels::new([("alertname", "Disk"), ("host", "db-1")]),
            incident: None,
            base: Timestamp(0),
        };
        state.fold(Timestamp(0), &opened);
        assert_eq!(state.key(state.group(id).unwrap()), "{}:{alertname=\"Disk\", host=\"db-1\"}");
        state.fold(Timestamp(0), &Fact::GroupClosed { id });
        assert!(state.bodies.symbols.is_empty());
    }

    #[test]
    fn a_group_is_small() {
        assert_eq!(size_of::<Option<Group>>(), 72);
    }
}
