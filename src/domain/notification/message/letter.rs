//! A letter: what one delivery says, before it is put into a channel's words.

use crate::domain::incident::{Kind, Status};
use crate::domain::notification::correspondence::Reply;
use crate::domain::value::{
    DeliveryId, Fingerprint, Impact, IncidentId, Labels, Priority, ProblemId, Span, Timestamp,
    Urgency,
};

/// What one delivery says, before it is put into a channel's words.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The receiver's name, as the configuration spells it.
    pub receiver: String,
    /// Alertmanager's group key: `{}/{team="db"}:{alertname="DiskFull"}`.
    pub group_key: String,
    /// What the group has in common by its route.
    pub group_labels: Labels,
    /// What the route says of every message of its groups.
    pub route_labels: Labels,
    /// Why it is told: `first notification`, `new alerts added` and so on.
    pub reason: String,
    /// The group's alerts, in the order in which they are to be shown.
    pub alerts: Vec<LetterAlert>,
    /// Where people reach the daemon, without a slash at the end.
    pub external_url: String,
    /// The mail that it answers, if it answers one.
    pub reply: Option<Reply>,
    /// The incident it is about, if there is one.
    pub incident: Option<LetterIncident>,
    /// The problem behind that incident, if it is known.
    pub problem: Option<LetterProblem>,
    /// The delivery; the same for all its attempts.
    pub delivery: DeliveryId,
    /// Which attempt this is, counted from 1.
    pub attempt: u32,
    /// Whether what monitoring says may be markup, as Alertmanager lets it: under a plain configuration
    /// of Alertmanager's, annotations may hold links that were written for a channel.
    pub verbatim: bool,
    /// How late it is, where somebody should know: after an outage of the channel or a restart.
    pub delayed: Option<Span>,
    /// The conversation it belongs to.
    pub thread: Thread,
    /// When it is written.
    pub now: Timestamp,
}

/// An alert in a letter.
#[derive(Debug, Clone)]
pub struct LetterAlert {
    /// Whether it holds.
    pub status: AlertStatus,
    /// Its labels.
    pub labels: Labels,
    /// What is said about it.
    pub annotations: Labels,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when; nothing while it fires.
    pub ends_at: Option<Timestamp>,
    /// Where its source shows it.
    pub url: String,
    /// Its identity.
    pub fingerprint: Fingerprint,
}

/// Whether an alert holds. Alertmanager knows only these two in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertStatus {
    /// It holds.
    Firing,
    /// It is over.
    Resolved,
}

/// An incident in a letter.
#[derive(Debug, Clone)]
pub struct LetterIncident {
    /// Its number.
    pub id: IncidentId,
    /// What leads from an answer to a mail back to it: a part of every Message-ID.
    pub mark: String,
    /// A line for people.
    pub title: String,
    /// Where it is in its life.
    pub state: Status,
    /// What happened to it: `opened`, `acknowledged`, `priority raised` and so on.
    pub event: String,
    /// Who made that happen, if a person did.
    pub by: Option<String>,
    /// The order of work.
    pub priority: Priority,
    /// How much is touched.
    pub impact: Impact,
    /// How fast it must be worked on.
    pub urgency: Urgency,
    /// Outage or degradation.
    pub kind: Kind,
    /// What it is about.
    pub category: String,
    /// The owning team; empty if there is none.
    pub team: String,
    /// The person who works on it.
    pub assignee: Option<String>,
    /// Where people look at it.
    pub url: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When somebody saw it.
    pub acknowledged_at: Option<Timestamp>,
    /// When service was back.
    pub restored_at: Option<Timestamp>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// What it repeats, in words: `INC-3, the third time in 30 days`.
    pub recurrence: Option<String>,
    /// How many alerts belong to it.
    pub alerts: usize,
    /// How many of them fire.
    pub firing: usize,
}

/// A problem in a letter.
#[derive(Debug, Clone)]
pub struct LetterProblem {
    /// Its number.
    pub id: ProblemId,
    /// A line for people.
    pub title: String,
    /// Where it is in its life, by the API's word.
    pub state: String,
    /// What helps until it is fixed.
    pub workaround: Option<String>,
    /// Where people look at it.
    pub url: String,
}

/// A conversation: all that one receiver is told about one incident or one group.
#[derive(Debug, Clone, Default)]
pub struct Thread {
    /// Names the conversation for ever, also after a lost store starts counting from 1 again: the
    /// id and the moment it began, `INC-12-1772330700000`. Mailboxes drop what they think to know.
    pub root: String,
    /// What was sent in it before, oldest first.
    pub previous: Vec<DeliveryId>,
    /// What the provider calls the message that it shows, from the report of its delivery: Slack's
    /// channel and `ts`. Nothing where this is the first message, also after an end.
    pub provider: Option<String>,
}

impl AlertStatus {
    /// Alertmanager's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}
