//! What is kept: a group with what was told of it, a message on its way, a channel.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::index::hash;
use crate::domain::notification::fact::Says;
use crate::domain::notification::route::Route;
use crate::domain::notification::verdict::Standing;
use crate::domain::value::{
    AlertId, ChannelId, DeliveryId, Fingerprint, GroupId, IncidentId, Labels, Priority, Timestamp,
};

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

impl Group {
    /// Names the group as Alertmanager does: `{}/{team="db"}:{alertname="DiskFull"}`. Providers
    /// recognise repeats by it.
    pub fn key(&self) -> String {
        format!("{}:{}", self.route, self.labels)
    }

    /// What a channel was told last.
    pub(in crate::domain::notification) fn told_by(&self, channel: ChannelId) -> Option<&Told> {
        self.told.get(&channel).map(Box::as_ref)
    }

    pub(super) fn place(&self) -> u64 {
        place(&self.route, &self.receiver, self.labels.iter())
    }

    /// Tells whether it is a group of a route, as that route stands in the configuration.
    pub fn is_of(&self, route: &Route) -> bool {
        self.route == route.key && self.receiver == route.receiver
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
