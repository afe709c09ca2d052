//! The log ahead of sled: what a commit changes is on the disk with one write and one flush of it.
//!
//! sled alone needs three writes, two flushes of the disk and fourteen wakes of its I/O threads to
//! make one batch durable. Here a commit is a frame, written over the same few blocks again and
//! again, and sled takes the changes one by one, in memory. Once the log is full, sled takes a batch
//! and is flushed, and the log begins anew. A start gives sled the frames again: every change is
//! absolute, so that it does not matter which of them it has already.
//!
//! ```text
//! frame  = [xxh64 of the rest u64][number u64][bytes of changes u32][changes][gap up to 64]
//! change = [bytes of key u16][bytes of value u32, all ones for a removal][key][value]
//! ```

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use sled::{Db, IVec};
use xxhash_rust::xxh64::xxh64;

/// How much is written between two flushes of sled: half of one of its segments, for it may reuse
/// a segment before the one that took its place is on the disk.
pub(super) const LOG_BYTES: usize = 256 * 1024;

/// What frames begin at, so that a start can look for those behind a damaged one.
const FRAME_ALIGN: usize = 64;

const HASH_BYTES: usize = 8;
const HEAD_BYTES: usize = HASH_BYTES + 8 + 4;
const REMOVED: u32 = u32::MAX;

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    #[error("failed to read the log ahead of sled")]
    Read(#[from] io::Error),
    #[error("the log ahead of sled is gone")]
    Gone,
    #[error("frame {number} of the log ahead of sled is damaged")]
    Damaged { number: u64 },
}

/// A key and what it holds from here on; nothing when it is removed.
pub(super) type Change = (IVec, Option<IVec>);

/// Makes one change in sled. A batch would make it write at once.
pub(super) fn apply(db: &Db, (key, value): Change) -> sled::Result<()> {
    match value {
        Some(value) => db.insert(key, value).map(drop),
        None => db.remove(key).map(drop),
    }
}

/// What one commit changes, for sled and for the log.
#[derive(Debug)]
pub(super) struct Changes {
    list: Vec<Change>,
    bytes: usize,
    /// A frame without its head; nothing once it is too long for the log.
    frame: Option<Vec<u8>>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { list: Vec::new(), bytes: 0, frame: Some(vec![0; HEAD_BYTES]) }
    }
}

impl IntoIterator for Changes {
    type Item = Change;
    type IntoIter = std::vec::IntoIter<Change>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl Changes {
    pub(super) fn insert(&mut self, key: impl Into<IVec>, value: impl Into<IVec>) {
        let (key, value) = (key.into(), value.into());
        let bytes = u32::try_from(value.len()).expect("values are cut into chunks");
        self.note(&key, bytes, &value);
        self.list.push((key, Some(value)));
    }

    pub(super) fn remove(&mut self, key: impl Into<IVec>) {
        let key = key.into();
        self.note(&key, REMOVED, &[]);
        self.list.push((key, None));
    }

    /// How many bytes the keys and values have.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// As one batch, of which sled takes all or nothing.
    pub(super) fn into_batch(self) -> sled::Batch {
        let mut batch = sled::Batch::default();
        for (key, value) in self {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        batch
    }

    fn note(&mut self, key: &[u8], bytes: u32, value: &[u8]) {
        self.bytes += key.len() + value.len();
        let Some(frame) = &mut self.frame else { return };
        if frame.len() + 6 + key.len() + value.len() > LOG_BYTES {
            self.frame = None;
            return;
        }
        let key_bytes = u16::try_from(key.len()).expect("names in keys are limited");
        frame.extend_from_slice(&key_bytes.to_be_bytes());
        frame.extend_from_slice(&bytes.to_be_bytes());
        frame.extend_from_slice(key);
        frame.extend_from_slice(value);
    }
}

/// The log, and where it stands.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    /// Where the next frame goes.
    at: usize,
    /// The number of the next commit, whoever takes it: the log or sled.
    next: u64,
    /// Tells frames of this store from those of another and from what an alert's text may imitate.
    seed: u64,
}

impl Log {
    /// Makes an empty log for the store that `uuid` names.
    pub(super) fn make(path: &Path, uuid: &str) -> io::Result<Self> {
        let file = File::create(path)?;
        // Blocks that are there need no flush of metadata when they are written over.
        file.write_all_at(&vec![0; LOG_BYTES], 0)?;
        file.sync_all()?;
        Ok(Self { file, at: 0, next: 0, seed: seed(uuid) })
    }

    /// Opens a log and reads what sled may lack. `floor` is the number of the first commit that sled
    /// does not have for certain.
    pub(super) fn open(
        path: &Path,
        floor: u64,
        uuid: &str,
    ) -> Result<(Self, Vec<Change>), LogError> {
        let mut file = File::options().read(true).write(true).open(path).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound { LogError::Gone } else { error.into() }
        })?;
        let mut bytes = vec![0; LOG_BYTES];
        file.read_exact(&mut bytes)?;
        let seed = seed(uuid);
        let (mut at, mut next, mut lacking) = (0, floor, Vec::new());
        while at < LOG_BYTES
            && let Some(changes) = read_frame(&bytes[at..], seed, |number| number == next)
        {
            read_changes(changes, &mut lacking).ok_or(LogError::Damaged { number: next })?;
            at += framed(HEAD_BYTES + changes.len());
            next += 1;
        }
        // A frame is on the disk before the next is written: only the last one may be torn.
        let later = |at| read_frame(&bytes[at..], seed, |number| number > next).is_some();
        if (at..LOG_BYTES).step_by(FRAME_ALIGN).any(later) {
            return Err(LogError::Damaged { number: next });
        }
        Ok((Self { file, at, next, seed }, lacking))
    }

    /// Puts a commit on the disk. Nothing is written, and sled must take it, when there is no room.
    pub(super) fn write(&mut self, changes: &mut Changes) -> io::Result<bool> {
        let Some(frame) = &mut changes.frame else { return Ok(false) };
        let room = framed(frame.len());
        if self.at + room > LOG_BYTES {
            return Ok(false);
        }
        let bytes = u32::try_from(frame.len() - HEAD_BYTES).expect("a frame fits into the log");
        frame[HASH_BYTES..HASH_BYTES + 8].copy_from_slice(&self.next.to_be_bytes());
        frame[HASH_BYTES + 8..HEAD_BYTES].copy_from_slice(&bytes.to_be_bytes());
        let hash = xxh64(&frame[HASH_BYTES..], self.seed);
        frame[..HASH_BYTES].copy_from_slice(&hash.to_be_bytes());
        self.file.write_all_at(frame, self.at as u64)?;
        self.file.sync_data()?;
        self.at += room;
        self.next += 1;
        Ok(true)
    }

    /// The floor of the log once sled has taken a commit that the log did not.
    pub(super) fn floor_after(&self) -> u64 {
        self.next + 1
    }

    /// Begins anew: sled has everything on the disk.
    pub(super) fn wind_back(&mut self) {
        self.next = self.floor_after();
        self.at = 0;
    }
}

/// The changes of a frame that is whole and has a number that is wanted.
fn read_frame(bytes: &[u8], seed: u64, wanted: impl Fn(u64) -> bool) -> Option<&[u8]> {
    let (hash, rest) = bytes.split_first_chunk()?;
    let (number, changes) = rest.split_first_chunk()?;
    let (count, changes) = changes.split_first_chunk()?;
    if !wanted(u64::from_be_bytes(*number)) {
        return None;
    }
    let changes = changes.get(..usize::try_from(u32::from_be_bytes(*count)).ok()?)?;
    let hashed = &rest[..HEAD_BYTES - HASH_BYTES + changes.len()];
    (xxh64(hashed, seed) == u64::from_be_bytes(*hash)).then_some(changes)
}

fn read_changes(mut bytes: &[u8], list: &mut Vec<Change>) -> Option<()> {
    while !bytes.is_empty() {
        let (key_bytes, rest) = bytes.split_first_chunk()?;
        let (value_bytes, rest) = rest.split_first_chunk()?;
        let (key, rest) = rest.split_at_checked(u16::from_be_bytes(*key_bytes).into())?;
        let value_bytes = u32::from_be_bytes(*value_bytes);
        if value_bytes == REMOVED {
            list.push((key.into(), None));
            bytes = rest;
            continue;
        }
        let (value, rest) = rest.split_at_checked(usize::try_from(value_bytes).ok()?)?;
        list.push((key.into(), Some(value.into())));
        bytes = rest;
    }
    Some(())
}

fn seed(uuid: &str) -> u64 {
    xxh64(uuid.as_bytes(), 0)
}

fn framed(bytes: usize) -> usize {
    bytes.next_multiple_of(FRAME_ALIGN)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A log of three frames of 100 bytes, 300 kB that go past it, and `after` frames more.
    fn written(path: &Path, after: usize) -> u64 {
        let mut log = Log::make(path, "ours").unwrap();
        let sizes = [&[100; 3][..], &[300_000], &vec![100; after][..]].concat();
        for bytes in sizes {
            let mut changes = Changes::default();
            changes.insert(b"gone", b"");
            changes.insert(b"key", vec![7; bytes]);
            changes.remove(b"gone");
            if !log.write(&mut changes).unwrap() {
                log.wind_back();
            }
        }
        log.next
    }

    fn read(path: &Path, floor: u64, uuid: &str) -> String {
        match Log::open(path, floor, uuid) {
            Ok((log, lacking)) => format!("{} frames, next {}", lacking.len() / 3, log.next),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_start_finds_the_frames_since_the_log_began_anew() {
        let check = |after, floor, expected: &str| {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("log");
            assert_eq!(written(&path, after), 4 + after as u64);
            assert_eq!(read(&path, floor, "ours"), expected);
        };
        check(0, 4, "0 frames, next 4");
        check(1, 4, "1 frames, next 5");
        check(2, 4, "2 frames, next 6");
        check(9, 4, "9 frames, next 13");
        // sled has lost what it once had for certain.
        check(9, 2, "frame 2 of the log ahead of sled is damaged");
        // sled was flushed, but the log never heard of it.
        check(9, 20, "0 frames, next 20");
    }

    #[test]
    fn only_the_last_frame_may_be_torn() {
        let check = |at: usize, expected: &str| {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("log");
            written(&path, 3);
            let mut bytes = fs::read(&path).unwrap();
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path, 4, "ours"), expected);
        };
        let frame = framed(HEAD_BYTES + 6 + 4 + 6 + 3 + 100 + 6 + 4);
        check(2 * frame, "2 frames, next 6");
        check(2 * frame + 100, "2 frames, next 6");
        check(3 * frame, "3 frames, next 7");
        check(frame, "frame 5 of the log ahead of sled is damaged");
        check(30, "frame 4 of the log ahead of sled is damaged");
    }

    #[test]
    fn a_log_of_another_store_or_none_is_not_taken_for_ours() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        assert_eq!(read(&path, 0, "ours"), "the log ahead of sled is gone");
        written(&path, 1);
        assert_eq!(read(&path, 4, "theirs"), "0 frames, next 4");
        fs::write(&path, "short").unwrap();
        assert_eq!(read(&path, 4, "ours"), "failed to read the log ahead of sled");
    }
}
