//! What happens around every request: counting, its span, room for GETs, a time limit.

use std::sync::Arc;

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;

use super::context::Context;
use super::traced;
use crate::shell::clock::Stopwatch;
use crate::shell::metrics::Metrics;

/// A GET's place among those being answered. A handler that streams its answer keeps it until the
/// last byte has gone.
#[derive(Debug, Clone)]
pub(super) struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Counts a request in and, however it ends, out.
struct InFlight<'a>(&'a Metrics, &'static str);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.http_ended(self.1);
    }
}

/// Goes around every handler.
pub(super) async fn around(
    State(context): State<Arc<Context>>,
    mut request: Request,
    next: Next,
) -> Response {
    let clock = Stopwatch::start();
    let method = method_name(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let path = matched.as_ref().map_or("/*", MatchedPath::as_str);
    let handler = path.strip_prefix(context.route_prefix.as_str()).unwrap_or(path);
    let handler = match handler.trim_end_matches('/') {
        "" => "/",
        "/api/v2/silence/{id}" => "/api/v2/silence/{silenceID}",
        handler => handler,
    };

    let mut span = traced::begin(&context.tracer, &request, matched.as_ref());
    if let Some(span) = &span {
        request.extensions_mut().insert(span.context());
    }
    let limited = matches!(*request.method(), Method::GET | Method::HEAD) && !is_vital(handler);
    context.metrics.http_began(method);
    let in_flight = InFlight(&context.metrics, method);
    let mut response = if limited {
        match Arc::clone(&context.gets).try_acquire_owned() {
            Ok(permit) => {
                request.extensions_mut().insert(Place { _permit: Arc::new(permit) });
                within(&context, next.run(request)).await
            }
            Err(_) => turn_away(&context),
        }
    } else {
        within(&context, next.run(request)).await
    };
    drop(in_flight);
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    // What is still being written has no size yet.
    if let Some(bytes) = response.body().size_hint().exact() {
        context.metrics.http_sent(handler, method, bytes);
    }
    context.metrics.http_answered(handler, method, response.status().as_str(), clock.seconds());
    if let Some(span) = &mut span {
        traced::answered(span, response.status());
    }
    response
}

/// Whoever asks whether the daemon lives, or says something in the query of a GET, must not be
/// turned away because others ask for lists.
fn is_vital(handler: &str) -> bool {
    handler.starts_with("/-/") || handler.starts_with("/hooks/") || handler == "/metrics"
}

async fn within(context: &Context, answer: impl Future<Output = Response>) -> Response {
    let limit = context.timeout.duration();
    match tokio::time::timeout(limit, answer).await {
        Ok(response) => response,
        Err(_) => unavailable(format!(
            "The request was not answered within {}; ask for less, or raise --web.timeout.\n",
            context.timeout
        )),
    }
}

fn turn_away(context: &Context) -> Response {
    context.metrics.http_limited();
    unavailable(format!(
        "Limit of concurrent GET requests reached ({}), try again later.\n",
        context.gets_max
    ))
}

fn unavailable(text: String) -> Response {
    let text_plain = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
    let retry = (header::RETRY_AFTER, "1");
    (StatusCode::SERVICE_UNAVAILABLE, [text_plain, retry], text).into_response()
}

/// The label of metrics; whatever somebody makes up is one label.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::HEAD => "head",
        Method::POST => "post",
        Method::PUT => "put",
        Method::DELETE => "delete",
        Method::OPTIONS => "options",
        _ => "other",
    }
}
