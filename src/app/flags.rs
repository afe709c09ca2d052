//! What can be said on the command line of `incidentd`. The daemon's flags are Alertmanager's.

mod cluster;
mod features;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config;
use crate::domain::value::Span;
use crate::shell::metrics::{ALERTMANAGER_VERSION, VERSION};

pub use cluster::ClusterFlags;
pub use features::Features;

/// Turns what monitoring says into what people must do.
#[derive(Debug, Parser)]
#[command(name = "incidentd", about, disable_help_subcommand = true)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Flags {
    /// What to do; without a word the daemon runs.
    #[command(subcommand)]
    pub task: Option<Task>,
    /// Print the version.
    #[arg(long, short = 'V')]
    pub version: bool,
    /// How the daemon runs.
    #[command(flatten)]
    pub daemon: DaemonFlags,
}

/// How the daemon runs.
#[derive(Debug, Clone, Args)]
pub struct DaemonFlags {
    /// Configuration file. Every valid alertmanager.yml is one.
    #[arg(long = "config.file", value_name = "FILE", default_value = "config/incidentd.yaml")]
    pub config_file: PathBuf,
    /// Directory that holds everything that must survive.
    #[arg(long = "storage.path", value_name = "DIR", default_value = "data/")]
    pub storage_path: PathBuf,
    /// Address to listen on; port 0 takes a free one. May be repeated.
    #[arg(long = "web.listen-address", value_name = "HOST:PORT", default_value = "127.0.0.1:9093")]
    pub listen: Vec<String>,
    /// Listen on the sockets that systemd opened, not on the addresses above.
    #[arg(long = "web.systemd-socket", overrides_with = "no_systemd_socket")]
    pub systemd_socket: bool,
    /// File that says how this daemon's own door is secured: TLS, names with passwords.
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub web_config_file: Option<PathBuf>,
    /// Where people reach this daemon; links in messages begin with it.
    #[arg(long = "web.external-url", value_name = "URL")]
    pub external_url: Option<String>,
    /// Path under which everything is served; the path of the external URL unless given.
    #[arg(long = "web.route-prefix", value_name = "PATH")]
    pub route_prefix: Option<String>,
    /// GET requests answered at one time; 0 means as many as there are cores, at least 8.
    #[arg(
        long = "web.get-concurrency",
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub get_concurrency: i64,
    /// How long a request may take; 0s means a minute.
    #[arg(
        long = "web.timeout",
        value_name = "DURATION",
        default_value = "0s",
        value_parser = go_duration,
        allow_hyphen_values = true
    )]
    pub web_timeout: Span,
    /// How long silences are kept after their end.
    #[arg(
        long = "data.retention",
        value_name = "DURATION",
        default_value = "120h",
        value_parser = go_duration
    )]
    pub data_retention: Span,
    /// Alerts of one name at a time; what is new beyond them is dropped. 0 means no limit.
    #[arg(
        long = "alerts.per-alertname-limit",
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub per_alertname_limit: i64,
    /// Silences at one time, those that are over among them; 0 means no limit.
    #[arg(
        long = "silences.max-silences",
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub max_silences: i64,
    /// Bytes of one silence; 0 means no limit.
    #[arg(
        long = "silences.max-silence-size-bytes",
        value_name = "BYTES",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub max_silence_size_bytes: i64,
    /// Log what becomes of silences.
    #[arg(long = "log.silences", overrides_with = "no_log_silences")]
    pub log_silences: bool,
    /// How long after a start or a reload nothing is told to anybody.
    #[arg(
        long = "dispatch.start-delay",
        value_name = "DURATION",
        default_value = "0s",
        value_parser = go_duration
    )]
    pub start_delay: Span,
    /// Features of Alertmanager by name, parted by commas.
    #[arg(long = "enable-feature", value_name = "NAMES", value_delimiter = ',')]
    pub features: Vec<String>,
    /// A cluster of one.
    #[command(flatten)]
    pub cluster: ClusterFlags,
    /// Least severe messages to log.
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
    /// Form of the log.
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt")]
    pub log_format: LogFormat,
    /// Flags of Alertmanager that are taken and have no effect here.
    #[command(flatten)]
    pub ignored: Ignored,
}

/// Flags that a unit file of Alertmanager may carry. They are taken, so that the binary can be
/// swapped, and have no effect: everything is durable at once, and there is no Go runtime.
#[derive(Debug, Clone, Args)]
pub struct Ignored {
    #[arg(long = "data.maintenance-interval", hide = true, value_parser = go_duration)]
    data_maintenance_interval: Option<Span>,
    #[arg(long = "alerts.gc-interval", hide = true, value_parser = go_duration)]
    alerts_gc_interval: Option<Span>,
    #[arg(long = "dispatch.maintenance-interval", hide = true, value_parser = go_duration)]
    dispatch_maintenance_interval: Option<Span>,
    #[arg(long = "no-web.systemd-socket", hide = true, overrides_with = "systemd_socket")]
    no_systemd_socket: bool,
    #[arg(long = "no-log.silences", hide = true, overrides_with = "log_silences")]
    no_log_silences: bool,
    #[arg(long = "auto-gomemlimit.ratio", hide = true)]
    auto_gomemlimit_ratio: Option<f64>,
    #[arg(long = "auto-gomemlimit", hide = true)]
    auto_gomemlimit: bool,
}

/// The least severe messages to log.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// What an operator may want to know.
    Info,
    /// What an operator should look at.
    Warn,
    /// What went wrong.
    Error,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogFormat {
    /// `key=value` pairs.
    Logfmt,
    /// A JSON object a line.
    Json,
}

/// What else the binary can do. Tasks on a store need the daemon to be stopped.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Check the configuration and the rule files, and run the tests inside the rule files
    Check {
        /// Configuration file
        #[arg(long = "config.file", value_name = "FILE", default_value = "config/incidentd.yaml")]
        config_file: PathBuf,
        /// Features of Alertmanager by name, parted by commas
        #[arg(long = "enable-feature", value_name = "NAMES", value_delimiter = ',')]
        features: Vec<String>,
        /// A body to try out
        #[command(flatten)]
        trial: Trial,
    },
    /// Run the stored events under other rules and print what would have been different
    Replay {
        /// Configuration file
        #[arg(long = "config.file", value_name = "FILE", default_value = "config/incidentd.yaml")]
        config_file: PathBuf,
        /// Directory of the stored events
        #[arg(long = "storage.path", value_name = "DIR", default_value = "data/")]
        storage_path: PathBuf,
        /// Directory of the rule files to try in place of the configured ones
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
        /// How far back to begin
        #[arg(long, value_name = "DURATION", default_value = "7d")]
        since: Span,
    },
    /// Write everything to a file under the storage directory, checked and with its checksum
    Backup(StoreArgs),
    /// Make the store of a backup; the storage directory must not hold one
    Restore {
        /// The backup
        file: PathBuf,
        /// Directory that holds everything that must survive
        #[arg(long = "storage.path", value_name = "DIR", default_value = "data/")]
        storage_path: PathBuf,
    },
    /// Check the store: values, journal, pages, index, audit chain
    Fsck(StoreArgs),
    /// Write everything as lines of JSON, compressed with zstd, or what Alertmanager starts with
    Export {
        /// Where to; a file that exists is replaced when the new one is whole
        file: PathBuf,
        /// Write the files `silences` and `nflog` of Alertmanager; the place is their directory
        #[arg(long)]
        alertmanager: bool,
        /// Directory that holds everything that must survive
        #[arg(long = "storage.path", value_name = "DIR", default_value = "data/")]
        storage_path: PathBuf,
    },
    /// Fill an empty store from an export
    Import {
        /// The export
        file: PathBuf,
        /// Directory that holds everything that must survive
        #[arg(long = "storage.path", value_name = "DIR", default_value = "data/")]
        storage_path: PathBuf,
    },
}

/// A body to try out: what it would become, step by step, if a source sent it to a daemon that knows
/// of nothing yet.
#[derive(Debug, Clone, Args)]
pub struct Trial {
    /// Show what this body would become; `-` reads standard input
    #[arg(long, value_name = "FILE", requires = "source")]
    pub payload: Option<PathBuf>,
    /// The source that sends it
    #[arg(long, value_name = "NAME", requires = "payload")]
    pub source: Option<String>,
    /// A header of the request; may be repeated
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", requires = "payload",
          value_parser = crate::ctl::source::header)]
    pub headers: Vec<(String, String)>,
    /// What follows the `?` of the URL
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub query: String,
}

/// Which store.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Directory that holds everything that must survive
    #[arg(long = "storage.path", value_name = "DIR", default_value = "data/")]
    pub storage_path: PathBuf,
}

/// What `--version` prints: the first line in the form of Alertmanager's, for scripts that look at
/// it; then whose API and metrics these are.
pub fn version_text() -> String {
    let (os, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    format!(
        "incidentd, version {VERSION} (branch: incidentd, revision: {VERSION})\n\
         \x20 alertmanager API: {ALERTMANAGER_VERSION}\n\
         \x20 platform:         {os}/{machine}"
    )
}

/// Reads a duration as Go's flags do (`1h30m`, `0.5s`), or in days. A negative one is as good as
/// none.
///
/// # Errors
/// Says what a duration looks like.
pub fn go_duration(text: &str) -> Result<Span, String> {
    if text.starts_with('-') && config::duration(&text[1..]).is_some() {
        return Ok(Span::ZERO);
    }
    config::duration(text)
        .ok_or_else(|| format!("`{text}` is not a duration like `30s`, `5m` or `1h30m`"))
}

/// Reads `host:port`, or Alertmanager's `:port`, which means every address of the machine.
///
/// # Errors
/// Says what an address looks like.
pub fn listen_address(text: &str) -> Result<String, String> {
    let text = text.trim();
    let full = match text.strip_prefix(':') {
        Some(port) => format!("0.0.0.0:{port}"),
        None => text.to_owned(),
    };
    let host_and_port = full.parse::<SocketAddr>().is_ok()
        || full
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if host_and_port { Ok(full) } else { Err(format!("`{text}` is not HOST:PORT")) }
}
