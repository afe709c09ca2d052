//! Things by number where most numbers in a row are in use: one step to each, as in a list, and no
//! room for those that are missing.

use std::collections::VecDeque;

/// An ordered map from number to thing.
#[derive(Debug, Clone)]
pub(crate) struct Shelves<T>(VecDeque<(u64, T)>);

impl<T> Default for Shelves<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Shelves<T> {
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        Some(&self.0[self.seek(number).ok()?].1)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let place = self.seek(number).ok()?;
        Some(&mut self.0[place].1)
    }

    pub(crate) fn get_or_insert_with(&mut self, number: u64, new: impl FnOnce() -> T) -> &mut T {
        let place = self.seek(number).unwrap_or_else(|place| {
            self.0.insert(place, (number, new()));
            place
        });
        &mut self.0[place].1
    }

    pub(crate) fn remove(&mut self, number: u64) {
        if let Ok(place) = self.seek(number) {
            self.0.remove(place);
        }
    }

    /// Those of this number and above, lowest first.
    pub(crate) fn from(&self, number: u64) -> impl DoubleEndedIterator<Item = (u64, &T)> {
        let place = self.seek(number).unwrap_or_else(|place| place);
        self.0.range(place..).map(|(number, thing)| (*number, thing))
    }

    /// Where a number is, or would be.
    fn seek(&self, number: u64) -> Result<usize, usize> {
        let Some((last, _)) = self.0.back() else { return Err(0) };
        // What comes and goes is side by side at the end, however old the few are that stay.
        let behind = usize::try_from(last.wrapping_sub(number)).unwrap_or(usize::MAX);
        if let Some(guess) = (self.0.len() - 1).checked_sub(behind)
            && self.0[guess].0 == number
        {
            return Ok(guess);
        }
        self.0.binary_search_by_key(&number, |(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_map_that_it_stands_for(steps in prop::collection::vec((any::<bool>(), 0..12_u64, any::<u8>()), 0..40)) {
            let (mut shelves, mut map) = (Shelves::default(), BTreeMap::new());
            for (put, number, thing) in steps {
                if put {
                    *shelves.get_or_insert_with(number, || thing) ^= 1;
                    *map.entry(number).or_insert(thing) ^= 1;
                } else {
                    shelves.remove(number);
                    map.remove(&number);
                }
                for number in 0..14 {
                    prop_assert_eq!(shelves.get(number), map.get(&number));
                    prop_assert_eq!(shelves.get_mut(number), map.get_mut(&number));
                    let from = map.range(number..).map(|(number, thing)| (*number, thing));
                    prop_assert!(shelves.from(number).eq(from));
                }
            }
        }
    }
}
