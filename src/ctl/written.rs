//! How single values of the API are written for people.

use serde_json::Value;

use super::look::{Look, Tint};
use crate::domain::value::{Span, Timestamp};

/// What stands where there is no value, so that columns can be counted.
pub(super) const NOTHING: &str = "-";

/// How an instant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// `3m ago`.
    Age,
    /// `2026-03-01 02:05:00 UTC (3m ago)`.
    Both,
}

/// Writes a value on one line. `name` is its key, or a JSON pointer that ends in it.
pub(super) fn value(name: &str, value: &Value, clock: Clock, look: &Look) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Number(level) if is_priority(name) => format!("P{level}"),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => match instant(text) {
            Some(at) => time(at, clock, look.now),
            None if text.is_empty() => NOTHING.to_owned(),
            None => line(text),
        },
        Value::Array(items) => {
            let items: Vec<_> =
                items.iter().map(|item| self::value("", item, clock, look)).collect();
            items.join(", ")
        }
        Value::Object(members) => {
            let pair = |(key, value): (&String, &Value)| {
                format!("{}={}", line(key), self::value(key, value, clock, look))
            };
            members.iter().map(pair).collect::<Vec<_>>().join(" ")
        }
    }
}

/// How a value stands out in a table.
pub(super) fn tint(name: &str, value: &Value) -> Tint {
    match value.as_i64() {
        Some(1) if is_priority(name) => Tint::Worst,
        Some(2) if is_priority(name) => Tint::Bad,
        Some(4 | 5) if is_priority(name) => Tint::Faint,
        _ => Tint::Plain,
    }
}

/// One line without anything that a terminal would obey: what monitoring sends can come from
/// anybody, and an escape sequence in a title must stay a title.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().map(tame).collect::<Vec<_>>().join(" ")
}

/// As [`value()`], but text of several lines, or a list of sentences, keeps its lines.
pub(super) fn lines(name: &str, given: &Value, clock: Clock, look: &Look) -> Vec<String> {
    let sentence = |item: &Value| item.as_str().is_some_and(|text| text.contains(' '));
    match given {
        Value::String(text) if text.trim_end().contains('\n') => {
            text.lines().map(|line| tame(line.trim_end())).collect()
        }
        Value::Array(items) if items.iter().any(sentence) => {
            items.iter().map(|item| value(name, item, clock, look)).collect()
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => vec![value(name, given, clock, look)],
    }
}

/// The time between two instants in its largest unit: `3m ago`, `in 2h`.
pub(super) fn age(at: Timestamp, now: Timestamp) -> String {
    let ahead = at.since(now);
    if ahead == Span::ZERO {
        format!("{} ago", rough(now.since(at)))
    } else {
        format!("in {}", rough(ahead))
    }
}

fn rough(Span(ms): Span) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn time(at: Timestamp, clock: Clock, now: Timestamp) -> String {
    let age = age(at, now);
    if clock == Clock::Age {
        return age;
    }
    let written = at.rfc3339();
    let seconds = written.split('.').next().unwrap_or_default().replace('T', " ");
    format!("{seconds} UTC ({age})")
}

/// The daemon writes instants in one form only; a text in any other form is just a text.
fn instant(text: &str) -> Option<Timestamp> {
    let at: Timestamp = text.parse().ok()?;
    (at.rfc3339() == text).then_some(at)
}

fn is_priority(name: &str) -> bool {
    name.rsplit('/').next() == Some("priority")
}

fn tame(text: &str) -> String {
    let tame = |c: char| {
        // Marks that turn the direction of writing could make a line read as another one.
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c == '\t' {
            ' '
        } else if c.is_control() || turns {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(tame).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(name: &str, input: &Value, clock: Clock, expected: &str) {
        let now = "2026-03-01T02:05:00Z".parse().unwrap();
        let look = Look { now, width: None, colour: false };
        assert_eq!(value(name, input, clock, &look), expected, "{name} {input}");
    }

    #[test]
    fn values_are_written_for_people() {
        for (name, input, expected) in [
            ("assignee", json!(null), "-"),
            ("assignee", json!(""), "-"),
            ("flapping", json!(true), "true"),
            ("/priority", json!(1), "P1"),
            ("alert_count", json!(1), "1"),
            ("actions", json!(["note", "hold"]), "note, hold"),
            ("labels", json!({"job": "db", "zone": "a b"}), "job=db zone=a b"),
            ("opened_at", json!("2026-03-01T02:02:00.000Z"), "3m ago"),
            ("until", json!("2026-03-01T04:05:00.000Z"), "in 2h"),
            ("title", json!("2026-03-01"), "2026-03-01"),
            ("title", json!("two\nlines\tof  text"), "two lines of text"),
        ] {
            check(name, &input, Clock::Age, expected);
        }
        let at = json!("2026-03-01T02:04:01.500Z");
        check("at", &at, Clock::Both, "2026-03-01 02:04:01 UTC (58s ago)");
    }

    #[test]
    fn a_terminal_obeys_nothing_that_monitoring_sent() {
        check(
            "title",
            &json!("red \u{1b}[31malert\u{7}"),
            Clock::Age,
            "red \u{fffd}[31malert\u{fffd}",
        );
        check("title", &json!("a\u{202e}b"), Clock::Age, "a\u{fffd}b");
    }

    #[test]
    fn ages_have_one_unit() {
        let now = Timestamp(1_000_000_000);
        for (ms, expected) in [
            (0, "0s ago"),
            (119_999, "119s ago"),
            (120_000, "2m ago"),
            (7_200_000, "2h ago"),
            (172_800_000, "2d ago"),
            (-90_000, "in 90s"),
        ] {
            assert_eq!(age(Timestamp(now.0 - ms), now), expected, "{ms} ms");
        }
    }
}
