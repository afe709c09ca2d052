//! Every key of every file stands in some good configuration, so that none is known by name only.

use std::collections::BTreeSet;
use std::fs;

use super::files;
use crate::config::node::Node;
use crate::config::schema::{RULE_FILE, top};
use crate::config::shape::{Field, Shape};

/// Blocks that mean the same wherever they stand: it is enough that one of them has a key.
const SHARED: [&str; 5] = ["http_config", "http_headers", "limits", "oauth2", "tls_config"];

/// Where a key stands: `.receivers.webhook_configs.url`.
fn path(lead: &str, name: &str) -> String {
    if SHARED.contains(&name) { format!(".{name}") } else { format!("{lead}.{name}") }
}

/// The keys of a shape, as paths; a route of any depth counts as the first.
fn known(fields: &[Field], lead: &str, keys: &mut BTreeSet<String>) {
    for (name, shape) in fields {
        let path = path(lead, name);
        below(shape, &path, keys);
        keys.insert(path);
    }
}

fn below(shape: &Shape, path: &str, keys: &mut BTreeSet<String>) {
    match shape {
        Shape::List(inner) | Shape::Names(inner) => below(inner, path, keys),
        Shape::Fields(fields)
        | Shape::TemplateOr(fields)
        | Shape::SecretOr(fields)
        | Shape::DurationOr(fields) => {
            known(fields, path, keys);
        }
        Shape::Within(_) if path.ends_with(".routes") => {}
        Shape::Within(fields) => known(fields(), path, keys),
        Shape::Text
        | Shape::Template
        | Shape::Secret
        | Shape::Url
        | Shape::Truth
        | Shape::Duration
        | Shape::GoDuration
        | Shape::Whole
        | Shape::Number
        | Shape::Word(_)
        | Shape::Any => {}
    }
}

/// Crosses out the keys that a value of this shape has.
fn cross_out(node: &Node, shape: &Shape, path: &str, keys: &mut BTreeSet<String>) {
    let mut all = |fields: &[Field], path: &str| {
        for (key, value) in node.entries() {
            let Some((name, shape)) = fields.iter().find(|(name, _)| *name == key.name) else {
                continue;
            };
            let path = self::path(path, name);
            keys.remove(&path);
            cross_out(value, shape, &path, keys);
        }
    };
    match shape {
        Shape::List(inner) => {
            for item in node.items() {
                cross_out(item, inner, path, keys);
            }
        }
        Shape::Names(inner) => {
            for (_, value) in node.entries() {
                cross_out(value, inner, path, keys);
            }
        }
        Shape::Fields(fields)
        | Shape::TemplateOr(fields)
        | Shape::SecretOr(fields)
        | Shape::DurationOr(fields) => all(fields, path),
        Shape::Within(fields) => all(fields(), path.trim_end_matches(".routes")),
        Shape::Text
        | Shape::Template
        | Shape::Secret
        | Shape::Url
        | Shape::Truth
        | Shape::Duration
        | Shape::GoDuration
        | Shape::Whole
        | Shape::Number
        | Shape::Word(_)
        | Shape::Any => {}
    }
}

#[track_caller]
fn check(fields: &'static [Field], folders: &[&str]) {
    let mut keys = BTreeSet::new();
    known(fields, "", &mut keys);
    for path in folders.iter().flat_map(|folder| files(folder)) {
        let node = Node::read(0, &fs::read_to_string(&path).unwrap()).unwrap();
        cross_out(&node, &Shape::Fields(fields), "", &mut keys);
    }
    // What refers to a store of secrets is known and refused: there is none.
    let keys: Vec<_> = keys.into_iter().filter(|key| !key.ends_with("_ref")).collect();
    assert!(keys.is_empty(), "stand in no good configuration:\n{}", keys.join("\n"));
}

#[test]
fn every_key_of_a_configuration_is_in_use() {
    check(top(), &["tests/config/good", "tests/config/good/parts"]);
}

#[test]
fn every_key_of_a_rule_file_is_in_use() {
    check(RULE_FILE, &["tests/config/good/rules", "tests/config/good/more_rules"]);
}
