//! What notification knows: groups with what was told of them, messages on their way, channels.

mod pages;
mod record;

use std::collections::{BTreeMap, BTreeSet};

use super::correspondence::{Ledger, Reply};
use super::fact::{Abandonment, Fact, Says};
use super::inherited::{AlertHash, Inherited, Log};
use super::route::Route;
use crate::domain::index::Numbers;
use crate::domain::links::Links;
use crate::domain::pool::Pool;
use crate::domain::table::Table;
use crate::domain::value::{
    AlertId, Bodies, ChannelId, DeliveryId, Fingerprint, GroupId, IncidentId, Labels, Priority,
    Timestamp,
};

pub use record::{Channel, Delivery, Group, Told};
use record::{Way, place};

/// What notification knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    groups: Table<GroupId, Group>,
    bodies: Bodies,
    ways: Pool<Way>,
    deliveries: Table<DeliveryId, Delivery>,
    channels: Table<ChannelId, Channel>,
    by_place: Numbers<GroupId>,
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

    /// The group of a route with labels in common, which come sorted by name. One that was opened
    /// for another receiver is not it: its receiver is told of the end, the new one of everything.
    pub fn group_of(&self, route: &Route, common: &[(&str, &str)]) -> Option<GroupId> {
        let labels = || common.iter().copied();
        let is = |id: GroupId| {
            let group = self.groups.expect(id);
            group.is_of(route) && record::has_common(&self.bodies, group, common)
        };
        self.by_place.find(place(&route.key, &route.receiver, labels()), is)
    }

    /// What a group's alerts have in common.
    pub fn labels(&self, group: &Group) -> Labels {
        record::common(&self.bodies, group)
    }

    /// Names a group as Alertmanager does: `{}/{team="db"}:{alertname="DiskFull"}`. Providers
    /// recognise repeats by it.
    pub fn key(&self, group: &Group) -> String {
        format!("{}:{}", group.route(), self.labels(group))
    }

    fn index(&mut self, id: GroupId) {
        let place = |id| record::place_of(&self.bodies, self.groups.expect(id));
        self.by_place.add(place(id), id, place);
    }

    /// The groups that an alert is in.
    pub fn groups_of_alert(&self, id: AlertId) -> Vec<GroupId> {
        self.by_alert.all(id)
    }

    /// Tells whether an alert is in a group.
    pub(super) fn is_in(&self, alert: AlertId, group: GroupId) -> bool {
        self.by_alert.has(alert, group)
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
                let common = (&mut self.bodies, &mut self.ways);
                let group = Group::opened(common, (route, receiver), labels, *incident, *base);
                self.groups.insert(*id, group);
                self.by_incident.extend(incident.map(|incident| (incident, *id)));
                self.index(*id);
            }
            Fact::Answered { id, reply } => {
                let is_live = |id| self.groups.get(id).is_some();
                self.replies.insert(at, (*id, (**reply).clone()), is_live);
            }
            Fact::Grouped { id, alert, key } => {
                let before = self.groups.expect_mut(*id).take_in(*key, *alert);
                if let Some(before) = before {
                    self.by_alert.remove(before, *id);
                }
                self.by_alert.add(*alert, *id);
            }
            Fact::Dropped { id, keys } => {
                let group = self.groups.expect_mut(*id);
                for key in keys {
                    if let Some(alert) = group.let_go(*key) {
                        self.by_alert.remove(alert, *id);
                    }
                }
            }
            Fact::Ticked { id } => self.groups.expect_mut(*id).ticked = true,
            Fact::GroupClosed { id } => {
                let group = self.groups.remove(*id).expect("a group closes once");
                let place = record::place_of(&self.bodies, &group);
                self.by_place.remove(place, |other| other == *id);
                if let Some(incident) = group.incident() {
                    self.by_incident.remove(&(incident, *id));
                }
                for (_, alert) in group.alerts() {
                    self.by_alert.remove(alert, *id);
                }
                record::close(&mut self.bodies, &group);
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
                let group = self.groups.expect_mut(*group);
                let mut told = group.told_by(*channel).cloned().unwrap_or(before);
                told.firing.insert(*key, ());
                group.tell(*channel, told);
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
        let before = group.told_by(delivery.channel);
        let first = before.and_then(|told| told.first).or(Some(id));
        let thread = before.and_then(|told| told.provider.clone());
        let provider = provider.map(str::to_owned).or(thread);
        let Says { firing, kept, .. } = &delivery.says;
        let firing = firing.iter().chain(kept).copied().collect();
        let told = Told { at, firing, standing: delivery.says.standing, first, provider };
        group.tell(delivery.channel, told);
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
}
