//! The UTF-8 grammar: names and values bare or in Go's double quotes, a comma between matchers.

use std::str::CharIndices;

use super::{InvalidMatcher, invalid, matcher, operator, reserved};
use crate::domain::value::matcher::{Matchers, Operator};

/// Reads the whole text.
pub(super) fn parse(text: &str) -> Result<Matchers, InvalidMatcher> {
    let mut cursor = Cursor { text, at: 0 };
    let mut matchers = Matchers::new();
    let braces = cursor.accept('{');
    loop {
        if cursor.ends(braces)? {
            return Ok(matchers);
        }
        let start = cursor.skip_space();
        let name = cursor.word("a label name")?;
        if name.is_empty() {
            return Err(invalid(start, "a label name cannot be empty"));
        }
        let operator = cursor.operator()?;
        let value = cursor.word("a value")?;
        matchers.push(matcher(start, &name, operator, &value)?);
        if !cursor.accept(',') {
            if cursor.ends(braces)? {
                return Ok(matchers);
            }
            let end = if braces { "`}`" } else { "the end" };
            return Err(cursor.unexpected(&format!("`,` or {end}")));
        }
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) -> usize {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.at
    }

    fn accept(&mut self, c: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    /// Tells whether the list ends here: at its brace if it has one, and with the text.
    fn ends(&mut self, braces: bool) -> Result<bool, InvalidMatcher> {
        let start = self.skip_space();
        if self.rest().starts_with('}') && !braces {
            return Err(invalid(start, "`}` without an opening `{`"));
        }
        if self.accept('}') {
            self.skip_space();
            return if self.rest().is_empty() { Ok(true) } else { Err(self.unexpected("the end")) };
        }
        Ok(!braces && self.rest().is_empty())
    }

    fn operator(&mut self) -> Result<Operator, InvalidMatcher> {
        self.skip_space();
        let Some((operator, bytes)) = operator(self.rest()) else {
            return Err(self.unexpected("an operator (`=`, `!=`, `=~` or `!~`)"));
        };
        self.at += bytes;
        Ok(operator)
    }

    fn word(&mut self, what: &str) -> Result<String, InvalidMatcher> {
        self.skip_space();
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let bytes = self.rest().find(reserved).unwrap_or(self.rest().len());
        if bytes == 0 {
            let mut error = self.unexpected(what);
            if self.rest().is_empty() && what == "a value" {
                error.why.push_str("; quote an empty value: `\"\"`");
            } else if self.rest().starts_with(['\'', '`']) {
                error.why.push_str("; use double quotes");
            }
            return Err(error);
        }
        let word = &self.rest()[..bytes];
        self.at += bytes;
        Ok(word.to_owned())
    }

    fn quoted(&mut self) -> Result<String, InvalidMatcher> {
        let open = self.at;
        let body = &self.text[open + 1..];
        let mut chars = body.char_indices();
        // Octal and hexadecimal escapes are bytes, which only together must make UTF-8.
        let mut bytes = Vec::new();
        let mut escape_at = open;
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = open + 1 + at + 1;
                    return String::from_utf8(bytes)
                        .map_err(|_| invalid(escape_at, "the escape makes no UTF-8 text"));
                }
                '\n' => return Err(invalid(open + 1 + at, "write a line break as `\\n`")),
                '\\' => {
                    escape_at = open + 1 + at;
                    unescape(&mut chars, escape_at, &mut bytes)?;
                }
                c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err(invalid(open, "the quote is never closed"))
    }

    fn unexpected(&self, expected: &str) -> InvalidMatcher {
        let bare = self.rest().find(reserved).unwrap_or(self.rest().len());
        let found = match self.rest().chars().next() {
            None => "the end".to_owned(),
            Some(_) if bare > 0 => format!("`{}`", &self.rest()[..bare]),
            Some(c) => format!("`{c}`"),
        };
        invalid(self.at, format!("expected {expected}, found {found}"))
    }
}

/// Go's escapes in double quotes; the backslash is already read.
fn unescape(
    chars: &mut CharIndices<'_>,
    at: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), InvalidMatcher> {
    let Some((_, c)) = chars.next() else {
        return Err(invalid(at, "a backslash at the end escapes nothing"));
    };
    let (radix, first, digits) = match c {
        'x' => (16, None, 2),
        'u' => (16, None, 4),
        'U' => (16, None, 8),
        '0'..='7' => (8, Some(c), 2),
        c => {
            let Some(plain) = simple(c) else {
                let why = format!("`\\{c}` is no escape of Go; write `\\\\` for a backslash");
                return Err(invalid(at, why));
            };
            bytes.push(plain);
            return Ok(());
        }
    };
    let mut number = first.and_then(|c| c.to_digit(radix)).unwrap_or(0);
    for _ in 0..digits {
        let digit = chars.next().and_then(|(_, c)| c.to_digit(radix));
        let Some(digit) = digit else {
            return Err(invalid(at, format!("the escape `\\{c}` lacks digits")));
        };
        number = number * radix + digit;
    }
    if matches!(c, 'u' | 'U') {
        let Some(c) = char::from_u32(number) else {
            return Err(invalid(at, "the escape names no character"));
        };
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        return Ok(());
    }
    let Ok(byte) = u8::try_from(number) else {
        return Err(invalid(at, "an octal escape goes up to `\\377`"));
    };
    bytes.push(byte);
    Ok(())
}

fn simple(c: char) -> Option<u8> {
    Some(match c {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        '"' => b'"',
        _ => return None,
    })
}
