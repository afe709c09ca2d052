//! How alerts make, feed, calm and wake incidents.

use super::Deadline;
use super::fact::{Fact, Kind, Moved, Opened};
use super::machine::{Status, Step};
use super::record::Incident;
use super::rules::IncidentRule;
use crate::domain::Turn;
use crate::domain::event::{self, Correlation};
use crate::domain::template::{Template, Value};
use crate::domain::value::{
    Actor, AlertId, Impact, IncidentId, Labels, Priority, Severity, Timestamp,
};

/// Characters of a title; what is longer is cut at a word.
const TITLE_CHARS_MAX: usize = 120;

/// A correlated alert fires, for the first time or again.
pub(super) fn alert_fires(turn: &mut Turn, alert: AlertId, correlation: &Correlation) {
    match destination(turn, correlation) {
        Destination::Join(id) => join(turn, id, alert),
        Destination::Reopen(id) => {
            join(turn, id, alert);
            advance(turn, id, Step::Reopen, &Actor::rule(), Said::default());
        }
        Destination::Open { recurrence_of } => open(turn, alert, correlation, recurrence_of),
    }
}

/// A member fires again.
pub(super) fn member_fires(
    turn: &mut Turn,
    id: IncidentId,
    alert: AlertId,
    correlation: &Correlation,
) {
    let incident = turn.state().incident.expect(id);
    let reopen_until =
        incident.course().resolved_at.map(|at| at + turn.settings().defaults.reopen_window);
    if reopen_until.is_some_and(|until| until < turn.now()) {
        return alert_fires(turn, alert, correlation);
    }
    let status = incident.status;
    turn.record(Fact::Fired { id, alert });
    let incident = turn.state().incident.expect(id);
    if status == Status::Resolved {
        advance(turn, id, Step::Reopen, &Actor::rule(), Said::default());
    } else if incident.course().restored_at.is_some() {
        turn.record(Fact::Relapsed { id });
    }
}

/// A member clears.
pub(super) fn member_clears(turn: &mut Turn, id: IncidentId, alert: AlertId) {
    turn.record(Fact::Cleared { id, alert });
    settle(turn, id);
}

/// Looks whether all is calm, and what follows from that.
pub(super) fn settle(turn: &mut Turn, id: IncidentId) {
    let incident = turn.state().incident.expect(id);
    if !incident.is_clear() || incident.course().restored_at.is_some() {
        return;
    }
    if incident.status == Status::Candidate {
        return advance(turn, id, Step::Discard, &Actor::rule(), Said::code("too_short"));
    }
    if !incident.status.is_open() {
        return;
    }
    let resolve_at = resolve_after(turn, incident).map(|after| turn.now() + after);
    turn.record(Fact::Restored { id, resolve_at });
    if let Some(at) = resolve_at {
        turn.wake_at(at, Deadline::Recover(id));
    }
}

/// How long an incident must be clear before it resolves by itself. Without a resolve rule the
/// default counts; with some, an incident that none of them names waits for a person.
fn resolve_after(turn: &Turn, incident: &Incident) -> Option<crate::domain::value::Span> {
    let rules = &turn.settings().incidents.resolve;
    if rules.rules().is_empty() {
        return Some(turn.settings().defaults.resolve_after);
    }
    rules.first(&turn.state().incident.facets(incident))?.body.after
}

enum Destination {
    Join(IncidentId),
    Reopen(IncidentId),
    Open { recurrence_of: Option<IncidentId> },
}

/// Where an alert of a correlation belongs.
fn destination(turn: &Turn, correlation: &Correlation) -> Destination {
    let incidents = &turn.state().incident;
    let Some(newest) = incidents.of_correlation(correlation) else {
        return Destination::Open { recurrence_of: None };
    };
    let id = incidents.bearer(newest);
    let incident = incidents.expect(id);
    match incident.status {
        Status::Candidate
        | Status::New
        | Status::Acknowledged
        | Status::InProgress
        | Status::OnHold => {
            let fresh = turn.now() <= incident.last_alert_at + incident.shape().window
                && turn.now() <= incident.opened_at + incident.shape().max_span;
            if fresh { Destination::Join(id) } else { Destination::Open { recurrence_of: None } }
        }
        Status::Resolved => {
            let resolved_at =
                incident.course().resolved_at.expect("a resolved incident says since when");
            if turn.now() <= resolved_at + turn.settings().defaults.reopen_window {
                Destination::Reopen(id)
            } else {
                Destination::Open { recurrence_of: Some(id) }
            }
        }
        Status::Closed => Destination::Open { recurrence_of: Some(id) },
        Status::Merged | Status::Cancelled | Status::Discarded => {
            Destination::Open { recurrence_of: None }
        }
    }
}

fn join(turn: &mut Turn, id: IncidentId, alert: AlertId) {
    let severity = turn.state().event.alert(alert).expect("just raised").severity;
    let before = turn.state().incident.expect(id).severity;
    turn.record(Fact::Joined { id, alert, severity });
    if turn.state().incident.expect(id).course().restored_at.is_some() {
        let status = turn.state().incident.expect(id).status;
        if status.is_open() {
            turn.record(Fact::Relapsed { id });
        }
    }
    if severity < before {
        raise_priority(turn, id, severity);
    }
    if turn.state().incident.expect(id).status == Status::Candidate {
        consider(turn, id);
    }
}

/// A worse alert makes an incident more urgent, unless a person or a rule fixed its priority.
pub(super) fn raise_priority(turn: &mut Turn, id: IncidentId, severity: Severity) {
    let incident = turn.state().incident.expect(id);
    let urgency = severity.urgency();
    if incident.priority_fixed || urgency >= incident.urgency {
        return;
    }
    let impact = incident.impact;
    let priority = Priority::from_matrix(impact, urgency).min(incident.priority);
    let by = Actor::rule();
    turn.record(Fact::Prioritised { id, impact, urgency, priority, by, reason: None });
}

fn open(turn: &mut Turn, root: AlertId, correlation: &Correlation, before: Option<IncidentId>) {
    let state = &turn.state().event;
    let alert = state.alert(root).expect("just raised");
    let (severity, annotations) = (alert.severity, state.annotations(alert));
    let detected_at = alert.starts_at.min(turn.now());
    let labels = state.labels(alert);
    let matched = turn.settings().incidents.incident.first(&labels);
    let rule = matched.map(|rule| rule.body.clone()).unwrap_or_default();
    if rule.drop {
        return;
    }

    let words = Words { turn, labels: &labels, annotations: &annotations };
    let title = words.say(rule.title.as_ref()).unwrap_or_else(|| words.title(correlation));
    let category = words.say(rule.category.as_ref());
    let owner = turn.settings().services.get(labels.get("service"));
    let owner = owner.and_then(|service| service.owner.clone());
    let team = words.say(rule.team.as_ref()).or_else(|| words.label("team")).or(owner);
    let (impact, urgency) = (impact(turn, &rule, &labels), rule.urgency);
    let urgency = urgency.unwrap_or(severity.urgency());
    let terms = event::correlate::terms(turn.settings(), correlation);
    let waits = rule.pending_for.0 > 0 || terms.threshold > 1;
    let id = turn.state().incident.next_id();
    let team = team.unwrap_or_else(|| turn.settings().defaults.team.clone());
    turn.record(Fact::Opened(Box::new(Opened {
        id,
        correlation: correlation.clone(),
        window: terms.window,
        max_span: terms.max_span,
        status: if waits { Status::Candidate } else { Status::New },
        pending_until: waits.then(|| turn.now() + rule.pending_for),
        threshold: terms.threshold,
        distinct_names: terms.create_on == event::rules::CreateOn::All,
        title: shorten(&title, TITLE_CHARS_MAX),
        kind: if rule.degradation { Kind::Degradation } else { Kind::Outage },
        category: category.unwrap_or_else(|| "uncategorised".to_owned()),
        team,
        impact,
        urgency,
        priority: rule.priority.unwrap_or(Priority::from_matrix(impact, urgency)),
        priority_fixed: rule.priority.is_some(),
        labels,
        annotations,
        root,
        severity,
        detected_at,
        recurrence_of: before,
        rule: matched.map(|rule| rule.name.clone()),
    })));
    turn.record(Fact::Joined { id, alert: root, severity });
    if waits {
        turn.wake_after(rule.pending_for, Deadline::Candidate(id));
    }
}

/// How much is touched: what the rule says, else the label, else the tier of the service.
fn impact(turn: &Turn, rule: &IncidentRule, labels: &Labels) -> Impact {
    let said = rule.impact.or_else(|| Impact::new(labels.get("impact").parse().ok()?).ok());
    said.or_else(|| turn.settings().impact_of(labels.get("service"))).unwrap_or(Impact::DEFAULT)
}

/// Looks whether a candidate has lasted and grown enough to be made known.
pub(super) fn consider(turn: &mut Turn, id: IncidentId) {
    let incident = turn.state().incident.expect(id);
    if incident.status != Status::Candidate {
        return;
    }
    let due = incident.course().pending_until.unwrap_or(incident.opened_at);
    if due > turn.now() {
        return;
    }
    if enough(turn, incident) {
        return advance(turn, id, Step::Confirm, &Actor::rule(), Said::default());
    }
    let over = incident.last_alert_at + incident.shape().window;
    if over <= turn.now() {
        advance(turn, id, Step::Discard, &Actor::rule(), Said::code("too_few"));
    } else {
        turn.wake_at(over, Deadline::Candidate(id));
    }
}

fn enough(turn: &Turn, incident: &Incident) -> bool {
    let events = &turn.state().event;
    let firing = incident.members.iter().filter(|(_, member)| member.firing);
    let alerts = firing.filter_map(|(id, _)| events.alert(id));
    let count = if incident.shape().distinct_names {
        let names: std::collections::BTreeSet<_> =
            alerts.map(|alert| events.label(alert, "alertname")).collect();
        names.len()
    } else {
        alerts.count()
    };
    count as u64 >= incident.shape().threshold.max(1)
}

/// What goes with a step.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub code: Option<String>,
    pub note: Option<String>,
    pub until: Option<Timestamp>,
    pub into: Option<IncidentId>,
}

impl Said {
    pub(super) fn code(code: &str) -> Self {
        Self { code: Some(code.to_owned()), ..Self::default() }
    }
}

/// Takes a step that the caller knows to be allowed, and arms what follows from it.
///
/// # Panics
/// When the state machine does not allow the step, which is the caller's bug.
pub(super) fn advance(turn: &mut Turn, id: IncidentId, step: Step, by: &Actor, said: Said) {
    let from = turn.state().incident.expect(id).status;
    let to = from.after(step).expect("the caller has looked whether the step is allowed");
    let Said { code, note, until, into } = said;
    let by = by.clone();
    turn.record(Fact::Moved(Box::new(Moved { id, step, from, to, by, code, note, until, into })));
    match to {
        Status::Resolved => {
            turn.wake_after(turn.settings().defaults.close_after, Deadline::Close(id));
        }
        Status::OnHold => {
            if let Some(until) = until {
                turn.wake_at(until, Deadline::Hold(id));
            }
        }
        // Opened again by a person while all is clear: the clock of recovery starts afresh.
        Status::InProgress if step == Step::Reopen || step == Step::Unmerge => settle(turn, id),
        Status::Candidate
        | Status::New
        | Status::Acknowledged
        | Status::InProgress
        | Status::Closed
        | Status::Merged
        | Status::Cancelled
        | Status::Discarded => {}
    }
}

struct Words<'a, 'b> {
    turn: &'a Turn<'b>,
    labels: &'a Labels,
    annotations: &'a Labels,
}

impl Words<'_, '_> {
    /// What a rule's template says; nothing if there is none, or it fails, or says nothing.
    fn say(&self, template: Option<&Template>) -> Option<String> {
        let data: Value = event::sight("", self.labels, self.annotations);
        let text = self.turn.settings().templates.text(template?, &data, self.turn.now()).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn label(&self, name: &str) -> Option<String> {
        Some(self.labels.get(name).to_owned()).filter(|value| !value.is_empty())
    }

    fn title(&self, correlation: &Correlation) -> String {
        let name = self.label("alertname").unwrap_or_else(|| "alert".to_owned());
        match self.annotations.get("summary") {
            "" => format!("{name} {}", correlation.key),
            summary if summary.starts_with(&name) => summary.to_owned(),
            summary => format!("{name}: {summary}"),
        }
    }
}

fn shorten(text: &str, chars_max: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    let Some((end, _)) = line.char_indices().nth(chars_max) else { return line.to_owned() };
    let cut = line[..end].rfind(' ').unwrap_or(end);
    format!("{}…", &line[..cut])
}
