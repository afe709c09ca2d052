//! What incident management knows: every incident, found by number, by correlation, by alert.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fact::{Fact, Kind, Moved, Opened};
use super::machine::{Status, Step};
use crate::domain::event::Correlation;
use crate::domain::table::{Page, Table, UnreadablePage};
use crate::domain::timeline::Timeline;
use crate::domain::value::{
    Actor, AlertId, Impact, IncidentId, Labels, Priority, Severity, Span, Timestamp, Urgency,
};

const TABLE: (&str, &str) = ("incident", "incidents");

/// What incident management knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(super) incidents: Table<IncidentId, Box<Incident>>,
    /// The newest incident of each correlation.
    by_correlation: BTreeMap<Correlation, IncidentId>,
    /// The incident that has an alert, as long as it may still open again.
    pub(super) by_alert: BTreeMap<AlertId, IncidentId>,
}

/// An unplanned interruption to a service, or a reduction in its quality (ITIL 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Where it is in its life.
    pub status: Status,
    /// Outage or degradation.
    pub kind: Kind,
    /// A line for people.
    pub title: String,
    /// What it is about.
    pub category: String,
    /// The owning team; there always is one.
    pub team: String,
    /// The person who works on it.
    pub assignee: Option<String>,
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
    /// What its alerts have in common.
    pub correlation: Correlation,
    /// How long it takes in alerts after the last one.
    pub window: Span,
    /// How long it takes in alerts after it was opened.
    pub max_span: Span,
    /// How many alerts a candidate needs.
    pub threshold: u64,
    /// Whether those must be alerts of different names.
    pub distinct_names: bool,
    /// When a candidate may become known.
    pub pending_until: Option<Timestamp>,
    /// The labels of the alert it began with.
    pub labels: Labels,
    /// The annotations of the alert it began with.
    pub annotations: Labels,
    /// The alert it began with.
    pub root: AlertId,
    /// Its alerts.
    pub members: BTreeMap<AlertId, Member>,
    /// When the condition began.
    pub detected_at: Timestamp,
    /// When it was noted here.
    pub opened_at: Timestamp,
    /// When it was made known to people.
    pub known_at: Option<Timestamp>,
    /// When its last alert joined or fired again.
    pub last_alert_at: Timestamp,
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
    pub resolution: Option<Resolution>,
    /// What it waits for.
    pub hold: Option<Hold>,
    /// How often it was opened again.
    pub reopened: u32,
    /// The incident that it repeats.
    pub recurrence_of: Option<IncidentId>,
    /// The incident that it is part of.
    pub merged_into: Option<IncidentId>,
    /// The rule that shaped it.
    pub rule: Option<String>,
    /// What happened to it.
    pub timeline: Timeline,
}

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

impl State {
    /// Every incident, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (IncidentId, &Incident)> {
        self.incidents.iter().map(|(id, incident)| (id, &**incident))
    }

    /// Looks an incident up.
    pub fn get(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.get(id).map(|incident| &**incident)
    }

    /// Looks up an incident that a fact or an index of ours names.
    pub(crate) fn expect(&self, id: IncidentId) -> &Incident {
        self.incidents.expect(id)
    }

    /// The newest incident of a correlation.
    pub fn of_correlation(&self, correlation: &Correlation) -> Option<IncidentId> {
        self.by_correlation.get(correlation).copied()
    }

    /// The incident that has an alert, unless it has ended for good.
    pub fn of_alert(&self, id: AlertId) -> Option<IncidentId> {
        self.by_alert.get(&id).copied()
    }

    /// The incident that bears an incident's burden: itself, or the one it was merged into at last.
    pub fn bearer(&self, mut id: IncidentId) -> IncidentId {
        while let Some(into) = self.expect(id).merged_into {
            id = into;
        }
        id
    }

    /// Tells whether an incident that is open, or may become so, speaks of an alert.
    pub fn holds(&self, id: AlertId) -> bool {
        let Some(incident) = self.of_alert(id) else { return false };
        let status = self.expect(incident).status;
        status.is_open() || status == Status::Candidate
    }

    pub(crate) fn next_id(&self) -> IncidentId {
        self.incidents.next_id()
    }

    pub(crate) fn fold(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::Opened(opened) => self.fold_opened(at, opened),
            Fact::Joined { id, alert, severity } => {
                if let Some(before) = self.by_alert.insert(*alert, *id).filter(|it| it != id) {
                    self.leave(before, *alert);
                }
                let incident = self.incidents.expect_mut(*id);
                let member = Member { firing: true, flapping: false, left: false };
                incident.members.insert(*alert, member);
                incident.severity = incident.severity.min(*severity);
                incident.last_alert_at = at;
                incident.timeline.joined(at, *alert, incident.members.len());
            }
            Fact::Fired { id, alert } => {
                let incident = self.incidents.expect_mut(*id);
                let member = incident.members.get_mut(alert).expect("a member fires again");
                member.firing = true;
                incident.last_alert_at = at;
            }
            Fact::Cleared { id, alert } => {
                let incident = self.incidents.expect_mut(*id);
                incident.members.get_mut(alert).expect("a member clears").firing = false;
            }
            Fact::Flapping { id, alert, on } => {
                let incident = self.incidents.expect_mut(*id);
                incident.members.get_mut(alert).expect("a member flaps").flapping = *on;
                incident.timeline.flapping(at, *alert, *on);
            }
            Fact::Moved(moved) => self.fold_moved(at, moved),
            Fact::Prioritised { id, impact, urgency, priority, by, reason } => {
                let incident = self.incidents.expect_mut(*id);
                incident.timeline.prioritised(at, by, (incident.priority, *priority), reason);
                incident.impact = *impact;
                incident.urgency = *urgency;
                incident.priority = *priority;
                incident.priority_fixed |= by.is_outside();
            }
            Fact::Assigned { id, team, assignee, by } => {
                let incident = self.incidents.expect_mut(*id);
                incident.timeline.assigned(at, by, team.as_deref(), assignee.as_deref());
                if let Some(team) = team {
                    incident.team.clone_from(team);
                }
                if let Some(assignee) = assignee {
                    incident.assignee = Some(assignee.clone());
                }
            }
            Fact::Noted { id, by, text } => {
                self.incidents.expect_mut(*id).timeline.noted(at, by, text);
            }
            Fact::Restored { id, resolve_at } => {
                let incident = self.incidents.expect_mut(*id);
                incident.restored_at = Some(at);
                incident.resolve_at = *resolve_at;
                incident.timeline.restored(at, *resolve_at);
            }
            Fact::Relapsed { id } => {
                let incident = self.incidents.expect_mut(*id);
                incident.restored_at = None;
                incident.resolve_at = None;
                incident.timeline.relapsed(at);
            }
        }
    }

    fn fold_opened(&mut self, at: Timestamp, opened: &Opened) {
        let incident = Incident {
            status: opened.status,
            kind: opened.kind,
            title: opened.title.clone(),
            category: opened.category.clone(),
            team: opened.team.clone(),
            assignee: None,
            impact: opened.impact,
            urgency: opened.urgency,
            priority: opened.priority,
            priority_fixed: opened.priority_fixed,
            severity: opened.severity,
            correlation: opened.correlation.clone(),
            window: opened.window,
            max_span: opened.max_span,
            threshold: opened.threshold,
            distinct_names: opened.distinct_names,
            pending_until: opened.pending_until,
            labels: opened.labels.clone(),
            annotations: opened.annotations.clone(),
            root: opened.root,
            members: BTreeMap::new(),
            detected_at: opened.detected_at,
            opened_at: at,
            known_at: (opened.status == Status::New).then_some(at),
            last_alert_at: at,
            acknowledged_at: None,
            acknowledged_by: None,
            restored_at: None,
            resolve_at: None,
            resolved_at: None,
            ended_at: None,
            resolution: None,
            hold: None,
            reopened: 0,
            recurrence_of: opened.recurrence_of,
            merged_into: None,
            rule: opened.rule.clone(),
            timeline: Timeline::opened(at, opened),
        };
        self.by_correlation.insert(opened.correlation.clone(), opened.id);
        self.incidents.insert(opened.id, Box::new(incident));
    }

    fn fold_moved(&mut self, at: Timestamp, moved: &Moved) {
        let incident = self.incidents.expect_mut(moved.id);
        assert_eq!(incident.status, moved.from, "a step starts where the incident is");
        incident.status = moved.to;
        incident.timeline.moved(at, moved);
        incident.stamp(at, moved);
        match moved.step {
            Step::Merge => {
                let into = moved.into.expect("a merge says into which incident");
                self.move_members(moved.id, into);
            }
            Step::Unmerge => {
                let from = moved.into.expect("an unmerge says out of which incident");
                self.take_members_back(moved.id, from);
            }
            Step::Close | Step::Cancel | Step::Discard => self.let_go(moved.id),
            Step::Confirm
            | Step::Acknowledge
            | Step::Assign
            | Step::Hold
            | Step::Resume
            | Step::Resolve
            | Step::Recover
            | Step::Reopen => {}
        }
    }

    pub(crate) fn take_pages(&mut self) -> Vec<Page> {
        self.incidents.take_pages(TABLE, Clone::clone)
    }

    pub(crate) fn load_page(
        &mut self,
        table: &str,
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        if table != TABLE.1 {
            return Err(UnreadablePage::unknown(TABLE.0, table, number));
        }
        self.incidents.load_page(TABLE, number, records, |incident| incident)
    }

    pub(crate) fn rebuild(&mut self) {
        let all = || self.incidents.iter();
        self.by_correlation =
            all().map(|(id, incident)| (incident.correlation.clone(), id)).collect();
        self.by_alert = all()
            .filter(|(_, incident)| incident.keeps_alerts())
            .flat_map(|(id, incident)| {
                let members = incident.members.iter().filter(|(_, member)| !member.left);
                members.map(move |(alert, _)| (*alert, id))
            })
            .collect();
    }

    pub(crate) fn agenda(&self, add: &mut dyn FnMut(Timestamp, super::Deadline)) {
        for (id, incident) in self.iter() {
            match incident.status {
                Status::Candidate => add(
                    incident.pending_until.unwrap_or(incident.opened_at),
                    super::Deadline::Candidate(id),
                ),
                Status::Resolved => {
                    let at = incident.resolved_at.expect("a resolved incident says since when");
                    add(at, super::Deadline::Close(id));
                }
                Status::New | Status::Acknowledged | Status::InProgress | Status::OnHold => {}
                Status::Closed | Status::Merged | Status::Cancelled | Status::Discarded => continue,
            }
            if let Some(at) = incident.resolve_at {
                add(at, super::Deadline::Recover(id));
            }
            if let Some(at) = incident.hold.as_ref().and_then(|hold| hold.until) {
                add(at, super::Deadline::Hold(id));
            }
        }
    }
}

impl Incident {
    /// What rules about incidents match on: the labels of its first alert, and what became of it.
    pub fn facets(&self) -> Labels {
        let priority = self.priority.level().to_string();
        self.labels.with([
            ("priority", priority.as_str()),
            ("category", &self.category),
            ("team", &self.team),
            ("kind", self.kind.name()),
        ])
    }

    /// How many of its alerts hold.
    pub fn firing(&self) -> usize {
        self.members.values().filter(|member| member.firing).count()
    }

    /// Tells whether nothing holds any more and nothing comes and goes.
    pub fn is_clear(&self) -> bool {
        self.members.values().all(|member| !member.firing && !member.flapping)
    }

    /// Tells whether one of its alerts comes and goes.
    pub fn is_flapping(&self) -> bool {
        self.members.values().any(|member| member.flapping)
    }

    fn keeps_alerts(&self) -> bool {
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
    fn stamp(&mut self, at: Timestamp, moved: &Moved) {
        if moved.from == Status::OnHold && moved.to != Status::OnHold {
            self.hold = None;
        }
        match moved.step {
            Step::Confirm => {
                self.known_at = Some(at);
                self.pending_until = None;
            }
            Step::Acknowledge | Step::Assign => {
                self.acknowledged_at.get_or_insert(at);
                self.acknowledged_by.get_or_insert_with(|| moved.by.name.clone());
            }
            Step::Hold => {
                let reason = moved.code.clone().unwrap_or_default();
                self.hold = Some(Hold { reason, since: at, until: moved.until });
            }
            Step::Resolve | Step::Recover => {
                self.resolved_at = Some(at);
                self.resolve_at = None;
                self.resolution = Some(Resolution {
                    code: moved.code.clone().unwrap_or_default(),
                    note: moved.note.clone(),
                    by: moved.by.clone(),
                });
            }
            Step::Reopen => {
                self.reopened += 1;
                self.resolved_at = None;
                self.resolution = None;
                self.restored_at = None;
            }
            Step::Merge => {
                self.merged_into = moved.into;
                self.ended_at = Some(at);
                self.resolve_at = None;
            }
            Step::Unmerge => {
                self.merged_into = None;
                self.ended_at = None;
                // Whether all is clear is found out afresh.
                self.restored_at = None;
            }
            Step::Close | Step::Cancel | Step::Discard => {
                self.ended_at = Some(at);
                self.resolve_at = None;
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
