//! `telegram_configs`.

use super::form::{Form, Kind};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, ParseMode, TelegramConfig};
use Shape::{Fields, GoDuration, List, Secret, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "telegram_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("message", r#"{{ template "telegram.default.message" . }}"#),
        ("parse_mode", "HTML"),
    ],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("api_url", Text),
    ("bot_token", Secret),
    ("bot_token_file", Text),
    ("chat_id", Text),
    ("chat_id_file", Text),
    ("message_thread_id", Text),
    ("message", Template),
    ("disable_notifications", Truth),
    ("parse_mode", Text),
    ("timeout", GoDuration),
];

const API_URL: &str = "https://api.telegram.org";

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let bot_token = form.need_secret("bot_token", "telegram_bot_token");
    let chat_id = chat_id(form);
    let message_thread_id = message_thread_id(form);
    let parse_mode = parse_mode(form);
    Some(IntegrationKind::Telegram(Box::new(TelegramConfig {
        api_url: form.address("api_url", "telegram_api_url", API_URL),
        bot_token: bot_token?,
        chat_id: chat_id?,
        message_thread_id,
        message: form.template("message")?,
        disable_notifications: form.truth("disable_notifications"),
        parse_mode: parse_mode?,
        timeout: form.span("timeout"),
        http: form.http(),
    })))
}

/// Alertmanager knows only numbers; Telegram takes the name of a public channel as well.
fn chat_id(form: &mut Form) -> Option<String> {
    let chat_id = form.need_own_secret("chat_id")?.reveal().to_owned();
    let is_number = chat_id.parse::<i64>().is_ok_and(|number| number != 0);
    let is_name = chat_id.strip_prefix('@').is_some_and(|name| !name.is_empty());
    // A file that is not there yet was warned of.
    if !is_number && !is_name && (form.get("chat_id").is_some() || !chat_id.is_empty()) {
        let place = form.place_of("chat_id");
        let why = "not a chat; write its number like `-1001234567890`, or `@channel`";
        form.check.error(place.unwrap_or(form.place()), why);
        return None;
    }
    Some(chat_id)
}

fn message_thread_id(form: &mut Form) -> Option<i64> {
    let field = form.get("message_thread_id")?;
    let number = field.text()?.parse::<i64>();
    if number.is_err() {
        form.check.error(field.place, "not the number of a topic; write a whole number");
    }
    number.ok().filter(|number| *number != 0)
}

fn parse_mode(form: &mut Form) -> Option<ParseMode> {
    let word = form.text("parse_mode");
    let modes = [ParseMode::Markdown, ParseMode::MarkdownV2, ParseMode::Html];
    if word.is_empty() {
        return Some(ParseMode::Plain);
    }
    let mode = modes.into_iter().find(|mode| mode.word() == Some(word.as_str()));
    if mode.is_none() {
        let place = form.get("parse_mode").map_or(form.place(), |field| field.place);
        let why = format!(
            "`{word}` is no mark-up of Telegram; write `Markdown`, `MarkdownV2`, `HTML` or `''`"
        );
        form.check.error(place, why);
    }
    mode
}
