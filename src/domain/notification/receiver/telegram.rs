//! A Telegram integration's fields.

use super::HttpConfig;
use crate::domain::template::Template;
use crate::domain::value::{Secret, Span};

/// Fields of `telegram_configs`.
#[derive(Debug, Clone)]
pub struct TelegramConfig {
    /// The Bot API's address, without the bot.
    pub api_url: String,
    /// The bot's password.
    pub bot_token: Secret,
    /// The chat: a number, or `@name` of a channel. Empty where its file could not be read.
    pub chat_id: String,
    /// The topic of a forum; nothing means none.
    pub message_thread_id: Option<i64>,
    /// The text, a template.
    pub message: Template,
    /// Whether telephones stay silent.
    pub disable_notifications: bool,
    /// How the text is marked up.
    pub parse_mode: ParseMode,
    /// How long one attempt may take; zero means as long as the courier allows.
    pub timeout: Span,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// How Telegram reads a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseMode {
    /// As it stands.
    Plain,
    /// Telegram's first Markdown.
    Markdown,
    /// Its second.
    MarkdownV2,
    /// Some tags of HTML.
    Html,
}

impl ParseMode {
    /// The Bot API's word; as it stands has none.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Markdown => Some("Markdown"),
            Self::MarkdownV2 => Some("MarkdownV2"),
            Self::Html => Some("HTML"),
        }
    }
}
