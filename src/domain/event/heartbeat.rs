//! Signs of life that have a name of their own: a job, a server, a whole monitoring system.

use std::sync::Arc;

use crate::domain::Turn;
use crate::domain::value::{Labels, Span};

/// A sign of life.
#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    /// The source's name in the configuration.
    pub source: Arc<str>,
    /// Whose sign of life, in the source's words.
    pub name: Box<str>,
    /// The next one comes within this time, by the sender's word.
    pub within: Option<Span>,
    /// More about whom it is of; labels of the alert when it stays away.
    pub labels: Labels,
}

/// Takes in signs of life.
pub(crate) fn beat(_turn: &mut Turn, _heartbeats: Vec<Heartbeat>) {}
