//! Opsgenie: an alert that is created, brought up to date and closed under one alias.
//!
//! ```text
//! firing ─▶ create ─(update_alerts)─▶ message ─▶ description      resolved ─▶ close
//! ```

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::address::below;
use super::exchange::{Http, Method, Request, by_status};
use super::letter::AlertStatus;
use super::scope::Scope;
use super::texts::Texts;
use super::{Fault, Pen, group_hash, post};
use crate::domain::notification::receiver::OpsgenieConfig;

/// Limits of Opsgenie's alert API. It refuses what is longer.
const MESSAGE_CHARS_MAX: usize = 130;
const DESCRIPTION_CHARS_MAX: usize = 15_000;
const NOTE_CHARS_MAX: usize = 25_000;
/// The words that Opsgenie knows. It refuses alerts with any other.
const PRIORITIES: [&str; 5] = ["P1", "P2", "P3", "P4", "P5"];

#[derive(Serialize)]
struct Alert {
    alias: String,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    details: BTreeMap<String, String>,
    source: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    responders: Vec<Responder>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    priority: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    entity: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<String>,
}

#[derive(Serialize)]
struct Responder {
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Without its key there is nobody to tell.
pub(super) fn write(scope: &Scope, config: &OpsgenieConfig, pen: &mut Pen) -> Result<Http, Fault> {
    let mut texts = Texts::new(scope, &config.texts, pen);
    let key = texts.pen.key("api_key", config.api_key.reveal(), &texts.value)?;
    let alias = group_hash(scope.letter);
    let of_alias = |verb: &str| {
        let path = format!("v2/alerts/{alias}/{verb}?identifierType=alias");
        below(&config.api_url, &path)
    };
    let signed = |request: Request| request.header("Authorization", format!("GenieKey {key}"));
    if scope.status() == AlertStatus::Resolved {
        let body = json!({ "source": texts.text("source") });
        let close = signed(post(scope.letter, &of_alias("close"), &body));
        return Ok(Http::in_turn(close, Vec::new(), by_status, &config.http));
    }
    let alert = alert(&mut texts, config, alias.clone());
    let create = signed(post(scope.letter, &below(&config.api_url, "v2/alerts"), &alert));
    let mut updates = Vec::new();
    if config.update_alerts {
        let put = |verb: &str, text: &str| {
            let body = BTreeMap::from([(verb, text)]);
            signed(post(scope.letter, &of_alias(verb), &body)).method(Method::Put)
        };
        updates.push(put("message", &alert.message));
        // Opsgenie refuses an empty description.
        if !alert.description.is_empty() {
            updates.push(put("description", &alert.description));
        }
    }
    Ok(Http::in_turn(create, updates, by_status, &config.http))
}

fn alert(texts: &mut Texts, config: &OpsgenieConfig, alias: String) -> Alert {
    Alert {
        alias,
        message: texts.title("message", MESSAGE_CHARS_MAX),
        description: texts.body("description", DESCRIPTION_CHARS_MAX),
        details: details(texts, config),
        source: texts.text("source"),
        responders: responders(texts, config),
        tags: list(&texts.text("tags")),
        note: super::plain::shorten(&texts.text("note"), NOTE_CHARS_MAX),
        priority: priority(&texts.text("priority")),
        entity: texts.text("entity"),
        actions: list(&texts.text("actions")),
    }
}

fn details(texts: &mut Texts, config: &OpsgenieConfig) -> BTreeMap<String, String> {
    let common = texts.scope.common_labels();
    let mut details: BTreeMap<String, String> =
        common.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for (name, template) in &config.details {
        if let Some(text) = texts.one(&format!("details.{name}"), template) {
            details.insert(name.clone(), text);
        }
    }
    if let Some(span) = texts.scope.letter.delayed {
        details.insert("delayed".to_owned(), span.to_string());
    }
    details
}

/// Those who are named: a team that comes from a label may be missing.
fn responders(texts: &mut Texts, config: &OpsgenieConfig) -> Vec<Responder> {
    let mut responders = Vec::new();
    for responder in &config.responders {
        let mut field = |name: &str, template| {
            texts.one(&format!("responders.{name}"), template).unwrap_or_default()
        };
        let id = field("id", &responder.id);
        let name = field("name", &responder.name);
        let username = field("username", &responder.username);
        let kind = field("type", &responder.kind).trim().to_lowercase();
        if kind == "teams" {
            responders.extend(list(&name).into_iter().map(|name| Responder {
                id: String::new(),
                name,
                username: String::new(),
                kind: "team".to_owned(),
            }));
        } else if !(id.is_empty() && name.is_empty() && username.is_empty()) {
            responders.push(Responder { id, name, username, kind });
        }
    }
    responders
}

/// A priority is often the label of an alert, which may say anything; without one, Opsgenie takes
/// `P3`.
fn priority(text: &str) -> String {
    let word = text.trim().to_uppercase();
    if PRIORITIES.contains(&word.as_str()) { word } else { String::new() }
}

/// The items of a list with commas.
fn list(text: &str) -> Vec<String> {
    let items = text.split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
