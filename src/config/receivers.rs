//! `receivers`: names with their integrations, and what `global` says for them.

mod email;
mod slack;
mod webhook;

use std::collections::BTreeMap;

use super::check::Check;
use super::node::{Node, Place, Yaml};
use super::schema::{RECEIVER_KINDS, RECEIVER_KINDS_AWAITED};
use crate::domain::notification::receiver::{Integration, IntegrationKind, Receiver};
use crate::domain::template::Template;
use crate::domain::value::Labels;

/// Reads every receiver.
pub(super) fn read(check: &mut Check, root: &Node) -> BTreeMap<String, Receiver> {
    let none = Node { place: root.place, value: Yaml::Null };
    let global = root.get("global").unwrap_or(&none);
    let mut receivers = BTreeMap::new();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for node in root.get("receivers").map(Node::items).unwrap_or_default() {
        let Some(name) = node.text_at("name").filter(|name| !name.is_empty()) else {
            check.error(node.place, "a receiver needs a `name`");
            continue;
        };
        if let Some(first) = places.get(name) {
            let first = check.whereabouts(*first);
            let why = format!("receiver `{name}` is defined twice, first at {first}; rename one");
            check.error(node.place, why);
        }
        places.insert(name.to_owned(), node.place);
        if let Some(label) = node.get("labels").and_then(|labels| labels.get("name"))
            && label.text() != Some(name)
        {
            check.error(label.place, "the label `name` is the receiver's name; remove it");
        }
        let integrations = integrations(check, global, node);
        let receiver = Receiver { name: name.to_owned(), integrations };
        receivers.insert(name.to_owned(), receiver);
    }
    receivers
}

/// The labels of every receiver in the order of the file. Its name is one of them.
pub(super) fn labels(root: &Node) -> Vec<Labels> {
    let one = |node: &Node| {
        let name = node.text_at("name").filter(|name| !name.is_empty())?;
        let own = node.get("labels").map(Node::entries).unwrap_or_default();
        let own = own.iter().filter_map(|(key, value)| Some((key.name.as_str(), value.text()?)));
        Some(Labels::new(own.chain([("name", name)])))
    };
    root.get("receivers").map(Node::items).unwrap_or_default().iter().filter_map(one).collect()
}

fn integrations(check: &mut Check, global: &Node, receiver: &Node) -> Vec<Integration> {
    let mut integrations = Vec::new();
    for (key, list) in receiver.entries() {
        let kind = key.name.as_str();
        if RECEIVER_KINDS_AWAITED.contains(&kind) {
            let why = format!(
                "receiver kind `{kind}` is not supported yet; use one of {}",
                RECEIVER_KINDS.map(|kind| format!("`{kind}`")).join(", ")
            );
            check.error(key.place, why);
        }
        for (index, node) in list.items().iter().enumerate() {
            let (made, send_resolved) = match kind {
                "webhook_configs" => {
                    (webhook::read(check, global, node).map(IntegrationKind::Webhook), true)
                }
                "slack_configs" => (
                    slack::read(check, global, node)
                        .map(|slack| IntegrationKind::Slack(Box::new(slack))),
                    false,
                ),
                "email_configs" => (
                    email::read(check, global, node)
                        .map(|email| IntegrationKind::Email(Box::new(email))),
                    false,
                ),
                _ => continue,
            };
            let Some(kind) = made else { continue };
            let send_resolved =
                node.get("send_resolved").and_then(Node::boolean).unwrap_or(send_resolved);
            integrations.push(Integration { index, send_resolved, kind });
        }
    }
    integrations
}

/// The template under a key, or its default. An empty text is a template of nothing.
fn template(check: &mut Check, node: &Node, key: &str, default: &str) -> Option<Template> {
    match node.get(key) {
        Some(field) => check.template(field),
        None => check.built_in(node.place, default),
    }
}
