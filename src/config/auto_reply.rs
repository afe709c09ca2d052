//! `sources.NAME.auto_reply`: how mails that open something are answered.

use std::collections::BTreeMap;

use super::check::Check;
use super::node::{Node, Yaml};
use super::schema::TLS;
use super::shape::{Field, Shape};
use super::{receivers, trial};
use crate::domain::notification::receiver::Receiver;
use crate::domain::settings::{AutoReply, Source};
use Shape::{Fields, Text, Truth, Whole};

/// Answers to one address within an hour where nothing is said: somebody who has more to report
/// than that gets on without.
const PER_HOUR_MAX: usize = 5;

/// The keys of `auto_reply`; those of the way to the mail server are those of `email_configs`.
pub(super) const FIELDS: &[Field] = &[
    ("from", Shape::Template),
    ("text", Shape::Template),
    ("per_hour_max", Whole),
    ("smarthost", Text),
    ("hello", Text),
    ("auth_username", Text),
    ("auth_password", Shape::Secret),
    ("auth_password_file", Text),
    ("auth_secret", Shape::Secret),
    ("auth_secret_file", Text),
    ("auth_identity", Text),
    ("require_tls", Truth),
    ("force_implicit_tls", Truth),
    ("tls_config", Fields(TLS)),
];

/// Gives every source with `auto_reply` a receiver of its own.
pub(super) fn read(
    check: &mut Check,
    root: &Node,
    sources: &mut BTreeMap<String, Source>,
    receivers: &mut BTreeMap<String, Receiver>,
) {
    let none = Node { place: root.place, value: Yaml::Null };
    let global = root.get("global").unwrap_or(&none);
    for (key, source) in root.get("sources").map(Node::entries).unwrap_or_default() {
        let Some(node) = source.get("auto_reply") else { continue };
        let receiver = format!("auto_reply/{}", key.name);
        if receivers.contains_key(&receiver) {
            check.error(node.place, format!("`{receiver}` is a receiver already; rename that one"));
            continue;
        }
        let own = source.get("addresses").map(Node::items).unwrap_or_default();
        let Some(integration) = receivers::auto_reply(check, global, node, own.first()) else {
            continue;
        };
        if let Some(from) = node.get("from").filter(|_| !own.is_empty())
            && let Some(text) = from.text().map(str::to_lowercase)
            && !own.iter().filter_map(Node::text).any(|own| text.contains(&own.to_lowercase()))
        {
            let why = "`from` is none of `addresses`: what people answer does not come back here";
            check.warn(from.place, why);
        }
        trial::try_out(check, &receiver, node, &integration);
        let per_hour_max = match node.get("per_hour_max").map(|max| (max.place, max.whole())) {
            Some((place, Some(0))) => {
                check.error(place, "`per_hour_max` cannot be 0; leave `auto_reply` out instead");
                PER_HOUR_MAX
            }
            Some((_, Some(max))) => usize::try_from(max).unwrap_or(usize::MAX),
            Some((_, None)) | None => PER_HOUR_MAX,
        };
        if let Some(source) = sources.get_mut(&key.name) {
            source.auto_reply = Some(AutoReply { receiver: receiver.clone(), per_hour_max });
        }
        let way = Receiver { name: receiver.clone(), integrations: vec![integration] };
        receivers.insert(receiver, way);
    }
}
