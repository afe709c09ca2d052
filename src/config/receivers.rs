//! `receivers`: names with their integrations, and what `global` says for them.

mod aws;
mod discord;
mod email;
mod form;
mod incidentio;
mod jira;
mod mattermost;
mod msteams;
mod opsgenie;
mod pagerduty;
mod pushover;
mod rocketchat;
mod slack;
mod sns;
mod telegram;
#[cfg(test)]
mod tests;
mod victorops;
mod webex;
mod webhook;
mod wechat;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::check::Check;
use super::node::{Node, Place, Yaml};
use super::shape::{Field, Shape};
use super::trial;
use crate::domain::notification::receiver::{Integration, Receiver};
use crate::domain::value::Labels;

pub(super) use email::auto_reply;
pub(super) use form::Kind;
pub(super) use pagerduty::DETAILS as PAGERDUTY_DETAILS;

use form::Form;

/// The kinds, in the order in which Alertmanager writes them out.
pub(super) const KINDS: &[&Kind] = &[
    &discord::KIND,
    &email::KIND,
    &incidentio::KIND,
    &pagerduty::KIND,
    &slack::KIND,
    &webhook::KIND,
    &opsgenie::KIND,
    &wechat::KIND,
    &pushover::KIND,
    &victorops::KIND,
    &sns::KIND,
    &telegram::KIND,
    &webex::KIND,
    &msteams::KIND,
    &msteams::KIND_V2,
    &jira::KIND,
    &rocketchat::KIND,
    &mattermost::KIND,
];

/// The keys of an entry of `receivers`.
pub(super) fn fields() -> &'static [Field] {
    static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
        let own = [("name", Shape::Text), ("labels", Shape::Names(&Shape::Text))];
        let kinds = KINDS.iter().map(|kind| (kind.key, kind.shape));
        own.into_iter().chain(kinds).collect()
    });
    &FIELDS
}

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
        let Some(kind) = KINDS.iter().find(|kind| kind.key == key.name) else { continue };
        for (index, node) in list.items().iter().enumerate() {
            let send_resolved = node.get("send_resolved").and_then(Node::boolean);
            let mut form = Form { check, kind, global, node };
            let Some(made) = (kind.read)(&mut form) else { continue };
            let send_resolved = send_resolved.unwrap_or(kind.send_resolved);
            let integration = Integration { index, send_resolved, kind: made };
            let name = receiver.text_at("name").unwrap_or_default();
            trial::try_out(check, name, node, &integration);
            integrations.push(integration);
        }
    }
    integrations
}
