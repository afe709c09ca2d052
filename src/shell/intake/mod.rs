//! Intake: how events come in.

pub mod poll;
