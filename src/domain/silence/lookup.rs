//! Finds the silences that may hold for a label set, however many there are.
//!
//! Most are filed by what they need, as the rules of a [stage](crate::domain::stage) are. Filing
//! takes all of them at once, so there are two files: one of most, and one of those that came since.
//! The newest wait beside them and are tried one by one until there are enough to file.

use std::collections::BTreeSet;

use crate::domain::stage::index::Index;
use crate::domain::value::{Labels, Matchers, SilenceId};

/// So many wait before they are filed, with those that came since most were filed.
const WAITING_MIN: usize = 8;

/// So many came since most were filed, or are over and still filed, before all are filed again.
const LATE_MIN: usize = 32;

/// Both are a share of what is filed already at least, so that filing is rare however many there
/// are.
const SHARE: usize = 8;

/// Active silences by what they need.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookup {
    active: BTreeSet<SilenceId>,
    most: Files,
    /// Those that came since most were filed, without those that wait.
    late: Files,
    waiting: Vec<SilenceId>,
    /// How many of the filed are over.
    over: usize,
}

/// Some silences, filed at once. Those that are over stay.
#[derive(Debug, Clone, Default)]
struct Files {
    index: Index,
    /// Which silence each filed matcher set is of.
    places: Vec<SilenceId>,
}

/// What is to be filed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untidy {
    /// All of them.
    All,
    /// Those that came since all were filed.
    Late,
}

impl Files {
    fn of<'a>(silences: impl Iterator<Item = (SilenceId, &'a [Matchers])>) -> Self {
        let sets: Vec<(SilenceId, &Matchers)> =
            silences.flat_map(|(id, sets)| sets.iter().map(move |set| (id, set))).collect();
        Self {
            index: Index::new(sets.iter().map(|(_, set)| set.as_slice())),
            places: sets.into_iter().map(|(id, _)| id).collect(),
        }
    }

    fn candidates(&self, labels: &Labels) -> impl Iterator<Item = SilenceId> {
        self.index.candidates(labels).into_iter().map(|place| self.places[place])
    }
}

impl Lookup {
    /// Files all of them at once. Each comes with its matcher sets.
    pub(super) fn of<'a>(silences: impl Iterator<Item = (SilenceId, &'a [Matchers])>) -> Self {
        let most = Files::of(silences);
        Self { active: most.places.iter().copied().collect(), most, ..Self::default() }
    }

    /// Files those that came late again; `silence` knows the matcher sets of each that is active.
    pub(super) fn file_late<'a>(&mut self, silence: impl Fn(SilenceId) -> &'a [Matchers]) {
        let late = self.late.places.drain(..).chain(self.waiting.drain(..));
        let late: BTreeSet<SilenceId> = late.filter(|id| self.active.contains(id)).collect();
        self.late = Files::of(late.into_iter().map(|id| (id, silence(id))));
    }

    /// Takes one in.
    pub(super) fn add(&mut self, id: SilenceId) {
        self.active.insert(id);
        self.waiting.push(id);
    }

    /// Takes one out.
    pub(super) fn remove(&mut self, id: SilenceId) {
        self.active.remove(&id);
        let waiting = self.waiting.len();
        self.waiting.retain(|have| *have != id);
        self.over += usize::from(self.waiting.len() == waiting);
    }

    /// Tells whether filing some of them again is worth its while.
    pub(super) fn untidy(&self) -> Option<Untidy> {
        let bearable = LATE_MIN.max(self.most.places.len() / SHARE);
        if self.late.places.len() + self.waiting.len() > bearable || self.over > bearable {
            return Some(Untidy::All);
        }
        let bearable = WAITING_MIN.max(self.late.places.len() / SHARE);
        (self.waiting.len() > bearable).then_some(Untidy::Late)
    }

    /// Those that are active, in order.
    pub(super) fn active(&self) -> impl Iterator<Item = SilenceId> {
        self.active.iter().copied()
    }

    /// Those that may hold, in order. Those left out do not hold.
    pub(super) fn candidates(&self, labels: &Labels) -> Vec<SilenceId> {
        if self.active.is_empty() {
            return Vec::new();
        }
        let filed = self.most.candidates(labels).chain(self.late.candidates(labels));
        let mut found: Vec<SilenceId> = filed
            .filter(|id| self.active.contains(id))
            .chain(self.waiting.iter().copied())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
