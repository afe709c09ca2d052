//! How a store is opened: lock, sweep, open, and when it is corrupt, aside with it and restore.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sled::Db;

use super::ahead::{Changes, Log, LogError, apply};
use super::chunks::Damage;
use super::recovery::{Recovered, finish_swap, replace};
use super::{Attempt, SledStore, keys};
use crate::shell::store::archive::ArchiveError;
use crate::shell::store::{Epoch, Partition, Position, Seq, Store, StoreError};

/// Memory that sled keeps pages in, unless the configuration says otherwise.
pub const CACHE_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;

/// The version of the layout that this release reads and writes.
const FORMAT: u32 = 3;

/// The layout without staged pages, which is read too.
const FORMAT_WITHOUT_STAGE: u32 = 2;

/// The layout without a log ahead of sled, which is read too.
const FORMAT_WITHOUT_LOG: u32 = 1;

/// Without sled's own flusher its memory grows without bound under load.
const FLUSH_EVERY_MS: u64 = 200;

/// The lock of a process that has just ended lingers for some milliseconds.
const RETRY_EVERY: Duration = Duration::from_millis(50);
const RETRIES_MAX: u32 = 100;

/// The log ahead of sled.
const LOG: &str = "ahead";

/// sled takes a directory whose files are all unreadable for a new one; this file tells them apart.
const MARKER: &str = "written";

/// What to open, and what to do when it cannot be read.
#[derive(Debug, Clone)]
pub struct Options {
    /// The store's directory. Its siblings `<dir>.lock`, `<dir>.corrupt-*`, `<dir>.incoming` and
    /// `<dir>.restored` belong to the store too.
    pub dir: PathBuf,
    /// Memory for sled's pages, in bytes.
    pub cache_bytes: u64,
    /// The identity of a store that does not exist yet.
    pub uuid: String,
    /// The time of this start, as it is to stand in the name of a directory that is moved aside.
    pub stamp: String,
    /// Where the exports lie of which the newest is restored.
    pub exports: Option<PathBuf>,
    /// Waits for a lock to be released.
    pub wait: fn(Duration),
}

/// An open store, and what it took.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: SledStore,
    /// Set when the store that was there could not be read: a person must be told.
    pub recovered: Option<Recovered>,
}

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("`{}` is in use: stop the other process or choose another directory", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A directory or file could not be made, moved or synced.
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
    /// sled failed for another reason than corruption.
    #[error("failed to open the store in `{}`", path.display())]
    Engine {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: sled::Error,
    },
    /// The directory was written by a newer release.
    #[error(
        "`{}` has format {found}, this release knows {FORMAT}: install the release that wrote it",
        path.display()
    )]
    Newer {
        /// The directory.
        path: PathBuf,
        /// The format found.
        found: u32,
    },
    /// The store, or one just restored, cannot be read.
    #[error("the store in `{}` is corrupt: {why}", path.display())]
    Corrupt {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The store opened, but failed at its first use.
    #[error("failed to use the store in `{}`", path.display())]
    Use {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// An archive could not be restored.
    #[error("failed to restore `{}`", path.display())]
    Restore {
        /// The archive.
        path: PathBuf,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// There is something where an archive is to be restored.
    #[error("`{}` exists: move it away before an archive is restored there", path.display())]
    Occupied {
        /// The directory.
        path: PathBuf,
    },
}

/// Opens a store, and makes it when there is none. A corrupt one is moved aside and the newest
/// readable export takes its place; without one the store begins empty.
///
/// # Errors
/// When another process has the store, when a newer release wrote it, or when the disk fails.
pub fn open(options: &Options) -> Result<Opened, OpenError> {
    let lock = lock(options)?;
    let recovered = finish_swap(&options.dir)?;
    match open_engine(options, &options.dir) {
        Ok(store) => Ok(Opened { store: store.locked(lock), recovered }),
        Err(OpenError::Corrupt { .. }) => replace(options, lock),
        Err(other) => Err(other),
    }
}

pub(super) fn lock(options: &Options) -> Result<File, OpenError> {
    let path = sibling(&options.dir, "lock");
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(files("make the directory", parent))?;
    }
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(files("open", &path))?;
    for _ in 0..RETRIES_MAX {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) => (options.wait)(RETRY_EVERY),
            Err(TryLockError::Error(source)) => return Err(files("lock", &path)(source)),
        }
    }
    Err(OpenError::Locked { path })
}

pub(super) fn open_engine(options: &Options, dir: &Path) -> Result<SledStore, OpenError> {
    let path = dir.to_owned();
    fs::create_dir_all(dir).map_err(files("make the directory", dir))?;
    sweep(dir)?;
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(options.cache_bytes)
        .flush_every_ms(Some(FLUSH_EVERY_MS));
    for _ in 0..RETRIES_MAX {
        // sled meets some kinds of damage with a panic.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            config.open().and_then(|db| Ok((Content::read(&db, &dir.join(LOG))?, db)))
        }));
        match opened {
            Ok(Ok((content, db))) => return finish(options, dir, db, content),
            Ok(Err(sled::Error::Corruption { .. })) => {
                return Err(OpenError::Corrupt { path, why: "a checksum does not match".into() });
            }
            Ok(Err(source)) if is_locked(&source) => (options.wait)(RETRY_EVERY),
            Ok(Err(source)) => return Err(OpenError::Engine { path, source }),
            Err(_) => {
                return Err(OpenError::Corrupt { path, why: "sled could not read it".into() });
            }
        }
    }
    Err(OpenError::Locked { path })
}

/// Removes snapshots that a kill left half-written: sled takes them for whole and does not open.
fn sweep(dir: &Path) -> Result<(), OpenError> {
    let failed = || files("read the directory", dir);
    for file in fs::read_dir(dir).map_err(failed())? {
        let file = file.map_err(failed())?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(file.path()).map_err(files("remove", &file.path()))?;
        }
    }
    Ok(())
}

fn finish(options: &Options, dir: &Path, db: Db, content: Content) -> Result<SledStore, OpenError> {
    let path = dir.to_owned();
    let marker = dir.join(MARKER);
    let (log, uuid, positions, current) = match content {
        Content::Blank if marker.exists() => {
            return Err(OpenError::Corrupt { path, why: "its content is gone".into() });
        }
        Content::Blank => (None, options.uuid.clone(), BTreeMap::new(), false),
        Content::Newer(found) => return Err(OpenError::Newer { path, found }),
        Content::Damaged(why) => return Err(OpenError::Corrupt { path, why }),
        Content::Known { log, uuid, positions, current } => (log, uuid, positions, current),
    };
    let log = log.map_or_else(|| make_log(dir, &uuid), Ok)?;
    let file = dir.join("db");
    let file = File::open(&file).map_err(files("open", &file))?;
    let mut store = SledStore { db, file, log, uuid, positions, failed: false, _lock: None };
    if !current {
        let mut changes = Changes::default();
        changes.insert(keys::FORMAT, &FORMAT.to_be_bytes());
        changes.insert(keys::UUID, store.uuid.as_bytes());
        store
            .commit_to_sled(Attempt("write the format"), changes)
            .map_err(|source| OpenError::Use { path: path.clone(), source })?;
    }
    end_checkpoints(&mut store).map_err(|source| judge(path.clone(), source))?;
    check_restart(&store).map_err(|source| judge(path, source))?;
    File::create(&marker).map_err(files("create", &marker))?;
    // sled leaves its own new files and their names to chance.
    for synced in [&dir.join("conf"), &marker, dir].into_iter().chain(dir.parent()) {
        sync(synced)?;
    }
    Ok(store)
}

/// The name of the log is on the disk before the format says that there is one.
fn make_log(dir: &Path, uuid: &str) -> Result<Log, OpenError> {
    let path = dir.join(LOG);
    let log = Log::make(&path, uuid).map_err(files("write", &path))?;
    sync(dir)?;
    Ok(log)
}

/// Ends the checkpoints that a kill has interrupted.
fn end_checkpoints(store: &mut SledStore) -> Result<(), StoreError> {
    let parts: Vec<Partition> = store.positions.keys().copied().collect();
    for part in parts {
        let counts = number(&store.db, &keys::staged_counts(part));
        let counts = Attempt("end a checkpoint").of(counts.map_err(Damage::Read))? > 0;
        store.end_checkpoint(part, counts)?;
    }
    Ok(())
}

/// Reads what a restart reads. sled finds damage in a value only then.
fn check_restart(store: &SledStore) -> Result<(), StoreError> {
    for (part, position) in &store.positions {
        store.pages(*part, &mut |_, _| ControlFlow::Continue(()))?;
        store.journal(*part, position.checkpoint, &mut |_, _| ControlFlow::Continue(()))?;
    }
    Ok(())
}

/// A disk that fails to read may do better at the next start; everything else is damage.
fn judge(path: PathBuf, source: StoreError) -> OpenError {
    let StoreError::Engine { source: cause, .. } = &source else {
        return OpenError::Use { path, source };
    };
    match cause.downcast_ref() {
        Some(Damage::Read(sled::Error::Io(_))) => OpenError::Use { path, source },
        Some(Damage::Key(_) | Damage::Value(_) | Damage::Read(_)) | None => {
            OpenError::Corrupt { path, why: cause.to_string() }
        }
    }
}

/// What a tree says of itself.
enum Content {
    Blank,
    Newer(u32),
    Damaged(String),
    /// Without a log when an older release wrote it.
    Known {
        log: Option<Log>,
        uuid: String,
        positions: BTreeMap<Partition, Position>,
        /// Whether it has the format that this release writes.
        current: bool,
    },
}

impl Content {
    fn read(db: &Db, log: &Path) -> sled::Result<Self> {
        let Some(format) = db.get(keys::FORMAT)? else {
            let damaged = || Self::Damaged("it has keys but no format".into());
            return Ok(if db.is_empty() { Self::Blank } else { damaged() });
        };
        let (has_log, current) = match format.as_ref().try_into().map(u32::from_be_bytes) {
            Ok(FORMAT) => (true, true),
            Ok(FORMAT_WITHOUT_STAGE) => (true, false),
            Ok(FORMAT_WITHOUT_LOG) => (false, false),
            Ok(found) if found > FORMAT => return Ok(Self::Newer(found)),
            _ => return Ok(Self::Damaged("its format cannot be read".into())),
        };
        let uuid = db.get(keys::UUID)?.unwrap_or_default();
        let uuid = String::from_utf8_lossy(&uuid).into_owned();
        let floor = number(db, keys::FLOOR)?;
        let log = match has_log.then(|| Log::open(log, floor, &uuid)).transpose() {
            Ok(opened) => opened,
            Err(LogError::Read(source)) => return Err(source.into()),
            Err(damage @ (LogError::Gone | LogError::Damaged { .. })) => {
                return Ok(Self::Damaged(damage.to_string()));
            }
        };
        let log = match log {
            Some((log, lacking)) => {
                lacking.into_iter().try_for_each(|change| apply(db, change))?;
                Some(log)
            }
            None => None,
        };
        let mut positions = BTreeMap::new();
        for key in db.scan_prefix(keys::EPOCHS).keys() {
            let Some(part) = keys::epoch_partition(&key?) else {
                return Ok(Self::Damaged("a partition's epoch cannot be read".into()));
            };
            positions.insert(part, position(db, part)?);
        }
        Ok(Self::Known { log, uuid, positions, current })
    }
}

fn position(db: &Db, part: Partition) -> sled::Result<Position> {
    let trimmed = Seq(number(db, &keys::trimmed(part))?);
    let checkpoint = Seq(number(db, &keys::checkpoint(part))?);
    let newest = db.scan_prefix(keys::journal(part)).keys().next_back().transpose()?;
    let newest = newest.and_then(|key| keys::chunk_place(part, &key)).unwrap_or_default();
    let last = newest.max(checkpoint).max(trimmed);
    Ok(Position { epoch: Epoch(number(db, &keys::epoch(part))?), trimmed, checkpoint, last })
}

/// 0 when there is no such key.
fn number(db: &Db, key: &[u8]) -> sled::Result<u64> {
    let bytes = db.get(key)?.and_then(|bytes| bytes.as_ref().try_into().ok());
    Ok(bytes.map_or(0, u64::from_be_bytes))
}

/// sled tells of a taken lock in words only; its version is pinned.
fn is_locked(source: &sled::Error) -> bool {
    matches!(source, sled::Error::Io(io) if io.to_string().starts_with("could not acquire lock"))
}

pub(super) fn sibling(dir: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = dir.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

pub(super) fn sync(path: &Path) -> Result<(), OpenError> {
    // A relative path of one part has the empty path as its parent.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|file| file.sync_all()).map_err(files("sync", path))
}

pub(super) fn files(attempted: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Files { attempted, path, source }
}
