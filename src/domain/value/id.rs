//! Record ids as people say them: `INC-12`. Never padded, never reused, any case on the way in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The highest number that is taken from outside. A [`Short`] has room for as many again, so that a
/// store with this number in it can go on for 17 years at a thousand new records a second.
pub const NUMBER_MAX: u64 = 1 << 39;

/// A record's number that this program has never given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("record number {0} is beyond {NUMBER_MAX}, the highest that can be read")]
pub struct NumberTooHigh(pub u64);

/// A counter with a prefix.
pub trait RecordId: Copy + Ord + fmt::Display + FromStr<Err = InvalidId> {
    /// The letters before the dash.
    const PREFIX: &'static str;

    /// Makes the id with this number.
    fn from_number(number: u64) -> Self;

    /// The number after the dash.
    fn number(self) -> u64;
}

/// Text that is no record id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id like {prefix}-12")]
pub struct InvalidId {
    /// What was typed.
    pub text: String,
    /// The prefix that was expected.
    pub prefix: &'static str,
}

macro_rules! record_ids {
    ($($(#[$doc:meta])* $Name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "u64")]
        pub struct $Name(pub u64);

        impl TryFrom<u64> for $Name {
            type Error = NumberTooHigh;

            fn try_from(number: u64) -> Result<Self, NumberTooHigh> {
                in_reach(number).map(Self)
            }
        }

        impl RecordId for $Name {
            const PREFIX: &'static str = $prefix;

            fn from_number(number: u64) -> Self {
                Self(number)
            }

            fn number(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "-{}"), self.0)
            }
        }

        impl FromStr for $Name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text, $prefix).map(Self)
            }
        }
    )+};
}

record_ids! {
    /// An alert: the durable state of one condition.
    AlertId = "ALR";
    /// An incident.
    IncidentId = "INC";
    /// A problem.
    ProblemId = "PRB";
    /// A notification group: the alerts, or the incident, that one message speaks of.
    GroupId = "GRP";
    /// One message to one receiver, through all its attempts.
    DeliveryId = "DLV";
    /// A source of events.
    SourceId = "SRC";
    /// A version on its way into an environment.
    DeploymentId = "DEP";
    /// A sign of life that is awaited.
    HeartbeatId = "HBT";
    /// A delivery of a source that was taken in.
    ArrivalId = "ARV";
    /// What incidents of the same kind have in common.
    SignatureId = "SIG";
    /// A silence.
    SilenceId = "SIL";
    /// One way out of the house: one integration of one receiver.
    ChannelId = "CHN";
    /// A configuration that was in force.
    ConfigurationId = "CFG";
    /// A line of the audit trail.
    AuditId = "AUD";
    /// An entry of the notification log of the Alertmanager whose place was taken.
    InheritedId = "INH";
}

/// The number of a record in 5 bytes, for what is kept by the million. It sorts like the number; 0
/// is the number of no record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Short([u8; 5]);

impl Short {
    /// The short form of an id.
    ///
    /// # Panics
    /// Beyond a million million records: a thousand new ones a second for 34 years. Numbers from
    /// outside are held to [`NUMBER_MAX`].
    pub fn of(id: impl RecordId) -> Self {
        let [0, 0, 0, short @ ..] = id.number().to_be_bytes() else {
            panic!("{id} is beyond the records of a lifetime");
        };
        Self(short)
    }

    /// The id.
    pub fn id<K: RecordId>(self) -> K {
        let mut bytes = [0; 8];
        bytes[3..].copy_from_slice(&self.0);
        K::from_number(u64::from_be_bytes(bytes))
    }

    /// The id, unless it is that of no record.
    pub fn some<K: RecordId>(self) -> Option<K> {
        (self != Self::default()).then(|| self.id())
    }
}

fn parse(text: &str, prefix: &'static str) -> Result<u64, InvalidId> {
    let invalid = || InvalidId { text: text.chars().take(64).collect(), prefix };
    let (letters, digits) = text.split_once('-').ok_or_else(invalid)?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !letters.eq_ignore_ascii_case(prefix) || !plain {
        return Err(invalid());
    }
    digits.parse().ok().and_then(|number| in_reach(number).ok()).ok_or_else(invalid)
}

/// The number, if it is one that can be taken from outside.
///
/// # Errors
/// Beyond [`NUMBER_MAX`].
pub(crate) fn in_reach(number: u64) -> Result<u64, NumberTooHigh> {
    if number <= NUMBER_MAX { Ok(number) } else { Err(NumberTooHigh(number)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_sort_and_come_back() {
        let numbers = [0, 1, 255, 256, (1 << 40) - 1].map(AlertId);
        let short = numbers.map(Short::of);
        assert_eq!(short.map(Short::id::<AlertId>), numbers);
        assert!(short.is_sorted());
        assert_eq!((short[0].some::<AlertId>(), short[1].some()), (None, Some(AlertId(1))));
    }

    #[test]
    fn numbers_beyond_all_records_are_refused_wherever_they_come_from() {
        let check = |number: u64, good: bool| {
            assert_eq!(format!("ALR-{number}").parse::<AlertId>().is_ok(), good, "{number}");
            let text = number.to_string();
            let read: Result<AlertId, _> = serde_json::from_str(&text);
            assert_eq!(read.as_ref().is_ok_and(|id| *id == AlertId(number)), good, "{number}");
            let keyed = format!("{{\"{number}\":true}}");
            let read: Result<std::collections::BTreeMap<AlertId, bool>, _> =
                serde_json::from_str(&keyed);
            assert_eq!(read.is_ok(), good, "{number}");
        };
        check(0, true);
        check(NUMBER_MAX, true);
        check(NUMBER_MAX + 1, false);
        check(u64::MAX, false);
        let error = serde_json::from_str::<AlertId>("1099511627776").unwrap_err().to_string();
        assert!(error.starts_with("record number 1099511627776 is beyond 549755813888"), "{error}");
    }

    #[test]
    fn ids_are_read_in_any_case_and_written_in_one() {
        assert_eq!("inc-7".parse(), Ok(IncidentId(7)));
        assert_eq!(IncidentId(7).to_string(), "INC-7");
        for text in ["INC7", "INC-", "INC-+7", "PRB-7", "INC-99999999999999999999", ""] {
            assert!(text.parse::<IncidentId>().is_err(), "{text}");
        }
    }
}
