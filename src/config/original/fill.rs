//! Fills in what Alertmanager assumes where a file is silent, so that the written-out configuration
//! says everything that is in force. Defaults that releases before 0.26 do not know are left out:
//! an older `amtool` reads what is written here, and refuses keys it has not heard of.

use crate::config::node::{Key, Node, Place, Yaml};
use crate::config::receivers::{KINDS, Kind, PAGERDUTY_DETAILS};
use crate::config::shape::Shape;
use crate::domain::value::matcher::{ParseMode, parse_all};

type Pairs = &'static [(&'static str, &'static str)];

const HTTP: Pairs = &[("follow_redirects", "true"), ("enable_http2", "true")];

const GLOBAL: Pairs = &[
    ("resolve_timeout", "5m"),
    ("smtp_hello", "localhost"),
    ("smtp_require_tls", "true"),
    ("pagerduty_url", "https://events.pagerduty.com/v2/enqueue"),
    ("opsgenie_api_url", "https://api.opsgenie.com/"),
    ("wechat_api_url", "https://qyapi.weixin.qq.com/cgi-bin/"),
    ("victorops_api_url", "https://alert.victorops.com/integrations/generic/20131114/alert/"),
    ("telegram_api_url", "https://api.telegram.org"),
    ("webex_api_url", "https://webexapis.com/v1/messages"),
];

/// Values that Alertmanager writes out although they say nothing.
const EMPTY: &[(&str, Pairs)] = &[
    ("pushover_configs", &[("html", "false")]),
    ("slack_configs", &[("short_fields", "false"), ("link_names", "false")]),
    ("webhook_configs", &[("max_alerts", "0")]),
];

/// What a kind takes from `global`: its own keys and those they stand for. Where one of a group is
/// set, none of them is taken.
const INHERITED: &[(&str, &[Pairs])] = &[
    (
        "email_configs",
        &[
            &[("from", "smtp_from")],
            &[("hello", "smtp_hello")],
            &[("smarthost", "smtp_smarthost")],
            &[("auth_username", "smtp_auth_username")],
            &[
                ("auth_password", "smtp_auth_password"),
                ("auth_password_file", "smtp_auth_password_file"),
            ],
            &[("auth_secret", "smtp_auth_secret"), ("auth_secret_file", "smtp_auth_secret_file")],
            &[("auth_identity", "smtp_auth_identity")],
            &[("require_tls", "smtp_require_tls")],
            &[("force_implicit_tls", "smtp_force_implicit_tls")],
            &[("tls_config", "smtp_tls_config")],
        ],
    ),
    ("jira_configs", &[&[("api_url", "jira_api_url")]]),
    (
        "mattermost_configs",
        &[&[
            ("webhook_url", "mattermost_webhook_url"),
            ("webhook_url_file", "mattermost_webhook_url_file"),
        ]],
    ),
    (
        "opsgenie_configs",
        &[
            &[("api_url", "opsgenie_api_url")],
            &[("api_key", "opsgenie_api_key"), ("api_key_file", "opsgenie_api_key_file")],
        ],
    ),
    ("pagerduty_configs", &[&[("url", "pagerduty_url")]]),
    (
        "rocketchat_configs",
        &[
            &[("api_url", "rocketchat_api_url")],
            &[("token", "rocketchat_token"), ("token_file", "rocketchat_token_file")],
            &[("token_id", "rocketchat_token_id"), ("token_id_file", "rocketchat_token_id_file")],
        ],
    ),
    (
        "slack_configs",
        &[&[
            ("api_url", "slack_api_url"),
            ("api_url_file", "slack_api_url_file"),
            ("app_token", "slack_app_token"),
            ("app_token_file", "slack_app_token_file"),
        ]],
    ),
    (
        "telegram_configs",
        &[
            &[("api_url", "telegram_api_url")],
            &[("bot_token", "telegram_bot_token"), ("bot_token_file", "telegram_bot_token_file")],
        ],
    ),
    (
        "victorops_configs",
        &[
            &[("api_url", "victorops_api_url")],
            &[("api_key", "victorops_api_key"), ("api_key_file", "victorops_api_key_file")],
        ],
    ),
    ("webex_configs", &[&[("api_url", "webex_api_url")]]),
    (
        "wechat_configs",
        &[
            &[("api_url", "wechat_api_url")],
            &[("api_secret", "wechat_api_secret"), ("api_secret_file", "wechat_api_secret_file")],
            &[("corp_id", "wechat_api_corp_id")],
        ],
    ),
];

/// The configuration with everything said that holds without being said.
pub(in crate::config) fn filled(root: &Node, mode: ParseMode) -> Node {
    let mut root = root.clone();
    let mut global = root.get("global").cloned().unwrap_or_else(|| empty(root.place));
    let mut http = global.get("http_config").cloned().unwrap_or_else(|| empty(root.place));
    defaults(&mut http, HTTP, false);
    set(&mut global, "http_config", http);
    defaults(&mut global, GLOBAL, false);
    each(&mut root, "receivers", |receiver| {
        for kind in KINDS {
            each(receiver, kind.key, |node| integration(node, kind, &global));
        }
    });
    change(&mut root, "route", |node| route(node, mode));
    each(&mut root, "inhibit_rules", |rule| {
        for key in ["source_matchers", "target_matchers"] {
            change(rule, key, |list| matchers(list, mode));
        }
    });
    let none = Node { place: root.place, value: Yaml::List(Vec::new()) };
    let templates = root.get("templates").cloned().unwrap_or(none);
    set(&mut root, "templates", templates);
    set(&mut root, "global", global);
    root
}

fn integration(node: &mut Node, kind: &Kind, global: &Node) {
    if matches!(node.value, Yaml::Null) {
        *node = empty(node.place);
    }
    let send_resolved = if kind.send_resolved { "true" } else { "false" };
    defaults(node, &[("send_resolved", send_resolved)], false);
    if has(&kind.shape, "http_config") {
        change(node, "http_config", |http| defaults(http, HTTP, false));
        inherit(node, &[("http_config", "http_config")], global);
    }
    let groups = INHERITED.iter().filter(|(key, _)| *key == kind.key);
    for group in groups.flat_map(|(_, groups)| *groups) {
        inherit(node, group, global);
    }
    defaults(node, kind.defaults, true);
    if kind.key == "pagerduty_configs" {
        let mut details = node.get("details").cloned().unwrap_or_else(|| empty(node.place));
        defaults(&mut details, &PAGERDUTY_DETAILS, true);
        set(node, "details", details);
    }
    for (_, pairs) in EMPTY.iter().filter(|(key, _)| *key == kind.key) {
        defaults(node, pairs, false);
    }
}

fn route(node: &mut Node, mode: ParseMode) {
    defaults(node, &[("continue", "false")], false);
    change(node, "matchers", |list| matchers(list, mode));
    each(node, "routes", |child| route(child, mode));
}

/// Writes matchers one by one and in one form, as Alertmanager does.
fn matchers(list: &mut Node, mode: ParseMode) {
    let Yaml::List(items) = &mut list.value else { return };
    *items = items
        .drain(..)
        .flat_map(|item| match item.text().map(|text| parse_all(text, mode)) {
            Some(Ok(found)) => {
                found.iter().map(|one| scalar(item.place, &one.to_string(), true)).collect()
            }
            Some(Err(_)) | None => vec![item],
        })
        .collect();
}

fn inherit(node: &mut Node, group: &[(&str, &str)], global: &Node) {
    if group.iter().any(|(own, _)| node.get(own).is_some()) {
        return;
    }
    for (own, theirs) in group {
        if let Some(value) = global.get(theirs) {
            set(node, own, value.clone());
        }
    }
}

fn defaults(node: &mut Node, pairs: &[(&str, &str)], quoted: bool) {
    for (name, text) in pairs {
        if node.get(name).is_none() {
            // What a kind's form says of switches and numbers is no text.
            let bare = matches!(*text, "true" | "false");
            set(node, name, scalar(node.place, text, quoted && !bare));
        }
    }
}

fn has(shape: &Shape, name: &str) -> bool {
    match shape {
        Shape::List(Shape::Fields(fields)) => fields.iter().any(|(field, _)| *field == name),
        _ => false,
    }
}

fn set(node: &mut Node, name: &str, value: Node) {
    let Yaml::Map(entries) = &mut node.value else { return };
    entries.retain(|(key, _)| key.name != name);
    entries.push((Key { place: node.place, name: name.to_owned() }, value));
}

fn change(node: &mut Node, name: &str, change: impl FnOnce(&mut Node)) {
    let Yaml::Map(entries) = &mut node.value else { return };
    if let Some((_, value)) = entries.iter_mut().find(|(key, _)| key.name == name) {
        change(value);
    }
}

fn each(node: &mut Node, name: &str, mut each: impl FnMut(&mut Node)) {
    change(node, name, |list| {
        if let Yaml::List(items) = &mut list.value {
            items.iter_mut().for_each(&mut each);
        }
    });
}

fn empty(place: Place) -> Node {
    Node { place, value: Yaml::Map(Vec::new()) }
}

fn scalar(place: Place, text: &str, quoted: bool) -> Node {
    Node { place, value: Yaml::Scalar { text: text.to_owned(), quoted } }
}
