//! Severity, impact, urgency and priority: four scales that people mix up, kept apart by type.

use serde::{Deserialize, Serialize};

/// How bad a source says a condition is. `critical` is the worst; the order is worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody must act now.
    Critical,
    /// Somebody must act soon.
    High,
    /// Somebody should look.
    Warning,
    /// The source used a word that is not known here. Treated as a warning, never dropped.
    Unknown,
    /// For the record.
    Info,
    /// Not a condition at all, such as a watchdog: never opens an incident.
    None,
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: [Self; 6] =
        [Self::Critical, Self::High, Self::Warning, Self::Unknown, Self::Info, Self::None];

    /// Reads a source's word for it. What is not known is [`Severity::Unknown`]: nothing is lost.
    /// An absent severity (the empty text) is unknown too.
    pub fn parse(text: &str) -> Self {
        let known = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if known(&["critical", "page", "disaster", "fatal", "emergency", "p1", "1"]) {
            Self::Critical
        } else if known(&["high", "error", "major", "p2", "2"]) {
            Self::High
        } else if known(&["warning", "warn", "minor", "average", "moderate", "p3", "3"]) {
            Self::Warning
        } else if known(&["info", "information", "informational", "low", "notice", "p4", "4", "p5"])
        {
            Self::Info
        } else if known(&["none"]) {
            Self::None
        } else {
            Self::Unknown
        }
    }

    /// The word used in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Info => "info",
            Self::None => "none",
        }
    }

    /// How urgent a condition of this severity is, before a rule or a person says otherwise.
    pub fn urgency(self) -> Urgency {
        Urgency(match self {
            Self::Critical => 1,
            Self::High => 2,
            Self::Warning | Self::Unknown => 3,
            Self::Info | Self::None => 4,
        })
    }
}

/// A number outside its scale.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value} is not on the scale 1 (worst) to {worst}", worst = .max)]
pub struct OutOfRange {
    /// What was given.
    pub value: i64,
    /// The end of the scale.
    pub max: u8,
}

macro_rules! scales {
    ($($(#[$doc:meta])* $Name:ident = 1..=$max:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $Name(u8);

        impl $Name {
            /// Reads a number. 1 is the worst on every scale.
            ///
            /// # Errors
            /// When the number is off the scale.
            pub fn new(value: i64) -> Result<Self, OutOfRange> {
                u8::try_from(value)
                    .ok()
                    .filter(|level| (1..=$max).contains(level))
                    .map(Self)
                    .ok_or(OutOfRange { value, max: $max })
            }

            /// The number; 1 is the worst.
            pub fn level(self) -> u8 {
                self.0
            }
        }

        impl TryFrom<i64> for $Name {
            type Error = OutOfRange;

            fn try_from(value: i64) -> Result<Self, OutOfRange> {
                Self::new(value)
            }
        }

        impl From<$Name> for i64 {
            fn from(scale: $Name) -> i64 {
                i64::from(scale.0)
            }
        }
    )+};
}

scales! {
    /// How much of the business an incident touches: 1 is the organisation, 4 a single user.
    Impact = 1..=4;
    /// How fast an incident must be worked on: 1 at once, 4 when there is time.
    Urgency = 1..=4;
    /// The order of work: P1 to P5.
    Priority = 1..=5;
}

impl Impact {
    /// One service or team: what is assumed while nobody said more.
    pub const DEFAULT: Self = Self(3);
}

impl Priority {
    /// The worst.
    pub const P1: Self = Self(1);

    /// The matrix impact × urgency: `min(5, impact + urgency − 1)`, whose 3×3 corner is the one
    /// that ITIL courses and `ServiceNow` teach.
    pub fn from_matrix(impact: Impact, urgency: Urgency) -> Self {
        Self((impact.0 + urgency.0 - 1).min(5))
    }
}

impl std::fmt::Display for Priority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "P{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_matrix() {
        let cell =
            |impact, urgency| Priority::from_matrix(Impact(impact), Urgency(urgency)).to_string();
        let row =
            |impact| (1..=4).map(|urgency| cell(impact, urgency)).collect::<Vec<_>>().join(" ");
        let table: Vec<_> = (1..=4).map(row).collect();
        assert_eq!(table, ["P1 P2 P3 P4", "P2 P3 P4 P5", "P3 P4 P5 P5", "P4 P5 P5 P5"]);
    }

    #[test]
    fn a_strange_word_is_unknown_and_not_lost() {
        assert_eq!(Severity::parse("Disaster"), Severity::Critical);
        assert_eq!(Severity::parse("purple"), Severity::Unknown);
        assert_eq!(Severity::parse("purple").urgency(), Severity::Warning.urgency());
        assert_eq!(Severity::parse("none"), Severity::None);
    }

    #[test]
    fn scales_refuse_what_is_off_them() {
        assert_eq!(Priority::new(6), Err(OutOfRange { value: 6, max: 5 }));
        assert!(serde_json::from_str::<Impact>("0").is_err());
    }
}
