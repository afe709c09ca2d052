//! Intake: how events come in.

pub mod http;
pub mod poll;
pub mod sns;
