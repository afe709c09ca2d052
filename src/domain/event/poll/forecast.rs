//! When a value that grows will be at its limit: a straight line through its past.

use super::phase::Level;
use super::threshold::{Op, Threshold};
use crate::domain::value::{Span, Timestamp};

/// The name of the alert about a limit that is coming near.
pub const CAPACITY_FORECAST: &str = "capacity_forecast";

/// Fewer values make no line.
pub const POINTS_MIN: usize = 4;

/// A line that explains less of the values' variance says nothing about tomorrow.
const FIT_MIN: f64 = 0.6;

/// Values that span less than this share of the window say nothing about so long a time.
const COVERED_SHARE_MIN: u64 = 4;

/// A value at a time.
pub type Point = (Timestamp, f64);

/// Which limit, and how soon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// What must not be reached: `>= 1` for what grows, `<= 0` for what runs out.
    pub limit: Threshold,
    /// A limit that is reached within this time is a warning.
    pub within: Span,
    /// A limit that is reached within this time is critical.
    pub critical_within: Option<Span>,
}

/// A line through a series' past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Growth a millisecond.
    pub slope: f64,
    /// The share of variance that the line explains, 0 to 1 (R²).
    pub fit: f64,
}

impl Trend {
    /// The least-squares line through points of the last `window`; nothing where they are too few
    /// or lie too close together to speak for the window.
    pub fn of(points: &[Point], window: Span) -> Option<Self> {
        let points: Vec<Point> =
            points.iter().copied().filter(|(_, value)| value.is_finite()).collect();
        let first = points.iter().map(|(time, _)| *time).min()?;
        let last = points.iter().map(|(time, _)| *time).max()?;
        if points.len() < POINTS_MIN || last.since(first).0 < window.0 / COVERED_SHARE_MIN {
            return None;
        }
        // Relative to the first: sums of squares of Unix times would leave no digits.
        let at = |time: Timestamp| millis(time.since(first));
        #[expect(clippy::cast_precision_loss, reason = "some thousand points")]
        let count = points.len() as f64;
        let mean_time = points.iter().map(|(time, _)| at(*time)).sum::<f64>() / count;
        let mean_value = points.iter().map(|(_, value)| *value).sum::<f64>() / count;
        let (mut over, mut times, mut values) = (0.0, 0.0, 0.0);
        for (time, value) in &points {
            let (time, value) = (at(*time) - mean_time, value - mean_value);
            over += time * value;
            times += time * time;
            values += value * value;
        }
        if times <= 0.0 {
            return None;
        }
        let fit = if values > 0.0 { over * over / (times * values) } else { 0.0 };
        Some(Self { slope: over / times, fit })
    }
}

impl Forecast {
    /// How long until a value is at the limit, if it goes on as it did; nothing if it never is, or
    /// if the line does not fit.
    pub fn eta(&self, value: f64, trend: Trend) -> Option<Span> {
        if self.limit.holds(value) {
            return Some(Span::ZERO);
        }
        let towards = match self.limit.op {
            Op::Above | Op::AtLeast => trend.slope > 0.0,
            Op::Below | Op::AtMost => trend.slope < 0.0,
            Op::Equal | Op::NotEqual => false,
        };
        if !towards || trend.fit < FIT_MIN {
            return None;
        }
        let left = (self.limit.value - value) / trend.slope;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and `as` ends at the largest number"
        )]
        Some(Span(left.max(0.0) as u64))
    }

    pub(super) fn level(&self, eta: Option<Span>) -> Option<Level> {
        let eta = eta?;
        if self.critical_within.is_some_and(|within| eta <= within) {
            return Some(Level::Critical);
        }
        (eta <= self.within).then_some(Level::Warning)
    }
}

/// What people say of a limit that is not to come any more.
pub(super) const REACHED: &str = "reached";

/// A time to come as people say it, and as a label: (`about 10 days`, `10d`).
pub(super) fn words(eta: Span) -> (String, String) {
    const UNITS: [(u64, u64, &str, &str); 3] = [
        // From two days on hours say nothing.
        (Span::days(2).0, Span::days(1).0, "day", "d"),
        (Span::hours(2).0, Span::hours(1).0, "hour", "h"),
        (0, Span::minutes(1).0, "minute", "m"),
    ];
    if eta == Span::ZERO {
        return (REACHED.to_owned(), "0".to_owned());
    }
    let (_, unit, word, letter) =
        UNITS.iter().find(|(from, ..)| eta.0 >= *from).expect("the last starts at zero");
    let count = ((eta.0 + unit / 2) / unit).max(1);
    let plural = if count == 1 { "" } else { "s" };
    (format!("about {count} {word}{plural}"), format!("{count}{letter}"))
}

fn millis(span: Span) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no window has 2^53 milliseconds")]
    let millis = span.0 as f64;
    millis
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    /// Values day by day from `from` on.
    fn days(values: &[f64], from: i64) -> Vec<Point> {
        values.iter().zip(from..).map(|(value, day)| (Timestamp(day * DAY), *value)).collect()
    }

    #[track_caller]
    fn check(values: &[f64], limit: &str, expected: Option<&str>) {
        let limit = limit.parse().unwrap();
        let forecast = Forecast { limit, within: Span::days(14), critical_within: None };
        // Unix times of today, in which a millisecond is the 13th digit.
        let trend = Trend::of(&days(values, 20_500), Span::days(14));
        let eta = trend.and_then(|trend| forecast.eta(*values.last().unwrap(), trend));
        assert_eq!(eta.map(|eta| words(eta).1).as_deref(), expected, "{values:?}");
    }

    #[test]
    fn one_percent_a_day_at_ninety_is_full_in_ten_days() {
        let growth: Vec<f64> = (76..=90).map(f64::from).collect();
        check(&growth, ">= 100", Some("10d"));
        let shrinking: Vec<f64> = growth.iter().map(|value| 100.0 - value).collect();
        check(&shrinking, "<= 0", Some("10d"));
    }

    #[test]
    fn what_stands_still_or_goes_away_is_never_there() {
        check(&[50.0; 15], ">= 100", None);
        check(&[60.0, 58.0, 56.0, 54.0, 52.0], ">= 100", None);
        // Up and down: the line explains nothing.
        check(&[50.0, 80.0, 40.0, 90.0, 45.0, 85.0, 52.0], ">= 100", None);
        check(&[90.0, 94.0, 98.0, 102.0, 103.0], ">= 100", Some("0"));
    }

    #[test]
    fn too_little_of_the_past_says_nothing() {
        assert_eq!(Trend::of(&days(&[1.0, 2.0, 3.0], 0), Span::days(4)), None);
        assert_eq!(Trend::of(&days(&[1.0, 2.0, 3.0, 4.0], 0), Span::days(14)), None);
        assert_eq!(Trend::of(&days(&[1.0, f64::NAN, 3.0, 4.0], 0), Span::days(4)), None);
        let trend = Trend::of(&days(&[1.0, 2.0, 3.0, 4.0], 0), Span::days(12)).unwrap();
        assert!((trend.fit - 1.0).abs() < 1e-9 && (trend.slope * 864e5 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn etas_are_said_in_words() {
        for (eta, expected) in [
            ("0", "reached"),
            ("10d3h", "about 10 days"),
            ("47h", "about 47 hours"),
            ("90m", "about 90 minutes"),
            ("1s", "about 1 minute"),
        ] {
            assert_eq!(words(eta.parse().unwrap()).0, expected);
        }
    }

    #[test]
    fn the_nearer_the_worse() {
        let limit = ">= 1".parse().unwrap();
        let (within, critical_within) = (Span::days(14), Some(Span::days(2)));
        let forecast = Forecast { limit, within, critical_within };
        for (eta, expected) in [
            (Some(Span::days(15)), None),
            (Some(Span::days(14)), Some(Level::Warning)),
            (Some(Span::days(2)), Some(Level::Critical)),
            (None, None),
        ] {
            assert_eq!(forecast.level(eta), expected);
        }
    }
}
