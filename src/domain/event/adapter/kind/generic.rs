//! JSON of any shape, read by the paths that the configuration declares.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, JsonPath, Read, Unreadable, json};
use crate::domain::value::Labels;

/// Where a source keeps what makes an event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenericPaths {
    /// The array whose elements are events; without it the body is one event.
    pub each: Option<JsonPath>,
    /// The source's own key for the condition; without it the labels are the identity.
    pub key: Option<JsonPath>,
    /// The name of the condition, which becomes the label `alertname`.
    pub name: JsonPath,
    /// Whether the condition holds. Without it every event says so, and is believed for the
    /// resolve timeout.
    pub status: Option<StatusPath>,
    /// How bad it is, in the source's words; becomes the label `severity`.
    pub severity: Option<JsonPath>,
    /// Labels by name.
    #[serde(default)]
    pub labels: BTreeMap<String, JsonPath>,
    /// Annotations by name.
    #[serde(default)]
    pub annotations: BTreeMap<String, JsonPath>,
    /// Where the source shows the condition.
    pub url: Option<JsonPath>,
    /// Since when it holds: RFC 3339, or seconds or milliseconds since 1970.
    pub starts_at: Option<JsonPath>,
}

/// Where the status is and how to understand it. Words are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusPath {
    /// Where it is.
    pub path: JsonPath,
    /// The words that say that the condition holds.
    #[serde(default = "firing_words")]
    pub firing: Vec<String>,
    /// The words that say that it is over.
    #[serde(default = "resolved_words")]
    pub resolved: Vec<String>,
}

impl StatusPath {
    /// A status in the words that most sources use.
    pub fn new(path: JsonPath) -> Self {
        Self { path, firing: firing_words(), resolved: resolved_words() }
    }
}

fn firing_words() -> Vec<String> {
    ["firing", "alerting", "problem", "triggered", "trigger", "open", "active", "down", "1", "true"]
        .map(str::to_owned)
        .into()
}

fn resolved_words() -> Vec<String> {
    ["resolved", "ok", "recovered", "recovery", "closed", "cleared", "normal", "up", "0", "false"]
        .map(str::to_owned)
        .into()
}

/// Reads a body by its declared paths. An element without the name is rejected.
///
/// # Errors
/// When the body is no JSON, or the array of events is not where it should be.
pub fn read(paths: &GenericPaths, body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    let elements = paths.elements(&body)?;
    let max = context.limits.events_max;
    if elements.len() > max {
        return Err(Unreadable::TooMany { max });
    }
    let mut read = Read::default();
    for (at, element) in elements.iter().enumerate() {
        match paths.draft(&body, element, context) {
            Ok(draft) => draft.finish(at, context, &mut read),
            Err(why) => read.reject(at, why),
        }
    }
    Ok(read)
}

impl GenericPaths {
    fn elements<'a>(&self, body: &'a Value) -> Result<&'a [Value], Unreadable> {
        let Some(each) = &self.each else {
            return Ok(std::slice::from_ref(body));
        };
        let wrong = |why| Unreadable::Path { path: each.to_string(), why };
        match each.find(body, body) {
            Some(Value::Array(elements)) => Ok(elements),
            Some(_) => Err(wrong("is not an array")),
            None => Err(wrong("is missing")),
        }
    }

    fn draft(&self, body: &Value, element: &Value, context: &Context) -> Result<Draft, String> {
        let find = |path: &JsonPath| path.find(body, element).map(json::text).unwrap_or_default();
        let optional = |path: Option<&JsonPath>| path.map(find).unwrap_or_default();
        let each = |paths: &BTreeMap<String, JsonPath>| {
            Labels::new(paths.iter().map(|(name, path)| (name.clone(), find(path))))
        };
        let name = find(&self.name);
        if name.is_empty() {
            return Err(format!("there is nothing at `{}`, the path of the name", self.name));
        }
        let severity = optional(self.severity.as_ref());
        let named = [("alertname", name.as_ref()), ("severity", severity.as_ref())];
        let mut draft = Draft {
            labels: each(&self.labels).with(named.into_iter().filter(|(_, text)| !text.is_empty())),
            annotations: each(&self.annotations),
            url: optional(self.url.as_ref()).into_owned(),
            key: optional(self.key.as_ref()).into_owned(),
            lease: self.status.is_none().then_some(context.resolve_timeout),
            ..Draft::default()
        };
        if let Some(path) = self.key.as_ref().filter(|_| draft.key.is_empty()) {
            let what = format!("there is no key at `{path}`: the labels are the identity");
            draft.notes.push(what);
        }
        let starts_at = self.starts_at.as_ref().and_then(|path| path.find(body, element));
        draft.starts_at = draft.instant("the start", starts_at);
        draft.signal = self.status.as_ref().map(|status| {
            let word = find(&status.path);
            status.signal(&word).unwrap_or_else(|| {
                draft.notes.push(format!("unknown status `{word}`: taken as firing"));
                Signal::Firing
            })
        });
        Ok(draft)
    }
}

impl StatusPath {
    fn signal(&self, word: &str) -> Option<Signal> {
        let known = |words: &[String]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        if known(&self.firing) {
            Some(Signal::Firing)
        } else {
            known(&self.resolved).then_some(Signal::Resolved)
        }
    }
}
