//! A Rocket.Chat integration's fields.

use std::collections::BTreeMap;

use super::{ChatField, HttpConfig};
use crate::domain::template::Template;
use crate::domain::value::Secret;

/// Fields of `rocketchat_configs` that are sent.
#[derive(Debug, Clone)]
pub struct RocketchatConfig {
    /// The server's address.
    pub api_url: String,
    /// The sender's password.
    pub token: Secret,
    /// The sender's id.
    pub token_id: Secret,
    /// Plain fields by Alertmanager's name, templates: `channel`, `color`, `emoji`, `icon_url`,
    /// `image_url`, `text`, `thumb_url`, `title`, `title_link`.
    pub texts: BTreeMap<&'static str, Template>,
    /// Titled values.
    pub fields: Vec<ChatField>,
    /// Buttons.
    pub actions: Vec<RocketchatAction>,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// A button.
#[derive(Debug, Clone)]
pub struct RocketchatAction {
    /// What is written on it, a template.
    pub text: Template,
    /// Where it leads, a template.
    pub url: Template,
    /// What it lets the reader say, a template.
    pub msg: Template,
}
