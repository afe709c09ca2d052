//! `slack_configs`.

use std::collections::BTreeMap;

use super::form::{Form, Kind};
use crate::config::node::Node;
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{
    HttpConfig, IntegrationKind, SlackAction, SlackConfig,
};
use crate::domain::template::Template;
use crate::domain::value::Secret;
use Shape::{Fields, GoDuration, List, Text, Truth};

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
    ("api_url", Shape::Secret),
    ("api_url_file", Text),
    ("app_token", Shape::Secret),
    ("app_token_file", Text),
    ("app_url", Text),
    ("channel", Shape::Template),
    ("username", Shape::Template),
    ("color", Shape::Template),
    ("title", Shape::Template),
    ("title_link", Shape::Template),
    ("pretext", Shape::Template),
    ("text", Shape::Template),
    ("message_text", Shape::Template),
    (
        "fields",
        List(&Fields(&[("title", Shape::Template), ("value", Shape::Template), ("short", Truth)])),
    ),
    ("short_fields", Truth),
    ("footer", Shape::Template),
    ("fallback", Shape::Template),
    ("callback_id", Shape::Template),
    ("icon_emoji", Shape::Template),
    ("icon_url", Shape::Template),
    ("image_url", Shape::Template),
    ("thumb_url", Shape::Template),
    ("link_names", Truth),
    ("mrkdwn_in", List(&Text)),
    ("actions", List(&Fields(ACTION))),
    ("update_message", Truth),
    ("timeout", GoDuration),
];

const ACTION: &[Field] = &[
    ("type", Shape::Template),
    ("text", Shape::Template),
    ("url", Shape::Template),
    ("style", Shape::Template),
    ("name", Shape::Template),
    ("value", Shape::Template),
    (
        "confirm",
        Fields(&[
            ("text", Shape::Template),
            ("title", Shape::Template),
            ("ok_text", Shape::Template),
            ("dismiss_text", Shape::Template),
        ]),
    ),
];

/// Texts that can be set.
const TEXTS: [&str; 15] = [
    "callback_id",
    "channel",
    "color",
    "fallback",
    "footer",
    "icon_emoji",
    "icon_url",
    "image_url",
    "message_text",
    "pretext",
    "text",
    "thumb_url",
    "title",
    "title_link",
    "username",
];

/// Where an app's messages go unless the file says otherwise.
const APP_URL: &str = "https://slack.com/api/chat.postMessage";

/// What the address of the Web API ends in; a message that came this way can be edited.
const WEB_API: &str = "/chat.postMessage";

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let (url, http) = door(form)?;
    let update_message = form.truth("update_message");
    // A file that is not there yet was warned of.
    if update_message && !url.reveal().is_empty() && !url.reveal().ends_with(WEB_API) {
        let place = form.get("update_message").map_or(form.place(), |field| field.place);
        let why = format!(
            "a webhook's messages cannot be edited; use an `app_token`, or an `api_url` that ends \
             in `{WEB_API}`"
        );
        form.check.error(place, why);
    }
    let texts = form.texts(&TEXTS)?;
    let short_fields = form.truth("short_fields");
    let fields = form.fields_of(form.node, true)?;
    let fields = fields.into_iter().map(|field| {
        let short = field.short.unwrap_or(short_fields);
        (field.title, field.value, short)
    });
    let fields = fields.collect();
    let mut actions = Vec::new();
    for node in form.items("actions") {
        actions.push(action(form, node)?);
    }
    let mrkdwn_in = match form.get("mrkdwn_in") {
        Some(_) => form.node.texts_at("mrkdwn_in"),
        None => ["fallback", "pretext", "text"].map(str::to_owned).to_vec(),
    };
    Some(IntegrationKind::Slack(Box::new(SlackConfig {
        url,
        texts,
        fields,
        actions,
        link_names: form.truth("link_names"),
        mrkdwn_in,
        update_message,
        timeout: form.span("timeout"),
        http,
    })))
}

/// The address and how to speak to it: an app's, whose token is its authorization, or a webhook's.
/// What stands here goes before what `global` says.
fn door(form: &mut Form) -> Option<(Secret, HttpConfig)> {
    let (own_url, own_token) = (form.place_of("api_url"), form.place_of("app_token"));
    if let (Some(url), Some(token)) = (own_url, own_token) {
        let place = url.max(token);
        form.check.error(place, "`api_url` and `app_token` exclude each other; keep one");
    }
    let token = if own_url.is_some() || own_token.is_none() && form.has_own_authorization() {
        None
    } else {
        form.secret_or_global("app_token", "slack_app_token")
    };
    let Some(token) = token else {
        let knows = ["slack_api_url", "slack_api_url_file"];
        if own_url.is_none() && knows.iter().all(|key| form.global.get(key).is_none()) {
            form.error(
                "no `api_url` or `app_token` here, and no `slack_api_url` or `slack_app_token` in \
                 `global`; write one of them",
            );
            return None;
        }
        let url = form.need_secret_address("api_url", "slack_api_url")?;
        return Some((url, form.http()));
    };
    let mut http = form.http();
    if http.authorization.is_some() {
        form.error("an `app_token` is an authorization; remove that of `http_config`");
    }
    http.authorization = Some(("Bearer".to_owned(), token.into()));
    let url = form.address("app_url", "slack_app_url", APP_URL);
    Some((Secret::new(url), http))
}

/// A button. One that leads somewhere does nothing else.
fn action(form: &mut Form, node: &Node) -> Option<SlackAction> {
    let has = |key: &str| node.text_at(key).is_some_and(|text| !text.is_empty());
    for key in ["type", "text"] {
        if !has(key) {
            form.check.error(node.place, format!("an action needs a `{key}`"));
        }
    }
    if !has("url") && !has("name") {
        form.check.error(node.place, "an action needs a `url` or a `name`");
    }
    let leads = has("url");
    let mut texts = BTreeMap::new();
    for key in SlackAction::TEXTS {
        if !leads || !["name", "value"].contains(&key) {
            texts.insert(key, form.template_in(node, key)?);
        }
    }
    let confirm = match node.get("confirm").filter(|_| !leads) {
        Some(confirm) => Some(question(form, confirm)?),
        None => None,
    };
    Some(SlackAction { texts, confirm })
}

fn question(form: &mut Form, node: &Node) -> Option<BTreeMap<&'static str, Template>> {
    if node.text_at("text").is_none_or(str::is_empty) {
        form.check.error(node.place, "a `confirm` needs a `text`");
    }
    let keys = SlackAction::CONFIRM_TEXTS.iter();
    keys.map(|key| Some((*key, form.template_in(node, key)?))).collect()
}
