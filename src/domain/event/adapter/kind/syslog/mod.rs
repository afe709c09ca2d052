//! syslog: from the severity `err` on, one alert for each host, program and kind of message.
//!
//! syslog knows no "it is over". What a rule with `clear` finds ends when that is said; everything
//! else ends when it has not been said again for a while. Messages below `err` that no rule knows
//! are counted, and that is all.

mod message;

use std::borrow::Cow;

use jiff::civil;
use jiff::tz::TimeZone;

use crate::domain::event::adapter::draft::{self, Draft};
use crate::domain::event::adapter::rule::{self, TextRule};
use crate::domain::event::adapter::{Context, Read, Unreadable, clip};
use crate::domain::value::{Labels, Severity, Span, Timestamp};
use message::{Message, Stamp};

/// The word for `type` in the configuration.
pub const NAME: &str = "syslog";

/// The severities of RFC 5424, 6.2.1, by their numbers, and what they mean here.
pub const LEVELS: [(&str, Severity); 8] = [
    ("emerg", Severity::Critical),
    ("alert", Severity::Critical),
    ("crit", Severity::Critical),
    ("err", Severity::High),
    ("warning", Severity::Warning),
    ("notice", Severity::Info),
    ("info", Severity::Info),
    ("debug", Severity::Info),
];

/// The facilities of RFC 5424, 6.2.1, by their numbers.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// A message without a priority is `notice` (RFC 3164, 4.3.3).
const LEVEL_UNSAID: u8 = 5;

/// Structured data that describes the sending, not the condition.
const ABOUT_SENDING: [&str; 3] = ["timeQuality", "origin", "meta"];

/// Parameters that become labels; the others become annotations.
const PARAM_LABELS_MAX: usize = 24;

/// So much of a kind of message tells it from others.
const TEMPLATE_CHARS_MAX: usize = 160;

/// A message without a year may lie ahead by this much: zones and clocks that run ahead.
const AHEAD_MAX: Span = Span::hours(24);

/// What a source of this type is told by its configuration.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The first that fits decides.
    pub rules: Vec<TextRule>,
    /// The least bad of [`LEVELS`] that makes an alert without a rule; a place in that list.
    pub level_max: u8,
    /// How long a message counts that no rule knows.
    pub lease: Span,
    /// The zone of times that name none.
    pub zone: TimeZone,
}

impl Default for Rules {
    /// An hour: what fails for good says so again within it, and nobody is kept from sleep by what
    /// happened once.
    fn default() -> Self {
        Self { rules: Vec::new(), level_max: 3, lease: Span::hours(1), zone: TimeZone::UTC }
    }
}

/// Reads messages, one a line.
///
/// # Errors
/// When there are too many.
pub fn read(rules: &Rules, body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut read = Read::default();
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    for (at, line) in lines.enumerate() {
        if at == context.limits.events_max {
            return Err(Unreadable::TooMany { max: at });
        }
        read_frame(rules, line, "", at, context, &mut read);
    }
    if read.counted > 0 {
        let level = LEVELS[usize::from(rules.level_max)].0;
        let what = format!("{} messages below `{level}` that no rule knows: counted", read.counted);
        read.note(None, what);
    }
    Ok(read)
}

/// Reads one message. `peer` is the host that it came from, which counts where the message names
/// none; `at` its place among those that are read together.
pub fn read_frame(
    rules: &Rules,
    frame: &[u8],
    peer: &str,
    at: usize,
    context: &Context,
    read: &mut Read,
) {
    let text = message::decode(frame);
    let message = message::parse(&text);
    let level = message.severity.unwrap_or(LEVEL_UNSAID);
    let (word, meaning) = LEVELS[usize::from(level)];
    let facility = message.facility.and_then(|number| FACILITIES.get(usize::from(number)));
    let facility = facility.copied().unwrap_or_default();
    let host = if message.host.is_empty() { peer } else { message.host };
    let field = |name: &str| match name {
        "host" => host,
        "app" => message.app,
        "facility" => facility,
        "msgid" => message.id,
        "level" => word,
        _ => "",
    };
    let found = rule::judge(&rules.rules, message.text, field);
    let counted = match &found {
        Some(found) => found.rule.ignore,
        None => level > rules.level_max,
    };
    if counted {
        read.counted += 1;
        return;
    }
    if message.text.trim().is_empty() && message.id.is_empty() && message.app.is_empty() {
        read.note(at, format!("a message of severity `{word}` that says nothing"));
        return;
    }

    let app = if message.app.is_empty() { NAME } else { message.app };
    let place = [
        ("alertname", if message.id.is_empty() { app } else { message.id }),
        ("instance", host),
        ("app", message.app),
        ("facility", facility),
    ];
    // What no rule knows is known by its kind, and is as bad as it says.
    let unknown = found.is_none().then(|| {
        let kind = rule::template(message.text, TEMPLATE_CHARS_MAX);
        (kind, draft::severity(context, word, Some(meaning)))
    });
    let (said, kind) = match &unknown {
        Some((kind, (severity, said))) => (*said, vec![("template", kind.as_str()), *severity]),
        None => (None, Vec::new()),
    };
    let (labels, annotations) = pairs(&message, context);
    let over = texts(&message, context).into_iter().chain(said);
    let over = over.map(|(name, value)| (Cow::Borrowed(name), value));
    let mut draft = Draft {
        labels: Labels::new(labels.chain(place).chain(kind)),
        annotations: Labels::new(annotations.into_iter().chain(over)),
        ..Draft::default()
    };
    if let Some(found) = found {
        draft.key = found.key(host);
        found.apply(&mut draft, context, (word, Some(meaning)));
    } else if let Some((kind, _)) = &unknown {
        draft.key = [host, message.app, message.id, kind].join("/");
        draft.lease = Some(rules.lease);
    }
    draft.starts_at = instant(&message.at, &rules.zone, context.now);
    draft.finish(at, context, read);
}

/// A text under a name that may be made of two.
type Named<'a> = (Cow<'a, str>, &'a str);

/// Structured data: what tells conditions apart is a label under its own name.
fn pairs<'a>(
    message: &'a Message,
    context: &Context,
) -> (impl Iterator<Item = (&'a str, &'a str)>, Vec<Named<'a>>) {
    let limits = context.limits;
    let (label_max, note_max) = (limits.label_value_bytes_max, limits.annotation_value_bytes_max);
    let name_max = limits.label_name_bytes_max;
    let named = move |name: &str| !name.is_empty() && name.len() <= name_max;
    let params = message.params.iter().filter(|(_, name, _)| named(name));
    let (about, mut of_it): (Vec<_>, Vec<_>) =
        params.partition(|(id, ..)| ABOUT_SENDING.contains(id));
    let rest = of_it.split_off(of_it.len().min(PARAM_LABELS_MAX));
    let labels = of_it.into_iter().map(move |(_, name, value)| (*name, clip(value, label_max)));
    let rest = rest
        .into_iter()
        .chain(about)
        .map(|(id, name, value)| (Cow::Owned(format!("{id}.{name}")), clip(value, note_max)));
    let rest = rest.filter(|(name, _)| named(name)).take(PARAM_LABELS_MAX);
    (labels, rest.collect())
}

/// The first line for a look, all of it for a read.
fn texts<'a>(message: &Message<'a>, context: &Context) -> [(&'static str, &'a str); 3] {
    const SUMMARY_BYTES_MAX: usize = 240;
    let text = clip(message.text.trim(), context.limits.annotation_value_bytes_max);
    let line = text.lines().next().unwrap_or_default();
    let summary = clip(line, SUMMARY_BYTES_MAX);
    let description = if summary.len() < text.len() { text } else { "" };
    [("summary", summary), ("description", description), ("process", message.process)]
}

/// A time without a year lies in the year that makes it the latest one that is not ahead.
fn instant(stamp: &Stamp, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let (year, month, day, hour, minute, second) = match *stamp {
        Stamp::None => return None,
        Stamp::At(at) => return Some(at),
        Stamp::Civil { year, month, day, hour, minute, second } => {
            (year, month, day, hour, minute, second)
        }
    };
    let here = jiff::Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone()).year();
    let years = match year {
        Some(year) => [year, year, year],
        None => [here.saturating_add(1), here, here.saturating_sub(1)],
    };
    let instants = years.into_iter().filter_map(|year| {
        // A leap second is the second before it.
        let time = civil::DateTime::new(year, month, day, hour, minute, second.min(59), 0).ok()?;
        let zoned = zone.to_ambiguous_zoned(time).compatible().ok()?;
        Some(Timestamp(zoned.timestamp().as_millisecond()))
    });
    let mut instants = instants.filter(|at| year.is_some() || *at <= now + AHEAD_MAX);
    instants.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_year_is_the_latest_that_is_not_ahead() {
        let check = |now: &str, (month, day, hour): (i8, i8, i8), zone: &str, expected: &str| {
            let stamp = Stamp::Civil { year: None, month, day, hour, minute: 59, second: 60 };
            let zone = TimeZone::get(zone).unwrap();
            let at = instant(&stamp, &zone, now.parse().unwrap()).map(|at| at.to_string());
            assert_eq!(at.unwrap_or_default(), expected);
        };
        check("2026-01-01T00:00:10Z", (12, 31, 23), "UTC", "2025-12-31T23:59:59.000Z");
        check("2025-12-31T23:00:00Z", (1, 1, 0), "Europe/Berlin", "2025-12-31T23:59:59.000Z");
        check("2026-03-01T12:00:00Z", (2, 28, 11), "UTC", "2026-02-28T11:59:59.000Z");
        check("2024-03-01T12:00:00Z", (2, 29, 11), "UTC", "2024-02-29T11:59:59.000Z");
        check("2026-03-01T12:00:00Z", (2, 30, 11), "UTC", "");
    }
}
