//! `POST /api/v2/alerts`: 200 with nothing in it once every alert is on disk.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::reply;
use crate::domain::event::adapter::Unreadable;
use crate::shell::api::context::{Context, Setup};
use crate::shell::api::json;
use crate::shell::intake::http::{Intake, Remote, Sender, Turned};

/// Alertmanager's code for a field that must be there and is not.
const CODE_REQUIRED: u16 = 602;

/// Lines of one answer; a body with more mistakes than these has one mistake.
const REASONS_MAX: usize = 1_000;

pub(super) async fn post(
    State(context): State<Arc<Context>>,
    remote: Option<Extension<Arc<Remote>>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let setup = context.setup();
    let sender = setup.sources.sender(&headers, remote.as_ref().map(|remote| &***remote));
    receive(&context, &setup, setup.sources.plain(), sender, body).await
}

/// Takes alerts in for a source that speaks API v2. Alerts that make no sense do not keep the
/// others out.
pub(in crate::shell::api) async fn receive(
    context: &Context,
    setup: &Setup,
    intake: &Intake,
    sender: Sender<'_>,
    body: Body,
) -> Response {
    if !json::is_announced(sender.headers) {
        let have = json::media_type(sender.headers);
        let text = format!("unsupported media type {have:?}, only [application/json] are allowed");
        return reply::object(StatusCode::UNSUPPORTED_MEDIA_TYPE, 415, &text);
    }
    let taken = match intake.take(context.terms(setup), sender, body).await {
        Ok(taken) => taken,
        Err(turned) => return turn_away(&turned),
    };
    context.metrics.received(taken.firing, taken.resolved, taken.rejected.len() as u64);
    if taken.limited > 0 && taken.rejected.is_empty() {
        let text = taken.limit_words(intake.limits.new_alerts_max_per_hour);
        let mut response = reply::object(StatusCode::TOO_MANY_REQUESTS, 429, &text);
        let seconds = HeaderValue::from(taken.wait.0.div_ceil(1_000).max(1));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
        return response;
    }
    if taken.rejected.is_empty() {
        return StatusCode::OK.into_response();
    }
    let reasons: Vec<_> =
        taken.rejected.iter().take(REASONS_MAX).map(|rejection| rejection.why.as_str()).collect();
    reply::text(StatusCode::BAD_REQUEST, &reasons.join("\n"))
}

fn turn_away(turned: &Turned) -> Response {
    let status = StatusCode::from_u16(turned.status()).expect("statuses are well-formed");
    let code = match turned {
        Turned::Unreadable(Unreadable::Required(_)) => CODE_REQUIRED,
        Turned::Unreadable(_)
        | Turned::Stranger { .. }
        | Turned::Elsewhere { .. }
        | Turned::OnlyPost { .. }
        | Turned::NoQuery
        | Turned::Unread(_)
        | Turned::Sns(_)
        | Turned::TooFast { .. }
        | Turned::NotTaken(_) => status.as_u16(),
    };
    let mut response = reply::object(status, code, &turned.to_string());
    let headers = response.headers_mut();
    if let Some(seconds) = turned.retry_after_s() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Turned::Stranger { challenge, .. } = turned
        && let Ok(challenge) = HeaderValue::from_str(challenge)
    {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
