//! Inhibition: while one alert fires, others that follow from it are kept from people.
//!
//! Which firing alerts are sources of which rule is kept in buckets, one for each set of values of
//! the rule's `equal` labels, so that the cost of an alert does not grow with their number. Rules with
//! the same `equal` have their buckets side by side and are looked up together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::state::State;
use crate::domain::index::hash_each;
use crate::domain::stage::{Rule, Stage};
use crate::domain::value::matcher::all_match;
use crate::domain::value::{AlertId, Labels, Matchers};

/// So many rules with sources are held against a target one by one; among more, those whose target
/// side holds are looked up.
const RULES_TRIED_MAX: usize = 8;

/// One of `inhibit_rules`.
#[derive(Debug, Clone, Default)]
pub struct InhibitRule {
    /// Its name; may be empty.
    pub name: String,
    /// Where it stands: `alertmanager.yml:12`.
    pub place: String,
    /// What an alert must fulfil to inhibit others.
    pub source: Matchers,
    /// What an alert must fulfil to be inhibited.
    pub target: Matchers,
    /// Labels whose values must be equal on both sides; a missing label counts as empty.
    pub equal: Vec<String>,
}

/// The rules, found from both sides by their matchers.
#[derive(Debug, Clone, Default)]
pub struct Inhibitions {
    rules: Vec<InhibitRule>,
    sources: Stage<usize>,
    targets: Stage<usize>,
    /// Every `equal` in use, once.
    equals: Vec<Vec<String>>,
    /// Of each rule its place in `equals`.
    equal_of: Vec<usize>,
}

impl Inhibitions {
    /// Takes the rules in the order of the file.
    pub fn new(rules: Vec<InhibitRule>) -> Self {
        let side = |of: fn(&InhibitRule) -> &Matchers| {
            let numbered = rules.iter().enumerate().map(|(number, rule)| Rule {
                name: rule.name.clone(),
                place: rule.place.clone(),
                matchers: of(rule).clone(),
                goes_on: true,
                body: number,
            });
            Stage::new(numbered.collect())
        };
        let (sources, targets) = (side(|rule| &rule.source), side(|rule| &rule.target));
        let distinct: BTreeSet<&Vec<String>> = rules.iter().map(|rule| &rule.equal).collect();
        let equals: Vec<Vec<String>> = distinct.into_iter().cloned().collect();
        let place = |rule: &InhibitRule| equals.binary_search(&rule.equal).unwrap_or_default();
        let equal_of = rules.iter().map(place).collect();
        Self { rules, sources, targets, equals, equal_of }
    }

    /// Every rule, in order.
    pub fn rules(&self) -> &[InhibitRule] {
        &self.rules
    }

    /// Where the buckets of a label set stand, for rules with the `equal` of that place.
    fn place(&self, equal: usize, labels: &Labels) -> (usize, u64) {
        (equal, hash_each(self.equals[equal].iter().map(|name| labels.get(name))))
    }
}

/// The alerts that inhibit others: all that fire and are a source of some rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Inhibitors {
    rules: Arc<Inhibitions>,
    /// By the place of `equal` and the values of its labels; in there by rule.
    buckets: BTreeMap<(usize, u64), BTreeMap<usize, Bucket>>,
}

/// The sources of one rule with equal values of its labels.
#[derive(Debug, Clone, Default)]
struct Bucket {
    /// Those that only the source side matches.
    one_sided: BTreeSet<AlertId>,
    /// Those that the target side matches, too: they do not inhibit each other.
    two_sided: BTreeSet<AlertId>,
}

impl Inhibitors {
    /// Takes other rules and forgets every source.
    fn equip(&mut self, rules: &Arc<Inhibitions>) {
        self.rules = Arc::clone(rules);
        self.buckets.clear();
    }

    fn are_idle(&self) -> bool {
        self.rules.rules.is_empty()
    }

    fn clear(&mut self) {
        self.buckets.clear();
    }

    /// An alert with these labels fires.
    fn add(&mut self, id: AlertId, labels: &Labels) {
        for found in self.rules.sources.matching(labels) {
            let rule = found.body;
            let place = self.rules.place(self.rules.equal_of[rule], labels);
            let bucket = self.buckets.entry(place).or_default().entry(rule).or_default();
            bucket.side(self.rules.rules[rule].is_target(labels)).insert(id);
        }
    }

    /// An alert with these labels fires no longer.
    fn remove(&mut self, id: AlertId, labels: &Labels) {
        for found in self.rules.sources.matching(labels) {
            let rule = found.body;
            let place = self.rules.place(self.rules.equal_of[rule], labels);
            let Some(buckets) = self.buckets.get_mut(&place) else { continue };
            let Some(bucket) = buckets.get_mut(&rule) else { continue };
            bucket.side(self.rules.rules[rule].is_target(labels)).remove(&id);
            if bucket.one_sided.is_empty() && bucket.two_sided.is_empty() {
                buckets.remove(&rule);
            }
            if buckets.is_empty() {
                self.buckets.remove(&place);
            }
        }
    }

    /// The alerts that inhibit one with these labels, rule by rule. `are_equal` says whether a
    /// source truly has equal values of the labels that it is given.
    fn of<'a>(
        &'a self,
        labels: &'a Labels,
        are_equal: impl Fn(AlertId, &[String]) -> bool + 'a,
    ) -> impl Iterator<Item = AlertId> + 'a {
        self.with_sources(labels)
            .into_iter()
            .map(|(rule, bucket)| {
                let rule = &self.rules.rules[rule];
                let others = (!rule.is_source(labels)).then_some(&bucket.two_sided);
                (rule, bucket.one_sided.iter().chain(others.into_iter().flatten()))
            })
            .flat_map(|(rule, sources)| sources.map(move |id| (rule, *id)))
            .filter_map(move |(rule, id)| are_equal(id, &rule.equal).then_some(id))
    }

    /// The rules with these labels on their target side that have sources, with those, in order.
    fn with_sources(&self, labels: &Labels) -> Vec<(usize, &Bucket)> {
        if self.buckets.is_empty() {
            return Vec::new();
        }
        let places = (0..self.rules.equals.len()).map(|equal| self.rules.place(equal, labels));
        let buckets = places.filter_map(|place| self.buckets.get(&place)).flatten();
        let mut found: Vec<(usize, &Bucket)> =
            buckets.map(|(rule, bucket)| (*rule, bucket)).collect();
        if found.len() > RULES_TRIED_MAX {
            let targets: BTreeSet<usize> =
                self.rules.targets.matching(labels).into_iter().map(|rule| rule.body).collect();
            found.retain(|(rule, _)| targets.contains(rule));
        } else {
            found.retain(|(rule, _)| self.rules.rules[*rule].is_target(labels));
        }
        found.sort_unstable_by_key(|(rule, _)| *rule);
        found
    }
}

impl InhibitRule {
    fn is_source(&self, labels: &Labels) -> bool {
        all_match(&self.source, |name| labels.get(name))
    }

    fn is_target(&self, labels: &Labels) -> bool {
        all_match(&self.target, |name| labels.get(name))
    }
}

impl Bucket {
    fn side(&mut self, two_sided: bool) -> &mut BTreeSet<AlertId> {
        if two_sided { &mut self.two_sided } else { &mut self.one_sided }
    }
}

impl State {
    /// The alerts that inhibit one with these labels, rule by rule; one may come more than once.
    pub fn inhibitors_of<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = AlertId> + 'a {
        self.inhibitors.of(labels, move |id, equal| {
            let same = |source, name: &String| self.label(source, name) == labels.get(name);
            self.alert(id).is_some_and(|source| equal.iter().all(|name| same(source, name)))
        })
    }

    /// Tells whether there is no rule, so that nothing can be inhibited.
    pub fn inhibits_nothing(&self) -> bool {
        self.inhibitors.are_idle()
    }

    /// Takes the rules in force, which no fact carries, and says whether they are others.
    pub(super) fn equip(&mut self, rules: &Arc<Inhibitions>) -> bool {
        if Arc::ptr_eq(&self.inhibitors.rules, rules) {
            return false;
        }
        self.inhibitors.equip(rules);
        self.seat_all();
        true
    }

    /// Finds every source anew.
    pub(super) fn seat_all(&mut self) {
        self.inhibitors.clear();
        if self.inhibitors.are_idle() {
            return;
        }
        let firing = self.alerts().filter(|(_, alert)| alert.is_firing());
        let ids: Vec<AlertId> = firing.map(|(id, _)| id).collect();
        for id in ids {
            self.seat(id);
        }
    }

    /// An alert fires, and is a source from here on.
    pub(super) fn seat(&mut self, id: AlertId) {
        if let Some(labels) = self.labels_of_source(id) {
            self.inhibitors.add(id, &labels);
        }
    }

    /// As [`State::seat`], where the alert's labels are at hand.
    pub(super) fn seat_with(&mut self, id: AlertId, labels: &Labels) {
        if !self.inhibitors.are_idle() {
            self.inhibitors.add(id, labels);
        }
    }

    /// An alert is no source any longer, or not one with these labels.
    pub(super) fn unseat(&mut self, id: AlertId) {
        if let Some(labels) = self.labels_of_source(id) {
            self.inhibitors.remove(id, &labels);
        }
    }

    fn labels_of_source(&self, id: AlertId) -> Option<Labels> {
        if self.inhibitors.are_idle() {
            return None;
        }
        self.alert(id).map(|alert| self.labels(alert))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::value::matcher::{ParseMode, parse_all};

    fn rule(source: &str, target: &str, equal: &[&str]) -> InhibitRule {
        let matchers = |text: &str| match text {
            "" => Matchers::new(),
            text => parse_all(text, ParseMode::Fallback).unwrap(),
        };
        InhibitRule {
            source: matchers(source),
            target: matchers(target),
            equal: equal.iter().map(|name| (*name).to_owned()).collect(),
            ..InhibitRule::default()
        }
    }

    fn labels(text: &str) -> Labels {
        Labels::new(text.split_whitespace().map(|pair| pair.split_once('=').unwrap()))
    }

    /// Plays lines of alerts that begin (`+`) and end (`-`); then says who inhibits whom.
    #[track_caller]
    fn check(rules: &[InhibitRule], alerts: &[&str], deeds: &str, expected: &str) {
        let mut inhibitors = Inhibitors::default();
        inhibitors.equip(&Arc::new(Inhibitions::new(rules.to_vec())));
        for deed in deeds.split_whitespace() {
            let (sign, number) = deed.split_at(1);
            let number: usize = number.parse().unwrap();
            let id = AlertId(u64::try_from(number).unwrap());
            match sign {
                "+" => inhibitors.add(id, &labels(alerts[number])),
                _ => inhibitors.remove(id, &labels(alerts[number])),
            }
        }
        let said = |target: &&str| {
            let ids: Vec<String> =
                inhibitors.of(&labels(target), |_, _| true).map(|id| id.0.to_string()).collect();
            format!("[{}]", ids.join(" "))
        };
        let found: Vec<String> = alerts.iter().map(said).collect();
        assert_eq!(found.join(" "), expected, "{deeds}");
    }

    #[test]
    fn every_source_counts_until_it_ends() {
        let rules = [rule("severity=critical", "severity=warning", &["cluster"])];
        let alerts = [
            "severity=critical cluster=a n=0",
            "severity=critical cluster=a n=1",
            "severity=critical cluster=b",
            "severity=warning cluster=a",
            "severity=warning",
        ];
        check(&rules, &alerts, "", "[] [] [] [] []");
        check(&rules, &alerts, "+0 +1 +2 +3 +4", "[] [] [] [0 1] []");
        check(&rules, &alerts, "+0 +1 -0", "[] [] [] [1] []");
        check(&rules, &alerts, "+0 +1 -1 -0 -0", "[] [] [] [] []");
    }

    #[test]
    fn two_sided_alerts_are_inhibited_by_one_sided_ones_only() {
        let rules = [rule("team=db", "severity=warning", &[])];
        let alerts = [
            "team=db severity=warning n=0",
            "team=db severity=warning n=1",
            "team=db severity=critical",
            "team=web severity=warning",
        ];
        check(&rules, &alerts, "+0 +1", "[] [] [] [0 1]");
        check(&rules, &alerts, "+0 +1 +2", "[2] [2] [] [2 0 1]");
    }

    #[test]
    fn a_missing_label_is_equal_to_an_empty_one_and_several_rules_add_up() {
        let rules = [
            rule("kind=node", "kind=pod", &["node", "zone"]),
            rule("kind=zone", "kind=pod", &["zone"]),
            rule("", "kind=test", &[]),
        ];
        let alerts =
            ["kind=node node=n1", "kind=zone", "kind=pod node=n1", "kind=pod node=n1 zone=z"];
        check(&rules, &alerts, "+0 +1 +2 +3", "[] [] [0 1] []");
        check(&rules, &["kind=x", "kind=test"], "+0 +1", "[] [0]");
    }

    proptest! {
        #[test]
        fn the_buckets_say_what_looking_at_every_pair_says(
            rules in prop::collection::vec(
                ("(a=[xy])?", "b=x|b=y|c=x", prop::collection::vec("[abc]", 0..2)),
                0..24,
            ),
            alerts in prop::collection::vec(prop::collection::vec(("[abc]", "[xy]"), 0..4), 0..12),
            ended in prop::collection::vec(any::<bool>(), 12),
        ) {
            let rules: Vec<InhibitRule> = rules
                .iter()
                .map(|(source, target, equal)| {
                    let equal: Vec<&str> = equal.iter().map(String::as_str).collect();
                    rule(source, target, &equal)
                })
                .collect();
            let alerts: Vec<Labels> = alerts.into_iter().map(Labels::new).collect();
            let mut inhibitors = Inhibitors::default();
            inhibitors.equip(&Arc::new(Inhibitions::new(rules.clone())));
            let ids = || (0..).map(AlertId).zip(&alerts);
            for (id, labels) in ids() {
                inhibitors.add(id, labels);
            }
            let fires = |id: AlertId| !ended[usize::try_from(id.0).unwrap()];
            for (id, labels) in ids().filter(|(id, _)| !fires(*id)) {
                inhibitors.remove(id, labels);
            }
            for target in &alerts {
                let expected: BTreeSet<AlertId> = rules
                    .iter()
                    .filter(|rule| rule.is_target(target))
                    .flat_map(|rule| {
                        ids().filter(move |(_, source)| {
                            let equal = |name: &String| source.get(name) == target.get(name);
                            rule.is_source(source)
                                && rule.equal.iter().all(equal)
                                && !(rule.is_source(target) && rule.is_target(source))
                        })
                    })
                    .map(|(id, _)| id)
                    .filter(|id| fires(*id))
                    .collect();
                let found: BTreeSet<AlertId> = inhibitors.of(target, |_, _| true).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
