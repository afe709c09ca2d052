//! `slack_configs`.

use std::collections::BTreeMap;

use super::form::{Form, Kind};
use crate::config::node::Node;
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, SlackConfig};
use Shape::{Fields, GoDuration, List, Secret, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "slack_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("callback_id", r#"{{ template "slack.default.callbackid" . }}"#),
        ("color", r#"{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}"#),
        ("fallback", r#"{{ template "slack.default.fallback" . }}"#),
        ("footer", r#"{{ template "slack.default.footer" . }}"#),
        ("icon_emoji", r#"{{ template "slack.default.iconemoji" . }}"#),
        ("icon_url", r#"{{ template "slack.default.iconurl" . }}"#),
        ("pretext", r#"{{ template "slack.default.pretext" . }}"#),
        ("text", r#"{{ template "slack.default.text" . }}"#),
        ("title", r#"{{ template "slack.default.title" . }}"#),
        ("title_link", r#"{{ template "slack.default.titlelink" . }}"#),
        ("username", r#"{{ template "slack.default.username" . }}"#),
    ],
    send_resolved: false,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("api_url", Secret),
    ("api_url_file", Text),
    ("app_token", Secret),
    ("app_token_file", Text),
    ("app_url", Text),
    ("channel", Template),
    ("username", Template),
    ("color", Template),
    ("title", Template),
    ("title_link", Template),
    ("pretext", Template),
    ("text", Template),
    ("message_text", Template),
    ("fields", List(&Fields(&[("title", Template), ("value", Template), ("short", Truth)]))),
    ("short_fields", Truth),
    ("footer", Template),
    ("fallback", Template),
    ("callback_id", Template),
    ("icon_emoji", Template),
    ("icon_url", Template),
    ("image_url", Template),
    ("thumb_url", Template),
    ("link_names", Truth),
    ("mrkdwn_in", List(&Text)),
    ("actions", List(&Fields(ACTION))),
    ("update_message", Truth),
    ("timeout", GoDuration),
];

const ACTION: &[Field] = &[
    ("type", Template),
    ("text", Template),
    ("url", Template),
    ("style", Template),
    ("name", Template),
    ("value", Template),
    (
        "confirm",
        Fields(&[
            ("text", Template),
            ("title", Template),
            ("ok_text", Template),
            ("dismiss_text", Template),
        ]),
    ),
];

/// Texts that can be set.
const TEXTS: [&str; 14] = [
    "callback_id",
    "channel",
    "color",
    "fallback",
    "footer",
    "icon_emoji",
    "icon_url",
    "image_url",
    "pretext",
    "text",
    "thumb_url",
    "title",
    "title_link",
    "username",
];

/// Fields that are read and have no effect.
const WITHOUT_EFFECT: [&str; 3] = ["actions", "message_text", "update_message"];

fn read(form: &mut Form) -> Option<IntegrationKind> {
    for key in WITHOUT_EFFECT {
        if let Some(value) = form.get(key) {
            form.check.warn(value.place, format!("`{key}` has no effect yet"));
        }
    }
    if let Some(token) = form.get("app_token").or_else(|| form.get("app_token_file")) {
        form.check.error(token.place, "app tokens are not supported yet; use an `api_url`");
        return None;
    }
    let api_url = form.need_secret_address("api_url", "slack_api_url")?;
    let mut texts = BTreeMap::new();
    for key in TEXTS {
        texts.insert(key, form.template(key)?);
    }
    let mut fields = Vec::new();
    for field in form.get("fields").map(Node::items).unwrap_or_default() {
        for key in ["title", "value"] {
            if field.text_at(key).is_none_or(str::is_empty) {
                form.check.error(field.place, format!("a field needs a `{key}`"));
            }
        }
        let short = field.get("short").and_then(Node::boolean);
        let short = short.unwrap_or_else(|| form.truth("short_fields"));
        fields.push((form.template_in(field, "title")?, form.template_in(field, "value")?, short));
    }
    let mrkdwn_in = match form.get("mrkdwn_in") {
        Some(_) => form.node.texts_at("mrkdwn_in"),
        None => ["fallback", "pretext", "text"].map(str::to_owned).to_vec(),
    };
    Some(IntegrationKind::Slack(Box::new(SlackConfig {
        api_url,
        texts,
        fields,
        link_names: form.truth("link_names"),
        mrkdwn_in,
        timeout: form.span("timeout"),
        http: form.http(),
    })))
}
