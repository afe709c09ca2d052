//! What a template can look at.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// An instant (Go's `time.Time`).
    Time(Timestamp),
    /// A list.
    List(Arc<Vec<Value>>),
    /// Fields by name: a struct or a map.
    Map(Arc<BTreeMap<String, Value>>),
    /// Alertmanager's `KV`: labels or annotations, with `.SortedPairs`, `.Names`, `.Values`,
    /// `.Remove`.
    Kv(Arc<Labels>),
    /// Alertmanager's `Alerts`: a list of alerts with `.Firing` and `.Resolved`.
    Alerts(Arc<Vec<Value>>),
}
