//! The rule stages of incident management: incident and resolve.

use crate::domain::stage::Stage;
use crate::domain::template::Template;
use crate::domain::value::{Impact, Priority, Span, Urgency};

/// The stages in order.
#[derive(Debug, Clone, Default)]
pub struct IncidentRules {
    /// What a new incident looks like, by the labels of its first alert.
    pub incident: Stage<IncidentRule>,
    /// When an incident resolves by itself, by the incident's labels plus `priority`, `category`,
    /// `team` and `kind`.
    pub resolve: Stage<ResolveRule>,
}

/// What a new incident looks like. What a rule leaves open is derived.
#[derive(Debug, Clone, Default)]
pub struct IncidentRule {
    /// No incident is opened at all.
    pub drop: bool,
    /// How long its alerts must last before people see the incident; a shorter blip is noise.
    pub pending_for: Span,
    /// The title.
    pub title: Option<Template>,
    /// The category; `uncategorised` while no rule says one.
    pub category: Option<Template>,
    /// The owning team; the label `team`, else the default team.
    pub team: Option<Template>,
    /// How much of the business is touched; the label `impact`, else 3.
    pub impact: Option<Impact>,
    /// How urgent it is; else derived from the worst severity.
    pub urgency: Option<Urgency>,
    /// The priority, if it must not follow from impact and urgency.
    pub priority: Option<Priority>,
    /// Outage, unless the rule says degradation.
    pub degradation: bool,
}

/// When an incident resolves by itself.
#[derive(Debug, Clone)]
pub struct ResolveRule {
    /// How long all alerts must be clear; nothing means a person must resolve it.
    pub after: Option<Span>,
}
