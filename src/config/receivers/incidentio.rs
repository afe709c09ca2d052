//! `incidentio_configs`.

use super::form::{Form, Kind};
use crate::config::http;
use crate::config::node::Node;
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IncidentioConfig, IntegrationKind};
use Shape::{Fields, GoDuration, List, Secret, Text, Truth, Whole};

pub(super) const KIND: Kind = Kind {
    key: "incidentio_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("url", Text),
    ("url_file", Text),
    ("alert_source_token", Secret),
    ("alert_source_token_file", Text),
    ("max_alerts", Whole),
    ("timeout", GoDuration),
];

/// What in `http_config` proves who we are.
const CREDENTIALS: [&str; 3] = ["authorization", "bearer_token", "bearer_token_file"];

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let Some(place) = form.get("url").or_else(|| form.get("url_file")).map(|url| url.place) else {
        form.error("incident.io needs a `url` or a `url_file`");
        return None;
    };
    let url = form.secret("url")?;
    // A file that is not there yet was warned of.
    if !url.reveal().is_empty() {
        http::check_url(form.check, place, url.reveal());
    }
    let token = form.secret("alert_source_token");
    let own = form.get("http_config");
    if token.is_some() {
        if let Some(other) = own.and_then(credentials) {
            let why = "`alert_source_token` and credentials here exclude each other; keep one";
            form.check.error(other.place, why);
        }
    } else if own.is_some_and(|own| credentials(own).is_none()) {
        form.error(
            "incident.io needs an `alert_source_token`, an `alert_source_token_file` or an \
             `authorization` in `http_config`",
        );
    } else if own.or_else(|| form.global.get("http_config")).and_then(credentials).is_none() {
        let why = "there is no `alert_source_token`: incident.io takes nothing without it";
        form.check.warn(form.place(), why);
    }
    Some(IntegrationKind::Incidentio(IncidentioConfig {
        url,
        http: if token.is_some() { form.http_without_credentials() } else { form.http() },
        alert_source_token: token,
        alerts_max: form.whole("max_alerts"),
        timeout: form.span("timeout"),
    }))
}

fn credentials(http: &Node) -> Option<&Node> {
    CREDENTIALS.iter().find_map(|key| http.get(key))
}
