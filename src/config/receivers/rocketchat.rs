//! `rocketchat_configs`.

use super::form::{Form, Kind};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, RocketchatAction, RocketchatConfig};
use Shape::{Fields, List, Secret, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "rocketchat_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("color", r#"{{ if eq .Status "firing" }}red{{ else }}green{{ end }}"#),
        ("emoji", r#"{{ template "rocketchat.default.emoji" . }}"#),
        ("icon_url", r#"{{ template "rocketchat.default.iconurl" . }}"#),
        ("text", r#"{{ template "rocketchat.default.text" . }}"#),
        ("title", r#"{{ template "rocketchat.default.title" . }}"#),
        ("title_link", r#"{{ template "rocketchat.default.titlelink" . }}"#),
    ],
    send_resolved: false,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("api_url", Text),
    ("token_id", Secret),
    ("token_id_file", Text),
    ("token", Secret),
    ("token_file", Text),
    ("channel", Template),
    ("color", Template),
    ("title", Template),
    ("title_link", Template),
    ("text", Template),
    ("fields", List(&Fields(&[("short", Truth), ("title", Template), ("value", Template)]))),
    ("short_fields", Truth),
    ("emoji", Template),
    ("icon_url", Template),
    ("image_url", Template),
    ("thumb_url", Template),
    ("link_names", Truth),
    ("actions", List(&Fields(ACTION))),
];

/// Alertmanager reads all of these, by its reader's spelling, and sends four.
const ACTION: &[Field] = &[
    ("type", Text),
    ("text", Template),
    ("url", Template),
    ("imageurl", Text),
    ("iswebview", Truth),
    ("webviewheightratio", Text),
    ("msg", Template),
    ("msginchatwindow", Truth),
    ("msgprocessingtype", Text),
];

const API_URL: &str = "https://open.rocket.chat/";

/// Texts that can be set.
const TEXTS: [&str; 9] = [
    "channel",
    "color",
    "emoji",
    "icon_url",
    "image_url",
    "text",
    "thumb_url",
    "title",
    "title_link",
];

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let token = form.need_secret("token", "rocketchat_token");
    let token_id = form.need_secret("token_id", "rocketchat_token_id");
    let texts = form.texts(&TEXTS)?;
    let short_fields = form.truth("short_fields");
    let mut fields = form.fields_of(form.node, false)?;
    for field in &mut fields {
        field.short.get_or_insert(short_fields);
    }
    let mut actions = Vec::new();
    for node in form.items("actions") {
        actions.push(RocketchatAction {
            text: form.template_in(node, "text")?,
            url: form.template_in(node, "url")?,
            msg: form.template_in(node, "msg")?,
        });
    }
    Some(IntegrationKind::Rocketchat(Box::new(RocketchatConfig {
        api_url: form.address("api_url", "rocketchat_api_url", API_URL),
        token: token?,
        token_id: token_id?,
        texts,
        fields,
        actions,
        http: form.http(),
    })))
}
