//! Values in scripts.

use super::super::function::printed;
use super::super::json;
use super::super::limit::{Bounded, Why};
use super::Value;

/// Where in a script one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ScriptState {
    place: Place,
    /// The character before, as far as it decides what a slash means or escapes what follows.
    before: char,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Code,
    /// In text that ends with this quote.
    Quoted(char),
    Regex,
    LineComment,
    BlockComment,
}

impl ScriptState {
    pub(super) fn after(self, c: char) -> Self {
        let escaped = self.before == '\\';
        let place = match self.place {
            Place::Code => match (self.before, c) {
                (_, '"' | '\'' | '`') => Place::Quoted(c),
                // A slash behind an operator begins a regular expression; its second character
                // tells it from a comment.
                ('/' | '\u{1}', '/') => Place::LineComment,
                ('/' | '\u{1}', '*') => Place::BlockComment,
                ('\u{1}', _) => Place::Regex,
                _ => Place::Code,
            },
            Place::Quoted(quote) if c == quote && !escaped => Place::Code,
            Place::Regex if c == '/' && !escaped => Place::Code,
            Place::LineComment if c == '\n' => Place::Code,
            Place::BlockComment if (self.before, c) == ('*', '/') => Place::Code,
            place => place,
        };
        Self { place, before: self.remembered(place, c, escaped) }
    }

    /// Behind a value a slash divides.
    pub(super) fn after_value(self) -> Self {
        match self.place {
            Place::Code => Self { before: ')', ..self },
            Place::Quoted(_) | Place::Regex | Place::LineComment | Place::BlockComment => {
                Self { before: ' ', ..self }
            }
        }
    }

    fn remembered(self, place: Place, c: char, escaped: bool) -> char {
        match place {
            Place::Code if self.place != Place::Code => ')',
            Place::Code if c.is_whitespace() => self.before,
            Place::Code if c == '/' => {
                let after_operator = matches!(
                    self.before,
                    '\0' | '('
                        | ','
                        | '='
                        | ':'
                        | '['
                        | '!'
                        | '&'
                        | '|'
                        | '?'
                        | '{'
                        | '}'
                        | ';'
                        | '+'
                        | '-'
                        | '*'
                        | '%'
                        | '^'
                        | '~'
                        | '<'
                        | '>'
                );
                if after_operator { '\u{1}' } else { '/' }
            }
            // An escaped backslash escapes nothing.
            Place::Quoted(_) | Place::Regex if c == '\\' && escaped => ' ',
            Place::BlockComment if self.place == Place::Code => ' ',
            _ => c,
        }
    }
}

/// Writes a value into a script: as a JSON literal in code, escaped inside of quotes.
pub(super) fn value(value: &Value, state: ScriptState, out: &mut Bounded) -> Result<(), Why> {
    match state.place {
        Place::LineComment | Place::BlockComment => Ok(()),
        Place::Quoted(quote) => string(&text(value)?, quote == '`', out),
        Place::Regex => regex(&text(value)?, out),
        Place::Code => match value {
            Value::Nil => out.push_str(" null "),
            Value::Text(text) | Value::Html(text) | Value::Url(text) => {
                out.push('"')?;
                string(text, false, out)?;
                out.push('"')
            }
            value => {
                let mut literal = Bounded::default();
                json::write(value, &mut literal)?;
                // Letters and digits must not grow together with their neighbours.
                let is_word = literal.as_str().starts_with(|c: char| c.is_ascii_alphanumeric());
                let space = if is_word { " " } else { "" };
                out.push_str(space)?;
                out.push_str(literal.as_str())?;
                out.push_str(space)
            }
        },
    }
}

fn text(value: &Value) -> Result<String, Why> {
    if matches!(value, Value::Nil) { Ok(String::new()) } else { printed(value) }
}

fn string(text: &str, in_template: bool, out: &mut Bounded) -> Result<(), Why> {
    text.chars().try_for_each(|c| match c {
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\u{c}' => out.push_str("\\f"),
        '\r' => out.push_str("\\r"),
        '/' => out.push_str("\\/"),
        '\\' => out.push_str("\\\\"),
        '\0'..='\u{1f}' | '"' | '`' | '&' | '\'' | '+' | '<' | '>' | '\u{2028}' | '\u{2029}' => {
            out.push_str(&format!("\\u{:04x}", u32::from(c)))
        }
        '$' | '{' | '}' if in_template => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        c => out.push(c),
    })
}

fn regex(text: &str, out: &mut Bounded) -> Result<(), Why> {
    if text.is_empty() {
        // Two slashes in a row would begin a comment.
        return out.push_str("(?:)");
    }
    text.chars().try_for_each(|c| {
        if "$()*-.?[]^{|}".contains(c) {
            out.push('\\')?;
            return out.push(c);
        }
        string(c.encode_utf8(&mut [0; 4]), false, out)
    })
}
