//! The envelope of a CloudEvent (CNCF CloudEvents 1.0, and what is left of 0.1 to 0.3): in the body,
//! alone or in a batch, or in headers `ce-*` around the body.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::domain::event::adapter::{Head, Unreadable, json};

/// Attributes of the specification, with the names that version 0.1 had for them.
const ATTRIBUTES: [(&str, &str); 5] = [
    ("specversion", "cloudEventsVersion"),
    ("type", "eventType"),
    ("id", "eventID"),
    ("time", "eventTime"),
    ("datacontenttype", "contentType"),
];

/// Members of an envelope that are no extensions.
const OWN: [&str; 12] = [
    "specversion",
    "type",
    "source",
    "id",
    "time",
    "subject",
    "datacontenttype",
    "datacontentencoding",
    "dataschema",
    "schemaurl",
    "data",
    "data_base64",
];

/// One CloudEvent, unpacked.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) time: Option<Value>,
    /// Extensions, as name and text.
    pub(super) extensions: Vec<(String, String)>,
    /// What it carries: JSON, or a text that is none.
    pub(super) data: Value,
    pub(super) notes: Vec<String>,
}

/// Whether a JSON value is an envelope.
pub(super) fn is_envelope(value: &Value) -> bool {
    let version = json::has_any(value, &["specversion", "cloudEventsVersion"]);
    // The context of a CDEvent has a `specversion`, too, but stands one level deeper.
    version && json::has_any(value, &["type", "eventType"])
}

/// Whether the headers are an envelope.
pub(super) fn is_binary(head: &Head) -> bool {
    head.has("ce-type") || head.has("ce-specversion") || head.has("ce-eventtype")
}

/// Unpacks a request: each element is a CloudEvent, or says why it is none.
pub(super) fn unpack(
    body: &[u8],
    head: &Head,
) -> Result<Vec<Result<Envelope, String>>, Unreadable> {
    if is_binary(head) && !head.media_type().starts_with("application/cloudevents") {
        return Ok(vec![Ok(binary(body, head))]);
    }
    Ok(match json::parse(body)? {
        Value::Array(elements) => elements.iter().map(structured).collect(),
        element => vec![structured(&element)],
    })
}

fn structured(element: &Value) -> Result<Envelope, String> {
    let Value::Object(members) = element else {
        return Err("the CloudEvent is not an object".to_owned());
    };
    let mut envelope = attributes(members);
    let encoded = members.get("data_base64").or_else(|| {
        let encoding = json::field(element, "datacontentencoding");
        members.get("data").filter(|_| encoding.eq_ignore_ascii_case("base64"))
    });
    envelope.data = match (encoded, members.get("data")) {
        (Some(Value::String(encoded)), _) => envelope.decode(encoded),
        (_, Some(Value::String(said))) => parsed(said),
        (_, Some(data)) => data.clone(),
        (_, None) => Value::Null,
    };
    Ok(envelope)
}

fn binary(body: &[u8], head: &Head) -> Envelope {
    let mut members = Map::new();
    for (name, value) in head.with_prefix("ce-") {
        let value = value.trim();
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let decoded = percent_decode_str(bare.unwrap_or(value)).decode_utf8_lossy().into_owned();
        let name = name.strip_prefix("ce-").unwrap_or(name);
        let alias = ATTRIBUTES.iter().find(|(_, old)| old.eq_ignore_ascii_case(name));
        members.insert(alias.map_or(name, |(known, _)| known).to_owned(), decoded.into());
    }
    let mut envelope = attributes(&members);
    if let Ok(text) = std::str::from_utf8(body) {
        envelope.data = parsed(text);
    } else {
        envelope.notes.push(format!("{} bytes of data that are no text", body.len()));
    }
    envelope
}

fn attributes(members: &Map<String, Value>) -> Envelope {
    let find = |name: &str| {
        let old = ATTRIBUTES.iter().find(|(known, _)| *known == name).map(|(_, old)| *old);
        members.get(name).or_else(|| members.get(old?)).filter(|value| !value.is_null())
    };
    let text = |name: &str| find(name).map(json::text).unwrap_or_default().trim().to_owned();
    let is_extension =
        |name: &str| !OWN.contains(&name) && !ATTRIBUTES.iter().any(|(_, old)| *old == name);
    let extensions = members
        .iter()
        .filter(|(name, value)| is_extension(name) && !value.is_object() && !value.is_array());
    Envelope {
        id: text("id"),
        source: text("source"),
        kind: text("type"),
        subject: text("subject"),
        time: find("time").cloned(),
        extensions: extensions
            .map(|(name, value)| (name.clone(), json::text(value).into()))
            .collect(),
        data: Value::Null,
        notes: Vec::new(),
    }
}

impl Envelope {
    /// Bytes that were written as base64.
    fn decode(&mut self, encoded: &str) -> Value {
        let decoded = STANDARD.decode(encoded).or_else(|_| URL_SAFE.decode(encoded));
        match decoded.map(String::from_utf8) {
            Ok(Ok(text)) => parsed(&text),
            Ok(Err(error)) => {
                self.notes
                    .push(format!("{} bytes of data that are no text", error.as_bytes().len()));
                Value::Null
            }
            Err(_) => {
                self.notes.push("`data_base64` is no base64".to_owned());
                Value::Null
            }
        }
    }

    /// An extension by its name.
    pub(super) fn extension(&self, name: &str) -> &str {
        let found = self.extensions.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value)
    }
}

/// JSON where a text is an object or an array; else the text.
fn parsed(text: &str) -> Value {
    let begins = text.trim_ascii_start().starts_with(['{', '[', '"']);
    match serde_json::from_str(text) {
        Ok(value) if begins => value,
        Ok(Value::Null) => Value::Null,
        _ if text.is_empty() => Value::Null,
        _ => text.into(),
    }
}
