//! Times of the wall clock that come again, written as cron does: `30 2 * * 1-5`.

use std::str::FromStr;

use jiff::tz::TimeZone;

use super::Timestamp;

/// A cron expression of five fields in a zone.
///
/// Where the clock is put forward, a time that is left out comes once, right after the gap. Where it
/// is put back, a time that comes twice counts once, the first time; an expression for every hour
/// goes on through both.
#[derive(Debug, Clone)]
pub struct Cron {
    written: String,
    parsed: croner::Cron,
    zone: TimeZone,
}

/// Text that is no cron expression, or a zone that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCron {
    /// The expression cannot be read.
    #[error("`{0}` is not a cron expression like '30 2 * * 1-5' (minute hour day month weekday)")]
    Expression(String),
    /// No time in reach fits the expression, such as 30 February.
    #[error("no time ever fits `{0}`")]
    Never(String),
    /// The zone is not known.
    #[error("there is no time zone `{0}`; use an IANA name like Europe/Berlin")]
    Zone(String),
}

impl Cron {
    /// Reads an expression of five fields, or a word like `@daily`, for a zone (IANA name).
    pub fn new(written: &str, zone: &str) -> Result<Self, InvalidCron> {
        let invalid = || InvalidCron::Expression(written.chars().take(64).collect());
        let is_word = written.starts_with('@');
        // Seconds and years are of other dialects, in which the same letters mean something else.
        if !is_word && written.split_whitespace().count() != 5 {
            return Err(invalid());
        }
        let parsed = croner::Cron::from_str(written.trim()).map_err(|_| invalid())?;
        let zone = TimeZone::get(zone).map_err(|_| InvalidCron::Zone(zone.to_owned()))?;
        let cron = Self { written: written.trim().to_owned(), parsed, zone };
        // Any leap day and weekday comes within a cycle of the calendar that starts anywhere.
        match cron.after(Timestamp(0)) {
            Some(_) => Ok(cron),
            None => Err(InvalidCron::Never(cron.written)),
        }
    }

    /// The first time that fits and comes later.
    pub fn after(&self, time: Timestamp) -> Option<Timestamp> {
        let time = jiff::Timestamp::from_millisecond(time.0).ok()?.to_zoned(self.zone.clone());
        let next = self.parsed.find_next_occurrence(&time, false).ok()?;
        Some(Timestamp(next.timestamp().as_millisecond()))
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written && self.zone == other.zone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times that follow, up to `count`.
    #[track_caller]
    fn check(written: &str, zone: &str, from: &str, expected: &[&str]) {
        let cron = Cron::new(written, zone).unwrap();
        let mut time: Timestamp = from.parse().unwrap();
        for expected in expected {
            time = cron.after(time).unwrap();
            assert_eq!(time.rfc3339(), expected.replace('Z', ":00.000Z"), "{written} {zone}");
        }
    }

    #[test]
    fn times_are_those_of_the_wall_clock() {
        check(
            "30 2 * * 1-5",
            "UTC",
            "2026-03-06T02:30:00Z",
            &["2026-03-09T02:30Z", "2026-03-10T02:30Z"],
        );
        check("0 9 1 * *", "America/New_York", "2026-03-01T15:00:00Z", &["2026-04-01T13:00Z"]);
        check("0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", &["2028-02-29T00:00Z"]);
        check("@daily", "Asia/Kathmandu", "2026-03-01T00:00:00Z", &["2026-03-01T18:15Z"]);
    }

    #[test]
    fn a_time_in_the_gap_comes_once_right_after_it() {
        // 02:00 to 03:00 is left out on 29 March; 03:00 is 01:00Z.
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T00:00:00Z",
            &["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"],
        );
        check(
            "0 * * * *",
            "Europe/Berlin",
            "2026-03-29T00:00:00Z",
            &["2026-03-29T01:00Z", "2026-03-29T02:00Z"],
        );
    }

    #[test]
    fn a_time_that_comes_twice_counts_once() {
        // 02:00 to 03:00 comes twice on 25 October, first from 00:00Z on.
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00:00Z",
            &["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
        );
        check(
            "0 * * * *",
            "Europe/Berlin",
            "2026-10-24T23:30:00Z",
            &["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"],
        );
        // A gap of half an hour: Lord Howe puts its clock back from 02:00 to 01:30.
        check(
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T00:00:00Z",
            &["2026-04-04T14:45Z", "2026-04-05T15:15Z"],
        );
    }

    #[test]
    fn what_is_no_expression_is_told_apart() {
        for (written, zone, expected) in [
            ("", "UTC", "is not a cron"),
            ("* * * *", "UTC", "is not a cron"),
            ("0 30 2 * * 1-5", "UTC", "is not a cron"),
            ("60 * * * *", "UTC", "is not a cron"),
            ("@sometimes", "UTC", "is not a cron"),
            ("0 0 30 2 *", "UTC", "no time ever"),
            ("0 0 1 1 *", "Europe/Atlantis", "no time zone"),
        ] {
            let error = Cron::new(written, zone).unwrap_err().to_string();
            assert!(error.contains(expected), "{written}: {error}");
        }
    }
}
