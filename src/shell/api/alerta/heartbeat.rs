//! Signs of life: sent, listed, and no longer waited for.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Request, answer, fail, missing, turn_away};
use crate::domain::event::{self, Expected};
use crate::domain::value::{Actor, HeartbeatId, Span, Via};
use crate::engine::Input;
use crate::shell::api::caller::Caller;
use crate::shell::api::context::Context;
use crate::shell::clock;

/// Alerta's own, for clients that want to see one.
const LATENCY_MS_MAX: u64 = 2_000;

type Way = (State<Arc<Context>>, RawQuery, Caller);

pub(super) async fn post(way: Way, body: Body) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    match send(&context, &headers, query.as_deref(), body).await {
        Ok(answer) | Err(answer) => answer,
    }
}

async fn send(
    context: &Context,
    headers: &Caller,
    query: Option<&str>,
    body: Body,
) -> Result<Response, Response> {
    let request = Request::open(context, headers, query)?;
    let mut beat = request.body(headers, body).await?;
    if !beat["origin"].is_string() {
        let why = "`origin` is needed: it says whose sign of life it is";
        return Err(fail(StatusCode::BAD_REQUEST, why));
    }
    // The path says what it is.
    beat["type"] = "Heartbeat".into();
    let read = request.read(&beat)?;
    let name = read.heartbeats.first().map(|beat| beat.name.clone()).unwrap_or_default();
    request.admit(read).await?;
    let made = context.handle.read(|engine| {
        let events = &engine.state().event;
        let id = events.heartbeat_named(events.source_named(&request.intake().name)?, &name)?;
        Some((id, record(id, events.heartbeat(id)?)))
    });
    let Some((id, mut shown)) = made else {
        return Err(fail(StatusCode::TOO_MANY_REQUESTS, "too many heartbeats are awaited already"));
    };
    shown["tags"] = beat["tags"].take();
    Ok(answer(StatusCode::CREATED, json!({ "id": id.to_string(), "heartbeat": shown })))
}

/// `GET /api/heartbeats`.
pub(super) async fn list(way: Way) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let all: Vec<Value> = context.handle.read(|engine| {
        let events = &engine.state().event;
        let source = events.source_named(&request.intake().name);
        let ours = events.heartbeats().filter(|(_, one)| Some(one.source) == source);
        ours.map(|(id, one)| record(id, one)).collect()
    });
    answer(StatusCode::OK, json!({ "total": all.len(), "heartbeats": all }))
}

/// `GET /api/heartbeat/{id}`.
pub(super) async fn show(Path(id): Path<String>, way: Way) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    match Request::open(&context, &headers, query.as_deref()) {
        Err(answer) => answer,
        Ok(request) => match find(&request, &id) {
            None => missing(),
            Some((_, one)) => answer(StatusCode::OK, json!({ "total": 1, "heartbeat": one })),
        },
    }
}

/// `DELETE /api/heartbeat/{id}`.
pub(super) async fn delete(Path(id): Path<String>, way: Way) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let Some((name, _)) = find(&request, &id) else { return missing() };
    let source = request.intake().name.to_string();
    let actor = Actor { name: source.clone(), via: Via::Api };
    let command = event::Command::ForgetHeartbeat { source, name };
    match context.handle.submit(Input::Command(actor, command.into())).await {
        Ok(done) if done.reply.is_ok() => answer(StatusCode::OK, json!({})),
        Ok(_) => missing(),
        Err(not_taken) => turn_away(&not_taken.into()),
    }
}

/// The name of a heartbeat of the source, and how it stands.
fn find(request: &Request, id: &str) -> Option<(String, Value)> {
    let id: HeartbeatId = id.parse().ok()?;
    request.context.handle.read(|engine| {
        let events = &engine.state().event;
        let one = events.heartbeat(id)?;
        let ours = events.source_named(&request.intake().name) == Some(one.source);
        ours.then(|| (one.name.to_string(), record(id, one)))
    })
}

fn record(id: HeartbeatId, one: &Expected) -> Value {
    let seen = one.seen_at.unwrap_or_else(clock::now).rfc3339();
    json!({
        "id": id.to_string(),
        "href": format!("/api/heartbeat/{id}"),
        "origin": &*one.name,
        "tags": [],
        "attributes": one.labels,
        "type": "Heartbeat",
        "createTime": seen,
        "receiveTime": seen,
        "timeout": one.within.unwrap_or(Span::days(1)).0 / 1_000,
        "maxLatency": LATENCY_MS_MAX,
        "latency": 0,
        "customer": Value::Null,
        "status": if one.missed_since.is_some() { "expired" } else { "ok" },
    })
}
