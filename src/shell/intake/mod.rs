//! How events come in: over HTTP, by being asked for, and through listeners of their own.

pub mod http;
pub mod inlet;
pub mod listener;
pub mod mail;
pub mod poll;
pub mod snmp;
pub mod sns;
pub mod syslog;
#[cfg(test)]
mod testing;
