//! What a practice shows and asks, as data. The shell turns it into JSON, tables, routes and an
//! `OpenAPI` document, so that every door takes the same commands.

use serde_json::Value;

use super::value::matcher::{ParseMode, parse_all};
use super::value::{Labels, Matchers};

/// Describes a practice: its routes, its command line, its part of the API description.
#[derive(Debug)]
pub struct Manual {
    /// The word in commands: `incident`.
    pub name: &'static str,
    /// The word in paths: `incidents`.
    pub plural: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What the practice is for, in a sentence.
    pub about: &'static str,
    /// What a list shows of each record: heading and JSON pointer.
    pub columns: &'static [Column],
    /// The query parameters that narrow a list, beside `q`, `limit` and `cursor`.
    pub filters: &'static [Field],
    /// The command that makes a record, if people can: `POST /silences`.
    pub make: Option<&'static Verb>,
    /// The commands people can give about one record.
    pub verbs: &'static [Verb],
    /// Tells whether one record can be shown.
    pub records: bool,
}

/// A column of a list.
#[derive(Debug)]
pub struct Column {
    /// The heading.
    pub title: &'static str,
    /// Where the value is in the record: a JSON pointer.
    pub pointer: &'static str,
}

/// One command a person can give about one record.
#[derive(Debug)]
pub struct Verb {
    /// The word in the path: `POST /incidents/INC-1/{name}`.
    pub name: &'static str,
    /// A shorter word for the command line, if any.
    pub short: Option<&'static str>,
    /// What it does.
    pub help: &'static str,
    /// What it needs to know, beside `by` (who asks).
    pub fields: &'static [Field],
}

/// One thing a command or a list wants to know.
#[derive(Debug)]
pub struct Field {
    /// The name in the JSON body and of the flag.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// What it looks like.
    pub kind: Kind,
    /// Tells whether it must be given.
    pub required: bool,
    /// The flag on the command line, if it is not the name.
    pub flag: Option<&'static str>,
    /// The short flag on the command line, if any.
    pub letter: Option<char>,
}

/// What a field's value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// An RFC 3339 instant.
    Time,
    /// A Prometheus duration.
    Span,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Matchers: a text of them, or a list of such texts.
    Matchers,
    /// Names with texts: an object.
    Pairs,
}

/// How a priority is said in a filter.
pub const PRIORITIES: &[&str] = &["1", "2", "3", "4", "5", "P1", "P2", "P3", "P4", "P5"];

/// A filled-in form: the members of a JSON object.
pub type Fields = serde_json::Map<String, Value>;

/// What a reader wants of a list.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Filters by name; only those the manual lists.
    pub filters: Vec<(String, String)>,
    /// Free text that must occur.
    pub text: Option<String>,
    /// Where the previous page ended: the `next` of that page.
    pub cursor: Option<u64>,
    /// How many records at most.
    pub limit: usize,
}

/// One page of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct List {
    /// The records, newest first.
    pub items: Vec<Value>,
    /// Where to go on, if there is more.
    pub next: Option<u64>,
}

/// A form that does not make sense, in words for the person who filled it in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct Invalid {
    /// The field, or the word that is not known.
    pub field: String,
    /// What is wrong and what would be right.
    pub why: String,
}

impl Invalid {
    /// Names the field and says what is wrong with it.
    pub fn new(field: &str, why: impl Into<String>) -> Self {
        Self { field: field.to_owned(), why: why.into() }
    }
}

impl Query {
    /// The value of a filter, if it was given.
    pub fn filter(&self, name: &str) -> Option<&str> {
        self.filters.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// Walks records newest first and takes one page of those that `keep` turns into an item.
    pub fn page<K: super::value::RecordId, V>(
        &self,
        records: impl DoubleEndedIterator<Item = (K, V)>,
        mut keep: impl FnMut(K, V) -> Option<Value>,
    ) -> List {
        let mut list = List::default();
        let mut reached = None;
        for (id, record) in records.rev() {
            if self.cursor.is_some_and(|cursor| id.number() >= cursor) {
                continue;
            }
            if list.items.len() == self.limit {
                list.next = reached;
                return list;
            }
            if let Some(item) = keep(id, record) {
                reached = Some(id.number());
                list.items.push(item);
            }
        }
        list
    }
}

impl Manual {
    /// The verb of that name or short name.
    pub fn verb(&self, name: &str) -> Option<&'static Verb> {
        self.verbs.iter().find(|verb| verb.name == name || verb.short == Some(name))
    }

    /// Checks that the verb exists and that each field is known, present if required, and of its
    /// kind.
    ///
    /// # Errors
    /// Names the first field that is wrong.
    pub fn check(&self, verb: &str, fields: &Fields) -> Result<(), Invalid> {
        let make = self.make.filter(|make| make.name == verb);
        let Some(known) = self.verb(verb).or(make) else {
            let names: Vec<_> = self.verbs.iter().map(|verb| verb.name).collect();
            return Err(Invalid::new(
                verb,
                format!("no such verb; there are: {}", names.join(", ")),
            ));
        };
        for name in fields.keys().filter(|name| *name != "by") {
            if !known.fields.iter().any(|field| field.name == name) {
                let names: Vec<_> = known.fields.iter().map(|field| field.name).collect();
                let why = format!("`{verb}` takes: by, {}", names.join(", "));
                return Err(Invalid::new(name, why));
            }
        }
        for field in known.fields {
            match fields.get(field.name) {
                None | Some(Value::Null) if field.required => {
                    return Err(Invalid::new(field.name, format!("is required: {}", field.help)));
                }
                None | Some(Value::Null) => {}
                Some(value) => field.check(value)?,
            }
        }
        Ok(())
    }
}

impl Field {
    /// The same with another flag on the command line.
    #[must_use]
    pub const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    /// The same with a short flag on the command line.
    #[must_use]
    pub const fn letter(mut self, letter: char) -> Self {
        self.letter = Some(letter);
        self
    }

    /// Checks that a value is of its kind.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn check(&self, value: &Value) -> Result<(), Invalid> {
        let wrong = |why: String| Err(Invalid::new(self.name, why));
        match (self.kind, value) {
            (Kind::Text, Value::String(_)) => Ok(()),
            (Kind::Number, Value::Number(number)) if number.is_i64() => Ok(()),
            (Kind::Time, Value::String(text)) => match text.parse::<super::value::Timestamp>() {
                Ok(_) => Ok(()),
                Err(error) => wrong(error.to_string()),
            },
            (Kind::Span, Value::String(text)) => match text.parse::<super::value::Span>() {
                Ok(_) => Ok(()),
                Err(error) => wrong(error.to_string()),
            },
            (Kind::Matchers, value) => read_matchers(self.name, value).map(drop),
            (Kind::Pairs, Value::Object(pairs)) if pairs.values().all(Value::is_string) => Ok(()),
            (Kind::Pairs, _) => wrong("is an object of texts".to_owned()),
            (Kind::OneOf(words), Value::String(text)) if words.contains(&text.as_str()) => Ok(()),
            (Kind::OneOf(words), _) => wrong(format!("is one of: {}", words.join(", "))),
            (Kind::Number, _) => wrong("is a whole number".to_owned()),
            (Kind::Text | Kind::Time | Kind::Span, _) => wrong("is a text".to_owned()),
        }
    }
}

/// The text in a field; nothing if it is absent or empty.
pub fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The matchers in a field; nothing if it is absent.
///
/// # Errors
/// Says which text is no matcher.
pub fn matchers(fields: &Fields, name: &str) -> Result<Option<Matchers>, Invalid> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read_matchers(name, value).map(Some),
    }
}

fn read_matchers(name: &str, value: &Value) -> Result<Matchers, Invalid> {
    let texts = match value {
        Value::String(text) => vec![text.as_str()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    let count = value.as_array().map_or(1, Vec::len);
    if texts.len() != count {
        return Err(Invalid::new(name, "is a text like `alertname=\"X\"`, or a list of them"));
    }
    let mut matchers = Matchers::new();
    for text in texts {
        let read = parse_all(text, ParseMode::Fallback);
        matchers.extend(read.map_err(|error| Invalid::new(name, format!("`{text}`: {error}")))?);
    }
    Ok(matchers)
}

/// The names with texts in a field; nothing if it is absent.
pub fn pairs(fields: &Fields, name: &str) -> Option<Labels> {
    let pairs = fields.get(name)?.as_object()?;
    Some(Labels::new(pairs.iter().map(|(name, value)| (name, value.as_str().unwrap_or_default()))))
}

/// A field that may be left out.
pub const fn optional(name: &'static str, help: &'static str, kind: Kind) -> Field {
    Field { name, help, kind, required: false, flag: None, letter: None }
}

/// A field that must be given.
pub const fn required(name: &'static str, help: &'static str, kind: Kind) -> Field {
    Field { name, help, kind, required: true, flag: None, letter: None }
}
