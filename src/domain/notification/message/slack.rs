//! Slack: one attachment, as Alertmanager sends it. What templates say may be markup; what the data
//! brings into them is text.

use serde::{Deserialize, Serialize};

use super::exchange::{Http, Reply, by_status};
use super::letter::AlertStatus;
use super::plain;
use super::report::{Class, Reason, Report};
use super::scope::{Escape, Scope};
use super::{Pen, post};
use crate::domain::notification::receiver::SlackConfig;
use crate::domain::template::Value;

/// Slack cuts titles here.
const TITLE_CHARS_MAX: usize = 1_024;
/// The longest piece of an escape before an ellipsis: `&amp…`.
const ENTITY_CHARS_MAX: usize = 5;

#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "String::is_empty")]
    channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_emoji: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_url: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    link_names: bool,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
struct Attachment {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title_link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pretext: String,
    text: String,
    fallback: String,
    callback_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "String::is_empty")]
    image_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    thumb_url: String,
    footer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    color: String,
    mrkdwn_in: Vec<String>,
}

impl Attachment {
    fn is_empty(&self) -> bool {
        let texts = [&self.title, &self.pretext, &self.text, &self.image_url];
        texts.iter().all(|text| text.trim().is_empty()) && self.fields.is_empty()
    }
}

#[derive(Serialize)]
struct Field {
    title: String,
    value: String,
    short: bool,
}

pub(super) fn write(scope: &Scope, config: &SlackConfig, pen: &mut Pen) -> Http {
    let body = Quill::new(scope, config, pen).body();
    let first = post(scope.letter, config.api_url.reveal(), &body);
    Http::once(first, judge, config.timeout, &config.http)
}

/// Webhooks answer `ok` in plain text; the Web API answers JSON, and says what is wrong in a word,
/// with status 200.
fn judge(reply: &Reply) -> Report {
    if !reply.is_success() {
        return by_status(reply);
    }
    let Ok(answer) = serde_json::from_str::<Answer>(&reply.body) else {
        return Report::Delivered { provider: None };
    };
    if answer.ok != Some(false) {
        return Report::Delivered { provider: answer.ts };
    }
    let (class, reason) = match answer.error.as_str() {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            (Class::Retry { after: None }, Reason::RateLimited)
        }
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
            (Class::Retry { after: None }, Reason::ServerError)
        }
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired"
        | "no_permission" | "missing_scope" | "invalid_token" => {
            (Class::Permanent, Reason::AuthError)
        }
        _ => (Class::Permanent, Reason::ClientError),
    };
    reply.refused(class, reason, &answer.error)
}

#[derive(Deserialize)]
struct Answer {
    ok: Option<bool>,
    #[serde(default)]
    error: String,
    ts: Option<String>,
}

/// Renders the fields of one message.
struct Quill<'a, 'p, 'l> {
    scope: &'a Scope<'a>,
    config: &'a SlackConfig,
    pen: &'p mut Pen<'l>,
    /// For what Slack reads as markup.
    escaped: Value,
    /// For what Slack takes as it stands: addresses, colours, names.
    raw: Value,
}

impl<'a, 'p, 'l> Quill<'a, 'p, 'l> {
    fn new(scope: &'a Scope<'a>, config: &'a SlackConfig, pen: &'p mut Pen<'l>) -> Self {
        let escape: Escape = if config.link_names { escape_names } else { escape };
        Self { scope, config, pen, escaped: scope.value(escape), raw: scope.value(str::to_owned) }
    }

    fn body(mut self) -> Body {
        let title = plain::title(self.scope);
        let colour = match self.scope.status() {
            AlertStatus::Firing => "danger",
            AlertStatus::Resolved => "good",
        };
        let mut attachment = Attachment {
            title: cut(&self.markup("title", || title.clone()), TITLE_CHARS_MAX),
            title_link: self.verbatim("title_link", ""),
            pretext: self.pretext(),
            text: self.text(),
            fallback: self.markup("fallback", || title.clone()),
            callback_id: self.verbatim("callback_id", ""),
            fields: self.fields(),
            image_url: self.verbatim("image_url", ""),
            thumb_url: self.verbatim("thumb_url", ""),
            footer: self.markup("footer", String::new),
            color: self.verbatim("color", colour),
            mrkdwn_in: self.mrkdwn_in(),
        };
        // Slack refuses what says nothing at all.
        if attachment.is_empty() {
            attachment.title = escape(&title);
        }
        Body {
            channel: self.verbatim("channel", ""),
            username: self.verbatim("username", ""),
            icon_emoji: self.verbatim("icon_emoji", ""),
            icon_url: self.verbatim("icon_url", ""),
            link_names: self.config.link_names,
            attachments: [attachment],
        }
    }

    /// A field that Slack reads as markup; `instead` stands in where its template fails.
    fn markup(&mut self, field: &'static str, instead: impl FnOnce() -> String) -> String {
        let Some(template) = self.config.texts.get(field) else { return String::new() };
        match self.pen.text(field, template, &self.escaped) {
            Some(text) => unescape_queries(&text),
            None => escape(&instead()),
        }
    }

    /// A field that Slack takes as it stands; `instead` stands in where its template fails.
    fn verbatim(&mut self, field: &'static str, instead: &str) -> String {
        let Some(template) = self.config.texts.get(field) else { return String::new() };
        self.pen.text(field, template, &self.raw).unwrap_or_else(|| instead.to_owned())
    }

    fn text(&mut self) -> String {
        let scope = self.scope;
        self.markup("text", || plain::text(scope))
    }

    fn pretext(&mut self) -> String {
        let pretext = self.markup("pretext", String::new);
        match self.scope.letter.delayed {
            Some(span) if pretext.is_empty() => format!("Delayed by {span}."),
            Some(span) => format!("{pretext}\nDelayed by {span}."),
            None => pretext,
        }
    }

    fn fields(&mut self) -> Vec<Field> {
        let mut fields = Vec::with_capacity(self.config.fields.len());
        for (title, value, short) in &self.config.fields {
            let title = self.pen.text("fields.title", title, &self.escaped);
            let value = self.pen.text("fields.value", value, &self.escaped);
            // Half a field misleads; the other half is in the faults.
            if let (Some(title), Some(value)) = (title, value) {
                let value = unescape_queries(&value);
                fields.push(Field { title: unescape_queries(&title), value, short: *short });
            }
        }
        fields
    }

    fn mrkdwn_in(&self) -> Vec<String> {
        if self.config.mrkdwn_in.is_empty() {
            ["fallback", "pretext", "text"].map(str::to_owned).to_vec()
        } else {
            self.config.mrkdwn_in.clone()
        }
    }
}

/// Slack's three characters: without them there is no link and no `<!channel>`.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// As [`escape`], and calls to everybody are broken up by a space without width: with `link_names`,
/// Slack reads them also without brackets.
fn escape_names(text: &str) -> String {
    ["channel", "here", "everyone"].iter().fold(escape(text), |text, everybody| {
        text.replace(&format!("@{everybody}"), &format!("@\u{200b}{everybody}"))
    })
}

/// Undoes [`escape`] where the result went through `urlquery`: it is part of an address there.
fn unescape_queries(text: &str) -> String {
    text.replace("%26lt%3B", "%3C").replace("%26gt%3B", "%3E").replace("%26amp%3B", "%26")
}

/// At most so many characters, without half an `&amp;` at the end.
fn cut(text: &str, chars_max: usize) -> String {
    let mut short = plain::shorten(text, chars_max);
    if short.len() < text.len()
        && let Some(start) = short.rfind('&')
        && !short[start..].contains(';')
        && short[start..].chars().count() <= ENTITY_CHARS_MAX
    {
        short.truncate(start);
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_makes_no_markup_and_no_mention() {
        assert_eq!(escape("<!channel> a&b"), "&lt;!channel&gt; a&amp;b");
        assert_eq!(escape("<http://evil|Click>"), "&lt;http://evil|Click&gt;");
        assert_eq!(escape_names("@here, mail@home"), "@\u{200b}here, mail@home");
    }

    #[test]
    fn what_went_into_an_address_is_not_escaped_for_markup() {
        // urlquery of `a&b<c`, and of `&amp;` as a label may spell it.
        assert_eq!(unescape_queries("x?q=a%26amp%3Bb%26lt%3Bc"), "x?q=a%26b%3Cc");
        assert_eq!(unescape_queries("x?q=%26amp%3Bamp%3B"), "x?q=%26amp%3B");
    }

    #[test]
    fn a_cut_leaves_no_half_of_an_escape() {
        assert_eq!(cut("disk &amp; cpu", 20), "disk &amp; cpu");
        assert_eq!(cut("disk &amp; cpu", 9), "disk …");
        assert_eq!(cut("disk &amp; cpu", 12), "disk &amp; …");
        assert_eq!(cut("R&D goes on and on", 12), "R&D goes on…");
    }
}
