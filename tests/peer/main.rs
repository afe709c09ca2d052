//! The real binaries among real peers: Prometheus, amtool, a mail server, kills, operators.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "other processes know no clock but the real one")]

mod amtool;
mod api;
mod cli;
mod crash;
mod daemon;
mod door;
mod mail;
mod operations;
mod outage;
mod program;
mod prometheus;
mod provider;
mod sink;
mod store_tasks;
mod until;
