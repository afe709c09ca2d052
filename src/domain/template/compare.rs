//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`: which values compare, and how.

use std::cmp::Ordering;

use super::Value;
use super::limit::Why;

/// The kinds that Go's templates compare. Only values of one kind have an order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    match value {
        Value::Bool(truth) => Some(Basic::Bool(*truth)),
        Value::Int(number) | Value::Duration(number) => Some(Basic::Int(*number)),
        Value::Float(number) => Some(Basic::Float(*number)),
        Value::Text(text) | Value::Html(text) | Value::Url(text) => Some(Basic::Text(text)),
        Value::Nil
        | Value::Time(_)
        | Value::Zoned(..)
        | Value::List(_)
        | Value::Map(_)
        | Value::Kv(_)
        | Value::Pairs(_)
        | Value::Alerts(_) => None,
    }
}

/// Tells whether two values are equal.
pub(super) fn equal(left: &Value, right: &Value) -> Result<bool, Why> {
    match (basic(left), basic(right)) {
        (Some(Basic::Bool(a)), Some(Basic::Bool(b))) => return Ok(a == b),
        (Some(Basic::Int(a)), Some(Basic::Int(b))) => return Ok(a == b),
        (Some(Basic::Float(a)), Some(Basic::Float(b))) => {
            return Ok(a.partial_cmp(&b) == Some(Ordering::Equal));
        }
        (Some(Basic::Text(a)), Some(Basic::Text(b))) => return Ok(a == b),
        _ => {}
    }
    if matches!(left, Value::Nil) || matches!(right, Value::Nil) {
        return Ok(matches!((left, right), (Value::Nil, Value::Nil)));
    }
    if let (Some(a), Some(b)) = (instant(left), instant(right)) {
        return Ok(a == b);
    }
    Err(incompatible(left, right))
}

fn instant(value: &Value) -> Option<i64> {
    if let Value::Time(at) | Value::Zoned(at, _) = value { Some(at.0) } else { None }
}

/// Which of two values comes first.
pub(super) fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, Why> {
    match (basic(left), basic(right)) {
        (Some(Basic::Int(a)), Some(Basic::Int(b))) => Ok(Some(a.cmp(&b))),
        (Some(Basic::Float(a)), Some(Basic::Float(b))) => Ok(a.partial_cmp(&b)),
        (Some(Basic::Text(a)), Some(Basic::Text(b))) => Ok(Some(a.cmp(b))),
        _ => Err(incompatible(left, right)),
    }
}

fn incompatible(left: &Value, right: &Value) -> Why {
    format!("{} and {} do not compare", left.type_name(), right.type_name()).into()
}
