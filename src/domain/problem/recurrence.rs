//! Recurrence: counts incidents of a kind, and sees when they have become a problem.

use super::fact::{Fact, Moved, Opened, Recurrence};
use super::machine::{Status, Step};
use super::rules::{ProblemMode, ProblemRule};
use super::signature::{Onset, Signature};
use super::{Deadline, advance};
use crate::domain::Turn;
use crate::domain::incident::{self, Incident};
use crate::domain::value::{Actor, IncidentId, ProblemId, SignatureId, Span, Timestamp};

/// How long after its closing a problem is opened again when its incidents come back.
const REOPEN_WITHIN: Span = Span::days(90);

/// Proposed problems a day; a tool that proposes more is not read.
const CANDIDATES_PER_DAY_MAX: usize = 5;

/// A criterion: looks at a signature that has just been counted and says, in words, whether its
/// incidents have become a problem.
type Criterion = fn(&Signature, &ProblemRule, Timestamp) -> Option<String>;

/// The criteria, cheapest first; the first that is met decides. Later criteria (unusual frequency,
/// worsening trend, period) are further lines here.
const CRITERIA: &[Criterion] = &[frequency];

/// So many onsets within so long.
fn frequency(signature: &Signature, rule: &ProblemRule, now: Timestamp) -> Option<String> {
    let count = signature.since(now - rule.within).count();
    (count >= rule.count).then(|| format!("{count} in {}", rule.within))
}

/// An incident has become known: counts it, and opens or links a problem.
pub(super) fn count(turn: &mut Turn, id: IncidentId) {
    let incident = turn.state().incident.get(id).expect("just opened");
    let known = &turn.state().incident;
    let facets = known.facets(incident);
    let matched = turn.settings().problems.problem.first(&facets);
    let name = matched.map(|rule| rule.name.clone());
    let rule = matched.map_or_else(
        || ProblemRule {
            min_gap: turn.settings().defaults.reopen_window,
            ..ProblemRule::default()
        },
        |rule| rule.body.clone(),
    );
    let common = known.labels(incident).only(&rule.same);
    let text = if common.is_empty() { known.correlation(incident).key } else { common.to_string() };
    let (signature, known) = turn.state().problem.signature_for(&text);
    if !is_apart(turn, incident, known, rule.min_gap) {
        turn.record(Fact::Trailed { signature, incident: id });
        return;
    }
    let onset = incident.detected_at;
    let since = turn.now() - rule.within;
    let nth = known.map_or(0, |known| known.since(since).count()) + 1;
    let last = known.and_then(|known| known.since(since).last()).map(Onset::incident);
    let recurrence = Recurrence { nth, within: rule.within, last };
    turn.record(Fact::Counted { signature, text, incident: id, onset, recurrence });
    judge(turn, id, signature, &rule, name);
}

/// Tells whether an incident is a new outbreak, and not the tail of the one before it: a flapping
/// night counts once.
fn is_apart(turn: &Turn, incident: &Incident, known: Option<&Signature>, min_gap: Span) -> bool {
    let Some(before) = known.and_then(Signature::latest) else { return true };
    let Some(before) = turn.state().incident.get(before) else { return true };
    match before.course().resolved_at.or(before.course().ended_at) {
        Some(ended) => incident.opened_at >= ended + min_gap,
        None => false,
    }
}

/// Links the incident to the problem that its kind has already, or looks whether there should be one.
fn judge(
    turn: &mut Turn,
    incident: IncidentId,
    signature: SignatureId,
    rule: &ProblemRule,
    name: Option<String>,
) {
    let known = turn.state().problem.signature(signature).expect("just counted");
    let before = known.course().problem;
    if let Some(id) = before
        && returned(turn, id, incident)
    {
        return;
    }
    let now = turn.now();
    let known = turn.state().problem.signature(signature).expect("just counted");
    let Some(reason) = CRITERIA.iter().find_map(|criterion| criterion(known, rule, now)) else {
        return;
    };
    let muted = known.course().muted_until.is_some_and(|until| until > now);
    // A rejected kind is looked at again once it comes twice as often.
    let doubled = known.since(now - rule.within).count() >= rule.count * 2;
    if muted && !doubled {
        return;
    }
    let status = match rule.mode {
        ProblemMode::Open => Status::New,
        ProblemMode::Propose if proposed_today(turn) >= CANDIDATES_PER_DAY_MAX => return,
        ProblemMode::Propose => Status::Candidate,
    };
    open(turn, incident, signature, status, (reason, rule, name), before);
}

fn proposed_today(turn: &Turn) -> usize {
    let since = turn.now() - Span::days(1);
    let recent = turn.state().problem.iter().rev().take_while(|(_, p)| p.opened_at >= since);
    recent.filter(|(_, problem)| problem.status == Status::Candidate).count()
}

/// Links an incident to the problem of its kind, if that still stands. Says whether it does.
fn returned(turn: &mut Turn, id: ProblemId, incident: IncidentId) -> bool {
    let problem = turn.state().problem.expect(id);
    let link = Fact::Linked { id, incident, by: Actor::rule() };
    match problem.status {
        Status::Candidate
        | Status::New
        | Status::Analysis
        | Status::KnownError
        | Status::FixInProgress => {
            turn.record(link);
            true
        }
        Status::Verifying => {
            turn.record(link);
            recur(turn, id, incident);
            true
        }
        Status::Closed => {
            let closed_at = problem.closed_at.expect("a closed problem says since when");
            let accepted = problem.until.is_some_and(|until| until > turn.now());
            let duplicate = problem.duplicate_of;
            if let Some(original) = duplicate {
                return original != id && returned(turn, original, incident);
            }
            if accepted {
                turn.record(link);
                return true;
            }
            let soon = turn.now() <= closed_at + REOPEN_WITHIN;
            if soon {
                turn.record(link);
                recur(turn, id, incident);
            }
            soon
        }
        Status::Rejected => false,
    }
}

fn recur(turn: &mut Turn, id: ProblemId, incident: IncidentId) {
    let note = Some("recurrence_after_fix".to_owned());
    advance(turn, id, Step::Recur, &Actor::rule(), |moved| {
        moved.note = note;
        moved.incident = Some(incident);
    });
}

fn open(
    turn: &mut Turn,
    incident: IncidentId,
    signature: SignatureId,
    status: Status,
    (reason, rule, name): (String, &ProblemRule, Option<String>),
    before: Option<ProblemId>,
) {
    let id = turn.state().problem.next_id();
    let known = turn.state().problem.signature(signature).expect("just counted");
    let incidents: Vec<_> = known.since(turn.now() - rule.within).map(Onset::incident).collect();
    let all = &turn.state().incident;
    let newest = all.get(incident).expect("just opened");
    let priority = incidents.iter().filter_map(|id| all.get(*id)).map(|i| i.priority).min();
    let opened = Opened {
        id,
        status,
        signature,
        title: format!("{} keeps coming back", all.title(newest)),
        team: rule.team.clone().unwrap_or_else(|| newest.shape().team.clone()),
        priority: priority.unwrap_or(newest.priority),
        incidents,
        reason,
        rule: name,
        recurrence_of: before,
    };
    turn.record(Fact::Opened(Box::new(opened)));
    if status == Status::Candidate {
        turn.wake_after(super::CANDIDATE_FOR, Deadline::Until(id));
    }
}

/// An incident ended as none at all: it does not count.
pub(super) fn uncount(turn: &mut Turn, moved: &incident::Moved) {
    let none = moved.code.as_deref().is_some_and(|code| incident::UNCOUNTED.contains(&code));
    let ended = moved.step == incident::Step::Resolve || moved.step == incident::Step::Cancel;
    let absorbed = moved.step == incident::Step::Merge;
    let Some(signature) = turn.state().problem.signature_of(moved.id) else { return };
    if (ended && none) || absorbed {
        turn.record(Fact::Uncounted { signature, incident: moved.id });
    }
}

/// How long a fix is watched: as long as three of its incidents would have needed to come back
/// (95 % by Poisson), between a week and 90 days.
pub(super) fn verify_for(signature: &Signature) -> Span {
    let three = signature.interval().map_or(Span::days(30), |gap| Span(gap.0.saturating_mul(3)));
    three.clamp(Span::days(7), Span::days(90))
}

impl Moved {
    /// A step without anything said about it.
    pub(super) fn bare(id: ProblemId, step: Step, (from, to): (Status, Status), by: Actor) -> Self {
        Self {
            id,
            step,
            from,
            to,
            by,
            code: None,
            note: None,
            until: None,
            incident: None,
            of: None,
        }
    }
}
