//! I/O, thin. Nothing here decides anything about an incident.

pub mod alertmanager;
pub mod api;
mod chain;
pub mod client;
pub mod clock;
pub mod courier;
pub mod driver;
pub mod handle;
pub mod intake;
pub mod journal;
pub mod metrics;
pub mod outbox;
pub mod restore;
mod silence_log;
pub mod store;
pub mod systemd;
pub mod tracer;

pub use chain::chain;
