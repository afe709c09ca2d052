//! Indexes by hash, for the hot path. Only ever looked up, never walked: their order cannot reach
//! an answer.

use std::hash::{BuildHasher, Hasher};
use std::marker::PhantomData;

use hashbrown::HashTable;

use super::value::{RecordId, Short};

/// From the hash of a key to the number of the record that has it. The record keeps the key, and
/// who looks up compares.
#[derive(Debug, Clone)]
pub struct Index<V> {
    table: HashTable<(u64, V)>,
}

impl<V> Default for Index<V> {
    fn default() -> Self {
        Self { table: HashTable::new() }
    }
}

impl<V: Copy> Index<V> {
    /// The value of this hash that `is` says is the right one.
    pub fn find(&self, hash: u64, is: impl Fn(V) -> bool) -> Option<V> {
        self.table.find(hash, |(have, value)| *have == hash && is(*value)).map(|(_, value)| *value)
    }

    /// Adds a value; one that is there already stays, too.
    pub fn add(&mut self, hash: u64, value: V) {
        self.table.insert_unique(hash, (hash, value), |(hash, _)| *hash);
    }

    /// Takes away the value of this hash that `is` says is the right one.
    pub fn remove(&mut self, hash: u64, is: impl Fn(V) -> bool) {
        let found = self.table.find_entry(hash, |(have, value)| *have == hash && is(*value));
        if let Ok(entry) = found {
            entry.remove();
        }
    }

    /// Takes everything away.
    pub fn clear(&mut self) {
        self.table.clear();
    }
}

/// From the hash of a key to the number of the record that has it, where the record can be asked for
/// its hash: 5 bytes each, because a million alerts have one.
#[derive(Debug, Clone)]
pub struct Numbers<K> {
    table: HashTable<Short>,
    kind: PhantomData<K>,
}

impl<K> Default for Numbers<K> {
    fn default() -> Self {
        Self { table: HashTable::new(), kind: PhantomData }
    }
}

impl<K: RecordId> Numbers<K> {
    /// The number of this hash that `is` says is the right one.
    pub fn find(&self, hash: u64, is: impl Fn(K) -> bool) -> Option<K> {
        self.table.find(hash, |number| is(number.id())).map(|number| number.id())
    }

    /// Adds a number; one that is there already stays, too. `hash_of` says the hash of any that is
    /// there.
    pub fn add(&mut self, hash: u64, id: K, hash_of: impl Fn(K) -> u64) {
        self.table.insert_unique(hash, Short::of(id), |number| hash_of(number.id()));
    }

    /// Takes away the number of this hash that `is` says is the right one.
    pub fn remove(&mut self, hash: u64, is: impl Fn(K) -> bool) {
        if let Ok(entry) = self.table.find_entry(hash, |number| is(number.id())) {
            entry.remove();
        }
    }

    /// Takes everything away.
    pub fn clear(&mut self) {
        self.table.clear();
    }
}

/// Hashes texts, the same in every process.
pub fn hash(parts: &[&str]) -> u64 {
    hash_each(parts.iter().copied())
}

/// As [`hash`], for texts that do not stand side by side.
pub fn hash_each<'a>(parts: impl Iterator<Item = &'a str>) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    for part in parts {
        hasher.write(part.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.finish()
}
