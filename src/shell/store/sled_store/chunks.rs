//! Cuts a value into chunks that sled keeps in its log, and joins them again.
//!
//! sled writes a leaf as one message once ten changes have gathered in it, and a message over a
//! quarter of a segment (128 KiB) goes to a file under `blobs/` that it never syncs. A leaf holds up
//! to seventeen values, some more while it merges with its neighbour, so the limit that keeps a leaf
//! in the log is far below the one for a single value.

use sled::{Db, IVec, Iter};

use super::ahead::Changes;

/// The most that one key holds: two dozen of them, with their keys, stay under 128 KiB.
pub(super) const CHUNK_BYTES_MAX: usize = 4096;

const NUMBER_BYTES: usize = 2;

/// What makes a stored value unreadable.
#[derive(Debug, thiserror::Error)]
pub(super) enum Damage {
    #[error("the key {0} is not well formed")]
    Key(String),
    #[error("the value of {0} is not whole")]
    Value(String),
    #[error("failed to read from the tree")]
    Read(#[source] sled::Error),
}

impl Damage {
    pub(super) fn key(key: &[u8]) -> Self {
        Self::Key(key.escape_ascii().to_string())
    }

    pub(super) fn value(key: &[u8]) -> Self {
        Self::Value(key.escape_ascii().to_string())
    }
}

/// Puts `value` under `base`. The first chunk begins with the number of chunks.
pub(super) fn put(changes: &mut Changes, base: &[u8], value: &[u8]) {
    let head = value.len().min(CHUNK_BYTES_MAX - NUMBER_BYTES);
    let (head, tail) = value.split_at(head);
    let tail = tail.chunks(CHUNK_BYTES_MAX);
    let count = number(tail.len() + 1);
    changes.insert(chunk_key(base, 0), [&count.to_be_bytes(), head].concat());
    for (chunk, at) in tail.zip(1..) {
        changes.insert(chunk_key(base, at), chunk);
    }
}

/// Removes the chunks of a value, from `first` on, that `count` says it has.
pub(super) fn remove(changes: &mut Changes, base: &[u8], first: u16, count: u16) {
    for at in first..count {
        changes.remove(chunk_key(base, at));
    }
}

/// How many chunks the value under `base` has; 0 when there is none.
pub(super) fn stored(db: &Db, base: &[u8]) -> Result<u16, Damage> {
    match db.get(chunk_key(base, 0)).map_err(Damage::Read)? {
        Some(head) => count(base, &head),
        None => Ok(0),
    }
}

/// How many chunks a value of this length takes.
pub(super) fn needed(value: &[u8]) -> u16 {
    number((value.len() + NUMBER_BYTES).div_ceil(CHUNK_BYTES_MAX))
}

/// A whole value with the key it was put under.
pub(super) struct Whole {
    pub(super) base: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) count: u16,
}

/// Joins what a scan over chunks finds.
pub(super) struct Joined(pub(super) Iter);

impl Iterator for Joined {
    type Item = Result<Whole, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.0.next()?;
        Some(head.map_err(Damage::Read).and_then(|(key, head)| self.join(&key, &head)))
    }
}

impl Joined {
    fn join(&mut self, key: &[u8], head: &[u8]) -> Result<Whole, Damage> {
        let Some((base, [0, 0])) = key.split_last_chunk() else { return Err(Damage::key(key)) };
        let count = count(base, head)?;
        let mut value = head[NUMBER_BYTES..].to_vec();
        for at in 1..count {
            let (key, chunk) =
                self.0.next().ok_or_else(|| Damage::value(base))?.map_err(Damage::Read)?;
            if key != chunk_key(base, at) {
                return Err(Damage::value(base));
            }
            value.extend_from_slice(&chunk);
        }
        Ok(Whole { base: base.to_vec(), value, count })
    }
}

fn count(base: &[u8], head: &[u8]) -> Result<u16, Damage> {
    match head.first_chunk().map(|count| u16::from_be_bytes(*count)) {
        None | Some(0) => Err(Damage::value(base)),
        Some(count) => Ok(count),
    }
}

fn chunk_key(base: &[u8], at: u16) -> IVec {
    [base, &at.to_be_bytes()].concat().into()
}

fn number(chunks: usize) -> u16 {
    u16::try_from(chunks).expect("a value is checked against its limit before it is cut")
}

const _: () = assert!(
    super::STREAM_BYTES_MAX.div_ceil(CHUNK_BYTES_MAX) < u16::MAX as usize,
    "the longest value has a number for every chunk"
);
