//! How a label set is packed: numbers and texts end to end, the numbers as characters, so that all of
//! it is one text.

use std::ops::Range;

/// Numbers from here on take several characters; the last one stands for so much, and more follow.
const MORE: usize = 0x10_F7FF;

/// Characters from here on are moved by [`GAP`], because there are none for halves of pairs in
/// UTF-16.
const GAP_START: usize = 0xD800;
const GAP: usize = 0x800;

/// Shows the characters of a number.
#[inline]
pub(super) fn push_number(mut number: usize, mut push: impl FnMut(char)) {
    while number >= MORE {
        push(char::MAX);
        number -= MORE;
    }
    let code = if number < GAP_START { number } else { number + GAP };
    push(u32::try_from(code).ok().and_then(char::from_u32).unwrap_or_default());
}

/// Bytes that a number takes.
#[inline]
pub(super) fn number_bytes(number: usize) -> usize {
    match number {
        ..0x80 => 1,
        0x80..0x800 => 2,
        // Moved by the gap, what follows it still takes three.
        0x800..0xF800 => 3,
        _ => 4 * (number / MORE) + if number < MORE { 4 } else { number_bytes(number % MORE) },
    }
}

/// The pairs of what claims to be a packed set; nothing if it ends too soon, or not with them.
pub(super) fn read(mut packed: &str) -> Option<Vec<(&str, &str)>> {
    let mut pairs = Vec::new();
    if packed.is_empty() {
        return Some(pairs);
    }
    for _ in 0..read_number(&mut packed)? {
        pairs.push((read_part(&mut packed)?, read_part(&mut packed)?));
    }
    packed.is_empty().then_some(pairs)
}

fn read_part<'a>(packed: &mut &'a str) -> Option<&'a str> {
    let (part, rest) = {
        let length = read_number(packed)?;
        packed.split_at_checked(length)?
    };
    *packed = rest;
    Some(part)
}

fn read_number(packed: &mut &str) -> Option<usize> {
    let mut number = 0;
    loop {
        let character = packed.chars().next()?;
        *packed = &packed[character.len_utf8()..];
        let code = character as usize;
        if character != char::MAX {
            return Some(number + if code < GAP_START { code } else { code - GAP });
        }
        number += MORE;
    }
}

/// Walks over a packed set, and says where its texts stand.
#[derive(Debug, Clone)]
pub(super) struct Parts<'a> {
    text: &'a str,
    at: usize,
    left: usize,
}

impl<'a> Parts<'a> {
    #[inline]
    pub(super) fn new(text: &'a str) -> Self {
        let mut parts = Self { text, at: 0, left: 0 };
        if !text.is_empty() {
            parts.left = parts.number();
        }
        parts
    }

    /// The packed set.
    #[inline]
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// How many pairs are still to come.
    #[inline]
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Where the next name and its value stand.
    #[inline]
    pub(super) fn pair(&mut self) -> Option<(Range<usize>, Range<usize>)> {
        self.left = self.left.checked_sub(1)?;
        Some((self.part(), self.part()))
    }

    #[inline]
    fn part(&mut self) -> Range<usize> {
        let length = self.number();
        let start = self.at;
        self.at += length;
        start..self.at
    }

    #[inline]
    fn number(&mut self) -> usize {
        let byte = self.text.as_bytes()[self.at];
        if byte < 0x80 {
            self.at += 1;
            return usize::from(byte);
        }
        self.long_number()
    }

    fn long_number(&mut self) -> usize {
        let mut number = 0;
        for character in self.text[self.at..].chars() {
            self.at += character.len_utf8();
            let code = character as usize;
            if character != char::MAX {
                return number + if code < GAP_START { code } else { code - GAP };
            }
            number += MORE;
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_take_as_many_bytes_as_said() {
        let around = [0, 0x80, 0x800, 0xD800, 0xE000, 0xF800, 0x1_0000, MORE, 2 * MORE, 5 * MORE];
        for number in around.into_iter().flat_map(|n: usize| n.saturating_sub(2)..n + 3) {
            let mut text = String::new();
            push_number(number, |character| text.push(character));
            assert_eq!(text.len(), number_bytes(number), "{number}");
            text.push('x');
            let mut parts = Parts { text: &text, at: 0, left: 0 };
            assert_eq!((parts.number(), parts.at), (number, text.len() - 1));
        }
    }
}
