//! `http_config`: how to speak HTTP to a receiver.

use super::check::Check;
use super::node::{Node, Place};
use crate::domain::notification::receiver::HttpConfig;
use crate::domain::value::Secret;

/// Parts of `http_config` that are read and have no effect.
const WITHOUT_EFFECT: [&str; 7] = [
    "oauth2",
    "tls_config",
    "proxy_url",
    "no_proxy",
    "proxy_from_environment",
    "proxy_connect_header",
    "enable_http2",
];

/// Reads `http_config`, or what `global` says.
pub(super) fn read(check: &mut Check, own: Option<&Node>, global: Option<&Node>) -> HttpConfig {
    let mut http = HttpConfig { follow_redirects: true, ..HttpConfig::default() };
    let Some(node) = own.or(global) else { return http };
    http.follow_redirects = node.get("follow_redirects").and_then(Node::boolean).unwrap_or(true);
    http.basic_auth = node.get("basic_auth").map(|basic| basic_auth(check, basic));
    http.authorization = authorization(check, node);
    if let (Some(basic), Some(_)) = (node.get("basic_auth"), &http.authorization) {
        check.error(
            basic.place,
            "`basic_auth`, `authorization` and `bearer_token` exclude each other; keep one",
        );
    }
    for (name, header) in node.get("http_headers").map(Node::entries).unwrap_or_default() {
        let lists = ["values", "secrets"].into_iter().flat_map(|list| header.texts_at(list));
        http.headers.extend(lists.map(|value| (name.name.clone(), Secret::new(value))));
        if let Some(files) = header.get("files") {
            check.warn(files.place, "header values from files have no effect yet");
        }
    }
    for (key, _) in node.entries() {
        if WITHOUT_EFFECT.contains(&key.name.as_str()) {
            check.warn(key.place, format!("`{}` has no effect on messages yet", key.name));
        }
    }
    http
}

/// Tells what is wrong with a literal URL; a template is judged when it is rendered.
pub(super) fn check_url(check: &mut Check, place: Place, url: &str) {
    if url.contains("{{") {
        return;
    }
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if host.is_empty() || url.contains(char::is_whitespace) {
        check.error(place, "not a URL; write it like `https://host/path`");
    }
}

fn basic_auth(check: &mut Check, node: &Node) -> (String, Secret) {
    let username = check.secret(node, "username").map(|name| name.reveal().to_owned());
    let password = check.secret(node, "password").unwrap_or_default();
    (username.unwrap_or_default(), password)
}

fn authorization(check: &mut Check, node: &Node) -> Option<(String, Secret)> {
    if let Some(token) = check.secret(node, "bearer_token") {
        return Some(("Bearer".to_owned(), token));
    }
    let authorization = node.get("authorization")?;
    let kind = authorization.text_at("type").unwrap_or("Bearer").trim().to_owned();
    if kind.eq_ignore_ascii_case("basic") {
        check.error(authorization.place, "write user name and password under `basic_auth`");
    }
    Some((kind, check.secret(authorization, "credentials").unwrap_or_default()))
}
