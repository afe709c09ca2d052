//! What Alertmanager had told before this daemon took its place: nobody is told it a second time,
//! and everybody is told its end.
//!
//! Alertmanager's log names alerts by a hash of their labels. An entry waits until the alerts it
//! names are heard of here; then the channel counts as told of them, since the time of the entry.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::Xxh64;

use super::fact::Fact;
use super::state::Told;
use super::{Deadline, outbox};
use crate::domain::Turn;
use crate::domain::few::FewOf;
use crate::domain::table::{Table, UnreadablePage};
use crate::domain::value::{
    AlertId, ChannelId, Fingerprint, GroupId, InheritedId, Labels, Timestamp,
};

/// Entries that are taken over; a larger log is cut off.
const ENTRIES_MAX: usize = 1_000_000;

/// Under which names Alertmanager keeps the channel and the time stamp of a Slack message.
const SLACK_CHANNEL: &str = "channelId";
const SLACK_TS: &str = "threadTs";

/// An alert as Alertmanager's log names it: xxHash64 over its labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertHash(pub u64);

/// An entry of Alertmanager's notification log: what it had told of a group through one
/// integration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inherited {
    /// The group, as [`super::State::key`] names it.
    pub group_key: String,
    /// The receiver's name.
    pub receiver: String,
    /// The kind of the integration: `webhook`.
    pub integration: String,
    /// The place among the integrations of this kind.
    pub index: u32,
    /// When it was told.
    pub at: Timestamp,
    /// What it was told to be firing, as far as nothing has been heard of it here.
    pub firing: BTreeSet<AlertHash>,
    /// What it was told to have ended.
    pub resolved: BTreeSet<AlertHash>,
    /// When the entry may be forgotten.
    pub expires_at: Timestamp,
    /// What the integration remembers of its message, such as the message's place in a chat.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, Datum>,
}

/// Something that an integration remembers of its message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Datum {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Real(f64),
}

/// The entries, found by group and channel or by what they name.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    entries: Table<InheritedId, Inherited>,
    by_place: BTreeMap<(String, String), InheritedId>,
    by_hash: BTreeSet<(AlertHash, InheritedId)>,
}

impl AlertHash {
    /// The hash of an alert with these labels.
    pub fn of(labels: &Labels) -> Self {
        let mut hasher = Xxh64::new(0);
        for (name, value) in labels.iter() {
            for part in [name, value] {
                hasher.update(part.as_bytes());
                hasher.update(&[0xff]);
            }
        }
        Self(hasher.digest())
    }
}

impl Inherited {
    /// The name of its channel here: `receiver/kind[index]`.
    pub fn channel(&self) -> String {
        format!("{}/{}[{}]", self.receiver, self.integration, self.index)
    }

    /// What the provider calls the thread: `channel/ts` for Slack, the only one that Alertmanager
    /// keeps something of.
    fn thread(&self) -> Option<String> {
        let text = |name: &str| match self.data.get(name)? {
            Datum::Text(text) => Some(text),
            Datum::Whole(_) | Datum::Real(_) => None,
        };
        Some(format!("{}/{}", text(SLACK_CHANNEL)?, text(SLACK_TS)?))
    }

    /// What Alertmanager keeps of a thread that the provider calls so.
    pub(super) fn remembered(integration: &str, thread: Option<&str>) -> BTreeMap<String, Datum> {
        let slack = thread.filter(|_| integration == "slack");
        let Some((channel, ts)) = slack.and_then(|thread| thread.split_once('/')) else {
            return BTreeMap::new();
        };
        let texts = [(SLACK_CHANNEL, channel), (SLACK_TS, ts)];
        texts.map(|(name, text)| (name.to_owned(), Datum::Text(text.to_owned()))).into()
    }

    fn place(&self) -> (String, String) {
        (self.group_key.clone(), self.channel())
    }
}

impl Log {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (InheritedId, &Inherited)> {
        self.entries.iter()
    }

    /// Tells whether some channel was told that an alert fires.
    pub(super) fn names(&self, hash: AlertHash) -> bool {
        let range = (hash, InheritedId(0))..=(hash, InheritedId(u64::MAX));
        self.by_hash.range(range).next().is_some()
    }

    /// What was told of a group through a channel.
    fn find(&self, group_key: String, channel: String) -> Option<(InheritedId, &Inherited)> {
        let id = *self.by_place.get(&(group_key, channel))?;
        Some((id, self.entries.expect(id)))
    }

    pub(super) fn insert(&mut self, id: InheritedId, entry: Inherited) {
        self.remove(id);
        self.index(id, &entry);
        self.entries.insert(id, entry);
    }

    fn index(&mut self, id: InheritedId, entry: &Inherited) {
        self.by_place.insert(entry.place(), id);
        self.by_hash.extend(entry.firing.iter().map(|hash| (*hash, id)));
    }

    pub(super) fn remove(&mut self, id: InheritedId) {
        let Some(entry) = self.entries.remove(id) else { return };
        self.by_place.remove(&entry.place());
        for hash in entry.firing {
            self.by_hash.remove(&(hash, id));
        }
    }

    /// Takes an alert out of an entry, which goes when it was the last; returns what the channel
    /// knew before this alert.
    pub(super) fn spend(&mut self, id: InheritedId, hash: AlertHash) -> Told {
        let entry = self.entries.expect_mut(id);
        entry.firing.remove(&hash);
        let spent = entry.firing.is_empty();
        let told = Told {
            at: entry.at,
            firing: FewOf::default(),
            standing: None,
            first: None,
            provider: entry.thread(),
        };
        self.by_hash.remove(&(hash, id));
        if spent {
            self.remove(id);
        }
        told
    }

    pub(super) fn take_changed(&mut self) -> BTreeSet<u64> {
        self.entries.take_changed()
    }

    pub(super) fn page(&self, number: u64) -> Option<Vec<u8>> {
        self.entries.page(number, Clone::clone)
    }

    pub(super) fn load_page(&mut self, number: u64, records: &[u8]) -> Result<(), UnreadablePage> {
        self.entries.load_page(("notification", "inherited"), number, records, |record| record)
    }

    pub(super) fn rebuild(&mut self) {
        self.by_place.clear();
        self.by_hash.clear();
        let entries: Vec<_> = self.iter().map(|(id, entry)| (id, entry.clone())).collect();
        for (id, entry) in entries {
            self.index(id, &entry);
        }
    }

    /// When the next entry lapses.
    pub(super) fn lapses_at(&self) -> Option<Timestamp> {
        self.iter().map(|(_, entry)| entry.expires_at).min()
    }
}

/// Takes a log over. What has lapsed, or names nothing that fires, is of no use; of two entries for
/// one place the later counts.
pub(super) fn inherit(turn: &mut Turn, entries: Vec<Inherited>) {
    for mut entry in entries.into_iter().take(ENTRIES_MAX) {
        entry.at = entry.at.min(turn.now());
        let log = &turn.state().notification.inherited;
        let known = log.find(entry.group_key.clone(), entry.channel());
        let older = known.is_some_and(|(_, known)| known.at >= entry.at);
        if older || entry.firing.is_empty() || entry.expires_at <= turn.now() {
            continue;
        }
        let id = known.map_or_else(|| log.entries.next_id(), |(id, _)| id);
        turn.record(Fact::Inherited { id, entry: Box::new(entry) });
    }
    await_lapse(turn);
}

/// Entries that nothing was heard of for too long go.
pub(super) fn lapse(turn: &mut Turn) {
    let now = turn.now();
    let entries = turn.state().notification.inherited.iter();
    let due: Vec<InheritedId> =
        entries.filter(|(_, entry)| entry.expires_at <= now).map(|(id, _)| id).collect();
    if !due.is_empty() {
        turn.record(Fact::Lapsed { ids: due });
    }
    await_lapse(turn);
}

fn await_lapse(turn: &mut Turn) {
    if let Some(at) = turn.state().notification.inherited.lapses_at() {
        turn.wake_at(at, Deadline::Lapse);
    }
}

/// Lets the channels of a group count as told of those of its alerts that Alertmanager had told:
/// of one alert, or of all.
pub(super) fn recall(turn: &mut Turn, id: GroupId, only: Option<(Fingerprint, AlertId)>) {
    if turn.state().notification.inherited.is_empty() {
        return;
    }
    let Some(group) = turn.state().notification.group(id) else { return };
    let Some(receiver) = turn.settings().receivers.get(group.receiver()) else { return };
    let group_key = turn.state().notification.key(group);
    for integration in &receiver.integrations {
        let name = outbox::channel_name(&receiver.name, integration);
        if turn.state().notification.inherited.find(group_key.clone(), name).is_none() {
            continue;
        }
        let channel = outbox::channel(turn, &receiver.name, integration);
        if turn.state().notification.on_the_way(id, channel).is_some() {
            // Its delivery says anew what the channel knows; the group looks again after it.
            continue;
        }
        for fact in recalled(turn, id, channel, only) {
            turn.record(fact);
        }
    }
}

fn recalled(
    turn: &Turn,
    id: GroupId,
    channel: ChannelId,
    only: Option<(Fingerprint, AlertId)>,
) -> Vec<Fact> {
    let Some((entry, inherited)) = entry_of(turn, id, channel) else { return Vec::new() };
    let group = turn.state().notification.group(id).expect("the caller has looked");
    let all = group.alerts().filter(|_| only.is_none());
    all.chain(only)
        .filter_map(|(key, alert)| {
            let hash = AlertHash::of(&super::group::labels(turn, alert));
            let told = inherited.firing.contains(&hash);
            told.then_some(Fact::Recalled { entry, group: id, channel, key, hash })
        })
        .collect()
}

/// Tells whether a channel was told of alerts of which nothing has been heard yet, though their
/// source may only have had no time to speak since the start. Then it is too early to say that all
/// of the group is over.
pub(super) fn awaits_more(turn: &Turn, id: GroupId, channel: ChannelId) -> bool {
    let state = turn.state();
    !state.notification.inherited.is_empty()
        && turn.now() < state.event.grace_until()
        && entry_of(turn, id, channel).is_some()
}

fn entry_of<'a>(
    turn: &'a Turn,
    id: GroupId,
    channel: ChannelId,
) -> Option<(InheritedId, &'a Inherited)> {
    let notification = &turn.state().notification;
    let name = notification.channel(channel)?.name.clone();
    notification.inherited.find(notification.key(notification.group(id)?), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_has_the_hash_that_alertmanager_gives_it() {
        // Of no labels: the digest of no bytes, as the algorithm's description gives it.
        assert_eq!(AlertHash::of(&Labels::new::<&str, &str>([])), AlertHash(0xef46_db37_51d8_e999));
        let labels = |value| Labels::new([("alertname", "Disk"), ("host", value)]);
        assert_eq!(AlertHash::of(&labels("a")), AlertHash::of(&labels("a")));
        assert_ne!(AlertHash::of(&labels("a")), AlertHash::of(&labels("b")));
    }

    #[test]
    fn a_thread_in_slack_goes_on_where_alertmanager_began_it() {
        let data = Inherited::remembered("slack", Some("C7/17.5"));
        let entry = Inherited {
            group_key: String::new(),
            receiver: "team".into(),
            integration: "slack".into(),
            index: 0,
            at: Timestamp(0),
            firing: BTreeSet::new(),
            resolved: BTreeSet::new(),
            expires_at: Timestamp(0),
            data,
        };
        assert_eq!(entry.thread().as_deref(), Some("C7/17.5"));
        assert!(Inherited::remembered("email", Some("250 ok/queued")).is_empty());
        assert!(Inherited::remembered("slack", None).is_empty());
    }
}
