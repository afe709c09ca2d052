//! `opsgenie_configs`.

use super::form::{Form, Kind};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, OpsgenieConfig, OpsgenieResponder};
use Shape::{Fields, List, Names, Secret, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "opsgenie_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("description", r#"{{ template "opsgenie.default.description" . }}"#),
        ("message", r#"{{ template "opsgenie.default.message" . }}"#),
        ("source", r#"{{ template "opsgenie.default.source" . }}"#),
    ],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("api_key", Secret),
    ("api_key_file", Text),
    ("api_url", Text),
    ("message", Template),
    ("description", Template),
    ("source", Template),
    ("details", Names(&Template)),
    ("entity", Template),
    (
        "responders",
        List(&Fields(&[
            ("id", Template),
            ("name", Template),
            ("username", Template),
            ("type", Template),
        ])),
    ),
    ("actions", Template),
    ("tags", Template),
    ("note", Template),
    ("priority", Template),
    ("update_alerts", Truth),
];

const TEXTS: [&str; 8] =
    ["actions", "description", "entity", "message", "note", "priority", "source", "tags"];

const API_URL: &str = "https://api.opsgenie.com/";

/// Whom Opsgenie can call.
const RESPONDERS: [&str; 5] = ["team", "teams", "user", "escalation", "schedule"];

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let api_key = form.need_secret("api_key", "opsgenie_api_key")?;
    Some(IntegrationKind::Opsgenie(Box::new(OpsgenieConfig {
        api_key: form.compile_secret("api_key", &api_key)?,
        api_url: form.address("api_url", "opsgenie_api_url", API_URL),
        texts: form.texts(&TEXTS)?,
        details: form.templates_in("details")?,
        responders: responders(form)?,
        update_alerts: form.truth("update_alerts"),
        http: form.http_without_credentials(),
    })))
}

fn responders(form: &mut Form) -> Option<Vec<OpsgenieResponder>> {
    let mut responders = Vec::new();
    for node in form.items("responders") {
        let named = ["id", "name", "username"]
            .iter()
            .any(|key| node.text_at(key).is_some_and(|text| !text.is_empty()));
        if !named {
            form.check.error(node.place, "a responder needs an `id`, a `name` or a `username`");
        }
        let kind = node.text_at("type").unwrap_or_default();
        if !kind.contains("{{") && !RESPONDERS.contains(&kind.to_lowercase().as_str()) {
            let place = node.get("type").map_or(node.place, |kind| kind.place);
            let known = RESPONDERS.map(|word| format!("`{word}`")).join(", ");
            form.check.error(place, format!("the `type` of a responder must be one of {known}"));
        }
        responders.push(OpsgenieResponder {
            id: form.template_in(node, "id")?,
            name: form.template_in(node, "name")?,
            username: form.template_in(node, "username")?,
            kind: form.template_in(node, "type")?,
        });
    }
    Some(responders)
}
