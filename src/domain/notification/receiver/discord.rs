//! A Discord integration's fields.

use super::HttpConfig;
use crate::domain::template::Template;
use crate::domain::value::Secret;

/// Fields of `discord_configs`.
#[derive(Debug, Clone)]
pub struct DiscordConfig {
    /// The webhook.
    pub webhook_url: Secret,
    /// What stands above the embed; it alone can mention somebody. A template.
    pub content: Template,
    /// The embed's title, a template.
    pub title: Template,
    /// The embed's text, a template.
    pub message: Template,
    /// The sender's name; empty means the webhook's.
    pub username: String,
    /// The sender's picture; empty means the webhook's.
    pub avatar_url: String,
    /// How to speak HTTP.
    pub http: HttpConfig,
}
