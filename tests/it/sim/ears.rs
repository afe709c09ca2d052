//! What the receivers of messages believe, by nothing but the messages that reached them.

use std::collections::{BTreeMap, BTreeSet};

use incidentd::domain::notification::message::{AlertStatus, Letter};
use incidentd::domain::value::{DeliveryId, Fingerprint};

/// A conversation as its receiver sees it: channel and thread.
type Ear = (String, String);

/// What everybody believes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Ears {
    firing: BTreeMap<Ear, BTreeSet<Fingerprint>>,
    /// Ends that each has been promised, with the message that said that something fires.
    owed: BTreeMap<Ear, BTreeMap<Fingerprint, DeliveryId>>,
    open: BTreeMap<Ear, bool>,
    /// The last message that each has heard.
    last: BTreeMap<Ear, DeliveryId>,
    /// Messages that reached somebody.
    pub(crate) messages: usize,
}

impl Ears {
    /// A message has reached its receiver.
    pub(crate) fn hear(&mut self, channel: &str, letter: &Letter) {
        self.messages += 1;
        let ear = (channel.to_owned(), letter.thread.root.clone());
        self.last.insert(ear.clone(), letter.delivery);
        let incident = letter.incident.as_ref();
        if let Some(incident) =
            incident.filter(|one| letter.group_labels.get("incident") == one.id.to_string())
        {
            self.open.insert(ear, incident.state.is_open());
            return;
        }
        let owed = self.owed.entry(ear.clone()).or_default();
        for alert in &letter.alerts {
            match alert.status {
                AlertStatus::Firing => owed.insert(alert.fingerprint, letter.delivery),
                AlertStatus::Resolved => owed.remove(&alert.fingerprint),
            };
        }
        let firing = letter.alerts.iter().filter(|alert| alert.status == AlertStatus::Firing);
        self.firing.insert(ear, firing.map(|alert| alert.fingerprint).collect());
    }

    /// Who still believes that something is wrong, and by which message.
    pub(crate) fn worried(&self) -> Vec<(DeliveryId, String)> {
        let firing = self.firing.iter().filter(|(_, firing)| !firing.is_empty());
        let firing = firing.map(|(ear, firing)| (ear, format!("{ear:?} believes in {firing:?}")));
        let open = self.open.iter().filter(|(_, open)| **open);
        let open = open.map(|(ear, _)| (ear, format!("{ear:?} believes it open")));
        firing.chain(open).map(|(ear, words)| (self.last[ear], words)).collect()
    }

    /// Whoever was told that an alert fires, and not in so many words that it ended. A message may
    /// leave out what is suppressed; its end must be told all the same.
    pub(crate) fn unended(&self) -> impl Iterator<Item = (DeliveryId, String)> {
        let each = self.owed.iter().flat_map(|(ear, owed)| owed.iter().map(move |one| (ear, one)));
        each.map(|(ear, (key, by))| (*by, format!("{ear:?} never heard of the end of {key}")))
    }
}
