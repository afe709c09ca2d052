//! How a deployment stands, and what a word of its source makes of that.
//!
//! ```text
//! Queued ──▶ Started ──┬──▶ Succeeded ──┐
//!    │                 ├──▶ Failed ─────┼──▶ Rolled back
//!    │                 ├──▶ Cancelled ──┘         ▲
//!    └─────────────────┴──────────────────────────┘   (any may be left out)
//! ```
//!
//! Sources repeat themselves, and their words overtake each other. A word that is known already, or
//! that is older than what is known, changes nothing. One that would go backwards is noted and
//! ignored. After its end a key is free: the next word to begin or end under it is another
//! deployment.

use serde::{Deserialize, Serialize};

/// How a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits for its turn, or for an approval.
    Queued,
    /// It is under way.
    Started,
    /// It is done and well.
    Succeeded,
    /// It did not work out.
    Failed,
    /// The version before is back.
    RolledBack,
    /// It was called off.
    Cancelled,
}

/// What a word means for a deployment that stands somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// It is known already.
    Repeats,
    /// The deployment stands there from here on.
    Advances,
    /// Another deployment of the same key.
    Another,
    /// It would go backwards.
    Backwards,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Started,
        Self::Succeeded,
        Self::Failed,
        Self::RolledBack,
        Self::Cancelled,
    ];

    /// What a newer word means for a deployment that stands so.
    pub fn hears(self, word: Self) -> Hearing {
        if self == word {
            return Hearing::Repeats;
        }
        match (self, word) {
            (Self::Started, Self::Queued) => Hearing::Backwards,
            (Self::Queued | Self::Started, _) | (_, Self::RolledBack) => Hearing::Advances,
            // What has ended cannot be called off any more.
            (_, Self::Cancelled) => Hearing::Backwards,
            (Self::Succeeded | Self::Failed | Self::RolledBack | Self::Cancelled, _) => {
                Hearing::Another
            }
        }
    }

    /// Tells whether nothing more is expected.
    pub fn is_over(self) -> bool {
        match self {
            Self::Queued | Self::Started => false,
            Self::Succeeded | Self::Failed | Self::RolledBack | Self::Cancelled => true,
        }
    }

    /// The word used in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table on one screen: a change to the machine is a change to this text.
    #[test]
    fn every_state_and_word() {
        let row = |state: Status| {
            let words = Status::ALL.map(|word| match state.hears(word) {
                Hearing::Repeats => "=",
                Hearing::Advances => "→",
                Hearing::Another => "+",
                Hearing::Backwards => "←",
            });
            format!("{}: {}\n", state.name(), words.concat())
        };
        let table: Vec<String> = Status::ALL.into_iter().map(row).collect();
        let expected = "\
queued: =→→→→→
started: ←=→→→→
succeeded: ++=+→←
failed: +++=→←
rolled_back: ++++=←
cancelled: ++++→=
";
        assert_eq!(table.concat(), expected);
    }

    #[test]
    fn names_are_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::named(status.name()), Some(status));
        }
    }
}
