//! Mattermost: attachments through a webhook, as Alertmanager sends them.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::exchange::{Http, by_status};
use super::letter::AlertStatus;
use super::scope::Scope;
use super::{Pen, chat, plain, post};
use crate::domain::notification::receiver::{
    MattermostAttachment, MattermostConfig, MattermostPriority,
};
use crate::domain::template::{Template, Value};
use crate::domain::value::Span;

/// Mattermost refuses longer posts.
const TEXT_CHARS_MAX: usize = 16_383;

#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_emoji: String,
    attachments: Vec<Map<String, Json>>,
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    props: Option<Props>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
}

#[derive(Serialize)]
struct Props {
    card: String,
}

#[derive(Serialize)]
struct Priority {
    priority: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    requested_ack: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    persistent_notifications: bool,
}

pub(super) fn write(scope: &Scope, config: &MattermostConfig, pen: &mut Pen) -> Http {
    let value = scope.value(str::to_owned);
    let mut quill = Quill { scope, value: &value, pen };
    let mut body = Body {
        text: String::new(),
        channel: quill.text("channel", &config.channel),
        username: quill.text("username", &config.username),
        icon_url: quill.text("icon_url", &config.icon_url),
        icon_emoji: quill.text("icon_emoji", &config.icon_emoji),
        attachments: Vec::new(),
        kind: quill.text("type", &config.kind),
        props: config.card.as_ref().and_then(|card| {
            let card = quill.text("props.card", card);
            (!card.is_empty()).then_some(Props { card })
        }),
        priority: config.priority.as_ref().map(|priority| quill.priority(priority)),
    };
    if config.attachments.is_empty() {
        let mut attachment = quill.attachment(&config.attachment);
        let text = attachment.get("text").and_then(Json::as_str).unwrap_or_default();
        let text = plain::with_delay(scope, text.to_owned());
        if !text.is_empty() {
            attachment.insert("text".to_owned(), cut(&text).into());
        }
        body.attachments.push(attachment);
    } else {
        let text = config.attachment.texts.get("text");
        let text = text.map(|text| quill.text("text", text)).unwrap_or_default();
        body.text = cut(&plain::with_delay(scope, text));
        body.attachments = config.attachments.iter().map(|one| quill.attachment(one)).collect();
    }
    // Mattermost refuses what says nothing at all.
    let says_something = |attachment: &Map<String, Json>| {
        let mut keys = ["text", "title", "pretext", "fields", "image_url"].iter();
        keys.any(|key| attachment.contains_key(*key))
    };
    if body.text.trim().is_empty() && !body.attachments.iter().any(says_something) {
        body.text = plain::title(scope);
    }
    let first = post(scope.letter, config.webhook_url.reveal(), &body);
    Http::once(first, by_status, Span::ZERO, &config.http)
}

/// Renders the fields of one message.
struct Quill<'a, 'p, 'l> {
    scope: &'a Scope<'a>,
    value: &'a Value,
    pen: &'p mut Pen<'l>,
}

impl Quill<'_, '_, '_> {
    /// A field's text. Where it fails, plain words take the place of what people read.
    fn text(&mut self, field: &str, template: &Template) -> String {
        if let Some(text) = self.pen.text(field, template, self.value) {
            return text;
        }
        match field {
            "text" => plain::text(self.scope),
            "title" | "fallback" => plain::title(self.scope),
            "color" => match self.scope.status() {
                AlertStatus::Firing => "danger".to_owned(),
                AlertStatus::Resolved => "good".to_owned(),
            },
            _ => String::new(),
        }
    }

    /// The keys that have something to say, in Alertmanager's order.
    fn attachment(&mut self, attachment: &MattermostAttachment) -> Map<String, Json> {
        let mut keys = Map::new();
        for key in MattermostAttachment::TEXTS {
            let text = attachment.texts.get(key).map(|template| self.text(key, template));
            let text = text.filter(|text| !text.is_empty());
            if let Some(text) = text {
                keys.insert(key.to_owned(), cut(&text).into());
            }
            if key == "title_link" {
                let fields = chat::fields(&attachment.fields, self.value, self.pen);
                let fields = serde_json::to_value(fields).expect("fields are plain JSON");
                if fields != Json::Array(Vec::new()) {
                    keys.insert("fields".to_owned(), fields);
                }
            }
        }
        keys
    }

    /// Mattermost refuses a priority that it does not know, and flags that do not go with it.
    fn priority(&mut self, config: &MattermostPriority) -> Priority {
        let word = self.text("priority.priority", &config.priority).to_lowercase();
        let known = ["urgent", "important"].into_iter().find(|known| *known == word);
        let priority = known.unwrap_or("standard");
        Priority {
            priority,
            requested_ack: config.requested_ack && priority != "standard",
            persistent_notifications: config.persistent_notifications && priority == "urgent",
        }
    }
}

fn cut(text: &str) -> String {
    plain::shorten(text, TEXT_CHARS_MAX)
}
