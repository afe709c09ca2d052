//! The courier: carries one message to the other side and reports what became of it.

mod email;
mod http;
mod kept;
mod login;
#[cfg(test)]
mod tests;
pub mod traced;

use std::sync::Arc;

use crate::domain::notification::message::{Http, Message};
use crate::domain::value::Span;
use crate::shell::client::Clients;
use crate::shell::tracer::SpanContext;
use kept::Kept;

pub use crate::domain::notification::message::{Class, Reason, Report};

/// How long an attempt may take whose configuration does not say.
const ATTEMPT_MS_DEFAULT: Span = Span::seconds(30);
/// How long an attempt may take whatever its configuration says.
const ATTEMPT_MS_MAX: Span = Span::minutes(5);

/// Carries messages. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Courier {
    clients: Arc<Clients>,
    kept: Arc<Kept>,
    patience: Span,
}

impl Default for Courier {
    fn default() -> Self {
        Self::new()
    }
}

impl Courier {
    /// A courier that gives an attempt 30 seconds where its configuration does not say.
    pub fn new() -> Self {
        Self::with_patience(ATTEMPT_MS_DEFAULT)
    }

    /// A courier that gives an attempt this long where its configuration does not say.
    pub fn with_patience(patience: Span) -> Self {
        Self { clients: Arc::new(Clients::new()), kept: Arc::default(), patience }
    }

    /// Makes one attempt. Ends in bounded time; never panics for what the other side does.
    pub async fn send(&self, message: Message) -> Report {
        self.send_in(message, None).await
    }

    /// As [`Self::send`], within a span, of which requests over HTTP tell the other side.
    pub async fn send_in(&self, message: Message, span: Option<SpanContext>) -> Report {
        match message {
            Message::Http(http) => {
                let limit = self.limit(&http);
                http::send(&self.clients, &self.kept, *http, limit, span).await
            }
            Message::Email(mail) => email::send(&mail, self.patience).await,
        }
    }

    fn limit(&self, http: &Http) -> Span {
        let limit = if http.timeout == Span::ZERO { self.patience } else { http.timeout };
        limit.min(ATTEMPT_MS_MAX)
    }
}
