//! Values that many records have in common, each kept once.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Values in use. One that no record has any longer is let go when the pool has doubled.
#[derive(Debug, Clone)]
pub struct Pool<T> {
    values: BTreeSet<Arc<T>>,
    /// How many there were when the unused ones were last let go.
    swept: usize,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { values: BTreeSet::new(), swept: 0 }
    }
}

/// Below this a pool is not worth looking through.
const VALUES_MIN: usize = 64;

impl<T: Ord> Pool<T> {
    /// The value that is kept, or this one from here on.
    pub fn share(&mut self, value: T) -> Arc<T> {
        if let Some(known) = self.values.get(&value) {
            return Arc::clone(known);
        }
        if self.values.len() >= VALUES_MIN.max(self.swept * 2) {
            self.values.retain(|value| Arc::strong_count(value) > 1);
            self.swept = self.values.len();
        }
        let value = Arc::new(value);
        self.values.insert(Arc::clone(&value));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_kept_once_and_unused_ones_are_let_go() {
        let mut pool = Pool::default();
        let one = pool.share("one".to_owned());
        assert!(Arc::ptr_eq(&one, &pool.share("one".to_owned())));
        for number in 0..1_000 {
            pool.share(number.to_string());
        }
        assert!(pool.values.len() <= VALUES_MIN);
        assert!(Arc::ptr_eq(&one, &pool.share("one".to_owned())), "it is in use");
    }
}
