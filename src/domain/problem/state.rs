//! What problem management knows: kinds of incidents, and problems.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::fact::{Fact, Moved, Opened, Recurrence};
use super::machine::{Status, Step};
use super::signature::{Onset, Signature, StoredSignature};
use crate::domain::index::{Numbers, hash};
use crate::domain::links::Links;
use crate::domain::table::{Table, UnreadablePage};
use crate::domain::timeline::Timeline;
use crate::domain::value::{
    Actor, Bodies, IncidentId, Priority, ProblemId, SignatureId, Timestamp,
};

const SIGNATURES: (&str, &str) = ("problem", "signatures");
const PROBLEMS: (&str, &str) = ("problem", "problems");

/// What problem management knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    signatures: Table<SignatureId, Signature>,
    bodies: Bodies,
    problems: Table<ProblemId, Problem>,
    by_text: Numbers<SignatureId>,
    signature_of: Links<IncidentId, SignatureId>,
    problem_of: BTreeMap<IncidentId, ProblemId>,
}

/// The cause, or potential cause, of one or more incidents (ITIL 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Where it is in its life.
    pub status: Status,
    /// A line for people.
    pub title: String,
    /// What its incidents have in common.
    pub signature: SignatureId,
    /// Its incidents.
    pub incidents: BTreeSet<IncidentId>,
    /// The owning team.
    pub team: String,
    /// The person who works on it.
    pub assignee: Option<String>,
    /// The order of work.
    pub priority: Priority,
    /// Why it was opened.
    pub reason: String,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The cause, once found.
    pub root_cause: Option<String>,
    /// The kind of cause.
    pub cause_category: Option<String>,
    /// How to live with it.
    pub workaround: Option<String>,
    /// The change that fixes it.
    pub fix_change: Option<String>,
    /// Until when it is verified, or its risk accepted.
    pub until: Option<Timestamp>,
    /// How it was closed.
    pub code: Option<String>,
    /// How often it came back after a fix.
    pub recurrences_after_fix: u32,
    /// The problem that it duplicates.
    pub duplicate_of: Option<ProblemId>,
    /// The problem that it repeats.
    pub recurrence_of: Option<ProblemId>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When a fix was declared.
    pub resolved_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// What happened to it.
    pub timeline: Timeline,
}

impl State {
    /// Every problem, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (ProblemId, &Problem)> {
        self.problems.iter()
    }

    /// Looks a problem up.
    pub fn get(&self, id: ProblemId) -> Option<&Problem> {
        self.problems.get(id)
    }

    /// Looks up a problem that a fact or an index of ours names.
    pub(crate) fn expect(&self, id: ProblemId) -> &Problem {
        self.problems.expect(id)
    }

    /// The problem that an incident is linked to.
    pub fn of_incident(&self, id: IncidentId) -> Option<ProblemId> {
        self.problem_of.get(&id).copied()
    }

    /// How often an incident's like has been seen; nothing for the first of its kind.
    pub fn recurrence(&self, id: IncidentId) -> Option<Recurrence> {
        let signature = self.signatures.get(self.signature_of(id)?)?;
        let onset = signature.onsets().iter().find(|onset| onset.incident() == id)?;
        Some(onset.recurrence()).filter(|recurrence| recurrence.nth > 1)
    }

    /// The signature that an incident was counted under.
    pub fn signature_of(&self, id: IncidentId) -> Option<SignatureId> {
        self.signature_of.first(id)
    }

    /// Looks a signature up.
    pub fn signature(&self, id: SignatureId) -> Option<&Signature> {
        self.signatures.get(id)
    }

    /// The signature of a text; the number of the next new one if there is none.
    pub(super) fn signature_for(&self, text: &str) -> (SignatureId, Option<&Signature>) {
        let is = |id| self.signatures.expect(id).has_text(&self.bodies, text);
        match self.by_text.find(hash(&[text]), is) {
            Some(id) => (id, self.signatures.get(id)),
            None => (self.signatures.next_id(), None),
        }
    }

    /// What incidents of a signature have in common.
    pub fn text(&self, id: SignatureId) -> Option<String> {
        Some(self.signatures.get(id)?.text(&self.bodies))
    }

    fn index(&mut self, id: SignatureId) {
        let hash_of = |id| hash(&[&self.signatures.expect(id).text(&self.bodies)]);
        self.by_text.add(hash_of(id), id, hash_of);
    }

    pub(super) fn next_id(&self) -> ProblemId {
        self.problems.next_id()
    }

    pub(crate) fn fold(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::Counted { signature, text, incident, onset, recurrence } => {
                self.fold_counted(*signature, text, (*incident, *onset), recurrence);
            }
            Fact::Trailed { signature, incident } => {
                let known = self.signatures.expect_mut(*signature);
                known.course_mut().trailing = Some(*incident);
            }
            Fact::Uncounted { signature, incident } => {
                self.signatures.expect_mut(*signature).uncount(*incident);
                self.signature_of.remove(*incident, *signature);
            }
            Fact::Opened(opened) => self.fold_opened(at, opened),
            Fact::Linked { id, incident, by } => {
                let problem = self.problems.expect_mut(*id);
                problem.incidents.insert(*incident);
                problem.timeline.push(at, by, "link", &format!("linked {incident}"));
                self.problem_of.insert(*incident, *id);
            }
            Fact::Unlinked { id, incident, by } => {
                let problem = self.problems.expect_mut(*id);
                problem.incidents.remove(incident);
                problem.timeline.push(at, by, "unlink", &format!("unlinked {incident}"));
                self.problem_of.remove(incident);
            }
            Fact::Moved(moved) => self.fold_moved(at, moved),
            Fact::Noted { id, by, text } => {
                self.problems.expect_mut(*id).timeline.push(at, by, "note", text);
            }
            Fact::Assigned { id, team, assignee, by } => {
                let problem = self.problems.expect_mut(*id);
                if let Some(team) = team {
                    problem.team.clone_from(team);
                }
                if let Some(assignee) = assignee {
                    problem.assignee = Some(assignee.clone());
                }
                let who = assignee.as_ref().unwrap_or(&problem.team);
                let text = format!("assigned to {who}");
                problem.timeline.push(at, by, "assign", &text);
            }
            Fact::WorkaroundFound { id, by, text } => {
                let problem = self.problems.expect_mut(*id);
                problem.workaround = Some(text.clone());
                problem.timeline.push(at, by, "workaround", text);
            }
        }
    }

    fn fold_counted(
        &mut self,
        id: SignatureId,
        text: &str,
        (incident, at): (IncidentId, Timestamp),
        recurrence: &Recurrence,
    ) {
        if self.signatures.get(id).is_none() {
            self.signatures.insert(id, Signature::new(&mut self.bodies, text));
            self.index(id);
        }
        let signature = self.signatures.expect_mut(id);
        if let Some(oldest) = signature.count(Onset::new(incident, at, recurrence)) {
            self.signature_of.remove(oldest, id);
        }
        self.signature_of.set(incident, id);
    }

    fn fold_opened(&mut self, at: Timestamp, opened: &Opened) {
        let mut timeline = Timeline::default();
        let numbers: Vec<_> = opened.incidents.iter().map(ToString::to_string).collect();
        let text = format!("{}: {}", opened.reason, numbers.join(", "));
        timeline.push(at, &Actor::rule(), "opened", &text);
        let problem = Problem {
            status: opened.status,
            title: opened.title.clone(),
            signature: opened.signature,
            incidents: opened.incidents.iter().copied().collect(),
            team: opened.team.clone(),
            assignee: None,
            priority: opened.priority,
            reason: opened.reason.clone(),
            rule: opened.rule.clone(),
            root_cause: None,
            cause_category: None,
            workaround: None,
            fix_change: None,
            until: None,
            code: None,
            recurrences_after_fix: 0,
            duplicate_of: None,
            recurrence_of: opened.recurrence_of,
            opened_at: at,
            resolved_at: None,
            closed_at: None,
            timeline,
        };
        for incident in &opened.incidents {
            // An incident has one problem: a rejected or outlived one lets it go.
            if let Some(before) = self.problem_of.get(incident) {
                self.problems.expect_mut(*before).incidents.remove(incident);
            }
        }
        self.problem_of.extend(opened.incidents.iter().map(|incident| (*incident, opened.id)));
        self.signatures.expect_mut(opened.signature).course_mut().problem = Some(opened.id);
        self.problems.insert(opened.id, problem);
    }

    fn fold_moved(&mut self, at: Timestamp, moved: &Moved) {
        let problem = self.problems.expect_mut(moved.id);
        assert_eq!(problem.status, moved.from, "a step starts where the problem is");
        problem.status = moved.to;
        let said = [&moved.code, &moved.note].into_iter().flatten();
        let said: Vec<String> = said.map(|said| format!(": {said}")).collect();
        let said = said.concat();
        let text = format!("{} → {}{said}", moved.from.name(), moved.to.name());
        problem.timeline.push(at, &moved.by, moved.step.name(), &text);
        problem.until = moved.until;
        match moved.step {
            Step::Cause => {
                problem.root_cause.clone_from(&moved.note);
                problem.cause_category.clone_from(&moved.code);
            }
            Step::Fix => problem.fix_change.clone_from(&moved.code),
            Step::Resolve => {
                problem.resolved_at = Some(at);
                problem.code.clone_from(&moved.code);
            }
            Step::Recur => {
                problem.recurrences_after_fix += 1;
                problem.closed_at = None;
            }
            Step::Reopen => problem.closed_at = None,
            Step::Verify => problem.closed_at = Some(at),
            Step::AcceptRisk => {
                problem.closed_at = Some(at);
                problem.code = Some("risk_accepted".to_owned());
            }
            Step::Duplicate => {
                problem.closed_at = Some(at);
                problem.code = Some("duplicate".to_owned());
                problem.duplicate_of = moved.of;
            }
            Step::Reject | Step::Expire => {
                problem.closed_at = Some(at);
                let signature = problem.signature;
                self.signatures.expect_mut(signature).course_mut().muted_until = moved.until;
            }
            Step::Accept | Step::Assess => {}
        }
    }

    pub(crate) fn take_changed(&mut self, add: &mut dyn FnMut(&'static str, u64)) {
        for number in self.signatures.take_changed() {
            add("signatures", number);
        }
        for number in self.problems.take_changed() {
            add("problems", number);
        }
    }

    pub(crate) fn page(&self, table: &str, number: u64) -> Option<Vec<u8>> {
        match table {
            "signatures" => {
                self.signatures.page(number, |known| StoredSignature::of(&self.bodies, known))
            }
            "problems" => self.problems.page(number, Clone::clone),
            _ => None,
        }
    }

    pub(crate) fn load_page(
        &mut self,
        table: &str,
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        match table {
            "signatures" => {
                let bodies = &mut self.bodies;
                let read = |stored: StoredSignature| stored.read(bodies);
                self.signatures.load_page(SIGNATURES, number, records, read)
            }
            "problems" => self.problems.load_page(PROBLEMS, number, records, |record| record),
            _ => Err(UnreadablePage::unknown("problem", table, number)),
        }
    }

    pub(crate) fn rebuild(&mut self) {
        let ids: Vec<SignatureId> = self.signatures.iter().map(|(id, _)| id).collect();
        self.by_text.clear();
        for id in ids {
            self.index(id);
        }
        self.signature_of = self
            .signatures
            .iter()
            .flat_map(|(id, known)| known.onsets().iter().map(move |onset| (onset.incident(), id)))
            .collect();
        self.problem_of = self
            .problems
            .iter()
            .flat_map(|(id, problem)| problem.incidents.iter().map(move |incident| (*incident, id)))
            .collect();
    }

    pub(crate) fn agenda(&self, add: &mut dyn FnMut(Timestamp, super::Deadline)) {
        for (id, problem) in self.problems.iter() {
            if let Some(until) = problem.until {
                add(until, super::Deadline::Until(id));
            }
            if problem.status == Status::Candidate {
                add(problem.opened_at, super::Deadline::Until(id));
            }
        }
    }
}
