//! What operators and their machines look at: health, metrics, reload, and a first page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tokio::sync::oneshot;

use super::context::Context;
use super::gate::Admin;
use super::rest::BASE;
use super::survey::survey;
use crate::domain::event::{Phase, suppress};
use crate::domain::silence::{Silence, Status};
use crate::domain::value::{SilenceId, Span};
use crate::shell::clock;
use crate::shell::handle::Handle;
use crate::shell::metrics::VERSION;

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
        counts.stale += usize::from(alert.stale);
        counts.flapping += usize::from(alert.flapping);
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
    let receivers = &setup.settings.receivers;
    let integrations = receivers.values().map(|receiver| receiver.integrations.len()).sum();
    context.metrics.set_alerts(counts.firing - counts.suppressed, counts.suppressed);
    context.metrics.set_incidents(counts.incidents);
    context.metrics.set_silences(&silences(&context.handle));
    context.metrics.set_receivers(receivers.len(), integrations);
    let text_format = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([text_format], context.metrics.text()).into_response()
}

fn silences(handle: &Handle) -> [(&'static str, usize); 3] {
    let now = clock::now();
    handle.read(|engine| {
        let standing = |(_, silence): (SilenceId, &Silence)| silence.status_at(now);
        let all: Vec<Status> = engine.state().silence.iter().map(standing).collect();
        Status::ALL.map(|state| (state.name(), all.iter().filter(|have| **have == state).count()))
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

/// A page for somebody who types the address into a browser. It shows nothing that needs a token.
pub(super) async fn home(State(context): State<Arc<Context>>) -> Response {
    let prefix = escape(&context.route_prefix);
    let link = |path: &str, text: &str| {
        format!("<li><a href=\"{prefix}{path}\"><code>{prefix}{path}</code></a> {text}</li>\n")
    };
    let links = [
        link(&format!("{BASE}/status"), "how the daemon is"),
        link(&format!("{BASE}/incidents?state=open"), "what people must do"),
        link(&format!("{BASE}/openapi.json"), "what can be asked"),
        link("/api/v2/alerts", "alerts, as Alertmanager shows them"),
        link("/api/v2/status", "status, as Alertmanager shows it"),
        link("/metrics", "what is counted"),
    ]
    .concat();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <title>incidentd</title>\n<h1>incidentd {VERSION}</h1>\n\
         <p>This daemon turns what monitoring says into what people must do. \
         Send alerts to <code>{prefix}/api/v2/alerts</code> as to Alertmanager, or to \
         <code>{prefix}/hooks/&lt;source&gt;</code>; work with <code>incidentctl</code>.</p>\n\
         <ul>\n{links}</ul>\n</html>\n"
    );
    ([(header::CONTENT_SECURITY_POLICY, "default-src 'none'")], Html(page)).into_response()
}

fn plain(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
