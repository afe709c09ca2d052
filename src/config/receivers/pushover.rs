//! `pushover_configs`.

use super::form::{Form, Kind};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, PushoverConfig, PushoverStyle};
use crate::domain::value::Span;
use Shape::{Fields, GoDuration, List, Secret, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "pushover_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("title", r#"{{ template "pushover.default.title" . }}"#),
        ("message", r#"{{ template "pushover.default.message" . }}"#),
        ("url", r#"{{ template "pushover.default.url" . }}"#),
        ("priority", r#"{{ if eq .Status "firing" }}2{{ else }}0{{ end }}"#),
    ],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("user_key", Secret),
    ("user_key_file", Text),
    ("token", Secret),
    ("token_file", Text),
    ("title", Template),
    ("message", Template),
    ("url", Template),
    ("url_title", Template),
    ("device", Template),
    ("sound", Template),
    ("priority", Template),
    ("retry", GoDuration),
    ("expire", GoDuration),
    ("ttl", GoDuration),
    ("html", Truth),
    ("monospace", Truth),
];

const RETRY_MS_DEFAULT: Span = Span::minutes(1);
const EXPIRE_MS_DEFAULT: Span = Span::hours(1);
/// Pushover repeats an emergency not more often.
const RETRY_MS_MIN: Span = Span::seconds(30);
/// Pushover repeats an emergency not longer.
const EXPIRE_MS_MAX: Span = Span::hours(3);

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let user_key = form.need_own_secret("user_key");
    let token = form.need_own_secret("token");
    Some(IntegrationKind::Pushover(Box::new(PushoverConfig {
        style: style(form),
        retry: within(form, "retry", RETRY_MS_DEFAULT, |retry| retry.max(RETRY_MS_MIN)),
        expire: within(form, "expire", EXPIRE_MS_DEFAULT, |expire| expire.min(EXPIRE_MS_MAX)),
        user_key: form.compile_secret("user_key", &user_key?)?,
        token: form.compile_secret("token", &token?)?,
        title: form.template("title")?,
        message: form.template("message")?,
        url: form.template("url")?,
        url_title: form.template("url_title")?,
        device: form.template("device")?,
        sound: form.template("sound")?,
        priority: form.template("priority")?,
        ttl: form.span("ttl"),
        http: form.http(),
    })))
}

fn style(form: &mut Form) -> PushoverStyle {
    match (form.truth("html"), form.truth("monospace")) {
        (false, false) => PushoverStyle::Plain,
        (true, false) => PushoverStyle::Html,
        (false, true) => PushoverStyle::Monospace,
        (true, true) => {
            form.error("`html` and `monospace` exclude each other; keep one");
            PushoverStyle::Plain
        }
    }
}

/// A duration that Pushover takes; one that it would refuse the whole message for is mended.
fn within(form: &mut Form, key: &str, default: Span, mend: fn(Span) -> Span) -> Span {
    let Some(field) = form.get(key) else { return default };
    let span = form.span(key);
    let mended = mend(span);
    if mended != span {
        let why = format!("Pushover does not take {span} for `{key}`; {mended} is sent");
        form.check.warn(field.place, why);
    }
    mended
}
