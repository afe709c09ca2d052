//! Discord: one embed in the colour of the status, as Alertmanager sends it.

use serde::{Deserialize, Serialize};

use super::exchange::{Http, Reply, by_status};
use super::letter::AlertStatus;
use super::plain;
use super::report::Report;
use super::scope::Scope;
use super::{Pen, post};
use crate::domain::notification::receiver::DiscordConfig;
use crate::domain::value::Span;

/// Discord refuses longer content.
const CONTENT_CHARS_MAX: usize = 2_000;
/// Discord refuses longer titles of embeds.
const TITLE_CHARS_MAX: usize = 256;
/// Discord refuses longer texts of embeds.
const MESSAGE_CHARS_MAX: usize = 4_096;

const RED: u32 = 0x99_2D_22;
const GREEN: u32 = 0x2E_CC_71;

#[derive(Serialize)]
struct Body<'a> {
    content: String,
    embeds: [Embed; 1],
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    avatar_url: &'a str,
}

#[derive(Serialize)]
struct Embed {
    title: String,
    description: String,
    color: u32,
}

pub(super) fn write(scope: &Scope, config: &DiscordConfig, pen: &mut Pen) -> Http {
    let value = scope.value(str::to_owned);
    let content = pen.text("content", &config.content, &value).unwrap_or_default();
    let title = pen.text("title", &config.title, &value);
    let message = pen.text("message", &config.message, &value);
    let mut title = title.unwrap_or_else(|| plain::title(scope));
    let message = plain::with_delay(scope, message.unwrap_or_else(|| plain::text(scope)));
    // Discord refuses what says nothing at all.
    if [&content, &title, &message].iter().all(|text| text.trim().is_empty()) {
        title = plain::title(scope);
    }
    let body = Body {
        content: plain::shorten(&content, CONTENT_CHARS_MAX),
        embeds: [Embed {
            title: plain::shorten(&title, TITLE_CHARS_MAX),
            description: plain::shorten(&message, MESSAGE_CHARS_MAX),
            color: match scope.status() {
                AlertStatus::Firing => RED,
                AlertStatus::Resolved => GREEN,
            },
        }],
        username: &config.username,
        avatar_url: &config.avatar_url,
    };
    let first = post(scope.letter, config.webhook_url.reveal(), &body);
    Http::once(first, judge, Span::ZERO, &config.http)
}

/// The body says when to come back also where the header was lost on the way.
fn judge(reply: &Reply) -> Report {
    let limited = serde_json::from_str::<Limited>(&reply.body).ok();
    by_status(&reply.or_after(limited.map(|limited| limited.retry_after)))
}

/// Discord's answer to too many messages.
#[derive(Deserialize)]
struct Limited {
    /// In seconds, with a fraction.
    retry_after: f64,
}
