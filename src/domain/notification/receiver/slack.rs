//! A Slack integration's fields.

use std::collections::BTreeMap;

use super::HttpConfig;
use crate::domain::template::Template;
use crate::domain::value::{Secret, Span};

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
