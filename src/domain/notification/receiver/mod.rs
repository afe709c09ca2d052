//! Receivers: who hears of something, and through which integrations.

mod email;
mod slack;
mod webhook;

use crate::domain::value::Secret;

pub use email::EmailConfig;
pub use slack::SlackConfig;
pub use webhook::WebhookConfig;

/// A receiver of `alertmanager.yml`: a name with any number of integrations.
#[derive(Debug, Clone, Default)]
pub struct Receiver {
    /// The name.
    pub name: String,
    /// What it sends through, in the order of the file, kind by kind.
    pub integrations: Vec<Integration>,
}

/// One way out of the house.
#[derive(Debug, Clone)]
pub struct Integration {
    /// The place among the integrations of the same kind in its receiver.
    pub index: usize,
    /// Whether it is told what has ended.
    pub send_resolved: bool,
    /// What it speaks.
    pub kind: IntegrationKind,
}

/// What an integration speaks, with its fields. Templates are compiled, secrets are read.
#[derive(Debug, Clone)]
pub enum IntegrationKind {
    /// `webhook_configs`: Alertmanager's version-4 body plus our `incident`.
    Webhook(WebhookConfig),
    /// `slack_configs`: a chat webhook in Slack's format.
    Slack(Box<SlackConfig>),
    /// `email_configs`: SMTP.
    Email(Box<EmailConfig>),
}

impl IntegrationKind {
    /// Alertmanager's word for it, in metrics and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::Email(_) => "email",
        }
    }
}

/// How to speak HTTP to a receiver (the part of `http_config` that is known here).
#[derive(Debug, Clone, Default)]
pub struct HttpConfig {
    /// `Authorization` type and credentials.
    pub authorization: Option<(String, Secret)>,
    /// User name and password.
    pub basic_auth: Option<(String, Secret)>,
    /// Follow redirects.
    pub follow_redirects: bool,
    /// More headers.
    pub headers: Vec<(String, Secret)>,
}
