//! Puts another store in the place of one that cannot be read, or of none.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::open::{OpenError, Opened, Options, files, lock, open_engine, sibling, sync};
use crate::shell::store::archive::{self, ArchiveError, Summary};

/// What became of a store that could not be read.
#[derive(Debug)]
pub struct Recovered {
    /// Where the unreadable directory lies. sled may have begun to repair it; nobody deletes it.
    pub moved_to: PathBuf,
    /// The export that was restored; nothing when the store begins empty, or when an earlier start
    /// was interrupted while it restored.
    pub restored_from: Option<PathBuf>,
    /// Newer exports that could not be restored, and why.
    pub passed_over: Vec<(PathBuf, ArchiveError)>,
}

/// Moves a store aside whose damage shows only when it is read, and opens what takes its place.
/// The store itself must have been dropped before.
///
/// # Errors
/// As [`super::open()`].
pub fn recover(options: &Options) -> Result<Opened, OpenError> {
    replace(options, lock(options)?)
}

/// Makes a store of an archive, in a directory that is empty or does not exist.
///
/// # Errors
/// When there is a store already, when the archive cannot be imported, or when the disk fails.
pub fn restore(
    options: &Options,
    archive: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Summary, OpenError> {
    let dir = &options.dir;
    let _lock = lock(options)?;
    if fs::read_dir(dir).is_ok_and(|mut files| files.next().is_some()) {
        return Err(OpenError::Occupied { path: dir.clone() });
    }
    let incoming = clear_incoming(dir)?;
    let imported = fill(options, &incoming, archive, progress);
    if imported.is_err() {
        clear_incoming(dir)?;
    }
    let imported = imported?;
    if dir.exists() {
        fs::remove_dir(dir).map_err(files("remove", dir))?;
    }
    rename(&incoming, dir)?;
    Ok(imported)
}

/// A corrupt store stays in its place until another is ready to take it, so that a start that is
/// interrupted here does not find an empty directory and begin anew without a word.
pub(super) fn replace(options: &Options, lock: File) -> Result<Opened, OpenError> {
    let dir = &options.dir;
    let incoming = clear_incoming(dir)?;
    let mut restored_from = None;
    let mut passed_over = Vec::new();
    for archive in options.exports.iter().flat_map(|exports| archive::newest_first(exports)) {
        match fill(options, &incoming, &archive, &mut |_, _| {}) {
            Ok(_) => {
                restored_from = Some(archive);
                break;
            }
            Err(OpenError::Restore { path, source }) => passed_over.push((path, source)),
            Err(other) => return Err(other),
        }
        clear_incoming(dir)?;
    }
    if restored_from.is_none() {
        drop(open_engine(options, &incoming)?);
    }
    let ready = sibling(dir, READY);
    rename(&incoming, &ready)?;
    let moved_to = aside(dir, &options.stamp);
    rename(dir, &moved_to)?;
    rename(&ready, dir)?;
    let store = open_engine(options, dir)?.locked(lock);
    Ok(Opened { store, recovered: Some(Recovered { moved_to, restored_from, passed_over }) })
}

/// Ends a replacement that an earlier start did not get to the end of.
pub(super) fn finish_swap(dir: &Path) -> Result<Option<Recovered>, OpenError> {
    clear_incoming(dir)?;
    let ready = sibling(dir, READY);
    if !ready.exists() {
        return Ok(None);
    }
    if dir.exists() {
        fs::remove_dir_all(&ready).map_err(files("remove", &ready))?;
        return Ok(None);
    }
    rename(&ready, dir)?;
    let moved_to = newest_aside(dir).unwrap_or_else(|| sibling(dir, ASIDE));
    Ok(Some(Recovered { moved_to, restored_from: None, passed_over: Vec::new() }))
}

fn fill(
    options: &Options,
    incoming: &Path,
    archive: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Summary, OpenError> {
    let mut store = open_engine(options, incoming)?;
    archive::import_file(archive, &mut store, progress)
        .map_err(|source| OpenError::Restore { path: archive.to_owned(), source })
}

/// A complete store that is about to take the place of a corrupt one.
const READY: &str = "restored";
const ASIDE: &str = "corrupt-";

fn clear_incoming(dir: &Path) -> Result<PathBuf, OpenError> {
    let incoming = sibling(dir, "incoming");
    if incoming.exists() {
        fs::remove_dir_all(&incoming).map_err(files("remove", &incoming))?;
    }
    Ok(incoming)
}

/// Two starts may bear the same stamp.
fn aside(dir: &Path, stamp: &str) -> PathBuf {
    let first = sibling(dir, &format!("{ASIDE}{stamp}"));
    let next = (2..u32::MAX).map(|n| sibling(dir, &format!("{ASIDE}{stamp}-{n}")));
    std::iter::once(first.clone()).chain(next).find(|path| !path.exists()).unwrap_or(first)
}

fn newest_aside(dir: &Path) -> Option<PathBuf> {
    let prefix = sibling(dir, ASIDE);
    let prefix = prefix.file_name()?.to_string_lossy().into_owned();
    let files = fs::read_dir(dir.parent()?).ok()?;
    let names = files.filter_map(|file| Some(file.ok()?.path()));
    names
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
        })
        .max()
}

fn rename(from: &Path, to: &Path) -> Result<(), OpenError> {
    fs::rename(from, to).map_err(files("rename", from))?;
    to.parent().map_or(Ok(()), sync)
}
