//! What can be said on the command line of `incidentd`. The daemon's flags are Alertmanager's.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::value::Span;

/// Turns what monitoring says into what people must do.
#[derive(Debug, Parser)]
#[command(name = "incidentd", version, about, disable_help_subcommand = true)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Flags {
    /// What to do; without a word the daemon runs.
    #[command(subcommand)]
    pub task: Option<Task>,
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
    /// Where people reach this daemon; links in messages begin with it.
    #[arg(long = "web.external-url", value_name = "URL")]
    pub external_url: Option<String>,
    /// Path under which everything is served; the path of the external URL unless given.
    #[arg(long = "web.route-prefix", value_name = "PATH")]
    pub route_prefix: Option<String>,
    /// GET requests answered at one time; 0 means as many as there are cores, at least 8.
    #[arg(long = "web.get-concurrency", value_name = "N", default_value_t = 0)]
    pub get_concurrency: usize,
    /// How long a request may take; 0s means a minute.
    #[arg(long = "web.timeout", value_name = "DURATION", default_value = "0s")]
    pub web_timeout: Span,
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
/// swapped, and have no effect: there is one node, and everything is durable at once.
#[derive(Debug, Clone, Args)]
pub struct Ignored {
    #[arg(long = "cluster.listen-address", hide = true)]
    cluster_listen_address: Option<String>,
    #[arg(long = "cluster.advertise-address", hide = true)]
    cluster_advertise_address: Option<String>,
    #[arg(long = "cluster.peer", hide = true)]
    cluster_peer: Vec<String>,
    #[arg(long = "cluster.peer-timeout", hide = true)]
    cluster_peer_timeout: Option<String>,
    #[arg(long = "cluster.settle-timeout", hide = true)]
    cluster_settle_timeout: Option<String>,
    #[arg(long = "cluster.gossip-interval", hide = true)]
    cluster_gossip_interval: Option<String>,
    #[arg(long = "cluster.pushpull-interval", hide = true)]
    cluster_pushpull_interval: Option<String>,
    #[arg(long = "cluster.tcp-timeout", hide = true)]
    cluster_tcp_timeout: Option<String>,
    #[arg(long = "cluster.probe-timeout", hide = true)]
    cluster_probe_timeout: Option<String>,
    #[arg(long = "cluster.probe-interval", hide = true)]
    cluster_probe_interval: Option<String>,
    #[arg(long = "cluster.reconnect-interval", hide = true)]
    cluster_reconnect_interval: Option<String>,
    #[arg(long = "cluster.reconnect-timeout", hide = true)]
    cluster_reconnect_timeout: Option<String>,
    #[arg(long = "cluster.label", hide = true)]
    cluster_label: Option<String>,
    #[arg(long = "data.retention", hide = true)]
    data_retention: Option<String>,
    #[arg(long = "data.maintenance-interval", hide = true)]
    data_maintenance_interval: Option<String>,
    #[arg(long = "alerts.gc-interval", hide = true)]
    alerts_gc_interval: Option<String>,
    #[arg(long = "dispatch.maintenance-interval", hide = true)]
    dispatch_maintenance_interval: Option<String>,
    #[arg(long = "auto-gomemlimit.ratio", hide = true)]
    auto_gomemlimit_ratio: Option<String>,
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
        #[arg(required_unless_present = "alertmanager")]
        file: Option<PathBuf>,
        /// Write the files `silences` and `nflog` of Alertmanager below this directory instead
        #[arg(long, value_name = "DIR", conflicts_with = "file")]
        alertmanager: Option<PathBuf>,
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

/// Which store.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Directory that holds everything that must survive
    #[arg(long = "storage.path", value_name = "DIR", default_value = "data/")]
    pub storage_path: PathBuf,
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
