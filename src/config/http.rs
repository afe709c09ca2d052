//! `http_config`: how to speak HTTP to a receiver.

use std::collections::BTreeMap;

use super::check::Check;
use super::node::{Node, Place};
use super::wire;
use crate::domain::notification::receiver::{HttpConfig, Oauth2Config, SecretSource};
use crate::domain::value::Secret;

/// Headers that say how a request is sent or who sends it, which other keys decide.
const RESERVED: [&str; 18] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "user-agent",
    "www-authenticate",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-prometheus-remote-read-version",
    "x-prometheus-remote-write-version",
    "x-prometheus-scrape-timeout-seconds",
];

/// Keys that say who we are; a request says it once.
const IDENTITIES: [&str; 5] =
    ["basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"];

/// Reads `http_config`, or what `global` says.
pub(super) fn read(check: &mut Check, own: Option<&Node>, global: Option<&Node>) -> HttpConfig {
    let Some(node) = own.or(global) else {
        let wire = wire::assumed();
        return HttpConfig { follow_redirects: true, wire, ..HttpConfig::default() };
    };
    only_one_identity(check, node);
    HttpConfig {
        authorization: authorization(check, node),
        basic_auth: node.get("basic_auth").map(|basic| basic_auth(check, basic)),
        oauth2: node.get("oauth2").and_then(|oauth2| self::oauth2(check, oauth2)).map(Box::new),
        follow_redirects: node.get("follow_redirects").and_then(Node::boolean).unwrap_or(true),
        headers: headers(check, node),
        wire: wire::read(check, node),
    }
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

/// References lead to a store of secrets, which only programs have that embed Alertmanager's code.
fn no_references(check: &mut Check, node: &Node) {
    for (key, _) in node.entries() {
        if let Some(name) = key.name.strip_suffix("_ref") {
            let why = format!("there is no store of secrets to refer to; use `{name}_file`");
            check.error(key.place, why);
        }
    }
}

fn only_one_identity(check: &mut Check, node: &Node) {
    let found: Vec<_> = node
        .entries()
        .iter()
        .filter(|(key, _)| IDENTITIES.contains(&key.name.as_str()))
        .filter(|(key, _)| node.get(&key.name).is_some())
        .collect();
    let [(first, _), .., (last, _)] = found.as_slice() else { return };
    // Of a token and its file is told where both are read.
    if found.iter().all(|(key, _)| key.name.starts_with("bearer_token")) {
        return;
    }
    let (first, last) = if first.place < last.place { (first, last) } else { (last, first) };
    let why = format!("`{}` and `{}` exclude each other; keep one", first.name, last.name);
    check.error(last.place, why);
}

fn basic_auth(check: &mut Check, node: &Node) -> (SecretSource, SecretSource) {
    no_references(check, node);
    let username = check.secret_source(node, "username").unwrap_or_default();
    (username, check.secret_source(node, "password").unwrap_or_default())
}

fn authorization(check: &mut Check, node: &Node) -> Option<(String, SecretSource)> {
    if let Some(token) = check.secret_source(node, "bearer_token") {
        return Some(("Bearer".to_owned(), token));
    }
    let authorization = node.get("authorization")?;
    no_references(check, authorization);
    let kind = authorization.text_at("type").map(str::trim).filter(|kind| !kind.is_empty());
    if kind.is_some_and(|kind| kind.eq_ignore_ascii_case("basic")) {
        check.error(authorization.place, "write user name and password under `basic_auth`");
    }
    let credentials = check.secret_source(authorization, "credentials").unwrap_or_default();
    Some((kind.unwrap_or("Bearer").to_owned(), credentials))
}

/// Reads `oauth2`: where to get a token.
pub(super) fn oauth2(check: &mut Check, node: &Node) -> Option<Oauth2Config> {
    no_references(check, node);
    for key in ["client_id", "token_url"] {
        if node.text_at(key).is_none_or(str::is_empty) {
            check.error(node.place, format!("`oauth2` needs a `{key}`"));
        }
    }
    let token_url = node.get("token_url")?;
    check_url(check, token_url.place, token_url.text()?);
    let params = node.get("endpoint_params").map(Node::entries).unwrap_or_default();
    Some(Oauth2Config {
        client_id: node.text_at("client_id")?.to_owned(),
        client_secret: check.secret_source(node, "client_secret").unwrap_or_default(),
        scopes: node.texts_at("scopes"),
        token_url: token_url.text()?.to_owned(),
        endpoint_params: params
            .iter()
            .filter_map(|(key, value)| Some((key.name.clone(), value.text()?.to_owned())))
            .collect::<BTreeMap<_, _>>(),
        wire: wire::read(check, node),
    })
}

/// Values come in the order of the lists, as in Alertmanager: open ones, secret ones, files.
fn headers(check: &mut Check, node: &Node) -> Vec<(String, SecretSource)> {
    let mut headers = Vec::new();
    for (key, header) in node.get("http_headers").map(Node::entries).unwrap_or_default() {
        if RESERVED.contains(&key.name.to_ascii_lowercase().as_str()) {
            let why = format!("`{}` is not for `http_headers`; other keys decide it", key.name);
            check.error(key.place, why);
        }
        let lists = ["values", "secrets"].into_iter().flat_map(|list| header.texts_at(list));
        headers.extend(lists.map(|value| (key.name.clone(), Secret::new(value).into())));
        for file in header.get("files").map(Node::items).unwrap_or_default() {
            headers.extend(check.file_source(file).map(|source| (key.name.clone(), source)));
        }
    }
    headers
}
