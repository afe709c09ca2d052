//! VictorOps (Splunk On-Call): one entity by its REST endpoint, from `CRITICAL` to `RECOVERY`.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::address::{below, encoded};
use super::exchange::{Http, Reply, by_status};
use super::letter::AlertStatus;
use super::report::{Class, Reason, Report};
use super::scope::Scope;
use super::texts::Texts;
use super::{Fault, Pen, group_hash, post};
use crate::domain::notification::receiver::VictoropsConfig;

/// VictorOps cuts longer messages.
const STATE_MESSAGE_CHARS_MAX: usize = 20_480;
/// A line for lists and telephones.
const NAME_CHARS_MAX: usize = 1_024;
/// The types that open an incident or add to it.
const FIRING: [&str; 3] = ["INFO", "WARNING", "CRITICAL"];

/// Without its routing key there is nobody to tell.
pub(super) fn write(scope: &Scope, config: &VictoropsConfig, pen: &mut Pen) -> Result<Http, Fault> {
    let mut texts = Texts::new(scope, &config.texts, pen);
    let routing_key = texts.pen.key("routing_key", &config.routing_key, &texts.value)?;
    let path = format!("{}/{}", encoded(config.api_key.reveal()), encoded(&routing_key));
    let request = post(scope.letter, &below(&config.api_url, &path), &body(&mut texts, config));
    let request = request.secret(&config.api_key);
    Ok(Http::in_turn(request, Vec::new(), judge, &config.http))
}

fn body(texts: &mut Texts, config: &VictoropsConfig) -> Map<String, Json> {
    let mut body = Map::new();
    let mut set = |name: &str, text: String| body.insert(name.to_owned(), text.into());
    set("message_type", message_type(texts));
    set("entity_id", group_hash(texts.scope.letter));
    set("entity_display_name", texts.title("entity_display_name", NAME_CHARS_MAX));
    set("state_message", texts.body("state_message", STATE_MESSAGE_CHARS_MAX));
    set("monitoring_tool", texts.text("monitoring_tool"));
    for (name, template) in &config.custom_fields {
        if let Some(text) = texts.one(&format!("custom_fields.{name}"), template) {
            set(name, text);
        }
    }
    if let Some(span) = texts.scope.letter.delayed {
        body.entry("delayed").or_insert_with(|| span.to_string().into());
    }
    body
}

/// Anything that VictorOps does not know as firing is `CRITICAL`: a type is often an alert's label.
fn message_type(texts: &mut Texts) -> String {
    match texts.scope.status() {
        AlertStatus::Resolved => "RECOVERY".to_owned(),
        AlertStatus::Firing => {
            let word = texts.text("message_type");
            if FIRING.contains(&word.as_str()) { word } else { "CRITICAL".to_owned() }
        }
    }
}

/// What is wrong with a message stands in the body, perhaps with status 200.
fn judge(reply: &Reply) -> Report {
    let answer: Answer = serde_json::from_str(&reply.body).unwrap_or_default();
    if reply.is_success() && answer.result == "failure" {
        return reply.refused(Class::Permanent, Reason::ClientError, &answer.message);
    }
    by_status(reply)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    result: String,
    message: String,
}
