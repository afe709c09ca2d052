//! `POST /v1/logs`: OTLP over HTTP, answered in the encoding of the request.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prost::Message;
use serde_json::json;

use super::context::{Context, Setup};
use super::{hooks, json};
use crate::domain::event::adapter::kind::otlp;
use crate::shell::api::caller::Caller;
use crate::shell::intake::http::{Intake, Sender, Taken, Turned};

const PROTOBUF: &str = "application/x-protobuf";

/// `ExportLogsServiceResponse`.
#[derive(Clone, PartialEq, Message)]
struct Export {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_log_records: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// `google.rpc.Status`, of which clients show the message.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// For the source of type `otlp`, the first by its name if there are several.
pub(super) async fn post(
    State(context): State<Arc<Context>>,
    caller: Caller,
    body: Body,
) -> Response {
    let setup = context.setup();
    let mut names = setup.sources.names();
    let found = names.find_map(|name| setup.sources.get(name).filter(|intake| is_otlp(intake)));
    let Some(intake) = found else {
        let why = "no source of type `otlp` is configured: write one below `sources`";
        return status(&caller, StatusCode::NOT_FOUND, why);
    };
    let sender = setup.sources.sender(&caller, caller.remote());
    receive(&context, &setup, intake, sender, body).await
}

/// For a source of any type that is named: exporters add `/v1/logs` to the address they are given.
pub(super) async fn post_to(
    State(context): State<Arc<Context>>,
    Path(source): Path<String>,
    RawQuery(query): RawQuery,
    caller: Caller,
    body: Body,
) -> Response {
    let setup = context.setup();
    let Some(intake) = setup.sources.get(&source) else {
        return hooks::unknown(&context, &setup, &source).into_response();
    };
    let query = query.unwrap_or_default();
    let sender = setup.sources.sender(&caller, caller.remote());
    receive(&context, &setup, intake, Sender { query: &query, ..sender }, body).await
}

pub(super) fn is_otlp(intake: &Intake) -> bool {
    intake.kind.name() == otlp::ADAPTER.name
}

pub(super) async fn receive(
    context: &Context,
    setup: &Setup,
    intake: &Intake,
    sender: Sender<'_>,
    body: Body,
) -> Response {
    let headers = sender.headers;
    match intake.take(context.terms(setup), sender, body).await {
        Ok(taken) => answer(headers, &taken),
        Err(turned) => turn_away(headers, &turned),
    }
}

fn answer(headers: &HeaderMap, taken: &Taken) -> Response {
    let partial_success = taken.rejected.first().map(|first| PartialSuccess {
        rejected_log_records: i64::try_from(taken.rejected.len()).unwrap_or(i64::MAX),
        error_message: format!("record {}: {}", first.at, first.why),
    });
    if is_protobuf(headers) {
        return protobuf(StatusCode::OK, &Export { partial_success });
    }
    let body = partial_success.map_or_else(
        || json!({}),
        |partial| {
            json!({ "partialSuccess": {
                "rejectedLogRecords": partial.rejected_log_records.to_string(),
                "errorMessage": partial.error_message,
            }})
        },
    );
    json::respond(StatusCode::OK, json::JSON, &body)
}

fn turn_away(headers: &HeaderMap, turned: &Turned) -> Response {
    let code = StatusCode::from_u16(turned.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = status(headers, code, &turned.to_string());
    if let Some(seconds) = turned.retry_after_s() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Turned::Stranger { challenge, .. } = turned
        && let Ok(challenge) = HeaderValue::from_str(challenge)
    {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn status(headers: &HeaderMap, code: StatusCode, why: &str) -> Response {
    // 3 is INVALID_ARGUMENT, 14 UNAVAILABLE; exporters decide by the HTTP status.
    let number = if code.is_server_error() { 14 } else { 3 };
    if is_protobuf(headers) {
        return protobuf(code, &Status { code: number, message: why.to_owned() });
    }
    json::respond(code, json::JSON, &json!({ "code": number, "message": why }))
}

fn is_protobuf(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with(PROTOBUF))
}

fn protobuf(code: StatusCode, message: &impl Message) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(PROTOBUF))];
    (code, kind, message.encode_to_vec()).into_response()
}
