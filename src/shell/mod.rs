//! I/O, thin. Nothing here decides anything about an incident.

pub mod intake;
pub mod store;
