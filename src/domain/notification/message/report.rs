//! What became of one attempt to send a message.

use serde::{Deserialize, Serialize};

use crate::domain::value::Span;

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The other side took it.
    Delivered {
        /// What the other side calls it: Slack's `ts`, a mail server's queue id.
        provider: Option<String>,
    },
    /// The other side did not take it, or did not say so in time.
    Failed {
        /// Whether to try again.
        class: Class,
        /// What happened, for people. Never contains a secret.
        why: String,
        /// The same in one word, for metrics.
        reason: Reason,
    },
}

/// Whether another attempt makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// It may work later.
    Retry {
        /// How long the other side wants to be left alone.
        after: Option<Span>,
    },
    /// The same message will fail the same way.
    Permanent,
}

/// Why an attempt failed, by the words of Alertmanager's metric
/// `alertmanager_notifications_failed_total{reason}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// None of the others: no connection, no name, broken TLS.
    Other,
    /// The other side says that we are wrong.
    ClientError,
    /// The other side says that it is broken.
    ServerError,
    /// We gave up because the daemon stops.
    ContextCanceled,
    /// No answer in time.
    ContextDeadlineExceeded,
    /// Our credentials are not accepted.
    AuthError,
    /// We send too much.
    RateLimited,
}

impl Reason {
    /// Every reason, in the order of Alertmanager's documentation.
    pub const ALL: [Self; 7] = [
        Self::Other,
        Self::ClientError,
        Self::ServerError,
        Self::ContextCanceled,
        Self::ContextDeadlineExceeded,
        Self::AuthError,
        Self::RateLimited,
    ];

    /// The metric label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::ClientError => "clientError",
            Self::ServerError => "serverError",
            Self::ContextCanceled => "contextCanceled",
            Self::ContextDeadlineExceeded => "contextDeadlineExceeded",
            Self::AuthError => "authError",
            Self::RateLimited => "rateLimited",
        }
    }
}
