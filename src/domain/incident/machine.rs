//! The states of an incident and the steps between them.
//!
//! ```text
//!             ┌─discard──▶ Discarded
//! Candidate ──┤
//!             └─confirm──▶ New ──acknowledge──▶ Acknowledged
//!                           │                        │
//!                           ├────────assign──────────┤
//!                           │                        ▼
//!                           │      ┌──hold──── In Progress ◀──reopen───┐
//!                           │      ▼                 ▲ │               │
//!                           │   On Hold ───resume────┘ │               │
//!                           │      │                   │               │
//!                           └──────┴──resolve, recover─┴──▶ Resolved ──┴─close──▶ Closed
//!
//! New, Acknowledged, In Progress          ──cancel──▶ Cancelled
//! New, Acknowledged, In Progress, On Hold ──merge───▶ Merged ──unmerge──▶ In Progress
//! ```
//!
//! Escalation and breach are flags and timers, not states. Closed, Discarded and Cancelled are
//! final: what comes back is a new incident that says which one it repeats.

use serde::{Deserialize, Serialize};

/// Where an incident is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Noted, but not shown to people yet: it may be a blip.
    Candidate,
    /// Known, nobody is on it.
    New,
    /// Somebody has seen it.
    Acknowledged,
    /// Somebody works on it.
    InProgress,
    /// Work waits for something.
    OnHold,
    /// Service is back; it opens again if it comes back soon.
    Resolved,
    /// Over for good.
    Closed,
    /// Part of another incident.
    Merged,
    /// Was none.
    Cancelled,
    /// A candidate that came to nothing.
    Discarded,
}

/// What can be done to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The candidate is real.
    Confirm,
    /// The candidate came to nothing.
    Discard,
    /// Somebody has seen it.
    Acknowledge,
    /// Somebody works on it.
    Assign,
    /// Work waits for something.
    Hold,
    /// What was waited for is there.
    Resume,
    /// A person says that service is restored.
    Resolve,
    /// All alerts have been clear for long enough.
    Recover,
    /// It came back, or was not over.
    Reopen,
    /// Resolved for long enough.
    Close,
    /// It is part of another incident.
    Merge,
    /// It was not part of another incident after all.
    Unmerge,
    /// It was none.
    Cancel,
}

impl Status {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Candidate,
        Self::New,
        Self::Acknowledged,
        Self::InProgress,
        Self::OnHold,
        Self::Resolved,
        Self::Closed,
        Self::Merged,
        Self::Cancelled,
        Self::Discarded,
    ];

    /// Where a step leads; nothing if the state does not allow it.
    #[expect(clippy::too_many_lines, reason = "the whole table stands in one match")]
    pub fn after(self, step: Step) -> Option<Self> {
        use Status as S;
        match (self, step) {
            (S::Candidate, Step::Confirm) => Some(S::New),
            (S::Candidate, Step::Discard) => Some(S::Discarded),
            (S::New, Step::Acknowledge) => Some(S::Acknowledged),
            (S::New | S::Acknowledged | S::InProgress, Step::Assign)
            | (S::OnHold, Step::Resume)
            | (S::Resolved, Step::Reopen)
            | (S::Merged, Step::Unmerge) => Some(S::InProgress),
            (S::OnHold, Step::Assign) | (S::New | S::Acknowledged | S::InProgress, Step::Hold) => {
                Some(S::OnHold)
            }
            (
                S::New | S::Acknowledged | S::InProgress | S::OnHold,
                Step::Resolve | Step::Recover,
            ) => Some(S::Resolved),
            (S::Resolved, Step::Close) => Some(S::Closed),
            (S::New | S::Acknowledged | S::InProgress | S::OnHold, Step::Merge) => Some(S::Merged),
            (S::New | S::Acknowledged | S::InProgress, Step::Cancel) => Some(S::Cancelled),
            (
                S::Candidate,
                Step::Acknowledge
                | Step::Assign
                | Step::Hold
                | Step::Resume
                | Step::Resolve
                | Step::Recover
                | Step::Reopen
                | Step::Close
                | Step::Merge
                | Step::Unmerge
                | Step::Cancel,
            )
            | (
                S::New,
                Step::Confirm
                | Step::Discard
                | Step::Resume
                | Step::Reopen
                | Step::Close
                | Step::Unmerge,
            )
            | (
                S::Acknowledged | S::InProgress,
                Step::Confirm
                | Step::Discard
                | Step::Acknowledge
                | Step::Resume
                | Step::Reopen
                | Step::Close
                | Step::Unmerge,
            )
            | (
                S::OnHold,
                Step::Confirm
                | Step::Discard
                | Step::Acknowledge
                | Step::Hold
                | Step::Reopen
                | Step::Close
                | Step::Unmerge
                | Step::Cancel,
            )
            | (
                S::Resolved,
                Step::Confirm
                | Step::Discard
                | Step::Acknowledge
                | Step::Assign
                | Step::Hold
                | Step::Resume
                | Step::Resolve
                | Step::Recover
                | Step::Merge
                | Step::Unmerge
                | Step::Cancel,
            )
            | (
                S::Merged,
                Step::Confirm
                | Step::Discard
                | Step::Acknowledge
                | Step::Assign
                | Step::Hold
                | Step::Resume
                | Step::Resolve
                | Step::Recover
                | Step::Reopen
                | Step::Close
                | Step::Merge
                | Step::Cancel,
            )
            | (
                S::Closed | S::Cancelled | S::Discarded,
                Step::Confirm
                | Step::Discard
                | Step::Acknowledge
                | Step::Assign
                | Step::Hold
                | Step::Resume
                | Step::Resolve
                | Step::Recover
                | Step::Reopen
                | Step::Close
                | Step::Merge
                | Step::Unmerge
                | Step::Cancel,
            ) => None,
        }
    }

    /// Tells whether people still have to do something about it.
    pub fn is_open(self) -> bool {
        match self {
            Self::New | Self::Acknowledged | Self::InProgress | Self::OnHold => true,
            Self::Candidate
            | Self::Resolved
            | Self::Closed
            | Self::Merged
            | Self::Cancelled
            | Self::Discarded => false,
        }
    }

    /// The word used in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::New => "new",
            Self::Acknowledged => "acknowledged",
            Self::InProgress => "in_progress",
            Self::OnHold => "on_hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Merged => "merged",
            Self::Cancelled => "cancelled",
            Self::Discarded => "discarded",
        }
    }
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 13] = [
        Self::Confirm,
        Self::Discard,
        Self::Acknowledge,
        Self::Assign,
        Self::Hold,
        Self::Resume,
        Self::Resolve,
        Self::Recover,
        Self::Reopen,
        Self::Close,
        Self::Merge,
        Self::Unmerge,
        Self::Cancel,
    ];

    /// The word used in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Discard => "discard",
            Self::Acknowledge => "acknowledge",
            Self::Assign => "assign",
            Self::Hold => "hold",
            Self::Resume => "resume",
            Self::Resolve => "resolve",
            Self::Recover => "recover",
            Self::Reopen => "reopen",
            Self::Close => "close",
            Self::Merge => "merge",
            Self::Unmerge => "unmerge",
            Self::Cancel => "cancel",
        }
    }

    /// Tells whether a person can ask for it.
    pub fn is_verb(self) -> bool {
        match self {
            Self::Acknowledge
            | Self::Assign
            | Self::Hold
            | Self::Resume
            | Self::Resolve
            | Self::Reopen
            | Self::Merge
            | Self::Unmerge
            | Self::Cancel => true,
            Self::Confirm | Self::Discard | Self::Recover | Self::Close => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table on one screen: a change to the machine is a change to this text.
    #[test]
    fn every_state_and_step() {
        let row = |state: Status| {
            let steps = Step::ALL.into_iter().filter_map(|step| {
                Some(format!("{} → {}", step.name(), state.after(step)?.name()))
            });
            format!("{}: {}\n", state.name(), steps.collect::<Vec<_>>().join(", "))
        };
        let table: Vec<String> = Status::ALL.into_iter().map(row).collect();
        let expected = "\
candidate: confirm → new, discard → discarded
new: acknowledge → acknowledged, assign → in_progress, hold → on_hold, resolve → resolved, recover → resolved, merge → merged, cancel → cancelled
acknowledged: assign → in_progress, hold → on_hold, resolve → resolved, recover → resolved, merge → merged, cancel → cancelled
in_progress: assign → in_progress, hold → on_hold, resolve → resolved, recover → resolved, merge → merged, cancel → cancelled
on_hold: assign → on_hold, resume → in_progress, resolve → resolved, recover → resolved, merge → merged
resolved: reopen → in_progress, close → closed
closed: 
merged: unmerge → in_progress
cancelled: 
discarded: 
";
        assert_eq!(table.concat(), expected);
    }
}
