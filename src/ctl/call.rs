//! One request to the daemon's API, before it becomes HTTP.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::domain::view::{Fields, Manual};

/// Where the API starts, below the daemon's own address.
pub(super) const ROOT: &str = "api/itsm/v1";

/// What RFC 3986 lets stand as it is, anywhere in an address.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One request.
#[derive(Debug, Clone)]
pub struct Call {
    /// Whether it asks or tells.
    pub method: Method,
    /// The path below the API's root, each part to be encoded: `["incidents", "INC-1"]`.
    pub path: Vec<String>,
    /// Query parameters, in the order given.
    pub query: Vec<(String, String)>,
    /// What to show of the answer.
    pub answer: Answer,
}

/// Whether a request asks or tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Asks: changes nothing.
    Get,
    /// Tells, with this form.
    Post(Fields),
}

/// What the answer is, and so how to show it.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Pages of records of a practice.
    List {
        /// The practice.
        manual: &'static Manual,
        /// How many records at most, over all pages.
        limit: usize,
    },
    /// Pages of records, of which only the ids are wanted, one a line.
    Ids {
        /// How many at most, over all pages.
        limit: usize,
    },
    /// One record, or any other object.
    Page,
    /// A record as it stands after a verb.
    Receipt {
        /// The practice.
        manual: &'static Manual,
        /// What was done.
        verb: &'static str,
    },
    /// An object of which one member is a text to be shown as it stands.
    Text(&'static str),
    /// An object of which one member is a line.
    Line(&'static str),
    /// The sources.
    Sources,
    /// Bodies that a source could not have taken in.
    Rejected,
    /// What a body would become.
    Payload,
    /// The routing tree.
    Routes,
    /// Where an alert would go.
    Explanation,
    /// The receivers of an alert.
    Receivers {
        /// Whether the routes on the way are shown.
        tree: bool,
        /// The receivers that they must be, comma-separated.
        verify: Option<String>,
    },
    /// What became of a test of a receiver.
    Tested,
}

impl Call {
    /// Asks for the object at a path, to be shown in a way of its own.
    pub fn get(path: &[&str], query: Vec<(String, String)>, answer: Answer) -> Self {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Self { method: Method::Get, path, query, answer }
    }

    /// Asks for the object at a path.
    pub fn page(path: &[&str]) -> Self {
        Self::get(path, Vec::new(), Answer::Page)
    }

    /// The path and query below the daemon's address, with more parameters at its end.
    pub fn target(&self, more: &[(&str, String)]) -> String {
        let mut target = ROOT.to_owned();
        for part in &self.path {
            target.push('/');
            target.extend(utf8_percent_encode(part, RESERVED));
        }
        let query = self.query.iter().map(|(name, value)| (name.as_str(), value));
        let more = more.iter().map(|(name, value)| (*name, value));
        for (at, (name, value)) in query.chain(more).enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.extend(utf8_percent_encode(name, RESERVED));
            target.push('=');
            target.extend(utf8_percent_encode(value, RESERVED));
        }
        target
    }
}

/// As in a protocol trace: method, target, body.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Method::Get => write!(f, "GET {}", self.target(&[])),
            Method::Post(form) => {
                write!(f, "POST {} {}", self.target(&[]), Value::Object(form.clone()))
            }
        }
    }
}
