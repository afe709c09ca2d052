//! What can happen in notification.

use serde::{Deserialize, Serialize};

use super::correspondence::Reply;
use super::inherited::{AlertHash, Inherited};
use super::verdict::{Standing, Verdict};
use crate::domain::value::{
    AlertId, ChannelId, DeliveryId, Fingerprint, GroupId, IncidentId, InheritedId, Labels,
    Priority, Timestamp,
};

/// A fact of notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A group came to be: alerts of one route with equal labels, or an incident.
    GroupOpened {
        /// Its number.
        id: GroupId,
        /// The route's identity: [`super::route::Route::key`].
        route: String,
        /// Who hears of it.
        receiver: String,
        /// What its alerts have in common.
        labels: Labels,
        /// The incident, where that is the group.
        incident: Option<IncidentId>,
        /// When the first message may go; the group's clock ticks from then on.
        base: Timestamp,
    },
    /// A group is the answer to a mail.
    Answered {
        /// The group.
        id: GroupId,
        /// The answer.
        reply: Box<Reply>,
    },
    /// An alert joined a group.
    Grouped {
        /// The group.
        id: GroupId,
        /// The alert.
        alert: AlertId,
        /// The alert's identity.
        key: Fingerprint,
    },
    /// Alerts left a group: what had to be told about them has been told.
    Dropped {
        /// The group.
        id: GroupId,
        /// The alerts' identities.
        keys: Vec<Fingerprint>,
    },
    /// The group's first time to speak has come.
    Ticked {
        /// The group.
        id: GroupId,
    },
    /// A group has nothing left to say.
    GroupClosed {
        /// The group.
        id: GroupId,
    },
    /// A way out of the house was used for the first time.
    ChannelKnown {
        /// Its number.
        id: ChannelId,
        /// `receiver/kind[index]`.
        name: String,
    },
    /// A message was decided.
    Queued {
        /// Its number, the same through all attempts.
        id: DeliveryId,
        /// The group it speaks of.
        group: GroupId,
        /// The way it takes.
        channel: ChannelId,
        /// How soon it must go relative to others.
        priority: Option<Priority>,
        /// Whether it may go at once; a channel that fails makes it wait.
        held: bool,
        /// What it says.
        says: Says,
    },
    /// Another attempt is made, with what is to be said by then.
    Retried {
        /// The message.
        id: DeliveryId,
        /// What it says.
        says: Says,
    },
    /// An attempt failed; another is made later.
    Failed {
        /// The message.
        id: DeliveryId,
        /// When.
        retry_at: Timestamp,
        /// What the other side said.
        why: String,
    },
    /// A message has reached its receiver.
    Delivered {
        /// The message.
        id: DeliveryId,
        /// What the provider calls it.
        provider: Option<String>,
    },
    /// A message will not be sent.
    Abandoned {
        /// The message.
        id: DeliveryId,
        /// Why.
        why: Abandonment,
        /// Whether the channel refused its last message, too: then that is no news.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// A channel failed so often that it gets only a probe now and then.
    BreakerOpened {
        /// The channel.
        id: ChannelId,
    },
    /// A channel works again.
    BreakerClosed {
        /// The channel.
        id: ChannelId,
    },
    /// What the Alertmanager whose place was taken had told of a group.
    Inherited {
        /// The entry's number; one of the same number is replaced.
        id: InheritedId,
        /// What was told.
        entry: Box<Inherited>,
    },
    /// An alert was heard of that a channel had been told of by Alertmanager.
    Recalled {
        /// The entry that says so.
        entry: InheritedId,
        /// The alert's group.
        group: GroupId,
        /// The channel.
        channel: ChannelId,
        /// The alert's identity.
        key: Fingerprint,
        /// The alert as the entry names it.
        hash: AlertHash,
    },
    /// Nothing was heard of what some entries name for as long as Alertmanager would have kept them.
    Lapsed {
        /// The entries.
        ids: Vec<InheritedId>,
    },
}

/// What a message says, decided when its attempt is made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Says {
    /// Why it is sent.
    pub verdict: Verdict,
    /// The alerts it tells as firing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub firing: Vec<Fingerprint>,
    /// Alerts that the receiver was told of before and that still fire, kept from people; the
    /// message leaves them out, and their ends are owed all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Fingerprint>,
    /// The alerts it tells as ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<Fingerprint>,
    /// How it tells the incident to stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Abandonment {
    /// The receiver refused it for good; it is decided again at the group's next tick.
    Refused(String),
    /// There is nothing left to tell.
    Obsolete,
    /// The configuration no longer has the receiver.
    ReceiverGone,
}
