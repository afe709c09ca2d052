//! Errors as RFC 9457 problem details.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::json;
use crate::domain::Refusal;
use crate::domain::view::Invalid;
use crate::shell::handle::NotTaken;

/// The media type of problem details.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, for programs. `type` of the problem is `urn:incidentd:problem:` and this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Malformed,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Slow,
    NotNow,
    TooLarge,
    MediaType,
    Invalid,
    Incomplete,
    TooFast,
    Internal,
    Unavailable,
}

/// Characters of somebody's own words that an answer repeats.
const ECHO_CHARS_MAX: usize = 64;

/// The beginning of somebody's own words, short enough to be repeated to them.
pub(super) fn echo(text: &str) -> String {
    text.chars().take(ECHO_CHARS_MAX).collect()
}

/// One problem.
#[derive(Debug)]
pub(super) struct Problem {
    kind: Kind,
    detail: String,
    more: Map<String, Value>,
    retry_after_s: Option<u64>,
}

impl Kind {
    pub(super) const ALL: [Self; 14] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Slow,
        Self::NotNow,
        Self::TooLarge,
        Self::MediaType,
        Self::Invalid,
        Self::Incomplete,
        Self::TooFast,
        Self::Internal,
        Self::Unavailable,
    ];

    fn parts(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Malformed => (400, "malformed", "The request does not make sense"),
            Self::Unauthorized => (401, "unauthorized", "Nobody knows who asks"),
            Self::Forbidden => (403, "forbidden", "The token is not good for this"),
            Self::NotFound => (404, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (405, "method", "This cannot be done here"),
            Self::Slow => (408, "slow", "The body did not arrive in time"),
            Self::NotNow => (409, "not-now", "The state of the record does not allow this"),
            Self::TooLarge => (413, "too-large", "The body is too long"),
            Self::MediaType => (415, "media-type", "The body is of the wrong type"),
            Self::Invalid => (422, "invalid", "A field makes no sense"),
            Self::Incomplete => (422, "incomplete", "A field is missing"),
            Self::TooFast => (429, "too-fast", "Too much at a time"),
            Self::Internal => (500, "internal", "The daemon could not do this"),
            Self::Unavailable => (503, "unavailable", "The daemon takes nothing at the moment"),
        }
    }

    /// The kind that goes with a status; what is not listed is malformed.
    pub(super) fn of_status(status: u16) -> Self {
        Self::ALL.into_iter().find(|kind| kind.parts().0 == status).unwrap_or(Self::Malformed)
    }
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), more: Map::new(), retry_after_s: None }
    }

    /// Adds a member beside the five that the RFC names.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after_s = seconds;
        self
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::NotFound(_) => Self::new(Kind::NotFound, text),
            Refusal::NotNow { record, state, asked, allowed } => Self::new(Kind::NotNow, text)
                .with("record", record)
                .with("state", state)
                .with("asked", asked)
                .with("allowed", allowed),
            Refusal::Incomplete { field, .. } => {
                Self::new(Kind::Incomplete, text).with("field", field)
            }
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::new(Kind::Invalid, invalid.to_string()).with("field", invalid.field)
    }
}

impl From<NotTaken> for Problem {
    fn from(not_taken: NotTaken) -> Self {
        let seconds = match not_taken {
            NotTaken::Overloaded => 1,
            NotTaken::Stopping => 5,
        };
        Self::new(Kind::Unavailable, not_taken.to_string()).retry_after(Some(seconds))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, word, title) = self.kind.parts();
        let mut body = json!({
            "type": format!("urn:incidentd:problem:{word}"),
            "title": title,
            "status": status,
            "detail": self.detail,
        });
        if let Value::Object(members) = &mut body {
            members.extend(self.more);
        }
        let status = StatusCode::from_u16(status).expect("a status of the table above");
        let mut response = json::respond(status, PROBLEM_JSON, &body);
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
