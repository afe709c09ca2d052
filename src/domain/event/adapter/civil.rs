//! Dates as they stand on a wall: of senders who write the time of their own zone without saying
//! which zone that is. The query of the hook's URL does: `?timezone=Europe/Berlin`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::draft::Draft;
use super::{Context, instant};
use crate::domain::value::Timestamp;

/// The name in the query.
const QUERY: &str = "timezone";

impl Draft {
    /// Reads `2026-03-01 12:00:00`, also with dots or slashes in the date, in the zone that the
    /// text says, or else the URL. Without a zone it may be hours off, and counts as none.
    pub(super) fn local(&mut self, what: &str, text: &str, context: &Context) -> Option<Timestamp> {
        let named = || {
            let query = context.head.query();
            query.into_iter().find(|(name, _)| name == QUERY).map(|(_, zone)| zone)
        };
        match parse(text, named) {
            Ok(at) => at,
            Err(why) => {
                self.notes.push(format!("{what}: {why}; the time of arrival counts"));
                None
            }
        }
    }
}

fn parse(text: &str, zone: impl Fn() -> Option<String>) -> Result<Option<Timestamp>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let start: String = text.chars().take(64).collect();
    let unreadable = || format!("`{start}` is not a date and time");
    let (date, time) = text.split_at_checked(10).ok_or_else(unreadable)?;
    let date = date.replace(['.', '/'], "-");
    if time.contains(['Z', '+', '-']) {
        let time = time.trim().replace(' ', "");
        let time = time.strip_prefix('T').unwrap_or(&time);
        return instant::parse(&format!("{date}T{time}")).map(Some).ok_or_else(unreadable);
    }
    let civil: DateTime = format!("{date}{time}").parse().map_err(|_| unreadable())?;
    let Some(zone) = zone() else {
        return Err(format!("`{start}` says no zone, and the URL has no `?{QUERY}=Area/City`"));
    };
    let zone = TimeZone::get(&zone).map_err(|_| format!("there is no time zone `{zone}`"))?;
    let at = civil.to_zoned(zone).map_err(|_| unreadable())?;
    Ok(Some(Timestamp(at.timestamp().as_millisecond())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_zone_of_the_sender() {
        let check = |text: &str, zone: &str, expected: &str| {
            let zone = || Some(zone.to_owned()).filter(|zone| !zone.is_empty());
            let read = match parse(text, zone) {
                Ok(at) => at.map_or("none".to_owned(), Timestamp::rfc3339),
                Err(why) => why,
            };
            assert_eq!(read, expected, "{text}");
        };
        check("2026.03.01 12:00:00", "Europe/Berlin", "2026-03-01T11:00:00.000Z");
        check("2026-07-01 12:00:00.25", "Europe/Berlin", "2026-07-01T10:00:00.250Z");
        check("2026/03/01 12:00", "UTC", "2026-03-01T12:00:00.000Z");
        check("2026-03-01 12:00:00 +0100", "", "2026-03-01T11:00:00.000Z");
        check("2026-03-01T12:00:00-01:00", "", "2026-03-01T13:00:00.000Z");
        check("2026-03-01T12:00:00Z", "Europe/Berlin", "2026-03-01T12:00:00.000Z");
        check("", "", "none");
        check("soon", "", "`soon` is not a date and time");
        check(
            "Sun Mar  1 12:00:00 UTC 2026",
            "",
            "`Sun Mar  1 12:00:00 UTC 2026` is not a date and time",
        );
        check("2026-03-01 12:00:00", "Mars", "there is no time zone `Mars`");
        check(
            "2026-03-01 12:00:00",
            "",
            "`2026-03-01 12:00:00` says no zone, and the URL has no `?timezone=Area/City`",
        );
    }
}
