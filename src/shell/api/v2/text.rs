//! JSON by hand, for what is written a hundred thousand times an answer.

use crate::domain::value::bytes::{is_plain_but_quotes, is_plain_json};
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

/// Names and values on their way into an object.
pub(super) struct Pairs<'a> {
    out: &'a mut Vec<u8>,
    /// Whether each text is looked into for what needs an escape.
    escapes: bool,
    names: usize,
}

/// Writes what stands between the braces of an object. `write` may be asked twice: hardly any text
/// needs an escape, so all of them are looked at together once they are there.
pub(super) fn pairs(out: &mut Vec<u8>, write: impl Fn(&mut Pairs<'_>)) {
    let start = out.len();
    let names = written(out, false, &write);
    if !is_plain_but_quotes(&out[start..], QUOTES_PER_PAIR * names) {
        out.truncate(start);
        written(out, true, &write);
    }
}

/// Around the name, and around the value.
const QUOTES_PER_PAIR: usize = 4;

fn written(out: &mut Vec<u8>, escapes: bool, write: &impl Fn(&mut Pairs<'_>)) -> usize {
    let mut pairs = Pairs { out, escapes, names: 0 };
    write(&mut pairs);
    if pairs.names > 0 {
        pairs.out.push(b'"');
    }
    pairs.names
}

impl Pairs<'_> {
    /// Begins the next pair.
    pub(super) fn name(&mut self, name: &str) {
        let before: &[u8] = if self.names > 0 { b"\",\"" } else { b"\"" };
        self.out.extend_from_slice(before);
        self.value(name.as_bytes());
        self.out.extend_from_slice(b"\":\"");
        self.names += 1;
    }

    /// Writes the value of the pair, or the next piece of it.
    pub(super) fn value(&mut self, piece: &[u8]) {
        if self.escapes {
            escaped(self.out, piece);
        } else {
            self.out.extend_from_slice(piece);
        }
    }
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
            let (half, rest) = text.split_at(text.len() / 2 / 4 * 4);
            let mut out = vec![b'{'];
            pairs(&mut out, |pairs| {
                pairs.name("plain");
                pairs.name(text);
                pairs.value(half.as_bytes());
                pairs.value(rest.as_bytes());
            });
            out.push(b'}');
            let expected = serde_json::json!({"plain": "", text: text});
            assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap(), expected);
        }
        let mut out = Vec::new();
        pairs(&mut out, |_| {});
        assert_eq!(out, b"");
        let mut out = Vec::new();
        hex(&mut out, Fingerprint(0x0123_4567_89ab_cdef));
        assert_eq!(out, b"0123456789abcdef");
    }
}
