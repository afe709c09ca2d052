//! What a source says of one of its alerts beside whether it holds.
//!
//! The word becomes a fact of the alert. The incident that the alert belongs to sees that fact:
//! there an acknowledgement is one, and the rest are lines of its timeline.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::message::{Ends, Event, Signal};
use super::suppress::Cover;
use super::{lease, receive, surface};
use crate::domain::Turn;
use crate::domain::value::{Actor, AlertId, Labels, Via};

/// Bytes of the words that come with a remark; what is longer is cut.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// Bytes of an author's name; what is longer is cut.
const AUTHOR_BYTES_MAX: usize = 128;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
pub(crate) fn remark(turn: &mut Turn, remarks: Vec<Remark>) {
    let mut speaker: Option<Arc<str>> = None;
    for remark in remarks {
        if speaker.as_ref() != Some(&remark.source) {
            lease::spoke(turn, &remark.source);
            speaker = Some(Arc::clone(&remark.source));
        }
        match about(turn, &remark) {
            Some(id) => take(turn, id, &remark),
            None => turn.tally.passed_over += 1,
        }
    }
}

/// The alert that a remark is about. Of what is over, only a comment still matters.
fn about(turn: &Turn, remark: &Remark) -> Option<AlertId> {
    let event = Event {
        source: Arc::clone(&remark.source),
        signal: Signal::Firing,
        labels: remark.labels.clone(),
        annotations: Labels::default(),
        url: Box::default(),
        key: remark.key.clone(),
        starts_at: turn.now(),
        ends: Ends::Never,
    };
    let (id, alert) = turn.state().event.by_key(receive::identity(turn.settings(), &event))?;
    (alert.is_firing() || remark.saying == Saying::Noted).then_some(id)
}

fn take(turn: &mut Turn, id: AlertId, remark: &Remark) {
    let alert = turn.state().event.alert(id).expect("the index names alerts that exist");
    let known = match remark.saying {
        Saying::Acknowledged => alert.is_acknowledged(),
        Saying::Unacknowledged => !alert.is_acknowledged(),
        Saying::Suppressed => alert.is_muted(),
        Saying::Unsuppressed => !alert.is_muted(),
        Saying::Noted => true,
    };
    // A source that repeats itself says nothing new, unless it has words to add.
    if known && remark.text.trim().is_empty() {
        return;
    }
    let begins_now = alert.is_firing() && alert.last_transition() == turn.now();
    let text = cut(remark.text.trim(), TEXT_BYTES_MAX).into();
    turn.record(Fact::Remarked { id, saying: remark.saying, by: author(remark), text });
    match remark.saying {
        // What fires and is suppressed by one request makes no incident.
        Saying::Suppressed if begins_now => surface::submerge(turn, &[id]),
        Saying::Unsuppressed => surface::lift(turn, Cover::Source(id)),
        Saying::Acknowledged | Saying::Unacknowledged | Saying::Suppressed | Saying::Noted => {}
    }
}

fn author(remark: &Remark) -> Actor {
    let name = match cut(remark.author.trim(), AUTHOR_BYTES_MAX) {
        "" => remark.source.to_string(),
        author => format!("{author} ({})", remark.source),
    };
    Actor { name, via: Via::Source }
}

fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
