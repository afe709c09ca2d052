//! Instants as Go's `time` writes them: by a layout that shows how one certain moment looks.

mod layout;
mod read;

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::limit::Why;
use crate::domain::value::Timestamp;
use layout::{Offset, Part, parts};

pub(super) use read::parse;

/// The zone of that name, out of the bundled database.
pub(super) fn zone(name: &str) -> Result<TimeZone, Why> {
    if name.is_empty() || name == "UTC" || name == "Local" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name)
        .map_err(|_| format!("there is no time zone {name:?}; one like Europe/Berlin is").into())
}

/// Go's `time.Time.Format`.
pub(super) fn format(at: Timestamp, zone: &TimeZone, layout: &str) -> String {
    let clock = clock(at, zone);
    let mut out = String::new();
    for part in parts(layout) {
        write(&part, &clock, &mut out);
    }
    out
}

/// Go's `time.Time.String`.
pub(super) fn display(at: Timestamp, zone: &TimeZone) -> String {
    format(at, zone, "2006-01-02 15:04:05.999999999 -0700 MST")
}

/// RFC 3339 with the fraction that is there.
pub(super) fn rfc3339(at: Timestamp, zone: &TimeZone) -> String {
    format(at, zone, "2006-01-02T15:04:05.999999999Z07:00")
}

/// What clocks in the zone show. Instants beyond the calendar count as its first or last.
pub(super) fn clock(at: Timestamp, zone: &TimeZone) -> Zoned {
    // A day inside the calendar's ends, so that no zone leads out of it.
    let first = jiff::Timestamp::MIN.as_millisecond() + 86_400_000;
    let last = jiff::Timestamp::MAX.as_millisecond() - 86_400_000;
    jiff::Timestamp::from_millisecond(at.0.clamp(first, last))
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(zone.clone())
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The month's name in full.
pub(super) fn month_name(clock: &Zoned) -> &'static str {
    MONTHS[usize::from(clock.month().unsigned_abs()).saturating_sub(1).min(11)]
}

/// The day of the week in full.
pub(super) fn weekday_name(clock: &Zoned) -> &'static str {
    WEEKDAYS[usize::from(clock.weekday().to_sunday_zero_offset().unsigned_abs()).min(6)]
}

fn write(part: &Part<'_>, clock: &Zoned, out: &mut String) {
    let hour12 = match clock.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let text = match part {
        Part::Literal(text) => (*text).to_owned(),
        Part::MonthName => month_name(clock).to_owned(),
        Part::MonthShort => month_name(clock)[..3].to_owned(),
        Part::Month => clock.month().to_string(),
        Part::Month2 => format!("{:02}", clock.month()),
        Part::WeekdayName => weekday_name(clock).to_owned(),
        Part::WeekdayShort => weekday_name(clock)[..3].to_owned(),
        Part::Day => clock.day().to_string(),
        Part::DaySpaced => format!("{:2}", clock.day()),
        Part::Day2 => format!("{:02}", clock.day()),
        Part::YearDaySpaced => format!("{:3}", clock.day_of_year()),
        Part::YearDay3 => format!("{:03}", clock.day_of_year()),
        Part::Hour => format!("{:02}", clock.hour()),
        Part::Hour12 => hour12.to_string(),
        Part::Hour12Two => format!("{hour12:02}"),
        Part::Minute => clock.minute().to_string(),
        Part::Minute2 => format!("{:02}", clock.minute()),
        Part::Second => clock.second().to_string(),
        Part::Second2 => format!("{:02}", clock.second()),
        Part::Year => format!("{:04}", clock.year()),
        Part::Year2 => format!("{:02}", clock.year().rem_euclid(100)),
        Part::Noon => (if clock.hour() < 12 { "AM" } else { "PM" }).to_owned(),
        Part::NoonSmall => (if clock.hour() < 12 { "am" } else { "pm" }).to_owned(),
        Part::Zone => {
            let info = clock.time_zone().to_offset_info(clock.timestamp());
            info.abbreviation().to_owned()
        }
        Part::Offset(offset) => offset_text(*offset, clock.offset().seconds()),
        Part::Fraction { mark, digits, trim } => {
            let nanoseconds = format!("{:09}", clock.subsec_nanosecond());
            let mut digits = nanoseconds[..(*digits).min(9)].to_owned();
            if *trim {
                digits.truncate(digits.trim_end_matches('0').len());
            }
            if digits.is_empty() { digits } else { format!("{mark}{digits}") }
        }
    };
    out.push_str(&text);
}

fn offset_text(offset: Offset, seconds: i32) -> String {
    if offset.z_for_utc && seconds == 0 {
        return "Z".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.unsigned_abs();
    let colon = if offset.colon { ":" } else { "" };
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match offset.fields {
        0 | 1 => format!("{sign}{hours:02}"),
        2 => format!("{sign}{hours:02}{colon}{minutes:02}"),
        _ => format!("{sign}{hours:02}{colon}{minutes:02}{colon}{seconds:02}"),
    }
}
