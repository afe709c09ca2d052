//! Troubles of sources: what they send is turned away, and admins are told.
//!
//! ```text
//!   (none) ──some refusals──▶ counted ──as many as tell──▶ told
//!     ▲                          │                          │
//!     └──────────────────────────┴────────── quiet ─────────┘
//! ```
//!
//! There is one alert for each source and reason, however often it happens. How often it did is
//! soft; after a start, a trouble that was told has its whole quiet time again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::message::Signal;
use super::{Deadline, SELF, receive};
use crate::domain::Turn;
use crate::domain::value::{Labels, Severity, Span, Timestamp};

/// The alert about a source of which something is turned away.
pub const SOURCE_REFUSED: &str = "SourceRefused";

/// A trouble that has not been seen for this long is over.
const QUIET: Span = Span::minutes(15);

/// Characters of the reason that are told.
const WHY_CHARS_MAX: usize = 300;

/// Labels of the alert: whose trouble it is, and which.
const SOURCE: &str = "refused_source";
const REASON: &str = "reason";

/// Why something of a source is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It sends faster than it may.
    Rate,
    /// It brings more alerts than it may that nobody has heard of before.
    NewAlerts,
    /// A body or a message is too large.
    Size,
    /// It makes no sense, or not all of it does.
    Rejected,
    /// Somebody does not show what the source demands, or sends from elsewhere.
    Unauthorized,
}

/// What there is to know of a kind of trouble.
struct Terms {
    name: &'static str,
    /// It is told when it has been seen so often. What loses something for certain is told at
    /// once; what is tried again, or may be a stranger's, when it comes again.
    times: u64,
    severity: Severity,
    what: &'static str,
}

impl Trouble {
    /// Every kind of trouble.
    pub const ALL: [Self; 5] =
        [Self::Rate, Self::NewAlerts, Self::Size, Self::Rejected, Self::Unauthorized];

    fn terms(self) -> Terms {
        let (name, times, severity, what) = match self {
            Self::Rate => ("rate", 3, Severity::High, "sends faster than it may"),
            Self::NewAlerts => {
                ("new_alerts", 1, Severity::High, "brings more new alerts than it may")
            }
            Self::Size => ("size", 1, Severity::Warning, "sends more at once than it may"),
            Self::Rejected => ("rejected", 1, Severity::Warning, "sends what cannot be taken in"),
            Self::Unauthorized => (
                "unauthorized",
                5,
                Severity::Warning,
                "is sent to by somebody who may not, or with a wrong secret",
            ),
        };
        Terms { name, times, severity, what }
    }

    /// The word in the label `reason`.
    pub fn name(self) -> &'static str {
        self.terms().name
    }
}

/// The troubles that there are, by source. Soft.
#[derive(Debug, Clone, Default)]
pub(super) struct Troubles(BTreeMap<(Box<str>, Trouble), Standing>);

#[derive(Debug, Clone, Copy)]
struct Standing {
    times: u64,
    last_at: Timestamp,
    told: bool,
}

/// Something of a source was turned away, so often since this was last said.
pub(super) fn seen(turn: &mut Turn, source: &Arc<str>, trouble: Trouble, times: u64, why: &str) {
    // What is about us is nobody's fault but ours.
    if **source == *SELF || !is_told(turn, source, trouble) {
        return;
    }
    let now = turn.now();
    let terms = trouble.terms();
    let troubles = &mut turn.soften().event.troubles.0;
    let first = troubles.is_empty();
    let standing = troubles.entry((Box::from(&**source), trouble)).or_insert(Standing {
        times: 0,
        last_at: now,
        told: false,
    });
    standing.times = standing.times.saturating_add(times);
    standing.last_at = now;
    let tells = !standing.told && standing.times >= terms.times;
    standing.told |= tells;
    if first {
        turn.wake_at(now + QUIET, Deadline::Troubles);
    }
    if tells {
        let why: String = why.chars().take(WHY_CHARS_MAX).collect();
        tell(turn, source, trouble, &why, Signal::Firing);
    }
}

/// Alertmanager keeps such things to itself. Where the configuration names no source, anybody may
/// post, and what strangers get wrong is nobody's trouble.
fn is_told(turn: &Turn, source: &str, trouble: Trouble) -> bool {
    let settings = turn.settings();
    let of_strangers = matches!(trouble, Trouble::Rejected | Trouble::Unauthorized);
    !settings.bare && (settings.sources.contains_key(source) || !of_strangers)
}

/// Looks which troubles are over.
pub(super) fn wake(turn: &mut Turn) {
    let now = turn.now();
    let mut over = Vec::new();
    turn.soften().event.troubles.0.retain(|(source, trouble), standing| {
        let holds = standing.last_at + QUIET > now;
        if !holds && standing.told {
            over.push((source.clone(), *trouble));
        }
        holds
    });
    let next = turn.state().event.troubles.0.values().map(|standing| standing.last_at).min();
    if let Some(last_at) = next {
        turn.wake_at(last_at + QUIET, Deadline::Troubles);
    }
    for (source, trouble) in over {
        tell(turn, &source, trouble, "", Signal::Resolved);
    }
}

/// After a start nobody remembers when the troubles were seen that were told.
pub(super) fn arm(turn: &mut Turn) {
    let events = &turn.state().event;
    let Some(own) = events.source_named(SELF) else { return };
    let told: Vec<(Box<str>, Trouble)> = events
        .alerts()
        .filter(|(_, alert)| alert.is_firing() && alert.source() == own)
        .filter(|(_, alert)| events.label(alert, "alertname") == SOURCE_REFUSED)
        .filter_map(|(_, alert)| {
            let reason = events.label(alert, REASON);
            let trouble = Trouble::ALL.into_iter().find(|trouble| trouble.name() == reason)?;
            Some((Box::from(events.label(alert, SOURCE)), trouble))
        })
        .collect();
    let now = turn.now();
    let troubles = &mut turn.soften().event.troubles.0;
    for key in told {
        let times = key.1.terms().times;
        troubles.entry(key).or_insert(Standing { times, last_at: now, told: true });
    }
    if !troubles.is_empty() {
        turn.wake_at(now + QUIET, Deadline::Troubles);
    }
}

fn tell(turn: &mut Turn, source: &str, trouble: Trouble, why: &str, signal: Signal) {
    let Terms { name, severity, what, .. } = trouble.terms();
    let summary = match signal {
        Signal::Firing => format!("source {source} {what}: {why}"),
        Signal::Resolved => format!("nothing of source {source} is turned away any longer"),
    };
    let labels = [(SOURCE, source), (REASON, name)];
    let mut event = receive::about_us(SOURCE_REFUSED, &labels, &summary, signal, turn.now());
    event.labels = event.labels.with([("severity", severity.name())]);
    let look = format!("look at it with `incidentctl source rejected {source}`");
    event.annotations = Labels::new([("summary", summary.as_str()), ("description", &look)]);
    receive::receive(turn, vec![event]);
}
