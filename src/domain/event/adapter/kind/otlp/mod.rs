//! OTLP logs and events: from ERROR on, one alert for each service and kind of record.
//!
//! A log knows no "it is over": what a rule with `clear` finds ends when that is said, everything
//! else when it has not been said again for a while. Records below ERROR that no rule knows are
//! counted, and that is all; so are those that do not say how bad they are.

mod wire;

use std::borrow::Cow;

use prost::Message;
use serde_json::Value;

use super::Adapter;
use crate::domain::event::adapter::draft::{self, Draft};
use crate::domain::event::adapter::rule::{self, TextRule};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, clip, json};
use crate::domain::value::{Labels, Severity, Span, Timestamp};
use wire::{KeyValue, LogRecord, Request, Scope};

/// The ranges of `SeverityNumber`, by the first number of each, and what they mean here.
pub const LEVELS: [(&str, i32, Severity); 6] = [
    ("trace", 1, Severity::Info),
    ("debug", 5, Severity::Info),
    ("info", 9, Severity::Info),
    ("warn", 13, Severity::Warning),
    ("error", 17, Severity::High),
    ("fatal", 21, Severity::Critical),
];

/// The highest `SeverityNumber`.
const NUMBER_MAX: i32 = 24;

/// Resource attributes that are labels under another name. The first that is there counts.
const PLACES: [(&str, &[&str]); 3] = [
    ("service", &["service.name"]),
    ("environment", &["deployment.environment.name", "deployment.environment"]),
    ("instance", &["host.name", "k8s.node.name", "host.id", "service.instance.id"]),
];

/// Resource attributes that change from one process to the next: no labels.
const PASSING: [&str; 7] =
    ["process.", "telemetry.", "os.", "container.", "service.instance.", "k8s.pod.", "host."];

/// Attributes of a record that say what happened, in the order in which they name it.
const NAMES: [&str; 3] = ["event.name", "exception.type", "error.type"];

/// Attributes of the resource that become labels, and of the record that become annotations.
const RESOURCE_LABELS_MAX: usize = 24;
const ATTRIBUTES_MAX: usize = 40;

/// So much of a kind of record tells it from others.
const TEMPLATE_CHARS_MAX: usize = 160;

/// What a source of this type is told by its configuration.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The first that fits decides.
    pub rules: Vec<TextRule>,
    /// The least `SeverityNumber` that makes an alert without a rule.
    pub number_min: i32,
    /// How long a record counts that no rule knows.
    pub lease: Span,
}

impl Default for Rules {
    /// An hour: what fails for good says so again within it.
    fn default() -> Self {
        Self { rules: Vec::new(), number_min: 17, lease: Span::hours(1) }
    }
}

/// OTLP with nothing configured.
pub const ADAPTER: Adapter = Adapter {
    name: "otlp",
    title: "OpenTelemetry logs",
    read: |body, context| read(&Rules::default(), body, context),
    fits,
};

fn fits(body: &Value, _: &Head) -> bool {
    json::has_any(body, &["resourceLogs", "resource_logs", "resourceMetrics", "resourceSpans"])
}

/// Reads an `ExportLogsServiceRequest`, as JSON or as protobuf.
///
/// # Errors
/// When it is neither, or has too many records.
pub fn read(rules: &Rules, body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut read = Read::default();
    let request = if is_json(body, context.head) {
        let body = json::parse(body)?;
        if !body.is_object() {
            return Err(Unreadable::Json("it is no object".to_owned()));
        }
        for (field, what) in [("resourceMetrics", "metrics"), ("resourceSpans", "spans")] {
            if body.get(field).is_some() {
                read.note(None, format!("{what} are not read here: send logs and events only"));
            }
        }
        wire::from_json(&body)
    } else {
        let decoded = Request::decode(body);
        decoded.map_err(|error| Unreadable::Json(error.to_string()))?
    };
    let mut at = 0;
    for resource in &request.resource_logs {
        let attributes = resource.resource.as_ref().map(|it| it.attributes.as_slice());
        let of = Whence::new(attributes.unwrap_or_default(), context);
        for scope in &resource.scope_logs {
            for record in &scope.log_records {
                if at == context.limits.events_max {
                    return Err(Unreadable::TooMany { max: at });
                }
                event(rules, record, &of, scope.scope.as_ref(), at, context, &mut read);
                at += 1;
            }
        }
    }
    if read.counted > 0 {
        let what =
            format!("{} records that raise no alert by their severity: counted", read.counted);
        read.note(None, what);
    } else if at == 0 && read.notes.is_empty() {
        read.note(None, "no log records");
    }
    Ok(read)
}

/// Whether a body is JSON: its head says so, or it begins as such.
pub fn is_json(body: &[u8], head: &Head) -> bool {
    match head.media_type().as_str() {
        "application/x-protobuf" | "application/protobuf" => false,
        "application/json" => true,
        _ => body.trim_ascii_start().first().is_none_or(|byte| matches!(byte, b'{' | b'[')),
    }
}

/// What the records of a resource have in common.
struct Whence {
    labels: Labels,
    annotations: Labels,
}

impl Whence {
    fn new(attributes: &[KeyValue], context: &Context) -> Self {
        let named: Vec<(&str, Cow<str>)> = texts(attributes, context).collect();
        let places = PLACES.iter().map(|(label, names)| {
            let found = names.iter().find_map(|name| named.iter().find(|(key, _)| key == name));
            (*label, found.map_or("", |(_, value)| &**value))
        });
        let taken = |name: &str| PLACES.iter().any(|(_, names)| names.contains(&name));
        let rest = named.iter().filter(|(name, _)| !taken(name));
        let passing = |name: &str| PASSING.iter().any(|prefix| name.starts_with(prefix));
        let (passing, lasting): (Vec<_>, Vec<_>) = rest.partition(|(name, _)| passing(name));
        let limit = context.limits.label_value_bytes_max;
        let lasting = lasting.iter().take(RESOURCE_LABELS_MAX);
        let labels = lasting.map(|(name, value)| (*name, clip(value, limit)));
        let passing = passing.iter().take(ATTRIBUTES_MAX / 2);
        Self {
            labels: Labels::new(labels)
                .with(places.map(|(label, value)| (label, clip(value, limit)))),
            annotations: Labels::new(passing.map(|(name, value)| (*name, &**value))),
        }
    }
}

fn event(
    rules: &Rules,
    record: &LogRecord,
    of: &Whence,
    scope: Option<&Scope>,
    at: usize,
    context: &Context,
    read: &mut Read,
) {
    let text = record.body.as_ref().map(wire::AnyValue::words).unwrap_or_default();
    let whole = record.body.as_ref().map(wire::AnyValue::text).unwrap_or_default();
    let whole = clip(&whole, context.limits.annotation_value_bytes_max);
    let attributes: Vec<(&str, Cow<str>)> = texts(&record.attributes, context).collect();
    let attribute = |name: &str| {
        attributes.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| &**value)
    };
    let said = NAMES.iter().map(|name| attribute(name)).find(|value| !value.is_empty());
    let name = if record.event_name.is_empty() { said.unwrap_or("") } else { &record.event_name };
    let (word, number, meaning) = severity(record);
    let [service, host, environment] =
        ["service", "instance", "environment"].map(|label| of.labels.get(label));
    let field = |field: &str| match field {
        "service" => service,
        "host" => host,
        "event" => name,
        "level" => word,
        _ => "",
    };
    let found = rule::judge(&rules.rules, &text, field);
    let counted = match &found {
        Some(found) => found.rule.ignore,
        None => number < rules.number_min,
    };
    if counted {
        read.counted += 1;
        return;
    }

    let scope_name = scope.map_or("", |scope| scope.name.as_str());
    let place = if service.is_empty() { host } else { service };
    let title = [name, scope_name, place].into_iter().find(|title| !title.is_empty());
    let limit = context.limits.label_value_bytes_max;
    let summary = [&*text, attribute("exception.message"), name]
        .into_iter()
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default();
    // What no rule knows is as bad as it says.
    let own = found.is_none().then(|| draft::severity(context, word, meaning));
    let (severity, said) = (own.map(|(label, _)| label), own.and_then(|(_, said)| said));
    let about = [
        ("alertname", clip(title.unwrap_or(ADAPTER.name), limit)),
        ("scope", clip(scope_name, limit)),
    ];
    let ids = [&record.trace_id, &record.span_id].map(|id| hex(id));
    let rest = [
        ("body", if *text == *whole || text.starts_with(whole) { "" } else { whole }),
        ("trace_id", ids[0].as_str()),
        ("span_id", ids[1].as_str()),
    ];
    let kept = attributes.iter().take(ATTRIBUTES_MAX).map(|(name, value)| (*name, &**value));
    let over = kept.chain(story(summary, context)).chain(rest).chain(said);
    let mut draft = Draft {
        labels: of.labels.with(about.into_iter().chain(severity)),
        annotations: of.annotations.with(over),
        ..Draft::default()
    };
    if attributes.len() > ATTRIBUTES_MAX {
        let what = format!("{} attributes: {ATTRIBUTES_MAX} are kept", attributes.len());
        draft.notes.push(what);
    }
    if let Some(found) = found {
        draft.key = found.key(&[place, environment].join("/"));
        found.apply(&mut draft, context, (word, meaning));
    } else {
        // What has a name is known by it; a log line only by its words.
        let kind = match name {
            "" => rule::template(summary, TEMPLATE_CHARS_MAX),
            name => name.to_owned(),
        };
        draft.key = [place, environment, kind.as_str()].join("/");
        draft.lease = Some(rules.lease);
    }
    draft.starts_at = [record.time_unix_nano, record.observed_time_unix_nano]
        .into_iter()
        .find(|nanoseconds| *nanoseconds > 0)
        .map(|nanoseconds| Timestamp((nanoseconds / 1_000_000).cast_signed()));
    draft.finish(at, context, read);
}

/// The source's word for it, its number, and what that means here. Who gives no number may give a
/// word; what neither tells is unknown, which counts as much as WARN.
fn severity(record: &LogRecord) -> (&str, i32, Option<Severity>) {
    let number = record.severity_number;
    let level = LEVELS.iter().rev().find(|(_, first, _)| number >= *first);
    let level = level.filter(|_| number <= NUMBER_MAX);
    let text = record.severity_text.as_str();
    if let Some((word, _, meaning)) = level {
        return (if text.is_empty() { word } else { text }, number, Some(*meaning));
    }
    let meaning = Severity::parse(text);
    let number = match meaning {
        Severity::Critical => 21,
        Severity::High => 17,
        Severity::Warning | Severity::Unknown => 13,
        Severity::Info | Severity::None => 9,
    };
    (text, number, (meaning != Severity::Unknown).then_some(meaning))
}

/// Pairs as texts; what has no name or is too long to be one is left out.
fn texts<'a>(
    attributes: &'a [KeyValue],
    context: &Context,
) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
    let limits = context.limits;
    let (name_max, value_max) = (limits.label_name_bytes_max, limits.annotation_value_bytes_max);
    attributes.iter().filter(move |pair| (1..=name_max).contains(&pair.key.len())).map(
        move |pair| {
            let text = pair.value.as_ref().map(wire::AnyValue::text).unwrap_or_default();
            let text = match text {
                Cow::Borrowed(text) => Cow::Borrowed(clip(text, value_max)),
                Cow::Owned(text) => Cow::Owned(clip(&text, value_max).to_owned()),
            };
            (pair.key.as_str(), text)
        },
    )
}

/// The first line for a look, all of it for a read.
fn story<'a>(text: &'a str, context: &Context) -> [(&'static str, &'a str); 2] {
    const SUMMARY_BYTES_MAX: usize = 240;
    let text = clip(text.trim(), context.limits.annotation_value_bytes_max);
    let summary = clip(text.lines().next().unwrap_or_default(), SUMMARY_BYTES_MAX);
    [("summary", summary), ("description", if summary.len() < text.len() { text } else { "" })]
}

fn hex(id: &[u8]) -> String {
    // An id of zeros is none (W3C trace context).
    if id.iter().all(|byte| *byte == 0) {
        return String::new();
    }
    let mut text = String::with_capacity(2 * id.len());
    let digits = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::event::adapter::Limits;

    #[test]
    fn protobuf_reads_as_json_does() {
        let text = r#"{"resourceLogs":[{
            "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
            "scopeLogs":[{"scope":{"name":"cart"},"logRecords":[{
                "timeUnixNano":"1772366400000000000","severityNumber":17,
                "traceId":"0102030405060708090a0b0c0d0e0f10",
                "body":{"stringValue":"no stock"},
                "attributes":[{"key":"n","value":{"intValue":"9007199254740993"}}]}]}]}]}"#;
        let source = Arc::from("src");
        let limits = Limits::default();
        let now = Timestamp(1_772_366_400_000);
        let context = Context::new(&source, now, &limits);
        let json = read(&Rules::default(), text.as_bytes(), &context).unwrap();
        let request = wire::from_json(&serde_json::from_str(text).unwrap());
        let bytes = request.encode_to_vec();
        let head = Head::new([("content-type", "application/x-protobuf")], "");
        let context = Context { head: &head, ..context };
        assert_eq!(read(&Rules::default(), &bytes, &context).unwrap(), json);
        let event = &json.events[0];
        assert_eq!(event.annotations.get("n"), "9007199254740993");
        assert_eq!(event.annotations.get("trace_id"), "0102030405060708090a0b0c0d0e0f10");
        assert!(read(&Rules::default(), &bytes[..bytes.len() - 1], &context).is_err());
    }
}
