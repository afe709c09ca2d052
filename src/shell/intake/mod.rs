//! Ways in for events.

pub mod http;
