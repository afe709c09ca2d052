//! A Mattermost integration's fields.

use std::collections::BTreeMap;

use super::{ChatField, HttpConfig};
use crate::domain::template::Template;
use crate::domain::value::Secret;

/// Fields of `mattermost_configs`.
#[derive(Debug, Clone)]
pub struct MattermostConfig {
    /// The webhook.
    pub webhook_url: Secret,
    /// The channel if not the webhook's, a template.
    pub channel: Template,
    /// The sender's name, a template.
    pub username: Template,
    /// The sender's picture, a template.
    pub icon_url: Template,
    /// The sender's picture as an emoji, a template.
    pub icon_emoji: Template,
    /// What kind of post it is, for plugins. A template.
    pub kind: Template,
    /// The attachment that the integration's own fields describe.
    pub attachment: MattermostAttachment,
    /// The attachments that are sent in its place, if there are any; its text then stands above
    /// them.
    pub attachments: Vec<MattermostAttachment>,
    /// The text of the card behind the post (`props.card`), a template.
    pub card: Option<Template>,
    /// How urgent the post is.
    pub priority: Option<MattermostPriority>,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// An attachment.
#[derive(Debug, Clone)]
pub struct MattermostAttachment {
    /// Plain fields by Alertmanager's name, templates: [`MattermostAttachment::TEXTS`].
    pub texts: BTreeMap<&'static str, Template>,
    /// Titled values.
    pub fields: Vec<ChatField>,
}

/// How urgent a post is.
#[derive(Debug, Clone)]
pub struct MattermostPriority {
    /// `urgent`, `important` or `standard`, a template.
    pub priority: Template,
    /// Whether readers are asked to say that they have read it; not if it is `standard`.
    pub requested_ack: bool,
    /// Whether readers are told again and again; only if it is `urgent`.
    pub persistent_notifications: bool,
}

impl MattermostAttachment {
    /// The names of the plain fields, in the order in which they are sent.
    pub const TEXTS: [&'static str; 13] = [
        "fallback",
        "color",
        "pretext",
        "text",
        "author_name",
        "author_link",
        "author_icon",
        "title",
        "title_link",
        "thumb_url",
        "footer",
        "footer_icon",
        "image_url",
    ];
}
