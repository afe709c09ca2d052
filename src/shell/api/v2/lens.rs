//! Answers that depend on a few labels only, found once for all alerts that have those in common.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::event::{self, Alert};
use crate::domain::notification::route::Routes;
use crate::domain::value::{Labels, Symbol};

/// Answers remembered; beyond them they are found anew.
const KNOWN_MAX: usize = 4_096;

/// Sees of an alert only the labels of some names, and remembers what was found out about those.
#[derive(Debug)]
pub(super) struct Lens<T> {
    names: Option<BTreeSet<String>>,
    known: BTreeMap<Vec<Symbol>, T>,
    /// Symbols mean the same only as long as none was given back.
    age: u64,
    seen: Vec<Symbol>,
}

impl<T> Lens<T> {
    /// Sees labels of these names; every label if no names are given, and then there is nothing to
    /// remember.
    pub(super) fn new(names: Option<BTreeSet<String>>) -> Self {
        Self { names, known: BTreeMap::new(), age: 0, seen: Vec::new() }
    }

    /// What is known of alerts like this one; `find` is asked if nothing is.
    pub(super) fn look(
        &mut self,
        events: &event::State,
        alert: &Alert,
        find: impl FnOnce(&Labels) -> T,
    ) -> &T {
        let age = events.symbols().age();
        if self.names.is_none() || self.age != age || self.known.len() > KNOWN_MAX {
            self.known.clear();
            self.age = age;
        }
        self.seen.clear();
        if let Some(names) = self.names.as_ref().filter(|names| !names.is_empty()) {
            let named = events.label_symbols(alert).zip(events.each_label(alert));
            let seen = named.filter(|(_, (name, _))| names.contains(*name));
            self.seen.extend(seen.map(|(symbol, _)| symbol));
        }
        if !self.known.contains_key(&self.seen) {
            self.known.insert(self.seen.clone(), find(&events.labels(alert)));
        }
        &self.known[&self.seen]
    }
}

/// The labels that decide which routes take an alert.
pub(super) fn matched(routes: &Routes) -> BTreeSet<String> {
    let matchers = routes.nodes().iter().flat_map(|route| &route.matchers);
    matchers.map(|matcher| matcher.name.clone()).collect()
}
