//! What can happen in incident management.

use serde::{Deserialize, Serialize};

use super::machine::{Status, Step};
use crate::domain::event::Correlation;
use crate::domain::value::{
    Actor, AlertId, Impact, IncidentId, Labels, Priority, Severity, Span, Timestamp, Urgency,
};

/// A fact of incident management.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// An incident was opened, or noted as a candidate that people do not see yet.
    Opened(Box<Opened>),
    /// An alert became a member.
    Joined {
        /// The incident.
        id: IncidentId,
        /// The member.
        alert: AlertId,
        /// How bad the alert is.
        severity: Severity,
    },
    /// A member fired again.
    Fired {
        /// The incident.
        id: IncidentId,
        /// The member.
        alert: AlertId,
    },
    /// A member cleared.
    Cleared {
        /// The incident.
        id: IncidentId,
        /// The member.
        alert: AlertId,
    },
    /// A member began or ended to flap.
    Flapping {
        /// The incident.
        id: IncidentId,
        /// The member.
        alert: AlertId,
        /// Whether it began.
        on: bool,
    },
    /// The incident went from one state to another.
    Moved(Box<Moved>),
    /// Impact, urgency or priority changed.
    Prioritised {
        /// The incident.
        id: IncidentId,
        /// How much is touched.
        impact: Impact,
        /// How fast it must be worked on.
        urgency: Urgency,
        /// The order of work.
        priority: Priority,
        /// Who decided.
        by: Actor,
        /// Why, where a person decided.
        reason: Option<String>,
    },
    /// The incident got another team or person.
    Assigned {
        /// The incident.
        id: IncidentId,
        /// The owning team, if it changed.
        team: Option<String>,
        /// The person, if it changed.
        assignee: Option<String>,
        /// Who decided.
        by: Actor,
    },
    /// Somebody wrote something down.
    Noted {
        /// The incident.
        id: IncidentId,
        /// Who.
        by: Actor,
        /// What.
        text: String,
    },
    /// All alerts are clear; service is restored.
    Restored {
        /// The incident.
        id: IncidentId,
        /// When the incident resolves by itself; nothing if a person must do it.
        resolve_at: Option<Timestamp>,
    },
    /// An alert fired again before the incident was resolved.
    Relapsed {
        /// The incident.
        id: IncidentId,
    },
}

/// The birth of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The incident's number.
    pub id: IncidentId,
    /// What its alerts have in common.
    pub correlation: Correlation,
    /// How long it takes in alerts after the last one.
    pub window: Span,
    /// How long it takes in alerts after it was opened.
    pub max_span: Span,
    /// [`Status::New`], or [`Status::Candidate`] while it waits to be made known.
    pub status: Status,
    /// When a candidate becomes known, if its alerts last and are enough.
    pub pending_until: Option<Timestamp>,
    /// How many alerts a candidate needs.
    pub threshold: u64,
    /// Whether those must be alerts of different names.
    #[serde(default)]
    pub distinct_names: bool,
    /// A line for people.
    pub title: String,
    /// Outage or degradation.
    pub kind: Kind,
    /// What it is about; `uncategorised` where no rule says.
    pub category: String,
    /// The owning team.
    pub team: String,
    /// How much is touched.
    pub impact: Impact,
    /// How fast it must be worked on.
    pub urgency: Urgency,
    /// The order of work.
    pub priority: Priority,
    /// Whether a rule said the priority outright, so that it does not follow severity.
    #[serde(default)]
    pub priority_fixed: bool,
    /// What its first alert's labels say.
    pub labels: Labels,
    /// What its first alert's annotations say.
    pub annotations: Labels,
    /// The alert it began with.
    pub root: AlertId,
    /// How bad that alert is.
    pub severity: Severity,
    /// When the condition began, by the first event.
    pub detected_at: Timestamp,
    /// The resolved incident this one repeats.
    pub recurrence_of: Option<IncidentId>,
    /// The rule that shaped it.
    pub rule: Option<String>,
}

/// A step of the state machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// The incident.
    pub id: IncidentId,
    /// What was done.
    pub step: Step,
    /// Where it was before.
    pub from: Status,
    /// Where it is.
    pub to: Status,
    /// Who did it.
    pub by: Actor,
    /// The closure code, the reason of a hold or of a cancellation.
    pub code: Option<String>,
    /// What was said about it.
    pub note: Option<String>,
    /// Until when a hold lasts.
    pub until: Option<Timestamp>,
    /// The incident this one was merged into.
    pub into: Option<IncidentId>,
}

/// What an incident does to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The service is interrupted.
    Outage,
    /// The service is worse than agreed.
    Degradation,
}
