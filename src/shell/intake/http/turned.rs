//! Why nothing of a body was taken in, and how its sender is told.

use std::net::IpAddr;

use super::body::Unread;
use crate::domain::event::adapter::Unreadable;
use crate::domain::value::Span;
use crate::shell::handle::NotTaken;
use crate::shell::intake::sns;

/// Why nothing of a body was taken in.
#[derive(Debug, thiserror::Error)]
pub enum Turned {
    /// The sender has not shown what the source demands: HTTP 401.
    #[error("{why}")]
    Stranger {
        /// What is missing or wrong.
        why: &'static str,
        /// What the source would accept, for `WWW-Authenticate`.
        challenge: String,
    },
    /// The source takes nothing from where this came: HTTP 403.
    #[error(
        "this source takes nothing from {}; name the network in its `allow`, and the proxy \
         before it in `trusted_proxies`",
        address.map_or("an unknown address".to_owned(), |address| address.to_string())
    )]
    Elsewhere {
        /// Where it came from, if that is known.
        address: Option<IpAddr>,
    },
    /// A GET, from a source whose senders say nothing that way: HTTP 405.
    #[error("a source of the type `{kind}` is told by POST; a GET says nothing here")]
    OnlyPost {
        /// The type of the source.
        kind: &'static str,
    },
    /// A GET that says nothing: HTTP 400.
    #[error("a GET says what there is in the query of its URL (`?name=value`), and this has none")]
    NoQuery,
    /// The body did not arrive whole.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// The body makes no sense.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It is no letter that Amazon SNS has signed, or Amazon does not answer.
    #[error(transparent)]
    Sns(#[from] sns::Refused),
    /// More events than the source may send: HTTP 429, or 503 once a sender that does not send
    /// again by itself has been held for as long as it may.
    #[error(
        "more than {per_second} events a second; send again in {} s, or raise the source's limit",
        wait.0.div_ceil(1_000)
    )]
    TooFast {
        /// The source's rate.
        per_second: u32,
        /// When there is room again.
        wait: Span,
        /// Whether the request was held.
        held: bool,
        /// Whether this very delivery was turned away so before: its sender has one trouble, however
        /// often it tries.
        again: bool,
    },
    /// The engine does not take anything: HTTP 503.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
}

impl Turned {
    /// The word in metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Stranger { .. } => "unauthorized",
            Self::Elsewhere { .. } => "forbidden",
            Self::OnlyPost { .. } => "method",
            Self::NoQuery => "no_query",
            Self::Unread(Unread::TooLong { .. }) => "too_large",
            Self::Unread(Unread::Slow { .. }) => "slow",
            Self::Unread(Unread::Broken) => "broken",
            Self::Unread(Unread::Encoding) => "encoding",
            Self::Unreadable(_) => "unreadable",
            Self::Sns(_) => "unverified",
            Self::TooFast { held: false, .. } => "rate_limited",
            Self::TooFast { held: true, .. } => "held_too_long",
            Self::NotTaken(NotTaken::Overloaded) => "overloaded",
            Self::NotTaken(NotTaken::Stopping) => "stopping",
        }
    }

    /// Whether this very delivery was turned away for the same before.
    pub fn is_again(&self) -> bool {
        matches!(self, Self::TooFast { again: true, .. })
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Stranger { .. } => 401,
            Self::Elsewhere { .. } => 403,
            Self::OnlyPost { .. } => 405,
            Self::Unread(Unread::TooLong { .. }) => 413,
            Self::Unread(Unread::Slow { .. }) => 408,
            Self::NoQuery | Self::Unread(Unread::Broken) => 400,
            Self::Unread(Unread::Encoding) => 415,
            Self::Unreadable(unreadable) => unreadable.status(),
            Self::Sns(refused) => refused.status(),
            Self::TooFast { held: false, .. } => 429,
            Self::TooFast { held: true, .. } | Self::NotTaken(_) => 503,
        }
    }

    /// Seconds for `Retry-After`, where it makes sense to come back.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooFast { wait, .. } => Some(wait.0.div_ceil(1_000).max(1)),
            Self::NotTaken(NotTaken::Overloaded) => Some(1),
            Self::NotTaken(NotTaken::Stopping) => Some(5),
            Self::Sns(refused) => (refused.status() == 503).then_some(30),
            Self::Stranger { .. }
            | Self::Elsewhere { .. }
            | Self::OnlyPost { .. }
            | Self::NoQuery
            | Self::Unread(_)
            | Self::Unreadable(_) => None,
        }
    }
}
