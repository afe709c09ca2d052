//! The routing tree: which receivers hear of an alert, and how its messages are grouped and timed.
//!
//! Alertmanager's rules: depth first, left to right; the first child that matches ends the search
//! unless it says `continue`; if no child matches, the node itself takes the alert.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::domain::stage::index::Index;
use crate::domain::template::Template;
use crate::domain::value::{Labels, Matchers, Span};

/// So many children of a node are tried one by one; more are found by what they need.
const CHILDREN_TRIED_MAX: usize = 8;

/// Places of routes. Most alerts are taken by one or two, which need no allocation.
pub type Places = SmallVec<[usize; 3]>;

/// The tree, flattened: node 0 is the root, and parents stand before their children.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    nodes: Vec<Route>,
    /// Of each node with many children, those by what they need.
    crowds: BTreeMap<usize, Index>,
}

/// A node of the tree with everything it inherits filled in.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// Where the node stands in [`Routes`].
    pub index: usize,
    /// The chain of matchers down to this node, as it goes into group keys: `{}/{team="db"}`.
    pub key: String,
    /// Who hears of it.
    pub receiver: String,
    /// What messages are grouped by.
    pub group_by: GroupBy,
    /// What an alert must fulfil.
    pub matchers: Matchers,
    /// Whether later siblings are looked at too.
    pub goes_on: bool,
    /// How long a new group waits for more alerts.
    pub group_wait: Span,
    /// How long between two messages about changes of one group.
    pub group_interval: Span,
    /// How long until an unchanged group is told again.
    pub repeat_interval: Span,
    /// Names of time intervals during which nothing is sent.
    pub mute_time_intervals: Vec<String>,
    /// Names of time intervals outside of which nothing is sent.
    pub active_time_intervals: Vec<String>,
    /// What every message of the route carries (`labels`): names with templates. A child's word
    /// counts more than its parent's.
    pub labels: Vec<(String, RouteLabel)>,
    /// The children's places in [`Routes`].
    pub children: Vec<usize>,
}

/// What a route label says: a template, and its text for where it cannot be rendered.
#[derive(Debug, Clone)]
pub struct RouteLabel {
    /// As it stands in the configuration.
    pub text: String,
    /// The template made of it.
    pub compiled: Template,
}

impl Default for GroupBy {
    fn default() -> Self {
        Self::Labels(Vec::new())
    }
}

/// What messages are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// Alerts with equal values of these labels.
    Labels(Vec<String>),
    /// `['...']`: every label; each alert is its own group.
    All,
    /// `[incident]`: the incident is the group, and its life makes the messages.
    Incident,
}

impl Routes {
    /// Takes the nodes; node 0 is the root.
    ///
    /// # Panics
    /// When a child stands before its parent, which is the loader's bug.
    pub fn new(nodes: Vec<Route>) -> Self {
        for (index, node) in nodes.iter().enumerate() {
            assert_eq!(node.index, index, "a node knows its place");
            assert!(node.children.iter().all(|child| *child > index), "parents come first");
        }
        let many = nodes.iter().filter(|node| node.children.len() > CHILDREN_TRIED_MAX);
        let crowds = many.map(|node| (node.index, crowd(&nodes, node))).collect();
        Self { nodes, crowds }
    }

    /// Lets one receiver hear of what these matchers take, and nobody else: a first child of the
    /// root, which it inherits from.
    #[must_use]
    pub fn with_first(mut self, matchers: Matchers, receiver: &str) -> Self {
        let index = self.nodes.len();
        let Some(root) = self.nodes.first_mut() else { return self };
        let list: Vec<String> = matchers.iter().map(ToString::to_string).collect();
        let child = Route {
            index,
            key: format!("{}/{{{}}}", root.key, list.join(",")),
            receiver: receiver.to_owned(),
            matchers,
            goes_on: false,
            children: Vec::new(),
            ..root.clone()
        };
        root.children.insert(0, index);
        self.nodes.push(child);
        Self::new(self.nodes)
    }

    /// Every node, root first.
    pub fn nodes(&self) -> &[Route] {
        &self.nodes
    }

    /// The nodes that take an alert with these labels, in order.
    pub fn matching(&self, labels: &Labels) -> Vec<&Route> {
        self.places(labels).into_iter().map(|place| &self.nodes[place]).collect()
    }

    /// The places of the nodes that take an alert with these labels, in order.
    pub fn places(&self, labels: &Labels) -> Places {
        let mut found = Places::new();
        if let Some(root) = self.nodes.first() {
            self.descend(root, labels, &mut found);
        }
        found
    }

    fn descend(&self, node: &Route, labels: &Labels, found: &mut Places) -> bool {
        let fits = node.matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name)));
        if !fits {
            return false;
        }
        let before = found.len();
        match self.crowds.get(&node.index) {
            None => self.descend_among(node.children.iter().copied(), labels, found),
            Some(crowd) => {
                let children = crowd.candidates(labels).into_iter().map(|at| node.children[at]);
                self.descend_among(children, labels, found);
            }
        }
        if found.len() == before {
            found.push(node.index);
        }
        true
    }

    fn descend_among(
        &self,
        children: impl Iterator<Item = usize>,
        labels: &Labels,
        found: &mut Places,
    ) {
        for child in children {
            let child = &self.nodes[child];
            if self.descend(child, labels, found) && !child.goes_on {
                break;
            }
        }
    }
}

fn crowd(nodes: &[Route], node: &Route) -> Index {
    Index::new(node.children.iter().map(|child| nodes[*child].matchers.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::matcher::{ParseMode, parse_all};

    /// A root with these children; a name that ends in `+` goes on.
    fn routes(children: &[(&str, &str)]) -> Routes {
        let root = Route { children: (1..=children.len()).collect(), ..Route::default() };
        let child = |(place, (name, matchers)): (usize, &(&str, &str))| Route {
            index: place + 1,
            receiver: (*name).to_owned(),
            goes_on: name.ends_with('+'),
            matchers: parse_all(matchers, ParseMode::Fallback).unwrap(),
            ..Route::default()
        };
        Routes::new([root].into_iter().chain(children.iter().enumerate().map(child)).collect())
    }

    #[test]
    fn many_children_take_what_each_of_them_would_take_alone() {
        let few = [
            ("one", "a=1"),
            ("two+", "a=~\"2|3.*\""),
            ("three", "a=~\"3.+\",b!=x"),
            ("four", "b=~\"[xy]+\""),
            ("five+", "c=\"\",a!~\"1|5\""),
        ];
        let padding = (0..20).map(|n| format!("a=none{n}")).collect::<Vec<_>>();
        let mut many = few.to_vec();
        many.extend(padding.iter().map(|matchers| ("none", matchers.as_str())));
        let (few, many) = (routes(&few), routes(&many));
        assert!(few.crowds.is_empty() && many.crowds.len() == 1);
        let taking = |routes: &Routes, labels: &Labels| {
            let found = routes.matching(labels).into_iter();
            found.map(|route| route.receiver.clone()).collect::<Vec<_>>().join(" ")
        };
        for (labels, expected) in [
            (vec![("a", "1")], "one"),
            (vec![("a", "2")], "two+ five+"),
            (vec![("a", "3")], "two+ five+"),
            (vec![("a", "33")], "two+ three"),
            (vec![("a", "33"), ("b", "x")], "two+ four"),
            (vec![("a", "5"), ("b", "yy")], "four"),
            (vec![("a", "5")], ""),
            (vec![], "five+"),
            (vec![("c", "z")], ""),
        ] {
            let labels = Labels::new(labels);
            assert_eq!(taking(&few, &labels), expected, "{labels}");
            assert_eq!(taking(&many, &labels), expected, "{labels}");
        }
    }
}
