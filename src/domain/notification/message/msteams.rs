//! Microsoft Teams: a message card for its connectors, an adaptive card for its workflows, both as
//! Alertmanager sends them.

use serde::Serialize;

use super::exchange::{Http, Reply, by_status};
use super::letter::AlertStatus;
use super::plain;
use super::report::Report;
use super::scope::Scope;
use super::{Pen, post};
use crate::domain::notification::receiver::{MsTeamsConfig, MsTeamsV2Config};
use crate::domain::template::{Template, Value};
use crate::domain::value::Span;

/// Teams refuses cards of more than 28 KB, and a text grows on its way into JSON.
const TEXT_BYTES_MAX: usize = 20_000;
/// A title of this length is read by nobody; with the text it stays below Teams' limit.
const TITLE_BYTES_MAX: usize = 2_000;
/// What a connector writes into a reply of 200 when Teams itself turned the card down.
const INNER_STATUS: &str = "endpoint returned HTTP error ";

#[derive(Serialize)]
struct MessageCard {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    summary: String,
    text: String,
    #[serde(rename = "themeColor")]
    theme_color: &'static str,
}

pub(super) fn write(scope: &Scope, config: &MsTeamsConfig, pen: &mut Pen) -> Http {
    let value = scope.value(str::to_owned);
    let (title, text) = words(scope, (&config.title, &config.text), &value, pen);
    let summary = pen.text("summary", &config.summary, &value);
    let card = MessageCard {
        context: "http://schema.org/extensions",
        kind: "MessageCard",
        title,
        summary: plain::shorten_bytes(
            &summary.unwrap_or_else(|| plain::title(scope)),
            TITLE_BYTES_MAX,
        ),
        text,
        theme_color: match scope.status() {
            AlertStatus::Firing => "8C1A1A",
            AlertStatus::Resolved => "2DC72D",
        },
    };
    let first = post(scope.letter, config.webhook_url.reveal(), &card);
    Http::once(first, judge, Span::ZERO, &config.http)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(rename = "type")]
    kind: &'static str,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    content_type: &'static str,
    /// Always null: Teams wants the key.
    content_url: Option<&'static str>,
    content: AdaptiveCard,
}

#[derive(Serialize)]
struct AdaptiveCard {
    #[serde(rename = "$schema")]
    schema: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    version: &'static str,
    body: [TextBlock; 2],
    msteams: Layout,
}

#[derive(Serialize)]
struct TextBlock {
    #[serde(rename = "type")]
    kind: &'static str,
    text: String,
    wrap: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    heading: Option<Heading>,
}

#[derive(Serialize)]
struct Heading {
    weight: &'static str,
    size: &'static str,
    style: &'static str,
    color: &'static str,
}

#[derive(Serialize)]
struct Layout {
    width: &'static str,
}

pub(super) fn write_v2(scope: &Scope, config: &MsTeamsV2Config, pen: &mut Pen) -> Http {
    let value = scope.value(str::to_owned);
    let (title, text) = words(scope, (&config.title, &config.text), &value, pen);
    let color = match scope.status() {
        AlertStatus::Firing => "Attention",
        AlertStatus::Resolved => "Good",
    };
    let heading = Heading { weight: "Bolder", size: "Medium", style: "heading", color };
    let block = |text, heading| TextBlock { kind: "TextBlock", text, wrap: true, heading };
    let envelope = Envelope {
        kind: "message",
        attachments: [Attachment {
            content_type: "application/vnd.microsoft.card.adaptive",
            content_url: None,
            content: AdaptiveCard {
                schema: "http://adaptivecards.io/schemas/adaptive-card.json",
                kind: "AdaptiveCard",
                version: "1.2",
                body: [block(title, Some(heading)), block(text, None)],
                msteams: Layout { width: "full" },
            },
        }],
    };
    let first = post(scope.letter, config.webhook_url.reveal(), &envelope);
    Http::once(first, by_status, Span::ZERO, &config.http)
}

/// Title and text, not both empty: a card that says nothing is refused.
fn words(
    scope: &Scope,
    (title, text): (&Template, &Template),
    value: &Value,
    pen: &mut Pen,
) -> (String, String) {
    let mut title = pen.text("title", title, value).unwrap_or_else(|| plain::title(scope));
    let text = pen.text("text", text, value).unwrap_or_else(|| plain::text(scope));
    let text = plain::with_delay(scope, text);
    if title.trim().is_empty() && text.trim().is_empty() {
        title = plain::title(scope);
    }
    let title = plain::shorten_bytes(&title, TITLE_BYTES_MAX);
    (title, plain::shorten_bytes(&text, TEXT_BYTES_MAX))
}

/// A connector answers 200 and tells in its text that Teams did not.
fn judge(reply: &Reply) -> Report {
    let inner = reply.body.split_once(INNER_STATUS).and_then(|(_, rest)| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    });
    match inner {
        Some(status) if reply.is_success() => {
            by_status(&Reply { status, phrase: "", ..reply.clone() })
        }
        Some(_) | None => by_status(reply),
    }
}
