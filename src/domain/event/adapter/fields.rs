//! Fields of senders that fill in macros: JSON, a form or the query of the URL, under names that
//! differ in case and punctuation from one installation to the next.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Context, Head, Unreadable, clip, form, json};
use crate::domain::value::Labels;

/// The fields of one element. `EVENT.ID`, `event_id` and `eventId` are one name; the field `name`
/// of an object `host` is `host_name`. What was not filled in is not there.
#[derive(Debug, Default)]
pub(super) struct Fields {
    by_name: BTreeMap<String, String>,
}

impl Fields {
    /// Reads a body, and the query for what the body does not say. An array holds several elements.
    pub(super) fn each(body: &[u8], context: &Context) -> Result<Vec<Self>, Unreadable> {
        let mut elements = match said(body, context.head)? {
            Value::Array(elements) if elements.len() > context.limits.events_max => {
                return Err(Unreadable::TooMany { max: context.limits.events_max });
            }
            Value::Array(elements) => elements.iter().map(Self::of).collect(),
            object @ Value::Object(_) => vec![Self::of(&object)],
            _ => return Err(Unreadable::Json("it is no object".to_owned())),
        };
        let query = context.head.query();
        for element in &mut elements {
            for (name, value) in &query {
                element.add(plain(name), value);
            }
        }
        Ok(elements)
    }

    /// The fields of an object, and of the objects in it.
    pub(super) fn of(object: &Value) -> Self {
        let mut fields = Self::default();
        fields.flatten("", object);
        fields
    }

    fn flatten(&mut self, prefix: &str, object: &Value) {
        for (name, value) in object.as_object().into_iter().flatten() {
            let name = format!("{prefix}{}", plain(name));
            if value.is_object() {
                self.flatten(&name, value);
            } else {
                self.add(name, &json::text(value));
            }
        }
    }

    /// Of two fields with one name the first that says something counts.
    fn add(&mut self, name: String, value: &str) {
        let value = value.trim();
        if !value.is_empty() && !is_macro(value) {
            self.by_name.entry(name).or_insert_with(|| value.to_owned());
        }
    }

    /// Adds what is known from elsewhere; what the field says itself counts more.
    pub(super) fn fill(&mut self, name: &str, value: &str) {
        self.add(name.to_owned(), value);
    }

    /// Takes away what a sender writes for nothing.
    pub(super) fn without(mut self, is_nothing: impl Fn(&str) -> bool) -> Self {
        self.by_name.retain(|_, value| !is_nothing(value));
        self
    }

    /// The first of these fields that says something, or the empty text. Names are in lower case,
    /// without punctuation.
    pub(super) fn get(&self, names: &[&str]) -> &str {
        let found = names.iter().find_map(|name| self.by_name.get(*name));
        found.map_or("", String::as_str)
    }

    /// What a table of names and the fields behind them makes of these.
    pub(super) fn pick<'a>(
        &'a self,
        table: &'a [(&'a str, &'a [&'a str])],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        table.iter().map(|(name, fields)| (*name, self.get(fields)))
    }

    /// Whether nothing was filled in.
    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

/// What monitoring systems put before the names of their macros in the environment.
const PREFIXES: [&str; 3] = ["nagios_", "notify_", "icinga_"];

/// A name in lower case, without punctuation.
pub(super) fn plain(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let bare = PREFIXES.iter().find_map(|prefix| lower.strip_prefix(prefix)).unwrap_or(&lower);
    bare.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Whether a text is a macro that nobody filled in: `{EVENT.ID}`, `{$URL}`, `{{ name }}`, `$NAME`,
/// `$NAME$`, `${name}`.
pub(super) fn is_macro(text: &str) -> bool {
    let named = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._:$#\"' -".contains(c);
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(plain)
    };
    let within = |open, close| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    if within("{{", "}}").is_some() {
        return true;
    }
    if let Some(name) = within("${", "}").or_else(|| within("{$", "}")).or_else(|| within("{", "}"))
    {
        return named(name);
    }
    let Some(name) = text.strip_prefix('$') else { return false };
    match name.strip_suffix('$') {
        Some(name) => named(name),
        None => {
            named(name) && !name.contains(' ') && name.starts_with(|c: char| c.is_ascii_uppercase())
        }
    }
}

/// The body as JSON: what it is, or what a form says.
fn said(body: &[u8], head: &Head) -> Result<Value, Unreadable> {
    let trimmed = body.trim_ascii();
    let text = json::utf8(trimmed);
    match trimmed.first() {
        None => Ok(Value::Object(serde_json::Map::new())),
        Some(b'{' | b'[') => json::parse(trimmed),
        // One part of a multipart form holds JSON.
        _ if head.media_type() == "multipart/form-data" => {
            let part = text.find('{').zip(text.rfind('}')).filter(|(open, close)| open < close);
            let Some((open, close)) = part else {
                return Err(Unreadable::Json("no part of the form is JSON".to_owned()));
            };
            json::parse(&text.as_bytes()[open..=close])
        }
        _ if text.contains('=') => Ok(object_of(form(trimmed))),
        _ => json::parse(trimmed),
    }
}

fn object_of(fields: Vec<(String, String)>) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name, Value::from(value))).collect())
}

/// What a body says that is no JSON, if the head says that it is a form, or if all of it is in the
/// query.
pub(super) fn form_of(body: &[u8], head: &Head) -> Option<Value> {
    let forms = ["application/x-www-form-urlencoded", "multipart/form-data"];
    if body.trim_ascii().is_empty() {
        let query = head.query();
        return (!query.is_empty()).then(|| object_of(query));
    }
    forms.contains(&head.media_type().as_str()).then(|| said(body, head).ok()).flatten()
}

/// The body of a sender of JSON who can also be told to send a form.
pub(super) fn object(body: &[u8], context: &Context) -> Result<Value, Unreadable> {
    match said(body, context.head)? {
        object @ Value::Object(_) => Ok(object),
        _ => Err(Unreadable::Json("it is no object".to_owned())),
    }
}

/// Labels of which none is longer than it may be. Nobody is helped by an alert that is refused
/// because its name is long.
pub(super) fn labels<'a, N: AsRef<str>>(
    context: &Context,
    pairs: impl IntoIterator<Item = (N, &'a str)>,
) -> Labels {
    let max = context.limits.label_value_bytes_max;
    Labels::new(pairs.into_iter().map(|(name, value)| (name, clip(value, max))))
}

/// Annotations of which none is longer than it may be.
pub(super) fn annotations<'a, N: AsRef<str>>(
    context: &Context,
    pairs: impl IntoIterator<Item = (N, Cow<'a, str>)>,
) -> Labels {
    let max = context.limits.annotation_value_bytes_max;
    Labels::new(pairs.into_iter().map(|(name, value)| (name, clip(&value, max).to_owned())))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::domain::event::adapter::Limits;
    use crate::domain::value::Timestamp;

    #[test]
    fn macros_that_nobody_filled_in_are_nothing() {
        for text in [
            "{EVENT.RECOVERY.TIME}",
            "{$ZABBIX.URL}",
            "{EVENT.TAGS.\"a b\"}",
            "{{ x }}",
            "$HOSTNAME",
            "$HOSTNAME$",
            "$host.name$",
            "${name}",
            "{x}",
        ] {
            assert!(is_macro(text), "{text}");
        }
        for text in ["", "$", "$5", "$5 lost", "{}", "{\"a\": 1}", "a {b}", "{1}", "$a b", "web$"] {
            assert!(!is_macro(text), "{text}");
        }
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        let fields = Fields::of(&json!({
            "EVENT.ID": 7, "host": {"name": "web1", "vars": {"os": null}},
            "NAGIOS_HOSTNAME": "$HOSTNAME$", "b": [1, 2],
        }));
        assert_eq!(fields.get(&["eventid"]), "7");
        assert_eq!(fields.get(&["no", "hostname"]), "web1");
        assert_eq!(fields.get(&["hostvarsos"]), "");
        assert_eq!(fields.get(&["b"]), "1, 2");
    }

    #[test]
    fn a_form_a_part_of_a_form_and_a_query_say_the_same() {
        let check = |media_type: &str, query: &str, body: &str| {
            let head = Head::new([("content-type", media_type)], query);
            let (source, limits) = (Arc::from("src"), Limits::default());
            let context = Context { head: &head, ..Context::new(&source, Timestamp(0), &limits) };
            let fields = Fields::each(body.as_bytes(), &context).unwrap();
            assert_eq!(fields[0].get(&["ab"]), "c d", "{body}");
        };
        check("application/json", "", r#"{"a_b": "c d"}"#);
        check("", "", r#"[{"a_b": "c d"}]"#);
        check("application/x-www-form-urlencoded", "", "A-B=c+d");
        check("", "ab=c%20d", "");
        let part =
            "--x\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"ab\":\"c d\"}\r\n--x--";
        check("multipart/form-data; boundary=x", "", part);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(clip("aé", 2), "a");
        assert_eq!(clip("aé", 3), "aé");
    }
}
