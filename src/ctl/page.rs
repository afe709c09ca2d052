//! Answers as people read them: lists, pages of one record, receipts. Any practice, any record.

use serde_json::{Map, Value};

use super::look::{Look, Tint};
use super::table::{Cell, Table};
use super::written::{self, Clock, NOTHING};
use crate::domain::view::Manual;

/// Columns that a table made of records without a manual has at most.
const COLUMNS_MAX: usize = 12;

/// How deep objects are unfolded into lines; deeper ones stay on one line.
const DEPTH_MAX: usize = 3;

/// What is indented below a section's heading.
const INDENT: &str = "  ";

/// A list of records, one line each.
pub(super) fn list(manual: &Manual, answer: &Value, look: &Look) -> String {
    let items = answer.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if items.is_empty() {
        return format!("No {} match.\n", manual.plural);
    }
    let mut text = rows(manual, items, look).write("", look);
    // Who pipes the output on wants records and nothing else.
    if look.width.is_some() && answer.get("next").is_some_and(|next| !next.is_null()) {
        text += &look.paint("There are more: see --limit and --all.", Tint::Faint);
        text.push('\n');
    }
    text
}

/// The ids of a list, for a shell to go on with.
pub(super) fn ids(answer: &Value) -> String {
    let items = answer.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let ids = items.iter().filter_map(|item| item.get("id")?.as_str());
    ids.flat_map(|id| [written::line(id), "\n".to_owned()]).collect()
}

/// What became of a record: its line of the list.
pub(super) fn receipt(manual: &Manual, verb: &str, answer: &Value, look: &Look) -> String {
    if answer.get("id").is_none() || manual.columns.is_empty() {
        return format!("{verb}: done\n");
    }
    rows(manual, std::slice::from_ref(answer), look).write("", look)
}

/// A record, or any other object: plain members first, then what is nested in it, as it comes.
pub(super) fn record(answer: &Value, look: &Look) -> String {
    let Value::Object(members) = answer else {
        return format!("{}\n", written::value("", answer, Clock::Both, look));
    };
    let mut text = String::new();
    let heading: Vec<_> = ["id", "title"]
        .iter()
        .filter_map(|key| members.get(*key)?.as_str())
        .map(written::line)
        .collect();
    if !heading.is_empty() {
        text += &look.paint(&heading.join("  "), Tint::Heading);
        text += "\n\n";
    }
    let named = |key: &str| !matches!(key, "id" | "title");
    let plain: Vec<_> = members
        .iter()
        .filter(|(key, value)| named(key) && is_plain(value) && !is_nothing(value))
        .map(|(key, value)| (words(key), key.as_str(), value))
        .collect();
    text += &facts("", &plain, look);
    for (key, value) in members.iter().filter(|(_, value)| !is_plain(value) && !is_nothing(value)) {
        text += &section(key, value, look);
    }
    text
}

fn section(key: &str, value: &Value, look: &Look) -> String {
    let (heading, body) = if let Value::Array(items) = value {
        let heading = format!("{} ({})", title(key), items.len());
        (heading, any_rows(items, look).write(INDENT, look))
    } else {
        let mut members = Vec::new();
        unfold("", value, 0, &mut members);
        let members: Vec<_> =
            members.iter().map(|(name, value)| (name.clone(), name.as_str(), *value)).collect();
        (title(key), facts(INDENT, &members, look))
    };
    format!("\n{}\n{body}", look.paint(&heading, Tint::Heading))
}

/// Lines of name and value; the values stand below each other, and so do the lines of one value.
fn facts(indent: &str, members: &[(String, &str, &Value)], look: &Look) -> String {
    let width = |(name, ..): &(String, &str, &Value)| console::measure_text_width(name);
    let width = members.iter().map(width).max().unwrap_or(0);
    let mut text = String::new();
    for (name, key, value) in members {
        let lines = written::lines(key, value, Clock::Both, look);
        let name = console::pad_str(name, width, console::Alignment::Left, None);
        let first = format!("{indent}{}  ", look.paint(&name, Tint::Faint));
        let further = format!("{indent}{:width$}  ", "");
        for (at, line) in lines.iter().enumerate() {
            text += if at == 0 { &first } else { &further };
            let tint = written::tint(key, value);
            text += &look.paint(line, tint);
            text.push('\n');
        }
    }
    text
}

/// The table of a list, in the manual's columns.
fn rows(manual: &Manual, items: &[Value], look: &Look) -> Table {
    if manual.columns.is_empty() {
        return any_rows(items, look);
    }
    let headings = manual.columns.iter().map(|column| column.title.to_owned()).collect();
    let cell = |item: &Value, pointer: &str| {
        let value = item.pointer(pointer).unwrap_or(&Value::Null);
        cell(pointer, value, Clock::Age, look)
    };
    let row = |item| manual.columns.iter().map(|column| cell(item, column.pointer)).collect();
    Table { headings, rows: items.iter().map(row).collect() }
}

/// A table of records that no manual describes: a column for each member that says something.
fn any_rows(items: &[Value], look: &Look) -> Table {
    let mut keys: Vec<&str> = Vec::new();
    for (key, value) in items.iter().filter_map(Value::as_object).flatten() {
        if !is_nothing(value) && !keys.contains(&key.as_str()) && keys.len() < COLUMNS_MAX {
            keys.push(key);
        }
    }
    // Objects are the widest, and only the last column may be cut.
    keys.sort_by_key(|key| items.iter().any(|item| item.get(key).is_some_and(Value::is_object)));
    let row = |item: &Value| {
        let cell = |key: &&str| cell(key, item.get(key).unwrap_or(&Value::Null), Clock::Both, look);
        keys.iter().map(cell).collect()
    };
    Table {
        headings: keys.iter().map(|key| words(key).to_uppercase()).collect(),
        rows: items.iter().map(row).collect(),
    }
}

fn cell(name: &str, value: &Value, clock: Clock, look: &Look) -> Cell {
    Cell { text: written::value(name, value, clock, look), tint: written::tint(name, value) }
}

/// Nested objects become lines whose names are paths: `queue.length`.
fn unfold<'a>(path: &str, value: &'a Value, depth: usize, into: &mut Vec<(String, &'a Value)>) {
    let nested = value.as_object().filter(|members| !members.is_empty() && depth < DEPTH_MAX);
    let Some(members) = nested else {
        into.push((path.to_owned(), value));
        return;
    };
    for (key, value) in members {
        let key = written::line(key);
        let path = if path.is_empty() { key } else { format!("{path}.{key}") };
        unfold(&path, value, depth + 1, into);
    }
}

fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => !items.iter().any(Value::is_object),
        Value::Object(_) => false,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => Map::is_empty(members),
    }
}

fn words(key: &str) -> String {
    match written::line(key).replace('_', " ") {
        words if words.is_empty() => NOTHING.to_owned(),
        words => words,
    }
}

fn title(key: &str) -> String {
    let words = words(key);
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
