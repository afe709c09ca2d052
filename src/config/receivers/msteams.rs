//! `msteams_configs` and `msteamsv2_configs`.

use super::form::{Form, Kind};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, MsTeamsConfig, MsTeamsV2Config};
use Shape::{Fields, List, Secret, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "msteams_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("title", r#"{{ template "msteams.default.title" . }}"#),
        ("summary", r#"{{ template "msteams.default.summary" . }}"#),
        ("text", r#"{{ template "msteams.default.text" . }}"#),
    ],
    send_resolved: true,
    read,
};

pub(super) const KIND_V2: Kind = Kind {
    key: "msteamsv2_configs",
    shape: List(&Fields(FIELDS_V2)),
    defaults: &[
        ("title", r#"{{ template "msteamsv2.default.title" . }}"#),
        ("text", r#"{{ template "msteamsv2.default.text" . }}"#),
    ],
    send_resolved: true,
    read: read_v2,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("webhook_url", Secret),
    ("webhook_url_file", Text),
    ("title", Template),
    ("summary", Template),
    ("text", Template),
];

const FIELDS_V2: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("webhook_url", Secret),
    ("webhook_url_file", Text),
    ("title", Template),
    ("text", Template),
];

fn read(form: &mut Form) -> Option<IntegrationKind> {
    Some(IntegrationKind::MsTeams(Box::new(MsTeamsConfig {
        webhook_url: form.need_own_secret_address("webhook_url")?,
        title: form.template("title")?,
        summary: form.template("summary")?,
        text: form.template("text")?,
        http: form.http(),
    })))
}

fn read_v2(form: &mut Form) -> Option<IntegrationKind> {
    Some(IntegrationKind::MsTeamsV2(Box::new(MsTeamsV2Config {
        webhook_url: form.need_own_secret_address("webhook_url")?,
        title: form.template("title")?,
        text: form.template("text")?,
        http: form.http(),
    })))
}
