//! Receivers: who hears of something, and through which integrations.

use std::collections::BTreeMap;

use crate::domain::template::Template;
use crate::domain::value::{Secret, Span};

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

/// Fields of `webhook_configs`.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// Where to, a template.
    pub url: Template,
    /// At most so many alerts in one message; 0 means all.
    pub alerts_max: u64,
    /// How long one attempt may take; zero means as long as the courier allows.
    pub timeout: Span,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// Fields of `slack_configs` that are sent. All texts are templates.
#[derive(Debug, Clone)]
pub struct SlackConfig {
    /// The webhook.
    pub api_url: Secret,
    /// Plain fields by Alertmanager's name: `channel`, `username`, `color`, `title`, `title_link`,
    /// `pretext`, `text`, `footer`, `fallback`, `callback_id`, `icon_emoji`, `icon_url`,
    /// `image_url`, `thumb_url`.
    pub texts: BTreeMap<&'static str, Template>,
    /// Title, value and whether short.
    pub fields: Vec<(Template, Template, bool)>,
    /// Whether names are links.
    pub link_names: bool,
    /// Which texts are marked up.
    pub mrkdwn_in: Vec<String>,
    /// How long one attempt may take; zero means as long as the courier allows.
    pub timeout: Span,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// Fields of `email_configs`, with what `global` says filled in.
#[derive(Debug, Clone)]
pub struct EmailConfig {
    /// Recipients, comma-separated, a template.
    pub to: Template,
    /// The sender, a template.
    pub from: Template,
    /// Host and port.
    pub smarthost: (String, u16),
    /// The name for HELO.
    pub hello: String,
    /// User name and password.
    pub auth: Option<(String, Secret)>,
    /// Refuse to go on without STARTTLS.
    pub require_tls: bool,
    /// TLS from the first byte.
    pub implicit_tls: bool,
    /// Accept any certificate (`tls_config.insecure_skip_verify`).
    pub insecure_skip_verify: bool,
    /// Header fields by name, templates. `Subject` has a default.
    pub headers: BTreeMap<String, Template>,
    /// The HTML body; `None` means no HTML part.
    pub html: Option<Template>,
    /// The text body; `None` means the built-in text.
    pub text: Option<Template>,
}
