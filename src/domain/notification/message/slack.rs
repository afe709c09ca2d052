//! Slack: one attachment, as Alertmanager sends it, as a new message or in the place of the last.

mod answer;
mod markup;

use std::collections::BTreeMap;

use serde::Serialize;

use super::exchange::Http;
use super::letter::AlertStatus;
use super::scope::{Escape, Scope};
use super::{Pen, plain, post};
use crate::domain::notification::receiver::{SlackAction, SlackConfig};
use crate::domain::template::{Template, Value};

use answer::{Editing, judge};
use markup::{cut, escape, escape_names, unescape_queries};

/// Slack cuts titles here.
const TITLE_CHARS_MAX: usize = 1_024;
/// The last part of the address that makes messages, and of the one that edits them.
const METHODS: (&str, &str) = ("chat.postMessage", "chat.update");

#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "String::is_empty")]
    channel: String,
    /// The message to be edited.
    #[serde(skip_serializing_if = "String::is_empty")]
    ts: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_emoji: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_url: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    link_names: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action>,
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

/// Texts by their names, those that are not empty.
type Texts = BTreeMap<&'static str, String>;

#[derive(Serialize)]
struct Action {
    #[serde(flatten)]
    texts: Texts,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<Texts>,
}

pub(super) fn write(scope: &Scope, config: &SlackConfig, pen: &mut Pen) -> Http {
    let mut body = Quill::new(scope, config, pen).body();
    let url = config.url.reveal();
    let fresh = post(scope.letter, url, &body);
    let Some((channel, ts, address)) = shown(scope, config) else {
        return Http::once(fresh, judge, config.timeout, &config.http);
    };
    (body.channel, body.ts) = (channel.to_owned(), ts.to_owned());
    Http {
        first: post(scope.letter, &address, &body),
        listener: Box::new(Editing { instead: Some(fresh) }),
        timeout: config.timeout,
        http: config.http.clone(),
    }
}

/// The message that is to be edited, if there is one, and the address that edits it.
fn shown<'a>(scope: &Scope<'a>, config: &SlackConfig) -> Option<(&'a str, &'a str, String)> {
    let provider = scope.letter.thread.provider.as_deref().filter(|_| config.update_message)?;
    let (channel, ts) = provider.split_once(' ')?;
    let (makes, edits) = METHODS;
    let base = config.url.reveal().strip_suffix(makes)?;
    Some((channel, ts, format!("{base}{edits}")))
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
        let escape: Escape = match (scope.letter.verbatim, config.link_names) {
            (true, _) => str::to_owned,
            (false, true) => escape_names,
            (false, false) => escape,
        };
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
            actions: self.actions(),
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
            ts: String::new(),
            username: self.verbatim("username", ""),
            icon_emoji: self.verbatim("icon_emoji", ""),
            icon_url: self.verbatim("icon_url", ""),
            link_names: self.config.link_names,
            text: self.markup("message_text", String::new),
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

    fn actions(&mut self) -> Vec<Action> {
        let config = self.config;
        config.actions.iter().filter_map(|action| self.action(action)).collect()
    }

    /// Slack refuses a whole message for a button that lacks its type or its text.
    fn action(&mut self, action: &SlackAction) -> Option<Action> {
        let mut texts = |kind: &str, templates: &BTreeMap<&'static str, Template>| {
            let render = |(name, template): (&&'static str, &Template)| {
                let field = format!("{kind}.{name}");
                let text = self.pen.text(&field, template, &self.raw)?;
                (!text.is_empty()).then_some((*name, text))
            };
            templates.iter().filter_map(render).collect::<Texts>()
        };
        let confirm = action.confirm.as_ref().map(|confirm| texts("actions.confirm", confirm));
        let confirm = confirm.filter(|texts| texts.contains_key("text"));
        let texts = texts("actions", &action.texts);
        let whole = ["type", "text"].iter().all(|key| texts.contains_key(key));
        whole.then_some(Action { texts, confirm })
    }

    fn mrkdwn_in(&self) -> Vec<String> {
        if self.config.mrkdwn_in.is_empty() {
            ["fallback", "pretext", "text"].map(str::to_owned).to_vec()
        } else {
            self.config.mrkdwn_in.clone()
        }
    }
}
