//! `polls`: what is looked at regularly.

use std::collections::BTreeMap;

use super::check::Check;
use super::daemon::{Poll, Probe, Threshold};
use super::http::check_url;
use super::node::{Key, Node};
use super::sources::check_name;
use crate::domain::value::{Labels, Span};

const EVERY: Span = Span::minutes(1);
const EVERY_MIN: Span = Span::seconds(1);
const TIMEOUT: Span = Span::seconds(10);

/// Reads every poll.
pub(super) fn read(check: &mut Check, root: &Node) -> BTreeMap<String, Poll> {
    let mut polls = BTreeMap::new();
    for (key, node) in root.get("polls").map(Node::entries).unwrap_or_default() {
        check_name(check, key);
        if root.get("sources").is_some_and(|sources| sources.get(&key.name).is_some()) {
            let why = format!("`{}` is a source already; a poll is one, too: rename it", key.name);
            check.error(key.place, why);
        }
        if let Some(poll) = poll(check, key, node) {
            polls.insert(key.name.clone(), poll);
        }
    }
    polls
}

fn poll(check: &mut Check, key: &Key, node: &Node) -> Option<Poll> {
    let probe = match node.text_at("type") {
        Some("promql") => promql(check, node),
        Some("http") => Some(http(check, node)),
        Some(_) => None,
        None => {
            check.error(key.place, "a poll needs a `type`: `promql` or `http`");
            None
        }
    };
    let Some(url_node) = node.get("url") else {
        check.error(key.place, "a poll needs a `url`");
        return None;
    };
    let url = check.expand(url_node)?;
    check_url(check, url_node.place, &url);
    let every = node.span_at("every").unwrap_or(EVERY);
    if every < EVERY_MIN {
        let place = node.get("every").map_or(key.place, |every| every.place);
        check.error(place, format!("`every` must be at least {EVERY_MIN}"));
    }
    let timeout = node.span_at("timeout").unwrap_or(TIMEOUT.min(every));
    if timeout > every || timeout == Span::ZERO {
        let place = node.get("timeout").map_or(key.place, |timeout| timeout.place);
        check.error(place, format!("`timeout` must be above zero and at most `every` ({every})"));
    }
    Some(Poll {
        every,
        timeout,
        url,
        bearer: check.own_secret(node, "bearer"),
        probe: probe?,
        alertname: node.text_at("name").unwrap_or(&key.name).to_owned(),
        holds_for: node.span_at("for").unwrap_or_default(),
        clear_for: node.span_at("clear_for").unwrap_or_default(),
        labels: labels(node, "labels"),
        annotations: labels(node, "annotations"),
    })
}

fn promql(check: &mut Check, node: &Node) -> Option<Probe> {
    foreign(check, node, &["expect_status", "warn_latency", "critical_latency"], "http");
    let Some(query) = node.text_at("query").filter(|query| !query.trim().is_empty()) else {
        check.error(node.place, "a promql poll needs a `query`");
        return None;
    };
    let warn = threshold(check, node, "warn");
    let critical = threshold(check, node, "critical");
    if node.get("warn").is_none() && node.get("critical").is_none() {
        check.error(node.place, "write `warn`, `critical` or both, such as `warn: '>= 0.85'`");
    }
    Some(Probe::Promql { query: query.to_owned(), warn, critical })
}

fn http(check: &mut Check, node: &Node) -> Probe {
    foreign(check, node, &["query", "warn", "critical"], "promql");
    let mut expect_status = Vec::new();
    for item in node.get("expect_status").map(Node::items).unwrap_or_default() {
        let status = item.whole().and_then(|status| u16::try_from(status).ok());
        match status.filter(|status| (100..600).contains(status)) {
            Some(status) => expect_status.push(status),
            None => check.error(item.place, "an HTTP status is a number from 100 to 599"),
        }
    }
    Probe::Http {
        expect_status,
        warn_latency: node.span_at("warn_latency"),
        critical_latency: node.span_at("critical_latency"),
    }
}

fn foreign(check: &mut Check, node: &Node, keys: &[&str], kind: &str) {
    for key in keys {
        if let Some(value) = node.get(key) {
            check.error(value.place, format!("`{key}` is for polls of `type: {kind}`; remove it"));
        }
    }
}

fn threshold(check: &mut Check, node: &Node, key: &str) -> Option<Threshold> {
    let value = node.get(key)?;
    let threshold = Threshold::parse(value.text()?);
    if threshold.is_none() {
        check.error(value.place, "expected a comparison with a number, such as `'>= 0.85'`");
    }
    threshold
}

fn labels(node: &Node, key: &str) -> Labels {
    let entries = node.get(key).map(Node::entries).unwrap_or_default();
    Labels::new(
        entries.iter().filter_map(|(name, value)| Some((name.name.as_str(), value.text()?))),
    )
}
