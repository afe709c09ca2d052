//! Alertmanager's state files: what a daemon that takes over reads, and what one that leaves writes.
//!
//! `<storage.path>/silences` and `<storage.path>/nflog` hold protobuf messages, each behind its
//! length as a varint. Alertmanager never writes alerts to disk.

mod frame;
mod nflog;
mod silences;
#[cfg(test)]
mod tests;
mod wire;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::domain::notification::Inherited;

pub use silences::Silence;

/// The file of the silences, below the storage path.
pub const SILENCES: &str = "silences";

/// The file of the notification log, below the storage path.
pub const NFLOG: &str = "nflog";

/// Bytes that a state file may have. One entry takes some hundred.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// What was found in a state file, and what of it makes no sense.
#[derive(Debug)]
pub struct Found<T> {
    /// What could be read, in the order of the file.
    pub records: Vec<T>,
    /// What could not.
    pub faults: Vec<Fault>,
}

/// Something in a state file that cannot be taken over. The file stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is larger than any that Alertmanager writes.
    #[error("`{}` is larger than {FILE_BYTES_MAX} bytes and is not read", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// The file ends within a message, or the length before one makes no sense.
    #[error("`{}`, byte {offset}: {why}; nothing from here on is read", path.display())]
    Torn {
        /// Which file.
        path: PathBuf,
        /// Where the message begins, counted from 0.
        offset: usize,
        /// What is wrong with its frame.
        why: String,
    },
    /// A message is not of the kind that belongs into the file.
    #[error("`{}`, byte {offset}: a message does not decode and is left out", path.display())]
    Undecodable {
        /// Which file.
        path: PathBuf,
        /// Where the message begins, counted from 0.
        offset: usize,
        /// Why.
        #[source]
        source: prost::DecodeError,
    },
    /// A message says something that cannot be taken over.
    #[error("`{}`, byte {offset}: {why}", path.display())]
    Meaningless {
        /// Which file.
        path: PathBuf,
        /// Where the message begins, counted from 0.
        offset: usize,
        /// What it says.
        why: String,
    },
}

/// Reads the silences below a storage path; nothing if there is no such file.
pub fn read_silences(storage: &Path) -> Found<Silence> {
    read(&storage.join(SILENCES), silences::read)
}

/// Reads the notification log below a storage path; nothing if there is no such file.
pub fn read_nflog(storage: &Path) -> Found<Inherited> {
    read(&storage.join(NFLOG), nflog::read)
}

/// Tells whether Alertmanager has kept its state below a storage path.
pub fn is_there(storage: &Path) -> bool {
    storage.join(SILENCES).is_file() || storage.join(NFLOG).is_file()
}

/// Writes both files below a directory, each to a temporary file that then takes its name.
///
/// # Errors
/// When the disk fails. A file that was there stays until the new one is whole.
pub fn write(dir: &Path, silences: &[Silence], log: &[Inherited]) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let silences: Vec<wire::MeshSilence> = silences.iter().map(silences::wire).collect();
    let log: Vec<wire::MeshEntry> = log.iter().filter_map(nflog::wire).collect();
    replace(&dir.join(SILENCES), &frame::write(&silences))?;
    replace(&dir.join(NFLOG), &frame::write(&log))?;
    // The names must survive a power cut, too.
    File::open(dir)?.sync_all()
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)
}

fn read<T>(path: &Path, decode: impl FnOnce(&Path, &[u8]) -> Found<T>) -> Found<T> {
    match bytes(path) {
        Ok(Some(bytes)) => decode(path, &bytes),
        Ok(None) => Found { records: Vec::new(), faults: Vec::new() },
        Err(fault) => Found { records: Vec::new(), faults: vec![fault] },
    }
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    let failed = |source| Fault::Read { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Fault::TooLarge { path: path.to_owned() });
    }
    Ok(Some(bytes))
}
