//! The rule stage of problem management.

use crate::domain::stage::Stage;
use crate::domain::value::Span;

/// When incidents that come back make a problem, by the labels of the incident plus `priority`,
/// `category`, `team` and `kind`.
#[derive(Debug, Clone, Default)]
pub struct ProblemRules {
    /// The rules; without one, three of a signature within 30 days open a problem.
    pub problem: Stage<ProblemRule>,
}

/// Frequency: so many incidents of one signature within so long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemRule {
    /// The labels of the incident's root alert that make the signature.
    pub same: Vec<String>,
    /// So many incidents …
    pub count: usize,
    /// … within this time …
    pub within: Span,
    /// … each at least this long after the one before was resolved.
    pub min_gap: Span,
    /// Open a problem, or propose one.
    pub mode: ProblemMode,
    /// The team that owns the problem; else the incident's.
    pub team: Option<String>,
}

/// What a fulfilled criterion does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProblemMode {
    /// Opens a problem.
    #[default]
    Open,
    /// Proposes a candidate.
    Propose,
}

impl Default for ProblemRule {
    fn default() -> Self {
        Self {
            same: vec![
                "alertname".to_owned(),
                "ci".to_owned(),
                "service".to_owned(),
                "instance".to_owned(),
            ],
            count: 3,
            within: Span::days(30),
            min_gap: Span::minutes(30),
            mode: ProblemMode::Open,
            team: None,
        }
    }
}
