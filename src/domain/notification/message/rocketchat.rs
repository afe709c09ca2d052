//! Rocket.Chat: one attachment through `chat.postMessage`, as Alertmanager sends it.

use serde::{Deserialize, Serialize};

use super::chat::{self, Field};
use super::exchange::{Http, Reply, by_status};
use super::letter::AlertStatus;
use super::report::{Class, Reason, Report};
use super::scope::Scope;
use super::{Pen, plain, post};
use crate::domain::notification::receiver::{RocketchatAction, RocketchatConfig};
use crate::domain::template::Value;
use crate::domain::value::Span;

/// Alertmanager cuts titles here.
const TITLE_CHARS_MAX: usize = 1_024;

#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "String::is_empty")]
    channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    emoji: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    avatar: String,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
struct Attachment {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title_link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    image_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    thumb_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    color: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action>,
}

/// Rocket.Chat knows one type of action.
#[derive(Serialize)]
struct Action {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
    is_webview: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    msg: String,
    msg_in_chat_window: bool,
}

pub(super) fn write(scope: &Scope, config: &RocketchatConfig, pen: &mut Pen) -> Http {
    let value = scope.value(str::to_owned);
    let body = body(scope, config, &value, pen);
    let url = format!("{}/api/v1/chat.postMessage", config.api_url.trim_end_matches('/'));
    let first = post(scope.letter, &url, &body)
        .header("X-Auth-Token", config.token.reveal())
        .header("X-User-Id", config.token_id.reveal());
    Http::once(first, judge, Span::ZERO, &config.http)
}

fn body(scope: &Scope, config: &RocketchatConfig, value: &Value, pen: &mut Pen) -> Body {
    let mut text = |field: &str, instead: fn(&Scope) -> String| {
        let Some(template) = config.texts.get(field) else { return String::new() };
        pen.text(field, template, value).unwrap_or_else(|| instead(scope))
    };
    let nothing = |_: &Scope| String::new();
    let mut title = plain::shorten(&text("title", plain::title), TITLE_CHARS_MAX);
    let words = plain::with_delay(scope, text("text", plain::text));
    let image_url = text("image_url", nothing);
    let thumb_url = text("thumb_url", nothing);
    let color = text("color", colour);
    let title_link = text("title_link", nothing);
    let (channel, emoji) = (text("channel", nothing), text("emoji", nothing));
    let avatar = text("icon_url", nothing);
    let fields = chat::fields(&config.fields, value, pen);
    // Rocket.Chat refuses what says nothing at all.
    let says_nothing = [&title, &words, &image_url].iter().all(|text| text.trim().is_empty());
    if says_nothing && fields.is_empty() {
        title = plain::title(scope);
    }
    let actions = config.actions.iter().map(|action| self::action(action, value, pen)).collect();
    let attachment =
        Attachment { title, title_link, text: words, image_url, thumb_url, color, fields, actions };
    Body { channel, emoji, avatar, attachments: [attachment] }
}

fn action(action: &RocketchatAction, value: &Value, pen: &mut Pen) -> Action {
    Action {
        kind: "button",
        text: pen.text("actions.text", &action.text, value).unwrap_or_default(),
        url: pen.text("actions.url", &action.url, value).unwrap_or_default(),
        is_webview: false,
        msg: pen.text("actions.msg", &action.msg, value).unwrap_or_default(),
        msg_in_chat_window: false,
    }
}

fn colour(scope: &Scope) -> String {
    match scope.status() {
        AlertStatus::Firing => "red".to_owned(),
        AlertStatus::Resolved => "green".to_owned(),
    }
}

/// Rocket.Chat says no in the body, at times with status 200. An answer that it cannot have given
/// comes from something on the way.
fn judge(reply: &Reply) -> Report {
    if !reply.is_success() {
        return by_status(reply);
    }
    let later = Class::Retry { after: None };
    match serde_json::from_str::<Answer>(&reply.body) {
        Ok(Answer { success: true, .. }) => Report::Delivered { provider: None },
        Ok(Answer { error, .. }) if error.contains("error-too-many-requests") => {
            reply.refused(later, Reason::RateLimited, &error)
        }
        Ok(Answer { error, .. }) => reply.refused(Class::Permanent, Reason::ClientError, &error),
        Err(_) => reply.refused(later, Reason::Other, "its answer is not that of Rocket.Chat"),
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    success: bool,
    #[serde(default)]
    error: String,
}
