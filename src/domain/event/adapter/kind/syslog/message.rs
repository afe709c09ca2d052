//! One syslog message: RFC 5424, RFC 3164, and what routers and old daemons send in their place.

use std::borrow::Cow;

use crate::domain::event::adapter::{instant, json};
use crate::domain::value::Timestamp;

/// The highest priority: facility 23, severity 7.
const PRI_MAX: u16 = 191;
/// A tag is cut off after so many bytes; RFC 3164 allows 32, journald and containers write more.
const TAG_BYTES_MAX: usize = 128;
/// Structured data beyond this stays unread.
const PARAMS_MAX: usize = 64;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A message, as far as it could be understood. What is not there is empty.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Message<'a> {
    /// Nothing where the sender left the priority out.
    pub(super) facility: Option<u8>,
    /// 0 is the worst.
    pub(super) severity: Option<u8>,
    pub(super) at: Stamp,
    pub(super) host: &'a str,
    pub(super) app: &'a str,
    pub(super) process: &'a str,
    pub(super) id: &'a str,
    pub(super) params: Vec<Param<'a>>,
    pub(super) text: &'a str,
}

/// The element's name, the parameter's name, the value.
pub(super) type Param<'a> = (&'a str, &'a str, Cow<'a, str>);

/// When a message was written, by its own word.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Stamp {
    /// It does not say.
    #[default]
    None,
    /// It says it with a zone.
    At(Timestamp),
    /// It leaves out the zone, and often the year.
    Civil { year: Option<i16>, month: i8, day: i8, hour: i8, minute: i8, second: i8 },
}

/// The text of a frame.
pub(super) fn decode(frame: &[u8]) -> Cow<'_, str> {
    let frame = frame.trim_ascii_end();
    json::utf8(frame.strip_suffix(b"\0").unwrap_or(frame))
}

/// Reads a message. Whatever is no syslog is all text.
pub(super) fn parse(text: &str) -> Message<'_> {
    let text = text.trim_end_matches(['\n', '\r', '\0']).trim_start_matches('\u{feff}');
    let mut message = Message::default();
    let rest = match priority(text) {
        Some((pri, rest)) => {
            // Both fit into a byte: 191 is the highest.
            message.facility = u8::try_from(pri >> 3).ok();
            message.severity = u8::try_from(pri & 7).ok();
            rest
        }
        None => text,
    };
    let modern = rest.strip_prefix("1 ").filter(|_| message.severity.is_some());
    if modern.is_none_or(|rest| !rfc5424(rest, &mut message)) {
        rfc3164(rest, &mut message);
    }
    message
}

fn priority(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.strip_prefix('<')?.split_once('>')?;
    let fits = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let pri = digits.parse().ok().filter(|pri| fits && *pri <= PRI_MAX)?;
    Some((pri, rest))
}

/// `TIMESTAMP HOST APP PROCID MSGID STRUCTURED-DATA [MSG]` (RFC 5424, 6). False if it is not that.
fn rfc5424<'a>(text: &'a str, message: &mut Message<'a>) -> bool {
    let mut parts = text.splitn(6, ' ');
    let mut header = || parts.next().map(|part| if part == "-" { "" } else { part });
    let (Some(time), Some(host), Some(app), Some(process), Some(id)) =
        (header(), header(), header(), header(), header())
    else {
        return false;
    };
    let at = instant::parse(time);
    if at.is_none() && !time.is_empty() {
        return false;
    }
    let rest = parts.next().unwrap_or("-");
    let (params, rest) = match rest.strip_prefix('-') {
        Some(rest) => (Vec::new(), rest),
        None => structured(rest),
    };
    message.at = at.map_or(Stamp::None, Stamp::At);
    (message.host, message.app, message.process, message.id) = (host, app, process, id);
    message.params = params;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    message.text = rest.strip_prefix('\u{feff}').unwrap_or(rest);
    true
}

/// `[id name="value" …]…`, and what follows it. Broken data is text.
fn structured(text: &str) -> (Vec<Param<'_>>, &str) {
    let mut params = Vec::new();
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix('[') {
        let Some(end) = inner.find([' ', ']']) else { break };
        let (id, mut inner) = inner.split_at(end);
        loop {
            inner = inner.trim_start_matches(' ');
            if let Some(after) = inner.strip_prefix(']') {
                rest = after;
                break;
            }
            let Some((name, value)) = inner.split_once("=\"") else { return (params, rest) };
            let Some((value, after)) = quoted(value) else { return (params, rest) };
            if params.len() < PARAMS_MAX {
                params.push((id, name, value));
            }
            inner = after;
        }
    }
    (params, rest)
}

/// A value up to its quote; `\` takes the meaning from `"`, `\` and `]`, and from nothing else.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut value = Cow::Borrowed("");
    let mut from = 0;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => {
                value += &text[from..at];
                return Some((value, &text[at + 1..]));
            }
            b'\\' if text[at + 1..].starts_with(['"', '\\', ']']) => {
                value += &text[from..at];
                from = at + 1;
                bytes.next();
            }
            _ => {}
        }
    }
    None
}

/// `TIME HOST TAG[PID]: TEXT`, of which anything may be missing.
fn rfc3164<'a>(text: &'a str, message: &mut Message<'a>) {
    let (at, rest, router) = time(text);
    message.at = at;
    let stamped = message.at != Stamp::None;
    let mut rest = rest.trim_start_matches(' ');
    if router {
        message.host = origin(&text[..text.len() - rest.len()]);
    }
    if stamped && !router {
        let end = rest.find(' ').unwrap_or(rest.len());
        let word = &rest[..end];
        // Without a host the tag comes next: `sshd[812]:`.
        if is_host(word) && end < rest.len() {
            message.host = word;
            rest = rest[end..].trim_start_matches(' ');
        }
        // `fw-1 : %ASA-4-106023: …`
        rest = rest.strip_prefix(": ").filter(|rest| rest.starts_with('%')).unwrap_or(rest);
    }
    if let Some((app, process, text)) = tag(rest) {
        (message.app, message.process) = (app, process);
        rest = text;
    }
    message.text = rest.strip_prefix('\u{feff}').unwrap_or(rest);
}

/// The host that a router writes before the time, behind a number: `123: router-7: *Mar  1 …`.
fn origin(before: &str) -> &str {
    let mut words = before.split(": ").take_while(|word| civil(word.trim_matches(STARS)).is_none());
    let host = words.find(|word| word.bytes().any(|byte| byte.is_ascii_alphabetic()));
    host.filter(|word| is_host(word)).unwrap_or_default()
}

fn is_host(word: &str) -> bool {
    let letters = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%' | '/');
    !word.is_empty() && !word.ends_with(':') && word.chars().all(letters)
}

/// `app[pid]: text` or `app: text`. A tag of Cisco's begins with a percent sign.
fn tag(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.strip_prefix('%').unwrap_or(text);
    let end = text.find([':', '[', ' '])?;
    let (app, rest) = text.split_at(end);
    if app.is_empty() || app.len() > TAG_BYTES_MAX {
        return None;
    }
    let (process, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => ("", rest),
    };
    let rest = rest.strip_prefix(':').or_else(|| (!process.is_empty()).then_some(rest))?;
    // `http://…` is no tag.
    if rest.starts_with("//") {
        return None;
    }
    Some((app, process, rest.trim_start_matches(' ')))
}

/// What a router writes before a time that it is not sure of.
const STARS: [char; 2] = ['*', '.'];

/// The time at the start of a text, what follows it, and whether a router wrote it.
fn time(text: &str) -> (Stamp, &str, bool) {
    let first = text.split(' ').next().unwrap_or_default();
    if first.contains('T')
        && let Some(at) = instant::parse(first)
    {
        return (Stamp::At(at), &text[first.len()..], false);
    }
    if let Some((stamp, rest)) = civil(text) {
        return match router(rest) {
            Some(rest) => (stamp, rest, true),
            None => (stamp, rest, false),
        };
    }
    // `123: host: *Mar  1 18:46:11.123 UTC: %LINK-3-UPDOWN: …`
    let mut rest = text;
    for _ in 0..2 {
        let after = rest.split_once(": ").map_or("", |(_, after)| after);
        let stars = after.trim_start_matches(STARS);
        if let Some((stamp, tail)) = civil(stars)
            && let Some(tail) = router(tail)
        {
            return (stamp, tail, true);
        }
        rest = after;
    }
    let stars = text.trim_start_matches(STARS);
    if let Some((stamp, tail)) = civil(stars)
        && let Some(tail) = router(tail)
    {
        return (stamp, tail, true);
    }
    (Stamp::None, text, false)
}

/// What follows the time of a router: an optional zone, a colon, the mnemonic.
fn router(rest: &str) -> Option<&str> {
    let (lead, tail) = rest.split_once(": ")?;
    let zone = lead.trim();
    let fits = zone.len() <= 5 && zone.bytes().all(|byte| byte.is_ascii_uppercase());
    (fits && tail.trim_start().starts_with('%')).then(|| tail.trim_start())
}

/// `Mar  1 12:00:00`, with or without a year and a fraction.
fn civil(text: &str) -> Option<(Stamp, &str)> {
    // NX-OS begins with the year.
    let (early, text) = match number(text) {
        Some((year @ 1970..3000, rest)) => (i16::try_from(year).ok(), rest.strip_prefix(' ')?),
        _ => (None, text),
    };
    let month = MONTHS.iter().position(|name| text.starts_with(name))?;
    let (day, rest) = number(text[3..].strip_prefix(' ')?.trim_start_matches(' '))?;
    let rest = rest.strip_prefix(' ')?;
    let (first, after) = number(rest)?;
    let (year, rest) = match after.strip_prefix(' ') {
        Some(after) if first > 999 => (i16::try_from(first).ok(), after),
        _ => (early, rest),
    };
    let (hour, rest) = number(rest)?;
    let (minute, rest) = number(rest.strip_prefix(':')?)?;
    let (second, rest) = number(rest.strip_prefix(':')?)?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    // Some write the year behind the time.
    let (year, rest) = match rest.strip_prefix(' ').and_then(number) {
        Some((late, rest)) if year.is_none() && (1970..3000).contains(&late) => {
            (i16::try_from(late).ok(), rest)
        }
        _ => (year, rest),
    };
    let small = |number: u32| i8::try_from(number).ok();
    let month = small(u32::try_from(month).ok()? + 1)?;
    let [day, hour, minute, second] = [day, hour, minute, second].map(small);
    let stamp =
        Stamp::Civil { year, month, day: day?, hour: hour?, minute: minute?, second: second? };
    Some((stamp, rest))
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood() {
        let check = |text: &str, expected: &str| {
            let frame = decode(text.as_bytes());
            let m = parse(&frame);
            let level = m.severity.map_or_else(|| "-".to_owned(), |level| level.to_string());
            let at = match m.at {
                Stamp::None => "-".to_owned(),
                Stamp::At(at) => at.to_string(),
                Stamp::Civil { year, month, day, hour, minute, second } => {
                    format!("{year:?} {month}/{day} {hour}:{minute}:{second}")
                }
            };
            let Message { host, app, process, id, params, text: said, .. } = m;
            let actual = format!("{level}|{at}|{host}|{app}|{process}|{id}|{params:?}|{said}");
            assert_eq!(actual, expected, "{text:?}");
        };
        check(
            "<11>1 2026-03-01T12:00:00.5+01:00 db-1 postgres 812 LOST - \u{feff}no más",
            "3|2026-03-01T11:00:00.500Z|db-1|postgres|812|LOST|[]|no más",
        );
        check("<11>1 - - - - - -", "3|-|||||[]|");
        check(
            r#"<11>1 - h a - - [x@1 k="a \"b\" \]c" l="\n"][y] text"#,
            r#"3|-|h|a|||[("x@1", "k", "a \"b\" ]c"), ("x@1", "l", "\\n")]|text"#,
        );
        check(r#"<11>1 - h a - - [x k="open"#, r#"3|-|h|a|||[]|[x k="open"#);
        check(
            "<34>Mar  1 12:00:03 web-1 sshd[812]: no route\n",
            "2|None 3/1 12:0:3|web-1|sshd|812||[]|no route",
        );
        check("<34>Mar  1 12:00:03 sshd[812]: no host", "2|None 3/1 12:0:3||sshd|812||[]|no host");
        check("<34>sshd: no time", "2|-||sshd|||[]|no time");
        check("<34>all of it is text", "2|-|||||[]|all of it is text");
        check("no priority at all", "-|-|||||[]|no priority at all");
        check("<999>x", "-|-|||||[]|<999>x");
        check("<0>", "0|-|||||[]|");
        check(
            "<30>2026-03-01T12:00:03.123456+00:00 web-1 app[1]: iso",
            "6|2026-03-01T12:00:03.123Z|web-1|app|1||[]|iso",
        );
        check(
            "<187>4711: *Mar  1 18:46:11.123 UTC: %LINK-3-UPDOWN: Gi0/1 is down",
            "3|None 3/1 18:46:11||LINK-3-UPDOWN|||[]|Gi0/1 is down",
        );
        check(
            "<187>4711: router-7: *Mar  1 18:46:11: %LINK-3-UPDOWN: Gi0/1 is down",
            "3|None 3/1 18:46:11|router-7|LINK-3-UPDOWN|||[]|Gi0/1 is down",
        );
        check(
            "<187>: 2026 Mar  1 18:46:11 UTC: %ETHPORT-5-IF_DOWN: Ethernet1/1 is down",
            "3|Some(2026) 3/1 18:46:11||ETHPORT-5-IF_DOWN|||[]|Ethernet1/1 is down",
        );
        check(
            "<164>Mar 01 2026 18:46:11 fw-1 : %ASA-4-106023: Deny tcp",
            "4|Some(2026) 3/1 18:46:11|fw-1|ASA-4-106023|||[]|Deny tcp",
        );
        check(
            "<164>Mar 01 2026 18:46:11: %ASA-4-106023: Deny tcp",
            "4|Some(2026) 3/1 18:46:11||ASA-4-106023|||[]|Deny tcp",
        );
        check(
            "<13>Feb 29 08:00:00 10.0.0.7 http://x is slow",
            "5|None 2/29 8:0:0|10.0.0.7||||[]|http://x is slow",
        );
        check("\0", "-|-|||||[]|");
    }
}
