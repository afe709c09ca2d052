//! Functions on lists and maps.

use std::sync::Arc;

use super::super::limit::{Bounded, VALUE_DEPTH_MAX, VALUE_PARTS_MAX};
use super::super::print;
use super::text::text;
use super::{Value, Why};

pub(super) fn len(value: &Value) -> Result<Value, Why> {
    count(value).map(Value::from)
}

fn count(value: &Value) -> Result<usize, Why> {
    Ok(match value {
        Value::Text(text) | Value::Html(text) | Value::Url(text) => text.len(),
        Value::List(items) | Value::Alerts(items) => items.len(),
        Value::Map(fields) => fields.len(),
        Value::Kv(labels) => labels.len(),
        Value::Pairs(pairs) => pairs.len(),
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Time(_)
        | Value::Zoned(..)
        | Value::Duration(_) => {
            return Err(format!("{} has no length", value.type_name()).into());
        }
    })
}

pub(super) fn index(arguments: &[Value]) -> Result<Value, Why> {
    let Some((collection, keys)) = arguments.split_first() else {
        return Err("there is nothing to look into".into());
    };
    keys.iter().try_fold(collection.clone(), |value, key| at(&value, key))
}

fn at(collection: &Value, key: &Value) -> Result<Value, Why> {
    match collection {
        Value::List(items) | Value::Alerts(items) => {
            let i = position(key, items.len().saturating_sub(1))?;
            items.get(i).cloned().ok_or_else(|| out_of_range(i))
        }
        Value::Pairs(pairs) => {
            let i = position(key, pairs.len().saturating_sub(1))?;
            let (name, value) = pairs.get(i).ok_or_else(|| out_of_range(i))?;
            Ok(Value::pair(name, value))
        }
        Value::Text(text) | Value::Html(text) | Value::Url(text) => {
            let i = position(key, text.len().saturating_sub(1))?;
            let byte = text.as_bytes().get(i).ok_or_else(|| out_of_range(i))?;
            Ok(Value::Int(i64::from(*byte)))
        }
        Value::Kv(labels) => Ok(Value::from(labels.get(&text(key)?))),
        Value::Map(fields) => Ok(fields.get(&*text(key)?).cloned().unwrap_or_default()),
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Time(_)
        | Value::Zoned(..)
        | Value::Duration(_) => {
            Err(format!("one cannot look into {}", collection.type_name()).into())
        }
    }
}

fn position(key: &Value, max: usize) -> Result<usize, Why> {
    let Value::Int(number) = key else {
        return Err(format!("a position is a number, not {}", key.type_name()).into());
    };
    usize::try_from(*number)
        .ok()
        .filter(|i| *i <= max)
        .ok_or_else(|| format!("position {number} is out of range").into())
}

fn out_of_range(i: usize) -> Why {
    format!("position {i} is out of range").into()
}

pub(super) fn slice(arguments: &[Value]) -> Result<Value, Why> {
    let Some((value, bounds)) = arguments.split_first() else {
        return Err("there is nothing to cut".into());
    };
    let length = count(value)?;
    let from = bounds.first().map_or(Ok(0), |bound| position(bound, length))?;
    let to = bounds.get(1).map_or(Ok(length), |bound| position(bound, length))?;
    if bounds.len() > 3 || from > to {
        return Err(format!("{from} to {to} is no stretch of it").into());
    }
    match value {
        Value::List(items) => Ok(Value::List(Arc::new(items[from..to].to_vec()))),
        Value::Alerts(items) => Ok(Value::Alerts(Arc::new(items[from..to].to_vec()))),
        Value::Pairs(pairs) => Ok(Value::Pairs(Arc::new(pairs[from..to].to_vec()))),
        Value::Text(text) | Value::Html(text) | Value::Url(text) if bounds.len() < 3 => {
            // Go cuts bytes; half a character would be no text.
            Ok(Value::from(String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()))
        }
        other => Err(format!("{} cannot be cut", other.type_name()).into()),
    }
}

pub(super) fn list(items: &[Value]) -> Result<Value, Why> {
    let mut parts = 0;
    items.iter().try_for_each(|item| shallow(item, 1, &mut parts))?;
    Ok(Value::list(items.iter().cloned()))
}

pub(super) fn append(arguments: &[Value]) -> Result<Value, Why> {
    let Some((first, more)) = arguments.split_first() else {
        return Err("there is no list to append to".into());
    };
    let mut items = match first {
        Value::List(items) | Value::Alerts(items) => items.to_vec(),
        Value::Nil => Vec::new(),
        other => return Err(format!("a list is expected, not {}", other.type_name()).into()),
    };
    let mut parts = items.len();
    more.iter().try_for_each(|item| shallow(item, 1, &mut parts))?;
    items.extend_from_slice(more);
    Ok(Value::List(Arc::new(items)))
}

pub(super) fn string_slice(items: &[Value]) -> Result<Value, Why> {
    items.iter().map(text).collect::<Result<Vec<_>, _>>().map(Value::list)
}

pub(super) fn dict(arguments: &[Value]) -> Result<Value, Why> {
    let (pairs, []) = arguments.as_chunks::<2>() else {
        return Err("names and values come in pairs".into());
    };
    let mut fields = Vec::with_capacity(pairs.len());
    let mut parts = 0;
    for [name, value] in pairs {
        shallow(value, 1, &mut parts)?;
        fields.push((text(name)?.to_string(), value.clone()));
    }
    Ok(Value::map(fields))
}

/// Refuses values that nest too deep, or have too many parts, to be walked on a small stack in
/// little time. Lists can share their parts, so counting has to stop by itself.
fn shallow(value: &Value, depth: usize, parts: &mut usize) -> Result<(), Why> {
    *parts += 1;
    if depth > VALUE_DEPTH_MAX || *parts > VALUE_PARTS_MAX {
        let why = format!(
            "a value nests deeper than {VALUE_DEPTH_MAX} or has more than {VALUE_PARTS_MAX} parts"
        );
        return Err(why.into());
    }
    if let Value::List(items) = value {
        items.iter().try_for_each(|item| shallow(item, depth + 1, parts))?;
    }
    if let Value::Map(fields) = value {
        fields.values().try_for_each(|item| shallow(item, depth + 1, parts))?;
    }
    Ok(())
}

pub(super) fn join([separator, items]: &[Value; 2]) -> Result<Value, Why> {
    let separator = text(separator)?;
    let items = match items {
        Value::List(items) => items,
        Value::Nil => return Ok(Value::from("")),
        other => return Err(format!("a list is expected, not {}", other.type_name()).into()),
    };
    let mut out = Bounded::default();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(&separator)?;
        }
        print::write(item, &mut out)?;
    }
    Ok(Value::from(out.into_string()))
}

/// A label of the route that the message was sent by.
pub(super) fn route_label([name]: &[Value; 1], data: &Value) -> Result<Value, Why> {
    let name = text(name)?;
    let Value::Map(fields) = data else { return Ok(Value::from("")) };
    let Some(Value::Kv(labels)) = fields.get("RouteLabels") else { return Ok(Value::from("")) };
    Ok(Value::from(labels.get(&name)))
}
