//! Time intervals: stretches of the calendar in which a route is muted, or in which it may speak.

use std::ops::{Range, RangeInclusive};

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};

use super::route::Route;
use crate::domain::Settings;
use crate::domain::event::Suppressor;
use crate::domain::value::Timestamp;

/// One stretch of the calendar. Every field that is given must hold; of the ranges of one field any
/// may (Alertmanager's `time_intervals`).
#[derive(Debug, Clone)]
pub struct TimeInterval {
    /// The zone whose clocks and calendar count.
    pub zone: TimeZone,
    /// Minutes of the day; the end is not part of it. 1440 is midnight at the end of the day.
    pub times: Vec<Range<u16>>,
    /// Days of the week; 0 is Sunday.
    pub weekdays: Vec<RangeInclusive<i8>>,
    /// Days of the month; negative ones count from its end, −1 being the last.
    pub days: Vec<Days>,
    /// Months; 1 is January.
    pub months: Vec<RangeInclusive<i8>>,
    /// Years.
    pub years: Vec<RangeInclusive<i16>>,
}

/// Days of a month, both ends included, each −31 to 31 and not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: i8,
    /// The last.
    pub last: i8,
}

/// A route that must not speak, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mute {
    /// Which of the route's two lists mutes it.
    pub by: Suppressor,
    /// The intervals that do: those of `mute_time_intervals` that hold, or all of
    /// `active_time_intervals`, of which none holds.
    pub names: Vec<String>,
}

/// Every minute of the day, as a range of [`TimeInterval::times`].
pub const DAY_MINUTES: u16 = 24 * 60;

impl TimeInterval {
    /// An interval in which everything lies.
    pub fn always(zone: TimeZone) -> Self {
        Self {
            zone,
            times: Vec::new(),
            weekdays: Vec::new(),
            days: Vec::new(),
            months: Vec::new(),
            years: Vec::new(),
        }
    }

    /// Tells whether an instant lies in the interval, by the clocks of its zone.
    pub fn contains(&self, at: Timestamp) -> bool {
        let Ok(instant) = Instant::from_millisecond(at.0) else { return false };
        let local = instant.to_zoned(self.zone.clone());
        let weekday = local.weekday().to_sunday_zero_offset();
        within(&self.times, |range| range.contains(&minute_of_day(&local)))
            && within(&self.weekdays, |range| range.contains(&weekday))
            && within(&self.days, |days| days.contains(local.day(), local.days_in_month()))
            && within(&self.months, |range| range.contains(&local.month()))
            && within(&self.years, |range| range.contains(&local.year()))
    }
}

impl Days {
    fn contains(self, day: i8, days_in_month: i8) -> bool {
        let from_start = |day: i8| if day < 0 { days_in_month + day + 1 } else { day };
        // What begins before the month begins with it; what begins behind its end is not in it.
        (from_start(self.first)..=from_start(self.last)).contains(&day)
    }
}

/// Says whether a route must be quiet at an instant. `active_time_intervals` are looked at first,
/// as Alertmanager does.
pub fn mute(settings: &Settings, route: &Route, at: Timestamp) -> Option<Mute> {
    let (active, muted) = (&route.active_time_intervals, &route.mute_time_intervals);
    if active.is_empty() && muted.is_empty() {
        return None;
    }
    let holds = |name: &&String| {
        let parts = settings.intervals.get(*name).map(Vec::as_slice).unwrap_or_default();
        parts.iter().any(|part| part.contains(at))
    };
    if !active.is_empty() && !active.iter().any(|name| holds(&name)) {
        return Some(Mute { by: Suppressor::ActiveTimeInterval, names: active.clone() });
    }
    let names: Vec<String> = muted.iter().filter(holds).cloned().collect();
    (!names.is_empty()).then_some(Mute { by: Suppressor::MuteTimeInterval, names })
}

/// A field without ranges holds at any time.
fn within<T>(ranges: &[T], holds: impl Fn(&T) -> bool) -> bool {
    ranges.is_empty() || ranges.iter().any(holds)
}

fn minute_of_day(local: &Zoned) -> u16 {
    let (hour, minute) = (local.hour().unsigned_abs(), local.minute().unsigned_abs());
    u16::from(hour) * 60 + u16::from(minute)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::single_range_in_vec_init, reason = "a field holds ranges, often one")]

    use proptest::prelude::*;

    use super::*;
    use crate::domain::notification::route::GroupBy;
    use crate::domain::value::Span;

    fn utc() -> TimeInterval {
        TimeInterval::always(TimeZone::UTC)
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(interval: &TimeInterval, table: &str) {
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (expected, instant) = line.split_once(' ').unwrap();
            let found = if interval.contains(at(instant.trim())) { "in" } else { "out" };
            assert_eq!(found, expected, "{instant}");
        }
    }

    #[test]
    fn a_time_starts_with_its_first_minute_and_ends_before_its_last() {
        let office = TimeInterval { times: vec![540..1020], ..utc() };
        check(
            &office,
            "
            out 2026-03-02T08:59:59.999Z
            in  2026-03-02T09:00:00Z
            in  2026-03-02T16:59:59.999Z
            out 2026-03-02T17:00:00Z
            ",
        );
        let evening = TimeInterval { times: vec![1320..DAY_MINUTES], ..utc() };
        check(
            &evening,
            "
            in  2026-03-02T23:59:59.999Z
            out 2026-03-03T00:00:00Z
            ",
        );
    }

    #[test]
    fn every_field_must_hold_and_any_of_its_ranges() {
        let interval = TimeInterval {
            times: vec![0..60, 120..180],
            weekdays: vec![1..=5],
            months: vec![1..=3, 12..=12],
            years: vec![2026..=2027],
            ..utc()
        };
        check(
            &interval,
            "
            in  2026-03-02T00:30:00Z
            out 2026-03-02T01:30:00Z
            in  2026-03-02T02:30:00Z
            out 2026-03-01T00:30:00Z
            out 2026-03-07T00:30:00Z
            out 2026-04-01T00:30:00Z
            in  2026-12-01T00:30:00Z
            out 2028-03-01T00:30:00Z
            ",
        );
        check(&utc(), "in 1999-12-31T23:59:59Z");
    }

    #[test]
    fn days_count_from_both_ends_of_the_month_and_stay_within_it() {
        let days = |first, last| TimeInterval { days: vec![Days { first, last }], ..utc() };
        check(
            &days(-1, -1),
            "
            in  2024-02-29T12:00:00Z
            out 2024-02-28T12:00:00Z
            in  2026-02-28T12:00:00Z
            in  2026-12-31T12:00:00Z
            out 2026-12-30T12:00:00Z
            ",
        );
        check(
            &days(29, 31),
            "
            out 2026-02-28T12:00:00Z
            out 2026-03-01T12:00:00Z
            in  2024-02-29T12:00:00Z
            in  2026-04-30T12:00:00Z
            ",
        );
        // Thirty-one days from the end of a short month begin with its first.
        check(
            &days(-31, -27),
            "
            in  2026-02-01T12:00:00Z
            in  2026-02-02T12:00:00Z
            out 2026-02-03T12:00:00Z
            in  2026-01-05T12:00:00Z
            out 2026-01-06T12:00:00Z
            ",
        );
        check(
            &days(25, -2),
            "
            in  2026-02-27T12:00:00Z
            out 2026-02-28T12:00:00Z
            ",
        );
    }

    #[test]
    fn the_zone_decides_through_its_changes_of_the_clock() {
        let night =
            TimeInterval { times: vec![120..180], ..TimeInterval::always(zone("Europe/Berlin")) };
        // In spring the hour from two to three is left out; in autumn it comes twice.
        check(
            &night,
            "
            in  2026-03-28T01:30:00Z
            out 2026-03-29T00:59:59Z
            out 2026-03-29T01:00:00Z
            out 2026-03-29T01:30:00Z
            in  2026-03-30T00:30:00Z
            in  2026-10-25T00:30:00Z
            in  2026-10-25T01:30:00Z
            out 2026-10-25T02:00:00Z
            ",
        );
        let sunday = TimeInterval {
            weekdays: vec![0..=0],
            ..TimeInterval::always(zone("Pacific/Auckland"))
        };
        check(
            &sunday,
            "
            in  2026-03-07T11:00:00Z
            out 2026-03-08T11:00:00Z
            ",
        );
    }

    #[test]
    fn an_instant_beyond_the_calendar_lies_nowhere() {
        assert!(!utc().contains(Timestamp(i64::MAX)));
        assert!(!utc().contains(Timestamp(i64::MIN)));
    }

    proptest! {
        #[test]
        fn what_is_muted_is_what_the_names_say(
            minute in 0_u16..DAY_MINUTES,
            start in 0_u16..DAY_MINUTES,
            length in 1_u16..DAY_MINUTES,
        ) {
            let end = (start + length).min(DAY_MINUTES);
            let midnight = at("2026-05-01T00:00:00Z");
            let instant = Timestamp(midnight.0 + i64::from(minute) * 60_000);
            let part = TimeInterval { times: vec![start..end], ..utc() };
            let inside = (start..end).contains(&minute);
            prop_assert_eq!(part.contains(instant), inside);

            let intervals = [("some".to_owned(), vec![part]), ("never".to_owned(), Vec::new())];
            let settings = Settings { intervals: intervals.into(), ..Settings::default() };
            let route = |muted: &[&str], active: &[&str]| {
                let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
                Route {
                    index: 0,
                    key: "{}".to_owned(),
                    receiver: "ops".to_owned(),
                    group_by: GroupBy::All,
                    matchers: Vec::new(),
                    goes_on: false,
                    group_wait: Span::ZERO,
                    group_interval: Span::ZERO,
                    repeat_interval: Span::ZERO,
                    mute_time_intervals: names(muted),
                    active_time_intervals: names(active),
                    labels: Vec::new(),
                    children: Vec::new(),
                }
            };
            let names = |muted: &[&str], active: &[&str]| {
                mute(&settings, &route(muted, active), instant).map(|mute| mute.names.join(","))
            };
            prop_assert_eq!(names(&[], &[]), None);
            prop_assert_eq!(names(&["never"], &[]), None);
            prop_assert_eq!(names(&["never", "some"], &[]).is_some(), inside);
            prop_assert_eq!(names(&[], &["some", "never"]).is_some(), !inside);
            prop_assert_eq!(names(&[], &["never"]), Some("never".to_owned()));
            prop_assert!(names(&["some"], &["some"]).is_some());
        }
    }
}
