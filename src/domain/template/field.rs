//! `.Name`: fields of maps, and the methods that Go's types have.

use jiff::tz::TimeZone;

use super::Value;
use super::date;
use super::function::{between, printed};
use super::limit::Why;
use super::number;
use super::print::alertname_first;
use crate::domain::value::Timestamp;

/// Looks a field up, or calls a method.
///
/// A field of nothing is nothing, so that a message with a hole is sent rather than none. Go
/// fails there.
pub(super) fn field(value: &Value, name: &str, arguments: &[Value]) -> Result<Value, Why> {
    match value {
        Value::Nil => Ok(Value::Nil),
        Value::Map(fields) => {
            plain(name, arguments)?;
            Ok(fields.get(name).cloned().unwrap_or_default())
        }
        Value::Kv(labels) => match (name, arguments) {
            ("SortedPairs", []) => Ok(pairs(alertname_first(labels))),
            ("Names", []) => Ok(Value::list(alertname_first(labels).into_iter().map(|p| p.0))),
            ("Values", []) => Ok(Value::list(alertname_first(labels).into_iter().map(|p| p.1))),
            ("String", []) => printed(value).map(Value::from),
            ("Remove", [names]) => Ok(Value::from(labels.without(&texts(names)?))),
            ("SortedPairs" | "Names" | "Values" | "String" | "Remove", _) => {
                Err(wrong_count(name, arguments))
            }
            _ => {
                plain(name, arguments)?;
                Ok(Value::from(labels.get(name)))
            }
        },
        Value::Pairs(list) => match (name, arguments) {
            ("Names", []) => Ok(Value::list(list.iter().map(|(name, _)| name.as_str()))),
            ("Values", []) => Ok(Value::list(list.iter().map(|(_, value)| value.as_str()))),
            ("String", []) => printed(value).map(Value::from),
            _ => Err(unknown(value, name)),
        },
        Value::Alerts(alerts) => match (name, arguments) {
            ("Firing", []) => Ok(with_status(alerts, "firing")),
            ("Resolved", []) => Ok(with_status(alerts, "resolved")),
            _ => Err(unknown(value, name)),
        },
        Value::List(_) => match (name, arguments) {
            ("Join", [separator]) => super::function::join(separator, value),
            _ => Err(unknown(value, name)),
        },
        Value::Time(at) => of_time(*at, &TimeZone::UTC, name, arguments),
        Value::Zoned(at, zone) => of_time(*at, zone, name, arguments),
        Value::Duration(nanoseconds) => of_duration(*nanoseconds, name, arguments),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Html(_)
        | Value::Url(_) => Err(unknown(value, name)),
    }
}

fn plain(name: &str, arguments: &[Value]) -> Result<(), Why> {
    if arguments.is_empty() {
        return Ok(());
    }
    Err(format!(".{name} is no method, so it takes no arguments").into())
}

fn wrong_count(name: &str, arguments: &[Value]) -> Why {
    format!(".{name} does not take {} arguments", arguments.len()).into()
}

fn unknown(value: &Value, name: &str) -> Why {
    format!("{} has no field or method .{name}", value.type_name()).into()
}

fn pairs(pairs: Vec<(&str, &str)>) -> Value {
    let owned = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Value::Pairs(std::sync::Arc::new(owned.collect()))
}

fn texts(names: &Value) -> Result<Vec<String>, Why> {
    match names {
        Value::List(names) => names.iter().map(printed).collect(),
        Value::Nil => Ok(Vec::new()),
        other => Err(format!("a list of names is expected, not {}", other.type_name()).into()),
    }
}

fn with_status(alerts: &[Value], status: &str) -> Value {
    let has_status = |alert: &&Value| {
        let Value::Map(fields) = alert else { return false };
        fields.get("Status").and_then(Value::as_text) == Some(status)
    };
    Value::alerts(alerts.iter().filter(has_status).cloned())
}

fn of_time(at: Timestamp, zone: &TimeZone, name: &str, arguments: &[Value]) -> Result<Value, Why> {
    let clock = date::clock(at, zone);
    let count = |number: i16| Ok(Value::Int(i64::from(number)));
    match (name, arguments) {
        ("Format", [Value::Text(layout)]) => Ok(Value::from(date::format(at, zone, layout))),
        ("String", []) => Ok(Value::from(date::display(at, zone))),
        ("Unix", []) => Ok(Value::Int(at.0.div_euclid(1_000))),
        ("UnixMilli", []) => Ok(Value::Int(at.0)),
        ("UnixNano", []) => Ok(Value::Int(at.0.saturating_mul(1_000_000))),
        ("UTC" | "Local", []) => Ok(Value::Time(at)),
        ("IsZero", []) => Ok(Value::Bool(at == Timestamp::GO_ZERO)),
        ("Sub", [other]) => Ok(between(at, instant(other)?)),
        ("Add", [length]) => {
            let length = nanoseconds(length)?;
            let later = Timestamp(at.0.saturating_add(length / 1_000_000));
            Ok(Value::Zoned(later, zone.clone()))
        }
        ("Before", [other]) => Ok(Value::Bool(at < instant(other)?)),
        ("After", [other]) => Ok(Value::Bool(at > instant(other)?)),
        ("Equal", [other]) => Ok(Value::Bool(at == instant(other)?)),
        ("Year", []) => count(clock.year()),
        ("Month", []) => Ok(Value::from(date::month_name(&clock))),
        ("Weekday", []) => Ok(Value::from(date::weekday_name(&clock))),
        ("YearDay", []) => count(clock.day_of_year()),
        ("Day", []) => count(clock.day().into()),
        ("Hour", []) => count(clock.hour().into()),
        ("Minute", []) => count(clock.minute().into()),
        ("Second", []) => count(clock.second().into()),
        _ => Err(format!("time.Time has no method .{name} for these arguments").into()),
    }
}

fn instant(value: &Value) -> Result<Timestamp, Why> {
    match value {
        Value::Time(at) | Value::Zoned(at, _) => Ok(*at),
        other => Err(format!("a time is expected, not {}", other.type_name()).into()),
    }
}

/// A duration as an argument. Go takes a constant such as `28800e9` for whole.
fn nanoseconds(value: &Value) -> Result<i64, Why> {
    match value {
        Value::Int(length) | Value::Duration(length) => Ok(*length),
        Value::Float(length) if length.fract() == 0.0 => format!("{length:.0}")
            .parse()
            .map_err(|_| Why::from("this is longer than a duration can be")),
        other => Err(format!("a duration is expected, not {}", other.type_name()).into()),
    }
}

fn of_duration(nanoseconds: i64, name: &str, arguments: &[Value]) -> Result<Value, Why> {
    let seconds = number::seconds(nanoseconds);
    match (name, arguments) {
        ("String", []) => Ok(Value::from(number::duration(nanoseconds))),
        ("Nanoseconds", []) => Ok(Value::Int(nanoseconds)),
        ("Milliseconds", []) => Ok(Value::Int(nanoseconds / 1_000_000)),
        ("Seconds", []) => Ok(Value::Float(seconds)),
        ("Minutes", []) => Ok(Value::Float(seconds / 60.0)),
        ("Hours", []) => Ok(Value::Float(seconds / 3_600.0)),
        ("Truncate", [unit]) => {
            let unit = self::nanoseconds(unit)?.max(1);
            Ok(Value::Duration(nanoseconds - nanoseconds % unit))
        }
        ("Round", [unit]) => {
            let unit = self::nanoseconds(unit)?.max(1);
            let rest = nanoseconds % unit;
            let away = if rest.abs() >= unit - rest.abs() { unit } else { 0 };
            let down = nanoseconds - rest;
            Ok(Value::Duration(down.saturating_add(away * nanoseconds.signum())))
        }
        _ => Err(format!("time.Duration has no method .{name} for these arguments").into()),
    }
}
