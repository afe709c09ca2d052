//! Telegram: one text through the Bot API, whose password is a part of its address.

use serde::{Deserialize, Serialize};

use super::exchange::{Http, Reply, by_status};
use super::plain;
use super::report::Report;
use super::scope::Scope;
use super::{Pen, post};
use crate::domain::notification::receiver::{ParseMode, TelegramConfig};

/// Telegram refuses longer texts; mark-up does not count.
const TEXT_CHARS_MAX: usize = 4_096;
/// Telegram refuses more before it looks at the mark-up.
const MARKED_UP_BYTES_MAX: usize = 32 << 10;
/// The longest escape that is one character: `&#1114111;`.
const ENTITY_BYTES_MAX: usize = 10;

/// All values are text, which the Bot API takes for numbers as well.
#[derive(Serialize)]
struct Body<'a> {
    chat_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<String>,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parse_mode: Option<&'static str>,
    disable_web_page_preview: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    disable_notification: bool,
}

pub(super) fn write(scope: &Scope, config: &TelegramConfig, pen: &mut Pen) -> Http {
    let (text, mode) = text(scope, config, pen);
    let body = Body {
        chat_id: &config.chat_id,
        message_thread_id: config.message_thread_id.map(|id| id.to_string()),
        text,
        parse_mode: mode.word(),
        disable_web_page_preview: true,
        disable_notification: config.disable_notifications,
    };
    let api_url = config.api_url.trim_end_matches('/');
    let url = format!("{api_url}/bot{}/sendMessage", config.bot_token.reveal());
    let first = post(scope.letter, &url, &body).secret(&config.bot_token);
    Http::once(first, judge, config.timeout, &config.http)
}

/// What cannot be said in mark-up is said in plain words: half a tag would be refused.
fn text(scope: &Scope, config: &TelegramConfig, pen: &mut Pen) -> (String, ParseMode) {
    let value = scope.value(str::to_owned);
    let rendered = match config.parse_mode {
        ParseMode::Html => pen.html("message", &config.message, &value),
        ParseMode::Plain | ParseMode::Markdown | ParseMode::MarkdownV2 => {
            pen.text("message", &config.message, &value)
        }
    };
    let rendered = rendered.filter(|text| !text.trim().is_empty());
    let Some(text) = rendered.map(|text| plain::with_delay(scope, text)) else {
        return (in_plain_words(scope), ParseMode::Plain);
    };
    if config.parse_mode != ParseMode::Html {
        return (plain::shorten(&text, TEXT_CHARS_MAX), config.parse_mode);
    }
    if text.len() > MARKED_UP_BYTES_MAX || visible_chars(&text) > TEXT_CHARS_MAX {
        return (in_plain_words(scope), ParseMode::Plain);
    }
    (text, ParseMode::Html)
}

fn in_plain_words(scope: &Scope) -> String {
    plain::shorten(&plain::text(scope), TEXT_CHARS_MAX)
}

/// How many characters a reader sees of HTML: tags are none, and an escape is one.
fn visible_chars(html: &str) -> usize {
    let mut count = 0;
    let mut rest = html;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '<' => rest.find('>').map(|end| end + 1),
            '&' => entity_bytes(rest),
            _ => None,
        };
        count += usize::from(first != '<' || length.is_none());
        rest = &rest[length.unwrap_or(first.len_utf8())..];
    }
    count
}

/// The length of the escape that a text begins with, if it does.
fn entity_bytes(text: &str) -> Option<usize> {
    let end = text.bytes().take(ENTITY_BYTES_MAX).position(|byte| byte == b';')?;
    let is_name = |c: char| c == '#' || c.is_ascii_alphanumeric();
    (end > 1 && text[1..end].chars().all(is_name)).then_some(end + 1)
}

/// The Bot API says in the body what is wrong, how long to wait, and where a chat has moved to.
fn judge(reply: &Reply) -> Report {
    let Ok(answer) = serde_json::from_str::<Answer>(&reply.body) else { return by_status(reply) };
    let mut reply = reply.or_after(answer.parameters.retry_after);
    if reply.is_success() {
        // Something between us and Telegram that passes errors on as success.
        reply.status = answer.error_code.filter(|_| !answer.ok).unwrap_or(reply.status);
    }
    reply.body = answer.description;
    if let Some(chat) = answer.parameters.migrate_to_chat_id {
        reply.body = format!("{}; its `chat_id` has become {chat}", reply.body);
    }
    by_status(&reply)
}

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    error_code: Option<u16>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Deserialize, Default)]
struct Parameters {
    /// In seconds.
    retry_after: Option<f64>,
    /// The number of the larger group that a group has become.
    migrate_to_chat_id: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_reader_sees_counts() {
        for (html, expected) in [
            ("", 0),
            ("disk", 4),
            ("<b>disk</b> &amp; cpu", 10),
            ("<a href=\"http://a.example.org/?b=c\">ä</a>", 1),
            ("&#128293;", 1),
            ("a & b; c", 8),
            ("a < b", 5),
            ("& and a long way to the next;", 29),
        ] {
            assert_eq!(visible_chars(html), expected, "{html}");
        }
    }
}
