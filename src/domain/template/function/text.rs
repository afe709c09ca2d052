//! Functions on text: case, white space, regular expressions.

use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};

use super::super::limit::{Bounded, REGEX_BYTES_MAX};
use super::super::print;
use super::{Value, Why};

/// The argument's text. Nothing is the empty text: a hole in a message beats no message.
pub(super) fn text(value: &Value) -> Result<Arc<str>, Why> {
    match value {
        Value::Text(text) | Value::Html(text) | Value::Url(text) => Ok(Arc::clone(text)),
        Value::Nil => Ok("".into()),
        other => Err(format!("text is expected, not {}", other.type_name()).into()),
    }
}

/// The argument as `%v` prints it.
pub(in super::super) fn printed(value: &Value) -> Result<String, Why> {
    let mut out = Bounded::default();
    print::write(value, &mut out)?;
    Ok(out.into_string())
}

pub(super) fn to_upper([value]: &[Value; 1]) -> Result<Value, Why> {
    Ok(Value::from(text(value)?.to_uppercase()))
}

pub(super) fn to_lower([value]: &[Value; 1]) -> Result<Value, Why> {
    Ok(Value::from(text(value)?.to_lowercase()))
}

pub(super) fn trim_space([value]: &[Value; 1]) -> Result<Value, Why> {
    Ok(Value::from(text(value)?.trim()))
}

/// Makes the first letter of every word large and the others small. Digits, underscores and an
/// apostrophe between letters do not end a word.
pub(super) fn title([value]: &[Value; 1]) -> Result<Value, Why> {
    let text = text(value)?;
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let joins = c == '_'
            || (matches!(c, '\'' | '’' | '.' | ':')
                && chars.peek().is_some_and(|next| next.is_alphabetic()));
        if c.is_alphabetic() {
            if in_word {
                out.extend(c.to_lowercase());
            } else {
                out.extend(c.to_uppercase());
            }
            in_word = true;
        } else {
            out.push(c);
            in_word = in_word && (joins || c.is_numeric());
        }
    }
    Ok(Value::from(out))
}

fn regex(pattern: &str) -> Result<Regex, Why> {
    RegexBuilder::new(pattern)
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|err| format!("{pattern:?} is no regular expression: {err}").into())
}

pub(super) fn matches([pattern, value]: &[Value; 2]) -> Result<Value, Why> {
    Ok(Value::Bool(regex(&text(pattern)?)?.is_match(&text(value)?)))
}

pub(super) fn replace_all([pattern, with, value]: &[Value; 3]) -> Result<Value, Why> {
    let (regex, with, value) = (regex(&text(pattern)?)?, text(with)?, text(value)?);
    let mut out = Bounded::default();
    let mut copied = 0;
    for found in regex.captures_iter(&value) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&value[copied..whole.start()])?;
        expand(&with, &found, &mut out)?;
        copied = whole.end();
    }
    out.push_str(&value[copied..])?;
    Ok(Value::from(out.into_string()))
}

/// Fills `$1`, `$name` and `${name}` in. Written out so that the result stays within its bound.
fn expand(with: &str, found: &Captures<'_>, out: &mut Bounded) -> Result<(), Why> {
    let mut rest = with;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar])?;
        let behind = &rest[dollar + 1..];
        if let Some(literal) = behind.strip_prefix('$') {
            out.push('$')?;
            rest = literal;
            continue;
        }
        let Some((name, length)) = group_name(behind) else {
            out.push('$')?;
            rest = behind;
            continue;
        };
        let group = match name.parse::<usize>() {
            Ok(number) => found.get(number),
            Err(_) => found.name(name),
        };
        out.push_str(group.map_or("", |group| group.as_str()))?;
        rest = &behind[length..];
    }
    out.push_str(rest)
}

fn group_name(behind: &str) -> Option<(&str, usize)> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    if let Some(braced) = behind.strip_prefix('{') {
        let end = braced.find('}')?;
        let name = &braced[..end];
        return (!name.is_empty() && name.chars().all(is_name)).then_some((name, end + 2));
    }
    let end = behind.find(|c| !is_name(c)).unwrap_or(behind.len());
    (end > 0).then_some((&behind[..end], end))
}
