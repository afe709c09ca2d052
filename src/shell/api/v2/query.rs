//! What a reader of alerts wants to see.

use axum::http::StatusCode;
use axum::response::Response;
use regex::{Regex, RegexBuilder};

use super::reply;
use super::sieve::Sieve;
use crate::domain::event::{Alert, suppress};
use crate::domain::value::matcher::{ParseMode, parse_one};
use crate::domain::value::{Labels, Matcher, Matchers};
use crate::domain::{Settings, State};

/// Alertmanager's code for a value of the wrong type.
pub(super) const CODE_TYPE: u16 = 601;

/// More than this in one compiled pattern is a mistake or an attack.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Parameters of one query.
const PARAMETERS_MAX: usize = 256;

/// The parameters of `/alerts` and `/alerts/groups`.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of Alertmanager's")]
pub(super) struct Wanted {
    /// Alerts of which people are told.
    pub(super) active: bool,
    /// Alerts that somebody silenced.
    pub(super) silenced: bool,
    /// Alerts that others inhibit.
    pub(super) inhibited: bool,
    /// Groups whose route is muted.
    pub(super) muted: bool,
    /// All must hold.
    pub(super) filter: Matchers,
    /// Only these receivers.
    pub(super) receiver: Option<Regex>,
    /// Conditions on the labels of receivers.
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
            silenced: true,
            inhibited: true,
            muted: true,
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
                "silenced" => wanted.silenced = boolean(name, value)?,
                "inhibited" => wanted.inhibited = boolean(name, value)?,
                "muted" => wanted.muted = boolean(name, value)?,
                // No alert is ever unprocessed.
                "unprocessed" => {
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

    /// Tells whether what suppresses an alert, or the lack of it, is as it is wanted.
    pub(super) fn fits_status(&self, state: &State, alert: &Alert) -> bool {
        if self.active && self.silenced && self.inhibited {
            return true;
        }
        let suppression = suppress::suppression(state, alert);
        (self.active || suppression.is_suppressed())
            && (self.silenced || suppression.silenced_by.is_empty())
            && (self.inhibited || suppression.inhibited_by.is_empty())
    }

    /// The receivers that are wanted, found once for the whole request.
    pub(super) fn receivers<'a>(&self, settings: &'a Settings) -> Chosen<'a> {
        let fits = |labels: &&Labels| {
            let name = labels.get("name");
            self.receiver.as_ref().is_none_or(|pattern| pattern.is_match(name))
                && self.receiver_matchers.iter().all(|m| m.matches(labels.get(&m.name)))
        };
        Chosen {
            all: self.receiver.is_none() && self.receiver_matchers.is_empty(),
            labels: settings.receiver_labels.iter().filter(fits).collect(),
        }
    }
}

/// The receivers that a query is about.
#[derive(Debug)]
pub(super) struct Chosen<'a> {
    /// The query says nothing about receivers.
    pub(super) all: bool,
    /// Their labels, in the order of the file.
    pub(super) labels: Vec<&'a Labels>,
}

impl Chosen<'_> {
    /// Tells whether a receiver is wanted.
    pub(super) fn has(&self, receiver: &str) -> bool {
        self.all || self.labels.iter().any(|labels| labels.get("name") == receiver)
    }
}

#[expect(clippy::result_large_err, reason = "the error is the answer, made once a request")]
pub(super) fn boolean(name: &str, value: &str) -> Result<bool, Response> {
    match value.to_ascii_lowercase().as_str() {
        // Alertmanager takes every one of these for true, and nothing at all for the default.
        "" | "true" | "1" | "yes" | "ok" | "y" | "on" | "selected" | "checked" | "t"
        | "enabled" => Ok(true),
        // There whatever else is typed is false. A slip is better told than taken for an answer.
        "false" | "0" | "no" | "n" | "off" | "f" | "unselected" | "unchecked" | "disabled" => {
            Ok(false)
        }
        _ => {
            let text = format!("{name} in query must be of type boolean: {value:?}");
            Err(reply::object(StatusCode::UNPROCESSABLE_ENTITY, CODE_TYPE, &text))
        }
    }
}

#[expect(clippy::result_large_err, reason = "the error is the answer, made once a request")]
pub(super) fn matcher(value: &str, mode: ParseMode) -> Result<Matcher, Response> {
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
        // The last line says what is wrong; those before it draw where.
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let text =
            format!("failed to parse receiver param: error parsing regexp: {why}: `^(?:{value})$`");
        reply::text(StatusCode::BAD_REQUEST, &text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Wanted, u16> {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Wanted::read(&pairs, ParseMode::Fallback).map_err(|response| response.status().as_u16())
    }

    #[test]
    fn a_query_is_read_as_alertmanager_reads_it() {
        assert!(read(&[]).unwrap().active);
        assert!(!read(&[("active", "false"), ("silenced", "true")]).unwrap().active);
        let wanted = read(&[("silenced", "0"), ("inhibited", "f"), ("muted", "false")]).unwrap();
        assert!(wanted.active && !wanted.silenced && !wanted.inhibited && !wanted.muted);
        assert!(read(&[("whatever", "x"), ("receiver", "")]).unwrap().receiver.is_none());
        for (text, expected) in
            [("yes", true), ("On", true), ("", true), ("0", false), ("no", false)]
        {
            assert_eq!(read(&[("active", text)]).unwrap().active, expected, "{text}");
        }
        assert_eq!(read(&[("inhibited", "maybe")]).unwrap_err(), 422);
        assert_eq!(read(&[("receiver", "(")]).unwrap_err(), 400);
        assert_eq!(read(&[("filter", "=~=")]).unwrap_err(), 400);
        assert_eq!(read(&vec![("x", "y"); 300]).unwrap_err(), 400);
    }

    #[test]
    fn receivers_are_chosen_by_name_and_labels() {
        let labels = |name, team| Labels::new([("name", name), ("team", team)]);
        let receiver_labels = vec![labels("web", "a"), labels("webhook", "a"), labels("mail", "b")];
        let settings = Settings { receiver_labels, ..Settings::default() };
        let check = |query: &[(&str, &str)], expected: &[&str]| {
            let wanted = read(query).unwrap();
            let chosen = wanted.receivers(&settings);
            let names: Vec<_> = chosen.labels.iter().map(|labels| labels.get("name")).collect();
            assert_eq!(names, expected, "{query:?}");
            assert!(expected.iter().all(|name| chosen.has(name)), "{query:?}");
        };
        check(&[], &["web", "webhook", "mail"]);
        check(&[("receiver", "web|mail")], &["web", "mail"]);
        check(&[("receiver", "web.*"), ("receiver_matchers", "name!=web")], &["webhook"]);
        check(&[("receiver_matchers", "team=\"b\"")], &["mail"]);
        check(
            &[("receiver_matchers", "team=~\"a|b\""), ("receiver_matchers", "desk=\"\"")],
            &["web", "webhook", "mail"],
        );
    }
}
