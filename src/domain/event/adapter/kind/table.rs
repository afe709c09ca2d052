//! Sources whose bodies are plain: a table says where things stand in them and what their words
//! mean, one reader does the rest.

use std::borrow::Cow;

use serde_json::Value;

use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Read, Unreadable, json};
use crate::domain::event::{Remark, Saying, Signal};
use crate::domain::value::{Labels, Severity, Span, Timestamp};

/// JSON Pointers (RFC 6901) to where something may stand; the first that has something counts.
pub(super) type Places = &'static [&'static str];

/// What a source's word for the status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    Firing,
    Resolved,
    /// It says something of an alert without saying whether it holds.
    Said(Saying),
    /// It says nothing of a condition. The text goes into the note.
    Nothing(&'static str),
}

/// Where things stand in the bodies of one source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    /// The array whose elements are alerts. Empty: the body is one alert, or an array of them.
    pub(super) each: &'static str,
    /// The name of the condition; an element without it is rejected.
    pub(super) name: Places,
    /// Parts of the key, joined by `/`. Without the first there is no key.
    pub(super) key: &'static [Places],
    pub(super) status: Places,
    /// Compared without regard to case, as are those of the severity.
    pub(super) words: &'static [(&'static str, Means)],
    pub(super) severity: Places,
    pub(super) severities: &'static [(&'static str, Severity)],
    pub(super) labels: &'static [(&'static str, Places)],
    pub(super) annotations: &'static [(&'static str, Places)],
    pub(super) url: Places,
    pub(super) starts_at: Places,
    pub(super) ends_at: Places,
    /// For how long an alert is believed whose end the source does not tell.
    pub(super) lease: Option<Span>,
    /// Who says a remark, and in which words.
    pub(super) author: Places,
    pub(super) text: Places,
    /// The sender's own name for the delivery.
    pub(super) delivery: Places,
    /// What no table can say.
    pub(super) more: fn(&Value, &mut Draft),
}

impl Table {
    /// A table that says nothing, for those that say something to build on.
    pub(super) const EMPTY: Self = Self {
        each: "",
        name: &[],
        key: &[],
        status: &[],
        words: &[],
        severity: &[],
        severities: &[],
        labels: &[],
        annotations: &[],
        url: &[],
        starts_at: &[],
        ends_at: &[],
        lease: None,
        author: &[],
        text: &[],
        delivery: &[],
        more: |_, _| {},
    };

    /// Reads a body.
    pub(super) fn read(&self, body: &[u8], context: &Context) -> Result<Read, Unreadable> {
        self.value(&json::parse(body)?, context)
    }

    /// Reads a body that is JSON already.
    pub(super) fn value(&self, body: &Value, context: &Context) -> Result<Read, Unreadable> {
        let mut read = Read { delivery: pick(body, self.delivery).into(), ..Read::default() };
        let elements = match (body.pointer(self.each), self.each) {
            (Some(Value::Array(elements)), _) => elements.as_slice(),
            (Some(element), "") => std::slice::from_ref(element),
            _ => {
                return Err(Unreadable::Path {
                    path: self.each.into(),
                    why: "there is no array of alerts",
                });
            }
        };
        let max = context.limits.events_max;
        if elements.len() > max {
            return Err(Unreadable::TooMany { max });
        }
        for (at, element) in elements.iter().enumerate() {
            self.element(at, element, context, &mut read);
        }
        if elements.is_empty() {
            read.note(None, "there are no alerts in the body");
        }
        Ok(read)
    }

    /// Reads one alert.
    pub(super) fn element(&self, at: usize, element: &Value, context: &Context, read: &mut Read) {
        let name = pick(element, self.name);
        let status = pick(element, self.status);
        let means = match word(&status, self.words) {
            Some(Means::Nothing(why)) => {
                read.note(at, format!("`{status}`: {why}"));
                return;
            }
            means => means,
        };
        if name.is_empty() {
            let places = self.name.join("` or `");
            read.reject(at, format!("there is nothing at `{places}` to name the condition"));
            return;
        }
        let pairs = |table: &'static [(&'static str, Places)]| {
            Labels::new(table.iter().map(|(name, places)| (*name, pick(element, places))))
        };
        let mut draft = Draft {
            labels: pairs(self.labels).with([("alertname", name.as_ref())]),
            annotations: pairs(self.annotations),
            url: pick(element, self.url).into_owned(),
            key: self.key(element),
            lease: self.lease,
            ..Draft::default()
        };
        draft.signal = match means {
            Some(Means::Resolved) => Some(Signal::Resolved),
            Some(_) => Some(Signal::Firing),
            None if status.is_empty() => None,
            None => {
                draft.notes.push(format!("unknown status `{status}`: taken as firing"));
                Some(Signal::Firing)
            }
        };
        if !self.severity.is_empty() {
            let severity = pick(element, self.severity);
            draft.severity(context, &severity, word(&severity, self.severities));
        }
        draft.starts_at = instant(element, self.starts_at, "the start", &mut draft);
        draft.ends_at = instant(element, self.ends_at, "the end", &mut draft);
        (self.more)(element, &mut draft);
        draft.cut(context);
        if let Some(Means::Said(saying)) = means {
            let author = pick(element, self.author);
            let text = pick(element, self.text);
            remark(draft, saying, &author, &text, context, read);
            return;
        }
        draft.finish(at, context, read);
    }

    fn key(&self, element: &Value) -> String {
        let mut parts = self.key.iter().map(|places| pick(element, places));
        let mut key = parts.next().unwrap_or_default().into_owned();
        if !key.is_empty() {
            for part in parts.filter(|part| !part.is_empty()) {
                key = key + "/" + &part;
            }
        }
        key
    }
}

/// Makes a remark of what was found out about an alert.
pub(super) fn remark(
    draft: Draft,
    saying: Saying,
    author: &str,
    text: &str,
    context: &Context,
    read: &mut Read,
) {
    read.remarks.push(Remark {
        source: context.source.clone(),
        key: draft.key.into(),
        labels: draft.labels,
        author: author.into(),
        text: text.into(),
        saying,
    });
}

/// What a table of words says of one, without regard to case.
pub(super) fn word<T: Copy>(word: &str, table: &[(&str, T)]) -> Option<T> {
    let known = table.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    known.map(|(_, meaning)| *meaning)
}

/// The text at the first place that has one, without blanks around it. Placeholders that nothing
/// was put in for are no text.
pub(super) fn pick<'a>(element: &'a Value, places: &[&str]) -> Cow<'a, str> {
    let texts = places.iter().filter_map(|place| element.pointer(place)).map(json::text);
    let mut texts = texts.map(trim).filter(|text| !text.is_empty() && !is_placeholder(text));
    texts.next().unwrap_or_default()
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// Whether a text is nothing but a name that the sender should have replaced: `$HOSTNAME`,
/// `{{ x }}`, `{EVENT.ID}`, or a null that was written out.
pub(super) fn is_placeholder(text: &str) -> bool {
    let macro_name = |name: &str| {
        let of_macro = |byte: u8| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.')
        };
        name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(of_macro)
    };
    let inside = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close);
    matches!(text, "null" | "{}" | "[]")
        || text.strip_prefix('$').is_some_and(macro_name)
        || inside("{{", "}}").is_some_and(|inner| !inner.contains("}}"))
        || inside("{", "}").is_some_and(macro_name)
        || inside("${", "}").is_some_and(|inner| !inner.contains('}'))
}

/// The time at the first place that has one. One that makes no sense is noted.
pub(super) fn instant(
    element: &Value,
    places: &[&str],
    what: &str,
    draft: &mut Draft,
) -> Option<Timestamp> {
    let at = places.iter().filter_map(|place| element.pointer(place));
    let found = at.into_iter().find(|value| {
        let text = json::text(value);
        !text.is_empty() && !is_placeholder(text.trim())
    })?;
    match found.as_str().map(civil) {
        Some(text) => draft.instant(what, Some(&Value::String(text))),
        None => draft.instant(what, Some(found)),
    }
}

/// `3/22/2019 1:36:31 PM`.
const AMERICAN: &str = "%m/%d/%Y %I:%M:%S %p";

/// Times as people and Go's `String()` write them, in the form that everybody reads:
/// `2025-02-15 14:59:03 +0000 UTC`, `2024/08/14 21:28:56 GMT`, `2025-03-24 17:28:40 UTC`,
/// `Sun, 1 Mar 2026 11:30:00 GMT`, and as Americans do.
pub(super) fn civil(text: &str) -> String {
    let text = text.trim();
    let mail = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
    if let Ok(at) = mail {
        return at.to_string();
    }
    if let Ok(at) = jiff::civil::DateTime::strptime(AMERICAN, text) {
        return at.to_string();
    }
    let bare = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")).unwrap_or(text);
    let dashed = match bare.as_bytes() {
        [_, _, _, _, b'/', ..] => bare.replace('/', "-"),
        _ => bare.to_owned(),
    };
    dashed.replace(" +", "+").replace(" -", "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_text() {
        for text in ["$HOSTNAME", "{{ host.name }}", "{EVENT.ID}", "${hostname}", "null"] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["$5 an hour", "CPU on {{host.name}} high", "{a}", "$", "nullable", "{"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn times_as_people_write_them_are_read() {
        let check = |text: &str, expected: &str| assert_eq!(civil(text), expected);
        check("2025-02-15 14:59:03 +0000 UTC", "2025-02-15 14:59:03+0000");
        check("2024/08/14 21:28:56 GMT", "2024-08-14 21:28:56");
        check("2025-03-24 17:28:40 UTC", "2025-03-24 17:28:40");
        check("2025-03-24T17:28:40Z", "2025-03-24T17:28:40Z");
        check("Sun, 1 Mar 2026 11:30:00 GMT", "2026-03-01T11:30:00Z");
        check("3/22/2019 1:36:31 PM", "2019-03-22T13:36:31");
    }
}
