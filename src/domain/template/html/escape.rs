//! Escaping for HTML text and attributes.

use super::super::limit::{Bounded, Why};
use super::REFUSED;
use super::context::Delimiter;

/// Escapes for text and for quoted attributes.
pub(super) fn text(text: &str, out: &mut Bounded) -> Result<(), Why> {
    text.chars().try_for_each(|c| match c {
        '&' => out.push_str("&amp;"),
        c => without_ampersand(c, out),
    })
}

/// Escapes text that is HTML already, so `&` stays.
pub(super) fn normalized(html: &str, out: &mut Bounded) -> Result<(), Why> {
    html.chars().try_for_each(|c| match c {
        '&' => out.push('&'),
        c => without_ampersand(c, out),
    })
}

fn without_ampersand(c: char, out: &mut Bounded) -> Result<(), Why> {
    match c {
        '\0' => out.push('\u{fffd}'),
        '"' => out.push_str("&#34;"),
        '\'' => out.push_str("&#39;"),
        '+' => out.push_str("&#43;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        c => out.push(c),
    }
}

/// Escapes for attributes without quotes.
pub(super) fn bare(text: &str, out: &mut Bounded) -> Result<(), Why> {
    if text.is_empty() {
        // An empty value would take the next attribute for its own.
        return out.push_str(REFUSED);
    }
    text.chars().try_for_each(|c| match c {
        '&' => out.push_str("&amp;"),
        c => bare_without_ampersand(c, out),
    })
}

fn bare_without_ampersand(c: char, out: &mut Bounded) -> Result<(), Why> {
    match c {
        '\0' => out.push_str("&#xfffd;"),
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '=' | '`' => {
            out.push_str(&format!("&#{};", u32::from(c)))
        }
        c => without_ampersand(c, out),
    }
}

/// Puts HTML into an attribute: without its tags, and without what would end the attribute.
pub(super) fn quoted_html(html: &str, delimiter: Delimiter, out: &mut Bounded) -> Result<(), Why> {
    let stripped = strip_tags(html);
    match delimiter {
        Delimiter::Single | Delimiter::Double => normalized(&stripped, out),
        Delimiter::Bare if stripped.is_empty() => out.push_str(REFUSED),
        Delimiter::Bare => stripped.chars().try_for_each(|c| match c {
            '&' => out.push('&'),
            c => bare_without_ampersand(c, out),
        }),
    }
}

fn strip_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let behind = &rest[open + 1..];
        let is_tag = behind.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
        let end = if is_tag { behind.find('>') } else { None };
        let Some(end) = end else {
            out.push_str(&rest[..=open]);
            rest = behind;
            continue;
        };
        out.push_str(&rest[..open]);
        rest = &behind[end + 1..];
    }
    out.push_str(rest);
    out
}

/// Lets a value be the name of a tag or attribute, if it is harmless as such.
pub(super) fn name(name: &str, out: &mut Bounded) -> Result<(), Why> {
    let lower = name.to_ascii_lowercase();
    let is_name = !lower.is_empty() && lower.bytes().all(|b| b.is_ascii_alphanumeric());
    // Attributes whose value is code, style or address must be written by the template itself.
    let is_special = lower.starts_with("on")
        || ["style", "script", "srcdoc", "srcset", "action", "href", "content", "data"]
            .contains(&lower.as_str())
        || ["src", "uri", "url"].iter().any(|word| lower.contains(word));
    out.push_str(if is_name && !is_special { &lower } else { REFUSED })
}
