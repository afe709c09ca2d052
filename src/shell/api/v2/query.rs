//! What a reader of alerts wants to see.

use axum::http::StatusCode;
use axum::response::Response;
use regex::{Regex, RegexBuilder};

use super::reply;
use super::sieve::Sieve;
use crate::domain::value::Matchers;
use crate::domain::value::matcher::{ParseMode, parse_one};

/// Alertmanager's code for a value of the wrong type.
const CODE_TYPE: u16 = 601;

/// More than this in one compiled pattern is a mistake or an attack.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Parameters of one query.
const PARAMETERS_MAX: usize = 256;

/// The parameters of `/alerts` and `/alerts/groups`.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Alerts of which people are told.
    pub(super) active: bool,
    /// All must hold.
    pub(super) filter: Matchers,
    /// Only these receivers.
    pub(super) receiver: Option<Regex>,
    /// Conditions on receivers, of which only the name is known.
    pub(super) receiver_matchers: Matchers,
}

impl Wanted {
    /// Reads a query string. Parameters that are not known are passed over, as Alertmanager does.
    ///
    /// # Errors
    /// Answers as Alertmanager does what makes no sense.
    #[expect(clippy::result_large_err, reason = "the error is the answer, made once a request")]
    pub(super) fn read(pairs: &[(String, String)], mode: ParseMode) -> Result<Self, Response> {
        let mut wanted = Self {
            active: true,
            filter: Matchers::new(),
            receiver: None,
            receiver_matchers: Matchers::new(),
        };
        if pairs.len() > PARAMETERS_MAX {
            let text = format!("more than {PARAMETERS_MAX} query parameters");
            return Err(reply::text(StatusCode::BAD_REQUEST, &text));
        }
        for (name, value) in pairs {
            match name.as_str() {
                "active" => wanted.active = boolean(name, value)?,
                // Nothing is silenced, inhibited, muted or left unprocessed yet: taking none of
                // them away takes nothing away.
                "silenced" | "inhibited" | "muted" | "unprocessed" => {
                    boolean(name, value)?;
                }
                "filter" => wanted.filter.push(matcher(value, mode)?),
                "receiver_matchers" => wanted.receiver_matchers.push(matcher(value, mode)?),
                "receiver" if !value.is_empty() => wanted.receiver = Some(pattern(value)?),
                _ => {}
            }
        }
        Ok(wanted)
    }

    /// What finds the alerts that fulfil every condition.
    pub(super) fn sieve(&self) -> Sieve<'_> {
        Sieve::new(self)
    }

    /// Tells whether the query says nothing about receivers.
    pub(super) fn any_receiver(&self) -> bool {
        self.receiver.is_none() && self.receiver_matchers.is_empty()
    }

    /// Tells whether a receiver is wanted. Its only label is its name.
    pub(super) fn wants_receiver(&self, receiver: &str) -> bool {
        let label = |name: &str| if name == "name" { receiver } else { "" };
        self.receiver.as_ref().is_none_or(|pattern| pattern.is_match(receiver))
            && self.receiver_matchers.iter().all(|m| m.matches(label(&m.name)))
    }
}

#[expect(clippy::result_large_err, reason = "the error is the answer, made once a request")]
fn boolean(name: &str, value: &str) -> Result<bool, Response> {
    match value {
        "true" | "1" | "t" | "T" | "TRUE" | "True" => Ok(true),
        "false" | "0" | "f" | "F" | "FALSE" | "False" => Ok(false),
        _ => {
            let text = format!("{name} in query must be of type boolean: {value:?}");
            Err(reply::object(StatusCode::UNPROCESSABLE_ENTITY, CODE_TYPE, &text))
        }
    }
}

#[expect(clippy::result_large_err, reason = "the error is the answer, made once a request")]
fn matcher(value: &str, mode: ParseMode) -> Result<crate::domain::value::Matcher, Response> {
    parse_one(value, mode).map_err(|error| {
        let text = format!("bad matcher format: {value}: {error}");
        reply::text(StatusCode::BAD_REQUEST, &text)
    })
}

#[expect(clippy::result_large_err, reason = "the error is the answer, made once a request")]
fn pattern(value: &str) -> Result<Regex, Response> {
    let pattern =
        RegexBuilder::new(&format!("^(?:{value})$")).size_limit(PATTERN_BYTES_MAX).build();
    pattern.map_err(|error| {
        let text = format!("failed to parse receiver param: {value}: {error}");
        reply::text(StatusCode::BAD_REQUEST, &text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::Matcher;
    use crate::domain::value::matcher::Operator;

    fn read(pairs: &[(&str, &str)]) -> Result<Wanted, u16> {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Wanted::read(&pairs, ParseMode::Fallback).map_err(|response| response.status().as_u16())
    }

    #[test]
    fn a_query_is_read_as_alertmanager_reads_it() {
        assert!(read(&[]).unwrap().active);
        assert!(!read(&[("active", "false"), ("silenced", "true")]).unwrap().active);
        assert!(read(&[("whatever", "x"), ("receiver", "")]).unwrap().any_receiver());
        assert_eq!(read(&[("inhibited", "maybe")]).unwrap_err(), 422);
        assert_eq!(read(&[("receiver", "(")]).unwrap_err(), 400);
        assert_eq!(read(&[("filter", "=~=")]).unwrap_err(), 400);
        assert_eq!(read(&vec![("x", "y"); 300]).unwrap_err(), 400);
    }

    #[test]
    fn receivers_are_matched_whole_and_by_name() {
        let mut wanted = read(&[("receiver", "web|mail")]).unwrap();
        assert!(wanted.wants_receiver("web") && !wanted.wants_receiver("webhook"));
        let matcher = Matcher::new("name", Operator::NotEqual, "web").unwrap();
        wanted.receiver_matchers.push(matcher);
        assert!(wanted.wants_receiver("mail") && !wanted.wants_receiver("web"));
    }
}
