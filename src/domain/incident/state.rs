//! What incident management knows: every incident, found by number, by correlation, by alert.

use super::fact::{Fact, Moved, Opened};
use super::machine::{Status, Step};
use super::record::{Course, Incident, Member, Shape};
use super::roll::Roll;
use super::said::{self, Pen};
use super::stored::StoredIncident;
use crate::domain::event::Correlation;
use crate::domain::index::{Numbers, hash};
use crate::domain::links::Links;
use crate::domain::pool::Pool;
use crate::domain::table::{Table, UnreadablePage};
use crate::domain::timeline::Timeline;
use crate::domain::value::{AlertId, Bodies, IncidentId, Short, Timestamp};

const TABLE: (&str, &str) = ("incident", "incidents");

/// What incident management knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(super) incidents: Table<IncidentId, Incident>,
    pub(super) bodies: Bodies,
    shapes: Pool<Shape>,
    /// The newest incident of each correlation.
    by_correlation: Numbers<IncidentId>,
    /// The incident that has an alert, as long as it may still open again.
    pub(super) by_alert: Links<AlertId, IncidentId>,
}

impl State {
    /// Every incident, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (IncidentId, &Incident)> {
        self.incidents.iter()
    }

    /// Looks an incident up.
    pub fn get(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.get(id)
    }

    /// Looks up an incident that a fact or an index of ours names.
    pub(crate) fn expect(&self, id: IncidentId) -> &Incident {
        self.incidents.expect(id)
    }

    /// The newest incident of a correlation.
    pub fn of_correlation(&self, correlation: &Correlation) -> Option<IncidentId> {
        self.by_correlation.find(hash_of(correlation), |id| self.is_of(id, correlation))
    }

    fn index(&mut self, id: IncidentId, correlation: &Correlation) {
        let hash = hash_of(correlation);
        if let Some(before) = self.of_correlation(correlation) {
            self.by_correlation.remove(hash, |id| id == before);
        }
        let (incidents, bodies) = (&self.incidents, &self.bodies);
        self.by_correlation
            .add(hash, id, |id| hash_of(&said::correlation(bodies, incidents.expect(id))));
    }

    /// The incident that has an alert, unless it has ended for good.
    pub fn of_alert(&self, id: AlertId) -> Option<IncidentId> {
        self.by_alert.first(id)
    }

    /// The incident that bears an incident's burden: itself, or the one it was merged into at last.
    pub fn bearer(&self, mut id: IncidentId) -> IncidentId {
        while let Some(into) = self.expect(id).course().merged_into {
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
                if let Some(before) = self.by_alert.set(*alert, *id).filter(|it| it != id) {
                    self.leave(before, *alert);
                }
                let incident = self.incidents.expect_mut(*id);
                let member = Member { firing: true, flapping: false, left: false };
                incident.members.insert(*alert, member);
                incident.severity = incident.severity.min(*severity);
                incident.last_alert_at = at;
                let members = incident.members.len();
                self.pen(*id).joined(at, *alert, members);
            }
            Fact::Fired { id, alert } => {
                let incident = self.incidents.expect_mut(*id);
                let is = incident.members.change(*alert, |member| member.firing = true);
                assert!(is, "a member fires again");
                incident.last_alert_at = at;
            }
            Fact::Cleared { id, alert } => {
                let incident = self.incidents.expect_mut(*id);
                let is = incident.members.change(*alert, |member| member.firing = false);
                assert!(is, "a member clears");
            }
            Fact::Flapping { id, alert, on } => {
                let incident = self.incidents.expect_mut(*id);
                let is = incident.members.change(*alert, |member| member.flapping = *on);
                assert!(is, "a member flaps");
                self.pen(*id).flapping(at, *alert, *on);
            }
            Fact::Moved(moved) => self.fold_moved(at, moved),
            Fact::Prioritised { id, impact, urgency, priority, by, reason } => {
                let incident = self.incidents.expect_mut(*id);
                let before = std::mem::replace(&mut incident.priority, *priority);
                incident.impact = *impact;
                incident.urgency = *urgency;
                incident.priority_fixed |= by.is_outside();
                self.pen(*id).prioritised(at, by, (before, *priority), reason.as_deref());
            }
            Fact::Assigned { id, team, assignee, by } => {
                let incident = self.incidents.expect_mut(*id);
                if let Some(team) = team {
                    let shape = Shape { team: team.clone(), ..incident.shape().clone() };
                    incident.shape = self.shapes.share(shape);
                }
                if let Some(assignee) = assignee {
                    incident.course_mut().assignee = Some(assignee.clone());
                }
                self.pen(*id).assigned(at, by, team.as_deref(), assignee.as_deref());
            }
            Fact::Noted { id, by, text } => {
                self.pen(*id).noted(at, by, text);
            }
            Fact::Restored { id, resolve_at } => {
                let course = self.incidents.expect_mut(*id).course_mut();
                course.restored_at = Some(at);
                course.resolve_at = *resolve_at;
                self.pen(*id).restored(at, *resolve_at);
            }
            Fact::Relapsed { id } => {
                let course = self.incidents.expect_mut(*id).course_mut();
                course.restored_at = None;
                course.resolve_at = None;
                self.pen(*id).relapsed(at);
            }
        }
    }

    /// Writes on the timeline of an incident that a fact names.
    fn pen(&mut self, id: IncidentId) -> Pen<'_> {
        let Incident { said, timeline, .. } = self.incidents.expect_mut(id);
        Pen { bodies: &mut self.bodies, said: *said, timeline }
    }

    fn fold_opened(&mut self, at: Timestamp, opened: &Opened) {
        let texts = (&*opened.title, &*opened.correlation.key);
        let said = said::put(&mut self.bodies, texts, &opened.labels, &opened.annotations);
        let shape = Shape {
            kind: opened.kind,
            category: opened.category.clone(),
            team: opened.team.clone(),
            rule: opened.rule.clone(),
            correlated_by: opened.correlation.rule.clone(),
            window: opened.window,
            max_span: opened.max_span,
            threshold: opened.threshold,
            distinct_names: opened.distinct_names,
        };
        let course = Course {
            pending_until: opened.pending_until,
            recurrence_of: opened.recurrence_of,
            ..Course::default()
        };
        let incident = Incident {
            status: opened.status,
            impact: opened.impact,
            urgency: opened.urgency,
            priority: opened.priority,
            priority_fixed: opened.priority_fixed,
            severity: opened.severity,
            root: Short::of(opened.root),
            shape: self.shapes.share(shape),
            said,
            timeline: Timeline::default(),
            members: Roll::default(),
            detected_at: opened.detected_at,
            opened_at: at,
            known_at: (opened.status == Status::New).then_some(at),
            last_alert_at: at,
            course: (course != Course::default()).then(|| Box::new(course)),
        };
        self.incidents.insert(opened.id, incident);
        self.pen(opened.id).opened(at, opened);
        self.index(opened.id, &opened.correlation);
    }

    fn fold_moved(&mut self, at: Timestamp, moved: &Moved) {
        let incident = self.incidents.expect_mut(moved.id);
        assert_eq!(incident.status, moved.from, "a step starts where the incident is");
        incident.status = moved.to;
        incident.stamp(at, moved);
        self.pen(moved.id).moved(at, moved);
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

    pub(crate) fn take_changed(&mut self, add: &mut dyn FnMut(&'static str, u64)) {
        for number in self.incidents.take_changed() {
            add("incidents", number);
        }
    }

    pub(crate) fn page(&self, table: &str, number: u64) -> Option<Vec<u8>> {
        match table {
            "incidents" => {
                self.incidents.page(number, |incident| StoredIncident::of(self, incident))
            }
            _ => None,
        }
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
        let (bodies, shapes) = (&mut self.bodies, &mut self.shapes);
        let read = |stored: StoredIncident| stored.read(bodies, shapes);
        self.incidents.load_page(TABLE, number, records, read)
    }

    pub(crate) fn rebuild(&mut self) {
        let ids: Vec<IncidentId> = self.incidents.iter().map(|(id, _)| id).collect();
        self.by_correlation.clear();
        for id in ids {
            let correlation = self.correlation(self.expect(id));
            self.index(id, &correlation);
        }
        let all = || self.incidents.iter();
        let mut by_alert = Links::default();
        for (id, incident) in all().filter(|(_, incident)| incident.keeps_alerts()) {
            for (alert, _) in incident.members.iter().filter(|(_, member)| !member.left) {
                by_alert.set(alert, id);
            }
        }
        self.by_alert = by_alert;
    }

    pub(crate) fn agenda(&self, add: &mut dyn FnMut(Timestamp, super::Deadline)) {
        for (id, incident) in self.iter() {
            match incident.status {
                Status::Candidate => add(
                    incident.course().pending_until.unwrap_or(incident.opened_at),
                    super::Deadline::Candidate(id),
                ),
                Status::Resolved => {
                    let at =
                        incident.course().resolved_at.expect("a resolved incident says since when");
                    add(at, super::Deadline::Close(id));
                }
                Status::New | Status::Acknowledged | Status::InProgress | Status::OnHold => {}
                Status::Closed | Status::Merged | Status::Cancelled | Status::Discarded => continue,
            }
            if let Some(at) = incident.course().resolve_at {
                add(at, super::Deadline::Recover(id));
            }
            if let Some(at) = incident.course().hold.as_ref().and_then(|hold| hold.until) {
                add(at, super::Deadline::Hold(id));
            }
        }
    }
}

fn hash_of(correlation: &Correlation) -> u64 {
    hash(&[&correlation.rule, &correlation.key])
}
