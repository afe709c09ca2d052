//! JSON out.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub(super) const JSON: &str = "application/json";

/// Answers with a value as JSON, ended by a newline for people with a terminal.
pub(super) fn respond(
    status: StatusCode,
    media_type: &'static str,
    value: &impl Serialize,
) -> Response {
    let mut body = serde_json::to_vec(value).expect("answers are plain JSON");
    body.push(b'\n');
    (status, [(CONTENT_TYPE, media_type)], body).into_response()
}

/// Tells whether a request says that its body is JSON.
pub(super) fn is_announced(headers: &HeaderMap) -> bool {
    let media_type = media_type(headers).split(';').next().unwrap_or("").trim();
    media_type.eq_ignore_ascii_case(JSON)
}

/// What a request says that its body is; empty if it says nothing.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("")
}
