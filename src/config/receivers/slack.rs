//! `slack_configs`.

use std::collections::BTreeMap;

use super::template;
use crate::config::check::Check;
use crate::config::node::Node;
use crate::config::{duration, http};
use crate::domain::notification::receiver::SlackConfig;

/// Texts that can be set, with what Alertmanager says where they are not.
const TEXTS: [(&str, &str); 14] = [
    ("callback_id", r#"{{ template "slack.default.callbackid" . }}"#),
    ("channel", ""),
    ("color", r#"{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}"#),
    ("fallback", r#"{{ template "slack.default.fallback" . }}"#),
    ("footer", r#"{{ template "slack.default.footer" . }}"#),
    ("icon_emoji", r#"{{ template "slack.default.iconemoji" . }}"#),
    ("icon_url", r#"{{ template "slack.default.iconurl" . }}"#),
    ("image_url", ""),
    ("pretext", r#"{{ template "slack.default.pretext" . }}"#),
    ("text", r#"{{ template "slack.default.text" . }}"#),
    ("thumb_url", ""),
    ("title", r#"{{ template "slack.default.title" . }}"#),
    ("title_link", r#"{{ template "slack.default.titlelink" . }}"#),
    ("username", r#"{{ template "slack.default.username" . }}"#),
];

/// Fields that are read and have no effect.
const WITHOUT_EFFECT: [&str; 3] = ["actions", "message_text", "update_message"];

pub(super) fn read(check: &mut Check, global: &Node, node: &Node) -> Option<SlackConfig> {
    for key in WITHOUT_EFFECT {
        if let Some(value) = node.get(key) {
            check.warn(value.place, format!("`{key}` has no effect yet"));
        }
    }
    if let Some(token) = node.get("app_token").or_else(|| node.get("app_token_file")) {
        check.error(token.place, "app tokens are not supported yet; use an `api_url`");
        return None;
    }
    let own = check.secret(node, "api_url");
    let Some(api_url) = own.or_else(|| check.secret(global, "slack_api_url")) else {
        let why = "no `api_url` here and no `slack_api_url` in `global`; write one of them";
        check.error(node.place, why);
        return None;
    };
    let set_here = node.get("api_url").or_else(|| node.get("api_url_file"));
    let place = set_here.or_else(|| global.get("slack_api_url")).map_or(node.place, |at| at.place);
    if !api_url.reveal().is_empty() {
        http::check_url(check, place, api_url.reveal());
    }
    let mut texts = BTreeMap::new();
    for (key, default) in TEXTS {
        texts.insert(key, template(check, node, key, default)?);
    }
    let short_by_default = node.get("short_fields").and_then(Node::boolean).unwrap_or(false);
    let mut fields = Vec::new();
    for field in node.get("fields").map(Node::items).unwrap_or_default() {
        for key in ["title", "value"] {
            if field.text_at(key).is_none_or(str::is_empty) {
                check.error(field.place, format!("a field needs a `{key}`"));
            }
        }
        let short = field.get("short").and_then(Node::boolean).unwrap_or(short_by_default);
        let (title, value) = (field.get("title"), field.get("value"));
        if let (Some(title), Some(value)) = (title, value) {
            fields.push((check.template(title)?, check.template(value)?, short));
        }
    }
    let mrkdwn_in = match node.get("mrkdwn_in") {
        Some(_) => node.texts_at("mrkdwn_in"),
        None => ["fallback", "pretext", "text"].map(str::to_owned).to_vec(),
    };
    Some(SlackConfig {
        api_url,
        texts,
        fields,
        link_names: node.get("link_names").and_then(Node::boolean).unwrap_or(false),
        mrkdwn_in,
        timeout: node.text_at("timeout").and_then(duration::parse).unwrap_or_default(),
        http: http::read(check, node.get("http_config"), global.get("http_config")),
    })
}
