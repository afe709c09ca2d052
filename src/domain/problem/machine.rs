//! The states of a problem and the steps between them.
//!
//! ```text
//! Candidate ──reject, expire──▶ Rejected
//!     │
//!     └─accept─▶ New ──assess──▶ Analysis ──cause──▶ Known Error
//!                 │               │  ▲ │                 │   │
//!                 └──duplicate────┤  │ └────fix──┬──fix──┘   │
//!                                 │  │           ▼           │
//!                                 │  │    Fix in Progress    │
//!                                 │  │           │           │
//!                                 │  │        resolve ◀──────┤ (resolve: from Analysis too)
//!                                 │  │           ▼           │
//!                                 │  ├─recur─ Verifying      │
//!                                 │  │           │ verify    │
//!                                 ▼  │           ▼           │
//!                               Closed ◀─────────┴─accept_risk (from Analysis too)
//!                                 │  ▲
//!                                 └──┘ recur, reopen: back to Analysis
//! ```
//!
//! A problem is closed on evidence: it is verified for as long as three of its incidents would
//! have needed to come back.

use serde::{Deserialize, Serialize};

/// Where a problem is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Proposed by a rule; nobody has looked yet.
    Candidate,
    /// Accepted.
    New,
    /// The cause is being looked for.
    Analysis,
    /// The cause is known, the fix is not there.
    KnownError,
    /// The fix is being made.
    FixInProgress,
    /// The fix is made; evidence is awaited.
    Verifying,
    /// Over.
    Closed,
    /// Was none.
    Rejected,
}

/// What can be done to a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The candidate is one.
    Accept,
    /// The candidate is none.
    Reject,
    /// Nobody looked at the candidate for too long.
    Expire,
    /// Start to look for the cause.
    Assess,
    /// The cause is found.
    Cause,
    /// The fix is being made.
    Fix,
    /// The fix is made, or none is needed.
    Resolve,
    /// It has stayed away for long enough.
    Verify,
    /// It came back.
    Recur,
    /// A person says that it is not over.
    Reopen,
    /// Live with it for a while.
    AcceptRisk,
    /// It is another problem.
    Duplicate,
}

impl Status {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Candidate,
        Self::New,
        Self::Analysis,
        Self::KnownError,
        Self::FixInProgress,
        Self::Verifying,
        Self::Closed,
        Self::Rejected,
    ];

    /// Where a step leads; nothing if the state does not allow it.
    #[expect(clippy::too_many_lines, reason = "the whole table stands in one match")]
    pub fn after(self, step: Step) -> Option<Self> {
        use Status as S;
        match self {
            S::Candidate => match step {
                Step::Accept => Some(S::New),
                Step::Reject | Step::Expire => Some(S::Rejected),
                Step::Assess
                | Step::Cause
                | Step::Fix
                | Step::Resolve
                | Step::Verify
                | Step::Recur
                | Step::Reopen
                | Step::AcceptRisk
                | Step::Duplicate => None,
            },
            S::New => match step {
                Step::Assess => Some(S::Analysis),
                Step::Duplicate => Some(S::Closed),
                Step::Accept
                | Step::Reject
                | Step::Expire
                | Step::Cause
                | Step::Fix
                | Step::Resolve
                | Step::Verify
                | Step::Recur
                | Step::Reopen
                | Step::AcceptRisk => None,
            },
            S::Analysis => match step {
                Step::Cause => Some(S::KnownError),
                Step::Fix => Some(S::FixInProgress),
                Step::Resolve => Some(S::Verifying),
                Step::AcceptRisk | Step::Duplicate => Some(S::Closed),
                Step::Accept
                | Step::Reject
                | Step::Expire
                | Step::Assess
                | Step::Verify
                | Step::Recur
                | Step::Reopen => None,
            },
            S::KnownError => match step {
                Step::Cause => Some(S::KnownError),
                Step::Fix => Some(S::FixInProgress),
                Step::Resolve => Some(S::Verifying),
                Step::AcceptRisk => Some(S::Closed),
                Step::Accept
                | Step::Reject
                | Step::Expire
                | Step::Assess
                | Step::Verify
                | Step::Recur
                | Step::Reopen
                | Step::Duplicate => None,
            },
            S::FixInProgress => match step {
                Step::Resolve => Some(S::Verifying),
                Step::Accept
                | Step::Reject
                | Step::Expire
                | Step::Assess
                | Step::Cause
                | Step::Fix
                | Step::Verify
                | Step::Recur
                | Step::Reopen
                | Step::AcceptRisk
                | Step::Duplicate => None,
            },
            S::Verifying => match step {
                Step::Verify => Some(S::Closed),
                Step::Recur | Step::Reopen => Some(S::Analysis),
                Step::Accept
                | Step::Reject
                | Step::Expire
                | Step::Assess
                | Step::Cause
                | Step::Fix
                | Step::Resolve
                | Step::AcceptRisk
                | Step::Duplicate => None,
            },
            S::Closed => match step {
                Step::Recur | Step::Reopen => Some(S::Analysis),
                Step::Accept
                | Step::Reject
                | Step::Expire
                | Step::Assess
                | Step::Cause
                | Step::Fix
                | Step::Resolve
                | Step::Verify
                | Step::AcceptRisk
                | Step::Duplicate => None,
            },
            S::Rejected => match step {
                Step::Accept
                | Step::Reject
                | Step::Expire
                | Step::Assess
                | Step::Cause
                | Step::Fix
                | Step::Resolve
                | Step::Verify
                | Step::Recur
                | Step::Reopen
                | Step::AcceptRisk
                | Step::Duplicate => None,
            },
        }
    }

    /// Tells whether somebody still has to do something about it.
    pub fn is_open(self) -> bool {
        match self {
            Self::Candidate
            | Self::New
            | Self::Analysis
            | Self::KnownError
            | Self::FixInProgress
            | Self::Verifying => true,
            Self::Closed | Self::Rejected => false,
        }
    }

    /// The word used in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::New => "new",
            Self::Analysis => "analysis",
            Self::KnownError => "known_error",
            Self::FixInProgress => "fix_in_progress",
            Self::Verifying => "verifying",
            Self::Closed => "closed",
            Self::Rejected => "rejected",
        }
    }
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 12] = [
        Self::Accept,
        Self::Reject,
        Self::Expire,
        Self::Assess,
        Self::Cause,
        Self::Fix,
        Self::Resolve,
        Self::Verify,
        Self::Recur,
        Self::Reopen,
        Self::AcceptRisk,
        Self::Duplicate,
    ];

    /// The word used in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Expire => "expire",
            Self::Assess => "assess",
            Self::Cause => "cause",
            Self::Fix => "fix",
            Self::Resolve => "resolve",
            Self::Verify => "verify",
            Self::Recur => "recur",
            Self::Reopen => "reopen",
            Self::AcceptRisk => "accept_risk",
            Self::Duplicate => "duplicate",
        }
    }

    /// Tells whether a person can ask for it.
    pub fn is_verb(self) -> bool {
        match self {
            Self::Accept
            | Self::Reject
            | Self::Assess
            | Self::Cause
            | Self::Fix
            | Self::Resolve
            | Self::Reopen
            | Self::AcceptRisk
            | Self::Duplicate => true,
            Self::Expire | Self::Verify | Self::Recur => false,
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
candidate: accept → new, reject → rejected, expire → rejected
new: assess → analysis, duplicate → closed
analysis: cause → known_error, fix → fix_in_progress, resolve → verifying, accept_risk → closed, duplicate → closed
known_error: cause → known_error, fix → fix_in_progress, resolve → verifying, accept_risk → closed
fix_in_progress: resolve → verifying
verifying: verify → closed, recur → analysis, reopen → analysis
closed: recur → analysis, reopen → analysis
rejected: 
";
        assert_eq!(table.concat(), expected);
    }
}
