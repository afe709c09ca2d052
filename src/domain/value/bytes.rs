//! Looks at the bytes of texts eight at a time: most are too short for anything grander.

const ONES: u64 = u64::MAX / 0xff;
const TOPS: u64 = ONES << 7;

/// Where the first of two bytes stands.
#[inline]
pub(crate) fn find_either(bytes: &[u8], one: u8, other: u8) -> Option<usize> {
    let (words, rest) = bytes.as_chunks();
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = places_of(word, one) | places_of(word, other);
        if found != 0 {
            return Some(place * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let place = rest.iter().position(|byte| *byte == one || *byte == other)?;
    Some(words.len() * 8 + place)
}

/// Tells whether bytes of a text stand for themselves in JSON: no control character, no quote, no
/// backslash.
#[inline]
pub(crate) fn is_plain_json(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks();
    let mut found = 0;
    for word in words {
        found |= escapes_in(u64::from_le_bytes(*word));
    }
    if rest.is_empty() || found != 0 {
        return found == 0;
    }
    // Some bytes are looked at twice: cheaper than one by one.
    if let Some(last) = bytes.last_chunk() {
        return escapes_in(u64::from_le_bytes(*last)) == 0;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let both = [u32::from_le_bytes(*first), u32::from_le_bytes(*last)].map(u64::from);
        return escapes_in(both[0] | both[1] << 32) == 0;
    }
    bytes.iter().all(|byte| *byte >= b' ' && *byte != b'"' && *byte != b'\\')
}

/// Tells whether JSON text has just so many quotes, no control character and no backslash.
pub(crate) fn is_plain_but_quotes(bytes: &[u8], quotes: usize) -> bool {
    // In lanes of a byte, which a processor adds up many at a time, and before they run over.
    let mut found = 0;
    for lane in bytes.chunks(u8::MAX as usize) {
        let (mut count, mut other) = (0_u8, false);
        for byte in lane {
            count += u8::from(*byte == b'"');
            other |= *byte < b' ' || *byte == b'\\';
        }
        if other {
            return false;
        }
        found += usize::from(count);
    }
    found == quotes
}

/// Not zero if one of eight bytes needs an escape.
#[inline]
fn escapes_in(word: u64) -> u64 {
    below(word, b' ') | places_of(word, b'"') | places_of(word, b'\\')
}

/// The highest bit of each of eight bytes that is this one. Those behind the first may err.
#[inline]
fn places_of(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * u64::from(byte)), 1)
}

/// The highest bit of each of eight bytes that is less than a limit of at most 128. Those behind
/// the first may err.
#[inline]
fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(limit)) & !word & TOPS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn eight_at_a_time_see_what_one_by_one_sees(
            bytes in prop::collection::vec(
                prop_oneof![8 => Just(b'a'), 1 => any::<u8>(), 1 => Just(b'"'), 1 => Just(0x1f)],
                0..40,
            ),
        ) {
            let expected = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(find_either(&bytes, b'"', b'\\'), expected);
            let plain = bytes.iter().all(|byte| *byte >= b' ' && !matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(is_plain_json(&bytes), plain);
            let quotes = memchr::memchr_iter(b'"', &bytes).count();
            let other = bytes.iter().any(|byte| *byte < b' ' || *byte == b'\\');
            prop_assert_eq!(is_plain_but_quotes(&bytes, quotes), !other);
            prop_assert!(!is_plain_but_quotes(&bytes, quotes + 1));
        }
    }
}
