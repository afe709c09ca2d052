//! What the integrations of several chats have in common.

use crate::domain::template::Template;

/// A titled value in an attachment.
#[derive(Debug, Clone)]
pub struct ChatField {
    /// The title, a template.
    pub title: Template,
    /// The value, a template.
    pub value: Template,
    /// Whether it is short enough to stand beside another; nothing where nobody said so.
    pub short: Option<bool>,
}
