//! A source's own alerts, for doors through which it looks after what it has sent.

use std::sync::Arc;

use super::context::{Context, Setup};
use super::survey::survey;
use crate::domain::event::{self, Alert, Phase, suppress};
use crate::domain::incident::Status;
use crate::domain::value::{AlertId, IncidentId, Labels, Severity, Timestamp};
use crate::domain::{Settings, State};
use crate::shell::intake::http::Intake;

/// Alerts that one list is made of.
pub(super) const LISTED_MAX: usize = 20_000;

/// An alert as it stood when somebody looked.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) id: AlertId,
    pub(super) key: String,
    pub(super) labels: Labels,
    pub(super) annotations: Labels,
    pub(super) url: String,
    pub(super) severity: Severity,
    pub(super) starts_at: Timestamp,
    pub(super) raised_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// When it was over; nothing while it holds.
    pub(super) ended_at: Option<Timestamp>,
    pub(super) count: u32,
    /// Somebody looks after it, here or at its source.
    pub(super) acknowledged: bool,
    /// Nobody is told of it, by a silence or by its source's word.
    pub(super) shelved: bool,
    /// Until when it is silenced.
    pub(super) silenced_until: Option<Timestamp>,
    pub(super) incident: Option<IncidentId>,
    /// Who works on its incident.
    pub(super) owner: Option<String>,
}

impl Seen {
    pub(super) fn is_firing(&self) -> bool {
        self.ended_at.is_none()
    }
}

/// The alert that a source has under a key.
pub(super) fn by_key(context: &Context, setup: &Setup, intake: &Intake, key: &str) -> Option<Seen> {
    context.handle.read(|engine| {
        let state = engine.state();
        let id = event::of_key(state, &setup.settings, &intake.name, key)?;
        Some(seen(state, id, state.event.alert(id)?))
    })
}

/// The alert of a number, if it is one of the source's.
pub(super) fn by_id(
    context: &Context,
    setup: &Setup,
    intake: &Intake,
    id: AlertId,
) -> Option<Seen> {
    context.handle.read(|engine| {
        let state = engine.state();
        let alert = state.event.alert(id)?;
        is_of(state, &setup.settings, intake, alert).then(|| seen(state, id, alert))
    })
}

/// All alerts of a source that are wanted, oldest first, [`LISTED_MAX`] at most.
pub(super) async fn list(
    context: &Context,
    setup: &Setup,
    intake: &Intake,
    wanted: impl Fn(&Seen) -> bool,
) -> Vec<Seen> {
    let mut count = 0;
    survey(&context.handle, |state, id, alert| {
        if count == LISTED_MAX || !is_of(state, &setup.settings, intake, alert) {
            return None;
        }
        let seen = Some(seen(state, id, alert)).filter(&wanted);
        count += usize::from(seen.is_some());
        seen
    })
    .await
}

/// The key and the annotations of the newest firing alert of a source that has these labels, and of
/// whose annotations that holds.
pub(super) async fn firing_like(
    context: &Context,
    setup: &Setup,
    intake: &Intake,
    labels: &[(&str, &str)],
    holds: impl Fn(&Labels) -> bool,
) -> Option<(Box<str>, Labels)> {
    let found = survey(&context.handle, |state, _, alert| {
        let events = &state.event;
        let fits = alert.is_firing()
            && labels.iter().all(|(name, value)| events.label(alert, name) == *value)
            && is_of(state, &setup.settings, intake, alert);
        let annotations = fits.then(|| events.annotations(alert)).filter(&holds)?;
        Some((Box::from(alert.source_key()), annotations))
    });
    found.await.pop()
}

/// Sources of one group speak of the same alerts.
fn is_of(state: &State, settings: &Settings, intake: &Intake, alert: &Alert) -> bool {
    let Some(source) = state.event.source(alert.source()) else { return false };
    let group = |name: &str| settings.sources.get(name).map_or("", |source| source.group.as_str());
    source.name == *intake.name
        || (!group(&intake.name).is_empty() && group(&intake.name) == group(&source.name))
}

fn seen(state: &State, id: AlertId, alert: &Alert) -> Seen {
    let events = &state.event;
    let incident = state.incident.of_alert(id).map(|own| state.incident.bearer(own));
    let record = incident.and_then(|incident| state.incident.get(incident));
    let worked_on = record.is_some_and(|incident| {
        matches!(incident.status, Status::Acknowledged | Status::InProgress | Status::OnHold)
    });
    let suppression = suppress::suppression(state, alert);
    let silences = suppression.silenced_by.iter().filter_map(|id| state.silence.get(*id));
    Seen {
        id,
        key: alert.source_key().to_owned(),
        labels: events.labels(alert),
        annotations: events.annotations(alert),
        url: events.url(alert).to_owned(),
        severity: alert.severity,
        starts_at: alert.starts_at,
        raised_at: alert.raised_at,
        updated_at: alert.updated_at,
        ended_at: match alert.phase() {
            Phase::Firing => None,
            Phase::Resolved { at, .. } => Some(at),
        },
        count: alert.count,
        acknowledged: alert.is_acknowledged() || worked_on,
        shelved: suppression.by_source || !suppression.silenced_by.is_empty(),
        silenced_until: silences.map(|silence| silence.ends_at).max(),
        incident,
        owner: record.and_then(|incident| incident.course().assignee.clone()),
    }
}

/// The source of a kind that a key opens, with the setup it stands in.
pub(super) type Opened = (Arc<Setup>, Arc<Intake>);
