//! The routing tree: which receivers hear of an alert, and how its messages are grouped and timed.
//!
//! Alertmanager's rules: depth first, left to right; the first child that matches ends the search
//! unless it says `continue`; if no child matches, the node itself takes the alert.

use crate::domain::template::Template;
use crate::domain::value::{Labels, Matchers, Span};

/// The tree, flattened: node 0 is the root, and parents stand before their children.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    nodes: Vec<Route>,
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
        Self { nodes }
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
        self
    }

    /// Every node, root first.
    pub fn nodes(&self) -> &[Route] {
        &self.nodes
    }

    /// The nodes that take an alert with these labels, in order.
    pub fn matching(&self, labels: &Labels) -> Vec<&Route> {
        let mut found = Vec::new();
        if let Some(root) = self.nodes.first() {
            self.descend(root, labels, &mut found);
        }
        found
    }

    fn descend<'a>(&'a self, node: &'a Route, labels: &Labels, found: &mut Vec<&'a Route>) -> bool {
        let fits = node.matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name)));
        if !fits {
            return false;
        }
        let before = found.len();
        for child in &node.children {
            let child = &self.nodes[*child];
            if self.descend(child, labels, found) && !child.goes_on {
                break;
            }
        }
        if found.len() == before {
            found.push(node);
        }
        true
    }
}
