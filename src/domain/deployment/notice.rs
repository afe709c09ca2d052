//! What a source says about a deployment.

use std::sync::Arc;

use super::machine::Status;
use crate::domain::value::{Labels, Timestamp};

/// A word of a source about one deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The source's name in the configuration.
    pub source: Arc<str>,
    /// The source's own key: notices of one key speak of one deployment.
    pub key: Box<str>,
    /// What was deployed.
    pub service: Box<str>,
    /// Where to, such as `production`; may be empty.
    pub environment: Box<str>,
    /// Which version: a tag, a revision, an image; may be empty.
    pub version: Box<str>,
    /// Who set it off, as the source calls that person or program; may be empty.
    pub actor: Box<str>,
    /// How it stands.
    pub status: Status,
    /// One line for people; may be empty.
    pub summary: Box<str>,
    /// Where the source shows it; may be empty.
    pub url: Box<str>,
    /// When it came to stand so, by the source's clock.
    pub at: Timestamp,
    /// What else the source says, under its own names.
    pub labels: Labels,
}
