//! Go's durations: Alertmanager reads a few of its fields with Go's own reader.

use crate::domain::value::Span;

const UNITS_MS: [(&str, f64); 7] = [
    ("ns", 1e-6),
    ("us", 1e-3),
    ("µs", 1e-3),
    ("ms", 1.0),
    ("s", 1e3),
    ("m", 60e3),
    ("h", 3_600e3),
];

/// Longer than this is longer than Go can say.
const SPAN_MS_MAX: f64 = 9_223_372_036_854.0;

/// Reads a duration as Prometheus writes it (`1h30m`), or else as Go does (`1.5s`).
pub fn parse(text: &str) -> Option<Span> {
    text.parse().ok().or_else(|| go(text))
}

fn go(text: &str) -> Option<Span> {
    let mut rest = text;
    let mut total_ms = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, ms) = UNITS_MS.iter().find(|(name, _)| *name == unit)?;
        total_ms += number.parse::<f64>().ok()? * ms;
        rest = tail;
    }
    if text.is_empty() || total_ms > SPAN_MS_MAX {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and a limit far below 2^53; parts of a millisecond are dropped"
    )]
    Some(Span(total_ms as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_are_read() {
        for (text, expected) in [
            ("5m", Some(300_000)),
            ("1d", Some(86_400_000)),
            ("1.5s", Some(1_500)),
            ("2m1h", Some(3_720_000)),
            ("250us", Some(0)),
            ("0", Some(0)),
            ("", None),
            ("-1s", None),
            ("5", None),
            ("1.2.3s", None),
            ("99999999999h", None),
        ] {
            assert_eq!(parse(text), expected.map(Span), "{text}");
        }
    }
}
