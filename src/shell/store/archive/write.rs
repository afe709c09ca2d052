//! Writes an archive.

use std::io::{self, Write};
use std::ops::ControlFlow;

use sha2::{Digest, Sha256};
use zstd::Encoder;

use super::line::{self, FORMAT, Header, Trailer};
use super::{ArchiveError, Progress, Summary, VERSION};
use crate::shell::store::codec::CodecError;
use crate::shell::store::{Partition, Seq, Store};

/// Half the size of level 1 on journals, and still faster than most disks.
const LEVEL: i32 = 3;

/// Writes everything a partition holds. `at` is the time to note. Every value is decoded on the way.
///
/// No checkpoint and no trim may happen meanwhile; values that are appended meanwhile are left out.
///
/// # Errors
/// When the store or the writer fails, when a value cannot be read, or [`ArchiveError::Moved`].
pub fn export(
    store: &dyn Store,
    part: Partition,
    writer: impl Write,
    at: &str,
    progress: Progress<'_>,
) -> Result<Summary, ArchiveError> {
    let position = store.position(part)?;
    let (trimmed, checkpoint, seq) = (position.trimmed, position.checkpoint, position.last);
    let mut records = seq.0 - trimmed.0;
    store.pages(part, &mut |_, _| {
        records += 1;
        ControlFlow::Continue(())
    })?;
    let mut lines = Lines {
        packed: Encoder::new(writer, LEVEL).map_err(ArchiveError::Write)?,
        hash: Sha256::new(),
        written: 0,
        records,
        progress,
    };
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        uuid: store.uuid().to_owned(),
        at: at.to_owned(),
        part: part.0,
        trimmed: trimmed.0,
        checkpoint: checkpoint.0,
        seq: seq.0,
        records,
    };
    lines.line(&json(&header))?;
    pages(store, part, &mut lines)?;
    journal(store, part, trimmed, seq, &mut lines)?;
    let after = store.position(part)?;
    if (after.trimmed, after.checkpoint) != (trimmed, checkpoint) || lines.written != records {
        return Err(ArchiveError::Moved);
    }
    lines.end()?;
    Ok(Summary { uuid: header.uuid, at: header.at, part, seq, records })
}

struct Lines<'a, W: Write> {
    packed: Encoder<'static, W>,
    hash: Sha256,
    written: u64,
    records: u64,
    progress: Progress<'a>,
}

impl<W: Write> Lines<'_, W> {
    fn record(
        &mut self,
        line: Result<String, CodecError>,
        what: impl FnOnce() -> String,
    ) -> Result<(), ArchiveError> {
        let line = line.map_err(|source| ArchiveError::Value { what: what(), source })?;
        self.line(&line)?;
        self.written += 1;
        (self.progress)(self.written, self.records);
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<(), ArchiveError> {
        for bytes in [line.as_bytes(), b"\n"] {
            self.hash.update(bytes);
            self.packed.write_all(bytes).map_err(ArchiveError::Write)?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), ArchiveError> {
        let sha256 = format!("{:x}", self.hash.finalize_reset());
        self.line(&json(&Trailer { records: self.written, sha256 }))?;
        let finish = || -> io::Result<()> { self.packed.finish()?.flush() };
        finish().map_err(ArchiveError::Write)
    }
}

fn pages(
    store: &dyn Store,
    part: Partition,
    lines: &mut Lines<'_, impl Write>,
) -> Result<(), ArchiveError> {
    let mut written = Ok(());
    store.pages(part, &mut |key, value| {
        written = lines.record(line::page(&key, value), || {
            format!("page {}/{}/{}", key.practice, key.table, key.number)
        });
        stop_on_error(&written)
    })?;
    written
}

fn journal(
    store: &dyn Store,
    part: Partition,
    trimmed: Seq,
    last: Seq,
    lines: &mut Lines<'_, impl Write>,
) -> Result<(), ArchiveError> {
    let mut written = Ok(());
    store.entries(part, trimmed, &mut |seq, entry| {
        if seq > last {
            return ControlFlow::Break(());
        }
        let what = || format!("the journal at place {}", seq.0);
        written = lines.record(line::journal(seq, entry), what);
        stop_on_error(&written)
    })?;
    written
}

fn stop_on_error(written: &Result<(), ArchiveError>) -> ControlFlow<()> {
    if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

fn json(line: &impl serde::Serialize) -> String {
    serde_json::to_string(line).expect("a line of texts and numbers is always JSON")
}
