//! One file format for backup, export, import and restore: compressed lines that a person can read.
//!
//! ```text
//! {"format":"incidentd","version":1,"uuid":…,"at":…,"part":0,"trimmed":…,"checkpoint":…,"seq":…,"records":…}
//! {"page":{"practice":"incident","table":"open","number":3},"schema":1,"payload":…}
//! {"journal":7,"index":["INC-1"],"schema":1,"payload":…}
//! {"records":2,"sha256":…}
//! ```
//!
//! Pages come before the journal. A payload that is not one line of JSON stands as base64 in `bytes`.
//! The checksum is over every line before it, line ends included.

mod line;
mod read;
mod write;

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

pub use self::read::{import, verify};
pub use self::write::export;
use super::codec::CodecError;
use super::{Partition, Seq, Store, StoreError};

/// The version of the format that this release reads and writes.
pub const VERSION: u32 = 1;

/// Told how many records are done, and of how many.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The identity of the store it was made from.
    pub uuid: String,
    /// When it was made, as the one who made it wrote it.
    pub at: String,
    /// The partition.
    pub part: Partition,
    /// The last place of the journal.
    pub seq: Seq,
    /// How many pages and journal values there are.
    pub records: u64,
}

/// What can go wrong with an archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The store failed.
    #[error("failed to use the store")]
    Store(#[from] StoreError),
    /// A stored value cannot be read.
    #[error("failed to read {what}: run fsck")]
    Value {
        /// Which.
        what: String,
        /// Why.
        #[source]
        source: CodecError,
    },
    /// A checkpoint or a trim came in between.
    #[error("the store was changed during the export: export again")]
    Moved,
    /// The archive could not be written.
    #[error("failed to write the archive")]
    Write(#[source] io::Error),
    /// The archive could not be read or unpacked.
    #[error("failed to read the archive: it is damaged or no .jsonl.zst file")]
    Read(#[source] io::Error),
    /// A line is not what it should be.
    #[error("line {line} of the archive is not a {expected}")]
    Line {
        /// Counted from 1.
        line: u64,
        /// What should stand there.
        expected: &'static str,
        /// Why it is not that, when the parser knows.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// A newer release wrote the archive.
    #[error("the archive has version {found}, this release knows {VERSION}: use a newer release")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// The archive ends before its last line.
    #[error("the archive ends early, after line {line}: take another one")]
    Truncated {
        /// The last line.
        line: u64,
    },
    /// Count or checksum do not match.
    #[error("the archive is damaged: its {what} does not match: take another one")]
    Mismatch {
        /// `count` or `checksum`.
        what: &'static str,
    },
    /// There is something in the store.
    #[error("partition {part} of the store has content: import into an empty store")]
    Occupied {
        /// The partition.
        part: u16,
    },
    /// A file could not be made, moved or synced.
    #[error("failed to {attempted} `{}`", path.display())]
    Files {
        /// What was attempted.
        attempted: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// Exports into a file in `dir` and returns its path. The file appears when it is whole, on the disk,
/// and read back.
///
/// # Errors
/// As [`export`]; no file is left behind.
pub fn export_file(
    store: &dyn Store,
    part: Partition,
    dir: &Path,
    at: &str,
    progress: Progress<'_>,
) -> Result<PathBuf, ArchiveError> {
    fs::create_dir_all(dir).map_err(files("make the directory", dir))?;
    let path = dir.join(file_name(store.position(part)?.last));
    export_to(store, part, &path, at, progress)?;
    Ok(path)
}

/// Exports into a file of a given name, which appears when it is whole, on the disk, and read back.
///
/// # Errors
/// As [`export`]; a file that was there before is untouched then.
pub fn export_to(
    store: &dyn Store,
    part: Partition,
    path: &Path,
    at: &str,
    progress: Progress<'_>,
) -> Result<(), ArchiveError> {
    let unfinished = path.with_extension("unfinished");
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = write_whole(store, part, &unfinished, at, progress)
        .and_then(|()| fs::rename(&unfinished, path).map_err(files("rename", &unfinished)))
        .and_then(|()| sync(dir));
    if written.is_err() {
        // What failed is more telling than that it cannot be removed either.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Imports a file into an empty store.
///
/// # Errors
/// As [`import`].
pub fn import_file(
    path: &Path,
    store: &mut dyn Store,
    progress: Progress<'_>,
) -> Result<Summary, ArchiveError> {
    let mut file = File::open(path).map_err(files("open", path))?;
    import(&mut file, store, progress)
}

/// The exports in a directory, newest first; none when it cannot be read.
pub fn newest_first(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    let mut exports: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| is_export(&name.to_string_lossy())))
        .collect();
    exports.sort_unstable_by(|a, b| b.cmp(a));
    exports
}

/// Removes all but the newest exports of a directory and returns what it removed.
///
/// # Errors
/// When a file cannot be removed.
pub fn keep_newest(dir: &Path, keep: usize) -> Result<Vec<PathBuf>, ArchiveError> {
    let old: Vec<_> = newest_first(dir).into_iter().skip(keep).collect();
    for path in &old {
        fs::remove_file(path).map_err(files("remove", path))?;
    }
    Ok(old)
}

const PREFIX: &str = "export-";
const SUFFIX: &str = ".jsonl.zst";

/// The places have leading zeros, so that names sort by age.
fn file_name(seq: Seq) -> String {
    format!("{PREFIX}{:020}{SUFFIX}", seq.0)
}

fn is_export(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

fn write_whole(
    store: &dyn Store,
    part: Partition,
    path: &Path,
    at: &str,
    progress: Progress<'_>,
) -> Result<(), ArchiveError> {
    let file = File::create(path).map_err(files("create", path))?;
    export(store, part, &file, at, progress)?;
    file.sync_all().map_err(files("sync", path))?;
    let file = File::open(path).map_err(files("open", path))?;
    verify(BufReader::new(file)).map(|_| ())
}

fn sync(dir: &Path) -> Result<(), ArchiveError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(files("sync", dir))
}

fn files(attempted: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ArchiveError {
    let path = path.to_owned();
    move |source| ArchiveError::Files { attempted, path, source }
}
