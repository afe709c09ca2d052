//! `webhook_configs`.

use super::form::{Form, Kind};
use crate::config::http;
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, WebhookConfig};
use Shape::{Any, Fields, GoDuration, List, Secret, Text, Truth, Whole};

pub(super) const KIND: Kind = Kind {
    key: "webhook_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("url", Secret),
    ("url_file", Text),
    ("max_alerts", Whole),
    ("timeout", GoDuration),
    ("payload", Any),
];

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let Some(place) = form.get("url").or_else(|| form.get("url_file")).map(|url| url.place) else {
        form.error("a webhook needs a `url` or a `url_file`");
        return None;
    };
    let url = form.secret("url")?;
    // A file that is not there yet was warned of.
    if !url.reveal().is_empty() {
        http::check_url(form.check, place, url.reveal());
    }
    if let Some(payload) = form.get("payload") {
        form.check.warn(payload.place, "`payload` has no effect yet: the standard body is sent");
    }
    Some(IntegrationKind::Webhook(WebhookConfig {
        url: match form.get("url") {
            Some(url) => form.check.template(url)?,
            None => form.check.built_in(place, url.reveal())?,
        },
        alerts_max: form.whole("max_alerts"),
        timeout: form.span("timeout"),
        http: form.http(),
    }))
}
