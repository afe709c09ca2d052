//! What a delivery is known by when it comes again.
//!
//! That is the sender's own name for it together with what it says, never its bytes alone: a
//! condition that holds, ends and holds again may be told in equal bytes, but under another name. A
//! sender that reuses a name for something else is heard, too.
//!
//! It is remembered with its facts ([`Arrival`](crate::domain::event::Arrival)), and only if all of
//! it was taken: what was partly rejected is judged again, so that the sender hears the same
//! answer. Two deliveries of one name that overlap both go through; as events are found by the
//! sender's key, the second is counted as a repeat.

use sha2::{Digest, Sha256};
use xxhash_rust::xxh64::xxh64;

use crate::domain::event::adapter::Read;
use crate::domain::event::{Event, Stamp};

/// The delivery that was read; nothing where the sender has no name for it.
pub(super) fn stamp(read: &Read) -> Option<Stamp> {
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
    let hash: [u8; 32] = hash.finalize().into();
    let half = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash[at..at + 8]);
        u64::from_be_bytes(bytes)
    };
    Some(Stamp([half(0), half(8)]))
}

/// What a delivery is known by while its sender tries again: its name with what it says, or its
/// bytes.
pub(super) fn mark(read: &Read, body: &[u8]) -> u64 {
    stamp(read).map_or_else(|| xxh64(body, 0), |Stamp([half, _])| half)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(stamp(&read("", "a")), None);
        assert_eq!(stamp(&read("1", "a")), stamp(&read("1", "a")));
        for other in [read("2", "a"), read("1", "b"), read("1a", "")] {
            assert_ne!(stamp(&read("1", "a")), stamp(&other));
        }
    }
}
