//! Reads an archive: once to see that it is whole, and once more to fill a store.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use sha2::{Digest, Sha256};
use zstd::Decoder;

use super::line::{Content, FORMAT, Header, Record, Trailer};
use super::{ArchiveError, Progress, Summary, VERSION};
use crate::shell::store::codec::PAYLOAD_BYTES_MAX;
use crate::shell::store::{Entry, Epoch, Lease, Partition, Seq, Store, StoredPage};

/// The longest line: the longest payload as base64, and room for its name and index.
const LINE_BYTES_MAX: u64 = PAYLOAD_BYTES_MAX as u64 / 3 * 4 + 4 * 1024 * 1024;

/// How much goes into one write to the store.
const GROUP_ENTRIES_MAX: usize = 512;
const GROUP_BYTES_MAX: usize = 1024 * 1024;

/// Places beyond this come from no store; room is left to count on.
const SEQ_MAX: u64 = u64::MAX / 2;

/// Reads an archive to its end and says what it holds.
///
/// # Errors
/// When it is damaged, cut short, or from a newer release.
pub fn verify(reader: impl Read) -> Result<Summary, ArchiveError> {
    let header = read(reader, &mut |_, _| Ok(()))?;
    Ok(summary(&header))
}

/// Fills an empty store from an archive, which is verified before anything is written. When it fails
/// after that, the store has a part of the content and must be thrown away.
///
/// # Errors
/// As [`verify`]; also when the store fails or has content.
pub fn import(
    reader: &mut (impl Read + Seek),
    store: &mut dyn Store,
    progress: Progress<'_>,
) -> Result<Summary, ArchiveError> {
    let summary = verify(&mut *reader)?;
    let Lease { epoch, .. } = claim(store, summary.part)?;
    reader.seek(SeekFrom::Start(0)).map_err(ArchiveError::Read)?;
    let mut filling = Filling {
        store,
        part: summary.part,
        epoch,
        pages: Vec::new(),
        group: Vec::new(),
        bytes: 0,
        after: Seq(0),
    };
    let mut done = 0;
    let header = read(reader, &mut |header, content| {
        if done == 0 {
            filling.after = Seq(header.trimmed);
        }
        filling.take(content)?;
        done += 1;
        progress(done, header.records);
        Ok(())
    })?;
    filling.finish(&header)?;
    Ok(summary)
}

/// Takes over a partition in which nothing was ever written.
fn claim(store: &mut dyn Store, part: Partition) -> Result<Lease, ArchiveError> {
    let mut empty = store.position(part)?.last == Seq(0);
    store.pages(part, &mut |_, _| {
        empty = false;
        ControlFlow::Break(())
    })?;
    if !empty {
        return Err(ArchiveError::Occupied { part: part.0 });
    }
    Ok(store.acquire(part)?)
}

struct Filling<'a> {
    store: &'a mut dyn Store,
    part: Partition,
    epoch: Epoch,
    pages: Vec<StoredPage>,
    group: Vec<Entry>,
    bytes: usize,
    /// The place before the group.
    after: Seq,
}

impl Filling<'_> {
    fn take(&mut self, content: Content) -> Result<(), ArchiveError> {
        match content {
            Content::Page(key, value) => self.pages.push(StoredPage { key, value: Some(value) }),
            Content::Journal(_, entry) => {
                self.bytes += entry.value.len();
                self.group.push(entry);
            }
        }
        if self.group.len() >= GROUP_ENTRIES_MAX || self.bytes >= GROUP_BYTES_MAX {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ArchiveError> {
        self.after = self.store.append(self.part, self.epoch, self.after, &self.group)?;
        self.group.clear();
        self.bytes = 0;
        Ok(())
    }

    fn finish(mut self, header: &Header) -> Result<(), ArchiveError> {
        if header.records == 0 {
            self.after = Seq(header.trimmed);
        }
        self.flush()?;
        // The checkpoint comes last: pages and its place are one write.
        let upto = Seq(header.checkpoint);
        Ok(self.store.checkpoint(self.part, self.epoch, upto, &mut self.pages.into_iter())?)
    }
}

/// Shows every record, in order, and returns the header once the trailer agrees with all of it.
fn read(
    reader: impl Read,
    visit: &mut dyn FnMut(&Header, Content) -> Result<(), ArchiveError>,
) -> Result<Header, ArchiveError> {
    let packed = Decoder::new(reader).map_err(ArchiveError::Read)?;
    let mut lines = Lines { reader: BufReader::new(packed), hash: Sha256::new(), number: 0 };
    let header = header(&mut lines)?;
    let mut place = header.trimmed;
    for _ in 0..header.records {
        let text = lines.next()?;
        let wrong = |source| lines.wrong("record", source);
        let record: Record<'_> = serde_json::from_slice(&text).map_err(|err| wrong(Some(err)))?;
        let content = record.content().ok_or_else(|| wrong(None))?;
        if let Content::Journal(seq, _) = &content {
            place += 1;
            if seq.0 != place {
                return Err(lines.wrong("record at the place that follows", None));
            }
        }
        visit(&header, content)?;
    }
    let sha256 = format!("{:x}", lines.hash.finalize_reset());
    let text = lines.next()?;
    let trailer: Trailer =
        serde_json::from_slice(&text).map_err(|err| lines.wrong("trailer", Some(err)))?;
    if trailer.records != header.records || place != header.seq {
        return Err(ArchiveError::Mismatch { what: "count" });
    }
    if trailer.sha256 != sha256 {
        return Err(ArchiveError::Mismatch { what: "checksum" });
    }
    if lines.more()? {
        return Err(lines.wrong("last line", None));
    }
    Ok(header)
}

fn header<R: BufRead>(lines: &mut Lines<R>) -> Result<Header, ArchiveError> {
    let text = lines.next()?;
    let header: Header =
        serde_json::from_slice(&text).map_err(|err| lines.wrong("header", Some(err)))?;
    if header.format == FORMAT && header.version > VERSION {
        return Err(ArchiveError::Newer { found: header.version });
    }
    let Header { trimmed, checkpoint, seq, .. } = header;
    if header.format != FORMAT || !(trimmed <= checkpoint && checkpoint <= seq && seq <= SEQ_MAX) {
        return Err(lines.wrong("header", None));
    }
    Ok(header)
}

fn summary(header: &Header) -> Summary {
    Summary {
        uuid: header.uuid.clone(),
        at: header.at.clone(),
        part: Partition(header.part),
        seq: Seq(header.seq),
        records: header.records,
    }
}

struct Lines<R> {
    reader: R,
    hash: Sha256,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Vec<u8>, ArchiveError> {
        let mut text = Vec::new();
        let limited = &mut self.reader.by_ref().take(LINE_BYTES_MAX);
        limited.read_until(b'\n', &mut text).map_err(ArchiveError::Read)?;
        if text.is_empty() {
            return Err(ArchiveError::Truncated { line: self.number });
        }
        self.number += 1;
        if !text.ends_with(b"\n") {
            return Err(self.wrong("whole line", None));
        }
        self.hash.update(&text);
        Ok(text)
    }

    fn more(&mut self) -> Result<bool, ArchiveError> {
        Ok(!self.reader.fill_buf().map_err(ArchiveError::Read)?.is_empty())
    }

    fn wrong(&self, expected: &'static str, source: Option<serde_json::Error>) -> ArchiveError {
        ArchiveError::Line { line: self.number, expected, source }
    }
}
