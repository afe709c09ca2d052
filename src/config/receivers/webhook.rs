//! `webhook_configs`.

use crate::config::check::Check;
use crate::config::node::Node;
use crate::config::{duration, http};
use crate::domain::notification::receiver::WebhookConfig;

pub(super) fn read(check: &mut Check, global: &Node, node: &Node) -> Option<WebhookConfig> {
    let Some(place) = node.get("url").or_else(|| node.get("url_file")).map(|url| url.place) else {
        check.error(node.place, "a webhook needs a `url` or a `url_file`");
        return None;
    };
    let url = check.secret(node, "url")?;
    // A file that is not there yet was warned of.
    if !url.reveal().is_empty() {
        http::check_url(check, place, url.reveal());
    }
    if let Some(payload) = node.get("payload") {
        check.warn(payload.place, "`payload` has no effect yet: the standard body is sent");
    }
    let timeout = node.text_at("timeout").and_then(duration::parse).unwrap_or_default();
    Some(WebhookConfig {
        url: match node.get("url") {
            Some(url) => check.template(url)?,
            None => check.built_in(place, url.reveal())?,
        },
        alerts_max: node.get("max_alerts").and_then(Node::whole).unwrap_or(0),
        timeout,
        http: http::read(check, node.get("http_config"), global.get("http_config")),
    })
}
