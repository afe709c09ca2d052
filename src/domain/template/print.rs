//! How values look when they are printed: Go's `%v`, `print` and `println`.

use super::Value;
use super::date;
use super::limit::{Bounded, Why};
use super::number;

/// Prints a value as `%v` does.
pub(super) fn write(value: &Value, out: &mut Bounded) -> Result<(), Why> {
    match value {
        Value::Nil => out.push_str("<nil>"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(float) => out.push_str(&number::shortest(*float)),
        Value::Text(text) | Value::Html(text) | Value::Url(text) => out.push_str(text),
        Value::Time(at) => out.push_str(&date::display(*at, &jiff::tz::TimeZone::UTC)),
        Value::Zoned(at, zone) => out.push_str(&date::display(*at, zone)),
        Value::Duration(nanoseconds) => out.push_str(&number::duration(*nanoseconds)),
        Value::List(items) | Value::Alerts(items) => {
            out.push('[')?;
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(' ')?;
                }
                write(item, out)?;
            }
            out.push(']')
        }
        Value::Map(fields) => {
            out.push_str("map[")?;
            for (i, (name, value)) in fields.iter().enumerate() {
                if i > 0 {
                    out.push(' ')?;
                }
                out.push_str(name)?;
                out.push(':')?;
                write(value, out)?;
            }
            out.push(']')
        }
        Value::Kv(labels) => pairs(alertname_first(labels).into_iter(), out),
        Value::Pairs(list) => pairs(list.iter().map(|(n, v)| (n.as_str(), v.as_str())), out),
    }
}

/// Names with values, sorted by name but for `alertname`, which leads.
pub(super) fn alertname_first(labels: &crate::domain::value::Labels) -> Vec<(&str, &str)> {
    let mut pairs: Vec<_> = labels.iter().collect();
    // Stable: the others keep their order.
    pairs.sort_by_key(|(name, _)| *name != "alertname");
    pairs
}

fn pairs<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    out: &mut Bounded,
) -> Result<(), Why> {
    for (i, (name, value)) in pairs.enumerate() {
        for part in [if i == 0 { "" } else { ", " }, name, "=", value] {
            out.push_str(part)?;
        }
    }
    Ok(())
}

/// Prints several values as Go's `fmt.Sprint` does: a space between two that are no texts.
pub(super) fn sprint(values: &[Value]) -> Result<String, Why> {
    let mut out = Bounded::default();
    for (i, value) in values.iter().enumerate() {
        let spaced = i > 0 && value.as_text().is_none() && values[i - 1].as_text().is_none();
        if spaced {
            out.push(' ')?;
        }
        write(value, &mut out)?;
    }
    Ok(out.into_string())
}

/// Prints several values as Go's `fmt.Sprintln` does: spaces between, a line feed behind.
pub(super) fn sprintln(values: &[Value]) -> Result<String, Why> {
    let mut out = Bounded::default();
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push(' ')?;
        }
        write(value, &mut out)?;
    }
    out.push('\n')?;
    Ok(out.into_string())
}
