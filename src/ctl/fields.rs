//! Fields of the manuals on the command line: from flags and words to a form.

use clap::builder::{PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value, json};

use crate::domain::value::matcher::Quoted;
use crate::domain::value::{Span, Timestamp};
use crate::domain::view::{Field, Fields, Kind, Verb};

/// Lets a command take a verb's fields: each by its flag, one of them without.
pub(super) fn given_to(command: Command, verb: &'static Verb, now: Timestamp) -> Command {
    let natural = natural(verb);
    let flags = verb.fields.iter().map(|field| {
        let said = natural.is_some_and(|natural| natural.name == field.name);
        flag(field, now).required(field.required && !said)
    });
    let shortcut = natural.map(|field| {
        let shortcut = Arg::new("shortcut")
            .value_name(field.name.to_uppercase())
            .value_parser(parser(field.kind, now))
            .help(format!("The same as --{}", long(field)))
            .conflicts_with(field.name);
        let shortcut = if is_many(field) { shortcut.num_args(1..) } else { shortcut };
        if field.required { shortcut.required_unless_present(field.name) } else { shortcut }
    });
    command.args(shortcut).args(flags)
}

/// The flag of a field.
pub(super) fn flag(field: &Field, now: Timestamp) -> Arg {
    let flag = Arg::new(field.name)
        .long(long(field))
        .value_name(field.name.to_uppercase())
        .value_parser(parser(field.kind, now))
        .help(field.help);
    let flag = if is_many(field) { flag.action(ArgAction::Append) } else { flag };
    match field.letter {
        Some(letter) => flag.short(letter),
        None => flag,
    }
}

/// The form that was filled in on the command line.
pub(super) fn form(verb: &'static Verb, given: &ArgMatches) -> Fields {
    let mut form = signed(given);
    for field in verb.fields {
        let natural = natural(verb).is_some_and(|natural| natural.name == field.name);
        let shortcut = natural.then(|| values(field, "shortcut", given)).flatten();
        if let Some(value) = shortcut.or_else(|| values(field, field.name, given)) {
            form.insert(field.name.to_owned(), value);
        }
    }
    form
}

/// A form with nothing in it but who asks. Where nobody is named, the daemon goes by the token.
pub(super) fn signed(given: &ArgMatches) -> Fields {
    let by = given.get_one::<String>("by").filter(|by| !by.is_empty());
    by.map(|by| ("by".to_owned(), Value::from(by.as_str()))).into_iter().collect()
}

/// What a filter was set to, as it stands in a query.
pub(super) fn filter(field: &Field, given: &ArgMatches) -> Option<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let values: Vec<String> = given.get_many::<Value>(field.name)?.map(text).collect();
    Some(values.join(","))
}

/// A word that is no matcher names the alert, as with `amtool`.
pub(super) fn matcher(text: &str) -> Value {
    if text.contains(['=', '!', '~', '{']) {
        return Value::from(text);
    }
    Value::from(format!("alertname={}", Quoted(text)))
}

fn values(field: &Field, id: &str, given: &ArgMatches) -> Option<Value> {
    let mut values = given.get_many::<Value>(id)?.cloned();
    match field.kind {
        Kind::Matchers => Some(values.collect()),
        Kind::Pairs => {
            let pairs = values.filter_map(|value| match value {
                Value::Object(pair) => Some(pair),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_) => None,
            });
            Some(Value::Object(pairs.flatten().collect::<Map<_, _>>()))
        }
        Kind::Text | Kind::Number | Kind::Time | Kind::Span | Kind::OneOf(_) => values.next(),
    }
}

fn is_many(field: &Field) -> bool {
    match field.kind {
        Kind::Matchers | Kind::Pairs => true,
        Kind::Text | Kind::Number | Kind::Time | Kind::Span | Kind::OneOf(_) => false,
    }
}

fn long(field: &Field) -> String {
    field.flag.unwrap_or(field.name).replace('_', "-")
}

/// The field that goes without saying its name: what must be said; else what is picked from a
/// list; else the last one, as manuals put the particular behind the general.
fn natural(verb: &'static Verb) -> Option<&'static Field> {
    let picked = |field: &&Field| matches!(field.kind, Kind::OneOf(_));
    let mut fields = verb.fields.iter();
    let required = fields.clone().find(|field| field.required);
    required.or_else(|| fields.clone().find(picked)).or_else(|| fields.next_back())
}

/// Turns a word into the JSON value that the API takes.
fn parser(kind: Kind, now: Timestamp) -> ValueParser {
    match kind {
        Kind::Text => ValueParser::new(|text: &str| Ok::<_, String>(Value::from(text))),
        Kind::Number => ValueParser::new(|text: &str| text.parse::<i64>().map(Value::from)),
        Kind::Span => {
            ValueParser::new(|text: &str| text.parse::<Span>().map(|_| Value::from(text)))
        }
        Kind::Time => ValueParser::new(move |text: &str| instant(text, now)),
        Kind::OneOf(words) => PossibleValuesParser::new(words).map(Value::from).into(),
        Kind::Matchers => ValueParser::new(|text: &str| Ok::<_, String>(matcher(text))),
        Kind::Pairs => ValueParser::new(pair),
    }
}

fn pair(text: &str) -> Result<Value, String> {
    let (name, value) = text.split_once('=').ok_or("is not of the form name=value")?;
    Ok(json!({ name: value }))
}

/// People say `2h` where the API wants an instant.
fn instant(text: &str, now: Timestamp) -> Result<Value, String> {
    let at = match text.parse::<Span>() {
        Ok(span) => now + span,
        Err(_) => text.parse::<Timestamp>().map_err(|error| format!("{error}, nor like 2h"))?,
    };
    Ok(Value::from(at.rfc3339()))
}
