//! `victorops_configs`.

use super::form::{Form, Kind};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, VictoropsConfig};
use Shape::{Fields, List, Names, Secret, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "victorops_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("entity_display_name", r#"{{ template "victorops.default.entity_display_name" . }}"#),
        ("message_type", "CRITICAL"),
        ("monitoring_tool", r#"{{ template "victorops.default.monitoring_tool" . }}"#),
        ("state_message", r#"{{ template "victorops.default.state_message" . }}"#),
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
    ("routing_key", Template),
    ("message_type", Template),
    ("state_message", Template),
    ("entity_display_name", Template),
    ("monitoring_tool", Template),
    ("custom_fields", Names(&Template)),
];

const TEXTS: [&str; 4] =
    ["entity_display_name", "message_type", "monitoring_tool", "state_message"];

const API_URL: &str = "https://alert.victorops.com/integrations/generic/20131114/alert/";

/// Names of the fields that are always sent, or that only VictorOps may set.
const RESERVED: [&str; 7] = [
    "entity_display_name",
    "entity_id",
    "entity_state",
    "message_type",
    "monitoring_tool",
    "routing_key",
    "state_message",
];

fn read(form: &mut Form) -> Option<IntegrationKind> {
    if form.text("routing_key").is_empty() {
        form.missing("routing_key");
        return None;
    }
    for (name, _) in form.entries("custom_fields") {
        if RESERVED.contains(&name.name.as_str()) {
            let why = format!("`{}` is a field of its own; choose another name", name.name);
            form.check.error(name.place, why);
        }
    }
    Some(IntegrationKind::Victorops(Box::new(VictoropsConfig {
        api_key: form.need_secret("api_key", "victorops_api_key")?,
        api_url: form.address("api_url", "victorops_api_url", API_URL),
        routing_key: form.template("routing_key")?,
        texts: form.texts(&TEXTS)?,
        custom_fields: form.templates_in("custom_fields")?,
        http: form.http(),
    })))
}
