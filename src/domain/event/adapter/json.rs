//! Looking into JSON of senders who keep to no schema: what is there is taken, whatever its type.

use std::borrow::Cow;

use serde_json::Value;

use super::{Unreadable, instant};
use crate::domain::value::{Labels, Timestamp};

/// Above this a number of seconds since 1970 would lie beyond the year 5000: it is milliseconds.
const EPOCH_SECONDS_MAX: f64 = 1e11;

/// Parses a body. What is no UTF-8 in it is replaced.
pub(super) fn parse(body: &[u8]) -> Result<Value, Unreadable> {
    serde_json::from_str(&utf8(body)).map_err(|error| Unreadable::Json(error.to_string()))
}

/// A body as text. The check for what is whole is much faster than the search for what is not.
pub(super) fn utf8(body: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed)
}

/// A value as one would write it down. `null` is the empty text.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Cow::Owned(value.to_string()),
        Value::Array(items) => {
            Cow::Owned(items.iter().map(text).collect::<Vec<Cow<str>>>().join(", "))
        }
    }
}

/// A field as text; the empty text if it is not there.
pub(super) fn field<'a>(object: &'a Value, name: &str) -> Cow<'a, str> {
    object.get(name).map(text).unwrap_or_default()
}

/// What stands at a JSON pointer (RFC 6901), if it is no object and no array; the empty text
/// otherwise.
pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> Cow<'a, str> {
    match value.pointer(pointer) {
        None | Some(Value::Object(_) | Value::Array(_)) => Cow::Borrowed(""),
        Some(scalar) => text(scalar),
    }
}

/// The first of some JSON pointers at which something stands that is no object and no array.
pub(super) fn first_of(value: &Value, pointers: &[&str]) -> String {
    let mut found = pointers.iter().map(|pointer| at(value, pointer));
    found.find(|text| !text.is_empty()).unwrap_or_default().into_owned()
}

/// Whether an object has any of these fields.
pub(super) fn has_any(object: &Value, names: &[&str]) -> bool {
    names.iter().any(|name| object.get(name).is_some())
}

/// The first element of an array, without a look at the others: `null` if there is none that makes
/// sense; nothing if the body is no array.
pub(super) fn first(body: &[u8]) -> Option<Value> {
    let rest = body.trim_ascii_start().strip_prefix(b"[")?;
    let mut elements = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
    Some(elements.next().and_then(Result::ok).unwrap_or_default())
}

/// An object's fields as pairs. Anything but an object or nothing is an error.
pub(super) fn pairs(object: &Value, name: &str) -> Result<Labels, String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(Labels::default()),
        Some(Value::Object(fields)) => {
            Ok(Labels::new(fields.iter().map(|(name, value)| (name, text(value)))))
        }
        Some(_) => Err(format!("`{name}` is not an object")),
    }
}

/// An instant: RFC 3339, or a number of seconds or milliseconds since 1970, also as text. Nothing
/// there, the empty text and Go's zero time are "none"; what cannot be read is an error.
pub(super) fn instant(value: &Value) -> Result<Option<Timestamp>, String> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::String(text) => match instant::parse(text) {
            Some(at) => return Ok(Some(at).filter(|at| *at != Timestamp::GO_ZERO)),
            None => text.parse().ok(),
        },
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let Some(number) = number.filter(|number| number.is_finite() && *number >= 0.0) else {
        let start: String = value.to_string().chars().take(64).collect();
        return Err(format!("{start} is not a time (RFC 3339 or seconds since 1970)"));
    };
    let ms = if number < EPOCH_SECONDS_MAX { number * 1_000.0 } else { number };
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what we want")]
    Ok(Some(ms as i64).filter(|ms| *ms > 0).map(Timestamp))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_come_in_many_forms() {
        let check = |value: Value, expected: Option<i64>| {
            assert_eq!(instant(&value).unwrap().map(|at| at.0), expected, "{value}");
        };
        check(json!("1970-01-01T00:00:01Z"), Some(1_000));
        check(json!("1970-01-01 00:00:01 UTC"), Some(1_000));
        check(json!("1970-01-01 01:00:01 +0100"), Some(1_000));
        check(json!("1970-01-01 01:00:01.25 +0100 CET"), Some(1_250));
        check(json!(1_700_000_000), Some(1_700_000_000_000));
        check(json!(1_700_000_000.25), Some(1_700_000_000_250));
        check(json!(1_700_000_000_250_u64), Some(1_700_000_000_250));
        check(json!("1700000000"), Some(1_700_000_000_000));
        check(json!(0), None);
        check(json!(""), None);
        check(json!(null), None);
        check(json!("0001-01-01T00:00:00Z"), None);
        for wrong in [json!("soon"), json!(-1), json!([1]), json!("inf")] {
            assert!(instant(&wrong).is_err(), "{wrong}");
        }
    }
}
