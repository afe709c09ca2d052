//! `polls`: what is looked at regularly.

mod probe;
mod rule;

use std::collections::BTreeMap;

use super::check::Check;
use super::daemon::Poll;
use super::node::{Key, Node};
use super::people;
use super::sources::check_name;
use crate::domain::event::poll::{PollRule, Probe, When};
use crate::domain::value::{Cron, InvalidCron, Span};

const EVERY: Span = Span::minutes(1);
const EVERY_MIN: Span = Span::seconds(1);
const TIMEOUT: Span = Span::seconds(10);
/// Longer than any look takes.
const TIMEOUT_MAX: Span = Span::minutes(10);

/// Keys that every poll may have.
const COMMON: &[&str] = &[
    "type",
    "every",
    "cron",
    "zone",
    "jitter",
    "timeout",
    "name",
    "flap",
    "for",
    "clear_for",
    "labels",
    "annotations",
];
const HTTP: &[&str] = &["url", "bearer", "bearer_file", "http_config"];
const BOUNDS: &[&str] = &["warn", "critical", "clear_warn", "clear_critical"];
const LATENCY: &[&str] = &["warn_latency", "critical_latency"];
const CERTIFICATE: &[&str] = &["certificate_warn", "certificate_critical"];

/// What each type may have besides.
const TYPES: &[(&str, &[&[&str]])] = &[
    ("promql", &[HTTP, BOUNDS, &["query", "range", "by", "forecast", "baseline"]]),
    ("scrape", &[HTTP, &["metrics"]]),
    (
        "http",
        &[
            HTTP,
            LATENCY,
            CERTIFICATE,
            &["method", "headers", "body", "expect_status", "expect_body", "refuse_body"],
            &["json", "follow_redirects"],
        ],
    ),
    ("tcp", &[LATENCY, &["address", "send", "expect"]]),
    ("tls", &[LATENCY, CERTIFICATE, &["address", "tls_config"]]),
    ("dns", &[LATENCY, &["host", "server", "record", "expect"]]),
    ("icmp", &[LATENCY, &["host", "count", "warn_loss", "critical_loss"]]),
    ("exec", &[&["command", "env", "metrics"]]),
];

/// Reads every poll. `zone` is the one that holds where a poll names none.
pub(super) fn read(check: &mut Check, root: &Node, zone: &str) -> BTreeMap<String, Poll> {
    let mut polls = BTreeMap::new();
    for (key, node) in root.get("polls").map(Node::entries).unwrap_or_default() {
        check_name(check, key);
        if root.get("sources").is_some_and(|sources| sources.get(&key.name).is_some()) {
            let why = format!("`{}` is a source already; a poll is one, too: rename it", key.name);
            check.error(key.place, why);
        }
        if let Some(poll) = poll(check, key, node, zone) {
            polls.insert(key.name.clone(), poll);
        }
    }
    polls
}

/// How often a poll speaks at least, as far as leases count on it.
pub(super) fn resend(poll: &Poll) -> Option<Span> {
    match &poll.when {
        When::Every(every) => Some((*every).min(EVERY)),
        When::Cron(_) => None,
    }
}

fn poll(check: &mut Check, key: &Key, node: &Node, zone: &str) -> Option<Poll> {
    let Some(kind) = node.text_at("type") else {
        let types: Vec<String> = TYPES.iter().map(|(name, _)| format!("`{name}`")).collect();
        check.error(key.place, format!("a poll needs a `type`: {}", types.join(", ")));
        return None;
    };
    let (_, own) = TYPES.iter().find(|(name, _)| *name == kind)?;
    foreign(check, node, own);
    let zone = people::read_zone(check, Some(node)).unwrap_or_else(|| zone.to_owned());
    let when = when(check, node, &zone);
    let timeout = timeout(check, key, node, when.as_ref());
    let base = PollRule {
        name: node.text_at("name").unwrap_or(&key.name).to_owned(),
        labels: rule::labels(node, "labels"),
        annotations: rule::labels(node, "annotations"),
        flap: rule::flap(check, node),
        for_: node.span_at("for").unwrap_or_default(),
        clear_for: node.span_at("clear_for").unwrap_or_default(),
        ..PollRule::default()
    };
    let probe = probe::read(check, key, node, kind, &zone);
    let (rules, past) = rule::read(check, node, kind, &base);
    let mut probe = probe?;
    if let Probe::Scrape(scrape) = &mut probe {
        scrape.keep = rules.iter().map(|rule| rule.only.clone()).collect();
    }
    let jitter = node.span_at("jitter");
    Some(Poll { when: when?, jitter, timeout, probe, rules, past })
}

/// Tells of keys that are for other types.
fn foreign(check: &mut Check, node: &Node, own: &[&[&str]]) {
    for (key, _) in node.entries() {
        let name = key.name.as_str();
        if COMMON.contains(&name) || own.iter().any(|keys| keys.contains(&name)) {
            continue;
        }
        let takes = |keys: &[&[&str]]| keys.iter().any(|keys| keys.contains(&name));
        let types: Vec<String> = TYPES
            .iter()
            .filter(|(_, keys)| takes(keys))
            .map(|(kind, _)| format!("`type: {kind}`"))
            .collect();
        // Of a key that no poll has is told where shapes are looked at.
        if let Some(value) = node.get(name).filter(|_| !types.is_empty()) {
            let types = types.join(", ");
            check.error(value.place, format!("`{name}` is for polls of {types}; remove it"));
        }
    }
}

fn when(check: &mut Check, node: &Node, zone: &str) -> Option<When> {
    let Some(cron) = node.get("cron") else {
        let every = node.span_at("every").unwrap_or(EVERY);
        if every < EVERY_MIN {
            let place = node.get("every").map_or(node.place, |every| every.place);
            check.error(place, format!("`every` must be at least {EVERY_MIN}"));
        }
        return Some(When::Every(every));
    };
    if let Some(every) = node.get("every") {
        check.error(every.place, "`every` and `cron` exclude each other; keep one");
    }
    match Cron::new(cron.text()?, zone) {
        Ok(cron) => Some(When::Cron(cron)),
        // Of the zone is told where it stands.
        Err(InvalidCron::Zone(_)) => None,
        Err(error) => {
            check.error(cron.place, error.to_string());
            None
        }
    }
}

fn timeout(check: &mut Check, key: &Key, node: &Node, when: Option<&When>) -> Span {
    let (longest, said) = match when {
        Some(When::Every(every)) if *every < TIMEOUT_MAX => (*every, format!("`every` ({every})")),
        _ => (TIMEOUT_MAX, TIMEOUT_MAX.to_string()),
    };
    let timeout = node.span_at("timeout").unwrap_or(TIMEOUT.min(longest));
    if timeout > longest || timeout == Span::ZERO {
        let place = node.get("timeout").map_or(key.place, |timeout| timeout.place);
        check.error(place, format!("`timeout` must be above zero and at most {said}"));
    }
    timeout
}
