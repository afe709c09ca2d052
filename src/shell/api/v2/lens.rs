//! Answers that depend on a few labels only, found once for all alerts that have those in common.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;

use crate::domain::event::{self, Alert};
use crate::domain::notification::route::Routes;
use crate::domain::value::{Labels, Symbol};

/// Answers remembered; beyond them they are found anew.
const KNOWN_MAX: usize = 4_096;

/// Sees of an alert only the labels of some names, and remembers what was found out about those.
#[derive(Debug)]
pub(super) struct Lens<T> {
    names: Option<BTreeSet<String>>,
    /// What was found, each with the labels it was found for.
    known: Vec<(Box<[Symbol]>, T)>,
    /// The places in `known`. Only ever looked up, never walked.
    places: HashTable<usize>,
    /// Whether the labels of each pair are seen, as far as that was asked.
    seen_of: Vec<Option<bool>>,
    /// Symbols mean the same only as long as none was given back.
    age: u64,
    seen: Vec<Symbol>,
}

impl<T> Lens<T> {
    /// Sees labels of these names; every label if no names are given, and then there is nothing to
    /// remember.
    pub(super) fn new(names: Option<BTreeSet<String>>) -> Self {
        Self {
            names,
            known: Vec::new(),
            places: HashTable::new(),
            seen_of: Vec::new(),
            age: 0,
            seen: Vec::new(),
        }
    }

    /// What is known of alerts like this one; `find` is asked if nothing is.
    pub(super) fn look(
        &mut self,
        events: &event::State,
        alert: &Alert,
        find: impl FnOnce(&Labels) -> T,
    ) -> &T {
        let age = events.symbols().age();
        if self.age != age {
            self.seen_of.clear();
        }
        if self.names.is_none() || self.age != age || self.known.len() > KNOWN_MAX {
            self.known.clear();
            self.places.clear();
            self.age = age;
        }
        self.see(events, alert);
        let hash = hash(&self.seen);
        let Self { known, places, seen, .. } = self;
        let found = places.find(hash, |place| *known[*place].0 == **seen).copied();
        let place = found.unwrap_or_else(|| {
            let place = known.len();
            known.push((seen.as_slice().into(), find(&events.labels(alert))));
            places.insert_unique(hash, place, |place| self::hash(&known[*place].0));
            place
        });
        &known[place].1
    }

    /// Picks the labels that are seen.
    fn see(&mut self, events: &event::State, alert: &Alert) {
        self.seen.clear();
        let Some(names) = self.names.as_ref().filter(|names| !names.is_empty()) else { return };
        for symbol in events.label_symbols(alert) {
            let place = symbol.index();
            if self.seen_of.len() <= place {
                self.seen_of.resize(place + 1, None);
            }
            let seen = *self.seen_of[place]
                .get_or_insert_with(|| names.contains(events.symbols().raw(symbol).0));
            self.seen.extend(seen.then_some(symbol));
        }
    }
}

fn hash(symbols: &[Symbol]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    symbols.iter().for_each(|symbol| hasher.write(&symbol.bytes()));
    hasher.finish()
}

/// The labels that decide which routes take an alert.
pub(super) fn matched(routes: &Routes) -> BTreeSet<String> {
    let matchers = routes.nodes().iter().flat_map(|route| &route.matchers);
    matchers.map(|matcher| matcher.name.clone()).collect()
}
