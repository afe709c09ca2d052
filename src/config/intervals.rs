//! `time_intervals` and `inhibit_rules`: checked for sense; what has no effect yet is told.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Check;
use super::node::{Node, Place};
use super::routes::old_matchers;

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

/// Checks every time interval and returns their names.
pub(super) fn read(check: &mut Check, root: &Node) -> BTreeSet<String> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
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
            for part in node.get("time_intervals").map(Node::items).unwrap_or_default() {
                examine(check, part);
            }
        }
    }
    places.into_keys().collect()
}

/// Checks the inhibition rules and tells that they have no effect.
pub(super) fn read_inhibitions(check: &mut Check, root: &Node) {
    for rule in root.get("inhibit_rules").map(Node::items).unwrap_or_default() {
        for side in ["source", "target"] {
            check.matchers(rule.get(&format!("{side}_matchers")));
            old_matchers(check, rule, &format!("{side}_match"), &format!("{side}_match_re"));
        }
        check.warn(rule.place, "inhibition rules are not applied yet: both alerts are told");
    }
}

fn examine(check: &mut Check, part: &Node) {
    for range in part.get("times").map(Node::items).unwrap_or_default() {
        let times = ["start_time", "end_time"].map(|key| {
            let found = range.text_at(key).and_then(minutes);
            if found.is_none() {
                let place = range.get(key).map_or(range.place, |time| time.place);
                check.error(place, format!("`{key}` must be a time like `09:30`, up to `24:00`"));
            }
            found
        });
        if let [Some(start), Some(end)] = times
            && start >= end
        {
            check.error(range.place, "a range must end later on the same day than it begins");
        }
    }
    let number = |min: i64, max: i64| {
        move |word: &str| word.parse::<i64>().ok().filter(|n| *n != 0 && (min..=max).contains(n))
    };
    let in_list = |list: &'static [&'static str], from: i64| {
        move |word: &str| {
            let at = list.iter().position(|name| *name == word)?;
            i64::try_from(at).ok().map(|at| at + from)
        }
    };
    let month = in_list(&MONTHS, 1);
    let month = |word: &str| month(word).or_else(|| number(1, 12)(word));
    ranges(check, part, "weekdays", "a weekday such as `monday:friday`", in_list(&WEEKDAYS, 0));
    ranges(check, part, "days_of_month", "a day such as `1:5` or `-1`", number(-31, 31));
    ranges(check, part, "months", "a month such as `may:august` or `12`", month);
    ranges(check, part, "years", "a year such as `2026:2028`", number(1, 9999));
    if let Some(zone) = part.get("location")
        && let Some(name) = zone.text()
        && name != "Local"
        && jiff::tz::TimeZone::get(name).is_err()
    {
        check.error(zone.place, format!("there is no time zone `{name}`; use an IANA name"));
    }
}

/// Checks `a` or `a:b`. Days of the month may count from the end, so their order is not judged
/// where the signs differ.
fn ranges(
    check: &mut Check,
    part: &Node,
    key: &str,
    expected: &str,
    value: impl Fn(&str) -> Option<i64>,
) {
    for item in part.get(key).map(Node::items).unwrap_or_default() {
        let text = item.text().unwrap_or_default().to_ascii_lowercase();
        let (start, end) = text.split_once(':').unwrap_or((&text, &text));
        match (value(start), value(end)) {
            (Some(start), Some(end)) if start > end && (start < 0) == (end < 0) => {
                check.error(item.place, "a range must not end before it begins");
            }
            (Some(_), Some(_)) => {}
            (None, _) | (_, None) => {
                check.error(item.place, format!("expected {expected}, found `{text}`"));
            }
        }
    }
}

fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':').filter(|_| text.len() == 5)?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 24 * 60).then_some(total)
}
