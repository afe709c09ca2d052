//! The store on disk: where it lies, how it is opened, and the tasks that work on it.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use crate::domain::value::Timestamp;
use crate::domain::{Fact, audit};
use crate::shell::chain;
use crate::shell::driver::PARTITION;
use crate::shell::handle::Handle;
use crate::shell::store::sled_store::{self, Opened, Options, Recovered};
use crate::shell::store::{Store, archive, fsck};
use crate::shell::{clock, journal};

/// Memory for sled's pages. The state lives in ours; sled is read at starts only.
const CACHE_BYTES: u64 = 1 << 20;

/// Where everything lies below the storage directory.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The store.
    pub store: PathBuf,
    /// Backups.
    pub exports: PathBuf,
}

impl Places {
    /// The places below a storage directory.
    pub(super) fn below(storage: &Path) -> Self {
        Self { store: storage.join("store"), exports: storage.join("exports") }
    }

    /// How the store here is opened.
    pub(super) fn options(&self, now: Timestamp) -> Options {
        Options {
            dir: self.store.clone(),
            cache_bytes: CACHE_BYTES,
            uuid: uuid(now),
            stamp: stamp(now),
            exports: Some(self.exports.clone()),
            wait,
        }
    }
}

/// Opens the store, and makes it if there is none.
///
/// # Errors
/// When it is in use, was written by a newer release, or the disk fails.
pub(super) fn open(places: &Places) -> Result<Opened, Failure> {
    let parent = places.store.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)
        .map_err(|source| Failure::Directory { path: parent.to_owned(), source })?;
    sled_store::open(&places.options(clock::now())).map_err(Failure::Open)
}

/// Opens a store that is there: a task that reads one does not make an empty one in its place and
/// find that in order.
///
/// # Errors
/// When there is none, and as [`open`].
pub(super) fn open_existing(places: &Places) -> Result<Opened, Failure> {
    // The lock stays when a start has moved a broken store aside and died before it made another.
    if !places.store.exists() && !places.store.with_extension("lock").exists() {
        return Err(Failure::NoStore { path: places.store.clone() });
    }
    open(places)
}

/// What an operator must be told of a store that had to be replaced.
pub(super) fn recovery_words(recovered: &Recovered) -> String {
    let moved = recovered.moved_to.display();
    match &recovered.restored_from {
        Some(from) => format!(
            "the store could not be read: it was moved to {moved} and {} was restored",
            from.display()
        ),
        None => format!("the store could not be read: it was moved to {moved}; this one is empty"),
    }
}

/// `incidentd backup`: an export under the storage directory.
///
/// # Errors
/// When the store is in use or the disk fails.
pub(super) fn backup(storage: &Path) -> Result<(), Failure> {
    let places = Places::below(storage);
    let opened = open_existing(&places)?;
    let bar = bar("records");
    let now = clock::now().rfc3339();
    let file =
        archive::export_file(&opened.store, PARTITION, &places.exports, &now, &mut |done, all| {
            advance(&bar, done, all);
        })
        .map_err(|source| Failure::Archive { path: places.exports.clone(), source })?;
    bar.finish_and_clear();
    say(&format!("{}", file.display()));
    Ok(())
}

/// `incidentd export FILE`.
///
/// # Errors
/// When the store is in use or the disk fails.
pub(super) fn export(storage: &Path, file: &Path) -> Result<(), Failure> {
    let opened = open_existing(&Places::below(storage))?;
    let bar = bar("records");
    let now = clock::now().rfc3339();
    archive::export_to(&opened.store, PARTITION, file, &now, &mut |done, all| {
        advance(&bar, done, all);
    })
    .map_err(|source| Failure::Archive { path: file.to_owned(), source })?;
    bar.finish_and_clear();
    say(&format!("{}", file.display()));
    Ok(())
}

/// Makes a backup while the daemon runs, and keeps the newest few.
///
/// # Errors
/// Says what failed.
pub(super) async fn make_backup(
    handle: &Handle,
    places: &Places,
    keep: usize,
) -> Result<PathBuf, String> {
    let file = handle.backup(places.exports.clone()).await?;
    archive::keep_newest(&places.exports, keep).map_err(|error| chain(&error))?;
    Ok(file)
}

/// `incidentd restore FILE` and `incidentd import FILE`.
///
/// # Errors
/// When there is a store already, or the file is no whole archive.
pub(super) fn restore(storage: &Path, file: &Path) -> Result<(), Failure> {
    let places = Places::below(storage);
    std::fs::create_dir_all(storage)
        .map_err(|source| Failure::Directory { path: storage.to_owned(), source })?;
    let bar = bar("records");
    let summary = sled_store::restore(&places.options(clock::now()), file, &mut |done, all| {
        advance(&bar, done, all);
    })
    .map_err(Failure::Open)?;
    bar.finish_and_clear();
    say(&format!("{}: {} records restored", places.store.display(), summary.records));
    Ok(())
}

/// `incidentd fsck`.
///
/// # Errors
/// When something is wrong with the store; each fault was printed.
pub(super) fn check(storage: &Path) -> Result<(), Failure> {
    let opened = open_existing(&Places::below(storage))?;
    if let Some(recovered) = &opened.recovered {
        say(&recovery_words(recovered));
    }
    let mut chain = audit::Chain::default();
    let bar = bar("journal values");
    let report = fsck::fsck(&opened.store, PARTITION, &mut |_, payload| {
        bar.inc(1);
        let records = journal::read(payload).map_err(|error| error.to_string())?;
        for fact in records.iter().flat_map(|record| &record.facts) {
            if let Fact::Audit(audit::Fact::Noted { id, line }) = fact {
                chain.follow(*id, line)?;
            }
        }
        Ok(())
    })
    .map_err(Failure::Store)?;
    bar.finish_and_clear();
    for problem in &report.problems {
        say(&format!("{problem}"));
    }
    say(&format!(
        "{} journal values, {} pages, {} audit lines, {} bytes on disk",
        report.values,
        report.pages,
        chain.checked,
        opened.store.bytes()
    ));
    if report.is_clean() { Ok(()) } else { Err(Failure::Unclean(report.problems.len())) }
}

fn bar(what: &str) -> ProgressBar {
    // Drawn on a terminal only; a log gets the result and nothing else.
    let bar = ProgressBar::new(0);
    let style = format!("{{bar:40}} {{pos}}/{{len}} {what} {{eta}}");
    if let Ok(style) = ProgressStyle::with_template(&style) {
        bar.set_style(style);
    }
    bar
}

fn advance(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}

/// Says what became of a task.
#[expect(clippy::print_stdout, reason = "the result of a task is for its standard output")]
pub(super) fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::disallowed_methods, reason = "a lock is waited for before anything else runs")]
fn wait(span: std::time::Duration) {
    std::thread::sleep(span);
}

/// A time as it stands in file names.
fn stamp(now: Timestamp) -> String {
    now.rfc3339().chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Names a new store: the time and the process are enough to tell the stores of a site apart.
fn uuid(now: Timestamp) -> String {
    format!("{:012x}-{:08x}", now.0, std::process::id())
}
