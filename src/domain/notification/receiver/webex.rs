//! A Webex integration's fields.

use super::HttpConfig;
use crate::domain::template::Template;

/// Fields of `webex_configs`.
#[derive(Debug, Clone)]
pub struct WebexConfig {
    /// Where messages are created.
    pub api_url: String,
    /// The text in Markdown, a template.
    pub message: Template,
    /// The room, a template.
    pub room_id: Template,
    /// How to speak HTTP; the bot's token is its authorization.
    pub http: HttpConfig,
}
