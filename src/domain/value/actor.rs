//! Who did something, and through which door.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The one who acts: a person, a program, or the daemon itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// The name shown in timelines: a login, a token's name, or `incidentd`.
    pub name: String,
    /// The door the request came through.
    pub via: Via,
}

/// The door a command came through. Two commands that differ only in this leave the same facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A rule file decided.
    Rule,
    /// The HTTP API.
    Api,
    /// `incidentctl`.
    Cli,
    /// A chat message.
    Chat,
    /// An e-mail.
    Mail,
    /// A deadline came due.
    Timer,
    /// An imported file.
    Import,
    /// The word of a source about one of its alerts.
    Source,
}

impl Actor {
    /// The daemon acting on a rule.
    pub fn rule() -> Self {
        Self { name: "incidentd".to_owned(), via: Via::Rule }
    }

    /// The daemon acting because time passed.
    pub fn timer() -> Self {
        Self { name: "incidentd".to_owned(), via: Via::Timer }
    }

    /// Tells whether a person or a program outside acted, whose word a rule must not overwrite.
    pub fn is_outside(&self) -> bool {
        match self.via {
            Via::Api | Via::Cli | Via::Chat | Via::Mail | Via::Import | Via::Source => true,
            Via::Rule | Via::Timer => false,
        }
    }
}

impl Via {
    /// The word used in the API and in the audit trail.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Chat => "chat",
            Self::Mail => "mail",
            Self::Timer => "timer",
            Self::Import => "import",
            Self::Source => "source",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
