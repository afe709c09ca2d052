//! `MessagePack` in which each text stands once, and what it is when every text stands where it
//! belongs.
//!
//! The facts of one value say the same words over and over: names of fields, names and values of
//! labels. A text that came before is a reference to it: to a number, counted from 1 in the order
//! in which texts first came, or, shorter, to the text that follows here as a rule. A text that is
//! new where one was new before mostly differs in a few bytes, and only those are written.
//! `MessagePack` leaves the first of these marks unused, and the others are those of extensions,
//! which facts do not have.

use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use super::PAYLOAD_BYTES_MAX;

/// The text that followed the one before it the last time.
const EXPECTED: u8 = 0xc1;
/// A text by its number, in one byte, two or four.
const NUMBER_1: u8 = 0xd4;
const NUMBER_2: u8 = 0xd5;
const NUMBER_4: u8 = 0xd6;
/// A text like the last new one in its place: how many bytes it begins with in common, and ends
/// with, a byte each, and as a text what stands between them.
const ALIKE: u8 = 0xd7;

/// Less in common is not worth its mark.
const COMMON_BYTES_MIN: usize = 8;

/// Texts are found again by so many slots; one that has lost its slot is written in full again.
const SLOTS: usize = 4_096;

/// The room for texts that is kept from one value to the next, in bytes.
const TEXT_BYTES_KEPT: usize = 1 << 20;

/// Why bytes are not of this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("byte {at} of the payload makes no sense, or what it stands for is over the limit")]
pub struct Senseless {
    /// Where the reader stood.
    pub at: usize,
}

/// Which text follows which. Writer and reader keep one each, and both are told the same.
#[derive(Debug)]
struct Order {
    /// Of each text by its number what followed it. At 0 stands the beginning.
    followers: Vec<Followers>,
    /// The last text that was not new: a new one says nothing about what follows it.
    last: u32,
}

/// The texts that followed one last, or 0.
#[derive(Debug, Clone, Copy, Default)]
struct Followers {
    known: u32,
    new: u32,
}

impl Default for Order {
    fn default() -> Self {
        Self { followers: vec![Followers::default()], last: 0 }
    }
}

impl Order {
    fn clear(&mut self) {
        self.followers.clear();
        self.followers.push(Followers::default());
        self.last = 0;
    }

    /// The texts to be expected here.
    fn expected(&self) -> Followers {
        self.followers[self.last as usize]
    }

    /// A text came again.
    fn again(&mut self, number: u32) {
        self.followers[self.last as usize].known = number;
        self.last = number;
    }

    /// A text came for the first time; this is its number.
    fn first(&mut self) -> u32 {
        let number = u32::try_from(self.followers.len()).expect("payloads are far below 4 GiB");
        self.followers.push(Followers::default());
        self.followers[self.last as usize].new = number;
        number
    }
}

/// The texts that a writer has written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The texts, end to end.
    texts: Vec<u8>,
    /// Where each of them stands, by its number less one.
    places: Vec<Range<usize>>,
    /// By what a text hashes to the number of the last one that did, or 0.
    slots: Vec<u32>,
    order: Order,
}

impl Written {
    /// Forgets everything, but keeps the room.
    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.texts.shrink_to(TEXT_BYTES_KEPT);
        self.places.clear();
        self.slots.clear();
        self.slots.resize(SLOTS, 0);
        self.order.clear();
    }

    /// Appends a text, or a reference to it.
    pub(super) fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        let text = text.as_bytes();
        let expected = self.order.expected();
        if self.get(expected.known) == Some(text) {
            out.push(EXPECTED);
            return self.order.again(expected.known);
        }
        let slot = slot(text);
        let known = self.slots[slot];
        if self.get(known) == Some(text) {
            number(known, out);
            return self.order.again(known);
        }
        let alike = self.get(expected.new).and_then(|other| alike(other, text));
        let rest = match alike {
            Some((begin, end)) => {
                out.extend_from_slice(&[ALIKE, begin, end]);
                &text[usize::from(begin)..text.len() - usize::from(end)]
            }
            None => text,
        };
        head(rest.len(), out);
        out.extend_from_slice(rest);
        let start = self.texts.len();
        self.texts.extend_from_slice(text);
        self.places.push(start..self.texts.len());
        self.slots[slot] = self.order.first();
    }

    fn get(&self, number: u32) -> Option<&[u8]> {
        let place = self.places.get((number as usize).checked_sub(1)?)?;
        Some(&self.texts[place.clone()])
    }
}

/// How many bytes two texts begin and end with in common, if those are enough.
fn alike(one: &[u8], other: &[u8]) -> Option<(u8, u8)> {
    let begin = common_begin(one, other).min(usize::from(u8::MAX));
    let end = common_end(&one[begin..], &other[begin..]).min(usize::from(u8::MAX));
    let pair = (u8::try_from(begin).ok()?, u8::try_from(end).ok()?);
    (begin + end >= COMMON_BYTES_MIN).then_some(pair)
}

/// Bytes that are compared at a time.
const STEP_BYTES: usize = 8;

fn common_begin(one: &[u8], other: &[u8]) -> usize {
    let ((one_steps, _), (other_steps, _)) = (one.as_chunks(), other.as_chunks());
    let steps = one_steps.iter().zip(other_steps);
    let whole = STEP_BYTES * steps.take_while(|(a, b): &(&[u8; STEP_BYTES], _)| a == b).count();
    let rest = one[whole..].iter().zip(&other[whole..]);
    whole + rest.take_while(|(a, b)| a == b).count()
}

fn common_end(one: &[u8], other: &[u8]) -> usize {
    let ((_, one_steps), (_, other_steps)) = (one.as_rchunks(), other.as_rchunks());
    let steps = one_steps.iter().rev().zip(other_steps.iter().rev());
    let whole = STEP_BYTES * steps.take_while(|(a, b): &(&[u8; STEP_BYTES], _)| a == b).count();
    let rest = one[..one.len() - whole].iter().rev().zip(other[..other.len() - whole].iter().rev());
    whole + rest.take_while(|(a, b)| a == b).count()
}

fn slot(text: &[u8]) -> usize {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    hasher.write(text);
    usize::try_from(hasher.finish() % SLOTS as u64).expect("less than their count")
}

fn number(number: u32, out: &mut Vec<u8>) {
    if let Ok(number) = u8::try_from(number) {
        out.extend_from_slice(&[NUMBER_1, number]);
    } else if let Ok(number) = u16::try_from(number) {
        let [high, low] = number.to_be_bytes();
        out.extend_from_slice(&[NUMBER_2, high, low]);
    } else {
        out.push(NUMBER_4);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// Appends what stands before a text of this length.
fn head(length: usize, out: &mut Vec<u8>) {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length), _) if length < 32 => out.push(0xa0 | length),
        (Ok(length), _) => out.extend_from_slice(&[0xd9, length]),
        (_, Ok(length)) => {
            out.push(0xda);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(0xdb);
            let length = u32::try_from(length).expect("payloads are far below 4 GiB");
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
}

/// Puts every text where it belongs: plain `MessagePack`.
///
/// # Errors
/// When the bytes are cut, refer to what was not there, or stand for more than
/// [`PAYLOAD_BYTES_MAX`].
pub fn expand(packed: &[u8]) -> Result<Vec<u8>, Senseless> {
    let mut reader =
        Reader { packed, at: 0, out: Vec::new(), texts: Vec::new(), order: Order::default() };
    while reader.at < packed.len() {
        let at = reader.at;
        reader
            .token()
            .filter(|()| reader.out.len() <= PAYLOAD_BYTES_MAX)
            .ok_or(Senseless { at })?;
    }
    Ok(reader.out)
}

/// A place in what is read, and what was made of it so far.
struct Reader<'a> {
    packed: &'a [u8],
    at: usize,
    out: Vec<u8>,
    /// Where in `out` each text stands, by its number less one.
    texts: Vec<Range<usize>>,
    order: Order,
}

impl Reader<'_> {
    /// Takes one token: a number, a text, or how many follow in a list.
    fn token(&mut self) -> Option<()> {
        let start = self.at;
        let mark = *self.packed.get(start)?;
        self.at += 1;
        match mark {
            EXPECTED => return self.again(self.order.expected().known),
            NUMBER_1 => return self.numbered(1),
            NUMBER_2 => return self.numbered(2),
            NUMBER_4 => return self.numbered(4),
            ALIKE => return self.alike(),
            0xa0..=0xbf | 0xd9..=0xdb => {
                let place = self.text(mark)?;
                return self.new_text(&[self.packed.get(place)?]);
            }
            // Numbers, by the length of them.
            0xcc..=0xcf => self.at += 1 << (mark - 0xcc),
            0xd0..=0xd3 => self.at += 1 << (mark - 0xd0),
            0xca => self.at += 4,
            0xcb => self.at += 8,
            // Bytes.
            0xc4..=0xc6 => self.at = self.sized(1 << (mark - 0xc4))?.end,
            // How many there are in a list or a map.
            0xdc | 0xde => self.at += 2,
            0xdd | 0xdf => self.at += 4,
            // What needs no more than one byte.
            0x00..=0x9f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => {}
            _ => return None,
        }
        self.out.extend_from_slice(self.packed.get(start..self.at)?);
        Some(())
    }

    /// Where a text stands that has this mark.
    fn text(&mut self, mark: u8) -> Option<Range<usize>> {
        let place = match mark {
            0xa0..=0xbf => self.at..self.at + usize::from(mark & 0x1f),
            0xd9..=0xdb => self.sized(1 << (mark - 0xd9))?,
            _ => return None,
        };
        self.at = place.end;
        Some(place)
    }

    /// Appends a text that is new.
    fn new_text(&mut self, parts: &[&[u8]]) -> Option<()> {
        head(parts.iter().map(|part| part.len()).sum(), &mut self.out);
        let start = self.out.len();
        parts.iter().for_each(|part| self.out.extend_from_slice(part));
        self.texts.push(start..self.out.len());
        self.order.first();
        Some(())
    }

    fn alike(&mut self) -> Option<()> {
        let (begin, end) = (self.integer(1)?, self.integer(1)?);
        let mark = self.integer(1).and_then(|mark| u8::try_from(mark).ok())?;
        let place = self.text(mark)?;
        let other = self.known(self.order.expected().new)?;
        let other = self.out[other].to_vec();
        let (begin, end) = (other.get(..begin)?, other.get(other.len().checked_sub(end)?..)?);
        self.new_text(&[begin, self.packed.get(place)?, end])
    }

    fn known(&self, number: u32) -> Option<Range<usize>> {
        self.texts.get((number as usize).checked_sub(1)?).cloned()
    }

    /// Where something stands whose length stands here in so many bytes.
    fn sized(&mut self, bytes: usize) -> Option<Range<usize>> {
        let length = self.integer(bytes)?;
        Some(self.at..self.at.checked_add(length)?)
    }

    fn numbered(&mut self, bytes: usize) -> Option<()> {
        let number = self.integer(bytes)?;
        self.again(u32::try_from(number).ok()?)
    }

    fn integer(&mut self, bytes: usize) -> Option<usize> {
        let end = self.at + bytes;
        let digits = self.packed.get(self.at..end)?;
        self.at = end;
        Some(digits.iter().fold(0, |number, digit| number << 8 | usize::from(*digit)))
    }

    fn again(&mut self, number: u32) -> Option<()> {
        let place = self.known(number)?;
        head(place.len(), &mut self.out);
        self.out.extend_from_within(place);
        self.order.again(number);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(texts: &[&str]) -> Vec<u8> {
        let (mut written, mut out) = (Written::default(), Vec::new());
        written.clear();
        texts.iter().for_each(|text| written.text(text, &mut out));
        out
    }

    #[test]
    fn what_follows_as_a_rule_is_one_byte() {
        let line = ["host", "db-1", "state", "down"];
        let thrice = written(&line.repeat(3));
        let once = written(&line).len();
        assert_eq!(
            &thrice[once..],
            [
                NUMBER_1, 1, NUMBER_1, 2, NUMBER_1, 3, NUMBER_1, 4, NUMBER_1, 1, EXPECTED,
                EXPECTED, EXPECTED,
            ]
        );
        let differing = written(&["host", "a", "up", "host", "b", "up", "host", "c", "up"]);
        assert_eq!(&differing[differing.len() - 3..], &[0xa1, b'c', EXPECTED]);
    }

    #[test]
    fn of_a_text_that_is_like_the_one_before_only_the_difference_is_written() {
        let check = |one: &str, other: &str, expected: &[u8]| {
            let bytes = written(&["text", "text", one, "text", other]);
            let before = written(&["text", "text", one, "text"]).len();
            assert_eq!(&bytes[before..], expected, "{one} and {other}");
        };
        check("Host web-1 is down", "Host web-2 is down", &[ALIKE, 9, 8, 0xa1, b'2']);
        check("Host web-1 is down", "Host web-11 is down", &[ALIKE, 10, 8, 0xa1, b'1']);
        check("Host web-11 is down", "Host web-1 is down", &[ALIKE, 10, 8, 0xa0]);
        check("aaaaaaaaaa", "aaaaaaaaa", &[ALIKE, 9, 0, 0xa0]);
        check("Zürich is down", "Zörich is down", &[ALIKE, 2, 12, 0xa1, 0xb6]);
        check("web-1", "web-2", b"\xa5web-2");
    }

    #[test]
    fn what_is_no_such_payload_is_an_error_that_says_where() {
        let check = |bytes: &[u8], at| assert_eq!(expand(bytes), Err(Senseless { at }));
        check(&[EXPECTED], 0);
        check(&[0x01, NUMBER_1, 0], 1);
        check(&[0xa1, b'x', NUMBER_1, 2], 2);
        check(&[0xa1, b'x', NUMBER_4, 0], 2);
        check(&[0xa2, b'x'], 0);
        check(&[0xdb, 0xff, 0xff, 0xff, 0xff], 0);
        check(&[0xd9], 0);
        check(&[0xc7, 0, 0], 0);
        check(&[0xcf, 0], 0);
        check(&[ALIKE, 0, 0, 0xa0], 0);
        check(&[0xa1, b'x', ALIKE, 2, 0, 0xa0], 2);
        check(&[0xa1, b'x', ALIKE, 0, 2, 0xa0], 2);
        check(&[0xa1, b'x', ALIKE, 0, 0, 0xc0], 2);
        check(&[0xa1, b'x', ALIKE, 0, 0, 0xa1], 2);
    }

    #[test]
    fn a_payload_that_stands_for_too_much_is_refused_before_memory_is_taken() {
        let text = "x".repeat(1 << 16);
        let mut bytes = written(&[&text]);
        bytes.extend([NUMBER_1, 1].repeat(PAYLOAD_BYTES_MAX / text.len()));
        assert!(expand(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn texts_come_out_as_they_went_in(
            texts in prop::collection::vec("[ab]{0,2}|(?s).{0,40}|x{250,270}|[aé]{8,12}|x{9}[0-9]{2}x{9}", 0..200),
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let mut plain = Vec::new();
            for text in &texts {
                head(text.len(), &mut plain);
                plain.extend_from_slice(text.as_bytes());
            }
            prop_assert_eq!(expand(&written(&texts)), Ok(plain));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = expand(&bytes);
        }
    }
}
