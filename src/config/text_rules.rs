//! `sources.NAME.rules` and what else tells a source of texts what an alert is.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::check::Check;
use super::node::Node;
use super::people::read_zone;
use super::snmp;
use crate::domain::event::Signal;
use crate::domain::event::adapter::kind::{mail, otlp, syslog};
use crate::domain::event::adapter::{Kind, TextRule};
use crate::domain::value::{Severity, Span};

/// Rules of one source: each is tried on each message.
const RULES_MAX: usize = 1_000;

/// Types with rules, and the fields of a message that a rule of theirs may look at.
const FIELDS: &[(&str, &[&str])] = &[
    ("syslog", &["host", "app", "facility", "msgid", "level"]),
    ("otlp", &["service", "host", "event", "level"]),
    ("mail", &["subject", "from", "to"]),
];

/// Every field of every type.
const ALL_FIELDS: [&str; 10] =
    ["host", "app", "facility", "msgid", "level", "service", "event", "subject", "from", "to"];

/// Keys that only some types have.
const KEYS: [(&str, &[&str]); 11] = [
    ("rules", &["syslog", "otlp", "mail"]),
    ("lease", &["syslog", "otlp", "mail", "snmp"]),
    ("min_severity", &["syslog", "otlp"]),
    ("zone", &["syslog"]),
    ("addresses", &["mail"]),
    ("trusted_senders", &["mail"]),
    ("auto_reply", &["mail"]),
    ("communities", &["snmp"]),
    ("communities_file", &["snmp"]),
    ("traps", &["snmp"]),
    ("users", &["snmp"]),
];

/// What a source's bodies look like, with what its configuration says about them. Any word that
/// names no type was turned down with the shape. `people` are the addresses of users.
pub(super) fn kind(
    check: &mut Check,
    word: &str,
    node: &Node,
    (zone, people): (&str, &[String]),
) -> Kind {
    for (key, types) in KEYS {
        if let Some(value) = node.get(key)
            && !types.contains(&word)
        {
            let types: Vec<_> = types.iter().map(|name| format!("`{name}`")).collect();
            let why = format!("`{key}` is for sources of type {}", types.join(", "));
            check.error(value.place, why);
        }
    }
    match word {
        "syslog" => Kind::Syslog(Arc::new(syslog(check, node, zone))),
        "otlp" => Kind::Otlp(Arc::new(otlp(check, node))),
        "mail" => Kind::Mail(Arc::new(mail(check, node, people))),
        "snmp" => Kind::Snmp(Arc::new(snmp::rules(check, node))),
        _ => Kind::named(word).unwrap_or_default(),
    }
}

fn mail(check: &mut Check, node: &Node, people: &[String]) -> mail::Rules {
    for address in node.get("addresses").map(Node::items).unwrap_or_default() {
        if address.text().is_some_and(|text| !text.contains('@')) {
            check.error(address.place, "not an address; write it like `alerts@example.org`");
        }
    }
    for sender in node.get("trusted_senders").map(Node::items).unwrap_or_default() {
        if sender.text().is_some_and(|text| !text.contains('@')) {
            let why = "not an address or a domain; write `ada@example.org` or `@example.org`";
            check.error(sender.place, why);
        }
    }
    let lower = |key: &str| -> Vec<String> {
        node.texts_at(key).iter().map(|text| text.to_lowercase()).collect()
    };
    let otherwise = mail::Rules::default();
    mail::Rules {
        rules: rules(check, mail::NAME, node),
        lease: node.span_at("lease").unwrap_or(otherwise.lease),
        own: lower("addresses"),
        auto_reply: node.get("auto_reply").is_some(),
        trusted: [&lower("trusted_senders"), people].concat(),
    }
}

fn syslog(check: &mut Check, node: &Node, zone: &str) -> syslog::Rules {
    let otherwise = syslog::Rules::default();
    let lease = node.span_at("lease").unwrap_or(otherwise.lease);
    let zone = read_zone(check, Some(node)).unwrap_or_else(|| zone.to_owned());
    let words = syslog::LEVELS.map(|(word, _)| word);
    syslog::Rules {
        rules: rules(check, syslog::NAME, node),
        level_max: level(check, node, &words)
            .and_then(|place| u8::try_from(place).ok())
            .unwrap_or(otherwise.level_max),
        lease,
        zone: TimeZone::get(&zone).unwrap_or(TimeZone::UTC),
    }
}

fn otlp(check: &mut Check, node: &Node) -> otlp::Rules {
    let otherwise = otlp::Rules::default();
    let words = otlp::LEVELS.map(|(word, ..)| word);
    let least = level(check, node, &words).map(|place| otlp::LEVELS[place].1);
    otlp::Rules {
        rules: rules(check, otlp::ADAPTER.name, node),
        number_min: least.unwrap_or(otherwise.number_min),
        lease: node.span_at("lease").unwrap_or(otherwise.lease),
    }
}

/// The place of `min_severity` in the words of a type.
fn level(check: &mut Check, node: &Node, words: &[&str]) -> Option<usize> {
    let written = node.get("min_severity")?;
    let place = words.iter().position(|word| Some(*word) == written.text());
    if place.is_none() {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        check.error(written.place, format!("expected one of {}", words.join(", ")));
    }
    place
}

fn rules(check: &mut Check, kind: &str, node: &Node) -> Vec<TextRule> {
    let Some(list) = node.get("rules") else { return Vec::new() };
    if list.items().len() > RULES_MAX {
        check.error(list.place, format!("more than {RULES_MAX} rules for one source"));
    }
    let items = list.items().iter().take(RULES_MAX);
    let ends = |item: &Node| item.text_at("status") == Some("resolved");
    let ended: BTreeSet<&str> =
        items.clone().filter(|item| ends(item)).filter_map(|item| item.text_at("name")).collect();
    let spoken = |item: &Node| {
        item.get("clear").is_some() || item.text_at("name").is_some_and(|name| ended.contains(name))
    };
    // What says itself when it is over needs no lease.
    let lease = |item: &Node| {
        let inherited = || node.span_at("lease").unwrap_or(default_lease(kind));
        item.span_at("lease").or_else(|| (!spoken(item)).then(inherited))
    };
    items.filter_map(|item| rule(check, kind, item, lease(item))).collect()
}

fn rule(check: &mut Check, kind: &str, node: &Node, lease: Option<Span>) -> Option<TextRule> {
    let known = FIELDS.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, known)| known);
    let mut fields = Vec::new();
    for field in ALL_FIELDS {
        let Some(written) = node.get(field) else { continue };
        if !known.contains(&field) {
            let why = format!("a source of type `{kind}` has no `{field}`: {}", known.join(", "));
            check.error(written.place, why);
        }
        if let Some(pattern) = pattern(check, written) {
            fields.push((field.to_owned(), pattern));
        }
    }
    let find = node.get("match").and_then(|written| pattern(check, written));
    let clear = node.get("clear").and_then(|written| pattern(check, written));
    let ignore = node.get("ignore").and_then(Node::boolean).unwrap_or(false);
    let patterns = ALL_FIELDS.into_iter().chain(["match", "clear"]);
    if patterns.into_iter().all(|key| node.get(key).is_none()) {
        let why = "a rule needs a pattern: `match`, or one for a field of the message";
        check.error(node.place, why);
        return None;
    }
    if find.is_none() && clear.is_none() && fields.is_empty() {
        return None;
    }
    let name = node.text_at("name").unwrap_or_default().to_owned();
    if name.is_empty() && !ignore {
        check.error(node.place, "a rule needs a `name`: the `alertname` of what it finds");
    }
    let resolved = node.text_at("status") == Some("resolved");
    if let (Some(clear), true) = (node.get("clear"), resolved) {
        check.error(clear.place, "a rule with `status: resolved` needs no `clear`");
    }
    Some(TextRule {
        name,
        find,
        clear,
        fields,
        severity: node.text_at("severity").map(Severity::parse),
        signal: if resolved { Signal::Resolved } else { Signal::Firing },
        lease,
        ignore,
    })
}

fn default_lease(kind: &str) -> Span {
    match kind {
        mail::NAME => mail::Rules::default().lease,
        _ => syslog::Rules::default().lease,
    }
}

fn pattern(check: &mut Check, node: &Node) -> Option<regex::Regex> {
    match TextRule::pattern(node.text()?) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let why = error.to_string();
            let last = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            check.error(node.place, format!("not a pattern: {last}"));
            None
        }
    }
}
