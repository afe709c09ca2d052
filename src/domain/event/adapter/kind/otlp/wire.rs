//! The messages of OTLP's logs, by the field numbers of `opentelemetry.proto.logs.v1`, and the same
//! read from JSON: ids in hexadecimal, 64-bit integers as texts, names in camel case.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::{Message, Oneof};
use serde_json::{Number, Value, json};

use crate::domain::event::adapter::json;

/// Values inside of values beyond this are left out; the format has no such limit.
const DEPTH_MAX: usize = 32;

/// Where libraries for logging put the message of a structured body.
const MESSAGES: [&str; 4] = ["/message", "/msg", "/MESSAGE", "/log"];

/// `ExportLogsServiceRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Request {
    #[prost(message, repeated, tag = "1")]
    pub(super) resource_logs: Vec<ResourceLogs>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    pub(super) resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    pub(super) scope_logs: Vec<ScopeLogs>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Resource {
    #[prost(message, repeated, tag = "1")]
    pub(super) attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ScopeLogs {
    #[prost(message, optional, tag = "1")]
    pub(super) scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    pub(super) log_records: Vec<LogRecord>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Scope {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) version: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LogRecord {
    #[prost(fixed64, tag = "1")]
    pub(super) time_unix_nano: u64,
    #[prost(int32, tag = "2")]
    pub(super) severity_number: i32,
    #[prost(string, tag = "3")]
    pub(super) severity_text: String,
    #[prost(message, optional, tag = "5")]
    pub(super) body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    pub(super) attributes: Vec<KeyValue>,
    #[prost(bytes = "vec", tag = "9")]
    pub(super) trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "10")]
    pub(super) span_id: Vec<u8>,
    #[prost(fixed64, tag = "11")]
    pub(super) observed_time_unix_nano: u64,
    #[prost(string, tag = "12")]
    pub(super) event_name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct KeyValue {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(message, optional, tag = "2")]
    pub(super) value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AnyValue {
    #[prost(oneof = "Any", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub(super) value: Option<Any>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Any {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Truth(bool),
    #[prost(int64, tag = "3")]
    Whole(i64),
    #[prost(double, tag = "4")]
    Float(f64),
    #[prost(message, tag = "5")]
    Array(ArrayValue),
    #[prost(message, tag = "6")]
    Map(KeyValueList),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    pub(super) values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    pub(super) values: Vec<KeyValue>,
}

/// Reads JSON leniently: a field of the wrong type counts as absent.
pub(super) fn from_json(body: &Value) -> Request {
    Request { resource_logs: list(body, "resourceLogs", "resource_logs", resource_logs) }
}

fn resource_logs(value: &Value) -> ResourceLogs {
    let attributes = value.get("resource").map(attributes).unwrap_or_default();
    ResourceLogs {
        resource: Some(Resource { attributes }),
        scope_logs: list(value, "scopeLogs", "scope_logs", scope_logs),
    }
}

fn scope_logs(value: &Value) -> ScopeLogs {
    let scope = value.get("scope").map(|scope| Scope {
        name: json::field(scope, "name").into_owned(),
        version: json::field(scope, "version").into_owned(),
        attributes: attributes(scope),
    });
    ScopeLogs { scope, log_records: list(value, "logRecords", "log_records", record) }
}

fn record(value: &Value) -> LogRecord {
    let get = |camel: &str, snake: &str| value.get(camel).or_else(|| value.get(snake));
    let text = |camel: &str, snake: &str| {
        get(camel, snake).map(|value| json::text(value).into_owned()).unwrap_or_default()
    };
    let number = |camel: &str, snake: &str| text(camel, snake).parse().unwrap_or(0);
    let id = |camel: &str, snake: &str| unhex(&text(camel, snake));
    LogRecord {
        time_unix_nano: number("timeUnixNano", "time_unix_nano"),
        severity_number: severity_number(&text("severityNumber", "severity_number")),
        severity_text: text("severityText", "severity_text"),
        body: value.get("body").map(|body| any(body, DEPTH_MAX)),
        attributes: attributes(value),
        trace_id: id("traceId", "trace_id"),
        span_id: id("spanId", "span_id"),
        observed_time_unix_nano: number("observedTimeUnixNano", "observed_time_unix_nano"),
        event_name: text("eventName", "event_name"),
    }
}

/// A number, or the name of the enumeration: `SEVERITY_NUMBER_ERROR2`.
fn severity_number(text: &str) -> i32 {
    const NAMES: [(&str, i32); 6] =
        [("TRACE", 1), ("DEBUG", 5), ("INFO", 9), ("WARN", 13), ("ERROR", 17), ("FATAL", 21)];
    if let Ok(number) = text.parse() {
        return number;
    }
    let name = text.strip_prefix("SEVERITY_NUMBER_").unwrap_or(text);
    let found = NAMES.iter().find_map(|(word, first)| Some((name.strip_prefix(word)?, first)));
    found.map_or(0, |(step, first)| match step.parse::<i32>() {
        Ok(step @ 2..=4) => first + step - 1,
        _ => *first,
    })
}

fn attributes(value: &Value) -> Vec<KeyValue> {
    pairs(value.get("attributes").unwrap_or(&Value::Null), DEPTH_MAX)
}

fn pairs(list: &Value, depth: usize) -> Vec<KeyValue> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let pair = |item: &Value| KeyValue {
        key: json::field(item, "key").into_owned(),
        value: item.get("value").map(|value| any(value, depth)),
    };
    items.iter().map(pair).collect()
}

fn any(value: &Value, depth: usize) -> AnyValue {
    let Some(depth) = depth.checked_sub(1) else { return AnyValue::default() };
    let Some(fields) = value.as_object() else {
        // Some write the value itself where its type should stand.
        let text = json::text(value).into_owned();
        return AnyValue { value: (!text.is_empty()).then_some(Any::Text(text)) };
    };
    let read = |name: &str, value: &Value| match name {
        "stringValue" | "string_value" => Some(Any::Text(json::text(value).into_owned())),
        "boolValue" | "bool_value" => Some(match value.as_bool() {
            Some(truth) => Any::Truth(truth),
            None => Any::Text(json::text(value).into_owned()),
        }),
        "intValue" | "int_value" => Some(match json::text(value).parse() {
            Ok(whole) => Any::Whole(whole),
            Err(_) => Any::Text(json::text(value).into_owned()),
        }),
        // `NaN` and `Infinity` come as texts.
        "doubleValue" | "double_value" => Some(match json::text(value).parse() {
            Ok(float) => Any::Float(float),
            Err(_) => Any::Text(json::text(value).into_owned()),
        }),
        "bytesValue" | "bytes_value" => {
            Some(Any::Bytes(STANDARD.decode(json::text(value).as_bytes()).unwrap_or_default()))
        }
        "arrayValue" | "array_value" => {
            let items = value["values"].as_array().map(Vec::as_slice).unwrap_or_default();
            let values = items.iter().map(|item| any(item, depth)).collect();
            Some(Any::Array(ArrayValue { values }))
        }
        "kvlistValue" | "kvlist_value" => {
            Some(Any::Map(KeyValueList { values: pairs(&value["values"], depth) }))
        }
        _ => None,
    };
    AnyValue { value: fields.iter().find_map(|(name, value)| read(name, value)) }
}

impl AnyValue {
    /// As one would write it down.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match &self.value {
            None => Cow::Borrowed(""),
            Some(Any::Text(text)) => Cow::Borrowed(text),
            Some(_) => Cow::Owned(json::text(&self.json()).into_owned()),
        }
    }

    /// What it says to people: the message of a structured body that has one, else all of it.
    pub(super) fn words(&self) -> Cow<'_, str> {
        if !matches!(self.value, Some(Any::Map(_))) {
            return self.text();
        }
        let whole = self.json();
        match json::first_of(&whole, &MESSAGES) {
            message if message.is_empty() => Cow::Owned(json::text(&whole).into_owned()),
            message => Cow::Owned(message),
        }
    }

    fn json(&self) -> Value {
        match &self.value {
            None => Value::Null,
            Some(Any::Text(text)) => Value::String(text.clone()),
            Some(Any::Truth(truth)) => Value::Bool(*truth),
            Some(Any::Whole(whole)) => json!(whole),
            Some(Any::Float(float)) => {
                Number::from_f64(*float).map_or_else(|| json!(float.to_string()), Value::Number)
            }
            Some(Any::Array(array)) => array.values.iter().map(Self::json).collect(),
            Some(Any::Map(map)) => {
                let pair = |pair: &KeyValue| {
                    let value = pair.value.as_ref().map(Self::json).unwrap_or_default();
                    (pair.key.clone(), value)
                };
                Value::Object(map.values.iter().map(pair).collect())
            }
            Some(Any::Bytes(bytes)) => Value::String(STANDARD.encode(bytes)),
        }
    }
}

fn list<T>(value: &Value, camel: &str, snake: &str, read: fn(&Value) -> T) -> Vec<T> {
    let items = value.get(camel).or_else(|| value.get(snake)).and_then(Value::as_array);
    items.map(|items| items.iter().map(read).collect()).unwrap_or_default()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty()).unwrap_or_default()
}
