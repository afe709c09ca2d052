//! What can happen to silences.

use serde::{Deserialize, Serialize};

use crate::domain::value::{Actor, Labels, Matchers, SilenceId, Timestamp, Uuid};

/// A fact about a silence.
///
/// Whatever silences was [`Fact::Began`] first, and in the same turn if its start had come; what
/// silenced is over with [`Fact::Ended`] or [`Fact::Expired`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A silence was made. It is pending.
    Created(Box<Created>),
    /// A silence got other times or other words. Its matchers stay.
    Updated(Box<Updated>),
    /// The start of a silence has come.
    Began {
        /// Which.
        id: SilenceId,
    },
    /// The end of a silence has come.
    Ended {
        /// Which.
        id: SilenceId,
    },
    /// A person ended a silence, or put another one in its place.
    Expired {
        /// Which.
        id: SilenceId,
        /// Who.
        by: Actor,
    },
    /// A silence has been over for so long that nobody asks for it.
    Forgotten {
        /// Which.
        id: SilenceId,
    },
}

/// The birth of a silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Created {
    /// Its number.
    pub id: SilenceId,
    /// Its name for clients of Alertmanager.
    pub uuid: Uuid,
    /// Whom it silences: alerts that match all of one of these sets.
    pub matchers: Vec<Matchers>,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// When it last changed; earlier than the fact where another Alertmanager's was taken over.
    pub updated_at: Timestamp,
    /// Who wanted it, in the words of the request.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// What else was said.
    #[serde(default)]
    pub annotations: Labels,
    /// The silence in whose place it stands.
    pub replaces: Option<SilenceId>,
    /// Who asked.
    pub by: Actor,
}

/// Other times or words of a silence, all of them, changed or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Updated {
    /// Which.
    pub id: SilenceId,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Who wanted it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// What else was said.
    #[serde(default)]
    pub annotations: Labels,
    /// Who asked.
    pub by: Actor,
}
