//! Functions that write values for other formats: HTML, JavaScript, URLs, base64, JSON.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

use super::super::json;
use super::super::limit::Bounded;
use super::super::print::sprint;
use super::text::text;
use super::{Value, Why};

pub(super) fn html(arguments: &[Value]) -> Result<Value, Why> {
    let mut out = Bounded::default();
    escape_html(&sprint(arguments)?, &mut out)?;
    Ok(Value::from(out.into_string()))
}

/// Escapes as `html` does: `<>&"'` and the null character.
fn escape_html(text: &str, out: &mut Bounded) -> Result<(), Why> {
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{fffd}')?,
            '"' => out.push_str("&#34;")?,
            '\'' => out.push_str("&#39;")?,
            '&' => out.push_str("&amp;")?,
            '<' => out.push_str("&lt;")?,
            '>' => out.push_str("&gt;")?,
            c => out.push(c)?,
        }
    }
    Ok(())
}

pub(super) fn js(arguments: &[Value]) -> Result<Value, Why> {
    let mut out = Bounded::default();
    for c in sprint(arguments)?.chars() {
        match c {
            '\\' => out.push_str("\\\\")?,
            '\'' => out.push_str("\\'")?,
            '"' => out.push_str("\\\"")?,
            '<'
            | '>'
            | '&'
            | '='
            | '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}' => out.push_str(&format!("\\u{:04X}", u32::from(c)))?,
            c => out.push(c)?,
        }
    }
    Ok(Value::from(out.into_string()))
}

pub(super) fn url_query(arguments: &[Value]) -> Result<Value, Why> {
    query_escape(&sprint(arguments)?).map(Value::from)
}

/// Escapes text for the query of a URL; a space becomes `+`.
fn query_escape(text: &str) -> Result<String, Why> {
    let mut out = Bounded::default();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte))?;
            }
            b' ' => out.push('+')?,
            byte => out.push_str(&format!("%{byte:02X}"))?,
        }
    }
    Ok(out.into_string())
}

pub(super) fn url_unescape([value]: &[Value; 1]) -> Result<Value, Why> {
    let text = text(value)?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err("`%` must be followed by two hexadecimal digits".into());
                };
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            }
            byte => bytes.push(byte),
        }
    }
    Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
}

pub(super) fn base64_encode([value]: &[Value; 1]) -> Result<Value, Why> {
    Ok(Value::from(URL_SAFE.encode(text(value)?.as_bytes())))
}

pub(super) fn base64_decode([value]: &[Value; 1]) -> Result<Value, Why> {
    let bytes = URL_SAFE
        .decode(text(value)?.as_bytes())
        .map_err(|err| Why::from(format!("this is not base64 of the URL alphabet: {err}")))?;
    Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
}

pub(super) fn to_json([value]: &[Value; 1]) -> Result<Value, Why> {
    let mut out = Bounded::default();
    json::write(value, &mut out)?;
    Ok(Value::from(out.into_string()))
}
