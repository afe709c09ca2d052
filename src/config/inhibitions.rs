//! `inhibit_rules`: which alerts keep others from people while they fire.

use super::check::Check;
use super::node::Node;
use super::routes::old_matchers;
use crate::domain::event::inhibit::{InhibitRule, Inhibitions};
use crate::domain::value::Matchers;

/// Reads the rules in order.
pub(super) fn read(check: &mut Check, root: &Node) -> Inhibitions {
    let nodes = root.get("inhibit_rules").map(Node::items).unwrap_or_default();
    Inhibitions::new(nodes.iter().map(|node| rule(check, node)).collect())
}

fn rule(check: &mut Check, node: &Node) -> InhibitRule {
    check.label_names(node.get("equal"));
    InhibitRule {
        name: node.text_at("name").unwrap_or_default().to_owned(),
        place: check.whereabouts(node.place),
        source: side(check, node, "source"),
        target: side(check, node, "target"),
        equal: node.texts_at("equal"),
    }
}

/// All three ways to write matchers add up, the deprecated ones among them.
fn side(check: &mut Check, node: &Node, side: &str) -> Matchers {
    let mut matchers = check.matchers(node.get(&format!("{side}_matchers")));
    let (equal, like) = (format!("{side}_match"), format!("{side}_match_re"));
    matchers.extend(old_matchers(check, node, &equal, &like));
    matchers
}
