//! I/O, thin. Nothing here decides anything about an incident.

pub mod courier;
pub mod store;
