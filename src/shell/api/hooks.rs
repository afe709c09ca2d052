//! `POST /hooks/{source}`: events of any configured source.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::context::{Context, Setup};
use super::json::{JSON, respond};
use super::nearest::nearest;
use super::problem::{Kind, Problem, echo};
use super::{otlp, v2};
use crate::shell::intake::http::{Taken, Turned};

/// Elements of a body that an answer names one by one.
const NAMED_MAX: usize = 100;

/// The label of metrics for requests to sources that do not exist: what strangers make up must not
/// make series.
const UNKNOWN: &str = "(unknown)";

pub(super) async fn post(
    State(context): State<Arc<Context>>,
    Path(source): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let setup = context.setup();
    let Some(intake) = setup.sources.get(&source) else {
        return unknown(&context, &setup, &source).into_response();
    };
    let query = query.unwrap_or_default();
    if otlp::is_otlp(intake) {
        return otlp::receive(&context, &setup, intake, &headers, &query, body).await;
    }
    match intake.take(context.terms(&setup), &headers, &query, body).await {
        Ok(taken) => answer(&taken),
        Err(turned) => turn_away(&turned),
    }
}

/// As `/api/v2/alerts`, for another source: a Prometheus is pointed here with `path_prefix`.
pub(super) async fn post_v2(
    State(context): State<Arc<Context>>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let setup = context.setup();
    let Some(intake) = setup.sources.get(&source) else {
        return unknown(&context, &setup, &source).into_response();
    };
    v2::receive(&context, &setup, intake, &headers, body).await
}

pub(super) fn unknown(context: &Context, setup: &Setup, source: &str) -> Problem {
    context.metrics.source_turned(UNKNOWN, "unknown_source");
    let source = echo(source);
    // Every name would tell a stranger too much; the nearest is what a slip of the pen needs.
    let near = nearest(&source, setup.sources.names());
    let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    Problem::new(Kind::NotFound, format!("there is no source `{source}`{hint}"))
}

fn answer(taken: &Taken) -> Response {
    let notes: Vec<Value> = taken
        .notes
        .iter()
        .take(NAMED_MAX)
        .map(|note| json!({ "at": note.at, "what": note.what }))
        .collect();
    let accepted = taken.firing + taken.resolved + taken.said;
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
        .with("rejected", rejected)
        .with("notes", notes)
        .into_response()
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
    response
}
