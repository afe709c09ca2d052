//! `GET /config`, `GET /routes` and `GET /routes/explain`: what is in force, and where an alert
//! would go.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::domain::explain::routes;
use crate::domain::value::Labels;
use crate::shell::api::context::Context;
use crate::shell::api::gate::Reader;
use crate::shell::api::json::{JSON, respond};
use crate::shell::api::problem::{Kind, Problem, echo};
use crate::shell::clock;

/// The configuration, without its secrets.
pub(super) async fn config(_: Reader, State(context): State<Arc<Context>>) -> Response {
    let setup = context.setup();
    let config = json!({
        "hash": setup.settings.hash,
        "warnings": setup.warnings,
        "original": setup.original,
    });
    respond(StatusCode::OK, JSON, &config)
}

/// The routing tree.
pub(super) async fn tree(_: Reader, State(context): State<Arc<Context>>) -> Response {
    respond(StatusCode::OK, JSON, &routes::tree(&context.setup().settings))
}

/// Where an alert with the labels of the query would go: `?label=team=db&label=severity=page`.
pub(super) async fn explain(
    _: Reader,
    State(context): State<Arc<Context>>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    let mut labels = Vec::new();
    for (name, value) in &pairs {
        let pair = value.split_once('=').filter(|(label, _)| !label.is_empty());
        let (true, Some(pair)) = (name == "label", pair) else {
            let text = format!("`{}={}` is not like `label=team=db`", echo(name), echo(value));
            return Problem::new(Kind::Malformed, text).into_response();
        };
        labels.push(pair);
    }
    let labels = Labels::new(labels);
    let settings = Arc::clone(&context.setup().settings);
    let explained = context
        .handle
        .read(|engine| routes::labels(engine.state(), &settings, &labels, clock::now()));
    respond(StatusCode::OK, JSON, &explained)
}
