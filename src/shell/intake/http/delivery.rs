//! Deliveries that were taken in: what a sender delivers once more has no second effect.
//!
//! A delivery is known by the sender's own name for it together with what it says, never by its
//! bytes alone: a condition that holds, ends and holds again may be told in equal bytes, but under
//! another name. A sender that reuses a name for something else is heard, too.
//!
//! It is remembered once its facts are on disk, and only if all of it was taken: what was partly
//! rejected is judged again, so that the sender hears the same answer. Two deliveries of one name
//! that overlap both go through; as events are found by the sender's key, the second is counted as
//! a repeat. For the same reason it is enough to remember this in memory: after a restart, what is
//! delivered once more is a repeat of an alert that holds, and an old event cannot bring back what
//! has ended since, because it began before that end.

use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest, Sha256};

use crate::domain::event::Event;
use crate::domain::event::adapter::Read;
use crate::domain::value::{Span, Timestamp};

/// Deliveries of one source that are remembered.
const DELIVERIES_MAX: usize = 4_096;

/// How long one is remembered. Senders give up after some hours; who delivers again after that was
/// told to by a person.
const REMEMBERED_MS: Span = Span::hours(24);

/// A delivery: a hash of its name and of what it says.
pub(super) type Mark = [u8; 32];

/// The deliveries of one source, oldest first.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    marks: BTreeMap<Mark, Timestamp>,
    order: VecDeque<Mark>,
}

impl Deliveries {
    /// Whether it was taken in before.
    pub(super) fn knows(&self, mark: &Mark, now: Timestamp) -> bool {
        self.marks.get(mark).is_some_and(|at| now.since(*at) < REMEMBERED_MS)
    }

    /// Remembers one whose facts are on disk.
    pub(super) fn remember(&mut self, mark: Mark, now: Timestamp) {
        if self.marks.insert(mark, now).is_none() {
            self.order.push_back(mark);
        }
        while self.order.len() > DELIVERIES_MAX {
            let Some(oldest) = self.order.pop_front() else { return };
            self.marks.remove(&oldest);
        }
    }
}

/// The delivery that was read; nothing where the sender has no name for it.
pub(super) fn mark(read: &Read) -> Option<Mark> {
    if read.delivery.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    part(&read.delivery);
    for event in &read.events {
        let content = Event::content(&event.annotations, &event.url);
        part(&format!("{:?} {} {content}", event.signal, event.labels.fingerprint()));
        part(&event.key);
    }
    for remark in &read.remarks {
        part(&format!("{:?} {}", remark.saying, remark.labels.fingerprint()));
        part(&remark.key);
        part(&remark.text);
    }
    for beat in &read.heartbeats {
        part(&beat.name);
    }
    for notice in &read.deployments {
        part(notice.status.name());
        part(&notice.key);
        part(&notice.service);
        part(&notice.version);
    }
    Some(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_remembered_for_a_while_and_the_oldest_is_forgotten_first() {
        let mut deliveries = Deliveries::default();
        let mark = |n: usize| {
            let mut mark = [0; 32];
            mark[..8].copy_from_slice(&n.to_le_bytes());
            mark
        };
        let now = Timestamp(0);
        assert!(!deliveries.knows(&mark(0), now));
        for n in 0..DELIVERIES_MAX {
            deliveries.remember(mark(n), now);
        }
        deliveries.remember(mark(1), now);
        assert!(deliveries.knows(&mark(0), now));
        assert!(!deliveries.knows(&mark(0), now + REMEMBERED_MS));
        deliveries.remember(mark(DELIVERIES_MAX), now);
        assert!(!deliveries.knows(&mark(0), now));
        assert!(deliveries.knows(&mark(1), now));
        assert_eq!(deliveries.marks.len(), DELIVERIES_MAX);
    }

    #[test]
    fn a_name_means_the_same_delivery_only_while_it_says_the_same() {
        let read = |delivery: &str, beat: &str| Read {
            delivery: delivery.into(),
            heartbeats: vec![crate::domain::event::Heartbeat {
                source: "s".into(),
                name: beat.into(),
                within: None,
                labels: crate::domain::value::Labels::default(),
            }],
            ..Read::default()
        };
        assert_eq!(mark(&read("", "a")), None);
        assert_eq!(mark(&read("1", "a")), mark(&read("1", "a")));
        for other in [read("2", "a"), read("1", "b"), read("1a", "")] {
            assert_ne!(mark(&read("1", "a")), mark(&other));
        }
    }
}
