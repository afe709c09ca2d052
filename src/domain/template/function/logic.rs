//! `and`, `or` and the comparisons.

use std::cmp::Ordering;

use super::super::compare::{equal, order};
use super::{Value, Why, exactly};

/// The first argument that is false, or else the last.
pub(super) fn and(arguments: &[Value]) -> Result<Value, Why> {
    decide(arguments, false)
}

/// The first argument that is true, or else the last.
pub(super) fn or(arguments: &[Value]) -> Result<Value, Why> {
    decide(arguments, true)
}

fn decide(arguments: &[Value], truth: bool) -> Result<Value, Why> {
    let deciding = arguments.iter().find(|value| value.is_true() == truth);
    let Some(value) = deciding.or(arguments.last()) else {
        return Err("at least one argument is expected".into());
    };
    Ok(value.clone())
}

/// Tells whether the first argument equals one of the others.
pub(super) fn eq(arguments: &[Value]) -> Result<bool, Why> {
    let Some((first, others)) = arguments.split_first() else {
        return Err("there is nothing to compare".into());
    };
    if others.is_empty() {
        return Err("there is nothing to compare with".into());
    }
    for other in others {
        if equal(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn ne(arguments: &[Value]) -> Result<bool, Why> {
    let [left, right] = exactly(arguments)?;
    Ok(!equal(left, right)?)
}

pub(super) fn ordered(arguments: &[Value], holds: impl Fn(Ordering) -> bool) -> Result<bool, Why> {
    let [left, right] = exactly(arguments)?;
    Ok(order(left, right)?.is_some_and(holds))
}
