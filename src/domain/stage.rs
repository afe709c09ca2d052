//! A stage: an ordered list of rules, found by their matchers without trying each.

use super::value::{Labels, Matchers};

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
}

impl<T> Default for Stage<T> {
    fn default() -> Self {
        Self { rules: Vec::new() }
    }
}

impl<T> Stage<T> {
    /// Takes rules in order.
    pub fn new(rules: Vec<Rule<T>>) -> Self {
        Self { rules }
    }

    /// Every rule, in order.
    pub fn rules(&self) -> &[Rule<T>] {
        &self.rules
    }

    /// The rules that hold for these labels, in order, as far as `continue` lets them be looked at.
    pub fn matching<'a>(&'a self, labels: &Labels) -> Vec<&'a Rule<T>> {
        let mut found = Vec::new();
        for rule in &self.rules {
            if rule.matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name))) {
                found.push(rule);
                if !rule.goes_on {
                    break;
                }
            }
        }
        found
    }

    /// The first rule that holds for these labels.
    pub fn first<'a>(&'a self, labels: &Labels) -> Option<&'a Rule<T>> {
        self.matching(labels).into_iter().next()
    }
}
