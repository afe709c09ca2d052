//! `GET /alerts/{id}/explain`: why an alert went where it went.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::shell::api::context::Context;
use crate::shell::api::gate::Reader;
use crate::shell::api::json::{JSON, respond};
use crate::shell::api::problem::{Kind, Problem, echo};

pub(super) async fn explain(
    _: Reader,
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
) -> Response {
    let explained = context.handle.read(|engine| (context.explain)(engine, &id));
    if let Some(explanation) = explained {
        return respond(StatusCode::OK, JSON, &explanation);
    }
    let text = format!("there is no alert `{}`", echo(&id));
    Problem::new(Kind::NotFound, text).into_response()
}
