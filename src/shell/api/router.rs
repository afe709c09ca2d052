//! Which path goes where.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::context::Context;
use super::problem::{Kind, Problem, echo};
use super::{alerta, home, hooks, layer, operations, opsgenie, otlp, pagerduty, rest, v2};

/// The whole surface, under the context's route prefix. The prefix itself, and the root above it,
/// lead to the page below the prefix.
pub fn router(context: Arc<Context>) -> Router {
    // Who changes a record at the other side sends a PUT or a PATCH.
    let hook = post(hooks::take).put(hooks::take).patch(hooks::take);
    let hook = hook.get(hooks::take).head(hooks::head);
    let signed_hook = post(hooks::take_signed).put(hooks::take_signed).patch(hooks::take_signed);
    let signed_hook = signed_hook.get(hooks::take_signed).head(hooks::head);
    let surface = Router::new()
        .route("/metrics", get(operations::metrics))
        .route("/-/healthy", get(operations::healthy))
        .route("/-/ready", get(operations::ready))
        .route("/-/reload", post(operations::reload))
        .route("/hooks/{source}", hook)
        .route("/hooks/{source}/{token}", signed_hook)
        .route("/hooks/{source}/api/v2/alerts", post(hooks::post_v2))
        .route("/hooks/{source}/process-event", post(hooks::take))
        .route("/hooks/{source}/v1/logs", post(otlp::post_to))
        .route("/v1/logs", post(otlp::post))
        .merge(rest::routes())
        .merge(pagerduty::routes())
        .merge(opsgenie::routes())
        .merge(alerta::routes())
        .method_not_allowed_fallback(not_allowed)
        .merge(v2::routes());
    let prefix = context.route_prefix.clone();
    let router = if prefix.is_empty() {
        surface.route("/", get(home::home))
    } else {
        let page = format!("{prefix}/");
        let to = page.clone();
        let found = get(move || async move { (StatusCode::FOUND, [(header::LOCATION, to)]) });
        Router::new()
            .nest(&prefix, surface.route("/", found.clone()))
            .route(&page, get(home::home))
            .route("/", found)
    };
    router
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(Arc::clone(&context), layer::around))
        .with_state(context)
}

async fn not_found(uri: Uri) -> Response {
    let text = format!("there is nothing at {}", echo(uri.path()));
    Problem::new(Kind::NotFound, text).into_response()
}

async fn not_allowed(method: Method, uri: Uri) -> Response {
    let text = format!("{method} is not possible at {}", echo(uri.path()));
    Problem::new(Kind::MethodNotAllowed, text).into_response()
}
