//! What is known of silences, and which of them hold for an alert.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fact::{Created, Fact, Updated};
use super::lookup::{Lookup, Untidy};
use super::machine::{Status, Step};
use crate::domain::table::{Table, UnreadablePage};
use crate::domain::value::{Actor, Labels, Matcher, Matchers, SilenceId, Timestamp, Uuid};

/// What is known of silences.
#[derive(Debug, Clone, Default)]
pub struct State {
    silences: Table<SilenceId, Silence>,
    by_uuid: BTreeMap<Uuid, SilenceId>,
    lookup: Lookup,
}

/// A time in which nobody is told of some alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// Where it is in its life.
    pub status: Status,
    /// Its name for clients of Alertmanager.
    pub uuid: Uuid,
    /// Whom it silences: alerts that match all of one of these sets.
    pub matchers: Vec<Matchers>,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// When it last changed by somebody's hand.
    pub updated_at: Timestamp,
    /// Who wanted it, in the words of the request.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// What else was said.
    #[serde(default)]
    pub annotations: Labels,
    /// The silence in whose place it stands.
    pub replaces: Option<SilenceId>,
    /// Who ended it, if a person did.
    #[serde(default)]
    pub expired_by: Option<Actor>,
}

impl State {
    /// Every silence that is remembered, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (SilenceId, &Silence)> {
        self.silences.iter()
    }

    /// How many silences are remembered, those that are over among them.
    pub fn len(&self) -> usize {
        self.silences.len()
    }

    /// Tells whether there is no silence at all.
    pub fn is_empty(&self) -> bool {
        self.silences.is_empty()
    }

    /// Looks a silence up.
    pub fn get(&self, id: SilenceId) -> Option<&Silence> {
        self.silences.get(id)
    }

    /// Looks up a silence that a fact or an index of ours names.
    pub(super) fn expect(&self, id: SilenceId) -> &Silence {
        self.silences.expect(id)
    }

    /// The name by which clients of Alertmanager know a silence; nothing if it is forgotten.
    pub fn uuid(&self, id: SilenceId) -> Option<Uuid> {
        self.get(id).map(|silence| silence.uuid)
    }

    /// The silence of that name.
    pub fn by_uuid(&self, uuid: Uuid) -> Option<SilenceId> {
        self.by_uuid.get(&uuid).copied()
    }

    /// The silences that are active, lowest id first.
    pub fn active(&self) -> impl Iterator<Item = SilenceId> {
        self.lookup.active()
    }

    /// The active silences that hold for these labels, lowest id first. Costs about the same for
    /// ten silences and for thousands.
    pub fn silencing(&self, labels: &Labels) -> Vec<SilenceId> {
        let mut found = self.lookup.candidates(labels);
        found.retain(|id| self.matches(*id, labels));
        found
    }

    /// The first of [`State::silencing`], for who only asks whether there is one.
    pub fn first_silencing(&self, labels: &Labels) -> Option<SilenceId> {
        self.lookup.candidates(labels).into_iter().find(|id| self.matches(*id, labels))
    }

    /// Tells whether a silence is about these labels, be it active or not; a forgotten one never
    /// is.
    pub fn matches(&self, id: SilenceId, labels: &Labels) -> bool {
        self.get(id).is_some_and(|silence| silence.matches(labels))
    }

    pub(super) fn next_id(&self) -> SilenceId {
        self.silences.next_id()
    }

    pub(crate) fn fold(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::Created(created) => self.fold_created(created),
            Fact::Updated(updated) => self.fold_updated(at, updated),
            Fact::Began { id } => {
                self.step(*id, Step::Begin);
                self.lookup.add(*id);
            }
            Fact::Ended { id } => {
                self.step(*id, Step::End);
                self.lookup.remove(*id);
            }
            Fact::Expired { id, by } => {
                let silence = self.step(*id, Step::Expire);
                silence.starts_at = silence.starts_at.min(at);
                silence.ends_at = at;
                silence.updated_at = at;
                silence.expired_by = Some(by.clone());
                self.lookup.remove(*id);
            }
            Fact::Forgotten { id } => {
                let known = self.silences.remove(*id);
                known.and_then(|silence| self.by_uuid.remove(&silence.uuid));
            }
        }
        match self.lookup.untidy() {
            Some(Untidy::All) => self.tidy(),
            Some(Untidy::Late) => {
                let silences = &self.silences;
                self.lookup.file_late(|id| silences.expect(id).matchers.as_slice());
            }
            None => {}
        }
    }

    fn fold_created(&mut self, created: &Created) {
        let silence = Silence {
            status: Status::Pending,
            uuid: created.uuid,
            matchers: created.matchers.clone(),
            starts_at: created.starts_at,
            ends_at: created.ends_at,
            updated_at: created.updated_at,
            created_by: created.created_by.clone(),
            comment: created.comment.clone(),
            annotations: created.annotations.clone(),
            replaces: created.replaces,
            expired_by: None,
        };
        self.by_uuid.insert(created.uuid, created.id);
        self.silences.insert(created.id, silence);
    }

    fn fold_updated(&mut self, at: Timestamp, updated: &Updated) {
        let silence = self.silences.expect_mut(updated.id);
        silence.starts_at = updated.starts_at;
        silence.ends_at = updated.ends_at;
        silence.updated_at = at;
        silence.created_by.clone_from(&updated.created_by);
        silence.comment.clone_from(&updated.comment);
        silence.annotations.clone_from(&updated.annotations);
    }

    fn step(&mut self, id: SilenceId, step: Step) -> &mut Silence {
        let silence = self.silences.expect_mut(id);
        silence.status = silence.status.after(step).expect("a fact is a step of the table");
        silence
    }

    fn tidy(&mut self) {
        let active = self.silences.iter().filter(|(_, one)| one.status == Status::Active);
        self.lookup = Lookup::of(active.map(|(id, silence)| (id, silence.matchers.as_slice())));
    }

    pub(crate) fn take_changed(&mut self, add: &mut dyn FnMut(&'static str, u64)) {
        for number in self.silences.take_changed() {
            add("silences", number);
        }
    }

    pub(crate) fn page(&self, table: &str, number: u64) -> Option<Vec<u8>> {
        match table {
            "silences" => self.silences.page(number, Clone::clone),
            _ => None,
        }
    }

    pub(crate) fn load_page(
        &mut self,
        table: &str,
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        if table != "silences" {
            return Err(UnreadablePage::unknown("silence", table, number));
        }
        self.silences.load_page(("silence", "silences"), number, records, |silence| silence)
    }

    pub(crate) fn rebuild(&mut self) {
        self.by_uuid = self.silences.iter().map(|(id, silence)| (silence.uuid, id)).collect();
        self.tidy();
    }

    pub(crate) fn agenda(&self, add: &mut dyn FnMut(Timestamp, super::Deadline)) {
        for (id, silence) in self.silences.iter() {
            let due = match silence.status {
                Status::Pending => silence.starts_at,
                // How long it is kept is a rule in force, which the wake-up knows.
                Status::Active | Status::Expired => silence.ends_at,
            };
            add(due, super::Deadline::Due(id));
        }
    }
}

impl Silence {
    /// Where it is in its life at an instant, to the millisecond, whatever has been recorded.
    pub fn status_at(&self, now: Timestamp) -> Status {
        Status::at(self.starts_at, self.ends_at, now)
    }

    /// Tells whether one of its sets has all of these matchers, written the same: what the
    /// parameter `filter` asks in API v2 of Alertmanager.
    pub fn has(&self, wanted: &[Matcher]) -> bool {
        let in_set = |set: &Matchers| wanted.iter().all(|matcher| set.contains(matcher));
        self.matchers.iter().any(in_set)
    }

    /// Tells whether it is about these labels: all matchers of one of its sets hold.
    pub fn matches(&self, labels: &Labels) -> bool {
        let holds = |set: &Matchers| set.iter().all(|one| one.matches(labels.get(&one.name)));
        self.matchers.iter().any(holds)
    }
}
