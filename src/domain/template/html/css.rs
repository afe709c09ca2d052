//! Values in style sheets and `style` attributes.

use super::super::function::printed;
use super::super::limit::{Bounded, Why};
use super::url::{has_safe_scheme, percent_encode};
use super::{REFUSED, Value};

/// Where in a style sheet one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct StyleState {
    place: Place,
    /// The three characters before: `url(` and comments are told by them.
    before: [char; 3],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Code,
    Quoted(char),
    Comment,
    /// In `url(…)`, with the quote if there is one, and whether something stands there already.
    Url {
        quote: Option<char>,
        begun: bool,
    },
}

impl StyleState {
    pub(super) fn after(self, c: char) -> Self {
        let last = self.before[2];
        let escaped = last == '\\';
        let is_url = self.before.map(|c| c.to_ascii_lowercase()) == ['u', 'r', 'l'] && c == '(';
        let place = match self.place {
            Place::Code if is_url => Place::Url { quote: None, begun: false },
            Place::Code if (last, c) == ('/', '*') => Place::Comment,
            Place::Code if matches!(c, '"' | '\'') => Place::Quoted(c),
            Place::Quoted(quote) if c == quote && !escaped => Place::Code,
            Place::Comment if (last, c) == ('*', '/') => Place::Code,
            Place::Url { quote: None, begun: false } if matches!(c, '"' | '\'') => {
                Place::Url { quote: Some(c), begun: false }
            }
            Place::Url { quote: None, begun: false } if c.is_whitespace() => self.place,
            Place::Url { quote: None, .. } if c == ')' => Place::Code,
            Place::Url { quote: Some(quote), .. } if c == quote && !escaped => Place::Code,
            Place::Url { quote, .. } => Place::Url { quote, begun: true },
            place => place,
        };
        let remembered = if escaped && c == '\\' { ' ' } else { c };
        Self { place, before: [self.before[1], last, remembered] }
    }
}

/// Writes a value into a style sheet.
pub(super) fn value(value: &Value, state: StyleState, out: &mut Bounded) -> Result<(), Why> {
    let text = if matches!(value, Value::Nil) { String::new() } else { printed(value)? };
    match state.place {
        Place::Comment => Ok(()),
        Place::Code => out.push_str(if is_harmless(&text) { &text } else { REFUSED }),
        Place::Quoted(_) => escape(&text, out),
        Place::Url { begun, .. } => {
            if !begun && !matches!(value, Value::Url(_)) && !has_safe_scheme(&text) {
                out.push('#')?;
                return out.push_str(REFUSED);
            }
            percent_encode(&text, true, out)
        }
    }
}

/// Lets numbers, units, colours and names pass, nothing that could end or begin something.
fn is_harmless(text: &str) -> bool {
    let letters: String = text
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
        .collect::<String>()
        .to_ascii_lowercase();
    let has_mark = text.contains(['\0', '"', '\'', '(', ')', '/', ';', '@', '[', '\\', ']'])
        || text.contains(['`', '{', '}', '<', '>']);
    let is_code = letters.contains("expression") || letters.contains("mozbinding");
    !has_mark && !text.contains("--") && !is_code
}

fn escape(text: &str, out: &mut Bounded) -> Result<(), Why> {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_special = c.is_ascii_control() || "\"&'()+/:;<>\\{}".contains(c);
        if !is_special {
            out.push(c)?;
            continue;
        }
        if c == '\\' {
            out.push_str("\\\\")?;
            continue;
        }
        out.push_str(&format!("\\{:x}", u32::from(c)))?;
        // A digit behind would be read as part of the escape.
        if chars.peek().is_some_and(|next| next.is_ascii_hexdigit() || next.is_whitespace()) {
            out.push(' ')?;
        }
    }
    Ok(())
}
