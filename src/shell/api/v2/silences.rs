//! Silences, which this daemon does not know: readers find none, and writers are told why.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::reply;
use crate::shell::api::gate::{Operator, Reader};
use crate::shell::api::json::{JSON, respond};

const REASON: &str = "this daemon keeps no silences: acknowledge or hold the incident with \
                      `incidentctl`, or give the route mute_time_intervals";

pub(super) async fn list(_: Reader) -> Response {
    respond(StatusCode::OK, JSON, &json!([]))
}

pub(super) async fn create(_: Operator) -> Response {
    reply::text(StatusCode::NOT_IMPLEMENTED, REASON)
}

pub(super) async fn show(_: Reader, Path(id): Path<String>) -> Response {
    reply::text(StatusCode::NOT_FOUND, &format!("there is no silence {id}"))
}

pub(super) async fn expire(_: Operator, Path(id): Path<String>) -> Response {
    reply::text(StatusCode::NOT_FOUND, &format!("there is no silence {id}"))
}
