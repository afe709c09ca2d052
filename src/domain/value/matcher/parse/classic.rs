//! The classic grammar: ASCII names, and values that may go unquoted up to the comma.

use super::{InvalidMatcher, invalid, matcher, operator};
use crate::domain::value::matcher::{Matcher, Matchers};

/// Reads the whole text.
pub(super) fn parse(text: &str) -> Result<Matchers, InvalidMatcher> {
    let inner = text.strip_prefix('{').unwrap_or(text);
    let start = text.len() - inner.len();
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let mut matchers = Matchers::new();
    let mut from = 0;
    while let Some(bytes) = comma(&inner[from..]) {
        matchers.push(one(&inner[from..from + bytes], start + from)?);
        from += bytes + 1;
    }
    // What follows the last comma may be empty: a trailing comma, or no matcher at all.
    if !inner[from..].trim().is_empty() {
        matchers.push(one(&inner[from..], start + from)?);
    }
    Ok(matchers)
}

/// Reads the whole text as one matcher.
pub(super) fn parse_one(text: &str) -> Result<Matcher, InvalidMatcher> {
    one(text, 0)
}

/// Where the first comma outside of quotes stands.
fn comma(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            ',' if !quoted => return Some(at),
            '"' if !escaped => quoted = !quoted,
            '\\' => {
                escaped = !escaped;
                continue;
            }
            ',' => continue,
            _ => {}
        }
        escaped = false;
    }
    None
}

fn one(text: &str, at: usize) -> Result<Matcher, InvalidMatcher> {
    let trimmed = text.trim();
    let at = at + (text.len() - text.trim_start().len()) * usize::from(!trimmed.is_empty());
    let no_matcher = || {
        let found = if trimmed.is_empty() { "nothing".to_owned() } else { format!("`{trimmed}`") };
        invalid(at, format!("expected a matcher like `name=\"value\"`, found {found}"))
    };
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let name_bytes = trimmed.find(|c| !letters(c)).ok_or_else(no_matcher)?;
    let (name, rest) = trimmed.split_at(name_bytes);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(no_matcher());
    }
    let (operator, bytes) = operator(rest.trim_start()).ok_or_else(no_matcher)?;
    let raw = rest.trim_start()[bytes..].trim_start();
    let value = unescape(raw, at + trimmed.len() - raw.len())?;
    matcher(at, name, operator, &value)
}

/// Knows `\n`, `\"` and `\\`; any other backslash stands for itself.
fn unescape(raw: &str, at: usize) -> Result<String, InvalidMatcher> {
    let quoted = raw.starts_with('"');
    let body = raw.strip_prefix('"').unwrap_or(raw);
    let mut closed = !quoted;
    let mut value = String::with_capacity(body.len());
    let mut chars = body.char_indices().peekable();
    while let Some((here, c)) = chars.next() {
        match c {
            '\\' => match chars.peek().map(|(_, next)| *next) {
                Some('n') => {
                    chars.next();
                    value.push('\n');
                }
                Some(c @ ('"' | '\\')) => {
                    chars.next();
                    value.push(c);
                }
                Some(_) | None => value.push('\\'),
            },
            '"' if !closed && here + 1 == body.len() => closed = true,
            '"' => {
                let at = at + raw.len() - body.len() + here;
                return Err(invalid(at, "a double quote inside a value must be written `\\\"`"));
            }
            c => value.push(c),
        }
    }
    if closed { Ok(value) } else { Err(invalid(at, "the quote is never closed")) }
}
