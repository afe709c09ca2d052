//! Alertmanager's two kinds of errors: a bare JSON string where a handler complains, an object
//! where the framework before it does.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::shell::api::json::{JSON, respond};

/// What a handler complains about.
pub(in crate::shell::api) fn text(status: StatusCode, text: &str) -> Response {
    respond(status, JSON, &text)
}

/// What the framework complains about. The code is the status, or 600 and more for validation.
pub(in crate::shell::api) fn object(status: StatusCode, code: u16, message: &str) -> Response {
    respond(status, JSON, &json!({ "code": code, "message": message }))
}

/// What is left of version 1.
pub(super) fn gone() -> Response {
    let error = "The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of \
                 version 0.27.0 - please use the equivalent route in the v2 API";
    respond(StatusCode::GONE, JSON, &json!({ "status": "deprecated", "error": error }))
}
