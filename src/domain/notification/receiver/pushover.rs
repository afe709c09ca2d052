//! A Pushover integration's fields.

use super::{HttpConfig, SecretTemplate};
use crate::domain::template::Template;
use crate::domain::value::Span;

/// Fields of `pushover_configs`.
#[derive(Debug, Clone)]
pub struct PushoverConfig {
    /// Who hears of it: the key of a user or a group, a template.
    pub user_key: SecretTemplate,
    /// The application's password, a template.
    pub token: SecretTemplate,
    /// The title, a template.
    pub title: Template,
    /// The text, a template.
    pub message: Template,
    /// A link, a template.
    pub url: Template,
    /// What is written on the link, a template.
    pub url_title: Template,
    /// The device if not all of the user's, a template.
    pub device: Template,
    /// The sound if not the user's, a template.
    pub sound: Template,
    /// From -2 to 2; 2 is an emergency, which somebody must acknowledge. A template.
    pub priority: Template,
    /// How often an emergency is repeated.
    pub retry: Span,
    /// How long an emergency is repeated.
    pub expire: Span,
    /// When the message vanishes by itself; zero means never.
    pub ttl: Span,
    /// How the text is shown.
    pub style: PushoverStyle,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// How Pushover shows a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushoverStyle {
    /// As it stands.
    Plain,
    /// With some tags of HTML.
    Html,
    /// In letters of one width.
    Monospace,
}
