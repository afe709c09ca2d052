//! What can happen in event management.

use serde::{Deserialize, Serialize};

use super::arrival::Stamp;
use super::heartbeat::Expected;
use super::message::Ends;
use super::remark::Saying;
use crate::domain::notification::route::Places;
use crate::domain::value::{
    Actor, AlertId, ArrivalId, ConfigurationId, Fingerprint, HeartbeatId, Labels, Severity,
    SourceId, Timestamp,
};

/// A fact of event management.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The daemon started. Nothing expires before `grace_until`: sources could not reach it.
    Started {
        /// When leases count again.
        grace_until: Timestamp,
    },
    /// The clock jumped, or the machine slept. As after a start, nothing expires for a while.
    Overslept {
        /// When leases count again.
        grace_until: Timestamp,
    },
    /// Other rules are in force.
    Configured {
        /// Its number.
        id: ConfigurationId,
        /// Names the configuration: see [`crate::domain::Settings::hash`].
        hash: String,
    },
    /// A source was heard, or named in the configuration, for the first time.
    SourceKnown {
        /// Its number here.
        id: SourceId,
        /// Its name in the configuration.
        name: String,
    },
    /// A source has not shown life for longer than its dead-man switch allows.
    SourceSilent {
        /// Which.
        id: SourceId,
    },
    /// A silent source was heard again.
    SourceHeard {
        /// Which.
        id: SourceId,
    },
    /// A condition began to hold.
    Raised(Box<Raised>),
    /// A condition that was resolved a moment ago holds again: the same alert.
    Refired {
        /// Which.
        id: AlertId,
        /// Since when.
        starts_at: Timestamp,
        /// Until when the word counts.
        ends: Ends,
        /// What is said about it.
        annotations: Labels,
        /// Where the source shows it.
        url: Box<str>,
    },
    /// Something about a firing alert changed.
    Changed {
        /// Which.
        id: AlertId,
        /// All its labels, after the rules.
        labels: Labels,
        /// What is said about it.
        annotations: Labels,
        /// Where the source shows it.
        url: Box<str>,
        /// How bad it is.
        severity: Severity,
    },
    /// A condition no longer holds.
    Cleared {
        /// Which.
        id: AlertId,
        /// Since when.
        at: Timestamp,
        /// Whose word it is.
        by: ClearedBy,
        /// Since when it held, where that word says other than was known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// The lease of an alert ran out while its source was silent. Silence is not recovery.
    Staled {
        /// Which.
        id: AlertId,
    },
    /// A stale alert was heard of again.
    Returned {
        /// Which.
        id: AlertId,
    },
    /// An alert was suppressed when it began to fire: it makes no incident.
    Submerged {
        /// Which.
        id: AlertId,
    },
    /// Nothing suppresses a submerged alert any longer, and it still fires.
    Surfaced {
        /// Which.
        id: AlertId,
    },
    /// An alert comes and goes too often to speak of each time.
    FlapStarted {
        /// Which.
        id: AlertId,
    },
    /// A flapping alert has been quiet for long enough.
    FlapEnded {
        /// Which.
        id: AlertId,
    },
    /// A source said something of a firing alert beside whether it holds.
    Remarked {
        /// Which.
        id: AlertId,
        /// What.
        saying: Saying,
        /// Who said it there.
        by: Actor,
        /// Words that came with it.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        text: Box<str>,
    },
    /// Signs of life are awaited, for the first time or on other terms.
    HeartbeatExpected {
        /// The number of what is awaited.
        id: HeartbeatId,
        /// What is awaited.
        heartbeat: Box<Expected>,
    },
    /// A sign of life has stayed away for longer than it may.
    HeartbeatMissed {
        /// Which.
        id: HeartbeatId,
    },
    /// One that had stayed away came again.
    HeartbeatReturned {
        /// Which.
        id: HeartbeatId,
    },
    /// Nobody waits for it any longer.
    HeartbeatForgotten {
        /// Which.
        id: HeartbeatId,
    },
    /// All of a delivery was taken in that its sender has a name for.
    Arrived {
        /// Its number here.
        id: ArrivalId,
        /// Who delivered it.
        source: SourceId,
        /// What it is known by if it comes again.
        stamp: Stamp,
    },
    /// A resolved alert that nothing refers to left the memory; its history stays.
    Forgotten {
        /// Which.
        id: AlertId,
    },
}

/// The birth of an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Raised {
    /// The alert's number.
    pub id: AlertId,
    /// The alert's identity.
    pub key: Fingerprint,
    /// The source's own key, if it has one.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub source_key: Box<str>,
    /// Who said so.
    pub source: SourceId,
    /// The labels as the source sent them.
    pub labels: Labels,
    /// Labels that rules laid over them.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub set: Labels,
    /// What is said about it.
    pub annotations: Labels,
    /// Where the source shows it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub url: Box<str>,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when the word counts.
    pub ends: Ends,
    /// How bad it is.
    pub severity: Severity,
    /// Which incident it belongs to; nothing for what is no interruption, such as a watchdog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    /// The alert with the same identity before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<AlertId>,
    /// Whether it was over when it was first heard of; then it is no incident. Alertmanager, whose
    /// place was taken, had told somebody that it fires, and who was told so is told its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// Whether `key` is the fingerprint of the labels.
    #[serde(skip)]
    pub(super) plain: Hint<bool>,
    /// The places of the routes that take it, by the rules under which it was recorded.
    #[serde(skip)]
    pub(in crate::domain) routes: Hint<Places>,
}

/// What follows from a fact and was at hand when it was recorded. The journal does not keep it, and
/// facts with and without it are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::domain) struct Hint<T>(Option<T>);

impl<T> Hint<T> {
    pub(super) fn of(known: T) -> Self {
        Self(Some(known))
    }

    /// What is known; nothing where the fact comes from the journal.
    pub(in crate::domain) fn known(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T> PartialEq for Hint<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Says which incident an alert belongs to: the rule that decided and the key it made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Correlation {
    /// The name of the correlate rule; empty where the route's `group_by` decided.
    pub rule: String,
    /// What alerts of one incident have in common: `{cluster="a", service="db"}`.
    pub key: String,
}

impl Correlation {
    /// Rule and key, as a text under its name.
    pub(super) fn text(&self) -> (&str, &str) {
        (&self.rule, &self.key)
    }
}

/// Whose word ended an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearedBy {
    /// The source said so.
    Source,
    /// The source is alive and no longer mentions it.
    Timeout,
}
