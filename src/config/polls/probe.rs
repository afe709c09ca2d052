//! What polls ask, by their types.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use regex::{Regex, RegexBuilder};

use super::rule;
use crate::config::check::Check;
use crate::config::http::{self, check_url};
use crate::config::node::{Key, Node};
use crate::config::wire;
use crate::domain::event::adapter::JsonPath;
use crate::domain::event::poll::{
    Calendar, DnsProbe, ExecProbe, HttpProbe, IcmpProbe, JsonCheck, Listener, Probe, PromqlProbe,
    Range, Reduce, ScrapeProbe, TcpProbe, TlsProbe,
};
use crate::domain::notification::receiver::HttpConfig;
use crate::domain::value::{Secret, Span};

/// A compiled pattern may take this much memory.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Echo requests of one look.
const COUNT: u64 = 3;
const COUNT_MAX: u64 = 100;
/// The port of name servers.
const DNS_PORT: u16 = 53;

/// Reads what a poll of a type asks; `zone` is the one in force.
pub(super) fn read(
    check: &mut Check,
    key: &Key,
    node: &Node,
    kind: &str,
    zone: &str,
) -> Option<Probe> {
    match kind {
        "promql" => promql(check, key, node, zone).map(Probe::Promql),
        "scrape" => {
            let (url, http) = web(check, key, node)?;
            Some(Probe::Scrape(ScrapeProbe { url, http, keep: Vec::new() }))
        }
        "http" => page(check, key, node).map(|page| Probe::Http(Box::new(page))),
        "tcp" => {
            let send = node.get("send").and_then(|send| check.expand(send)).unwrap_or_default();
            let expect = pattern(check, node, "expect");
            let address = address(check, node)?;
            Some(Probe::Tcp(TcpProbe { address, send: Secret::new(send), expect }))
        }
        "tls" => {
            let tls = node.get("tls_config").map(|tls| wire::tls(check, tls));
            let (address, tls) = (address(check, node)?, tls.unwrap_or_default());
            Some(Probe::Tls(TlsProbe { address, tls }))
        }
        "dns" => dns(check, node).map(Probe::Dns),
        "icmp" => icmp(check, node).map(Probe::Icmp),
        "exec" => exec(check, node).map(Probe::Exec),
        _ => None,
    }
}

/// The URL, and how to speak to it.
fn web(check: &mut Check, key: &Key, node: &Node) -> Option<(String, HttpConfig)> {
    let own = node.get("http_config");
    let mut http = http::read(check, own, None);
    let bearer = check.own_secret(node, "bearer");
    let has_identity =
        http.authorization.is_some() || http.basic_auth.is_some() || http.oauth2.is_some();
    if let Some(token) = bearer {
        if has_identity {
            let why = "`http_config` says who we are; remove `bearer`";
            let place = node.get("bearer").or(node.get("bearer_file"));
            check.error(place.map_or(key.place, |node| node.place), why);
        }
        http.authorization = Some(("Bearer".to_owned(), token.into()));
    }
    if let Some(follow) = node.get("follow_redirects") {
        if own.is_some_and(|own| own.get("follow_redirects").is_some()) {
            check.error(follow.place, "`http_config` has `follow_redirects`, too; keep one");
        }
        http.follow_redirects = follow.boolean().unwrap_or(true);
    }
    let Some(url_node) = node.get("url") else {
        check.error(key.place, "a poll needs a `url`");
        return None;
    };
    let url = check.expand(url_node)?;
    check_url(check, url_node.place, &url);
    Some((url, http))
}

fn promql(check: &mut Check, key: &Key, node: &Node, zone: &str) -> Option<PromqlProbe> {
    let query = node.text_at("query").filter(|query| !query.trim().is_empty());
    if query.is_none() {
        check.error(node.place, "a promql poll needs a `query`");
    }
    let range = node.get("range").map(|node| range(check, node));
    let forecast = node.get("forecast").map(rule::window);
    let baseline = node.get("baseline").and_then(|baseline| calendar(check, baseline, zone));
    let (url, http) = web(check, key, node)?;
    Some(PromqlProbe { url, http, query: query?.to_owned(), range, forecast, baseline })
}

fn range(check: &mut Check, node: &Node) -> Range {
    let window = node.span_at("window").unwrap_or(Span::minutes(5));
    let step = node.span_at("step").unwrap_or(Span::minutes(1).min(window));
    if window == Span::ZERO || step == Span::ZERO || step > window {
        check.error(node.place, "`step` must be above zero and at most `window`");
    } else if window.0 / step.0 > Range::STEPS_MAX {
        let why = format!("`window` has more than {} times `step`", Range::STEPS_MAX);
        check.error(node.place, why + "; write a longer `step`");
    }
    let word = node.text_at("reduce").unwrap_or("last");
    let known = Reduce::ALL.iter().find(|(name, _)| *name == word);
    Range { window, step, reduce: known.map_or(Reduce::Last, |(_, reduce)| *reduce) }
}

fn calendar(check: &mut Check, node: &Node, zone: &str) -> Option<Calendar> {
    let mut holidays = BTreeSet::new();
    for day in node.get("holidays").map(Node::items).unwrap_or_default() {
        match day.text().map(str::parse) {
            Some(Ok(date)) => _ = holidays.insert(date),
            _ => check.error(day.place, "expected a day, such as `2026-12-25`"),
        }
    }
    Some(Calendar { zone: TimeZone::get(zone).ok()?, holidays })
}

fn page(check: &mut Check, key: &Key, node: &Node) -> Option<HttpProbe> {
    let mut expect_status = BTreeSet::new();
    for item in node.get("expect_status").map(Node::items).unwrap_or_default() {
        let status = item.whole().and_then(|status| u16::try_from(status).ok());
        match status.filter(|status| (100..600).contains(status)) {
            Some(status) => _ = expect_status.insert(status),
            None => check.error(item.place, "an HTTP status is a number from 100 to 599"),
        }
    }
    let method = node.text_at("method").unwrap_or("GET");
    if method.is_empty() || !method.chars().all(|c| c.is_ascii_uppercase()) {
        let place = node.get("method").map_or(node.place, |method| method.place);
        check.error(place, "a method is a word in capitals, such as `POST`");
    }
    let mut headers = Vec::new();
    for (name, value) in node.get("headers").map(Node::entries).unwrap_or_default() {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if !name.name.chars().all(is_token) {
            check.error(name.place, format!("`{}` is not the name of a header", name.name));
        }
        let value = check.expand(value).unwrap_or_default();
        headers.push((name.name.clone(), Secret::new(value)));
    }
    let body = node.get("body").and_then(|body| check.expand(body)).unwrap_or_default();
    let expect_body = pattern(check, node, "expect_body");
    let refuse_body = pattern(check, node, "refuse_body");
    let json = node.get("json").and_then(|json| self::json(check, json));
    let certificate = node.get("certificate_warn").or(node.get("certificate_critical"));
    let (url, http) = web(check, key, node)?;
    if let Some(certificate) = certificate.filter(|_| !url.starts_with("https://")) {
        check.error(certificate.place, "only pages under `https://` have a certificate");
    }
    Some(HttpProbe {
        url,
        http,
        method: method.to_owned(),
        headers,
        body: Secret::new(body),
        expect_status,
        expect_body,
        refuse_body,
        json,
        certificate: certificate.is_some(),
    })
}

fn json(check: &mut Check, node: &Node) -> Option<JsonCheck> {
    let expect = node.text_at("expect").map(str::to_owned);
    let limit = node.get("warn").or(node.get("critical"));
    if expect.is_none() == limit.is_none() {
        let why = "write either what to `expect`, or `warn` and `critical` for a number";
        check.error(node.place, why);
    }
    let Some(path) = node.get("path") else {
        check.error(node.place, "write the `path` of a value, such as `queue.length`");
        return None;
    };
    match JsonPath::try_from(path.text()?.to_owned()) {
        Ok(path) => Some(JsonCheck { path, expect }),
        Err(error) => {
            check.error(path.place, error.to_string());
            None
        }
    }
}

fn dns(check: &mut Check, node: &Node) -> Option<DnsProbe> {
    let expect = node.get("expect").map(|expect| match expect.text() {
        Some(one) => vec![one.to_owned()],
        None => node.texts_at("expect"),
    });
    let server = node.get("server").and_then(|server| {
        let text = check.expand(server)?;
        let found = listener(&text, Some(DNS_PORT));
        if found.is_none() {
            check.error(server.place, "expected an address, such as `10.0.0.53` or `ns1:53`");
        }
        found
    });
    let name = host(check, node, "the name to look up")?;
    let record = node.text_at("record").unwrap_or("A").to_owned();
    Some(DnsProbe { server, name, record, expect: expect.unwrap_or_default() })
}

fn icmp(check: &mut Check, node: &Node) -> Option<IcmpProbe> {
    let count = node.get("count").and_then(Node::whole).unwrap_or(COUNT);
    if !(1..=COUNT_MAX).contains(&count) {
        let place = node.get("count").map_or(node.place, |count| count.place);
        check.error(place, format!("`count` is a number from 1 to {COUNT_MAX}"));
    }
    for key in ["warn_loss", "critical_loss"] {
        let Some(loss) = node.get(key) else { continue };
        let percent = loss.text().and_then(|text| text.parse::<f64>().ok()).unwrap_or(1.0);
        if !(0.0..=100.0).contains(&percent) || percent == 0.0 {
            check.error(loss.place, format!("`{key}` is a percentage above 0, up to 100"));
        }
    }
    let host = host(check, node, "the machine to ask")?;
    Some(IcmpProbe { host, count: u16::try_from(count).unwrap_or(1) })
}

fn exec(check: &mut Check, node: &Node) -> Option<ExecProbe> {
    let mut command = Vec::new();
    for item in node.get("command").map(Node::items).unwrap_or_default() {
        command.push(check.expand(item)?);
    }
    let place = node.get("command").map_or(node.place, |command| command.place);
    if command.first().is_none_or(|program| !program.starts_with('/')) {
        let why = "`command` is a list: the program by its whole path, then its arguments";
        check.error(place, why);
    }
    if command.iter().any(|word| word.contains('\0')) {
        check.error(place, "no argument of a program can hold a zero byte; remove it");
    }
    let mut env = Vec::new();
    for (name, value) in node.get("env").map(Node::entries).unwrap_or_default() {
        if name.name.contains(['=', '\0']) {
            check.error(name.place, format!("`{}` cannot name a variable", name.name));
        }
        env.push((name.name.clone(), Secret::new(check.expand(value)?)));
    }
    Some(ExecProbe { command, env })
}

fn host(check: &mut Check, node: &Node, what: &str) -> Option<String> {
    let Some(host) = node.get("host") else {
        check.error(node.place, format!("write a `host`: {what}"));
        return None;
    };
    let text = check.expand(host)?;
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '/') {
        check.error(host.place, "expected a name or an address, such as `db1.example.org`");
    }
    Some(text)
}

fn address(check: &mut Check, node: &Node) -> Option<Listener> {
    let Some(address) = node.get("address") else {
        check.error(node.place, "write an `address`, such as `db1.example.org:5432`");
        return None;
    };
    let found = listener(&check.expand(address)?, None);
    if found.is_none() {
        let why = "expected a host and a port, such as `db1.example.org:5432` or `[::1]:22`";
        check.error(address.place, why);
    }
    found
}

/// Reads `host:port`, `[2001:db8::1]:port`, and without a port where there is a usual one.
fn listener(text: &str, usual: Option<u16>) -> Option<Listener> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':').or(rest.is_empty().then_some(""))?)
        }
        // More than one colon, and no brackets, is an address without a port.
        None if text.matches(':').count() > 1 => (text, ""),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = if port.is_empty() { usual? } else { port.parse().ok()? };
    let fits = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
    fits.then(|| Listener { host: host.to_owned(), port })
}

fn pattern(check: &mut Check, node: &Node, key: &str) -> Option<Regex> {
    let written = node.get(key)?;
    let Some(text) = written.text() else {
        check.error(written.place, format!("expected text, found {}", written.kind()));
        return None;
    };
    match RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build() {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let why = error.to_string();
            let last = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            check.error(written.place, format!("not a regular expression: {last}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_hosts_with_ports() {
        for (text, usual, expected) in [
            ("db:5432", None, "db 5432"),
            ("[::1]:22", None, "::1 22"),
            ("10.0.0.53", Some(53), "10.0.0.53 53"),
            ("::1", Some(53), "::1 53"),
            ("[::1]", Some(53), "::1 53"),
            ("db", None, ""),
            ("db:x", None, ""),
            (":22", None, ""),
            ("http://db:80", None, ""),
            ("[::1]x:22", None, ""),
        ] {
            let found = listener(text, usual).map(|one| format!("{} {}", one.host, one.port));
            assert_eq!(found.unwrap_or_default(), expected, "{text}");
        }
    }
}
