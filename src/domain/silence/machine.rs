//! The states of a silence and the steps between them.
//!
//! ```text
//! Pending ──begin──▶ Active ──end, expire──▶ Expired
//!    │                                          ▲
//!    └──────────────end, expire─────────────────┘
//! ```
//!
//! `begin` and `end` are its times having come; `expire` is a person. A silence whose times have
//! both passed while the machine slept ends without having begun. What has expired stays so: who
//! wants it back makes a new one.

use serde::{Deserialize, Serialize};

use crate::domain::value::Timestamp;

/// Where a silence is in its life. The words are Alertmanager's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its start lies ahead.
    Pending,
    /// It silences.
    Active,
    /// It is over.
    Expired,
}

/// What can happen to a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Its start has come.
    Begin,
    /// Its end has come.
    End,
    /// A person ended it.
    Expire,
}

impl Status {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Active, Self::Expired];

    /// Where a step leads; nothing if the state does not allow it.
    pub fn after(self, step: Step) -> Option<Self> {
        match self {
            Self::Pending => match step {
                Step::Begin => Some(Self::Active),
                Step::End | Step::Expire => Some(Self::Expired),
            },
            Self::Active => match step {
                Step::Begin => None,
                Step::End | Step::Expire => Some(Self::Expired),
            },
            Self::Expired => match step {
                Step::Begin | Step::End | Step::Expire => None,
            },
        }
    }

    /// What two times make of a silence at an instant: it silences from its start on and until
    /// before its end, as in Alertmanager.
    pub fn at(starts_at: Timestamp, ends_at: Timestamp, now: Timestamp) -> Self {
        if now < starts_at {
            Self::Pending
        } else if now < ends_at {
            Self::Active
        } else {
            Self::Expired
        }
    }

    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Expired => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_drawing() {
        let (pending, active, expired) = (Status::Pending, Status::Active, Status::Expired);
        for (from, step, expected) in [
            (pending, Step::Begin, Some(active)),
            (pending, Step::End, Some(expired)),
            (pending, Step::Expire, Some(expired)),
            (active, Step::Begin, None),
            (active, Step::End, Some(expired)),
            (active, Step::Expire, Some(expired)),
            (expired, Step::Begin, None),
            (expired, Step::End, None),
            (expired, Step::Expire, None),
        ] {
            assert_eq!(from.after(step), expected, "{from:?} {step:?}");
        }
    }

    #[test]
    fn the_start_belongs_to_a_silence_and_the_end_does_not() {
        let at = |now| Status::at(Timestamp(10), Timestamp(20), Timestamp(now)).name();
        let states = [9, 10, 19, 20].map(at);
        assert_eq!(states, ["pending", "active", "active", "expired"]);
    }
}
