//! `pagerduty_configs`.

use super::form::{Form, Kind};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{
    IntegrationKind, PagerdutyConfig, PagerdutyImage, PagerdutyKey, Tree,
};
use crate::domain::template::Template;
use Shape::{Any, Fields, GoDuration, List, Names, Secret, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "pagerduty_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("client", r#"{{ template "pagerduty.default.client" . }}"#),
        ("client_url", r#"{{ template "pagerduty.default.clientURL" . }}"#),
        ("description", r#"{{ template "pagerduty.default.description" . }}"#),
        ("severity", "error"),
    ],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("service_key", Secret),
    ("service_key_file", Text),
    ("routing_key", Secret),
    ("routing_key_file", Text),
    ("url", Text),
    ("client", Shape::Template),
    ("client_url", Shape::Template),
    ("description", Shape::Template),
    ("details", Names(&Any)),
    (
        "images",
        List(&Fields(&[
            ("src", Shape::Template),
            ("alt", Shape::Template),
            ("href", Shape::Template),
        ])),
    ),
    ("links", List(&Fields(&[("href", Shape::Template), ("text", Shape::Template)]))),
    ("source", Shape::Template),
    ("severity", Shape::Template),
    ("class", Shape::Template),
    ("component", Shape::Template),
    ("group", Shape::Template),
    ("timeout", GoDuration),
];

const TEXTS: [&str; 8] =
    ["class", "client", "client_url", "component", "description", "group", "severity", "source"];

/// Details that are there unless others have their names.
pub(in crate::config) const DETAILS: [(&str, &str); 4] = [
    ("firing", "{{ .Alerts.Firing | toJson }}"),
    ("num_firing", "{{ .Alerts.Firing | len }}"),
    ("num_resolved", "{{ .Alerts.Resolved | len }}"),
    ("resolved", "{{ .Alerts.Resolved | toJson }}"),
];

const URL_V1: &str = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";
const URL_V2: &str = "https://events.pagerduty.com/v2/enqueue";

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let key = key(form)?;
    let mut texts = form.texts(&TEXTS)?;
    if form.text("severity").is_empty() {
        texts.insert("severity", form.default_template("severity")?);
    }
    if form.text("source").is_empty()
        && let Some(client) = texts.get("client").cloned()
    {
        texts.insert("source", client);
    }
    let (details, images, links) = (details(form), images(form), links(form));
    Some(IntegrationKind::Pagerduty(Box::new(PagerdutyConfig {
        url: url(form, &key),
        key,
        texts,
        details: details?,
        images: images?,
        links: links?,
        timeout: form.span("timeout"),
        http: form.http(),
    })))
}

fn key(form: &mut Form) -> Option<PagerdutyKey> {
    let routing = form.get("routing_key").or_else(|| form.get("routing_key_file"));
    if let Some(service) = form.secret_template("service_key") {
        if let Some(routing) = routing {
            let why = "a routing key has no effect beside a service key; keep one of them";
            form.check.warn(routing.place, why);
        }
        return Some(PagerdutyKey::Service(service));
    }
    if routing.is_none() {
        form.error("PagerDuty needs a `routing_key` (Events API v2) or a `service_key` (v1)");
        return None;
    }
    form.secret_template("routing_key").map(PagerdutyKey::Routing)
}

/// Alertmanager sends to version 1 at PagerDuty's own address whatever `url` says, and a file may
/// say `url` for version 2 only. An address that is plainly one of version 1 is taken.
fn url(form: &mut Form, key: &PagerdutyKey) -> String {
    let url = form.address("url", "pagerduty_url", URL_V2);
    match key {
        PagerdutyKey::Routing(_) => url,
        PagerdutyKey::Service(_) if url.ends_with("/create_event.json") => url,
        PagerdutyKey::Service(_) => URL_V1.to_owned(),
    }
}

fn images(form: &mut Form) -> Option<Vec<PagerdutyImage>> {
    let mut images = Vec::new();
    for image in form.items("images") {
        images.push(PagerdutyImage {
            href: form.template_in(image, "href")?,
            src: form.template_in(image, "src")?,
            alt: form.template_in(image, "alt")?,
        });
    }
    Some(images)
}

fn links(form: &mut Form) -> Option<Vec<(Template, Template)>> {
    let mut links = Vec::new();
    for link in form.items("links") {
        links.push((form.template_in(link, "href")?, form.template_in(link, "text")?));
    }
    Some(links)
}

fn details(form: &mut Form) -> Option<Vec<(String, Tree)>> {
    let mut details = form.trees_in("details")?;
    for (name, text) in DETAILS {
        if !details.iter().any(|(given, _)| given == name) {
            let template = form.check.built_in(form.place(), text)?;
            details.push((name.to_owned(), Tree::Text(template)));
        }
    }
    Some(details)
}
