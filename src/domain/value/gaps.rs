//! Texts as patterns with gaps: what a rule says of a thousand alerts differs in a few words.
//!
//! `Disk of host-7 is 93% full` becomes the pattern `Disk of ␀ is ␀ full`, which the alerts of the
//! rule share, and two gaps. What stands in a gap is mostly a label's value or how it begins.

use memchr::{memchr, memchr_iter};

/// Stands in a pattern for a gap.
pub const GAP: char = '\0';

/// Marks a word that a label's value begins with: so much and the label's place, then a byte with
/// the length. Lower is the length of a word that follows.
const LABEL: u8 = 0xC0;

/// Labels that can be referred to.
const LABELS_MAX: usize = 63;

/// Marks a word that is too long for one byte: 4 bytes of length follow.
const LONG: u8 = 0xFF;

/// Shorter words cost no more than what would refer to them.
const WORD_BYTES_MIN: usize = 3;

/// Makes a pattern of a text and packs what stands in its gaps behind what is in `gaps`. `values`
/// are the label values that a gap may refer to.
pub fn split(text: &str, values: &[&str], gaps: &mut Vec<u8>) -> String {
    if text.contains(GAP) {
        put(text, &[], gaps);
        return GAP.to_string();
    }
    let lengths = values.iter().fold(0, |lengths, value| lengths | length_bit(value));
    let varies = |word: &str, kinds: u8| {
        let known = || word.len() >= WORD_BYTES_MIN && values.contains(&word);
        kinds & DIGIT != 0 || (lengths & length_bit(word) != 0 && known())
    };
    let bytes = text.as_bytes();
    let mut pattern = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        let (start, mut kinds) = (at, BETWEEN);
        while let Some(byte) = bytes.get(at)
            && KINDS[usize::from(*byte)] != BETWEEN
        {
            kinds |= KINDS[usize::from(*byte)];
            at += 1;
        }
        let word = &text[start..at];
        if varies(word, kinds) {
            pattern.push_str(&text[copied..start]);
            pattern.push(GAP);
            put(word, values, gaps);
            copied = at;
        }
        at += 1;
    }
    pattern.push_str(&text[copied..]);
    pattern
}

/// Packs a text that is not to be looked into: it is its own pattern.
pub fn whole(text: &str, gaps: &mut Vec<u8>) -> String {
    if text.contains(GAP) { split(text, &[], gaps) } else { text.to_owned() }
}

/// Tells whether a text has this pattern, and then packs what stands in its gaps as [`split`] does.
pub fn fits(pattern: &[u8], text: &str, values: &[&str], gaps: &mut Vec<u8>) -> bool {
    let packed = gaps.len();
    let fits = fits_piecewise(pattern, text, values, gaps);
    if !fits {
        gaps.truncate(packed);
    }
    fits
}

fn fits_piecewise(mut pattern: &[u8], mut text: &str, values: &[&str], gaps: &mut Vec<u8>) -> bool {
    while let Some(gap) = memchr(GAP as u8, pattern) {
        let (literal, rest) = pattern.split_at(gap);
        pattern = &rest[1..];
        if !text.as_bytes().starts_with(literal) {
            return false;
        }
        let Some(behind) = text.get(gap..) else { return false };
        let word = behind.bytes().take_while(|byte| KINDS[usize::from(*byte)] != BETWEEN).count();
        if word == 0 {
            return false;
        }
        let (word, behind) = behind.split_at(word);
        put(word, values, gaps);
        text = behind;
    }
    text.as_bytes() == pattern
}

/// Shows the text of a pattern, as bytes and piece by piece, and returns the gaps that are left.
pub fn fill<'a>(
    mut pattern: &'a [u8],
    mut gaps: &'a [u8],
    value: impl Fn(usize) -> &'a [u8],
    mut add: impl FnMut(&'a [u8]),
) -> &'a [u8] {
    while let Some(gap) = memchr(GAP as u8, pattern) {
        add(&pattern[..gap]);
        let (word, rest) = take(gaps, &value);
        add(word);
        (pattern, gaps) = (&pattern[gap + 1..], rest);
    }
    add(pattern);
    gaps
}

/// The gaps that are left behind those of a pattern.
pub fn skip<'a>(pattern: &[u8], mut gaps: &'a [u8]) -> &'a [u8] {
    for _ in memchr_iter(GAP as u8, pattern) {
        (_, gaps) = take(gaps, &|_| &[]);
    }
    gaps
}

/// What a byte is to a word. Words with digits tell one alert from another, and so do those that
/// labels have, too. What is not ASCII is taken for letters, so that words end where characters do.
const KINDS: [u8; 256] = {
    let mut kinds = [BETWEEN; 256];
    let mut byte = 0_u8;
    loop {
        kinds[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => LETTER,
            // Parts of names of hosts, of paths, of numbers and of addresses.
            byte if is_in_word(byte) => LETTER,
            _ => BETWEEN,
        };
        if byte == u8::MAX {
            break kinds;
        }
        byte += 1;
    }
};

const fn is_in_word(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'%' | b'+' | b'@')
}

const BETWEEN: u8 = 0;
const LETTER: u8 = 1;
const DIGIT: u8 = 2;

/// A bit for the length of a text; long ones share the last.
fn length_bit(text: &str) -> u64 {
    1 << text.len().min(63)
}

fn put(word: &str, values: &[&str], gaps: &mut Vec<u8>) {
    let first = word.as_bytes().first();
    let begins = |value: &&str| value.as_bytes().first() == first && value.starts_with(word);
    let label = values.iter().take(LABELS_MAX).position(begins);
    let label = label.and_then(|place| u8::try_from(place).ok());
    let length = u8::try_from(word.len()).ok();
    match (label, length) {
        (Some(place), Some(length)) if word.len() >= WORD_BYTES_MIN => {
            gaps.extend([LABEL + place, length]);
            return;
        }
        (_, Some(length)) if length < LABEL => gaps.push(length),
        _ => {
            let length = u32::try_from(word.len()).expect("bodies are limited far below 4 GiB");
            gaps.push(LONG);
            gaps.extend(length.to_le_bytes());
        }
    }
    gaps.extend(word.as_bytes());
}

/// What stands in the next gap, and the gaps behind it.
fn take<'a>(gaps: &'a [u8], value: &impl Fn(usize) -> &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let Some((&mark, rest)) = gaps.split_first() else { return (&[], gaps) };
    let (length, rest) = match mark {
        LONG => {
            let Some((length, rest)) = rest.split_first_chunk() else { return (&[], &[]) };
            (u32::from_le_bytes(*length) as usize, rest)
        }
        LABEL.. => {
            let Some((&length, rest)) = rest.split_first() else { return (&[], &[]) };
            let value = value(usize::from(mark - LABEL));
            return (value.get(..usize::from(length)).unwrap_or_default(), rest);
        }
        length => (usize::from(length), rest),
    };
    rest.split_at_checked(length).unwrap_or((&[], &[]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALUES: [&str; 3] = ["host-7.example.org:9100", "critical", "Zürich-1"];

    fn again(text: &str) -> (String, usize, String) {
        let mut gaps = b"before".to_vec();
        let pattern = split(text, &VALUES, &mut gaps);
        let mut filled = Vec::new();
        let value = |place: usize| VALUES[place].as_bytes();
        let left = fill(pattern.as_bytes(), &gaps[6..], value, |piece| filled.extend(piece));
        assert!(left.is_empty() && skip(pattern.as_bytes(), &gaps[6..]).is_empty(), "{text}");
        let mut same = b"before".to_vec();
        let fits = fits(pattern.as_bytes(), text, &VALUES, &mut same);
        assert_eq!(fits, !text.contains('\0'), "{text}");
        assert!(!fits || same == gaps, "{text}");
        (pattern.replace('\0', "_"), gaps.len() - 6, String::from_utf8(filled).unwrap())
    }

    #[test]
    fn what_tells_alerts_apart_stands_in_the_gaps() {
        let long = "9".repeat(300);
        for (text, pattern, bytes) in [
            ("", "", 0),
            ("It is down.", "It is down.", 0),
            ("Disk of host-7 is 93% full", "Disk of _ is _ full", 2 + 4),
            ("`host-7.example.org:9100` (critical) in Zürich-1!", "`_` (_) in _!", 6),
            ("7", "_", 2),
            (&long, "_", 1 + 4 + 300),
            ("a\0b", "_", 1 + 3),
        ] {
            assert_eq!(again(text), (pattern.to_owned(), bytes, text.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_out_as_it_went_in(text in "(?s).{0,80}", other in "[a-z0-9 :é\0]{0,40}") {
            prop_assert_eq!(again(&text).2, text);
            prop_assert_eq!(again(&other).2, other);
        }

        #[test]
        fn a_text_comes_out_of_whatever_pattern_it_fits(
            one in "(Disk |of |host-[0-9]|critical|[0-9]%|é| |\0){0,6}",
            two in "(Disk |of |host-[0-9]|critical|[0-9]%|é| |\0){0,6}",
        ) {
            let mut gaps = Vec::new();
            let pattern = split(&one, &VALUES, &mut gaps);
            gaps.clear();
            if fits(pattern.as_bytes(), &two, &VALUES, &mut gaps) {
                let mut filled = Vec::new();
                let value = |place: usize| VALUES[place].as_bytes();
                fill(pattern.as_bytes(), &gaps, value, |piece| filled.extend(piece));
                prop_assert_eq!(String::from_utf8(filled).unwrap(), two);
            }
        }
    }

    #[test]
    fn a_text_of_another_pattern_does_not_fit_and_leaves_nothing() {
        let mut gaps = b"before".to_vec();
        let pattern = split("Disk of host-7 is 93% full", &VALUES, &mut gaps);
        gaps.truncate(6);
        let mut check = |text: &str, expected: bool| {
            let fits = fits(pattern.as_bytes(), text, &VALUES, &mut gaps);
            assert_eq!((fits, gaps.len() > 6), (expected, expected), "{text}");
            gaps.truncate(6);
        };
        check("Disk of db is 7% full", true);
        check("Disk of Zürich-1 is half full", true);
        check("Disk of db is 7% full!", false);
        check("Disk of db is 7%", false);
        check("Disk of  is 7% full", false);
        check("Disk of db was 7% full", false);
        check("Disk of \0 is 7% full", false);
        check("", false);
    }

    #[test]
    fn gaps_that_are_cut_short_are_empty() {
        for gaps in [&b""[..], b"\x05abc", b"\xff\x01", b"\xc1", b"\xc1\xff"] {
            let mut filled: Vec<u8> = Vec::new();
            fill(b"a\0b", gaps, |_| b"v", |piece| filled.extend(piece));
            assert_eq!(filled, b"ab");
        }
    }
}
