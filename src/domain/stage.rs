//! A stage: an ordered list of rules, found by their matchers without trying each.

pub(in crate::domain) mod index;

use super::value::{Labels, Matchers};
use index::Index;

/// One rule of a stage.
#[derive(Debug, Clone)]
pub struct Rule<T> {
    /// The rule's name, unique within its stage; made of file and line where none was given.
    pub name: String,
    /// Where it stands: `rules/database.yaml:12`.
    pub place: String,
    /// All must hold for the rule to match.
    pub matchers: Matchers,
    /// Tells whether later rules are looked at too once this one has matched.
    pub goes_on: bool,
    /// What the rule says.
    pub body: T,
}

/// Rules in the order of their files.
#[derive(Debug, Clone)]
pub struct Stage<T> {
    rules: Vec<Rule<T>>,
    index: Index,
}

impl<T> Default for Stage<T> {
    fn default() -> Self {
        Self { rules: Vec::new(), index: Index::default() }
    }
}

impl<T> Stage<T> {
    /// Takes rules in order.
    pub fn new(rules: Vec<Rule<T>>) -> Self {
        let index = Index::new(rules.iter().map(|rule| rule.matchers.as_slice()));
        Self { rules, index }
    }

    /// Every rule, in order.
    pub fn rules(&self) -> &[Rule<T>] {
        &self.rules
    }

    /// The rules that hold for these labels, in order, as far as `continue` lets them be looked at.
    pub fn matching<'a>(&'a self, labels: &Labels) -> Vec<&'a Rule<T>> {
        let mut found = Vec::new();
        for rule in self.holding(labels) {
            found.push(rule);
            if !rule.goes_on {
                break;
            }
        }
        found
    }

    /// The first rule that holds for these labels.
    pub fn first<'a>(&'a self, labels: &Labels) -> Option<&'a Rule<T>> {
        self.holding(labels).next()
    }

    fn holding<'a>(&'a self, labels: &Labels) -> impl Iterator<Item = &'a Rule<T>> {
        let holds = |rule: &&Rule<T>| {
            rule.matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name)))
        };
        self.index.candidates(labels).into_iter().map(|at| &self.rules[at]).filter(holds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::value::Matcher;
    use crate::domain::value::matcher::Operator;

    fn rule(name: usize, matchers: Matchers, goes_on: bool) -> Rule<()> {
        Rule { name: name.to_string(), place: String::new(), matchers, goes_on, body: () }
    }

    fn linear<'a>(rules: &'a [Rule<()>], labels: &Labels) -> Vec<&'a str> {
        let mut found = Vec::new();
        for rule in rules {
            if rule.matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name))) {
                found.push(rule.name.as_str());
                if !rule.goes_on {
                    break;
                }
            }
        }
        found
    }

    fn matcher() -> impl Strategy<Value = Matcher> {
        let operator = prop_oneof![
            Just(Operator::Equal),
            Just(Operator::NotEqual),
            Just(Operator::Like),
            Just(Operator::NotLike),
        ];
        let value = prop_oneof![
            Just(""),
            Just("x"),
            Just("y"),
            Just("x|y"),
            Just("x|x"),
            Just("x|"),
            Just("x.*"),
            Just(".+"),
            Just(".*"),
            Just("(x|y)z?"),
        ];
        ("[abc]", operator, value)
            .prop_map(|(name, operator, value)| Matcher::new(&name, operator, value).unwrap())
    }

    proptest! {
        #[test]
        fn the_index_finds_what_trying_each_rule_finds(
            rules in prop::collection::vec((prop::collection::vec(matcher(), 0..4), any::<bool>()), 0..80),
            pairs in prop::collection::vec(("[abcd]", "x|y|xz|x\n|z"), 0..4),
        ) {
            let rules: Vec<_> = rules
                .into_iter()
                .enumerate()
                .map(|(name, (matchers, goes_on))| rule(name, matchers, goes_on))
                .collect();
            let labels = Labels::new(pairs);
            let expected = linear(&rules, &labels);
            let stage = Stage::new(rules.clone());
            let found: Vec<_> = stage.matching(&labels).iter().map(|rule| rule.name.as_str()).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(stage.first(&labels).map(|rule| rule.name.as_str()), expected.first().copied());
        }
    }

    #[test]
    fn ten_thousand_rules_leave_a_handful_to_try() {
        let new = |name: &str, operator, value: &str| Matcher::new(name, operator, value).unwrap();
        let rules = (0..10_000)
            .map(|i| {
                let matchers = match i % 3 {
                    // The label that all rules share is no help; the rare one is.
                    0 => vec![
                        new("severity", Operator::Equal, "critical"),
                        new("service", Operator::Equal, &format!("s{i}")),
                    ],
                    1 => vec![new("alertname", Operator::Like, &format!("A{i}|B{i}"))],
                    // A list that all share is no help either; the pattern is.
                    _ => vec![
                        new("severity", Operator::Like, "critical|warning"),
                        new("instance", Operator::Like, &format!("host{i}-.+")),
                    ],
                };
                rule(i, matchers, true)
            })
            .collect();
        let stage = Stage::new(rules);
        let labels = Labels::new([
            ("severity", "critical"),
            ("service", "s3000"),
            ("alertname", "B4000"),
            ("instance", "host5000-1"),
        ]);
        assert_eq!(stage.index.candidates(&labels), [3000, 4000, 5000]);
    }
}
