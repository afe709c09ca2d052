//! The rule stages of event management: enrich, dedupe, flap, correlate.

use crate::domain::stage::Stage;
use crate::domain::template::Template;
use crate::domain::value::Span;

/// The stages in the order in which an event passes them.
#[derive(Debug, Clone, Default)]
pub struct EventRules {
    /// Adds labels.
    pub enrich: Stage<Enrich>,
    /// Says which labels make the identity, and which conditions are the same across sources.
    pub dedupe: Stage<Dedupe>,
    /// Says when an alert that comes and goes is flapping.
    pub flap: Stage<Flap>,
    /// Says which alerts are one incident.
    pub correlate: Stage<Correlate>,
}

/// Labels to lay over those that the source sent. Of several rules that apply, the later lays its
/// labels over those of the earlier.
#[derive(Debug, Clone)]
pub struct Enrich {
    /// Label name and the template of its value; an empty result leaves the label alone.
    pub set: Vec<(String, Template)>,
}

/// What makes two events speak of one alert.
#[derive(Debug, Clone, Default)]
pub struct Dedupe {
    /// Only these labels make the identity; empty means all of them.
    pub identity: Vec<String>,
    /// These labels are no part of the identity.
    pub drop_labels: Vec<String>,
    /// The name of a condition that several sources watch: alerts of one condition on one CI open
    /// within ten minutes join one incident.
    pub same_as: Option<String>,
}

/// The window form of flap detection (as in `ServiceNow`), for sources that push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flap {
    /// So many changes between firing and resolved …
    pub transitions: usize,
    /// … within this time make an alert flapping …
    pub within: Span,
    /// … until this long without a change.
    pub quiet: Span,
}

impl Default for Flap {
    fn default() -> Self {
        Self { transitions: 6, within: Span::minutes(30), quiet: Span::minutes(15) }
    }
}

/// Which alerts are one incident.
#[derive(Debug, Clone)]
pub struct Correlate {
    /// Alerts with equal values of these labels belong together.
    pub by: Vec<String>,
    /// An incident takes in an alert up to this long after its last one.
    pub window: Span,
    /// An incident takes in alerts up to this long after it was opened.
    pub max_span: Span,
    /// So many alerts before the incident is made known to people.
    pub threshold: u64,
    /// What must have fired.
    pub create_on: CreateOn,
    /// Whether the rule decides or only watches.
    pub mode: Mode,
}

/// What must have fired before an incident of the rule is made known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CreateOn {
    /// Any alert of the rule's matchers, `threshold` of them.
    #[default]
    Any,
    /// Alerts of as many different names as `threshold` says.
    All,
}

/// Whether a rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It decides.
    #[default]
    Active,
    /// It is evaluated and its verdict noted, but another rule decides.
    Shadow,
    /// It is read and checked, nothing more.
    Disabled,
}
