//! Links from one record to others of another kind: mostly one, seldom more.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use super::shelves::Shelves;
use super::value::{RecordId, Short};

/// Links kept side by side.
const SHELF_LINKS: u64 = 64;

/// From each record of one kind to records of another. The first link of a record costs 5 bytes,
/// because a million alerts have one each.
#[derive(Debug, Clone)]
pub struct Links<A, B> {
    /// The first link of each record by its number; the default means none.
    first: Shelves<Box<[Short]>>,
    more: BTreeSet<(u64, u64)>,
    kinds: PhantomData<(A, B)>,
}

impl<A, B> Default for Links<A, B> {
    fn default() -> Self {
        Self { first: Shelves::default(), more: BTreeSet::new(), kinds: PhantomData }
    }
}

impl<A: RecordId, B: RecordId> Links<A, B> {
    /// The first link of a record.
    pub fn first(&self, from: A) -> Option<B> {
        let (shelf, place) = place(from);
        self.first.get(shelf)?[place].some()
    }

    /// Tells whether two records are linked.
    pub fn has(&self, from: A, to: B) -> bool {
        let first = self.first(from);
        first == Some(to) || (first.is_some() && self.more.contains(&(from.number(), to.number())))
    }

    /// Every link of a record, lowest first.
    pub fn all(&self, from: A) -> Vec<B> {
        let range = (from.number(), 0)..=(from.number(), u64::MAX);
        let more = self.more.range(range).map(|(_, to)| B::from_number(*to));
        self.first(from).into_iter().chain(more).collect()
    }

    /// Links two records; a second time changes nothing.
    pub fn add(&mut self, from: A, to: B) {
        let slot = self.slot(from);
        let Some(known) = slot.some::<B>() else {
            *slot = Short::of(to);
            return;
        };
        if known != to {
            // The lowest stands first: the order must not tell who came when, or a restart would.
            *slot = Short::of(known.min(to));
            self.more.insert((from.number(), known.max(to).number()));
        }
    }

    /// Makes this the first link of a record in place of the one before, which is returned.
    pub fn set(&mut self, from: A, to: B) -> Option<B> {
        std::mem::replace(self.slot(from), Short::of(to)).some()
    }

    /// Takes a link away.
    pub fn remove(&mut self, from: A, to: B) {
        if self.more.remove(&(from.number(), to.number())) || self.first(from) != Some(to) {
            return;
        }
        let range = (from.number(), 0)..=(from.number(), u64::MAX);
        let next = self.more.range(range).next().copied();
        if let Some(next) = next {
            self.more.remove(&next);
        }
        *self.slot(from) = next.map_or(Short::default(), |(_, to)| Short::of(B::from_number(to)));
        let (shelf, _) = place(from);
        if self
            .first
            .get(shelf)
            .is_some_and(|links| links.iter().all(|link| *link == Short::default()))
        {
            self.first.remove(shelf);
        }
    }

    fn slot(&mut self, from: A) -> &mut Short {
        let (shelf, place) = place(from);
        let empty =
            || vec![Short::default(); usize::try_from(SHELF_LINKS).unwrap_or(0)].into_boxed_slice();
        &mut self.first.get_or_insert_with(shelf, empty)[place]
    }
}

impl<A: RecordId, B: RecordId> FromIterator<(A, B)> for Links<A, B> {
    fn from_iter<I: IntoIterator<Item = (A, B)>>(pairs: I) -> Self {
        let mut links = Self::default();
        for (from, to) in pairs {
            links.add(from, to);
        }
        links
    }
}

fn place<A: RecordId>(from: A) -> (u64, usize) {
    let place = usize::try_from(from.number() % SHELF_LINKS).expect("a shelf has few places");
    (from.number() / SHELF_LINKS, place)
}

#[cfg(test)]
mod tests {
    use super::super::value::{AlertId, GroupId};
    use super::*;

    #[test]
    fn links_come_and_go_in_any_order() {
        let mut links = Links::<AlertId, GroupId>::default();
        for group in [3, 1, 2, 3] {
            links.add(AlertId(70), GroupId(group));
        }
        assert_eq!(links.all(AlertId(70)), [GroupId(1), GroupId(2), GroupId(3)]);
        assert!((1..=3).all(|group| links.has(AlertId(70), GroupId(group))));
        assert!(!links.has(AlertId(70), GroupId(4)) && !links.has(AlertId(71), GroupId(1)));
        links.remove(AlertId(70), GroupId(3));
        assert_eq!(links.all(AlertId(70)), [GroupId(1), GroupId(2)]);
        links.remove(AlertId(70), GroupId(2));
        links.remove(AlertId(70), GroupId(2));
        links.remove(AlertId(70), GroupId(1));
        assert!(links.all(AlertId(70)).is_empty() && links.first.from(0).next().is_none());
    }
}
