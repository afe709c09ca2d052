//! `POST /hooks/{source}`: events of any configured source, and `/hooks/{source}/{token}` for those
//! whose senders can only be given a URL. Senders who put a path of their own behind it find it
//! here: `/api/v2/alerts`, `/process-event`. Simple senders say everything in the query of a GET;
//! a HEAD says nothing, whatever its query.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::context::{Context, Setup};
use super::json::{JSON, respond};
use super::nearest::nearest;
use super::problem::{Kind, Problem, echo};
use super::{otlp, v2};
use crate::shell::intake::http::{Auth, Remote, Sender, Taken, Turned};

/// Elements of a body that an answer names one by one.
const NAMED_MAX: usize = 100;

/// The label of metrics for requests to sources that do not exist: what strangers make up must not
/// make series.
pub(super) const UNKNOWN: &str = "(unknown)";

/// The other end of the connection, where somebody has looked.
pub(super) type From = Option<Extension<Arc<Remote>>>;

/// What comes to the URL of a source, but its body.
type Way = (State<Arc<Context>>, Method, From, RawQuery, HeaderMap);

pub(super) async fn take(Path(source): Path<String>, way: Way, body: Body) -> Response {
    receive((&source, ""), way, body).await
}

/// For senders that can be given nothing but a URL: its last part is signed.
pub(super) async fn take_signed(
    Path((source, token)): Path<(String, String)>,
    way: Way,
    body: Body,
) -> Response {
    receive((&source, &token), way, body).await
}

/// A HEAD only looks whether there is anything: it must not raise what a GET would.
pub(super) async fn head() -> Response {
    method_not_allowed("a HEAD says nothing here; send a POST, or a GET with a query")
}

async fn receive((source, token): (&str, &str), way: Way, body: Body) -> Response {
    let (State(context), method, from, RawQuery(query), headers) = way;
    let context = &*context;
    let query = &*query.unwrap_or_default();
    // Who can do no more than ask for a URL says everything in its query.
    let by_query = method == Method::GET;
    let body = if by_query { Body::empty() } else { body };
    let setup = context.setup();
    let Some(intake) = setup.sources.get(source) else {
        return unknown(context, &setup, source).into_response();
    };
    let signed = |auth: &Auth| matches!(auth, Auth::PathToken(_));
    if !token.is_empty() && !intake.auth.iter().any(signed) {
        context.metrics.source_turned(source, "unknown_path");
        let text = format!("the source `{source}` has nothing below it; it has no `path_token`");
        return Problem::new(Kind::NotFound, text).into_response();
    }
    let sender = setup.sources.sender(&headers, from.as_ref().map(|remote| &***remote));
    let sender = Sender { query, token, by_query, ..sender };
    if otlp::is_otlp(intake) {
        return otlp::receive(context, &setup, intake, sender, body).await;
    }
    let mut response = match intake.take(context.terms(&setup), sender, body).await {
        Ok(taken) => answer(&taken, intake.limits.new_alerts_max_per_hour),
        Err(turned) => turn_away(&turned),
    };
    if by_query {
        // Else a proxy on the way might answer the next one of the same words by itself.
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    }
    response
}

/// As `/api/v2/alerts`, for another source: a Prometheus is pointed here with `path_prefix`.
pub(super) async fn post_v2(
    State(context): State<Arc<Context>>,
    Path(source): Path<String>,
    from: From,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let setup = context.setup();
    let Some(intake) = setup.sources.get(&source) else {
        return unknown(&context, &setup, &source).into_response();
    };
    let sender = setup.sources.sender(&headers, from.as_ref().map(|remote| &***remote));
    v2::receive(&context, &setup, intake, sender, body).await
}

pub(super) fn unknown(context: &Context, setup: &Setup, source: &str) -> Problem {
    context.metrics.source_turned(UNKNOWN, "unknown_source");
    let source = echo(source);
    // Every name would tell a stranger too much; the nearest is what a slip of the pen needs.
    let near = nearest(&source, setup.sources.names());
    let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    Problem::new(Kind::NotFound, format!("there is no source `{source}`{hint}"))
}

fn answer(taken: &Taken, new_max: Option<u64>) -> Response {
    let notes: Vec<Value> = taken
        .notes
        .iter()
        .take(NAMED_MAX)
        .map(|note| json!({ "at": note.at, "what": note.what }))
        .collect();
    let accepted = taken.firing + taken.resolved + taken.said;
    if taken.limited > 0 && taken.rejected.is_empty() {
        return Problem::new(Kind::TooFast, taken.limit_words(new_max))
            .retry_after(Some(taken.wait.0.div_ceil(1_000).max(1)))
            .with("accepted", accepted)
            .with("limited", taken.limited)
            .with("notes", notes)
            .into_response();
    }
    if taken.rejected.is_empty() {
        let tally = taken.tally;
        let body = json!({
            "accepted": accepted,
            "new": tally.new,
            "changed": tally.changed,
            "duplicate": tally.duplicate,
            "resolved": tally.resolved,
            "resolved_unknown": tally.resolved_unknown,
            "stale": tally.stale,
            "redelivered": taken.redelivered,
            "notes": notes,
        });
        return respond(StatusCode::OK, JSON, &body);
    }
    let count = taken.rejected.len();
    let named = taken.rejected.iter().take(NAMED_MAX);
    let rejected: Vec<Value> =
        named.map(|rejection| json!({ "at": rejection.at, "why": rejection.why })).collect();
    let first = &taken.rejected[0];
    let detail = format!(
        "{count} of {} events were not taken, the others were; event {}: {}",
        count as u64 + accepted,
        first.at,
        first.why
    );
    Problem::new(Kind::Malformed, detail)
        .with("accepted", accepted)
        .with("limited", taken.limited)
        .with("rejected", rejected)
        .with("notes", notes)
        .into_response()
}

fn method_not_allowed(text: &str) -> Response {
    let mut response = Problem::new(Kind::MethodNotAllowed, text).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
    response
}

fn turn_away(turned: &Turned) -> Response {
    let kind = Kind::of_status(turned.status());
    let problem = Problem::new(kind, turned.to_string()).retry_after(turned.retry_after_s());
    let mut response = problem.into_response();
    if let Turned::Stranger { challenge, .. } = turned
        && let Ok(challenge) = HeaderValue::from_str(challenge)
    {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Turned::OnlyPost { .. } = turned {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}
