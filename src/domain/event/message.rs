//! An event: one message of a source about one condition, in our words.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::value::{Fingerprint, Labels, Timestamp};

/// What a source said. Adapters make events; nothing behind them looks at a source's bytes again.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The source's name in the configuration.
    pub source: Arc<str>,
    /// What the condition did.
    pub signal: Signal,
    /// The labels as the source sent them.
    pub labels: Labels,
    /// Text about the condition that is no part of its identity.
    pub annotations: Labels,
    /// Where the source shows the condition; may be empty.
    pub url: Box<str>,
    /// The source's own key for the alert; empty means that the labels are the identity.
    pub key: Box<str>,
    /// Since when the condition holds, by the source's clock.
    pub starts_at: Timestamp,
    /// Until when the word of the source counts.
    pub ends: Ends,
}

/// What a condition did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// It holds.
    Firing,
    /// It no longer holds.
    Resolved,
}

/// Until when the word of a source counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// The source named the instant: the end of a resolved condition, or a lease that it renews.
    At(Timestamp),
    /// The source named none; this is when the default lease (`resolve_timeout`) runs out.
    Timeout(Timestamp),
    /// The source says itself when it is over; no lease.
    Never,
}

impl Ends {
    /// The instant, if there is one.
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) | Self::Timeout(at) => Some(at),
            Self::Never => None,
        }
    }
}

impl Event {
    /// Hashes what a person would see changed: annotations and URL. Equal hashes make a repeat.
    pub fn content(annotations: &Labels, url: &str) -> u64 {
        use std::hash::{BuildHasher, Hasher};
        let mut hasher = foldhash::fast::FixedState::default().build_hasher();
        for (name, value) in annotations.iter() {
            hasher.write(name.as_bytes());
            hasher.write_u8(0xff);
            hasher.write(value.as_bytes());
            hasher.write_u8(0xff);
        }
        hasher.write(url.as_bytes());
        hasher.finish()
    }

    /// The identity of the alert this event speaks of, within a group of sources.
    ///
    /// For sources without a group, a key of their own, or dropped labels this is the
    /// [`Fingerprint`] that Prometheus and Alertmanager compute.
    pub fn identity(&self, group: &str, identity: &Labels) -> Fingerprint {
        if self.key.is_empty() && group.is_empty() {
            return identity.fingerprint();
        }
        let prefix = [("\u{1}group", group), ("\u{1}key", &self.key)];
        if self.key.is_empty() {
            identity.with(prefix).fingerprint()
        } else {
            Labels::new(prefix).fingerprint()
        }
    }
}
