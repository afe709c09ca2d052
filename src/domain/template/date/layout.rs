//! Cuts a Go time layout into its parts.

/// A stretch of a layout: text, or something of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Literal(&'a str),
    MonthName,
    MonthShort,
    Month,
    Month2,
    WeekdayName,
    WeekdayShort,
    Day,
    DaySpaced,
    Day2,
    YearDaySpaced,
    YearDay3,
    Hour,
    Hour12,
    Hour12Two,
    Minute,
    Minute2,
    Second,
    Second2,
    Year,
    Year2,
    Noon,
    NoonSmall,
    Zone,
    Offset(Offset),
    Fraction { mark: char, digits: usize, trim: bool },
}

/// How an offset from UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    pub z_for_utc: bool,
    pub colon: bool,
    /// Hours; hours and minutes; hours, minutes and seconds.
    pub fields: u8,
}

const fn offset(z_for_utc: bool, colon: bool, fields: u8) -> Part<'static> {
    Part::Offset(Offset { z_for_utc, colon, fields })
}

/// What stands for what. Of two with one beginning the longer comes first.
const WORDS: [(&str, Part<'static>); 33] = [
    ("January", Part::MonthName),
    ("Jan", Part::MonthShort),
    ("Monday", Part::WeekdayName),
    ("Mon", Part::WeekdayShort),
    ("MST", Part::Zone),
    ("002", Part::YearDay3),
    ("01", Part::Month2),
    ("02", Part::Day2),
    ("03", Part::Hour12Two),
    ("04", Part::Minute2),
    ("05", Part::Second2),
    ("06", Part::Year2),
    ("15", Part::Hour),
    ("1", Part::Month),
    ("2006", Part::Year),
    ("2", Part::Day),
    ("__2", Part::YearDaySpaced),
    ("_2", Part::DaySpaced),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::Noon),
    ("pm", Part::NoonSmall),
    ("-07:00:00", offset(false, true, 3)),
    ("-070000", offset(false, false, 3)),
    ("-07:00", offset(false, true, 2)),
    ("-0700", offset(false, false, 2)),
    ("-07", offset(false, false, 1)),
    ("Z07:00:00", offset(true, true, 3)),
    ("Z070000", offset(true, false, 3)),
    ("Z07:00", offset(true, true, 2)),
    ("Z0700", offset(true, false, 2)),
    ("Z07", offset(true, false, 1)),
];

/// Cuts a layout.
pub(super) fn parts(layout: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut rest, mut literal) = (layout, layout);
    while let Some(c) = rest.chars().next() {
        if let Some((part, length)) = part(rest) {
            let before = literal.len() - rest.len();
            if before > 0 {
                parts.push(Part::Literal(&literal[..before]));
            }
            parts.push(part);
            rest = &rest[length..];
            literal = rest;
        } else {
            rest = &rest[c.len_utf8()..];
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    parts
}

fn part(rest: &str) -> Option<(Part<'_>, usize)> {
    // `_2006` is an underscore and a year, not a padded day.
    if rest.starts_with("_2006") {
        return Some((Part::Literal("_"), 1));
    }
    if let Some(fraction) = fraction(rest) {
        return Some(fraction);
    }
    let (word, part) = WORDS.iter().find(|(word, _)| rest.starts_with(word))?;
    let behind = &rest[word.len()..];
    // `Month` or `Janus` are plain words.
    let in_word = matches!(part, Part::MonthShort | Part::WeekdayShort)
        && behind.starts_with(|c: char| c.is_ascii_lowercase());
    (!in_word).then_some((*part, word.len()))
}

fn fraction(rest: &str) -> Option<(Part<'_>, usize)> {
    let mark = rest.chars().next().filter(|c| matches!(c, '.' | ','))?;
    let digit = rest[1..].chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = rest[1..].len() - rest[1..].trim_start_matches(digit).len();
    if rest[1 + digits..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((Part::Fraction { mark, digits, trim: digit == '9' }, 1 + digits))
}
