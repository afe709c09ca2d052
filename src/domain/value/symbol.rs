//! Label pairs as numbers. A hundred thousand alerts share a few thousand pairs; each is kept once.

use std::hash::{BuildHasher, Hasher};
use std::num::NonZeroU32;

use hashbrown::HashTable;

use super::slab::{Place, Slab};

/// One pair in 4 bytes. Means something only to the [`Symbols`] that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol(NonZeroU32);

/// Every label pair in use, with a count of its users, so that pairs nobody uses make room.
#[derive(Debug, Clone, Default)]
pub struct Symbols {
    pairs: Vec<Pair>,
    free: Vec<u32>,
    // Only ever looked up, never walked: its order cannot reach an answer.
    numbers: HashTable<u32>,
    values: Slab,
    names: Names,
    age: u64,
}

/// A pair, at its number. One without users is free.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    value: Place,
    name: u32,
    users: u32,
}

/// Every name in use: few, and each of them has many values.
#[derive(Debug, Clone, Default)]
struct Names {
    entries: Vec<Name>,
    free: Vec<u32>,
    // Only ever looked up, never walked.
    numbers: HashTable<u32>,
}

#[derive(Debug, Clone, Default)]
struct Name {
    text: Box<str>,
    /// Pairs of this name.
    pairs: u32,
}

impl Symbol {
    /// Bytes of a symbol.
    pub const BYTES: usize = 4;

    /// As bytes, to be packed with others.
    pub fn bytes(self) -> [u8; Self::BYTES] {
        self.0.get().to_le_bytes()
    }

    /// Undoes [`Symbol::bytes`].
    pub fn of(bytes: [u8; Self::BYTES]) -> Self {
        Self(NonZeroU32::new(u32::from_le_bytes(bytes)).unwrap_or(NonZeroU32::MIN))
    }

    /// The symbol as an index: symbols are numbered from 0 in a row, with some left out.
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    fn at(index: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(index))
    }
}

impl Symbols {
    /// Turns a pair into a number and counts one more user of it.
    pub fn intern(&mut self, name: &str, value: &str) -> Symbol {
        self.intern_like(None, name, value)
    }

    /// As [`Symbols::intern`], for less if `like` has the same name, and for least if it is the same
    /// pair. It may be of a pair that was forgotten since.
    pub fn intern_like(&mut self, like: Option<Symbol>, name: &str, value: &str) -> Symbol {
        let like = like.filter(|symbol| self.is_named(*symbol, name));
        let number = match like {
            Some(symbol) => {
                let pair = self.pairs[symbol.index()];
                if self.values.get(pair.value) == value.as_bytes() {
                    return self.share(symbol);
                }
                Some(pair.name)
            }
            None => self.names.find(name),
        };
        let number = number.unwrap_or_else(|| self.names.add(name));
        let hash = hash_value(number, value.as_bytes());
        match self.find_hashed(hash, number, value) {
            Some(symbol) => self.share(symbol),
            None => self.add(hash, number, value),
        }
    }

    fn is_named(&self, symbol: Symbol, name: &str) -> bool {
        let pair = self.pairs.get(symbol.index()).filter(|pair| pair.users > 0);
        pair.is_some_and(|pair| self.names.text(pair.name) == name)
    }

    fn find_hashed(&self, hash: u64, name: u32, value: &str) -> Option<Symbol> {
        let is = |number: &u32| {
            let pair = &self.pairs[*number as usize];
            pair.name == name && self.values.get(pair.value) == value.as_bytes()
        };
        self.numbers.find(hash, is).map(|number| Symbol::at(*number))
    }

    fn add(&mut self, hash: u64, name: u32, value: &str) -> Symbol {
        self.names.share(name);
        let pair = Pair { value: self.values.put(value.as_bytes()), name, users: 1 };
        let number = if let Some(number) = self.free.pop() {
            self.pairs[number as usize] = pair;
            number
        } else {
            self.pairs.push(pair);
            u32::try_from(self.pairs.len() - 1).expect("fewer than four thousand million pairs")
        };
        let (pairs, values) = (&self.pairs, &self.values);
        let rehash = |number: &u32| {
            let pair = &pairs[*number as usize];
            hash_value(pair.name, values.get(pair.value))
        };
        self.numbers.insert_unique(hash, number, rehash);
        Symbol::at(number)
    }

    /// Counts one more user of a pair that is in use.
    pub fn share(&mut self, symbol: Symbol) -> Symbol {
        let pair = &mut self.pairs[symbol.index()];
        assert!(pair.users > 0, "only a pair that is in use is shared");
        pair.users += 1;
        symbol
    }

    /// The number of a pair, if anybody uses it.
    pub fn find(&self, name: &str, value: &str) -> Option<Symbol> {
        let name = self.names.find(name)?;
        self.find_hashed(hash_value(name, value.as_bytes()), name, value)
    }

    /// The pair in full; empty texts if nobody uses it any longer.
    pub fn pair(&self, symbol: Symbol) -> (&str, &str) {
        let (name, value) = self.raw(symbol);
        (name, std::str::from_utf8(value).unwrap_or_default())
    }

    /// The pair's name, and its value as the bytes of a text: whoever only passes it on need not have
    /// it checked. Empty if nobody uses it any longer.
    pub fn raw(&self, symbol: Symbol) -> (&str, &[u8]) {
        let Some(pair) = self.pairs.get(symbol.index()).filter(|pair| pair.users > 0) else {
            return ("", &[]);
        };
        (self.names.text(pair.name), self.values.get(pair.value))
    }

    /// Gives a pair back. Pairs without a user are forgotten.
    pub fn release(&mut self, symbol: Symbol) {
        let pair = &mut self.pairs[symbol.index()];
        pair.users = pair.users.checked_sub(1).expect("a pair is released once per use");
        if pair.users > 0 {
            return;
        }
        let Pair { value, name, .. } = std::mem::take(pair);
        let hash = hash_value(name, self.values.get(value));
        if let Ok(entry) = self.numbers.find_entry(hash, |&other| Symbol::at(other) == symbol) {
            let (number, _) = entry.remove();
            self.free.push(number);
        }
        self.values.take(value);
        self.names.release(name);
        self.age += 1;
    }

    /// What two texts hash to together. The same in every process.
    pub fn hash(name: &str, value: &str) -> u64 {
        hash(name, value)
    }

    /// How many pairs are kept.
    pub fn len(&self) -> usize {
        self.pairs.len() - self.free.len()
    }

    /// Tells whether no pair is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rises whenever a pair is forgotten: as long as it stays, a symbol means what it meant.
    pub fn age(&self) -> u64 {
        self.age
    }
}

impl Names {
    fn text(&self, number: u32) -> &str {
        &self.entries[number as usize].text
    }

    fn find(&self, name: &str) -> Option<u32> {
        self.numbers.find(hash(name, ""), |number| self.text(*number) == name).copied()
    }

    /// Takes in a name that no pair has yet. It is kept once a pair shares it.
    fn add(&mut self, name: &str) -> u32 {
        let entry = Name { text: name.into(), pairs: 0 };
        let number = if let Some(number) = self.free.pop() {
            self.entries[number as usize] = entry;
            number
        } else {
            self.entries.push(entry);
            u32::try_from(self.entries.len() - 1).expect("there are fewer names than pairs")
        };
        let entries = &self.entries;
        self.numbers.insert_unique(hash(name, ""), number, |number| {
            hash(&entries[*number as usize].text, "")
        });
        number
    }

    /// Counts one more pair of a name.
    fn share(&mut self, number: u32) {
        self.entries[number as usize].pairs += 1;
    }

    fn release(&mut self, number: u32) {
        let name = &mut self.entries[number as usize];
        name.pairs -= 1;
        if name.pairs > 0 {
            return;
        }
        let hash = hash(&std::mem::take(&mut name.text), "");
        if let Ok(entry) = self.numbers.find_entry(hash, |&other| other == number) {
            entry.remove();
        }
        self.free.push(number);
    }
}

fn hash(name: &str, value: &str) -> u64 {
    let mut hasher = hasher();
    hasher.write(name.as_bytes());
    hasher.write_u8(0xff);
    hasher.write(value.as_bytes());
    hasher.finish()
}

/// What a pair hashes to, by the number of its name.
fn hash_value(name: u32, value: &[u8]) -> u64 {
    let mut hasher = hasher();
    hasher.write_u32(name);
    hasher.write(value);
    hasher.finish()
}

fn hasher() -> impl Hasher {
    foldhash::fast::FixedState::default().build_hasher()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_shared_and_make_room_when_unused() {
        let mut symbols = Symbols::default();
        let pairs = [("a", "1"), ("b", "2"), ("a", "1"), ("b", "3"), ("c", "")];
        let numbers = pairs.map(|(name, value)| symbols.intern(name, value));
        assert_eq!((symbols.len(), symbols.names.entries.len()), (4, 3));
        assert_eq!(numbers.map(|number| symbols.pair(number)), pairs);
        assert_eq!(symbols.find("b", "3"), Some(numbers[3]));
        symbols.release(numbers[0]);
        assert_eq!(symbols.pair(numbers[2]), ("a", "1"), "somebody else uses it");
        assert_eq!(symbols.age(), 0, "nothing is forgotten yet");
        for number in &numbers[1..] {
            symbols.release(*number);
        }
        assert!(symbols.is_empty() && symbols.find("a", "1").is_none());
        assert_eq!(symbols.pair(numbers[0]), ("", ""));
        assert_eq!(
            symbols.intern_like(Some(numbers[3]), "d", "4"),
            symbols.find("d", "4").unwrap()
        );
        let room = (symbols.pairs.len(), symbols.names.entries.len());
        assert_eq!((room, symbols.age()), ((4, 3), 4), "numbers are used again");
    }

    #[test]
    fn a_pair_has_one_number_whatever_it_is_like() {
        let mut symbols = Symbols::default();
        let numbers = [("a", "1"), ("a", "2"), ("b", "1")].map(|(n, v)| symbols.intern(n, v));
        let gone = symbols.intern("c", "1");
        symbols.release(gone);
        for like in numbers.into_iter().chain([gone, Symbol::at(99)]) {
            assert_eq!(symbols.intern_like(Some(like), "a", "2"), numbers[1]);
        }
        assert_eq!((symbols.len(), symbols.pairs[1].users), (3, 6));
    }
}
