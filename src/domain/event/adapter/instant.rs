//! Instants in JSON: RFC 3339 read by hand where it is in its usual form, by jiff where it is not.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::domain::value::Timestamp;

/// An instant of a body. Absent, `null`, the empty text and Go's zero time all say "none".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Instant(pub(super) Option<Timestamp>);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Instant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time like 2026-03-01T02:05:00Z (RFC 3339)")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Instant, E> {
                if text.is_empty() {
                    return Ok(Instant(None));
                }
                let Some(at) = parse(text) else {
                    let start: String = text.chars().take(64).collect();
                    return Err(E::invalid_value(serde::de::Unexpected::Str(&start), &self));
                };
                Ok(Instant(Some(at).filter(|at| *at != Timestamp::GO_ZERO)))
            }

            fn visit_unit<E>(self) -> Result<Instant, E> {
                Ok(Instant(None))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

/// `2026-03-01 02:05:00 UTC` and `2026-03-01 02:05:00 +0100`, as Ruby writes times, and
/// `2026-03-01 02:05:00 +0100 CET`, as Go does.
fn spaced(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once(' ')?;
    let (time, zone) = rest.split_once(' ')?;
    let zone = match zone.split(' ').next()? {
        "UTC" => "Z".to_owned(),
        zone => {
            let (hours, minutes) = zone.split_at_checked(3)?;
            format!("{hours}:{}", minutes.trim_start_matches(':'))
        }
    };
    usual(format!("{date}T{time}{zone}").as_bytes())
}

/// Reads an instant. A time without a zone is UTC, as in the format library Alertmanager uses.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    usual(text.as_bytes()).or_else(|| text.parse().ok()).or_else(|| spaced(text)).or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        let instant = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some(Timestamp(instant.as_millisecond()))
    })
}

/// `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`. Anything else, such as a leap second, is left to
/// the slower and wiser parser.
fn usual(text: &[u8]) -> Option<Timestamp> {
    let (head, tail) = text.split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] =
        *head
    else {
        return None;
    };
    let (century, years) = (two(y1, y2)?, two(y3, y4)?);
    let (year, month, day) = (century * 100 + years, two(m1, m2)?, two(d1, d2)?);
    let (hour, minute, second) = (two(h1, h2)?, two(n1, n2)?, two(s1, s2)?);
    let valid = (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        return None;
    }
    let (ms, zone) = fraction(tail)?;
    let offset = offset_minutes(zone)?;
    let minutes = (days_since_epoch(year, month, day) * 24 + hour) * 60 + minute - offset;
    Some(Timestamp((minutes * 60 + second) * 1_000 + ms))
}

/// The number that two digits make.
#[inline]
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// The milliseconds, and what comes after the fraction.
fn fraction(tail: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', rest)) = tail.split_first() else {
        return Some((0, tail));
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, zone) = rest.split_at(length);
    // Longer fractions are no nanoseconds.
    if !(1..=9).contains(&length) {
        return None;
    }
    let place = |at: usize| fraction.get(at).map_or(0, |byte| i64::from(byte - b'0'));
    Some((place(0) * 100 + place(1) * 10 + place(2), zone))
}

fn offset_minutes(zone: &[u8]) -> Option<i64> {
    if zone == b"Z" {
        return Some(0);
    }
    let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = zone else {
        return None;
    };
    let (hours, minutes) = (two(*h1, *h2)?, two(*m1, *m2)?);
    let minutes = (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)?;
    Some(if *sign == b'-' { -minutes } else { minutes })
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts in years that begin in March, so that the leap day is the last of its year.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let days = of_era * 365 + of_era / 4 - of_era / 100 + (month * 153 + 2) / 5 + day - 1;
    era * 146_097 + days - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let read = parse(text).map(Timestamp::rfc3339);
        assert_eq!(read.as_deref(), expected, "{text}");
    }

    #[test]
    fn instants_are_read_in_every_form_that_senders_write() {
        check("2026-03-01T02:05:00Z", Some("2026-03-01T02:05:00.000Z"));
        check("2026-03-01T02:05:00.123456789Z", Some("2026-03-01T02:05:00.123Z"));
        check("2026-03-01T02:05:00.5+05:30", Some("2026-02-28T20:35:00.500Z"));
        check("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00.000Z"));
        check("2024-02-29T23:59:59-01:00", Some("2024-03-01T00:59:59.000Z"));
        check("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59.000Z"));
        check("2026-03-01 02:05:00", Some("2026-03-01T02:05:00.000Z"));
        check("2026-03-01T02:05:00+0100", Some("2026-03-01T01:05:00.000Z"));
        check("2026-03-01 02:05:00 UTC", Some("2026-03-01T02:05:00.000Z"));
        check("2026-03-01 02:05:00 +0200", Some("2026-03-01T00:05:00.000Z"));
        check("2026-03-01 02:05:00 +02:00", Some("2026-03-01T00:05:00.000Z"));
        check("2026-03-01 02:05:00.5 +0000 UTC", Some("2026-03-01T02:05:00.500Z"));
        check("2026-03-01 02:05:00.5 +0100 CET m=+85.25", Some("2026-03-01T01:05:00.500Z"));
        check("0001-01-01 00:00:00 +0000 UTC", Some("0001-01-01T00:00:00.000Z"));
        check("2026-03-01 02:05:00 CEST", None);
        check("2026-02-29T00:00:00Z", None);
        check("2026-13-01T00:00:00Z", None);
        check("2026-03-01T24:00:00Z", None);
        check("yesterday", None);
        check("2026-03-01T02:05:00.Z", None);
        check("٢٠٢٦-03-01T02:05:00Z", None);
    }

    proptest! {
        #[test]
        fn the_hand_path_agrees_with_jiff(
            seconds in -62_135_596_800_i64..253_402_300_799,
            ms in 0_i64..1_000,
            offset in -1_439_i32..1_440,
        ) {
            let at = jiff::Timestamp::from_millisecond(seconds * 1_000 + ms).unwrap();
            let offset = jiff::tz::Offset::from_seconds(offset * 60).unwrap();
            let text = at.display_with_offset(offset).to_string();
            // Near either end the local year may leave the four digits.
            prop_assume!(!text.starts_with('-') && text.len() >= 25);
            prop_assert_eq!(usual(text.as_bytes()), Some(Timestamp(at.as_millisecond())), "{}", text);
        }
    }
}
