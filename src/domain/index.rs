//! Indexes by hash, for the hot path. Only ever looked up, never walked: their order cannot reach
//! an answer.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;

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

/// Hashes texts, the same in every process.
pub fn hash(parts: &[&str]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    for part in parts {
        hasher.write(part.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.finish()
}
