//! Values in URL attributes: unsafe schemes are refused, the rest is escaped for its part.

use super::super::function::printed;
use super::super::limit::{Bounded, Why};
use super::{REFUSED, Value};

/// How far into the URL one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum UrlPart {
    #[default]
    Start,
    /// Scheme, host or path.
    Path,
    /// Behind `?` or `#`.
    Query,
}

impl UrlPart {
    pub(super) fn after(self, c: char) -> Self {
        match (self, c) {
            (Self::Query, _) | (_, '?' | '#') => Self::Query,
            (Self::Start, c) if c.is_ascii_whitespace() => Self::Start,
            (Self::Start | Self::Path, _) => Self::Path,
        }
    }
}

/// Writes a value into a URL. It still has to be escaped for the attribute.
pub(super) fn value(value: &Value, part: UrlPart, out: &mut Bounded) -> Result<(), Why> {
    let text = if matches!(value, Value::Nil) { String::new() } else { printed(value)? };
    let trusted = matches!(value, Value::Url(_));
    match part {
        UrlPart::Start if !trusted && !has_safe_scheme(&text) => {
            out.push('#')?;
            out.push_str(REFUSED)
        }
        UrlPart::Query if !trusted => percent_encode(&text, false, out),
        UrlPart::Start | UrlPart::Path | UrlPart::Query => percent_encode(&text, true, out),
    }
}

/// Addresses without a scheme, and those of the web and of mail, run no code.
pub(super) fn has_safe_scheme(url: &str) -> bool {
    let Some((scheme, _)) = url.split_once(':') else { return true };
    scheme.contains('/')
        || ["http", "https", "mailto"].iter().any(|safe| scheme.eq_ignore_ascii_case(safe))
}

/// Encodes bytes as `%xx`. A whole address keeps what has a meaning in it.
pub(super) fn percent_encode(text: &str, whole: bool, out: &mut Bounded) -> Result<(), Why> {
    let bytes = text.as_bytes();
    for (i, &byte) in bytes.iter().enumerate() {
        let keeps = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => true,
            b'%' => {
                let digits = bytes.get(i + 1..i + 3);
                whole && digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit))
            }
            byte => whole && b"!#$&*+,/:;=?@[]".contains(&byte),
        };
        if keeps { out.push(char::from(byte))? } else { out.push_str(&format!("%{byte:02x}"))? }
    }
    Ok(())
}
