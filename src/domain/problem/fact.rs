//! What can happen in problem management.

use serde::{Deserialize, Serialize};

use super::machine::{Status, Step};
use crate::domain::value::{Actor, IncidentId, Priority, ProblemId, SignatureId, Span, Timestamp};

/// A fact of problem management.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// An incident was counted under what it has in common with others.
    Counted {
        /// The signature's number.
        signature: SignatureId,
        /// The signature: `{alertname="DiskFull", ci="db01"}`.
        text: String,
        /// The incident.
        incident: IncidentId,
        /// Since when.
        onset: Timestamp,
        /// The how manieth it is within `within`, and which was the one before it.
        recurrence: Recurrence,
    },
    /// An incident came so soon after the one before it that it is the same outbreak.
    Trailed {
        /// The signature.
        signature: SignatureId,
        /// The incident.
        incident: IncidentId,
    },
    /// An incident turned out to be none: it counts no more.
    Uncounted {
        /// The signature.
        signature: SignatureId,
        /// The incident.
        incident: IncidentId,
    },
    /// A problem was opened or proposed.
    Opened(Box<Opened>),
    /// An incident was linked to a problem.
    Linked {
        /// The problem.
        id: ProblemId,
        /// The incident.
        incident: IncidentId,
        /// Who linked them.
        by: Actor,
    },
    /// An incident was linked to another problem.
    Unlinked {
        /// The problem it was linked to.
        id: ProblemId,
        /// The incident.
        incident: IncidentId,
        /// Who decided.
        by: Actor,
    },
    /// The problem went from one state to another.
    Moved(Box<Moved>),
    /// Somebody wrote something down.
    Noted {
        /// The problem.
        id: ProblemId,
        /// Who.
        by: Actor,
        /// What.
        text: String,
    },
    /// The problem got another team or person.
    Assigned {
        /// The problem.
        id: ProblemId,
        /// The owning team, if it changed.
        team: Option<String>,
        /// The person, if it changed.
        assignee: Option<String>,
        /// Who decided.
        by: Actor,
    },
    /// A way to live with it was found.
    WorkaroundFound {
        /// The problem.
        id: ProblemId,
        /// Who.
        by: Actor,
        /// What to do.
        text: String,
    },
}

/// The how manieth of its kind an incident is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    /// The how manieth; the first is 1.
    pub nth: usize,
    /// Within how long.
    pub within: Span,
    /// The one before it.
    pub last: Option<IncidentId>,
}

/// The birth of a problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The problem's number.
    pub id: ProblemId,
    /// [`Status::New`], or [`Status::Candidate`] where the rule only proposes.
    pub status: Status,
    /// The signature that its incidents share.
    pub signature: SignatureId,
    /// A line for people.
    pub title: String,
    /// The incidents that made it.
    pub incidents: Vec<IncidentId>,
    /// The owning team.
    pub team: String,
    /// The worst priority of its incidents.
    pub priority: Priority,
    /// The criterion that was met, in words: `3 in 30d`.
    pub reason: String,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The problem that it repeats.
    pub recurrence_of: Option<ProblemId>,
}

/// A step of the state machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// The problem.
    pub id: ProblemId,
    /// What was done.
    pub step: Step,
    /// Where it was before.
    pub from: Status,
    /// Where it is.
    pub to: Status,
    /// Who did it.
    pub by: Actor,
    /// A closure code, a cause category, or a change.
    pub code: Option<String>,
    /// What was said about it.
    pub note: Option<String>,
    /// Until when it is verified, a risk accepted, or a signature muted.
    pub until: Option<Timestamp>,
    /// The incident that showed that it is back.
    pub incident: Option<IncidentId>,
    /// The problem that it duplicates.
    pub of: Option<ProblemId>,
}

/// Writes `3rd in 30d, last INC-2`.
impl std::fmt::Display for Recurrence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ending = match (self.nth % 10, self.nth % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        write!(f, "{}{ending} in ", self.nth)?;
        let day = Span::days(1).0;
        if self.within.0.is_multiple_of(day) {
            write!(f, "{} d", self.within.0 / day)?;
        } else {
            write!(f, "{}", self.within)?;
        }
        match self.last {
            Some(last) => write!(f, ", last {last}"),
            None => Ok(()),
        }
    }
}
