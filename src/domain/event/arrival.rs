//! Deliveries that were taken in: what a sender delivers once more has no second effect, also after
//! a restart.
//!
//! Only what a sender has a name for is remembered, and only if all of it was taken. It stays for a
//! day, or until its source has delivered some thousands more; [`Arrivals::fold`] forgets the rest,
//! so that no fact is needed for that.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::lease;
use crate::domain::Turn;
use crate::domain::table::{Table, UnreadablePage};
use crate::domain::value::{ArrivalId, SourceId, Span, Timestamp};

/// Deliveries of one source that are remembered.
const ARRIVALS_MAX: usize = 4_096;

/// How long one is remembered. Senders give up after some hours; who delivers again after that was
/// told to by a person.
const REMEMBERED: Span = Span::hours(24);

/// What a delivery is known by: a hash of its sender's name for it and of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp(pub [u64; 2]);

/// A delivery that was taken in whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The source's name in the configuration.
    pub source: Arc<str>,
    /// What it is known by.
    pub stamp: Stamp,
}

/// A delivery that is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    source: SourceId,
    stamp: Stamp,
    at: Timestamp,
}

/// The deliveries of all sources.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrivals {
    table: Table<ArrivalId, Remembered>,
    known: BTreeMap<(SourceId, Stamp), ArrivalId>,
    /// Those of each source, oldest first.
    order: BTreeMap<SourceId, VecDeque<ArrivalId>>,
}

/// Notes that a delivery was taken in.
pub(crate) fn arrived(turn: &mut Turn, arrival: &Arrival) {
    let source = lease::source(turn, &arrival.source);
    let id = turn.state().event.arrivals.table.next_id();
    turn.record(Fact::Arrived { id, source, stamp: arrival.stamp });
}

impl Arrivals {
    /// Whether a delivery was taken in not long ago.
    pub(super) fn knows(&self, source: SourceId, stamp: Stamp, now: Timestamp) -> bool {
        let known = self.known.get(&(source, stamp)).and_then(|id| self.table.get(*id));
        known.is_some_and(|known| now.since(known.at) < REMEMBERED)
    }

    /// Remembers one, and forgets what its source delivered long before it.
    pub(super) fn fold(&mut self, at: Timestamp, id: ArrivalId, source: SourceId, stamp: Stamp) {
        self.table.insert(id, Remembered { source, stamp, at });
        self.known.insert((source, stamp), id);
        let order = self.order.entry(source).or_default();
        order.push_back(id);
        while let Some(oldest) = order.front().copied() {
            let Some(known) = self.table.get(oldest).copied() else { return };
            if order.len() <= ARRIVALS_MAX && at.since(known.at) < REMEMBERED {
                return;
            }
            order.pop_front();
            self.table.remove(oldest);
            // The same may have come again, and then it is known by the later one.
            if self.known.get(&(source, known.stamp)) == Some(&oldest) {
                self.known.remove(&(source, known.stamp));
            }
        }
    }

    pub(super) fn take_changed(&mut self) -> impl Iterator<Item = u64> + use<> {
        self.table.take_changed().into_iter()
    }

    pub(super) fn page(&self, number: u64) -> Option<Vec<u8>> {
        self.table.page(number, Clone::clone)
    }

    pub(super) fn load_page(
        &mut self,
        name: (&str, &str),
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        self.table.load_page(name, number, records, |known| known)
    }

    pub(super) fn rebuild(&mut self) {
        self.known.clear();
        self.order.clear();
        for (id, Remembered { source, stamp, .. }) in self.table.iter() {
            self.known.insert((*source, *stamp), id);
            self.order.entry(*source).or_default().push_back(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SourceId = SourceId(1);
    const TWO: SourceId = SourceId(2);

    fn stamp(number: usize) -> Stamp {
        Stamp([number as u64, 7])
    }

    fn fill(arrivals: &mut Arrivals, at: Timestamp, source: SourceId, marks: &[usize]) {
        for number in marks {
            let id = arrivals.table.next_id();
            arrivals.fold(at, id, source, stamp(*number));
        }
    }

    #[test]
    fn a_delivery_is_remembered_for_a_while_and_the_oldest_is_forgotten_first() {
        let mut arrivals = Arrivals::default();
        let now = Timestamp(0);
        assert!(!arrivals.knows(ONE, stamp(0), now));
        fill(&mut arrivals, now, TWO, &[0]);
        fill(&mut arrivals, now, ONE, &(0..ARRIVALS_MAX).collect::<Vec<_>>());
        assert!(arrivals.knows(ONE, stamp(0), now) && arrivals.knows(TWO, stamp(0), now));
        assert!(!arrivals.knows(ONE, stamp(0), now + REMEMBERED));
        fill(&mut arrivals, now, ONE, &[ARRIVALS_MAX]);
        assert!(!arrivals.knows(ONE, stamp(0), now) && arrivals.knows(ONE, stamp(1), now));
        assert_eq!(arrivals.table.len(), ARRIVALS_MAX + 1);

        fill(&mut arrivals, now + REMEMBERED, ONE, &[5]);
        assert!(arrivals.knows(ONE, stamp(5), now + REMEMBERED));
        assert_eq!((arrivals.table.len(), arrivals.known.len()), (2, 2), "the others are too old");
    }

    #[test]
    fn pages_bring_back_what_is_remembered() {
        let mut arrivals = Arrivals::default();
        fill(&mut arrivals, Timestamp(0), ONE, &(0..ARRIVALS_MAX + 100).collect::<Vec<_>>());
        fill(&mut arrivals, Timestamp(1), TWO, &[3, 4, 3]);
        let mut again = Arrivals::default();
        for number in arrivals.take_changed() {
            if let Some(records) = arrivals.page(number) {
                again.load_page(("event", "arrivals"), number, &records).unwrap();
            }
        }
        again.rebuild();
        assert_eq!(again.table, arrivals.table);
        assert_eq!((again.known, again.order), (arrivals.known, arrivals.order));
    }
}
