//! Wiring: builds everything in order, stops it backwards, and does the tasks of the command line.

mod check;
pub mod flags;
mod handover;
mod listeners;
pub mod log;
mod outside;
mod replay;
mod serve;
mod sources;
mod store;
mod takeover;
mod trial;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::config;
use crate::shell::api::DoorError;
use crate::shell::chain;
use crate::shell::client::LineError;
use crate::shell::driver::DriverError;
use crate::shell::intake::listener::NoTls;
use crate::shell::restore::RestoreError;
use crate::shell::store::StoreError;
use crate::shell::store::archive::ArchiveError;
use crate::shell::store::sled_store::OpenError;

use flags::{Flags, Task};

/// Why the program ended without having done what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong; each error names its file, line and column.
    #[error("{0}")]
    Configuration(config::ConfigErrors),
    /// A directory cannot be made.
    #[error("failed to make the directory `{}`", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is nothing to read.
    #[error("there is no store at `{}`: say with --storage.path where it is", path.display())]
    NoStore {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// The store cannot be opened.
    #[error("failed to open the store")]
    Open(#[source] OpenError),
    /// The store cannot be used.
    #[error("failed to use the store")]
    Store(#[source] StoreError),
    /// What the store holds cannot be read.
    #[error("failed to restore the state")]
    Restore(#[source] RestoreError),
    /// An archive cannot be written or read.
    #[error("failed to work on the archive `{}`", path.display())]
    Archive {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// Alertmanager's state files cannot be written.
    #[error("failed to write the state of Alertmanager below `{}`", path.display())]
    Handover {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The store has faults; they were printed.
    #[error("faults in the store: {0}; restore a backup if something is missing")]
    Unclean(usize),
    /// Tests in rule files failed; they were printed.
    #[error("tests in the rule files failed: {0}")]
    Tests(usize),
    /// A body that is to be tried out cannot be read.
    #[error("failed to read the body from `{}`", path.display())]
    Payload {
        /// Where it was looked for.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no source of that name.
    #[error("the configuration has no source `{name}`; there are: {known}")]
    NoSource {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A body was tried out, and nothing of it, or not all, can be taken in; that was printed.
    #[error("not all of the body can be taken in")]
    Untaken,
    /// A listen address makes no sense or is taken.
    #[error("failed to listen on `{address}`: {why}")]
    Listen {
        /// Which.
        address: String,
        /// Why.
        why: String,
    },
    /// A source cannot be listened for.
    #[error("failed to listen on `{socket}` for the source {name}: {why}")]
    ListenFor {
        /// Whose messages would come there.
        name: String,
        /// Protocol and address: `udp/0.0.0.0:514`.
        socket: String,
        /// Why.
        why: String,
    },
    /// What a source's listener needs for TLS cannot be used.
    #[error("failed to secure the listener of the source {name}")]
    Secure {
        /// Which source.
        name: String,
        /// Why.
        #[source]
        source: NoTls,
    },
    /// `--enable-feature` names something else.
    #[error("--enable-feature: {0}")]
    Feature(String),
    /// `--web.config.file` cannot be used.
    #[error("failed to secure the door")]
    Door(#[source] DoorError),
    /// What `tracing` names cannot be used.
    #[error("failed to make spans ready to be sent, as `tracing` says")]
    Tracing(#[source] LineError),
    /// The machine does not give what a program needs.
    #[error("failed to start the runtime")]
    Runtime(#[source] std::io::Error),
    /// The writer ended.
    #[error("the writer has stopped")]
    Driver(#[source] DriverError),
}

/// Runs the program and says how it went.
pub fn run() -> ExitCode {
    let flags = Flags::parse();
    if flags.version {
        say_version();
        return ExitCode::SUCCESS;
    }
    let done = match flags.task {
        None => serve::serve(&flags.daemon),
        Some(Task::Check { config_file, features, trial }) => match &trial.payload {
            Some(file) => trial::show(&config_file, &features, file, &trial),
            None => check::check(&config_file, &features),
        },
        Some(Task::Replay { config_file, storage_path, rules, since }) => {
            replay::replay(&config_file, &storage_path, rules.as_deref(), since)
        }
        Some(Task::Backup(args)) => store::backup(&args.storage_path),
        Some(Task::Restore { file, storage_path } | Task::Import { file, storage_path }) => {
            store::restore(&storage_path, &file)
        }
        Some(Task::Fsck(args)) => store::check(&args.storage_path),
        Some(Task::Export { file, alertmanager: false, storage_path }) => {
            store::export(&storage_path, &file)
        }
        Some(Task::Export { file: dir, alertmanager: true, storage_path }) => {
            handover::export(&storage_path, &dir)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "what was asked for is for the standard output")]
fn say_version() {
    println!("{}", flags::version_text());
}

#[expect(clippy::print_stderr, reason = "the last word of a program that failed")]
fn complain(failure: &Failure) {
    eprintln!("incidentd: {}", chain(failure));
}
