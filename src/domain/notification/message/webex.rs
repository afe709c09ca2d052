//! Webex: one text in Markdown, as Alertmanager sends it.

use serde::Serialize;

use super::exchange::{Http, by_status};
use super::scope::Scope;
use super::{Fault, Pen, plain, post};
use crate::domain::notification::receiver::WebexConfig;
use crate::domain::value::Span;

/// Webex refuses longer messages.
const MESSAGE_BYTES_MAX: usize = 7_439;

#[derive(Serialize)]
struct Body {
    markdown: String,
    #[serde(rename = "roomId")]
    room_id: String,
}

/// Without a room, there is nobody to tell.
pub(super) fn write(scope: &Scope, config: &WebexConfig, pen: &mut Pen) -> Result<Http, Fault> {
    let value = scope.value(str::to_owned);
    let room_id = pen.key("room_id", &config.room_id, &value)?;
    let message = pen.text("message", &config.message, &value);
    let message = message.filter(|text| !text.trim().is_empty());
    let message = plain::with_delay(scope, message.unwrap_or_else(|| plain::text(scope)));
    let body = Body { markdown: plain::shorten_bytes(&message, MESSAGE_BYTES_MAX), room_id };
    let first = post(scope.letter, &config.api_url, &body);
    Ok(Http::once(first, by_status, Span::ZERO, &config.http))
}
