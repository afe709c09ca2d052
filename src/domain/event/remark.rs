//! What a source says of one of its alerts beside whether it holds.

use std::sync::Arc;

use crate::domain::Turn;
use crate::domain::value::Labels;

/// A word of a source about one of its alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    /// The source's name in the configuration.
    pub source: Arc<str>,
    /// The source's own key for the alert; empty means that the labels are the identity.
    pub key: Box<str>,
    /// The labels of the alert, as far as they were sent along.
    pub labels: Labels,
    /// Who said it, as the source calls that person or program; may be empty.
    pub author: Box<str>,
    /// Words that came with it; may be empty.
    pub text: Box<str>,
    /// What is said.
    pub saying: Saying,
}

/// What a remark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    /// Somebody has seen it there and looks after it.
    Acknowledged,
    /// Nobody looks after it any more.
    Unacknowledged,
    /// Nobody wants to be told there: a downtime, a mute, an archived issue.
    Suppressed,
    /// That is over.
    Unsuppressed,
    /// Somebody had something to say.
    Noted,
}

/// Takes in what was said of alerts. What is said of an alert that is not known leaves no trace.
pub(crate) fn remark(_turn: &mut Turn, _remarks: Vec<Remark>) {}
