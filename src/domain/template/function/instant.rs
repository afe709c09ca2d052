//! Functions on times and durations.

use jiff::tz::TimeZone;

use super::super::{date as calendar, number};
use super::text::text;
use super::{Value, Why};
use crate::domain::value::Timestamp;

const NANOSECONDS_PER_MS: i64 = 1_000_000;

fn instant(value: &Value) -> Result<(Timestamp, TimeZone), Why> {
    match value {
        Value::Time(at) => Ok((*at, TimeZone::UTC)),
        Value::Zoned(at, zone) => Ok((*at, zone.clone())),
        other => Err(format!("a time is expected, not {}", other.type_name()).into()),
    }
}

/// The time between two instants. What is longer than Go can count becomes the longest.
pub(in super::super) fn between(later: Timestamp, earlier: Timestamp) -> Value {
    Value::Duration(later.0.saturating_sub(earlier.0).saturating_mul(NANOSECONDS_PER_MS))
}

pub(super) fn since([value]: &[Value; 1], now: Timestamp) -> Result<Value, Why> {
    Ok(between(now, instant(value)?.0))
}

pub(super) fn date([layout, value]: &[Value; 2]) -> Result<Value, Why> {
    let (at, zone) = instant(value)?;
    Ok(Value::from(calendar::format(at, &zone, &text(layout)?)))
}

pub(super) fn tz([name, value]: &[Value; 2]) -> Result<Value, Why> {
    Ok(Value::Zoned(instant(value)?.0, calendar::zone(&text(name)?)?))
}

/// Text that is no time becomes Go's zero time.
pub(super) fn to_date(arguments: &[Value; 2]) -> Value {
    must_to_date(arguments).unwrap_or(Value::Time(Timestamp::GO_ZERO))
}

pub(super) fn must_to_date([layout, value]: &[Value; 2]) -> Result<Value, Why> {
    calendar::parse(&text(layout)?, &text(value)?).map(Value::Time)
}

pub(super) fn humanize_duration([value]: &[Value; 1]) -> Result<Value, Why> {
    let seconds = match value {
        Value::Duration(nanoseconds) => number::seconds(*nanoseconds),
        Value::Float(seconds) => *seconds,
        Value::Int(seconds) => number::float(*seconds),
        Value::Text(text) => {
            text.parse().map_err(|_| Why::from(format!("{text:?} is no number of seconds")))?
        }
        other => return Err(format!("a duration is expected, not {}", other.type_name()).into()),
    };
    Ok(Value::from(number::humanized_duration(seconds)))
}
