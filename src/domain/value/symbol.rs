//! Label pairs as numbers. A hundred thousand alerts share a few thousand pairs; each is kept once.

use hashbrown::HashTable;

use super::Labels;

/// A label set in 4 bytes a pair. Means something only to the [`Symbols`] that made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSet(Box<[u32]>);

/// One pair in 4 bytes. Means something only to the [`Symbols`] that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol(u32);

/// Every label pair in use, with a count of its users, so that pairs nobody uses make room.
#[derive(Debug, Clone, Default)]
pub struct Symbols {
    pairs: Vec<Pair>,
    free: Vec<u32>,
    // Only ever looked up, never walked: its order cannot reach an answer.
    numbers: HashTable<u32>,
}

#[derive(Debug, Clone, Default)]
struct Pair {
    /// The name, then the value.
    text: Box<str>,
    name_bytes: u32,
    users: u32,
}

impl Pair {
    fn name(&self) -> &str {
        &self.text[..self.name_bytes as usize]
    }

    fn value(&self) -> &str {
        &self.text[self.name_bytes as usize..]
    }
}

impl Symbols {
    /// Turns a label set into numbers and counts one more user of each.
    pub fn intern(&mut self, labels: &Labels) -> LabelSet {
        self.intern_pairs(labels.iter())
    }

    /// Turns pairs into numbers and counts one more user of each.
    pub fn intern_pairs<'a>(
        &mut self,
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> LabelSet {
        let (_, at_most) = pairs.size_hint();
        let mut numbers = Vec::with_capacity(at_most.unwrap_or_default());
        numbers.extend(pairs.map(|(name, value)| self.intern_pair(name, value)));
        LabelSet(numbers.into_boxed_slice())
    }

    /// Turns one pair into a number and counts one more user of it.
    pub fn intern_one(&mut self, name: &str, value: &str) -> Symbol {
        Symbol(self.intern_pair(name, value))
    }

    /// The pair in full.
    pub fn one(&self, symbol: Symbol) -> (&str, &str) {
        let pair = &self.pairs[symbol.0 as usize];
        (pair.name(), pair.value())
    }

    /// Gives one pair back.
    pub fn release_one(&mut self, symbol: Symbol) {
        self.release_number(symbol.0);
    }

    fn intern_pair(&mut self, name: &str, value: &str) -> u32 {
        let hash = hash(name, value);
        let pairs = &mut self.pairs;
        let found = self.numbers.find(hash, |&number| {
            let pair = &pairs[number as usize];
            pair.name() == name && pair.value() == value
        });
        if let Some(&number) = found {
            pairs[number as usize].users += 1;
            return number;
        }
        let pair = Pair {
            text: [name, value].concat().into_boxed_str(),
            name_bytes: u32::try_from(name.len()).expect("label names are limited"),
            users: 1,
        };
        let number = if let Some(number) = self.free.pop() {
            pairs[number as usize] = pair;
            number
        } else {
            pairs.push(pair);
            u32::try_from(pairs.len() - 1).expect("fewer than four thousand million pairs")
        };
        let rehash = |number: &u32| {
            let pair = &pairs[*number as usize];
            self::hash(pair.name(), pair.value())
        };
        self.numbers.insert_unique(hash, number, rehash);
        number
    }

    /// Gives a label set back. Pairs without a user are forgotten.
    pub fn release(&mut self, set: &LabelSet) {
        for &number in &set.0 {
            self.release_number(number);
        }
    }

    fn release_number(&mut self, number: u32) {
        let pair = &mut self.pairs[number as usize];
        pair.users = pair.users.checked_sub(1).expect("a pair is released once per use");
        if pair.users > 0 {
            return;
        }
        let hash = hash(pair.name(), pair.value());
        *pair = Pair::default();
        if let Ok(entry) = self.numbers.find_entry(hash, |&other| other == number) {
            entry.remove();
        }
        self.free.push(number);
    }

    /// The label set in full.
    pub fn resolve(&self, set: &LabelSet) -> Labels {
        Labels::new(self.iter(set))
    }

    /// Names with values, sorted by name.
    pub fn iter<'a>(
        &'a self,
        set: &'a LabelSet,
    ) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
        set.0.iter().map(|&number| {
            let pair = &self.pairs[number as usize];
            (pair.name(), pair.value())
        })
    }

    /// How many pairs are kept.
    pub fn len(&self) -> usize {
        self.pairs.len() - self.free.len()
    }

    /// Tells whether no pair is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn hash(name: &str, value: &str) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    hasher.write(name.as_bytes());
    hasher.write_u8(0xff);
    hasher.write(value.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_shared_and_make_room_when_unused() {
        let mut symbols = Symbols::default();
        let one = Labels::new([("a", "1"), ("b", "2")]);
        let two = Labels::new([("a", "1"), ("b", "3")]);
        let (x, y) = (symbols.intern(&one), symbols.intern(&two));
        assert_eq!(symbols.len(), 3);
        assert_eq!((symbols.resolve(&x), symbols.resolve(&y)), (one.clone(), two));
        symbols.release(&x);
        assert_eq!(symbols.len(), 2);
        symbols.release(&y);
        assert!(symbols.is_empty());
        symbols.intern(&one);
        assert_eq!(symbols.pairs.len(), 3, "freed numbers are used again");
    }
}
