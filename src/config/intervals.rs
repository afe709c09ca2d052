//! `time_intervals` and, older, `mute_time_intervals`: stretches of the calendar by name.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use jiff::tz::TimeZone;

use super::check::Check;
use super::node::{Node, Place};
use crate::domain::notification::interval::{DAY_MINUTES, Days, TimeInterval};

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Days that every month has.
const SHORTEST_MONTH_DAYS: i8 = 28;

/// Reads every time interval. `Local` stands for the daemon's zone.
pub(super) fn read(
    check: &mut Check,
    root: &Node,
    local: &str,
) -> BTreeMap<String, Vec<TimeInterval>> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    let mut intervals = BTreeMap::new();
    for key in ["time_intervals", "mute_time_intervals"] {
        for node in root.get(key).map(Node::items).unwrap_or_default() {
            let Some(name) = node.text_at("name").filter(|name| !name.is_empty()) else {
                check.error(node.place, "a time interval needs a `name`");
                continue;
            };
            if let Some(first) = places.insert(name.to_owned(), node.place) {
                let first = check.whereabouts(first);
                let why = format!("time interval `{name}` is defined at {first} already");
                check.error(node.place, format!("{why}; rename one"));
            }
            let parts = node.get("time_intervals").map(Node::items).unwrap_or_default();
            let parts = parts.iter().filter_map(|part| interval(check, part, local)).collect();
            intervals.insert(name.to_owned(), parts);
        }
    }
    intervals
}

/// Reads one part; nothing for one in which no instant can lie, because a list in it is empty.
fn interval(check: &mut Check, part: &Node, local: &str) -> Option<TimeInterval> {
    let month = |word: &str| in_list(&MONTHS, 1)(word).or_else(|| number(1, 12)(word));
    let interval = TimeInterval {
        zone: zone(check, part, local),
        times: times(check, part),
        weekdays: ranges(
            check,
            part,
            ("weekdays", "a weekday such as `monday:friday`"),
            in_list(&WEEKDAYS, 0),
        ),
        days: days(check, part),
        months: ranges(check, part, ("months", "a month such as `may:august` or `12`"), month),
        years: ranges(check, part, ("years", "a year such as `2026:2028`"), number(1, 9999)),
    };
    let lists = ["times", "weekdays", "days_of_month", "months", "years"];
    let empty = |key: &&str| part.get(key).is_some_and(|list| list.items().is_empty());
    (!lists.iter().any(empty)).then_some(interval)
}

fn zone(check: &mut Check, part: &Node, local: &str) -> TimeZone {
    let given = part.get("location").and_then(|node| Some((node.place, node.text()?)));
    let Some((place, name)) = given.filter(|(_, name)| !name.is_empty()) else {
        return TimeZone::UTC;
    };
    // A daemon zone that does not exist is told where it stands.
    let name = if name == "Local" { local } else { name };
    TimeZone::get(name).unwrap_or_else(|_| {
        if name != local {
            check.error(place, format!("there is no time zone `{name}`; use an IANA name"));
        }
        TimeZone::UTC
    })
}

fn times(check: &mut Check, part: &Node) -> Vec<Range<u16>> {
    let mut found = Vec::new();
    for range in part.get("times").map(Node::items).unwrap_or_default() {
        let times = ["start_time", "end_time"].map(|key| {
            let found = range.text_at(key).and_then(minutes);
            if found.is_none() {
                let place = range.get(key).map_or(range.place, |time| time.place);
                check.error(place, format!("`{key}` must be a time like `09:30`, up to `24:00`"));
            }
            found
        });
        let [Some(start), Some(end)] = times else { continue };
        if start >= end {
            check.error(range.place, "a range must end later on the same day than it begins");
        }
        found.push(start..end);
    }
    found
}

/// Days may count from the end of the month: what can never be in order is told, what depends on
/// the month is not.
fn days(check: &mut Check, part: &Node) -> Vec<Days> {
    let mut found = Vec::new();
    let expected = "a day such as `1:5` or `-1`";
    for (place, first, last) in pairs(check, part, ("days_of_month", expected), number(-31, 31)) {
        let at_least = |day: i8| if day < 0 { SHORTEST_MONTH_DAYS + day } else { day };
        if first < 0 && last > 0 {
            check.error(place, "a range that begins from the end of the month must end there, too");
        } else if at_least(first) > at_least(last) {
            check.error(place, "a range must not end before it begins");
        }
        found.push(Days { first, last });
    }
    found
}

/// Reads ranges that must be in order.
fn ranges<T: PartialOrd + Copy>(
    check: &mut Check,
    part: &Node,
    what: (&str, &str),
    value: impl Fn(&str) -> Option<T>,
) -> Vec<RangeInclusive<T>> {
    let mut found = Vec::new();
    for (place, first, last) in pairs(check, part, what, value) {
        if first > last {
            check.error(place, "a range must not end before it begins");
        }
        found.push(first..=last);
    }
    found
}

/// Reads `a` or `a:b`, in any case.
fn pairs<T: Copy>(
    check: &mut Check,
    part: &Node,
    (key, expected): (&str, &str),
    value: impl Fn(&str) -> Option<T>,
) -> Vec<(Place, T, T)> {
    let mut found = Vec::new();
    for item in part.get(key).map(Node::items).unwrap_or_default() {
        let text = item.text().unwrap_or_default().to_ascii_lowercase();
        let (first, last) = text.split_once(':').unwrap_or((&text, &text));
        match (value(first), value(last)) {
            (Some(first), Some(last)) => found.push((item.place, first, last)),
            (None, _) | (_, None) => {
                check.error(item.place, format!("expected {expected}, found `{text}`"));
            }
        }
    }
    found
}

fn number<T: std::str::FromStr + PartialOrd + Default>(
    min: T,
    max: T,
) -> impl Fn(&str) -> Option<T> {
    move |word| {
        let number = word.parse::<T>().ok()?;
        (number != T::default() && number >= min && number <= max).then_some(number)
    }
}

fn in_list(list: &'static [&'static str], from: i8) -> impl Fn(&str) -> Option<i8> {
    move |word| {
        let at = list.iter().position(|name| *name == word)?;
        i8::try_from(at).ok().map(|at| at + from)
    }
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) =
        text.split_once(':').filter(|(hours, _)| hours.len() == 2 && text.len() == 5)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && total <= DAY_MINUTES).then_some(total)
}
