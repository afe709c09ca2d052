//! Alertmanager's API v2, as its clients know it.

mod alerts;
mod feed;
mod groups;
mod ingest;
mod lens;
mod query;
mod record;
pub(super) mod reply;
mod sieve;
mod silences;
mod status;
mod text;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get};

use super::context::Context;
use super::layer;
use super::problem::echo;

pub(super) use ingest::receive;

/// Everything under `/api/v2`, and what is left of `/api/v1`.
pub(super) fn routes() -> Router<Arc<Context>> {
    Router::new()
        .route("/api/v2/alerts", get(alerts::list).post(ingest::post))
        .route("/api/v2/alerts/groups", get(groups::list))
        .route("/api/v2/receivers", get(status::receivers))
        .route("/api/v2/status", get(status::status))
        .route("/api/v2/silences", get(silences::list).post(silences::create))
        .route("/api/v2/silence/{id}", get(silences::show).delete(silences::expire))
        .route("/api/v2/{*rest}", any(not_found))
        .method_not_allowed_fallback(not_allowed)
        .layer(middleware::from_fn(layer::around_v2))
        .route("/api/v1/{*rest}", any(gone))
}

async fn not_found(uri: Uri) -> Response {
    let text = format!("path {} was not found", echo(uri.path()));
    reply::object(StatusCode::NOT_FOUND, 404, &text)
}

async fn not_allowed(method: Method, uri: Uri) -> Response {
    let text = format!("method {method} is not allowed on {}", echo(uri.path()));
    reply::object(StatusCode::METHOD_NOT_ALLOWED, 405, &text)
}

async fn gone() -> Response {
    reply::gone()
}
