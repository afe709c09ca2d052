//! `sources`: who sends what, for the pure rooms and for the intake.

use std::collections::BTreeMap;

use super::check::Check;
use super::daemon::{Intake, Limits, Paths};
use super::node::{Key, Node};
use super::{imap, listen, people, senders, snmp, snmp_users, text_rules};
use crate::domain::settings::{Deadman, Source};
use crate::domain::value::{Severity, Span};

/// Labels that tell Prometheus servers of one pair apart.
const REPLICA_LABELS: [&str; 3] = ["prometheus", "prometheus_replica", "replica"];

/// Reads every source, in both halves.
pub(super) fn read(
    check: &mut Check,
    root: &Node,
    limits: Limits,
    zone: &str,
) -> (BTreeMap<String, Source>, BTreeMap<String, Intake>) {
    let people = people::addresses(root);
    let mut sources = BTreeMap::new();
    let mut intakes = BTreeMap::new();
    for (key, node) in root.get("sources").map(Node::entries).unwrap_or_default() {
        check_name(check, key);
        let mut source = source(check, node);
        let intake = intake(check, key, node, limits, (zone, &people));
        source.terse_ends = !intake.kind.is_prometheus();
        sources.insert(key.name.clone(), source);
        intakes.insert(key.name.clone(), intake);
    }
    listen::check_addresses(check, root, &intakes);
    (sources, intakes)
}

/// Reads limits; what is not given is inherited.
pub(super) fn read_limits(check: &mut Check, node: Option<&Node>, inherited: Limits) -> Limits {
    let Some(node) = node else { return inherited };
    let mut number = |key: &str, otherwise: u64| {
        let Some(value) = node.get(key) else { return otherwise };
        let number = value.whole().unwrap_or(otherwise);
        if number == 0 {
            check.error(value.place, format!("`{key}` cannot be 0; leave it out for the default"));
        }
        number
    };
    Limits {
        rate: number("rate", inherited.rate),
        burst: number("burst", inherited.burst),
        body_bytes_max: number("body_bytes_max", inherited.body_bytes_max),
        labels_max: number("labels_max", inherited.labels_max),
        label_value_bytes_max: number("label_value_bytes_max", inherited.label_value_bytes_max),
        new_alerts_max_per_hour: match node.get("new_alerts_max_per_hour") {
            Some(_) => Some(number("new_alerts_max_per_hour", 1)),
            None => inherited.new_alerts_max_per_hour,
        },
    }
}

/// A source's name is a part of its URL.
pub(super) fn check_name(check: &mut Check, key: &Key) {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !key.name.chars().all(fits) || key.name.len() > 64 {
        let why = format!("`{}` goes into a URL: use up to 64 letters, digits, -_.", key.name);
        check.error(key.place, why);
    }
}

/// Kinds whose bodies may be letters of Amazon SNS; no kind is `auto`.
const SIGNED: [&str; 5] = ["sns", "cloudwatch", "eventbridge", "auto", ""];

fn source(check: &mut Check, node: &Node) -> Source {
    let group = node.text_at("group").unwrap_or_default().to_owned();
    let drop_labels = match node.get("drop_labels") {
        Some(_) => node.texts_at("drop_labels"),
        None if group.is_empty() => Vec::new(),
        None => REPLICA_LABELS.map(str::to_owned).to_vec(),
    };
    let deadman = node.get("deadman").and_then(|deadman| {
        let matchers = check.matchers(deadman.get("match"));
        // `deadman: 5m`, or a map that also says which events prove life.
        let after = match deadman.text() {
            Some(_) => Some(deadman.span()?),
            None => deadman.span_at("after"),
        };
        let Some(after) = after.filter(|after| *after > Span::ZERO) else {
            let why = "a dead-man switch needs a time, such as `deadman: 5m` or `after: 5m`";
            check.error(deadman.place, why);
            return None;
        };
        Some(Deadman { matchers, after })
    });
    Source {
        group,
        drop_labels,
        resend: node.span_at("resend"),
        deadman,
        severity_map: severity_map(node),
        terse_ends: false,
        auto_reply: None,
    }
}

fn intake(
    check: &mut Check,
    key: &Key,
    node: &Node,
    limits: Limits,
    (zone, people): (&str, &[String]),
) -> Intake {
    // Any word that names no adapter was turned down with the shape.
    let word = node.text_at("type").unwrap_or_default();
    let generic = word == "generic";
    let paths = node.get("paths");
    if generic && paths.is_none() {
        check.error(key.place, "a generic source needs `paths` that say where things stand");
    }
    if let Some(paths) = paths
        && !generic
    {
        check.error(paths.place, "`paths` are for `type: generic` only");
    }
    if let Some(verify) = node.get("verify_signature")
        && !SIGNED.contains(&word)
    {
        check.error(verify.place, "`verify_signature` is for sources of Amazon SNS: `type: sns`");
    }
    Intake {
        kind: text_rules::kind(check, word, node, (zone, people)),
        listen: listen::read(check, word, node),
        imap: imap::read(check, word, node),
        auth: node.get("auth").map(|auth| senders::read(check, auth)).unwrap_or_default(),
        communities: snmp::communities(check, node),
        snmp_users: snmp_users::read(check, node),
        verify_signature: node.get("verify_signature").and_then(Node::boolean),
        limits: read_limits(check, node.get("limits"), limits),
        severity_map: severity_map(node),
        paths: paths.map(|paths| read_paths(check, paths)),
    }
}

fn severity_map(node: &Node) -> BTreeMap<String, Severity> {
    let words = node.get("severity_map").map(Node::entries).unwrap_or_default();
    let pair = |(word, severity): &(Key, Node)| {
        (word.name.clone(), severity.text().map_or(Severity::Unknown, Severity::parse))
    };
    words.iter().map(pair).collect()
}

fn read_paths(check: &mut Check, node: &Node) -> Paths {
    let text = |key: &str| node.text_at(key).map(str::to_owned);
    let names = |key: &str| {
        let entries = node.get(key).map(Node::entries).unwrap_or_default();
        entries
            .iter()
            .filter_map(|(name, path)| Some((name.name.clone(), path.text()?.to_owned())))
            .collect()
    };
    let paths = Paths {
        events: text("events"),
        key: text("key"),
        name: text("name"),
        status: text("status"),
        resolved_when: node.texts_at("resolved_when"),
        severity: text("severity"),
        title: text("title"),
        url: text("url"),
        starts_at: text("starts_at"),
        ends_at: text("ends_at"),
        labels: names("labels"),
        annotations: names("annotations"),
    };
    if paths.name.is_none() && paths.labels.is_empty() {
        check.error(node.place, "`paths` must give a `name` or `labels`: they identify the alert");
    }
    if paths.status.is_some() && paths.resolved_when.is_empty() {
        check.error(node.place, "`status` needs `resolved_when`: the values that mean it is over");
    }
    paths
}
