//! Label sets packed into one allocation, for what is kept by the million and read seldom.

use super::Labels;

/// A label set in one allocation: how many texts, their lengths, the texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

/// Bytes of one number in the head.
const NUMBER: usize = 4;

impl Packed {
    /// Packs names with values.
    pub fn new<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Self {
        let texts = pairs.flat_map(|(name, value)| [name, value]);
        let count = texts.clone().count();
        if count == 0 {
            return Self::default();
        }
        let length = NUMBER * (1 + count) + texts.clone().map(str::len).sum::<usize>();
        let mut bytes = Vec::with_capacity(length);
        let mut put = |number: usize| {
            let number = u32::try_from(number).expect("bodies are limited far below 4 GiB");
            bytes.extend(number.to_le_bytes());
        };
        put(count);
        for text in texts.clone() {
            put(text.len());
        }
        for text in texts {
            bytes.extend(text.as_bytes());
        }
        Self(bytes.into_boxed_slice())
    }

    /// Names with values, in the order in which they were packed.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        let count = self.number(0);
        let head = NUMBER * (1 + count);
        // One check for all texts; the lengths below cut at their borders.
        let text = self.0.get(head..).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let mut rest = text.unwrap_or_default();
        let mut take = |i: usize| {
            let (part, tail) = rest.split_at(self.number(i));
            rest = tail;
            part
        };
        (0..count / 2).map(|pair| (take(1 + 2 * pair), take(2 + 2 * pair))).collect()
    }

    /// The label set.
    pub fn unpack(&self) -> Labels {
        Labels::new(self.pairs())
    }

    fn number(&self, i: usize) -> usize {
        let bytes = self.0.get(NUMBER * i..NUMBER * (i + 1)).and_then(|b| b.try_into().ok());
        bytes.map_or(0, |bytes| u32::from_le_bytes(bytes) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_out() {
        for pairs in [vec![], vec![("a", "1")], vec![("é", "🦀"), ("summary", "full"), ("x", "y")]]
        {
            let labels = Labels::new(pairs);
            assert_eq!(Packed::new(labels.iter()).unpack(), labels);
        }
    }
}
