//! Finds the silences that may hold for a label set, however many there are.
//!
//! Most are filed by what they need, as the rules of a [stage](crate::domain::stage) are. Filing
//! takes all of them at once, so the newest wait beside the files and are tried one by one until
//! there are enough of them.

use std::collections::BTreeSet;

use crate::domain::stage::index::Index;
use crate::domain::value::{Labels, Matchers, SilenceId};

/// So many wait to be filed, or are over and still filed, before all are filed again; and a
/// share of all, so that this is rare however many there are.
const WAITING_MIN: usize = 32;
const WAITING_SHARE: usize = 8;

/// Active silences by what they need.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookup {
    active: BTreeSet<SilenceId>,
    filed: Index,
    /// Which silence each filed matcher set is of. Those that are over stay until all are filed
    /// again.
    places: Vec<SilenceId>,
    /// How many of the filed are over.
    over: usize,
    waiting: Vec<SilenceId>,
}

impl Lookup {
    /// Files all of them at once. Each comes with its matcher sets.
    pub(super) fn of<'a>(silences: impl Iterator<Item = (SilenceId, &'a [Matchers])>) -> Self {
        let sets: Vec<(SilenceId, &Matchers)> =
            silences.flat_map(|(id, sets)| sets.iter().map(move |set| (id, set))).collect();
        Self {
            active: sets.iter().map(|(id, _)| *id).collect(),
            filed: Index::new(sets.iter().map(|(_, set)| set.as_slice())),
            places: sets.into_iter().map(|(id, _)| id).collect(),
            over: 0,
            waiting: Vec::new(),
        }
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

    /// Tells whether filing all of them again is worth its while.
    pub(super) fn is_untidy(&self) -> bool {
        let bearable = WAITING_MIN.max(self.places.len() / WAITING_SHARE);
        self.waiting.len() > bearable || self.over > bearable
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
        let filed = self.filed.candidates(labels).into_iter().map(|place| self.places[place]);
        let mut found: Vec<SilenceId> = filed
            .filter(|id| self.active.contains(id))
            .chain(self.waiting.iter().copied())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
