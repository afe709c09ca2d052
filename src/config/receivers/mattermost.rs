//! `mattermost_configs`.

use std::collections::BTreeMap;

use super::form::{Form, Kind};
use crate::config::node::Node;
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{
    IntegrationKind, MattermostAttachment, MattermostConfig, MattermostPriority,
};
use Shape::{Fields, List, Secret, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "mattermost_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("username", r#"{{ template "mattermost.default.username" . }}"#),
        ("color", r#"{{ template "mattermost.default.color" . }}"#),
        ("text", r#"{{ template "mattermost.default.text" . }}"#),
        ("title", r#"{{ template "mattermost.default.title" . }}"#),
        ("title_link", r#"{{ template "mattermost.default.titlelink" . }}"#),
        ("fallback", r#"{{ template "mattermost.default.fallback" . }}"#),
    ],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("webhook_url", Secret),
    ("webhook_url_file", Text),
    ("channel", Template),
    ("username", Template),
    ("text", Template),
    ("fallback", Template),
    ("color", Template),
    ("pretext", Template),
    ("author_name", Template),
    ("author_link", Template),
    ("author_icon", Template),
    ("title", Template),
    ("title_link", Template),
    ("fields", TITLED_VALUES),
    ("thumb_url", Template),
    ("footer", Template),
    ("footer_icon", Template),
    ("image_url", Template),
    ("icon_url", Template),
    ("icon_emoji", Template),
    ("attachments", List(&Fields(ATTACHMENT))),
    ("type", Template),
    ("props", Fields(&[("card", Template)])),
    ("priority", Fields(PRIORITY)),
];

const TITLED_VALUES: Shape =
    List(&Fields(&[("title", Template), ("value", Template), ("short", Truth)]));

const ATTACHMENT: &[Field] = &[
    ("fallback", Template),
    ("color", Template),
    ("pretext", Template),
    ("text", Template),
    ("author_name", Template),
    ("author_link", Template),
    ("author_icon", Template),
    ("title", Template),
    ("title_link", Template),
    ("fields", TITLED_VALUES),
    ("thumb_url", Template),
    ("footer", Template),
    ("footer_icon", Template),
    ("image_url", Template),
];

const PRIORITY: &[Field] =
    &[("priority", Template), ("requested_ack", Truth), ("persistent_notifications", Truth)];

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let webhook_url = form.need_secret_address("webhook_url", "mattermost_webhook_url")?;
    let texts = form.texts(&MattermostAttachment::TEXTS)?;
    let fields = form.fields_of(form.node, true)?;
    let mut attachments = Vec::new();
    for node in form.items("attachments") {
        attachments.push(attachment(form, node)?);
    }
    let card = match form.get("props").and_then(|props| props.get("card")) {
        Some(card) => Some(form.check.template(card)?),
        None => None,
    };
    Some(IntegrationKind::Mattermost(Box::new(MattermostConfig {
        webhook_url,
        channel: form.template("channel")?,
        username: form.template("username")?,
        icon_url: form.template("icon_url")?,
        icon_emoji: form.template("icon_emoji")?,
        kind: form.template("type")?,
        attachment: MattermostAttachment { texts, fields },
        attachments,
        card,
        priority: priority(form),
        http: form.http(),
    })))
}

fn attachment(form: &mut Form, node: &Node) -> Option<MattermostAttachment> {
    let mut texts = BTreeMap::new();
    for key in MattermostAttachment::TEXTS {
        texts.insert(key, form.template_in(node, key)?);
    }
    Some(MattermostAttachment { texts, fields: form.fields_of(node, true)? })
}

fn priority(form: &mut Form) -> Option<MattermostPriority> {
    let node = form.get("priority")?;
    let flag = |key: &str| node.get(key).and_then(Node::boolean).unwrap_or(false);
    node.text_at("priority").filter(|word| !word.is_empty())?;
    Some(MattermostPriority {
        priority: form.template_in(node, "priority")?,
        requested_ack: flag("requested_ack"),
        persistent_notifications: flag("persistent_notifications"),
    })
}
