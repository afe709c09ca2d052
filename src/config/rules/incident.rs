//! The stages incident and resolve.

use crate::config::check::Check;
use crate::config::node::Node;
use crate::domain::incident::rules::{IncidentRule, ResolveRule};
use crate::domain::value::{Impact, OutOfRange, Priority, Urgency};

pub(super) fn incident(check: &mut Check, node: &Node) -> Option<IncidentRule> {
    let mut template = |key: &str| match node.get(key) {
        Some(field) => check.template(field).map(Some),
        None => Some(None),
    };
    let (title, category, team) = (template("title")?, template("category")?, template("team")?);
    Some(IncidentRule {
        drop: node.get("drop").and_then(Node::boolean).unwrap_or(false),
        pending_for: node.span_at("pending_for").unwrap_or_default(),
        title,
        category,
        team,
        impact: scale(check, node, "impact", Impact::new),
        urgency: scale(check, node, "urgency", Urgency::new),
        priority: scale(check, node, "priority", Priority::new),
        degradation: node.text_at("kind") == Some("degradation"),
    })
}

pub(super) fn resolve(check: &mut Check, node: &Node) -> Option<ResolveRule> {
    let Some(after) = node.get("after") else {
        check.error(node.place, "a resolve rule needs `after`: a duration or `never`");
        return None;
    };
    if after.text() == Some("never") {
        return Some(ResolveRule { after: None });
    }
    let span = after.span();
    if span.is_none() {
        check.error(after.place, "expected a duration like `5m`, or `never`");
    }
    Some(ResolveRule { after: Some(span?) })
}

fn scale<T>(
    check: &mut Check,
    node: &Node,
    key: &str,
    new: fn(i64) -> Result<T, OutOfRange>,
) -> Option<T> {
    let value = node.get(key)?;
    match new(i64::try_from(value.whole()?).unwrap_or(i64::MAX)) {
        Ok(level) => Some(level),
        Err(error) => {
            check.error(value.place, error.to_string());
            None
        }
    }
}
