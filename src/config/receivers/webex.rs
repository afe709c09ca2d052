//! `webex_configs`.

use super::form::{Form, Kind};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, WebexConfig};
use Shape::{Fields, List, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "webex_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[("message", r#"{{ template "webex.default.message" . }}"#)],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("api_url", Text),
    ("message", Template),
    ("room_id", Template),
];

const API_URL: &str = "https://webexapis.com/v1/messages";

fn read(form: &mut Form) -> Option<IntegrationKind> {
    if form.text("room_id").is_empty() {
        form.missing("room_id");
    }
    if !form.has_own_authorization() {
        form.error(
            "an entry of `webex_configs` needs the bot's token; write it under \
             `http_config.authorization.credentials`",
        );
    }
    Some(IntegrationKind::Webex(Box::new(WebexConfig {
        api_url: form.address("api_url", "webex_api_url", API_URL),
        message: form.template("message")?,
        room_id: form.template("room_id")?,
        http: form.http(),
    })))
}
