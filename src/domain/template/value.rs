//! What a template can look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::domain::value::{Labels, Timestamp};

/// A value of Go's dynamic kind, as far as templates meet them.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// Text that is HTML already (`safeHtml`).
    Html(Arc<str>),
    /// Text that is a URL already (`safeUrl`).
    Url(Arc<str>),
    /// An instant (Go's `time.Time`), in UTC.
    Time(Timestamp),
    /// An instant as clocks in a zone show it (`tz`).
    Zoned(Timestamp, TimeZone),
    /// A length of time in nanoseconds (Go's `time.Duration`).
    Duration(i64),
    /// A list.
    List(Arc<Vec<Value>>),
    /// Fields by name: a struct or a map.
    Map(Arc<BTreeMap<String, Value>>),
    /// Alertmanager's `KV`: labels or annotations, with `.SortedPairs`, `.Names`, `.Values`,
    /// `.Remove`.
    Kv(Arc<Labels>),
    /// What `.SortedPairs` gives: names with values, with `.Names` and `.Values`.
    Pairs(Arc<Vec<(String, String)>>),
    /// Alertmanager's `Alerts`: a list of alerts with `.Firing` and `.Resolved`.
    Alerts(Arc<Vec<Value>>),
}

impl Value {
    /// Makes a map of fields.
    pub fn map<N: Into<String>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Map(Arc::new(fields.into_iter().map(|(name, value)| (name.into(), value)).collect()))
    }

    /// Makes a list.
    pub fn list<V: Into<Self>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::List(Arc::new(items.into_iter().map(Into::into).collect()))
    }

    /// Makes Alertmanager's `Alerts` of maps that have at least a `Status`.
    pub fn alerts(alerts: impl IntoIterator<Item = Self>) -> Self {
        Self::Alerts(Arc::new(alerts.into_iter().collect()))
    }

    /// Go's truth: nothing, zero and what is empty count as false.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) | Self::Duration(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) | Self::Html(text) | Self::Url(text) => !text.is_empty(),
            // Structs are always true in Go, so even its zero time is.
            Self::Time(_) | Self::Zoned(..) => true,
            Self::List(items) | Self::Alerts(items) => !items.is_empty(),
            Self::Map(fields) => !fields.is_empty(),
            Self::Kv(labels) => !labels.is_empty(),
            Self::Pairs(pairs) => !pairs.is_empty(),
        }
    }

    /// The name that Go gives the type, for messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Html(_) => "template.HTML",
            Self::Url(_) => "template.URL",
            Self::Time(_) | Self::Zoned(..) => "time.Time",
            Self::Duration(_) => "time.Duration",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
            Self::Kv(_) => "template.KV",
            Self::Pairs(_) => "template.Pairs",
            Self::Alerts(_) => "template.Alerts",
        }
    }

    /// The text, if this is one.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Html(text) | Self::Url(text) => Some(text),
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Time(_)
            | Self::Zoned(..)
            | Self::Duration(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Kv(_)
            | Self::Pairs(_)
            | Self::Alerts(_) => None,
        }
    }

    /// One name with its value, as `range` over pairs shows it.
    pub(super) fn pair(name: &str, value: &str) -> Self {
        Self::map([("Name", Self::from(name)), ("Value", Self::from(value))])
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl From<Labels> for Value {
    fn from(labels: Labels) -> Self {
        Self::Kv(Arc::new(labels))
    }
}

impl From<Arc<Labels>> for Value {
    fn from(labels: Arc<Labels>) -> Self {
        Self::Kv(labels)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(Arc::new(items))
    }
}

/// Nothing becomes [`Value::Nil`].
impl<V: Into<Self>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Nil, Into::into)
    }
}
