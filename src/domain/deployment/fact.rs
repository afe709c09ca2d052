//! What can happen to a deployment.

use serde::{Deserialize, Serialize};

use super::machine::Status;
use crate::domain::value::{DeploymentId, Labels, Timestamp};

/// A fact of deployment management.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A source spoke of a deployment for the first time.
    Opened(Box<Opened>),
    /// It stands otherwise than before.
    Moved(Box<Moved>),
    /// A source said what would go backwards.
    Ignored {
        /// The deployment.
        id: DeploymentId,
        /// What was said.
        word: Status,
        /// When, by the source's clock.
        said_at: Timestamp,
    },
    /// It is so long ago, or there are so many newer ones, that it is remembered no more.
    Forgotten {
        /// The deployment.
        id: DeploymentId,
    },
}

/// The first word about a deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The deployment's number.
    pub id: DeploymentId,
    /// The source's name in the configuration.
    pub source: Box<str>,
    /// The source's own key.
    pub key: Box<str>,
    /// What is deployed.
    pub service: Box<str>,
    /// Where to; may be empty.
    pub environment: Box<str>,
    /// Which version; may be empty.
    pub version: Box<str>,
    /// Who set it off; may be empty.
    pub actor: Box<str>,
    /// How it stands.
    pub status: Status,
    /// One line for people; may be empty.
    pub summary: Box<str>,
    /// Where the source shows it; may be empty.
    pub url: Box<str>,
    /// Since when it stands so, by the source's clock.
    pub said_at: Timestamp,
    /// What else the source says.
    pub labels: Labels,
}

/// A step of the machine. Empty texts say nothing: what is known stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// The deployment.
    pub id: DeploymentId,
    /// How it stood.
    pub from: Status,
    /// How it stands.
    pub to: Status,
    /// Since when, by the source's clock.
    pub said_at: Timestamp,
    /// Which version.
    pub version: Box<str>,
    /// Who set it off, or changed it.
    pub actor: Box<str>,
    /// One line for people.
    pub summary: Box<str>,
    /// Where the source shows it.
    pub url: Box<str>,
}
