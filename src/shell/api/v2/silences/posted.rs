//! A silence as it is posted to API v2, read and checked in Alertmanager's order.

use serde_json::{Map, Value};

use crate::domain::silence::{Draft, Until};
use crate::domain::value::matcher::Operator;
use crate::domain::value::{Labels, Matcher, Matchers, Timestamp};

/// Alertmanager's codes for a field that must be there and is not, and for a list that is too
/// short.
const CODE_REQUIRED: u16 = 602;
const CODE_TOO_FEW: u16 = 612;

/// A posted silence.
#[derive(Debug, PartialEq)]
pub(super) struct Posted {
    /// The silence to be changed; empty for a new one.
    pub(super) id: String,
    /// What it is to be.
    pub(super) draft: Draft,
}

/// Why a body is no silence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// No JSON, or of other types than it has to be.
    #[error("parsing silence body from \"\" failed, because {0}")]
    Unreadable(String),
    /// Something is missing that must be there.
    #[error("{0} in body is required")]
    Missing(String),
    /// The list of matchers is empty.
    #[error("matchers in body should have at least 1 items")]
    NoMatchers,
    /// A matcher makes no sense.
    #[error("invalid silence: invalid label matcher {at}: {why}")]
    Invalid {
        /// Its place.
        at: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl Unfit {
    /// The code that clients of Alertmanager know.
    pub(super) fn code(&self) -> u16 {
        match self {
            Self::Unreadable(_) | Self::Invalid { .. } => 400,
            Self::Missing(_) => CODE_REQUIRED,
            Self::NoMatchers => CODE_TOO_FEW,
        }
    }
}

type Object = Map<String, Value>;

impl Posted {
    /// Reads a body. Where `utf8` is not set, labels have the names they had before Prometheus 3.
    ///
    /// # Errors
    /// When it is no such object, lacks something, or a matcher is none.
    pub(super) fn read(body: &[u8], utf8: bool) -> Result<Self, Unfit> {
        let text = String::from_utf8_lossy(body);
        if text.trim_ascii().is_empty() {
            return Err(Unfit::Missing("silence".to_owned()));
        }
        let value: Value =
            serde_json::from_str(&text).map_err(|error| Unfit::Unreadable(error.to_string()))?;
        let object = object(value, "the body")?;
        // All that has a wrong type is complained about before anything that is missing.
        let id = text_of(&object, "", "id")?.unwrap_or_default();
        let [comment, created_by] = ["comment", "createdBy"].map(|name| text_of(&object, "", name));
        let [ends_at, starts_at] = ["endsAt", "startsAt"].map(|name| instant_of(&object, name));
        let (comment, created_by, ends_at) = (comment?, created_by?, ends_at?);
        let (annotations, starts_at) = (annotations(&object)?, starts_at?);
        let matchers = matchers(&object)?;

        let comment = required(comment, "comment")?;
        let created_by = required(created_by, "createdBy")?;
        let ends_at = required(ends_at, "endsAt")?;
        let matchers = required(matchers, "matchers")?;
        let matchers = check_matchers(matchers)?;
        let starts_at = required(starts_at, "startsAt")?;
        let draft = Draft {
            matchers: vec![make_matchers(matchers, utf8)?],
            starts_at: Some(starts_at),
            until: Until::At(ends_at),
            created_by: Some(created_by),
            comment,
            annotations,
        };
        Ok(Self { id, draft })
    }
}

/// A matcher as it was posted, with what it may lack.
struct Raw {
    is_regex: Option<bool>,
    is_equal: Option<bool>,
    name: Option<String>,
    value: Option<String>,
}

/// A matcher of which nothing is missing.
struct Whole {
    operator: Operator,
    name: String,
    value: String,
}

fn matchers(object: &Object) -> Result<Option<Vec<Raw>>, Unfit> {
    let items = match object.get("matchers") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) => items,
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err(Unfit::Unreadable("`matchers` is no list".to_owned()));
        }
    };
    let read = |(at, item): (usize, &Value)| {
        let place = format!("matchers.{at}");
        let item = self::object(item.clone(), &place)?;
        Ok(Raw {
            is_regex: bool_of(&item, &place, "isRegex")?,
            is_equal: bool_of(&item, &place, "isEqual")?,
            name: text_of(&item, &place, "name")?,
            value: text_of(&item, &place, "value")?,
        })
    };
    items.iter().enumerate().map(read).collect::<Result<_, _>>().map(Some)
}

fn check_matchers(raw: Vec<Raw>) -> Result<Vec<Whole>, Unfit> {
    if raw.is_empty() {
        return Err(Unfit::NoMatchers);
    }
    let check = |(at, raw): (usize, Raw)| {
        let is_regex = required(raw.is_regex, format!("matchers.{at}.isRegex"))?;
        Ok(Whole {
            // Clients from before `!=` say nothing about it.
            operator: match (raw.is_equal.unwrap_or(true), is_regex) {
                (true, false) => Operator::Equal,
                (false, false) => Operator::NotEqual,
                (true, true) => Operator::Like,
                (false, true) => Operator::NotLike,
            },
            name: required(raw.name, format!("matchers.{at}.name"))?,
            value: required(raw.value, format!("matchers.{at}.value"))?,
        })
    };
    raw.into_iter().enumerate().map(check).collect()
}

fn make_matchers(matchers: Vec<Whole>, utf8: bool) -> Result<Matchers, Unfit> {
    let make = |(at, Whole { operator, name, value }): (usize, Whole)| {
        let odd = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let is_classic = !name.contains(odd) && !name.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || !(utf8 || is_classic) {
            return Err(Unfit::Invalid { at, why: format!("invalid label name {name:?}") });
        }
        Matcher::new(&name, operator, &value).map_err(|error| {
            let text = error.to_string();
            let why = text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
            Unfit::Invalid { at, why: format!("invalid regular expression {value:?}: {why}") }
        })
    };
    matchers.into_iter().enumerate().map(make).collect()
}

fn required<T>(value: Option<T>, name: impl Into<String>) -> Result<T, Unfit> {
    value.ok_or_else(|| Unfit::Missing(name.into()))
}

/// `null` is an object with nothing in it, as in Go.
fn object(value: Value, place: &str) -> Result<Object, Unfit> {
    match value {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Object::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Unfit::Unreadable(format!("{place} is not a JSON object")))
        }
    }
}

fn text_of(object: &Object, place: &str, name: &str) -> Result<Option<String>, Unfit> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(wrong(place, name, "a text"))
        }
    }
}

fn bool_of(object: &Object, place: &str, name: &str) -> Result<Option<bool>, Unfit> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(truth)) => Ok(Some(*truth)),
        Some(Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
            Err(wrong(place, name, "true or false"))
        }
    }
}

fn instant_of(object: &Object, name: &str) -> Result<Option<Timestamp>, Unfit> {
    let Some(text) = text_of(object, "", name)? else { return Ok(None) };
    if text.is_empty() {
        // The format library of Alertmanager reads its zero time out of nothing.
        return Ok(Some(Timestamp::GO_ZERO));
    }
    let at = text.parse::<Timestamp>();
    at.map(Some).map_err(|error| Unfit::Unreadable(format!("`{name}`: {error}")))
}

fn annotations(object: &Object) -> Result<Labels, Unfit> {
    let annotations = object.get("annotations").cloned().unwrap_or_default();
    let wrong = |_| wrong("", "annotations", "an object of texts");
    serde_json::from_value(annotations).map_err(wrong)
}

fn wrong(place: &str, name: &str, kind: &str) -> Unfit {
    let dot = if place.is_empty() { "" } else { "." };
    Unfit::Unreadable(format!("`{place}{dot}{name}` is not {kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells the code and the text of the complaint about a body; empty if there is none.
    fn complaint(body: &str, utf8: bool) -> String {
        match Posted::read(body.as_bytes(), utf8) {
            Ok(_) => String::new(),
            Err(unfit) => format!("{} {unfit}", unfit.code()),
        }
    }

    fn check(members: &str, expected: &str) {
        assert_eq!(complaint(&format!("{{{members}}}"), true), expected, "{members}");
    }

    const TIMES: &str = r#""comment":"c","createdBy":"b",
        "endsAt":"2030-01-01T00:00:00Z","startsAt":"2029-01-01T01:00:00+01:00""#;

    #[test]
    fn complaints_are_those_of_alertmanager_in_its_order() {
        assert_eq!(complaint("", true), "602 silence in body is required");
        assert_eq!(complaint("null", true), "602 comment in body is required");
        assert!(complaint("[]", true).starts_with("400 parsing silence body from \"\" failed"));
        assert!(complaint("x", true).starts_with("400 parsing silence body from \"\" failed"));
        check("", "602 comment in body is required");
        check(r#""comment":"","createdBy":null"#, "602 createdBy in body is required");
        check(r#""comment":"c","createdBy":"b""#, "602 endsAt in body is required");
        check(
            r#""comment":"c","createdBy":"b","endsAt":"2030-01-01T00:00:00Z""#,
            "602 matchers in body is required",
        );
        check(
            r#""comment":"c","createdBy":1"#,
            "400 parsing silence body from \"\" failed, because `createdBy` is not a text",
        );
        check(
            r#""endsAt":"soon""#,
            "400 parsing silence body from \"\" failed, because `endsAt`: `soon` is not a time \
             like 2026-03-01T02:05:00Z (RFC 3339)",
        );
        for (matchers, expected) in [
            ("[]", "612 matchers in body should have at least 1 items"),
            ("[{}]", "602 matchers.0.isRegex in body is required"),
            (r#"[{"isRegex":false}]"#, "602 matchers.0.name in body is required"),
            (r#"[{"isRegex":false,"name":"a"}]"#, "602 matchers.0.value in body is required"),
            ("[null]", "602 matchers.0.isRegex in body is required"),
            (
                "[[]]",
                "400 parsing silence body from \"\" failed, because matchers.0 is not a JSON object",
            ),
            (
                r#"[{"isRegex":true,"name":"a","value":"("}]"#,
                "400 invalid silence: invalid label matcher 0: invalid regular expression \"(\": \
                 unclosed group",
            ),
            (
                r#"[{"isRegex":false,"name":"","value":"x"}]"#,
                "400 invalid silence: invalid label matcher 0: invalid label name \"\"",
            ),
            (r#"[{"isRegex":false,"name":"a-b","value":"x"}]"#, ""),
        ] {
            check(&format!(r#"{TIMES},"matchers":{matchers}"#), expected);
        }
        let dashed =
            format!(r#"{{{TIMES},"matchers":[{{"isRegex":false,"name":"a-b","value":"x"}}]}}"#);
        assert!(complaint(&dashed, false).ends_with("invalid label name \"a-b\""));
    }

    #[test]
    fn a_posted_silence_is_read_whole() {
        let body = format!(
            r#"{{{TIMES},"id":"x","annotations":{{"ticket":"CHG-9"}},"other":1,
            "matchers":[{{"isRegex":false,"name":"a","value":"b"}},
                        {{"isRegex":true,"isEqual":false,"name":"c","value":"d.*"}}]}}"#
        );
        let Posted { id, draft } = Posted::read(body.as_bytes(), true).unwrap();
        assert_eq!(id, "x");
        let matchers: Vec<_> = draft.matchers[0].iter().map(ToString::to_string).collect();
        assert_eq!(matchers, [r#"a="b""#, r#"c!~"d.*""#]);
        assert_eq!(draft.starts_at, Some("2029-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(draft.until, Until::At("2030-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(draft.annotations.get("ticket"), "CHG-9");
    }
}
