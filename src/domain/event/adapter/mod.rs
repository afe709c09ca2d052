//! Adapters: a source's bytes in, events or a clear rejection out. One file per source in `kind/`.
//!
//! What every adapter keeps to: an element becomes an event or something else that is said, a
//! rejection or a note, never nothing; the sender's own key stays as it was sent; an unknown status
//! means that the condition holds; a word for the severity that the adapter does not know stays,
//! and counts as unknown. Except for API v2, whose times mean what Alertmanager takes them to mean,
//! a time that lies further ahead than [`SKEW_MAX`] is a wrong clock.
//!
//! Labels have the same names whatever the source, so that one rule file serves all: `alertname`
//! (which condition), `severity`, and where the source says so `instance` (which host or resource),
//! `service`, `environment`; what else tells one condition from another is a label under the
//! source's own name for it. The annotations are `summary` (one line) and `description`; the rest
//! of what a person may want to read is an annotation under the source's own name for it.

mod civil;
mod draft;
mod fields;
mod fit;
mod head;
mod instant;
mod json;
pub mod kind;
mod limits;
mod notice;
mod path;
#[cfg(test)]
mod properties;
mod rule;
mod said;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Event, Heartbeat, Remark};
use crate::domain::deployment::Notice;
use crate::domain::value::{Severity, Span, Timestamp};

pub use head::{Head, form};
pub use kind::generic::{GenericPaths, StatusPath};
pub use kind::{Adapter, Kind, detect, read};
pub use limits::Limits;
pub use path::{InvalidPath, JsonPath};
pub use rule::TextRule;

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
    /// Headers and query of the request.
    pub head: &'a Head,
    /// What the source's words for the severity mean, where the configuration says so.
    pub severity_map: &'a BTreeMap<String, Severity>,
}

impl<'a> Context<'a> {
    /// A request without headers, to a source of which nothing but its name is configured.
    pub fn new(source: &'a Arc<str>, now: Timestamp, limits: &'a Limits) -> Self {
        const NO_WORDS: &BTreeMap<String, Severity> = &BTreeMap::new();
        Self {
            source,
            now,
            resolve_timeout: Span::minutes(5),
            limits,
            utf8: true,
            head: Head::NONE,
            severity_map: NO_WORDS,
        }
    }
}

/// What became of a body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Read {
    /// What is taken in, in the order of the body.
    pub events: Vec<Event>,
    /// What is said of alerts beside whether they hold.
    pub remarks: Vec<Remark>,
    /// Signs of life.
    pub heartbeats: Vec<Heartbeat>,
    /// What was brought into service, or is to be.
    pub deployments: Vec<Notice>,
    /// The sender's own name for this delivery, the same when it delivers once more; may be empty.
    pub delivery: Box<str>,
    /// What is not, although the body as a whole makes sense.
    pub rejected: Vec<Rejection>,
    /// What was taken in otherwise than it was said, or says nothing of a condition.
    pub notes: Vec<Note>,
    /// How many elements say nothing that anybody must act on: they are counted, and that is all.
    pub counted: usize,
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
        "the body looks like that of no source known here; declare the paths of its fields \
         with a source of type `generic`, or name its `type`"
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
    /// How many things were said, and taken.
    pub fn said(&self) -> usize {
        self.events.len() + self.remarks.len() + self.heartbeats.len() + self.deployments.len()
    }

    fn note(&mut self, at: impl Into<Option<usize>>, what: impl Into<String>) {
        self.notes.push(Note { at: at.into(), what: what.into() });
    }

    fn reject(&mut self, at: usize, why: impl Into<String>) {
        self.rejected.push(Rejection { at, why: why.into() });
    }
}

/// The start of a text, so long that it fits a limit in bytes.
fn clip(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
