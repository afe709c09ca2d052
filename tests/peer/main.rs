//! The real binaries among real peers: Prometheus, amtool, a mail server, kills, operators.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "other processes know no clock but the real one")]

mod alertmanager;
mod amtool;
mod api;
mod cli;
mod crash;
mod daemon;
mod differential;
mod door;
mod flags;
mod imap;
mod listeners;
mod mail;
mod notify;
mod operations;
mod outage;
mod polls;
mod program;
mod prometheus;
mod provider;
mod render;
mod routes;
mod served;
mod servers;
mod silences;
mod sink;
mod spans;
mod store_tasks;
mod takeover;
mod until;
