//! A Slack integration's fields.

use std::collections::BTreeMap;

use super::HttpConfig;
use crate::domain::template::Template;
use crate::domain::value::{Secret, Span};

/// Fields of `slack_configs` that are sent. All texts are templates.
#[derive(Debug, Clone)]
pub struct SlackConfig {
    /// The webhook, or `chat.postMessage` of Slack's Web API.
    pub url: Secret,
    /// Plain fields by Alertmanager's name: `channel`, `username`, `color`, `title`, `title_link`,
    /// `pretext`, `text`, `message_text`, `footer`, `fallback`, `callback_id`, `icon_emoji`,
    /// `icon_url`, `image_url`, `thumb_url`.
    pub texts: BTreeMap<&'static str, Template>,
    /// Title, value and whether short.
    pub fields: Vec<(Template, Template, bool)>,
    /// Buttons.
    pub actions: Vec<SlackAction>,
    /// Whether names are links.
    pub link_names: bool,
    /// Which texts are marked up.
    pub mrkdwn_in: Vec<String>,
    /// Whether the first message is edited instead of sending others. Only the Web API can.
    pub update_message: bool,
    /// How long one attempt may take; zero means as long as the courier allows.
    pub timeout: Span,
    /// How to speak HTTP. An app's token is its authorization.
    pub http: HttpConfig,
}

/// A button.
#[derive(Debug, Clone)]
pub struct SlackAction {
    /// Plain fields by Alertmanager's name, templates: `type`, `text`, `url`, `style`, `name`,
    /// `value`.
    pub texts: BTreeMap<&'static str, Template>,
    /// What is asked before it does something: `text`, `title`, `ok_text`, `dismiss_text`,
    /// templates.
    pub confirm: Option<BTreeMap<&'static str, Template>>,
}

impl SlackAction {
    /// The names of the plain fields, in the order in which they are sent.
    pub const TEXTS: [&'static str; 6] = ["type", "text", "url", "style", "name", "value"];
    /// The names of the fields of the question.
    pub const CONFIRM_TEXTS: [&'static str; 4] = ["text", "title", "ok_text", "dismiss_text"];
}
