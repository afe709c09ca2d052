//! The routing tree, with everything filled in that a node inherits.

use std::collections::BTreeSet;

use super::check::Check;
use super::node::{Node, Place};
use crate::domain::notification::route::{GroupBy, Route, RouteLabel, Routes};
use crate::domain::value::matcher::Operator;
use crate::domain::value::{Matcher, Matchers, Span};

/// Names that routes may refer to.
pub(super) struct Names<'a> {
    pub(super) receivers: &'a BTreeSet<String>,
    pub(super) intervals: &'a BTreeSet<String>,
}

/// Alertmanager's defaults.
const GROUP_WAIT: Span = Span::seconds(30);
const GROUP_INTERVAL: Span = Span::minutes(5);
const REPEAT_INTERVAL: Span = Span::hours(4);

/// Reads the tree; its root must name a receiver and match everything.
pub(super) fn read(check: &mut Check, root: &Node, names: &Names) -> Routes {
    let Some(node) = root.get("route") else {
        check.error(root.place, "there is no `route`; write one with a `receiver`");
        return Routes::default();
    };
    if node.text_at("receiver").is_none() {
        check.error(node.place, "the root route has no `receiver`; name one");
    }
    for key in [
        "matchers",
        "match",
        "match_re",
        "continue",
        "mute_time_intervals",
        "active_time_intervals",
    ] {
        let Some(value) = node.get(key) else { continue };
        let empty = value.entries().is_empty() && value.items().is_empty();
        if value.boolean() == Some(true) || (value.text().is_none() && !empty) {
            let why = format!("the root route takes every alert at any time: remove `{key}`");
            check.error(value.place, why);
        }
    }
    let seed = Route {
        group_wait: GROUP_WAIT,
        group_interval: GROUP_INTERVAL,
        repeat_interval: REPEAT_INTERVAL,
        ..Route::default()
    };
    let mut nodes = Vec::new();
    grow(check, names, node, &seed, &mut nodes);
    Routes::new(nodes)
}

/// Reads a node and what stands below it; returns the node's place in the flat tree.
fn grow(
    check: &mut Check,
    names: &Names,
    node: &Node,
    parent: &Route,
    nodes: &mut Vec<Route>,
) -> usize {
    let index = nodes.len();
    let matchers = matchers(check, node);
    let slash = if index == 0 { "" } else { "/" };
    let list: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    let route = Route {
        index,
        key: format!("{}{slash}{{{}}}", parent.key, list.join(",")),
        receiver: receiver(check, names, node).unwrap_or_else(|| parent.receiver.clone()),
        group_by: group_by(check, node).unwrap_or_else(|| parent.group_by.clone()),
        matchers,
        goes_on: node.get("continue").and_then(Node::boolean).unwrap_or(false),
        group_wait: node.span_at("group_wait").unwrap_or(parent.group_wait),
        group_interval: not_zero(check, node, "group_interval").unwrap_or(parent.group_interval),
        repeat_interval: not_zero(check, node, "repeat_interval").unwrap_or(parent.repeat_interval),
        mute_time_intervals: intervals(check, names, node, "mute_time_intervals"),
        active_time_intervals: intervals(check, names, node, "active_time_intervals"),
        labels: labels(check, node, &parent.labels),
        children: Vec::new(),
    };
    nodes.push(route.clone());
    let children = node.get("routes").map(Node::items).unwrap_or_default();
    let children = children.iter().map(|child| grow(check, names, child, &route, nodes)).collect();
    nodes[index].children = children;
    index
}

/// What the parent says of its labels, with this node's own word before it.
fn labels(
    check: &mut Check,
    node: &Node,
    inherited: &[(String, RouteLabel)],
) -> Vec<(String, RouteLabel)> {
    let mut labels = inherited.to_vec();
    for (name, value) in node.get("labels").map(Node::entries).unwrap_or_default() {
        let Some(compiled) = check.template(value) else { continue };
        let text = value.text().unwrap_or_default().to_owned();
        labels.retain(|(known, _)| *known != name.name);
        labels.push((name.name.clone(), RouteLabel { text, compiled }));
    }
    labels
}

/// The three ways to write matchers, in the order that Alertmanager's group keys show.
fn matchers(check: &mut Check, node: &Node) -> Matchers {
    let mut matchers = check.matchers(node.get("matchers"));
    matchers.extend(old_matchers(check, node, "match", "match_re"));
    matchers
        .sort_by(|a, b| (&a.name, &a.value, a.operator()).cmp(&(&b.name, &b.value, b.operator())));
    matchers
}

/// The deprecated maps from label to value, and from label to pattern.
pub(super) fn old_matchers(
    check: &mut Check,
    node: &Node,
    equal: &str,
    like: &str,
) -> Vec<Matcher> {
    let mut matchers = Vec::new();
    for (key, operator) in [(equal, Operator::Equal), (like, Operator::Like)] {
        for (name, value) in node.get(key).map(Node::entries).unwrap_or_default() {
            let Some(text) = value.text() else { continue };
            // Group keys show these patterns with their anchors, as Alertmanager's do.
            let anchored = (operator == Operator::Like).then(|| format!("^(?:{text})$"));
            match Matcher::new(&name.name, operator, anchored.as_deref().unwrap_or(text)) {
                Ok(matcher) => matchers.push(matcher),
                Err(_) => {
                    check.error(value.place, format!("`{text}` is not a regular expression"));
                }
            }
        }
    }
    matchers
}

fn receiver(check: &mut Check, names: &Names, node: &Node) -> Option<String> {
    let value = node.get("receiver")?;
    let name = value.text()?;
    if !names.receivers.contains(name) {
        missing(check, value.place, "receiver", name, names.receivers);
    }
    Some(name.to_owned())
}

/// Says that a name stands for nothing, with the one that was perhaps meant.
pub(super) fn missing(
    check: &mut Check,
    place: Place,
    what: &str,
    name: &str,
    known: &BTreeSet<String>,
) {
    let hint = match super::shape::nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "define it or name another".to_owned(),
    };
    check.error(place, format!("there is no {what} `{name}`; {hint}"));
}

fn intervals(check: &mut Check, names: &Names, node: &Node, key: &str) -> Vec<String> {
    for item in node.get(key).map(Node::items).unwrap_or_default() {
        let Some(name) = item.text() else { continue };
        if !names.intervals.contains(name) {
            missing(check, item.place, "time interval", name, names.intervals);
        }
    }
    node.texts_at(key)
}

fn group_by(check: &mut Check, node: &Node) -> Option<GroupBy> {
    let list = node.get("group_by")?;
    let labels = node.texts_at("group_by");
    if labels == ["incident"] {
        return Some(GroupBy::Incident);
    }
    if labels.iter().any(|label| label == "...") {
        if labels.len() > 1 {
            check.error(list.place, "`...` stands alone in `group_by`; remove the others");
        }
        return Some(GroupBy::All);
    }
    check.label_names(Some(list));
    let mut seen = BTreeSet::new();
    for item in list.items() {
        let label = item.text().unwrap_or_default();
        if label.is_empty() {
            check.error(item.place, "a label name cannot be empty");
        } else if !seen.insert(label) {
            check.error(item.place, format!("`{label}` stands twice in `group_by`; keep one"));
        }
    }
    Some(GroupBy::Labels(labels))
}

fn not_zero(check: &mut Check, node: &Node, key: &str) -> Option<Span> {
    let value = node.get(key)?;
    let span = value.span()?;
    if span == Span::ZERO {
        check.error(value.place, format!("`{key}` cannot be zero; write a duration like `5m`"));
    }
    Some(span)
}
