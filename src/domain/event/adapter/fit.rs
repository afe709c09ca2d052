//! Makes what a sender was promised to get rid of fit into one alert: what is too long is cut, what
//! is too much is left out, and both are said in a note.

use serde_json::Value;

use super::draft::Draft;
use super::{Context, json};
use crate::domain::value::Labels;

/// What stands where a text was cut.
const CUT: &str = "…";

/// Labels and annotations in the making. What was put first counts, and stays.
#[derive(Debug)]
pub(super) struct Fit<'a> {
    context: &'a Context<'a>,
    labels: Vec<(String, String)>,
    annotations: Vec<(String, String)>,
    notes: Vec<String>,
}

impl<'a> Fit<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self { context, labels: Vec::new(), annotations: Vec::new(), notes: Vec::new() }
    }

    /// Adds a label, unless it says nothing or there is one of that name.
    pub(super) fn label(&mut self, name: &str, text: &str) {
        let limits = self.context.limits;
        let text = said(text);
        if text.is_empty() || has(&self.labels, name) {
            return;
        }
        // The severity is still to come.
        let full = self.labels.len() + 1 >= limits.labels_max;
        if full || !self.names(name) {
            self.notes.push(format!("`{name}` found no room among the labels"));
            return;
        }
        let text = self.cut(name, text, limits.label_value_bytes_max);
        self.labels.push((name.to_owned(), text));
    }

    /// Adds an annotation, unless it says nothing or there is one of that name.
    pub(super) fn annotation(&mut self, name: &str, text: &str) {
        let limits = self.context.limits;
        let text = said(text);
        if text.is_empty() || has(&self.annotations, name) {
            return;
        }
        // The source's word for the severity may come.
        let full = self.annotations.len() + 1 >= limits.annotations_max;
        if full || !self.names(name) {
            self.notes.push(format!("`{name}` found no room among the annotations"));
            return;
        }
        let text = self.cut(name, text, limits.annotation_value_bytes_max);
        self.annotations.push((name.to_owned(), text));
    }

    /// Adds the fields of an object as labels, where they are short and in one line, else as
    /// annotations. What is no object becomes one annotation of the name.
    pub(super) fn details(&mut self, name: &str, details: Option<&Value>, as_labels: bool) {
        match details {
            None | Some(Value::Null) => {}
            Some(Value::Object(fields)) => {
                for (field, value) in fields {
                    let text = json::text(value);
                    let plain = !matches!(value, Value::Object(_) | Value::Array(_));
                    let short = text.len() <= self.context.limits.label_value_bytes_max;
                    let room = self.labels.len() + 1 < self.context.limits.labels_max;
                    if as_labels && plain && short && room && !text.contains('\n') {
                        self.label(field, &text);
                    } else {
                        self.annotation(field, &text);
                    }
                }
            }
            Some(other) => self.annotation(name, &json::text(other)),
        }
    }

    /// A key or a URL, cut to what one may be.
    pub(super) fn text(&mut self, name: &str, text: &str) -> String {
        self.cut(name, said(text), self.context.limits.annotation_value_bytes_max)
    }

    pub(super) fn note(&mut self, what: impl Into<String>) {
        self.notes.push(what.into());
    }

    /// What was gathered, as the beginning of an event.
    pub(super) fn draft(self) -> Draft {
        Draft {
            labels: Labels::new(self.labels),
            annotations: Labels::new(self.annotations),
            notes: self.notes,
            ..Draft::default()
        }
    }

    fn names(&self, name: &str) -> bool {
        !name.is_empty() && name.len() <= self.context.limits.label_name_bytes_max
    }

    fn cut(&mut self, name: &str, text: &str, bytes_max: usize) -> String {
        if text.len() <= bytes_max {
            return text.to_owned();
        }
        self.notes.push(format!("`{name}` has {} bytes, cut to {bytes_max}", text.len()));
        let end = text.floor_char_boundary(bytes_max.saturating_sub(CUT.len()));
        let cut = format!("{}{CUT}", &text[..end]);
        if cut.len() <= bytes_max { cut } else { String::new() }
    }
}

/// The text, unless it is the name of a variable that the sender did not fill in.
pub(super) fn said(text: &str) -> &str {
    let text = text.trim();
    let within = |open: &str, close: &str| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(|name| !name.contains(['{', '}', '\n']))
    };
    if within("{{", "}}") || within("${", "}") { "" } else { text }
}

fn has(pairs: &[(String, String)], name: &str) -> bool {
    pairs.iter().any(|(have, _)| have == name)
}
