//! Reads an instant that is written by a Go layout.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset as ZoneOffset;

use super::super::limit::Why;
use super::layout::{Offset, Part, parts};
use super::{MONTHS, WEEKDAYS};
use crate::domain::value::Timestamp;

/// Go's `time.ParseInLocation` in UTC.
pub(in super::super) fn parse(layout: &str, text: &str) -> Result<Timestamp, Why> {
    let refused = || Why::from(format!("{text:?} is not a time like {layout:?}"));
    let mut reader = Reader { rest: text, ..Reader::new() };
    for part in parts(layout) {
        reader.read(&part).ok_or_else(refused)?;
    }
    reader.instant().ok_or_else(refused)
}

struct Reader<'a> {
    rest: &'a str,
    year: i16,
    month: i8,
    day: i8,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    offset_seconds: i32,
}

impl Reader<'static> {
    fn new() -> Self {
        Self {
            rest: "",
            year: 0,
            month: 1,
            day: 1,
            year_day: None,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            afternoon: None,
            offset_seconds: 0,
        }
    }
}

impl Reader<'_> {
    fn read(&mut self, part: &Part<'_>) -> Option<()> {
        match part {
            Part::Literal(literal) => self.rest = self.rest.strip_prefix(literal)?,
            Part::MonthName => self.month = self.name(&MONTHS, usize::MAX)? + 1,
            Part::MonthShort => self.month = self.name(&MONTHS, 3)? + 1,
            Part::Month => self.month = self.small(1)?,
            Part::Month2 => self.month = self.small(2)?,
            Part::WeekdayName => _ = self.name(&WEEKDAYS, usize::MAX)?,
            Part::WeekdayShort => _ = self.name(&WEEKDAYS, 3)?,
            Part::Day | Part::DaySpaced => {
                self.rest = self.rest.trim_start_matches(' ');
                self.day = self.small(1)?;
            }
            Part::Day2 => self.day = self.small(2)?,
            Part::YearDaySpaced | Part::YearDay3 => {
                self.rest = self.rest.trim_start_matches(' ');
                self.year_day = Some(i16::try_from(self.digits(1, 3)?).ok()?);
            }
            Part::Hour | Part::Hour12Two => self.hour = self.small(2)?,
            Part::Hour12 => self.hour = self.small(1)?,
            Part::Minute => self.minute = self.small(1)?,
            Part::Minute2 => self.minute = self.small(2)?,
            Part::Second => self.second(1)?,
            Part::Second2 => self.second(2)?,
            Part::Year => self.year = i16::try_from(self.digits(4, 4)?).ok()?,
            Part::Year2 => {
                let year = i16::try_from(self.digits(2, 2)?).ok()?;
                self.year = if year >= 69 { year + 1_900 } else { year + 2_000 };
            }
            Part::Noon => self.afternoon = Some(self.word("AM", "PM")?),
            Part::NoonSmall => self.afternoon = Some(self.word("am", "pm")?),
            Part::Zone => {
                let letters = self.rest.len()
                    - self.rest.trim_start_matches(|c: char| c.is_ascii_uppercase()).len();
                (3..=5).contains(&letters).then_some(())?;
                self.rest = &self.rest[letters..];
            }
            Part::Offset(offset) => self.offset(*offset)?,
            Part::Fraction { trim: true, .. } => self.fraction_if_there()?,
            Part::Fraction { digits, .. } => {
                self.rest = self.rest.strip_prefix(['.', ','])?;
                let read = self.digits(*digits, *digits)?;
                self.nanosecond = scaled(read, *digits)?;
            }
        }
        Some(())
    }

    /// Seconds may have a fraction that the layout does not mention.
    fn second(&mut self, digits_min: usize) -> Option<()> {
        self.second = self.small(digits_min)?;
        self.fraction_if_there()
    }

    fn fraction_if_there(&mut self) -> Option<()> {
        let Some(behind) = self.rest.strip_prefix(['.', ',']) else { return Some(()) };
        let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            return Some(());
        }
        let used = digits.min(9);
        self.nanosecond = scaled(behind[..used].parse().ok()?, used)?;
        self.rest = &behind[digits..];
        Some(())
    }

    fn digits(&mut self, min: usize, max: usize) -> Option<u32> {
        let count = self.rest.bytes().take(max).take_while(u8::is_ascii_digit).count();
        if count < min {
            return None;
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits.parse().ok()
    }

    fn small(&mut self, digits_min: usize) -> Option<i8> {
        i8::try_from(self.digits(digits_min, 2)?).ok()
    }

    fn name(&mut self, names: &[&str], letters: usize) -> Option<i8> {
        let (i, length) = names.iter().enumerate().find_map(|(i, name)| {
            let name = &name[..name.len().min(letters)];
            let found = self.rest.get(..name.len())?;
            found.eq_ignore_ascii_case(name).then_some((i, name.len()))
        })?;
        self.rest = &self.rest[length..];
        i8::try_from(i).ok()
    }

    fn word(&mut self, no: &str, yes: &str) -> Option<bool> {
        let answer = self.rest.starts_with(yes);
        self.rest = self.rest.strip_prefix(if answer { yes } else { no })?;
        Some(answer)
    }

    fn offset(&mut self, offset: Offset) -> Option<()> {
        if offset.z_for_utc
            && let Some(rest) = self.rest.strip_prefix('Z')
        {
            self.rest = rest;
            return Some(());
        }
        let sign = if self.word("+", "-")? { -1 } else { 1 };
        let mut seconds = 0;
        for (i, unit) in [3_600, 60, 1].into_iter().take(usize::from(offset.fields)).enumerate() {
            if i > 0 && offset.colon {
                self.rest = self.rest.strip_prefix(':')?;
            }
            seconds += i32::try_from(self.digits(2, 2)?).ok()? * unit;
        }
        self.offset_seconds = sign * seconds;
        Some(())
    }

    fn instant(&self) -> Option<Timestamp> {
        if !self.rest.is_empty() {
            return None;
        }
        let hour = match self.afternoon {
            Some(_) if !(1..=12).contains(&self.hour) => return None,
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            Some(_) | None => self.hour,
        };
        let date = match self.year_day {
            Some(day) => Date::new(self.year, 1, 1).ok()?.with().day_of_year(day).build().ok()?,
            None => Date::new(self.year, self.month, self.day).ok()?,
        };
        let time = Time::new(hour, self.minute, self.second, self.nanosecond).ok()?;
        let offset = ZoneOffset::from_seconds(self.offset_seconds).ok()?;
        let instant = offset.to_timestamp(DateTime::from_parts(date, time)).ok()?;
        Some(Timestamp(instant.as_millisecond()))
    }
}

fn scaled(fraction: u32, digits: usize) -> Option<i32> {
    let missing = 9_usize.checked_sub(digits)?;
    let scale = 10_u32.checked_pow(u32::try_from(missing).ok()?)?;
    i32::try_from(fraction.checked_mul(scale)?).ok()
}
