//! Values as JSON, the way Go's `encoding/json` writes them.

use super::Value;
use super::date;
use super::limit::{Bounded, Why};
use super::number;
use super::print::alertname_first;

/// Writes a value as JSON. Characters that mean something to HTML are escaped, as in Go.
pub(super) fn write(value: &Value, out: &mut Bounded) -> Result<(), Why> {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) | Value::Duration(number) => out.push_str(&number.to_string()),
        Value::Float(float) if !float.is_finite() => {
            Err(format!("JSON cannot say {}", number::shortest(*float)).into())
        }
        Value::Float(float) => out.push_str(&number::json(*float)),
        Value::Text(text) | Value::Html(text) | Value::Url(text) => string(text, out),
        Value::Time(at) => string(&date::rfc3339(*at, &jiff::tz::TimeZone::UTC), out),
        Value::Zoned(at, zone) => string(&date::rfc3339(*at, zone), out),
        Value::List(items) | Value::Alerts(items) => {
            out.push('[')?;
            for (i, item) in items.iter().enumerate() {
                comma(i, out)?;
                write(item, out)?;
            }
            out.push(']')
        }
        Value::Map(fields) => {
            let is_struct = is_struct(|name| fields.contains_key(name));
            out.push('{')?;
            for (i, (name, value)) in fields.iter().enumerate() {
                comma(i, out)?;
                let name = if is_struct { field_name(name) } else { name.clone() };
                string(&name, out)?;
                out.push(':')?;
                write(value, out)?;
            }
            out.push('}')
        }
        Value::Kv(labels) => {
            let mut pairs = alertname_first(labels);
            pairs.sort_unstable();
            out.push('{')?;
            for (i, (name, value)) in pairs.into_iter().enumerate() {
                comma(i, out)?;
                string(name, out)?;
                out.push(':')?;
                string(value, out)?;
            }
            out.push('}')
        }
        Value::Pairs(pairs) => {
            out.push('[')?;
            for (i, (name, value)) in pairs.iter().enumerate() {
                comma(i, out)?;
                out.push_str("{\"Name\":")?;
                string(name, out)?;
                out.push_str(",\"Value\":")?;
                string(value, out)?;
                out.push('}')?;
            }
            out.push(']')
        }
    }
}

fn comma(i: usize, out: &mut Bounded) -> Result<(), Why> {
    if i > 0 { out.push(',') } else { Ok(()) }
}

/// Alertmanager's data and alerts are structs whose JSON names differ from their field names.
fn is_struct(has: impl Fn(&str) -> bool) -> bool {
    let is_alert = has("Status") && has("Labels") && has("Annotations");
    is_alert || (has("Status") && has("Alerts") && has("GroupLabels"))
}

fn field_name(name: &str) -> String {
    if name == "NotificationReason" {
        return "notification_reason".to_owned();
    }
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn string(text: &str, out: &mut Bounded) -> Result<(), Why> {
    out.push('"')?;
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\"")?,
            '\\' => out.push_str("\\\\")?,
            '\n' => out.push_str("\\n")?,
            '\r' => out.push_str("\\r")?,
            '\t' => out.push_str("\\t")?,
            '\u{8}' => out.push_str("\\b")?,
            '\u{c}' => out.push_str("\\f")?,
            '<' | '>' | '&' | '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)))?;
            }
            c => out.push(c)?,
        }
    }
    out.push('"')
}
