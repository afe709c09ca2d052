//! Finds the few rules that may hold for a label set, however many rules there are.
//!
//! A rule needs all of its matchers, so it is filed under one of them that needs its label: the
//! rarest value or beginning of a value, unless many share it, else a pattern. Patterns on one label
//! are tried together.

use std::collections::BTreeMap;

use regex::{RegexSet, RegexSetBuilder};

use crate::domain::value::matcher::Operator;
use crate::domain::value::matcher::branch::{Branch, Tail, branches};
use crate::domain::value::{Labels, Matcher};

/// A value that more rules than these share narrows too little; better a pattern, where there is
/// one: those on one label together cost as much as two or three rules that are tried alone.
const VALUE_RULES_MAX: usize = 4;

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
    /// By what values begin with, those of one length together.
    beginnings: BTreeMap<usize, BTreeMap<Vec<u8>, Vec<usize>>>,
    patterns: Vec<(RegexSet, Vec<usize>)>,
}

impl Index {
    /// Files each rule by its matchers.
    pub(in crate::domain) fn new<'a>(rules: impl Iterator<Item = &'a [Matcher]> + Clone) -> Self {
        let listed: Vec<Vec<Option<Vec<Branch>>>> =
            rules.clone().map(|matchers| matchers.iter().map(listed).collect()).collect();
        let mut uses: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
        for (matcher, branches) in rules.clone().flatten().zip(listed.iter().flatten()) {
            for branch in branches.iter().flatten() {
                *uses.entry(need(matcher, branch)).or_default() += 1;
            }
        }
        let mut index = Self::default();
        let mut patterns: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
        for (rule, (matchers, listed)) in rules.zip(&listed).enumerate() {
            let cost = |matcher: &Matcher, branches: &[Branch]| -> usize {
                branches.iter().filter_map(|branch| uses.get(&need(matcher, branch))).sum()
            };
            let both = || matchers.iter().zip(listed);
            let lists = both().filter_map(|(matcher, listed)| Some((matcher, listed.as_ref()?)));
            let rarest = lists.min_by_key(|(matcher, branches)| cost(matcher, branches));
            let pattern = both().find(|(m, listed)| needs_label(m) && listed.is_none());
            let narrows = |(matcher, branches): &(&Matcher, &Vec<Branch>)| {
                pattern.is_none() || cost(matcher, branches) <= VALUE_RULES_MAX
            };
            if let Some((matcher, branches)) = rarest.filter(narrows) {
                let filed = index.labels.entry(matcher.name.clone()).or_default();
                for branch in branches {
                    filed.file(branch, rule);
                }
            } else if let Some((matcher, _)) = pattern {
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
        if self.labels.is_empty() {
            return self.always.clone();
        }
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
        // A pattern may list a value twice, or a beginning of it beside it.
        found.dedup();
        found
    }
}

impl Filed {
    fn file(&mut self, branch: &Branch, rule: usize) {
        let text = &branch.text;
        let rules = if branch.is_open() {
            let same_length = self.beginnings.entry(text.len()).or_default();
            same_length.entry(text.as_bytes().to_vec()).or_default()
        } else {
            self.values.entry(text.clone()).or_default()
        };
        rules.push(rule);
    }

    /// Adds the rules that allow a value. No filed rule allows an alert without its label.
    fn find(&self, value: &str, found: &mut Vec<usize>) {
        if value.is_empty() {
            return;
        }
        found.extend(self.values.get(value).into_iter().flatten());
        for (length, beginnings) in &self.beginnings {
            let Some(beginning) = value.as_bytes().get(..*length) else { break };
            found.extend(beginnings.get(beginning).into_iter().flatten());
        }
        for (set, rules) in &self.patterns {
            let matches = set.matches(value);
            // Going through them looks at every pattern of the set, and mostly none has matched.
            if matches.matched_any() {
                found.extend(matches.iter().map(|at| rules[at]));
            }
        }
    }
}

impl Branch {
    fn is_open(&self) -> bool {
        self.tail != Tail::Nothing
    }
}

/// What files a rule: a label, its value or the beginning of it, and which of the two.
fn need<'a>(matcher: &'a Matcher, branch: &'a Branch) -> (&'a str, &'a str, bool) {
    (&matcher.name, &branch.text, branch.is_open())
}

/// What a matcher allows, if that can be listed and needs its label.
fn listed(matcher: &Matcher) -> Option<Vec<Branch>> {
    let branches = match matcher.operator() {
        Operator::Equal => vec![Branch { text: matcher.value.clone(), tail: Tail::Nothing }],
        Operator::Like => branches(&matcher.value)?,
        Operator::NotEqual | Operator::NotLike => return None,
    };
    // A missing label counts as empty, and is not among the labels of an alert.
    let narrows = branches.iter().all(|branch| !branch.text.is_empty());
    narrows.then_some(branches)
}

fn needs_label(matcher: &Matcher) -> bool {
    matches!(matcher.operator(), Operator::Like) && !matcher.matches("")
}
