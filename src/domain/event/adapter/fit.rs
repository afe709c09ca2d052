//! Makes what a sender was promised to get rid of fit into one alert: what is too long is cut, what
//! is too much is left out, and both are said in a note.

use serde_json::Value;

use super::draft::Draft;
use super::{Context, clip, json};
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

/// Labels that rules ask for: they stay when there are too many.
const ASKED_FOR: [&str; 5] = ["alertname", "severity", "instance", "service", "environment"];

impl Draft {
    /// Cuts what is too long, and leaves out what is too much, of what a source put together by
    /// itself: nobody is helped by an alert that is refused because it says a lot.
    pub(super) fn cut(&mut self, context: &Context) {
        let limits = context.limits;
        let sizes = (limits.labels_max, limits.label_value_bytes_max);
        let labels = shorter(&self.labels, sizes, "label", &mut self.notes);
        let sizes = (limits.annotations_max, limits.annotation_value_bytes_max);
        let annotations = shorter(&self.annotations, sizes, "annotation", &mut self.notes);
        self.labels = labels.unwrap_or_else(|| std::mem::take(&mut self.labels));
        self.annotations = annotations.unwrap_or_else(|| std::mem::take(&mut self.annotations));
    }
}

/// The pairs as they fit, if they do not as they are.
fn shorter(
    pairs: &Labels,
    (pairs_max, bytes_max): (usize, usize),
    what: &str,
    notes: &mut Vec<String>,
) -> Option<Labels> {
    if pairs.len() <= pairs_max && pairs.iter().all(|(_, value)| value.len() <= bytes_max) {
        return None;
    }
    let (first, rest): (Vec<_>, Vec<_>) =
        pairs.iter().partition(|(name, _)| ASKED_FOR.contains(name));
    if pairs.len() > pairs_max {
        notes.push(format!("{} {what}s, of which {pairs_max} count", pairs.len()));
    }
    let kept = first.into_iter().chain(rest).take(pairs_max);
    Some(Labels::new(kept.map(|(name, value)| {
        if value.len() > bytes_max {
            notes.push(format!("`{name}` has {} bytes, cut to {bytes_max}", value.len()));
        }
        (name, clip(value, bytes_max))
    })))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::event::adapter::Limits;
    use crate::domain::value::Timestamp;

    #[test]
    fn what_is_too_much_is_cut_and_said_and_what_rules_ask_for_stays() {
        let limits = Limits { labels_max: 2, label_value_bytes_max: 3, ..Limits::default() };
        let source = Arc::from("src");
        let context = Context::new(&source, Timestamp(0), &limits);
        let labels = Labels::new([("a", "1"), ("b", "2"), ("severity", "high")]);
        let mut draft = Draft { labels, ..Draft::default() };
        draft.cut(&context);
        assert_eq!(draft.labels, Labels::new([("a", "1"), ("severity", "hig")]));
        let said = ["3 labels, of which 2 count", "`severity` has 4 bytes, cut to 3"];
        assert_eq!(draft.notes, said);
        draft.cut(&context);
        assert_eq!(draft.notes, said, "what fits is left alone");
    }
}
