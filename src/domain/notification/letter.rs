//! Letters: what a delivery says, as things stand when its attempt is made.

use std::cmp::Ordering;

use super::correspondence::mark;
use super::message::{
    AlertStatus, Letter, LetterAlert, LetterIncident, LetterProblem, Thread, route_labels,
};
use super::outbox::channel_name;
use super::receiver::Integration;
use super::state::{Delivery, Group};
use super::verdict::Verdict;
use crate::domain::incident::Incident;
use crate::domain::value::{
    Actor, AlertId, DeliveryId, Fingerprint, IncidentId, Labels, Span, Timestamp,
};
use crate::domain::{Settings, State};

/// Alerts that one letter lists; a storm is told by its count.
const ALERTS_MAX: usize = 1_000;

/// A message that waited longer than this says so.
const DELAY_WORTH_TELLING: Span = Span::minutes(1);

/// The integration that a delivery goes through; nothing if the configuration no longer has it.
pub fn integration_of<'a>(
    state: &State,
    settings: &'a Settings,
    id: DeliveryId,
) -> Option<&'a Integration> {
    let delivery = state.notification.delivery(id)?;
    let group = state.notification.group(delivery.group)?;
    let receiver = settings.receivers.get(group.receiver())?;
    let channel = state.notification.channel(delivery.channel)?;
    let mut all = receiver.integrations.iter();
    all.find(|one| channel_name(&receiver.name, one) == channel.name)
}

/// What a delivery says. Nothing if it has been settled meanwhile.
pub fn letter(
    state: &State,
    settings: &Settings,
    id: DeliveryId,
    now: Timestamp,
) -> Option<Letter> {
    let delivery = state.notification.delivery(id)?;
    let group = state.notification.group(delivery.group)?;
    let waited = now.since(delivery.queued_at);
    let told = group.told_by(delivery.channel);
    let incident = subject(state, settings, group);
    let alerts = alerts(state, group, delivery);
    let common = state.notification.labels(group);
    Some(Letter {
        receiver: group.receiver().to_owned(),
        group_key: state.notification.key(group),
        route_labels: route_words(settings, (group, &common), &alerts, now),
        group_labels: common,
        reason: delivery.says.verdict.reason().to_owned(),
        alerts,
        external_url: settings.external_url.trim_end_matches('/').to_owned(),
        reply: state.notification.reply(delivery.group).cloned(),
        incident: incident.map(|(id, incident)| {
            incident_words(state, settings, id, incident, delivery.says.verdict)
        }),
        problem: incident.and_then(|(id, _)| problem_words(state, settings, id)),
        delivery: id,
        attempt: delivery.attempts,
        verbatim: settings.bare,
        delayed: (waited > DELAY_WORTH_TELLING).then_some(waited),
        thread: Thread {
            root: root(group, delivery),
            previous: told.and_then(|told| told.first).into_iter().collect(),
            provider: told
                // What is over stays as it stands; a new beginning is a new message.
                .filter(|_| delivery.says.verdict != Verdict::First)
                .and_then(|told| told.provider.clone()),
        },
        now,
    })
}

/// What the group's route says of its messages; nothing if the configuration no longer has it.
fn route_words(
    settings: &Settings,
    (group, common): (&Group, &Labels),
    alerts: &[LetterAlert],
    now: Timestamp,
) -> Labels {
    let route = settings.routes.nodes().iter().find(|route| group.is_of(route));
    let labels = alerts.iter().map(|alert| &alert.labels);
    let annotations = alerts.iter().map(|alert| &alert.annotations);
    route.map_or_else(Labels::default, |route| {
        route_labels(settings, route, common, labels, annotations, now)
    })
}

/// Names the conversation, also across a lost store that starts counting from 1 again.
fn root(group: &Group, delivery: &Delivery) -> String {
    match group.incident() {
        Some(incident) => format!("{incident}-{}", group.base.0),
        None => format!("{}-{}", delivery.group, group.base.0),
    }
}

/// The incident a group speaks of: the group itself, or the one that all its alerts belong to. Under
/// a plain Alertmanager configuration messages about alerts are Alertmanager's, word for word.
fn subject<'a>(
    state: &'a State,
    settings: &Settings,
    group: &Group,
) -> Option<(IncidentId, &'a Incident)> {
    if settings.bare && group.incident().is_none() {
        return None;
    }
    let id = group.incident().or_else(|| {
        let mut ids = group.alerts().map(|(_, alert)| state.incident.of_alert(alert));
        let first = ids.next()??;
        ids.all(|id| id == Some(first)).then_some(first)
    })?;
    let incident = state.incident.get(id)?;
    // What people must not see yet, they must not read about either.
    incident.known_at.is_some().then_some((id, incident))
}

fn alerts(state: &State, group: &Group, delivery: &Delivery) -> Vec<LetterAlert> {
    let mut alerts = match group.incident().and_then(|id| state.incident.get(id)) {
        Some(incident) => of_incident(state, incident),
        None => of_group(state, group, delivery),
    };
    alerts.sort_by(|a, b| order(&a.labels, &b.labels));
    alerts
}

fn of_incident(state: &State, incident: &Incident) -> Vec<LetterAlert> {
    let mut members: Vec<_> = incident.members.iter().collect();
    // Where not all fit, what fires goes first.
    members.sort_by_key(|(id, member)| (!member.firing, *id));
    members
        .into_iter()
        .take(ALERTS_MAX)
        .filter_map(|(id, member)| alert(state, id, member.firing))
        .collect()
}

fn of_group(state: &State, group: &Group, delivery: &Delivery) -> Vec<LetterAlert> {
    let of = |keys: &[Fingerprint], firing: bool| {
        keys.iter().filter_map(|key| alert(state, group.alert(*key)?, firing)).collect::<Vec<_>>()
    };
    let mut alerts = of(&delivery.says.firing, true);
    alerts.extend(of(&delivery.says.resolved, false));
    alerts
}

/// Alertmanager's order of the alerts of a group: job, instance, then all labels.
fn order(a: &Labels, b: &Labels) -> Ordering {
    let by = |name| a.get(name).cmp(b.get(name));
    by("job").then_with(|| by("instance")).then_with(|| a.order(b))
}

fn alert(state: &State, id: AlertId, firing: bool) -> Option<LetterAlert> {
    let alert = state.event.alert(id)?;
    let labels = state.event.labels(alert);
    let ended = match alert.phase() {
        crate::domain::event::Phase::Firing => None,
        crate::domain::event::Phase::Resolved { at, .. } => Some(at),
    };
    let holds = firing && ended.is_none();
    Some(LetterAlert {
        status: if holds { AlertStatus::Firing } else { AlertStatus::Resolved },
        annotations: state.event.annotations(alert),
        starts_at: alert.starts_at,
        ends_at: if holds { None } else { Some(ended.unwrap_or(alert.updated_at)) },
        url: state.event.url(alert).to_owned(),
        fingerprint: labels.fingerprint(),
        labels,
    })
}

fn incident_words(
    state: &State,
    settings: &Settings,
    id: IncidentId,
    incident: &Incident,
    verdict: Verdict,
) -> LetterIncident {
    // The last line says who made the change that is told, if a person did.
    let by = incident.last_actor().filter(Actor::is_outside);
    LetterIncident {
        id,
        mark: mark(&state.incident, id, incident),
        title: state.incident.title(incident),
        state: incident.status,
        event: verdict.event().to_owned(),
        by: by.map(|by| by.name),
        priority: incident.priority,
        impact: incident.impact,
        urgency: incident.urgency,
        kind: incident.shape().kind,
        category: incident.shape().category.clone(),
        team: incident.shape().team.clone(),
        assignee: incident.course().assignee.clone(),
        url: record_url(settings, "incidents", &id.to_string()),
        opened_at: incident.opened_at,
        acknowledged_at: incident.course().acknowledged_at,
        restored_at: incident.course().restored_at,
        resolved_at: incident.course().resolved_at,
        recurrence: state.problem.recurrence(id).map(|seen| seen.to_string()),
        alerts: incident.members.len(),
        firing: incident.firing(),
    }
}

fn problem_words(state: &State, settings: &Settings, id: IncidentId) -> Option<LetterProblem> {
    let id = state.problem.of_incident(id)?;
    let problem = state.problem.get(id)?;
    Some(LetterProblem {
        id,
        title: problem.title.clone(),
        state: problem.status.name().to_owned(),
        workaround: problem.workaround.clone(),
        url: record_url(settings, "problems", &id.to_string()),
    })
}

fn record_url(settings: &Settings, plural: &str, id: &str) -> String {
    format!("{}/api/itsm/v1/{plural}/{id}", settings.external_url.trim_end_matches('/'))
}
