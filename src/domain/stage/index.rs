//! Finds the few rules that may hold for a label set, however many rules there are.
//!
//! A rule needs all of its matchers, so it is filed under one of them that needs its label: the
//! rarest `label = value`, unless many share it, else a pattern. Patterns on one label are tried
//! together.

use std::collections::BTreeMap;

use regex::{RegexSet, RegexSetBuilder};

use crate::domain::value::matcher::Operator;
use crate::domain::value::{Labels, Matcher};

/// A value that more rules than these share narrows nothing down; better a pattern, where there is
/// one.
const VALUE_RULES_MAX: usize = 32;

/// So many patterns are compiled into one set: above, the automaton outgrows its cache.
const SET_PATTERNS_MAX: usize = 256;

/// More than this in one compiled set, and its rules are tried one by one.
const SET_BYTES_MAX: usize = 32 << 20;

/// What a set may use while it matches.
const SET_CACHE_BYTES_MAX: usize = 8 << 20;

/// Rules by what they need. A rule is its place in the list.
#[derive(Debug, Clone, Default)]
pub(in crate::domain) struct Index {
    labels: BTreeMap<String, Filed>,
    /// Rules that need no label, such as those with `!=` only.
    always: Vec<usize>,
}

/// The rules that need one label.
#[derive(Debug, Clone, Default)]
struct Filed {
    values: BTreeMap<String, Vec<usize>>,
    patterns: Vec<(RegexSet, Vec<usize>)>,
}

impl Index {
    /// Files each rule by its matchers.
    pub(in crate::domain) fn new<'a>(rules: impl Iterator<Item = &'a [Matcher]> + Clone) -> Self {
        let mut uses: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for matcher in rules.clone().flatten() {
            for value in values(matcher).unwrap_or_default() {
                *uses.entry((&matcher.name, value)).or_default() += 1;
            }
        }
        let mut index = Self::default();
        let mut patterns: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
        for (rule, matchers) in rules.enumerate() {
            let cost = |matcher: &Matcher, values: &[&str]| -> usize {
                values.iter().filter_map(|value| uses.get(&(matcher.name.as_str(), *value))).sum()
            };
            let exact = matchers.iter().filter_map(|matcher| Some((matcher, values(matcher)?)));
            let rarest = exact.min_by_key(|(matcher, values)| cost(matcher, values));
            let pattern = matchers.iter().find(|m| needs_label(m) && values(m).is_none());
            let narrows = |(matcher, values): &(&Matcher, Vec<&str>)| {
                pattern.is_none() || cost(matcher, values) <= VALUE_RULES_MAX
            };
            if let Some((matcher, values)) = rarest.filter(narrows) {
                let filed = index.labels.entry(matcher.name.clone()).or_default();
                for value in values {
                    filed.values.entry(value.to_owned()).or_default().push(rule);
                }
            } else if let Some(matcher) = pattern {
                patterns.entry(&matcher.name).or_default().push((rule, &matcher.value));
            } else {
                index.always.push(rule);
            }
        }
        for (label, patterns) in patterns {
            index.file_patterns(label, &patterns);
        }
        index
    }

    fn file_patterns(&mut self, label: &str, patterns: &[(usize, &str)]) {
        for chunk in patterns.chunks(SET_PATTERNS_MAX) {
            let rules = chunk.iter().map(|(rule, _)| *rule);
            let set = RegexSetBuilder::new(chunk.iter().map(|(_, text)| format!("^(?:{text})$")))
                .dot_matches_new_line(true)
                .size_limit(SET_BYTES_MAX)
                .dfa_size_limit(SET_CACHE_BYTES_MAX)
                .build();
            match set {
                Ok(set) => {
                    let filed = self.labels.entry(label.to_owned()).or_default();
                    filed.patterns.push((set, rules.collect()));
                }
                // Each compiles alone, all together are too large.
                Err(_) => self.always.extend(rules),
            }
        }
    }

    /// The rules that may hold, in order. Those left out do not hold.
    pub(in crate::domain) fn candidates(&self, labels: &Labels) -> Vec<usize> {
        let mut found = self.always.clone();
        // Rules of one kind mostly look at fewer labels than an alert has.
        if self.labels.len() < labels.len() {
            for (name, filed) in &self.labels {
                filed.find(labels.get(name), &mut found);
            }
        } else {
            for (name, value) in labels.iter() {
                let Some(filed) = self.labels.get(name) else { continue };
                filed.find(value, &mut found);
            }
        }
        found.sort_unstable();
        // A pattern may list a value twice.
        found.dedup();
        found
    }
}

impl Filed {
    /// Adds the rules that allow a value. No filed rule allows an alert without its label.
    fn find(&self, value: &str, found: &mut Vec<usize>) {
        if value.is_empty() {
            return;
        }
        found.extend(self.values.get(value).into_iter().flatten());
        for (set, rules) in &self.patterns {
            found.extend(set.matches(value).iter().map(|at| rules[at]));
        }
    }
}

/// The values that a matcher allows, if it allows only some that can be listed and needs its
/// label.
fn values(matcher: &Matcher) -> Option<Vec<&str>> {
    let values: Vec<&str> = match matcher.operator() {
        Operator::Equal => vec![&matcher.value],
        Operator::Like if matcher.value.chars().all(is_literal) => {
            matcher.value.split('|').collect()
        }
        Operator::Like | Operator::NotEqual | Operator::NotLike => return None,
    };
    // A missing label counts as empty, and is not among the labels of an alert.
    if values.iter().any(|value| value.is_empty()) {
        return None;
    }
    Some(values)
}

/// Stands for itself in a pattern; `|` between two values is taken apart.
fn is_literal(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '|' | '_' | '-' | ':' | '/' | ' ' | '@' | '%' | ',' | '=')
}

fn needs_label(matcher: &Matcher) -> bool {
    matches!(matcher.operator(), Operator::Like) && !matcher.matches("")
}
