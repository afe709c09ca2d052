//! `GET /status`: how the daemon is.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::domain::event::Expected;
use crate::domain::value::{HeartbeatId, Timestamp};
use crate::engine::Engine;
use crate::shell::api::context::{Context, Setup};
use crate::shell::api::gate::Reader;
use crate::shell::api::json::{JSON, respond};
use crate::shell::api::operations::count;
use crate::shell::clock;
use crate::shell::metrics::VERSION;

pub(super) async fn status(_: Reader, State(context): State<Arc<Context>>) -> Response {
    let setup = context.setup();
    let counts = count(&context.handle).await;
    let sources = context.handle.read(|engine| sources(engine, &setup));
    let pulse = context.metrics.pulse();
    let priorities = (1..).zip(counts.incidents).map(|(level, count)| (format!("P{level}"), count));
    let status = json!({
        "version": VERSION,
        "ready": context.is_ready(),
        "started_at": context.started.rfc3339(),
        "uptime": clock::now().since(context.started).to_string(),
        "config_hash": setup.settings.hash,
        "warnings": setup.all_warnings(context.open_to_all),
        "alerts": {
            "firing": counts.firing,
            "stale": counts.stale,
            "flapping": counts.flapping,
            "resolved": counts.resolved,
        },
        "incidents_open": priorities.map(|(p, n)| (p, n.into())).collect::<serde_json::Map<_, _>>(),
        "deliveries_waiting": context.metrics.waiting(),
        "sources": sources,
        "store": {
            "commits": pulse.commits,
            "facts": pulse.facts,
            "last_commit_at": pulse.last_commit_at.map(Timestamp::rfc3339),
            "checkpoints": pulse.checkpoints,
        },
    });
    respond(StatusCode::OK, JSON, &status)
}

/// The signs of life that are awaited through a source.
fn heartbeats(engine: &Engine, source: &str) -> Vec<Value> {
    let events = &engine.state().event;
    let Some(id) = events.source_named(source) else { return Vec::new() };
    let ours = events.heartbeats().filter(|(_, one)| one.source == id);
    let show = |(id, one): (HeartbeatId, &Expected)| {
        json!({
            "id": id.to_string(),
            "name": &*one.name,
            "within": one.within.map(|within| within.to_string()),
            "enabled": one.enabled,
            "last_seen_at": one.seen_at.filter(|_| one.begun).map(Timestamp::rfc3339),
            "missed_since": one.missed_since.map(Timestamp::rfc3339),
        })
    };
    ours.map(show).collect()
}

/// Every source that is configured or has ever been heard.
fn sources(engine: &Engine, setup: &Setup) -> Vec<Value> {
    let configured = &engine.settings().sources;
    let events = &engine.state().event;
    let heard = events.sources().map(|(_, source)| source.name.as_str());
    let names: BTreeSet<&str> =
        heard.chain(setup.sources.names()).chain(configured.keys().map(String::as_str)).collect();
    let show = |name: &str| {
        let source = events.source_named(name).and_then(|id| events.source(id));
        json!({
            "name": name,
            "silent": source.is_some_and(|source| source.silent),
            "last_heard_at": source.and_then(|s| s.heard_at).map(Timestamp::rfc3339),
            "dead_man_switch": configured.get(name).is_some_and(|s| s.deadman.is_some()),
            "heartbeats": heartbeats(engine, name),
        })
    };
    names.into_iter().map(show).collect()
}
