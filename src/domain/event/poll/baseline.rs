//! What is usual at this hour of the week: median and MAD of four weeks, in local time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::forecast::Point;
use super::phase::Level;
use crate::domain::value::{Span, Timestamp};

/// How much of the past is learnt from.
pub const LEARN_SPAN: Span = Span::days(28);

/// Between two values of the past.
pub const LEARN_STEP: Span = Span::hours(1);

/// Fewer values of an hour of the week say nothing about it.
const VALUES_MIN: usize = 3;

/// Makes a standard deviation of a MAD where values are spread normally.
const MAD_TO_SIGMA: f64 = 1.482_6;

/// When a value is unusual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    /// So many standard deviations off the median, as the MAD estimates them.
    pub deviations: f64,
    /// And at least so far off, in the value's own unit: series that hardly ever move.
    pub min_deviation: f64,
    /// Which side counts.
    pub side: Side,
    /// How bad that is.
    pub critical: bool,
}

/// Which side of what is usual counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Both.
    Both,
    /// Only what is more.
    Above,
    /// Only what is less.
    Below,
}

/// Which hour of which day a time is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Whose hours and days.
    pub zone: TimeZone,
    /// Days that are like Sundays.
    pub holidays: BTreeSet<Date>,
}

/// What is usual in one hour of the week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Norm {
    /// The value in the middle.
    pub median: f64,
    /// The middle of how far values are off it (median absolute deviation).
    pub mad: f64,
}

/// What is usual in the hours of the week: 0 is Monday from midnight on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Norms(BTreeMap<u8, Norm>);

impl Calendar {
    /// The hour of the week, 0 to 167; nothing beyond the years that a calendar knows.
    pub fn hour_of_week(&self, time: Timestamp) -> Option<u8> {
        let local = jiff::Timestamp::from_millisecond(time.0).ok()?.to_zoned(self.zone.clone());
        let day =
            if self.holidays.contains(&local.date()) { Weekday::Sunday } else { local.weekday() };
        let hour = i16::from(day.to_monday_zero_offset()) * 24 + i16::from(local.hour());
        u8::try_from(hour).ok()
    }
}

impl Norms {
    /// Learns from the past.
    pub fn learn(points: &[Point], calendar: &Calendar) -> Self {
        let mut slots: BTreeMap<u8, Vec<f64>> = BTreeMap::new();
        for (time, value) in points.iter().filter(|(_, value)| value.is_finite()) {
            if let Some(hour) = calendar.hour_of_week(*time) {
                slots.entry(hour).or_default().push(*value);
            }
        }
        let known = slots.into_iter().filter(|(_, values)| values.len() >= VALUES_MIN);
        Self(known.map(|(hour, values)| (hour, Norm::of(values))).collect())
    }

    /// What is usual at a time, if that is known.
    pub fn at(&self, time: Timestamp, calendar: &Calendar) -> Option<Norm> {
        self.0.get(&calendar.hour_of_week(time)?).copied()
    }
}

impl Norm {
    fn of(values: Vec<f64>) -> Self {
        let median = middle(values.clone());
        let mad = middle(values.into_iter().map(|value| (value - median).abs()).collect());
        Self { median, mad }
    }
}

impl Baseline {
    pub(super) fn level(&self, value: f64, norm: Norm) -> Option<Level> {
        let off = value - norm.median;
        let counts = match self.side {
            Side::Both => true,
            Side::Above => off > 0.0,
            Side::Below => off < 0.0,
        };
        let unusual = off.abs() > self.deviations * MAD_TO_SIGMA * norm.mad
            && off.abs() >= self.min_deviation;
        let level = if self.critical { Level::Critical } else { Level::Warning };
        (counts && unusual).then_some(level)
    }
}

/// The median; of an even number, the mean of the two in the middle. There is at least one value.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn calendar(zone: &str, holidays: &[&str]) -> Calendar {
        let holidays = holidays.iter().map(|day| day.parse().unwrap()).collect();
        Calendar { zone: TimeZone::get(zone).unwrap(), holidays }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn hours_are_those_of_the_local_week() {
        let berlin = calendar("Europe/Berlin", &["2026-12-25"]);
        for (time, expected) in [
            ("2026-03-01T23:00:00Z", 0),
            ("2026-03-02T12:59:59Z", 13),
            ("2026-03-08T22:30:00Z", 167),
            // Summer: the same wall clock, an hour earlier.
            ("2026-07-06T11:30:00Z", 13),
            // A Friday that is like a Sunday.
            ("2026-12-25T11:00:00Z", 156),
        ] {
            assert_eq!(berlin.hour_of_week(at(time)), Some(expected), "{time}");
        }
    }

    /// Four Mondays at noon, and what today's value is taken for.
    #[track_caller]
    fn check(past: &[f64], value: f64, baseline: Baseline, expected: Option<Level>) {
        let utc = calendar("UTC", &[]);
        let now = at("2026-03-30T12:30:00Z");
        let points: Vec<Point> = past
            .iter()
            .zip(1..)
            .map(|(value, week)| (Timestamp(now.0 - week * 168 * HOUR), *value))
            .collect();
        let norm = Norms::learn(&points, &utc).at(now, &utc);
        let level = norm.and_then(|norm| baseline.level(value, norm));
        assert_eq!(level, expected, "{past:?} {value}");
    }

    #[test]
    fn six_deviations_off_the_median_are_unusual() {
        let six =
            Baseline { deviations: 6.0, min_deviation: 0.0, side: Side::Both, critical: false };
        let warning = Some(Level::Warning);
        // Median 100, MAD 2: the border is 17.79 off.
        let past = [98.0, 100.0, 102.0];
        check(&past, 117.7, six, None);
        check(&past, 117.8, six, warning);
        check(&past, 82.2, six, warning);
        check(&past, 82.3, six, None);
        check(&past, 82.2, Baseline { side: Side::Above, ..six }, None);
        check(&past, 200.0, Baseline { critical: true, ..six }, Some(Level::Critical));
        // Median 101, MAD 2.
        check(&[98.0, 100.0, 102.0, 104.0], 119.0, six, warning);
        check(&[98.0, 100.0, 102.0, 104.0], 118.0, six, None);
        // One outlier in the past moves neither.
        check(&[98.0, 100.0, 102.0, 9_000.0], 122.0, six, warning);
        check(&[98.0, 102.0], 9_000.0, six, None);
        check(&[98.0, f64::NAN, 102.0], 9_000.0, six, None);
        check(&past, f64::NAN, six, None);
    }

    #[test]
    fn a_series_that_never_moves_has_a_least_deviation() {
        let baseline =
            Baseline { deviations: 6.0, min_deviation: 5.0, side: Side::Both, critical: false };
        check(&[7.0; 4], 11.0, baseline, None);
        check(&[7.0; 4], 12.0, baseline, Some(Level::Warning));
    }

    #[test]
    fn an_hour_that_was_never_seen_says_nothing() {
        let utc = calendar("UTC", &[]);
        let norms = Norms::learn(&[(Timestamp(0), 1.0); 5], &utc);
        assert_eq!(norms.at(Timestamp(HOUR), &utc), None);
        assert_eq!(norms.at(Timestamp(168 * HOUR), &utc), Some(Norm { median: 1.0, mad: 0.0 }));
    }
}
