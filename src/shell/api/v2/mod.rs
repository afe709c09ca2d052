//! Alertmanager's API v2, as its clients know it.

mod alerts;
mod cors;
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
use axum::extract::MatchedPath;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get};

use super::context::Context;
use super::problem::echo;

pub(super) use ingest::receive;

/// Everything under `/api/v2`, and what is left of `/api/v1`. As in Alertmanager, a slash at the
/// end makes no difference.
pub(super) fn routes() -> Router<Arc<Context>> {
    let silence = get(silences::show).delete(silences::expire);
    let routes = [
        ("/api/v2/alerts", get(alerts::list).post(ingest::post)),
        ("/api/v2/alerts/groups", get(groups::list)),
        ("/api/v2/receivers", get(status::receivers)),
        ("/api/v2/status", get(status::status)),
        ("/api/v2/silences", get(silences::list).post(silences::create)),
        ("/api/v2/silence/{id}", silence),
        ("/api/v2/swagger.json", get(status::swagger)),
    ];
    let router = routes.into_iter().fold(Router::new(), |router, (path, methods)| {
        router.route(path, methods.clone()).route(&format!("{path}/"), methods)
    });
    router
        .route("/api/v2", any(not_found))
        .route("/api/v2/", any(not_found))
        .route("/api/v2/{*rest}", any(not_found))
        .method_not_allowed_fallback(not_allowed)
        .layer(middleware::from_fn(cors::around))
        .route("/api/v1/{*rest}", any(gone))
}

async fn not_found(uri: Uri) -> Response {
    let text = format!("path {} was not found", echo(uri.path()));
    reply::object(StatusCode::NOT_FOUND, 404, &text)
}

async fn not_allowed(method: Method, path: MatchedPath) -> Response {
    let path = path.as_str().trim_end_matches('/');
    let allowed = if path.ends_with("/alerts") || path.ends_with("/silences") {
        "GET,POST"
    } else if path.ends_with("/silence/{id}") {
        "DELETE,GET"
    } else {
        "GET"
    };
    let text = format!("method {method} is not allowed, but [{allowed}] are");
    let mut response = reply::object(StatusCode::METHOD_NOT_ALLOWED, 405, &text);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

async fn gone() -> Response {
    reply::gone()
}
