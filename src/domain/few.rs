//! A map that mostly has one entry, in a few bytes: a tree makes room for eleven at a time.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// An ordered map. Its first entry has no allocation of its own.
#[derive(Debug, Clone)]
pub struct Few<K, V>(Held<K, V>);

#[derive(Debug, Clone)]
#[expect(
    clippy::box_collection,
    reason = "the usual one entry is to be no longer for those with more"
)]
enum Held<K, V> {
    None,
    One(K, V),
    Many(Box<BTreeMap<K, V>>),
}

/// An ordered set that mostly has one member.
pub type FewOf<K> = Few<K, ()>;

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Held::None)
    }
}

impl<K: Ord, V> Few<K, V> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Held::None => 0,
            Held::One(..) => 1,
            Held::Many(map) => map.len(),
        }
    }

    /// Tells whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        match &self.0 {
            Held::One(own, value) if own == key => Some(value),
            Held::None | Held::One(..) => None,
            Held::Many(map) => map.get(key),
        }
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match &mut self.0 {
            Held::One(own, value) if own == key => Some(value),
            Held::None | Held::One(..) => None,
            Held::Many(map) => map.get_mut(key),
        }
    }

    /// Tells whether there is an entry of a key.
    pub fn contains(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Sets the value of a key and returns the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match &mut self.0 {
            Held::One(own, before) if *own == key => return Some(std::mem::replace(before, value)),
            Held::Many(map) => return map.insert(key, value),
            Held::None | Held::One(..) => {}
        }
        self.0 = match std::mem::replace(&mut self.0, Held::None) {
            Held::One(own, before) => {
                Held::Many(Box::new(BTreeMap::from([(own, before), (key, value)])))
            }
            Held::None | Held::Many(_) => Held::One(key, value),
        };
        None
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let map = match &mut self.0 {
            Held::Many(map) => map,
            Held::One(own, _) if own == key => {
                let Held::One(_, value) = std::mem::replace(&mut self.0, Held::None) else {
                    return None;
                };
                return Some(value);
            }
            Held::None | Held::One(..) => return None,
        };
        let value = map.remove(key);
        if map.len() == 1
            && let Some((key, value)) = map.pop_first()
        {
            self.0 = Held::One(key, value);
        }
        value
    }

    /// Every entry, lowest key first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let (one, many) = match &self.0 {
            Held::None => (None, None),
            Held::One(key, value) => (Some((key, value)), None),
            Held::Many(map) => (None, Some(map.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// Every key, lowest first.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// Every value, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let (one, many) = match &mut self.0 {
            Held::None => (None, None),
            Held::One(_, value) => (Some(value), None),
            Held::Many(map) => (None, Some(map.values_mut())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

impl<K: Ord> FewOf<K> {
    /// Tells whether it has all of these.
    pub fn holds<'a>(&self, others: impl IntoIterator<Item = &'a K>) -> bool
    where
        K: 'a,
    {
        others.into_iter().all(|other| self.contains(other))
    }
}

impl<K: Ord, V: PartialEq> PartialEq for Few<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Few<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self::from(entries.into_iter().collect::<BTreeMap<K, V>>())
    }
}

impl<K: Ord, V> From<BTreeMap<K, V>> for Few<K, V> {
    fn from(mut map: BTreeMap<K, V>) -> Self {
        if map.len() > 1 {
            return Self(Held::Many(Box::new(map)));
        }
        let first: Option<(K, V)> = map.pop_first();
        Self(first.map_or(Held::None, |(key, value)| Held::One(key, value)))
    }
}

impl<K: Ord> FromIterator<K> for FewOf<K> {
    fn from_iter<I: IntoIterator<Item = K>>(members: I) -> Self {
        members.into_iter().map(|member| (member, ())).collect()
    }
}

impl<K: Ord + Serialize> Serialize for FewOf<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.keys())
    }
}

impl<'de, K: Ord + Deserialize<'de>> Deserialize<'de> for FewOf<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(BTreeSet::<K>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_map_that_it_stands_for(steps in prop::collection::vec((0..4_u8, 0..3_u8, any::<u8>()), 0..24)) {
            let (mut few, mut map) = (Few::default(), BTreeMap::new());
            for (key, step, value) in steps {
                match step {
                    0 => prop_assert_eq!(few.remove(&key), map.remove(&key)),
                    1 => prop_assert_eq!(few.get_mut(&key).map(|held| *held ^= value), map.get_mut(&key).map(|held| *held ^= value)),
                    _ => prop_assert_eq!(few.insert(key, value), map.insert(key, value)),
                }
                for held in few.values_mut().chain(map.values_mut()) {
                    *held = held.wrapping_add(1);
                }
                prop_assert!(few.iter().eq(map.iter()) && few.iter().rev().eq(map.iter().rev()));
                prop_assert_eq!((few.len(), few.get(&key), few.contains(&key)), (map.len(), map.get(&key), map.contains_key(&key)));
                prop_assert_eq!(&few, &Few::from(map.clone()));
            }
        }
    }

    #[test]
    fn one_entry_needs_no_allocation() {
        assert_eq!(size_of::<FewOf<u64>>(), 16);
        assert_eq!(size_of::<Few<u64, Box<u8>>>(), 24);
    }
}
