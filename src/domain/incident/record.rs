//! An incident: what is known of one, and what a step of its machine writes down.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fact::{Kind, Moved};
use super::machine::{Status, Step};
use super::roll::Roll;
use crate::domain::timeline::Timeline;
use crate::domain::value::{
    Actor, AlertId, Body, Impact, IncidentId, Priority, Severity, Short, Span, Timestamp, Urgency,
};

/// An unplanned interruption to a service, or a reduction in its quality (ITIL 4). Kept in a few
/// bytes, because an installation that groups finely has one for every alert; its texts are read
/// through the [`State`](super::State).
#[derive(Debug, Clone)]
pub struct Incident {
    /// Where it is in its life.
    pub status: Status,
    /// How much of the business is touched.
    pub impact: Impact,
    /// How fast it must be worked on.
    pub urgency: Urgency,
    /// The order of work.
    pub priority: Priority,
    /// Whether a person or a rule has fixed the priority, so that it does not follow severity.
    pub priority_fixed: bool,
    /// The worst severity of its alerts so far.
    pub severity: Severity,
    pub(super) root: Short,
    pub(super) shape: Arc<Shape>,
    /// The labels and annotations of the alert it began with, and its title.
    pub(super) said: Body,
    /// What happened to it, in words that are packed beside what is said.
    pub(super) timeline: Timeline,
    /// Its alerts.
    pub members: Roll,
    /// When the condition began.
    pub detected_at: Timestamp,
    /// When it was noted here.
    pub opened_at: Timestamp,
    /// When it was made known to people.
    pub known_at: Option<Timestamp>,
    /// When its last alert joined or fired again.
    pub last_alert_at: Timestamp,
    pub(super) course: Option<Box<Course>>,
}

/// What rules made of an incident. Many incidents share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// Outage or degradation.
    pub kind: Kind,
    /// What it is about.
    pub category: String,
    /// The owning team; there always is one.
    pub team: String,
    /// The rule that shaped it.
    pub rule: Option<String>,
    /// The rule that says what its alerts have in common.
    pub correlated_by: String,
    /// How long it takes in alerts after the last one.
    pub window: Span,
    /// How long it takes in alerts after it was opened.
    pub max_span: Span,
    /// How many alerts a candidate needs.
    pub threshold: u64,
    /// Whether those must be alerts of different names.
    pub distinct_names: bool,
}

/// What became of an incident after it was opened.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// When a candidate may become known.
    pub pending_until: Option<Timestamp>,
    /// The person who works on it.
    pub assignee: Option<String>,
    /// When somebody first said that they had seen it.
    pub acknowledged_at: Option<Timestamp>,
    /// Who that was.
    pub acknowledged_by: Option<String>,
    /// When all its alerts were clear.
    pub restored_at: Option<Timestamp>,
    /// When it resolves by itself, if it does.
    pub resolve_at: Option<Timestamp>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// When it was closed, cancelled or discarded.
    pub ended_at: Option<Timestamp>,
    /// How it was resolved.
    pub resolution: Option<Box<Resolution>>,
    /// What it waits for.
    pub hold: Option<Box<Hold>>,
    /// How often it was opened again.
    pub reopened: u32,
    /// The incident that it repeats.
    pub recurrence_of: Option<IncidentId>,
    /// The incident that it is part of.
    pub merged_into: Option<IncidentId>,
}

/// What most incidents are spared.
const UNTOUCHED: Course = Course {
    pending_until: None,
    assignee: None,
    acknowledged_at: None,
    acknowledged_by: None,
    restored_at: None,
    resolve_at: None,
    resolved_at: None,
    ended_at: None,
    resolution: None,
    hold: None,
    reopened: 0,
    recurrence_of: None,
    merged_into: None,
};

/// An alert as its incident sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Whether it holds.
    #[serde(rename = "f")]
    pub firing: bool,
    /// Whether it comes and goes.
    #[serde(rename = "x", default, skip_serializing_if = "std::ops::Not::not")]
    pub flapping: bool,
    /// Whether it has gone on to another incident and is listed here for the record only.
    #[serde(rename = "l", default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
}

/// How an incident was resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// A closure code: `fixed`, `workaround`, `auto_recovered` …
    pub code: String,
    /// What was said.
    pub note: Option<String>,
    /// Who said so.
    pub by: Actor,
}

/// What an incident waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// `awaiting_vendor` and the like.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when at most.
    pub until: Option<Timestamp>,
}

impl Incident {
    /// The alert it began with.
    pub fn root(&self) -> AlertId {
        self.root.id()
    }

    /// What rules made of it.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What became of it.
    pub fn course(&self) -> &Course {
        static NOTHING: Course = UNTOUCHED;
        self.course.as_deref().unwrap_or(&NOTHING)
    }

    /// Who wrote the last line on its timeline.
    pub fn last_actor(&self) -> Option<Actor> {
        self.timeline.entries().last().map(|entry| entry.by)
    }

    pub(super) fn course_mut(&mut self) -> &mut Course {
        self.course.get_or_insert_default()
    }

    /// How many of its alerts hold.
    pub fn firing(&self) -> usize {
        self.members.iter().filter(|(_, member)| member.firing).count()
    }

    /// Tells whether nothing holds any more and nothing comes and goes.
    pub fn is_clear(&self) -> bool {
        self.members.iter().all(|(_, member)| !member.firing && !member.flapping)
    }

    /// Tells whether one of its alerts comes and goes.
    pub fn is_flapping(&self) -> bool {
        self.members.iter().any(|(_, member)| member.flapping)
    }

    pub(super) fn keeps_alerts(&self) -> bool {
        match self.status {
            Status::Candidate
            | Status::New
            | Status::Acknowledged
            | Status::InProgress
            | Status::OnHold
            | Status::Resolved => true,
            Status::Closed | Status::Merged | Status::Cancelled | Status::Discarded => false,
        }
    }

    /// Writes down when and by whom a step was taken.
    pub(super) fn stamp(&mut self, at: Timestamp, moved: &Moved) {
        if moved.step == Step::Confirm {
            self.known_at = Some(at);
        }
        let course = self.course_mut();
        if moved.from == Status::OnHold && moved.to != Status::OnHold {
            course.hold = None;
        }
        match moved.step {
            Step::Confirm => course.pending_until = None,
            Step::Acknowledge | Step::Assign => {
                course.acknowledged_at.get_or_insert(at);
                course.acknowledged_by.get_or_insert_with(|| moved.by.name.clone());
            }
            Step::Hold => {
                let reason = moved.code.clone().unwrap_or_default();
                course.hold = Some(Box::new(Hold { reason, since: at, until: moved.until }));
            }
            Step::Resolve | Step::Recover => {
                course.resolved_at = Some(at);
                course.resolve_at = None;
                course.resolution = Some(Box::new(Resolution {
                    code: moved.code.clone().unwrap_or_default(),
                    note: moved.note.clone(),
                    by: moved.by.clone(),
                }));
            }
            Step::Reopen => {
                course.reopened += 1;
                course.resolved_at = None;
                course.resolution = None;
                course.restored_at = None;
            }
            Step::Merge => {
                course.merged_into = moved.into;
                course.ended_at = Some(at);
                course.resolve_at = None;
            }
            Step::Unmerge => {
                course.merged_into = None;
                course.ended_at = None;
                // Whether all is clear is found out afresh.
                course.restored_at = None;
            }
            Step::Close | Step::Cancel | Step::Discard => {
                course.ended_at = Some(at);
                course.resolve_at = None;
            }
            Step::Resume => {}
        }
    }
}

impl Kind {
    /// The word used in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::Degradation => "degradation",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_small() {
        assert_eq!(size_of::<Option<Incident>>(), 128);
    }
}
