//! A `WeChat` integration's fields.

use super::{HttpConfig, SecretTemplate};
use crate::domain::template::Template;

/// Fields of `wechat_configs`.
#[derive(Debug, Clone)]
pub struct WechatConfig {
    /// The address that all requests' addresses begin with, with a slash at its end.
    pub api_url: String,
    /// The company, a template.
    pub corp_id: Template,
    /// The application's password, a template.
    pub api_secret: SecretTemplate,
    /// The text, a template.
    pub message: Template,
    /// Whether the text is Markdown.
    pub markdown: bool,
    /// People, separated by `|`; `@all` means everybody. A template.
    pub to_user: Template,
    /// Departments, separated by `|`, a template.
    pub to_party: Template,
    /// Tags, separated by `|`, a template.
    pub to_tag: Template,
    /// The application, a template.
    pub agent_id: Template,
    /// How to speak HTTP.
    pub http: HttpConfig,
}
