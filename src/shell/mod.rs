//! I/O, thin. Nothing here decides anything about an incident.

pub mod clock;
pub mod handle;
pub mod journal;
pub mod store;
pub mod systemd;
