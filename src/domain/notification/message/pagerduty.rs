//! PagerDuty: events that trigger and resolve an incident there, by the Events API v2
//! (`routing_key`) or v1 (`service_key`).

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::exchange::{Http, Reply, by_status};
use super::letter::AlertStatus;
use super::report::{Class, Reason, Report};
use super::scope::Scope;
use super::texts::Texts;
use super::{Fault, Pen, group_hash, post};
use crate::domain::notification::receiver::{PagerdutyConfig, PagerdutyKey};
use crate::domain::value::Secret;

/// PagerDuty refuses longer summaries, and longer descriptions in version 1.
const SUMMARY_CHARS_MAX: usize = 1_024;
/// PagerDuty refuses larger events.
const EVENT_BYTES_MAX: usize = 512_000;
/// The words that version 2 knows. It refuses events with any other.
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// An event of version 2.
#[derive(Serialize)]
struct EventV2 {
    routing_key: String,
    event_action: &'static str,
    dedup_key: String,
    payload: Payload,
    #[serde(skip_serializing_if = "String::is_empty")]
    client: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    client_url: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Image>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
}

#[derive(Serialize)]
struct Payload {
    summary: String,
    source: String,
    severity: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    class: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    component: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    group: String,
    custom_details: Map<String, Json>,
}

#[derive(Serialize)]
struct Image {
    src: String,
    alt: String,
    href: String,
}

#[derive(Serialize)]
struct Link {
    href: String,
    text: String,
}

/// An event of version 1.
#[derive(Serialize)]
struct EventV1 {
    service_key: String,
    event_type: &'static str,
    incident_key: String,
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    client: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    client_url: String,
    details: Map<String, Json>,
}

/// Without its key there is nobody to tell.
pub(super) fn write(scope: &Scope, config: &PagerdutyConfig, pen: &mut Pen) -> Result<Http, Fault> {
    let mut texts = Texts::new(scope, &config.texts, pen);
    let (request, secret, judge): (_, _, fn(&Reply) -> Report) = match &config.key {
        PagerdutyKey::Routing(key) => {
            let key = texts.pen.key("routing_key", key.reveal(), &texts.value)?;
            let mut event = event_v2(&mut texts, config, key.clone());
            if size(&event) > EVENT_BYTES_MAX {
                event.payload.custom_details = too_large();
            }
            if size(&event) > EVENT_BYTES_MAX {
                event.images.clear();
                event.links.clear();
            }
            (post(scope.letter, &config.url, &event), key, by_status)
        }
        PagerdutyKey::Service(key) => {
            let key = texts.pen.key("service_key", key.reveal(), &texts.value)?;
            let mut event = event_v1(&mut texts, config, key.clone());
            if size(&event) > EVENT_BYTES_MAX {
                event.details = too_large();
            }
            (post(scope.letter, &config.url, &event), key, judge_v1)
        }
    };
    let request = request.secret(&Secret::new(secret));
    Ok(Http::once(request, judge, config.timeout, &config.http))
}

/// Version 1 says 403 when it gets too many events.
fn judge_v1(reply: &Reply) -> Report {
    match by_status(reply) {
        Report::Failed { why, .. } if reply.status == 403 => {
            let class = Class::Retry { after: reply.after };
            Report::Failed { class, why, reason: Reason::RateLimited }
        }
        report => report,
    }
}

fn event_v2(texts: &mut Texts, config: &PagerdutyConfig, routing_key: String) -> EventV2 {
    let mut images = Vec::new();
    for image in &config.images {
        let src = texts.one("images.src", &image.src).unwrap_or_default();
        let alt = texts.one("images.alt", &image.alt).unwrap_or_default();
        let href = texts.one("images.href", &image.href).unwrap_or_default();
        if !src.is_empty() {
            images.push(Image { src, alt, href });
        }
    }
    let mut links = Vec::new();
    for (href, text) in &config.links {
        let href = texts.one("links.href", href).unwrap_or_default();
        let text = texts.one("links.text", text).unwrap_or_default();
        if !href.is_empty() {
            links.push(Link { href, text });
        }
    }
    EventV2 {
        routing_key,
        event_action: action(texts.scope),
        dedup_key: group_hash(texts.scope.letter),
        payload: Payload {
            summary: texts.title("description", SUMMARY_CHARS_MAX),
            source: source(texts),
            severity: severity(&texts.text("severity")),
            class: texts.text("class"),
            component: texts.text("component"),
            group: texts.text("group"),
            custom_details: details(texts, config),
        },
        client: texts.text("client"),
        client_url: texts.text("client_url"),
        images,
        links,
    }
}

fn event_v1(texts: &mut Texts, config: &PagerdutyConfig, service_key: String) -> EventV1 {
    let event_type = action(texts.scope);
    let mut of_trigger = |field| match texts.scope.status() {
        AlertStatus::Firing => texts.text(field),
        AlertStatus::Resolved => String::new(),
    };
    EventV1 {
        service_key,
        event_type,
        client: of_trigger("client"),
        client_url: of_trigger("client_url"),
        incident_key: group_hash(texts.scope.letter),
        description: texts.title("description", SUMMARY_CHARS_MAX),
        details: details(texts, config),
    }
}

fn action(scope: &Scope) -> &'static str {
    match scope.status() {
        AlertStatus::Firing => "trigger",
        AlertStatus::Resolved => "resolve",
    }
}

/// The machine in trouble, or at least who says so: version 2 wants one.
fn source(texts: &mut Texts) -> String {
    let source = texts.text("source");
    if source.trim().is_empty() { "incidentd".to_owned() } else { source }
}

/// A severity is often the label of an alert, which may say anything.
fn severity(text: &str) -> String {
    let word = text.trim().to_lowercase();
    if SEVERITIES.contains(&word.as_str()) { word } else { "error".to_owned() }
}

fn details(texts: &mut Texts, config: &PagerdutyConfig) -> Map<String, Json> {
    let mut details = Map::new();
    for (name, tree) in &config.details {
        details.insert(name.clone(), texts.tree(&format!("details.{name}"), tree));
    }
    if let Some(span) = texts.scope.letter.delayed {
        details.insert("delayed".to_owned(), span.to_string().into());
    }
    details
}

fn too_large() -> Map<String, Json> {
    let why = format!("left out: the event was larger than {EVENT_BYTES_MAX} bytes");
    Map::from_iter([("error".to_owned(), Json::from(why))])
}

fn size(event: &impl Serialize) -> usize {
    serde_json::to_string(event).map_or(0, |text| text.len())
}
