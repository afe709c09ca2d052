//! Parts of messages that several chats take in the same form.

use serde::Serialize;

use super::Pen;
use crate::domain::notification::receiver::ChatField;
use crate::domain::template::Value;

/// A titled value in an attachment.
#[derive(Serialize)]
pub(super) struct Field {
    title: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<bool>,
}

/// Renders the fields of an attachment. One that fails is left out as a whole: half a field
/// misleads.
pub(super) fn fields(fields: &[ChatField], value: &Value, pen: &mut Pen) -> Vec<Field> {
    let render = |field: &ChatField| {
        let title = pen.text("fields.title", &field.title, value);
        let text = pen.text("fields.value", &field.value, value);
        Some(Field { title: title?, value: text?, short: field.short })
    };
    fields.iter().filter_map(render).collect()
}
