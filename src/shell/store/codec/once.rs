//! `MessagePack` in which each text stands once, and what it is when every text stands where it
//! belongs.
//!
//! The facts of one value say the same words over and over: names of fields, names and values of
//! labels. A text that came before is a reference to it: to a number, counted from 1 in the order
//! in which texts first came, or, shorter, to the text that follows here as a rule. `MessagePack`
//! leaves the first of these bytes unused, and the others are extensions, which facts do not have.

use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use super::PAYLOAD_BYTES_MAX;

/// The text that followed the one before it the last time.
pub(super) const EXPECTED: u8 = 0xc1;
/// A text by its number, in one byte, two or four.
pub(super) const NUMBER_1: u8 = 0xd4;
pub(super) const NUMBER_2: u8 = 0xd5;
pub(super) const NUMBER_4: u8 = 0xd6;

/// Texts are found again by so many slots; one that has lost its slot is written in full again.
const SLOTS: usize = 4_096;

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
    /// Of each text by its number the one that followed it last, or 0. At 0 stands the beginning.
    next: Vec<u32>,
    /// The last text that was not new: a new one says nothing about what follows it.
    last: u32,
}

impl Default for Order {
    fn default() -> Self {
        Self { next: vec![0], last: 0 }
    }
}

impl Order {
    fn clear(&mut self) {
        self.next.clear();
        self.next.push(0);
        self.last = 0;
    }

    /// The text to be expected, or 0.
    fn expected(&self) -> u32 {
        self.next[self.last as usize]
    }

    /// A text came again.
    fn again(&mut self, number: u32) {
        self.next[self.last as usize] = number;
        self.last = number;
    }

    /// A text came for the first time; this is its number.
    fn first(&mut self) -> u32 {
        self.next.push(0);
        u32::try_from(self.next.len() - 1).expect("payloads are far below 4 GiB")
    }
}

/// The texts that a writer has written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Where in the output each text stands, by its number less one.
    places: Vec<Range<usize>>,
    /// By what a text hashes to the number of the last one that did, or 0.
    slots: Vec<u32>,
    order: Order,
}

impl Written {
    /// Forgets everything, but keeps the room.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.slots.clear();
        self.slots.resize(SLOTS, 0);
        self.order.clear();
    }

    /// Appends a text, or a reference to it.
    pub(super) fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        let expected = self.order.expected();
        if self.is(expected, text, out) {
            out.push(EXPECTED);
            return self.order.again(expected);
        }
        let slot = slot(text);
        let known = self.slots[slot];
        if self.is(known, text, out) {
            number(known, out);
            return self.order.again(known);
        }
        head(text.len(), out);
        let start = out.len();
        out.extend_from_slice(text.as_bytes());
        self.places.push(start..out.len());
        self.slots[slot] = self.order.first();
    }

    fn is(&self, number: u32, text: &str, out: &[u8]) -> bool {
        let place = (number as usize).checked_sub(1).and_then(|at| self.places.get(at));
        place.is_some_and(|place| out[place.clone()] == *text.as_bytes())
    }
}

fn slot(text: &str) -> usize {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    hasher.write(text.as_bytes());
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
    /// Where in `packed` each text stands with its head, by its number less one.
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
            EXPECTED => return self.again(self.order.expected()),
            NUMBER_1 => return self.numbered(1),
            NUMBER_2 => return self.numbered(2),
            NUMBER_4 => return self.numbered(4),
            // A text, by the length of its length.
            0xa0..=0xbf => self.at += usize::from(mark & 0x1f),
            0xd9..=0xdb => self.at = self.sized(1 << (mark - 0xd9))?,
            // Numbers, by theirs.
            0xcc..=0xcf => self.at += 1 << (mark - 0xcc),
            0xd0..=0xd3 => self.at += 1 << (mark - 0xd0),
            0xca => self.at += 4,
            0xcb => self.at += 8,
            // Bytes.
            0xc4..=0xc6 => self.at = self.sized(1 << (mark - 0xc4))?,
            // How many there are in a list or a map.
            0xdc | 0xde => self.at += 2,
            0xdd | 0xdf => self.at += 4,
            // What needs no more than one byte.
            0x00..=0x9f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => {}
            _ => return None,
        }
        self.out.extend_from_slice(self.packed.get(start..self.at)?);
        if matches!(mark, 0xa0..=0xbf | 0xd9..=0xdb) {
            self.texts.push(start..self.at);
            self.order.first();
        }
        Some(())
    }

    /// Where something ends whose length stands here in so many bytes.
    fn sized(&mut self, bytes: usize) -> Option<usize> {
        let length = self.integer(bytes)?;
        self.at.checked_add(length)
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
        let place = self.texts.get((number as usize).checked_sub(1)?)?;
        self.out.extend_from_slice(self.packed.get(place.clone())?);
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
            texts in prop::collection::vec("[ab]{0,2}|(?s).{0,40}|x{250,270}", 0..200),
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
