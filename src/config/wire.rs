//! What a connection to a receiver is like: `tls_config` and the keys about proxies.

use super::check::Check;
use super::node::Node;
use crate::domain::notification::receiver::{
    ProxyConfig, ProxyRoute, SecretSource, TlsConfig, TlsVersion, WireConfig,
};
use crate::domain::value::Secret;

/// What a proxy may speak.
const PROXY_SCHEMES: [&str; 5] = ["http://", "https://", "socks5://", "socks5h://", "socks4://"];

/// What is assumed where nothing is said.
pub(super) fn assumed() -> WireConfig {
    WireConfig { http2: true, ..WireConfig::default() }
}

/// Reads what `http_config` and `oauth2` have in common.
pub(super) fn read(check: &mut Check, node: &Node) -> WireConfig {
    WireConfig {
        http2: node.get("enable_http2").and_then(Node::boolean).unwrap_or(true),
        proxy: proxy(check, node),
        tls: node.get("tls_config").map(|tls| self::tls(check, tls)).unwrap_or_default(),
    }
}

/// Reads `tls_config`.
pub(super) fn tls(check: &mut Check, node: &Node) -> TlsConfig {
    let ca = check.secret_source(node, "ca");
    let identity = identity(check, node);
    let version = |key: &str| node.text_at(key).and_then(TlsVersion::parse);
    let (version_min, version_max) = (version("min_version"), version("max_version"));
    if let (Some(written), None) = (node.get("max_version"), version_max) {
        check.error(written.place, "TLS before 1.2 is not spoken; write `TLS12` or `TLS13`");
    }
    if let (Some(min), Some(max)) = (version_min, version_max)
        && max < min
    {
        check.error(node.place, "`max_version` is older than `min_version`; swap them");
    }
    TlsConfig {
        ca,
        identity,
        server_name: node.text_at("server_name").unwrap_or_default().to_owned(),
        insecure_skip_verify: node
            .get("insecure_skip_verify")
            .and_then(Node::boolean)
            .unwrap_or(false),
        version_min,
        version_max,
    }
}

fn identity(check: &mut Check, node: &Node) -> Option<(SecretSource, SecretSource)> {
    let certificate = check.secret_source(node, "cert");
    let key = check.secret_source(node, "key");
    match (&certificate, &key) {
        (Some(_), None) => check.error(node.place, "a `cert` needs its `key` or `key_file`"),
        (None, Some(_)) => check.error(node.place, "a `key` needs its `cert` or `cert_file`"),
        (Some(_), Some(_)) | (None, None) => {}
    }
    certificate.zip(key)
}

fn proxy(check: &mut Check, node: &Node) -> ProxyConfig {
    let url = node.get("proxy_url").filter(|url| url.text().is_some_and(|text| !text.is_empty()));
    let except = node.get("no_proxy").filter(|list| list.text().is_some_and(|t| !t.is_empty()));
    let environment = node.get("proxy_from_environment").filter(|it| it.boolean() == Some(true));
    let headers = node.get("proxy_connect_header");

    for (key, found) in [("proxy_url", url), ("no_proxy", except)] {
        if let (Some(_), Some(found)) = (environment, found) {
            let why = format!("`{key}` and `proxy_from_environment` exclude each other; keep one");
            check.error(found.place, why);
        }
    }
    if let (Some(list), None, None) = (except, url, environment) {
        check.error(list.place, "`no_proxy` needs a `proxy_url`");
    }
    if let (Some(headers), None, None) = (headers, url, environment)
        && !headers.entries().is_empty()
    {
        let why = "`proxy_connect_header` needs a `proxy_url` or `proxy_from_environment`";
        check.error(headers.place, why);
    }

    let route = match (url.and_then(|url| Some((url, url.text()?))), environment) {
        (Some((place, text)), _) => {
            check_proxy(check, place, text);
            let except = except.and_then(Node::text).unwrap_or_default().to_owned();
            ProxyRoute::Through { url: Secret::new(text), except }
        }
        (None, Some(_)) => ProxyRoute::Environment,
        (None, None) => ProxyRoute::Direct,
    };
    let entries = headers.map(Node::entries).unwrap_or_default();
    let connect_headers = entries.iter().flat_map(|(key, values)| {
        let values = values.items().iter().filter_map(Node::text);
        values.map(|value| (key.name.clone(), Secret::new(value)))
    });
    ProxyConfig { route, connect_headers: connect_headers.collect() }
}

fn check_proxy(check: &mut Check, node: &Node, text: &str) {
    let known = PROXY_SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme));
    if known.is_none_or(str::is_empty) || text.contains(char::is_whitespace) {
        check.error(node.place, "not a proxy; write it like `http://host:3128`");
    }
}
