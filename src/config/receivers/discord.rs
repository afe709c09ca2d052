//! `discord_configs`.

use super::form::{Form, Kind};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{DiscordConfig, IntegrationKind};
use Shape::{Fields, List, Secret, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "discord_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("content", r#"{{ template "discord.default.content" . }}"#),
        ("title", r#"{{ template "discord.default.title" . }}"#),
        ("message", r#"{{ template "discord.default.message" . }}"#),
    ],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("webhook_url", Secret),
    ("webhook_url_file", Text),
    ("content", Template),
    ("title", Template),
    ("message", Template),
    ("username", Text),
    ("avatar_url", Text),
];

fn read(form: &mut Form) -> Option<IntegrationKind> {
    Some(IntegrationKind::Discord(Box::new(DiscordConfig {
        webhook_url: form.need_own_secret_address("webhook_url")?,
        content: form.template("content")?,
        title: form.template("title")?,
        message: form.template("message")?,
        username: form.text("username"),
        avatar_url: form.text("avatar_url"),
        http: form.http(),
    })))
}
