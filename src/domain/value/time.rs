//! Instants and durations, in whole milliseconds, UTC. Zones belong to the edges.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An instant: milliseconds since the Unix epoch, UTC. Written in JSON as that number.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds, never negative. Written as Prometheus does: `1h30m`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(pub u64);

/// Text that is no RFC 3339 instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time like 2026-03-01T02:05:00Z (RFC 3339)")]
pub struct InvalidTimestamp(pub String);

/// Text that is no Prometheus duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration like 30s, 5m or 1h30m")]
pub struct InvalidSpan(pub String);

impl Timestamp {
    /// The instant that Go's zero `time.Time` stands for; Alertmanager writes it for "not yet".
    pub const GO_ZERO: Self = Self(-62_135_596_800_000);

    /// Writes RFC 3339 in UTC with three decimals, as Alertmanager's API does.
    pub fn rfc3339(self) -> String {
        let Ok(instant) = jiff::Timestamp::from_millisecond(self.0) else {
            // Beyond the years that a calendar knows: only a hostile clock says so.
            return "9999-12-31T23:59:59.999Z".to_owned();
        };
        format!("{instant:.3}")
    }

    /// Time since `earlier`, or nothing if `earlier` lies ahead.
    pub fn since(self, earlier: Self) -> Span {
        Span(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let instant: jiff::Timestamp =
            text.parse().map_err(|_| InvalidTimestamp(text.chars().take(64).collect()))?;
        Ok(Self(instant.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// So many minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// So many hours.
    pub const fn hours(hours: u64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }

    /// So many times 24 hours. For intervals only; calendar days belong to a zone.
    pub const fn days(days: u64) -> Self {
        Self::hours(days.saturating_mul(24))
    }

    /// As the standard library's duration.
    pub const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }
}

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl FromStr for Span {
    type Err = InvalidSpan;

    /// Reads Prometheus' `model.ParseDuration`: whole numbers with units in falling order, or `0`.
    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let invalid = || InvalidSpan(text.chars().take(64).collect());
        if text == "0" {
            return Ok(Self::ZERO);
        }
        let mut rest = text;
        let mut total: u64 = 0;
        let mut units = UNITS.iter();
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, tail) = rest.split_at(digits);
            let letters =
                tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            let (unit, tail) = tail.split_at(letters);
            let number: u64 = number.parse().map_err(|_| invalid())?;
            let (_, ms) = units.find(|(name, _)| *name == unit).ok_or_else(invalid)?;
            total =
                number.checked_mul(*ms).and_then(|ms| total.checked_add(ms)).ok_or_else(invalid)?;
            rest = tail;
        }
        // Longer than a signed 64-bit count of nanoseconds is longer than Go can say.
        if text.is_empty() || total > 9_223_372_036_854 {
            return Err(invalid());
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, ms) in UNITS {
            // Prometheus writes years, weeks and days only where nothing is left over.
            let whole_only = matches!(unit, "y" | "w" | "d");
            if rest >= ms && (!whole_only || rest.is_multiple_of(ms)) {
                write!(f, "{}{unit}", rest / ms)?;
                rest %= ms;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_prometheus_durations() {
        for (text, ms, written) in [
            ("30s", 30_000, "30s"),
            ("1h30m", 5_400_000, "1h30m"),
            ("7d", 604_800_000, "1w"),
            ("36h", 129_600_000, "36h"),
            ("1500ms", 1_500, "1s500ms"),
            ("0", 0, "0s"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span, span.to_string().as_str()), (Span(ms), written), "{text}");
        }
        for text in ["", "5", "m", "5m1h", "5 m", "-5m", "1.5h", "5x", "999999999999y"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_length_that_is_too_long_is_the_longest() {
        for span in [Span::seconds, Span::minutes, Span::hours, Span::days] {
            assert_eq!(span(u64::MAX), Span(u64::MAX));
        }
        assert_eq!(Timestamp(1) + Span::days(u64::MAX), Timestamp(i64::MAX));
    }

    #[test]
    fn instants_are_written_with_three_decimals() {
        let instant: Timestamp = "2026-03-01T02:05:00+01:00".parse().unwrap();
        assert_eq!(instant.rfc3339(), "2026-03-01T01:05:00.000Z");
        assert_eq!(Timestamp::GO_ZERO.rfc3339(), "0001-01-01T00:00:00.000Z");
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
