//! JSON by hand, for what is written a hundred thousand times an answer.

use crate::domain::value::bytes::is_plain_json;
use crate::domain::value::{Fingerprint, Timestamp};

const DAY_MS: i64 = 86_400_000;

/// The first instant with a year of five digits.
const FIVE_DIGITS_MS: i64 = 253_402_300_800_000;

/// Days remembered at a time.
const DAYS: usize = 8;

/// Writes a text with its quotes.
pub(super) fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text.as_bytes());
    out.push(b'"');
}

/// Writes a piece of a text, without quotes.
pub(super) fn escaped(out: &mut Vec<u8>, text: &[u8]) {
    if is_plain_json(text) {
        out.extend_from_slice(text);
        return;
    }
    let text = String::from_utf8_lossy(text);
    let quoted = serde_json::to_vec(&text).expect("texts are plain JSON");
    out.extend_from_slice(&quoted[1..quoted.len() - 1]);
}

/// Writes a fingerprint in hexadecimal.
pub(super) fn hex(out: &mut Vec<u8>, fingerprint: Fingerprint) {
    let digits: [[u8; 2]; 8] = fingerprint.0.to_be_bytes().map(|byte| [byte >> 4, byte & 0xf]);
    out.extend(digits.as_flattened().iter().map(|digit| b"0123456789abcdef"[usize::from(*digit)]));
}

/// Writes instants as RFC 3339. Days are remembered: a calendar costs more than all else of an
/// alert.
#[derive(Debug, Default)]
pub(super) struct Days {
    known: [Option<(i64, [u8; 10])>; DAYS],
}

impl Days {
    /// Writes an instant in UTC with three decimals.
    pub(super) fn instant(&mut self, out: &mut Vec<u8>, at: Timestamp) {
        let Some(date) = self.date(at) else {
            out.extend_from_slice(at.rfc3339().as_bytes());
            return;
        };
        let ms = at.0.rem_euclid(DAY_MS);
        let digit = |of: i64| b'0' + u8::try_from(of % 10).unwrap_or_default();
        let two = |mark: u8, of: i64| [mark, digit(of / 10), digit(of)];
        out.extend_from_slice(&date);
        out.extend_from_slice(&two(b'T', ms / 3_600_000));
        out.extend_from_slice(&two(b':', ms / 60_000 % 60));
        out.extend_from_slice(&two(b':', ms / 1_000 % 60));
        out.extend_from_slice(&[b'.', digit(ms / 100), digit(ms / 10), digit(ms), b'Z']);
    }

    /// The day of an instant, if its year has four digits.
    fn date(&mut self, at: Timestamp) -> Option<[u8; 10]> {
        if !(0..FIVE_DIGITS_MS).contains(&at.0) {
            return None;
        }
        let day = at.0 / DAY_MS;
        let slot = &mut self.known[usize::try_from(day).ok()? % DAYS];
        if let Some((_, date)) = slot.filter(|(known, _)| *known == day) {
            return Some(date);
        }
        let date = *at.rfc3339().as_bytes().first_chunk()?;
        *slot = Some((day, date));
        Some(date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_everywhere_else() {
        let mut days = Days::default();
        for ms in [
            0,
            1_767_225_599_999,
            1_767_225_600_000,
            1_767_225_600_000 + 8 * DAY_MS + 45_296_789,
            FIVE_DIGITS_MS - 1,
            FIVE_DIGITS_MS,
            -1,
            Timestamp::GO_ZERO.0,
            i64::MAX,
        ] {
            let mut out = Vec::new();
            days.instant(&mut out, Timestamp(ms));
            assert_eq!(String::from_utf8(out).unwrap(), Timestamp(ms).rfc3339());
        }
    }

    #[test]
    fn texts_and_fingerprints_are_valid_json() {
        for text in ["", "plain", "é 🦀", "\"\\\n\u{1}", "half \"plain\""] {
            let mut out = Vec::new();
            quoted(&mut out, text);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
        let mut out = Vec::new();
        hex(&mut out, Fingerprint(0x0123_4567_89ab_cdef));
        assert_eq!(out, b"0123456789abcdef");
    }
}
