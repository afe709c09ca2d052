//! Our own API, made of the practices' manuals: lists, records, commands, and its description.

mod command;
mod explain;
mod list;
mod openapi;
mod receiver;
mod routes;
mod source;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};

use super::context::Context;
use super::gate::Reader;
use super::json::{JSON, respond};
use super::nearest::hint;
use super::problem::{Kind, Problem, echo};
use crate::domain::view::Manual;
use crate::domain::{self, MANUALS};

/// Where it all is.
pub(super) const BASE: &str = "/api/itsm/v1";

type Shared = State<Arc<Context>>;

type Pairs = Query<Vec<(String, String)>>;

/// Everything under [`BASE`].
pub(super) fn routes() -> Router<Arc<Context>> {
    let mut router = Router::new()
        .route(&format!("{BASE}/status"), get(status::status))
        .route(&format!("{BASE}/openapi.json"), get(openapi::document))
        .route(&format!("{BASE}/alerts/{{id}}/explain"), get(explain::explain))
        .route(&format!("{BASE}/config"), get(routes::config))
        .route(&format!("{BASE}/routes"), get(routes::tree))
        .route(&format!("{BASE}/routes/explain"), get(routes::explain))
        .route(&format!("{BASE}/receivers/{{name}}/test"), post(receiver::test))
        .route(&format!("{BASE}/sources"), get(source::list))
        .route(&format!("{BASE}/sources/{{name}}"), get(source::show))
        .route(&format!("{BASE}/sources/{{name}}/rejected"), get(source::rejected))
        .route(&format!("{BASE}/sources/{{name}}/test"), post(source::test))
        .route(&format!("{BASE}/sources/{{name}}/url"), post(source::url))
        .route(&format!("{BASE}/{{*rest}}"), any(not_found));
    for manual in MANUALS {
        let base = format!("{BASE}/{}", manual.plural);
        router = router.route(
            &base,
            get(move |_: Reader, State(context): Shared, Query(pairs): Pairs| async move {
                list::list(manual, &context, pairs)
            }),
        );
        if let Some(make) = manual.make {
            router = router.route(
                &base,
                post(move |caller, context, headers, body| {
                    command::make(manual, make, caller, context, headers, body)
                }),
            );
        }
        if manual.records {
            router = router.route(
                &format!("{base}/{{id}}"),
                get(move |_: Reader, State(context): Shared, Path(id): Path<String>| async move {
                    record(manual, &context, &id)
                }),
            );
        }
        router = router.route(
            &format!("{base}/{{id}}/{{verb}}"),
            post(move |caller, context, path, headers, body| {
                command::command(manual, caller, context, path, headers, body)
            }),
        );
    }
    router
}

fn record(manual: &Manual, context: &Context, id: &str) -> Response {
    match look_up(context, manual, id) {
        Some(record) => respond(StatusCode::OK, JSON, &record),
        None => no_record(manual, id).into_response(),
    }
}

fn look_up(context: &Context, manual: &Manual, id: &str) -> Option<serde_json::Value> {
    context.handle.read(|engine| domain::show(engine.state(), engine.settings(), manual.name, id))
}

fn no_record(manual: &Manual, id: &str) -> Problem {
    Problem::new(Kind::NotFound, format!("there is no {} `{}`", manual.name, echo(id)))
}

async fn not_found(uri: Uri) -> Problem {
    let rest = uri.path().split_once(BASE).map_or("", |(_, rest)| rest);
    let word = echo(rest.trim_start_matches('/').split('/').next().unwrap_or(""));
    let known = MANUALS.iter().map(|manual| manual.plural).chain([
        "config",
        "openapi.json",
        "receivers",
        "routes",
        "sources",
        "status",
    ]);
    let hint = hint(&word, known);
    Problem::new(Kind::NotFound, format!("there is nothing at {BASE}/{word}{hint}"))
}
