//! What notification knows: groups with what was told of them, messages on their way, channels.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::correspondence::{Ledger, Reply};
use super::fact::{Abandonment, Fact, Says};
use super::inherited::{AlertHash, Inherited, Log};
use super::route::Route;
use super::verdict::Standing;
use crate::domain::index::{Index, hash};
use crate::domain::links::Links;
use crate::domain::table::{Table, UnreadablePage};
use crate::domain::value::{
    AlertId, ChannelId, DeliveryId, Fingerprint, GroupId, IncidentId, Labels, Priority, Timestamp,
};

const GROUPS: (&str, &str) = ("notification", "groups");
const DELIVERIES: (&str, &str) = ("notification", "deliveries");
const CHANNELS: (&str, &str) = ("notification", "channels");

/// What notification knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    groups: Table<GroupId, Group>,
    deliveries: Table<DeliveryId, Delivery>,
    channels: Table<ChannelId, Channel>,
    by_place: Index<GroupId>,
    by_alert: Links<AlertId, GroupId>,
    by_incident: BTreeSet<(IncidentId, GroupId)>,
    /// The one message on its way from a group through a channel.
    on_the_way: BTreeMap<(GroupId, ChannelId), DeliveryId>,
    channel_names: BTreeMap<String, ChannelId>,
    /// What Alertmanager had told, as far as its alerts have not been heard of here.
    pub(super) inherited: Log,
    /// The groups that are answers to mails.
    pub(super) replies: Ledger,
}

/// What one message speaks of: alerts of one route with equal labels, or an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The route's identity.
    pub route: String,
    /// Who hears of it.
    pub receiver: String,
    /// What its alerts have in common.
    pub labels: Labels,
    /// The incident, where that is the group.
    pub incident: Option<IncidentId>,
    /// When the first message may go; the group's clock ticks from then on.
    pub base: Timestamp,
    /// Whether that time has come.
    pub ticked: bool,
    /// Its alerts.
    pub alerts: BTreeMap<Fingerprint, AlertId>,
    /// What each channel was told last. Boxed, because a map makes room for eleven at a time.
    pub told: BTreeMap<ChannelId, Box<Told>>,
}

/// What a receiver knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// When it was told.
    pub at: Timestamp,
    /// What it believes to be firing.
    pub firing: BTreeSet<Fingerprint>,
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

impl State {
    /// How many messages are on their way.
    pub fn waiting(&self) -> usize {
        self.deliveries.len()
    }

    /// How many groups there are.
    pub fn speaking(&self) -> usize {
        self.groups.len()
    }

    /// Every group, oldest first.
    pub fn groups(&self) -> impl DoubleEndedIterator<Item = (GroupId, &Group)> {
        self.groups.iter()
    }

    /// Looks a group up.
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(id)
    }

    /// The answer to a mail that a group is, if it is one.
    pub fn reply(&self, id: GroupId) -> Option<&Reply> {
        self.replies.get(id)
    }

    /// Every message on its way, oldest first.
    pub fn deliveries(&self) -> impl DoubleEndedIterator<Item = (DeliveryId, &Delivery)> {
        self.deliveries.iter()
    }

    /// Looks a message on its way up.
    pub fn delivery(&self, id: DeliveryId) -> Option<&Delivery> {
        self.deliveries.get(id)
    }

    /// The messages of which an attempt was being made: after a restart they go out again under
    /// the same number, so that a channel can tell that it has seen them.
    pub fn in_flight(&self) -> impl Iterator<Item = DeliveryId> {
        let flying = self.deliveries.iter().filter(|(_, delivery)| delivery.retry_at.is_none());
        flying.map(|(id, _)| id)
    }

    /// Every channel.
    pub fn channels(&self) -> impl DoubleEndedIterator<Item = (ChannelId, &Channel)> {
        self.channels.iter()
    }

    /// Looks a channel up.
    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(id)
    }

    /// The channel of a name.
    pub fn channel_named(&self, name: &str) -> Option<ChannelId> {
        self.channel_names.get(name).copied()
    }

    /// The message on its way from a group through a channel.
    pub fn on_the_way(&self, group: GroupId, channel: ChannelId) -> Option<DeliveryId> {
        self.on_the_way.get(&(group, channel)).copied()
    }

    /// Tells whether any message of a group is on its way.
    pub fn is_speaking(&self, group: GroupId) -> bool {
        let range = (group, ChannelId(0))..=(group, ChannelId(u64::MAX));
        self.on_the_way.range(range).next().is_some()
    }

    /// Tells whether a message on its way from a group says that an alert fires.
    pub fn is_telling(&self, group: GroupId, key: Fingerprint) -> bool {
        let range = (group, ChannelId(0))..=(group, ChannelId(u64::MAX));
        self.on_the_way.range(range).any(|(_, id)| self.deliveries.expect(*id).tells(key))
    }

    /// The group of a route with labels in common, which come sorted by name. One that was opened for another receiver is not
    /// it: its receiver is told of the end, the new one of everything.
    pub fn group_of(&self, route: &Route, common: &[(&str, &str)]) -> Option<GroupId> {
        let labels = || common.iter().copied();
        let is = |id: GroupId| {
            let group = self.groups.expect(id);
            group.is_of(route) && group.labels.iter().eq(labels())
        };
        self.by_place.find(place(&route.key, &route.receiver, labels()), is)
    }

    /// The groups that an alert is in.
    pub fn groups_of_alert(&self, id: AlertId) -> Vec<GroupId> {
        self.by_alert.all(id)
    }

    /// The groups that are an incident.
    pub fn groups_of_incident(&self, id: IncidentId) -> Vec<GroupId> {
        let range = (id, GroupId(0))..=(id, GroupId(u64::MAX));
        self.by_incident.range(range).map(|(_, group)| *group).collect()
    }

    /// Tells whether a message that is still to be sent speaks of an alert.
    pub fn holds(&self, id: AlertId) -> bool {
        self.by_alert.first(id).is_some()
    }

    /// What Alertmanager had told of alerts that have not been heard of here, oldest entry first.
    pub fn inherited(&self) -> impl DoubleEndedIterator<Item = &Inherited> {
        self.inherited.iter().map(|(_, entry)| entry)
    }

    /// Tells whether Alertmanager had told somebody that an alert with these labels fires.
    pub fn was_told_before(&self, labels: &Labels) -> bool {
        !self.inherited.is_empty() && self.inherited.names(AlertHash::of(labels))
    }

    /// How soon a message must go relative to others: lower first.
    pub fn rank(&self, id: DeliveryId) -> (u8, DeliveryId) {
        let priority = self.deliveries.get(id).and_then(|delivery| delivery.priority);
        (priority.map_or(u8::MAX, Priority::level), id)
    }

    pub(super) fn next_group(&self) -> GroupId {
        self.groups.next_id()
    }

    pub(super) fn next_delivery(&self) -> DeliveryId {
        self.deliveries.next_id()
    }

    pub(super) fn next_channel(&self) -> ChannelId {
        self.channels.next_id()
    }

    pub(crate) fn fold(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::GroupOpened { id, route, receiver, labels, incident, base } => {
                let group = Group {
                    route: route.clone(),
                    receiver: receiver.clone(),
                    labels: labels.clone(),
                    incident: *incident,
                    base: *base,
                    ticked: false,
                    alerts: BTreeMap::new(),
                    told: BTreeMap::new(),
                };
                self.by_place.add(group.place(), *id);
                self.by_incident.extend(incident.map(|incident| (incident, *id)));
                self.groups.insert(*id, group);
            }
            Fact::Answered { id, reply } => {
                let is_live = |id| self.groups.get(id).is_some();
                self.replies.insert(at, (*id, (**reply).clone()), is_live);
            }
            Fact::Grouped { id, alert, key } => {
                let before = self.groups.expect_mut(*id).alerts.insert(*key, *alert);
                if let Some(before) = before {
                    self.by_alert.remove(before, *id);
                }
                self.by_alert.add(*alert, *id);
            }
            Fact::Dropped { id, keys } => {
                let group = self.groups.expect_mut(*id);
                for key in keys {
                    if let Some(alert) = group.alerts.remove(key) {
                        self.by_alert.remove(alert, *id);
                    }
                    for told in group.told.values_mut() {
                        told.firing.remove(key);
                    }
                }
            }
            Fact::Ticked { id } => self.groups.expect_mut(*id).ticked = true,
            Fact::GroupClosed { id } => {
                let group = self.groups.remove(*id).expect("a group closes once");
                self.by_place.remove(group.place(), |other| other == *id);
                if let Some(incident) = group.incident {
                    self.by_incident.remove(&(incident, *id));
                }
                for alert in group.alerts.values() {
                    self.by_alert.remove(*alert, *id);
                }
            }
            Fact::ChannelKnown { id, name } => {
                self.channels.insert(*id, Channel::new(name));
                self.channel_names.insert(name.clone(), *id);
            }
            Fact::Queued { id, group, channel, priority, held, says } => {
                let delivery = Delivery {
                    group: *group,
                    channel: *channel,
                    priority: *priority,
                    says: says.clone(),
                    queued_at: at,
                    attempts: u32::from(!held),
                    retry_at: held.then_some(at),
                    error: None,
                };
                self.deliveries.insert(*id, delivery);
                let before = self.on_the_way.insert((*group, *channel), *id);
                assert!(before.is_none(), "one message at a time from a group through a channel");
            }
            Fact::Retried { id, says } => {
                let delivery = self.deliveries.expect_mut(*id);
                assert!(delivery.retry_at.is_some(), "one attempt at a time");
                delivery.says = says.clone();
                delivery.attempts += 1;
                delivery.retry_at = None;
            }
            Fact::Failed { id, retry_at, why } => {
                let delivery = self.deliveries.expect_mut(*id);
                assert!(delivery.retry_at.is_none(), "only an attempt can fail");
                delivery.retry_at = Some(*retry_at);
                delivery.error = Some(why.clone());
                let channel = self.channels.expect_mut(delivery.channel);
                channel.failures = channel.failures.saturating_add(1);
            }
            Fact::Delivered { id, provider } => self.fold_delivered(at, *id, provider.as_deref()),
            Fact::Abandoned { id, why, .. } => self.fold_abandoned(*id, why),
            Fact::BreakerOpened { id } => self.channels.expect_mut(*id).open = true,
            Fact::BreakerClosed { id } => {
                let channel = self.channels.expect_mut(*id);
                channel.open = false;
                channel.failures = 0;
            }
            Fact::Inherited { id, entry } => self.inherited.insert(*id, (**entry).clone()),
            Fact::Recalled { entry, group, channel, key, hash } => {
                let before = self.inherited.spend(*entry, *hash);
                let told = &mut self.groups.expect_mut(*group).told;
                told.entry(*channel).or_insert_with(|| Box::new(before)).firing.insert(*key);
            }
            Fact::Lapsed { ids } => ids.iter().for_each(|id| self.inherited.remove(*id)),
        }
    }

    fn fold_delivered(&mut self, at: Timestamp, id: DeliveryId, provider: Option<&str>) {
        let delivery = self.take_delivery(id);
        assert!(delivery.retry_at.is_none(), "only an attempt can be delivered");
        let channel = self.channels.expect_mut(delivery.channel);
        channel.failures = 0;
        channel.refused = false;
        if self.groups.get(delivery.group).is_none() {
            return;
        }
        let group = self.groups.expect_mut(delivery.group);
        let before = group.told.remove(&delivery.channel);
        let first = before.as_ref().and_then(|told| told.first).or(Some(id));
        let thread = before.and_then(|told| told.provider);
        let provider = provider.map(str::to_owned).or(thread);
        let Says { firing, kept, .. } = &delivery.says;
        let firing = firing.iter().chain(kept).copied().collect();
        let told = Told { at, firing, standing: delivery.says.standing, first, provider };
        group.told.insert(delivery.channel, Box::new(told));
    }

    fn fold_abandoned(&mut self, id: DeliveryId, why: &Abandonment) {
        let Delivery { channel, group, .. } = self.take_delivery(id);
        // That one writer's address takes no mail says nothing about the channel.
        if matches!(why, Abandonment::Refused(_)) && self.replies.get(group).is_none() {
            self.channels.expect_mut(channel).refused = true;
        }
    }

    fn take_delivery(&mut self, id: DeliveryId) -> Delivery {
        let delivery = self.deliveries.remove(id).expect("a message leaves the outbox once");
        self.on_the_way.remove(&(delivery.group, delivery.channel));
        delivery
    }

    pub(crate) fn take_changed(&mut self, add: &mut dyn FnMut(&'static str, u64)) {
        for number in self.groups.take_changed() {
            add("groups", number);
        }
        for number in self.deliveries.take_changed() {
            add("deliveries", number);
        }
        for number in self.channels.take_changed() {
            add("channels", number);
        }
        for number in self.inherited.take_changed() {
            add("inherited", number);
        }
        for number in self.replies.take_changed() {
            add("replies", number);
        }
    }

    pub(crate) fn page(&self, table: &str, number: u64) -> Option<Vec<u8>> {
        match table {
            "groups" => self.groups.page(number, Clone::clone),
            "deliveries" => self.deliveries.page(number, Clone::clone),
            "channels" => self.channels.page(number, Clone::clone),
            "inherited" => self.inherited.page(number),
            "replies" => self.replies.page(number),
            _ => None,
        }
    }

    pub(crate) fn load_page(
        &mut self,
        table: &str,
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        match table {
            "groups" => self.groups.load_page(GROUPS, number, records, |record| record),
            "deliveries" => self.deliveries.load_page(DELIVERIES, number, records, |record| record),
            "channels" => self.channels.load_page(CHANNELS, number, records, |record| record),
            "inherited" => self.inherited.load_page(number, records),
            "replies" => self.replies.load_page(number, records),
            _ => Err(UnreadablePage::unknown("notification", table, number)),
        }
    }

    pub(crate) fn rebuild(&mut self) {
        let groups = || self.groups.iter();
        self.by_place.clear();
        for (id, group) in groups() {
            self.by_place.add(group.place(), id);
        }
        self.by_alert = groups()
            .flat_map(|(id, group)| group.alerts.values().map(move |alert| (*alert, id)))
            .collect();
        self.by_incident = groups().filter_map(|(id, group)| Some((group.incident?, id))).collect();
        self.on_the_way = self
            .deliveries
            .iter()
            .map(|(id, delivery)| ((delivery.group, delivery.channel), id))
            .collect();
        self.channel_names =
            self.channels.iter().map(|(id, channel)| (channel.name.clone(), id)).collect();
        self.inherited.rebuild();
    }

    pub(crate) fn agenda(&self, add: &mut dyn FnMut(Timestamp, super::Deadline)) {
        for (id, group) in self.groups.iter() {
            add(group.base, super::Deadline::Wind(id));
        }
        for (id, delivery) in self.deliveries.iter() {
            if let Some(at) = delivery.retry_at {
                add(at, super::Deadline::Retry(id));
            }
        }
        for (id, _) in self.channels.iter().filter(|(_, channel)| channel.open) {
            add(Timestamp(0), super::Deadline::Probe(id));
        }
        if let Some(at) = self.inherited.lapses_at() {
            add(at, super::Deadline::Lapse);
        }
    }
}

impl Group {
    /// Names the group as Alertmanager does: `{}/{team="db"}:{alertname="DiskFull"}`. Providers
    /// recognise repeats by it.
    pub fn key(&self) -> String {
        format!("{}:{}", self.route, self.labels)
    }

    /// What a channel was told last.
    pub(super) fn told_by(&self, channel: ChannelId) -> Option<&Told> {
        self.told.get(&channel).map(Box::as_ref)
    }

    fn place(&self) -> u64 {
        place(&self.route, &self.receiver, self.labels.iter())
    }

    /// Tells whether it is a group of a route, as that route stands in the configuration.
    pub fn is_of(&self, route: &Route) -> bool {
        self.route == route.key && self.receiver == route.receiver
    }
}

impl Channel {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), failures: 0, open: false, refused: false }
    }
}

impl Delivery {
    fn tells(&self, key: Fingerprint) -> bool {
        self.says.firing.contains(&key)
    }
}

/// Hashes where a group belongs.
fn place<'a>(route: &str, receiver: &str, labels: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
    hash(&[route, receiver]) ^ Fingerprint::of(labels).0
}
