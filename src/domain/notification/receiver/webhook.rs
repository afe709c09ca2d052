//! A webhook's fields.

use super::HttpConfig;
use crate::domain::template::Template;
use crate::domain::value::Span;

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
