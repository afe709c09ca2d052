//! What sources of SNMP traps have besides: `communities`, and `traps` of one's own.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Check;
use super::node::Node;
use crate::domain::event::Signal;
use crate::domain::event::adapter::kind::snmp::{
    Pick, Rules, TrapRule, cleared_with, condition, trap_number,
};
use crate::domain::value::{Secret, Severity, is_label_name};

/// Traps of one source that something is said about.
const TRAPS_MAX: usize = 5_000;
/// Variables that tell conditions apart, or become labels.
const PICKS_MAX: usize = 16;
/// Communities: each is compared with each datagram.
const COMMUNITIES_MAX: usize = 32;
/// Labels that have a meaning of their own.
const TAKEN: [&str; 2] = ["alertname", "severity"];

/// Reads `communities`, or the lines of `communities_file`.
pub(super) fn communities(check: &mut Check, node: &Node) -> Vec<Secret> {
    let from_file = check.own_secret(node, "communities");
    let Some(place) = ["communities", "communities_file"].iter().find_map(|key| node.get(key))
    else {
        return Vec::new();
    };
    let listed = node.get("communities").map(Node::items).unwrap_or_default();
    let mut found: Vec<String> = listed.iter().filter_map(|item| check.expand(item)).collect();
    if let Some(text) = from_file {
        let lines = text.reveal().lines().map(str::trim).filter(|line| !line.is_empty());
        found.extend(lines.map(str::to_owned));
    } else if node.get("communities").is_some() && listed.is_empty() {
        check.error(place.place, "an empty list says nothing; leave it out, or name a community");
    }
    if found.iter().any(String::is_empty) {
        check.error(place.place, "a community is empty; everybody could send");
    }
    if found.len() > COMMUNITIES_MAX {
        check.error(place.place, format!("more than {COMMUNITIES_MAX} communities"));
        found.truncate(COMMUNITIES_MAX);
    }
    found.into_iter().map(Secret::new).collect()
}

/// Reads `traps` and `lease`.
pub(super) fn rules(check: &mut Check, node: &Node) -> Rules {
    let mut rules = Rules::default();
    rules.lease = node.span_at("lease").unwrap_or(rules.lease);
    let Some(list) = node.get("traps") else { return rules };
    if list.items().len() > TRAPS_MAX {
        check.error(list.place, format!("more than {TRAPS_MAX} traps for one source"));
    }
    let mut ending = Vec::new();
    let mut written = BTreeMap::new();
    for item in list.items().iter().take(TRAPS_MAX) {
        let Some(number) = number(check, item) else { continue };
        if written.insert(number.clone(), item).is_some() {
            check.error(item.place, format!("`{number}` stands in this list already"));
        } else if item.get("clears").is_some() {
            ending.push((number, item));
        } else if let Some(rule) = beginning(check, item, &number) {
            rules.traps.insert(number, rule);
        }
    }
    let mut ends = Vec::new();
    for (number, item) in ending {
        ends.extend(end(check, item, &rules).map(|rule| (number, rule)));
    }
    // A partner that is known goes on ending what got another name.
    for (number, rule) in rules.traps.iter().filter(|(_, rule)| !rule.ignore) {
        for (partner, name) in cleared_with(number).filter(|(it, _)| !written.contains_key(*it)) {
            let partner_rule = TrapRule {
                name: name.to_owned(),
                signal: Signal::Resolved,
                labels: Vec::new(),
                ..rule.clone()
            };
            ends.push((partner.to_owned(), partner_rule));
        }
    }
    let ended: BTreeSet<&str> = ends.iter().map(|(_, rule)| &*rule.condition).collect();
    for (number, rule) in &mut rules.traps {
        let own = written.get(number).and_then(|item| item.span_at("lease"));
        rule.lease = own.or((!ended.contains(&*rule.condition)).then_some(rules.lease));
    }
    rules.traps.extend(ends);
    rules
}

fn number(check: &mut Check, item: &Node) -> Option<String> {
    let Some(oid) = item.get("oid") else {
        check.error(item.place, "a trap needs its `oid`, such as `oid: 1.3.6.1.4.1.9.9.13.3.0.4`");
        return None;
    };
    let number = trap_number(oid.text()?);
    if number.is_none() {
        not_an_oid(check, oid);
    }
    number
}

fn not_an_oid(check: &mut Check, node: &Node) {
    check.error(node.place, "neither a number like `1.3.6.1.4.1.9.9.13.3.0.4` nor a name of a MIB");
}

/// A trap that begins something.
fn beginning(check: &mut Check, item: &Node, number: &str) -> Option<TrapRule> {
    let known = condition(number);
    let ignore = item.get("ignore").and_then(Node::boolean).unwrap_or(false);
    let given = item.text_at("name").filter(|name| !name.is_empty());
    let Some(name) = given.or(known.map(|(name, _)| name)).or(ignore.then_some("")) else {
        check.error(item.place, "a trap needs a `name`: the `alertname` of what it begins");
        return None;
    };
    let severity = item.text_at("severity").map(Severity::parse);
    Some(TrapRule {
        name: name.to_owned(),
        condition: name.to_owned(),
        signal: Signal::Firing,
        severity,
        index: index(check, item),
        labels: labels(check, item),
        lease: None,
        ignore,
    })
}

/// A trap that ends what another begins; what tells conditions apart is the same with both unless
/// said otherwise.
fn end(check: &mut Check, item: &Node, rules: &Rules) -> Option<TrapRule> {
    for key in ["severity", "lease"] {
        if let Some(value) = item.get(key) {
            check.error(value.place, format!("a trap with `clears` ends something: no `{key}`"));
        }
    }
    let clears = item.get("clears")?;
    let Some(number) = trap_number(clears.text()?) else {
        not_an_oid(check, clears);
        return None;
    };
    let rule = rules.traps.get(&number);
    let known = condition(&number).map(|(name, _)| name);
    let Some(condition) = rule.map(|rule| &*rule.condition).or(known).filter(|it| !it.is_empty())
    else {
        let why = format!("`{number}` begins nothing: name it in `traps`, with a `name`");
        check.error(clears.place, why);
        return None;
    };
    let own = index(check, item);
    Some(TrapRule {
        name: item.text_at("name").unwrap_or(condition).to_owned(),
        condition: condition.to_owned(),
        signal: Signal::Resolved,
        severity: None,
        index: if own.is_empty() {
            rule.map(|it| it.index.clone()).unwrap_or_default()
        } else {
            own
        },
        labels: labels(check, item),
        lease: None,
        ignore: item.get("ignore").and_then(Node::boolean).unwrap_or(false),
    })
}

fn index(check: &mut Check, item: &Node) -> Vec<Pick> {
    let Some(list) = item.get("index") else { return Vec::new() };
    too_many(check, list, list.items().len());
    list.items().iter().take(PICKS_MAX).filter_map(|node| pick(check, node)).collect()
}

fn labels(check: &mut Check, item: &Node) -> Vec<(String, Pick)> {
    let Some(node) = item.get("labels") else { return Vec::new() };
    too_many(check, node, node.entries().len());
    let mut labels = Vec::new();
    for (key, value) in node.entries().iter().take(PICKS_MAX) {
        if TAKEN.contains(&&*key.name) || !is_label_name(&key.name, false) {
            let why = format!("`{}` cannot be a label here: {}", key.name, why_not(&key.name));
            check.error(key.place, why);
        }
        labels.extend(pick(check, value).map(|pick| (key.name.clone(), pick)));
    }
    labels
}

fn why_not(name: &str) -> &'static str {
    if TAKEN.contains(&name) {
        "write `name` or `severity` of the trap"
    } else {
        "use letters, digits and `_`"
    }
}

fn too_many(check: &mut Check, node: &Node, count: usize) {
    if count > PICKS_MAX {
        check.error(node.place, format!("more than {PICKS_MAX} variables"));
    }
}

fn pick(check: &mut Check, node: &Node) -> Option<Pick> {
    let pick = Pick::parse(node.text()?);
    if pick.is_none() {
        not_an_oid(check, node);
    }
    pick
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::config::load;
    use crate::domain::event::Ends;
    use crate::domain::event::adapter::{self, Context, Limits, Read};
    use crate::domain::value::Timestamp;

    const CONFIG: &str = "
route: { receiver: nobody }
receivers: [ { name: nobody } ]
sources:
  traps:
    type: snmp
    lease: 2h
    traps:
      - oid: 1.3.6.1.4.1.99999.1.0.1
        name: FanFailed
        severity: high
        index: [1.3.6.1.4.1.99999.2.1.1, '1.3.6.1.4.1.99999.2.1.2.*']
        labels: { rack: acmeRack, instance: acmeName }
      - { oid: 1.3.6.1.4.1.99999.1.0.2, clears: 1.3.6.1.4.1.99999.1.0.1 }
      - { oid: 1.3.6.1.4.1.99999.1.0.3, name: DoorOpen, lease: 10m }
      - { oid: linkDown, name: PortDown }
      - { oid: coldStart, ignore: true }
      - { oid: 1.3.6.1.4.1.99999.1.0.4, clears: warmStart }
";

    fn read(traps: &str) -> Read {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.yaml");
        std::fs::write(&path, CONFIG).unwrap();
        let loaded = load(&path, &|_| None).unwrap();
        let (source, limits) = (Arc::from("traps"), Limits::default());
        let context = Context::new(&source, Timestamp(0), &limits);
        let kind = &loaded.daemon.sources["traps"].kind;
        adapter::read(kind, traps.as_bytes(), &context).unwrap()
    }

    #[test]
    fn configured_traps_count_more_than_those_that_are_known() {
        let own = "\"agent\": \"r1\", \"oid\": \"1.3.6.1.4.1.99999.1.0";
        let fan = "\"1.3.6.1.4.1.99999.2.1.1.5\": 5, \"1.3.6.1.4.1.99999.2.1.2.7.1\": 0";
        let port = "\"1.3.6.1.2.1.2.2.1.1.4\": 4";
        for (trap, key, name, lease) in [
            (format!("{own}.1\", \"vars\": {{{fan}}}"), "r1/FanFailed/5/7.1", "Timeless", None),
            (format!("{own}.2\", \"vars\": {{{fan}}}"), "r1/FanFailed/5/7.1", "Over", None),
            (format!("{own}.3\""), "r1/DoorOpen/", "Timed", Some(600)),
            (format!("{own}.4\""), "r1/warmStart/", "Over", None),
            (format!("{own}.9\""), "r1/1.3.6.1.4.1.99999.1.0.9/", "Timed", Some(7_200)),
            (
                format!("\"agent\": \"r1\", \"oid\": \"linkDown\", \"vars\": {{{port}}}"),
                "r1/PortDown/4",
                "Timeless",
                None,
            ),
            (
                format!("\"agent\": \"r1\", \"oid\": \"linkUp\", \"vars\": {{{port}}}"),
                "r1/PortDown/4",
                "Over",
                None,
            ),
        ] {
            let read = read(&format!("{{{trap}}}"));
            let [event] = &read.events[..] else { panic!("{read:?}") };
            assert_eq!(&*event.key, key);
            let ends = match event.ends {
                Ends::Never => ("Timeless", None),
                Ends::At(_) => ("Over", None),
                Ends::Timeout(at) => ("Timed", Some(at.0 / 1_000)),
            };
            assert_eq!(ends, (name, lease), "{key}");
        }
    }

    #[test]
    fn a_trap_that_is_ignored_is_counted() {
        let read = read(r#"{"agent": "r1", "oid": "1.3.6.1.6.3.1.1.5.1"}"#);
        assert_eq!((read.counted, read.events.len()), (1, 0));
    }

    #[test]
    fn labels_come_from_variables() {
        let trap = r#"{"agent": "r1", "oid": ".1.3.6.1.4.1.99999.1.0.1",
            "vars": {"ACME-MIB::acmeRack.0": "B7", "acmeName": "core-1"}}"#;
        let read = read(trap);
        let labels = &read.events[0].labels;
        let [rack, instance, severity] =
            ["rack", "instance", "severity"].map(|name| labels.get(name));
        assert_eq!((rack, instance, severity), ("B7", "core-1", "high"));
        assert!(read.notes[0].what.contains("`index`"), "{:?}", read.notes);
    }
}
