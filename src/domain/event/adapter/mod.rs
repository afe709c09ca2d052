//! Adapters: a source's bytes in, events or a clear rejection out. One file per source.
//!
//! What every adapter keeps to: an element becomes an event, a rejection or a note, never nothing;
//! the sender's own key and its word for the severity stay as they were sent; an unknown status
//! means that the condition holds. Except for API v2, whose times mean what Alertmanager takes
//! them to mean, a time that lies further ahead than [`SKEW_MAX`] is a wrong clock.

pub mod alertmanager_webhook;
mod draft;
pub mod generic;
pub mod grafana;
pub mod grafana_legacy;
mod instant;
mod json;
mod kind;
mod limits;
mod path;
pub mod prometheus;
#[cfg(test)]
mod properties;

use std::sync::Arc;

use super::Event;
use crate::domain::value::{Span, Timestamp};

pub use generic::{GenericPaths, StatusPath};
pub use kind::{Kind, detect, read};
pub use limits::Limits;
pub use path::{InvalidPath, JsonPath};

/// A source's clock may run ahead by this much; what lies further ahead happens at `now`.
pub const SKEW_MAX: Span = Span::minutes(5);

/// What an adapter has to know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The source's name in the configuration.
    pub source: &'a Arc<str>,
    /// When the bytes came in.
    pub now: Timestamp,
    /// How long an alert without an end is believed.
    pub resolve_timeout: Span,
    /// How much one request may bring.
    pub limits: &'a Limits,
    /// Any UTF-8 label name is taken from API v2; otherwise only what classic Prometheus knows.
    pub utf8: bool,
}

/// What became of a body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Read {
    /// What is taken in, in the order of the body.
    pub events: Vec<Event>,
    /// What is not, although the body as a whole makes sense.
    pub rejected: Vec<Rejection>,
    /// What was taken in otherwise than it was said, or says nothing of a condition.
    pub notes: Vec<Note>,
}

/// One element of a body that is not taken in. The others are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Rejection {
    /// The element's place in the body, counted from 0.
    pub at: usize,
    /// What is wrong with it, in Alertmanager's words where it has some.
    pub why: String,
}

/// Something the operator of the source may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The element's place in the body, counted from 0; none if it is about the whole body.
    pub at: Option<usize>,
    /// What there is to know.
    pub what: String,
}

/// Why nothing of a body can be taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// API v2: no JSON, or of other types than it has to be. The text is Alertmanager's.
    #[error("parsing alerts body from \"\" failed, because {0}")]
    Alerts(String),
    /// API v2: well-formed, but a field is missing that must be there.
    #[error("{0} in body is required")]
    Required(String),
    /// No JSON, or of other types than this kind of source sends.
    #[error("the body is not what this source sends: {0}")]
    Json(String),
    /// The array of events is not where it should be.
    #[error("`{path}`: {why}")]
    Path {
        /// Where it should be.
        path: String,
        /// What is wrong there.
        why: &'static str,
    },
    /// More elements than one request may have.
    #[error("more than {max} events in one request; send several smaller ones")]
    TooMany {
        /// What would be accepted.
        max: usize,
    },
    /// Nobody said what kind of source it is, and the body does not tell.
    #[error(
        "the body looks like none of: Alertmanager, Grafana; declare the paths of its fields \
         with a source of type `generic`"
    )]
    UnknownShape,
}

impl Unreadable {
    /// The HTTP status that Alertmanager answers with.
    pub fn status(&self) -> u16 {
        match self {
            Self::Required(_) => 422,
            Self::Alerts(_)
            | Self::Json(_)
            | Self::Path { .. }
            | Self::TooMany { .. }
            | Self::UnknownShape => 400,
        }
    }
}

impl Read {
    fn reject(&mut self, at: usize, why: impl Into<String>) {
        self.rejected.push(Rejection { at, why: why.into() });
    }
}
