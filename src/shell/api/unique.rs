//! Names that nobody has given before.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::value::Uuid;
use crate::shell::clock;

/// A name that nobody has given before and nobody can foresee.
pub(super) fn unique() -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Every one has keys of its own, which begin with the system's chance.
    let chance = || RandomState::new().build_hasher().finish().to_string();
    Uuid::of([&*chance(), &chance(), &count.to_string(), &clock::now().0.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_are_the_same() {
        let names: std::collections::BTreeSet<_> = (0..100).map(|_| unique()).collect();
        assert_eq!(names.len(), 100);
    }
}
