//! What operators and their machines look at: health, metrics and reload.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;

use super::context::Context;
use super::gate::Admin;
use super::survey::survey;
use crate::domain::event::{Phase, suppress};
use crate::domain::silence::{Silence, Status};
use crate::domain::value::{SilenceId, Span};
use crate::domain::{self, Settings};
use crate::shell::clock;
use crate::shell::handle::Handle;

/// A reload that takes longer is answered with an error; it goes on all the same.
const RELOAD_MS_MAX: Span = Span::seconds(30);

/// What there is, counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) firing: usize,
    /// Those of the firing that are silenced or inhibited.
    pub(super) suppressed: usize,
    pub(super) stale: usize,
    pub(super) flapping: usize,
    pub(super) resolved: usize,
    /// Open incidents, priority 1 first.
    pub(super) incidents: [usize; 5],
}

/// Counts alerts and open incidents.
pub(super) async fn count(handle: &Handle) -> Counts {
    let mut counts = Counts::default();
    survey(handle, |state, _, alert| {
        match alert.phase() {
            Phase::Firing => {
                counts.firing += 1;
                counts.suppressed += usize::from(suppress::suppressor(state, alert).is_some());
            }
            Phase::Resolved { .. } => counts.resolved += 1,
        }
        counts.stale += usize::from(alert.is_stale());
        counts.flapping += usize::from(alert.is_flapping());
        None::<()>
    })
    .await;
    counts.incidents = handle.read(|engine| {
        let mut open = [0; 5];
        for (_, incident) in engine.state().incident.iter() {
            let place = usize::from(incident.priority.level()).saturating_sub(1);
            if incident.status.is_open()
                && let Some(count) = open.get_mut(place)
            {
                *count += 1;
            }
        }
        open
    });
    counts
}

pub(super) async fn healthy() -> Response {
    plain(StatusCode::OK, "OK".to_owned())
}

pub(super) async fn ready(State(context): State<Arc<Context>>) -> Response {
    if context.is_ready() {
        plain(StatusCode::OK, "OK".to_owned())
    } else {
        plain(StatusCode::SERVICE_UNAVAILABLE, "not ready".to_owned())
    }
}

pub(super) async fn metrics(State(context): State<Arc<Context>>) -> Response {
    let counts = count(&context.handle).await;
    let setup = context.setup();
    let Settings { receivers, routes, .. } = &*setup.settings;
    // As in Alertmanager, one that no route names does not count.
    let used: BTreeSet<&str> = routes.nodes().iter().map(|node| node.receiver.as_str()).collect();
    let known = used.iter().filter_map(|name| receivers.get(*name));
    let integrations = known.map(|receiver| receiver.integrations.len()).sum();
    context.metrics.set_alerts(counts.firing - counts.suppressed, counts.suppressed);
    context.metrics.set_incidents(counts.incidents);
    let [active, pending, expired] = silences(&context.handle);
    context.metrics.set_silences(active, pending, expired);
    context.metrics.set_receivers(used.len(), integrations);
    if context.metrics.detail().group_keys {
        let groups = context.handle.read(|engine| by_group(engine.state()));
        context.metrics.set_group_alerts(&groups);
    }
    let text_format = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([text_format], context.metrics.text()).into_response()
}

/// The groups by key, with how many alerts of each people are told of, and how many not.
fn by_group(state: &domain::State) -> BTreeMap<String, (usize, usize)> {
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (_, group) in state.notification.groups() {
        let (active, suppressed) = groups.entry(state.notification.key(group)).or_default();
        let alerts = group.alerts().filter_map(|(_, id)| state.event.alert(id));
        for alert in alerts.filter(|alert| alert.is_firing()) {
            match suppress::suppressor(state, alert) {
                None => *active += 1,
                Some(_) => *suppressed += 1,
            }
        }
    }
    groups
}

/// How many silences are active, pending and expired.
fn silences(handle: &Handle) -> [usize; 3] {
    let now = clock::now();
    handle.read(|engine| {
        let standing = |(_, silence): (SilenceId, &Silence)| silence.status_at(now);
        let all: Vec<Status> = engine.state().silence.iter().map(standing).collect();
        [Status::Active, Status::Pending, Status::Expired]
            .map(|state| all.iter().filter(|have| **have == state).count())
    })
}

pub(super) async fn reload(_: Admin, State(context): State<Arc<Context>>) -> Response {
    let failed = |why: &str| {
        plain(StatusCode::INTERNAL_SERVER_ERROR, format!("failed to reload config: {why}\n"))
    };
    let (answer, reloaded) = oneshot::channel();
    if context.reload.send(answer).await.is_err() {
        return failed("the daemon is stopping");
    }
    match tokio::time::timeout(RELOAD_MS_MAX.duration(), reloaded).await {
        Ok(Ok(Ok(()))) => StatusCode::OK.into_response(),
        Ok(Ok(Err(why))) => failed(&why),
        Ok(Err(_)) => failed("the daemon is stopping"),
        Err(_) => failed(&format!("no answer within {RELOAD_MS_MAX}")),
    }
}

fn plain(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
