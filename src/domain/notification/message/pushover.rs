//! Pushover: a form with one message. Emergencies are repeated until somebody acknowledges them.

use serde::Deserialize;

use super::exchange::{Http, Reply, Request, by_status};
use super::letter::AlertStatus;
use super::report::{Class, Reason, Report};
use super::scope::Scope;
use super::{Fault, Pen, plain};
use crate::domain::notification::receiver::{PushoverConfig, PushoverStyle};
use crate::domain::template::Value;
use crate::domain::value::{Secret, Span};

/// The only address; Alertmanager has no key for another.
const URL: &str = "https://api.pushover.net/1/messages.json";
/// Pushover refuses longer titles.
const TITLE_CHARS_MAX: usize = 250;
/// Pushover refuses longer texts.
const MESSAGE_CHARS_MAX: usize = 1_024;
/// Pushover refuses longer links.
const URL_CHARS_MAX: usize = 512;
/// What stands in for an empty text, which Pushover refuses.
const NO_MESSAGE: &str = "(no details)";

/// Without user or token, there is nobody to tell.
pub(super) fn write(scope: &Scope, config: &PushoverConfig, pen: &mut Pen) -> Result<Http, Fault> {
    let value = scope.value(str::to_owned);
    let token = pen.key("token", config.token.reveal(), &value)?;
    let user = pen.key("user_key", config.user_key.reveal(), &value)?;
    let (message, style) = message(scope, config, &value, pen);
    let title = pen.text("title", &config.title, &value).unwrap_or_else(|| plain::title(scope));
    let url = pen.text("url", &config.url, &value).unwrap_or_default();
    let priority = pen.text("priority", &config.priority, &value);
    let seconds = |span: Span| (span.0 / 1_000).to_string();

    let mut form = vec![
        ("token", token.clone()),
        ("user", user.clone()),
        ("title", plain::shorten(&title, TITLE_CHARS_MAX)),
        ("message", message),
        ("url", plain::shorten(&url, URL_CHARS_MAX)),
        ("url_title", pen.text("url_title", &config.url_title, &value).unwrap_or_default()),
        ("priority", priority.unwrap_or_else(|| urgency(scope).to_owned())),
        ("retry", seconds(config.retry)),
        ("expire", seconds(config.expire)),
        ("device", pen.text("device", &config.device, &value).unwrap_or_default()),
        ("sound", pen.text("sound", &config.sound, &value).unwrap_or_default()),
    ];
    if config.ttl >= Span::seconds(1) {
        form.push(("ttl", seconds(config.ttl)));
    }
    match style {
        PushoverStyle::Plain => {}
        PushoverStyle::Html => form.push(("html", "1".to_owned())),
        PushoverStyle::Monospace => form.push(("monospace", "1".to_owned())),
    }
    let first = Request::form(URL, &form).secret(&Secret::new(token)).secret(&Secret::new(user));
    Ok(Http::once(first, judge, Span::ZERO, &config.http))
}

/// A text and how it is shown: what stands in for HTML is none, and neither is half of it.
fn message(
    scope: &Scope,
    config: &PushoverConfig,
    value: &Value,
    pen: &mut Pen,
) -> (String, PushoverStyle) {
    let rendered = match config.style {
        PushoverStyle::Html => pen.html("message", &config.message, value),
        PushoverStyle::Plain | PushoverStyle::Monospace => {
            pen.text("message", &config.message, value)
        }
    };
    let style = match (config.style, &rendered) {
        (PushoverStyle::Html, None) => PushoverStyle::Plain,
        (style, _) => style,
    };
    let text = plain::with_delay(scope, rendered.unwrap_or_else(|| plain::text(scope)));
    let text = plain::shorten(&text, MESSAGE_CHARS_MAX);
    match text.trim() {
        "" => (NO_MESSAGE.to_owned(), style),
        text => (text.to_owned(), style),
    }
}

/// An emergency while it fires, normal once it is over: Alertmanager's default.
fn urgency(scope: &Scope) -> &'static str {
    match scope.status() {
        AlertStatus::Firing => "2",
        AlertStatus::Resolved => "0",
    }
}

/// Pushover says in the body what it does not like.
fn judge(reply: &Reply) -> Report {
    match serde_json::from_str::<Answer>(&reply.body) {
        Ok(answer) if reply.is_success() && answer.status != 1 => {
            let why = answer.errors.join("; ");
            reply.refused(Class::Permanent, Reason::ClientError, &why)
        }
        Ok(answer) if !answer.errors.is_empty() => {
            by_status(&Reply { body: answer.errors.join("; "), ..reply.clone() })
        }
        Ok(_) | Err(_) => by_status(reply),
    }
}

#[derive(Deserialize)]
struct Answer {
    /// 1 if it was taken.
    status: i64,
    #[serde(default)]
    errors: Vec<String>,
}
