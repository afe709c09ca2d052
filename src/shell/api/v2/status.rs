//! `GET /api/v2/status` and `/receivers`.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::query::Wanted;
use crate::shell::api::context::{Context, Peer};
use crate::shell::api::gate::Reader;
use crate::shell::api::json::{JSON, respond};
use crate::shell::metrics::{ALERTMANAGER_VERSION, VERSION};

const SWAGGER: &str = include_str!("swagger.json");

/// Clients choose by `version` how to speak to the server, so it names the release of Alertmanager
/// whose API this is; `revision` and `branch` name what it really is.
pub(super) async fn status(_: Reader, State(context): State<Arc<Context>>) -> Response {
    let status = json!({
        "cluster": cluster(context.peer.as_ref()),
        "config": { "original": context.setup().original },
        "uptime": context.started.rfc3339(),
        "versionInfo": {
            "branch": "incidentd",
            "buildDate": "",
            "buildUser": "",
            "goVersion": "",
            "revision": VERSION,
            "version": ALERTMANAGER_VERSION,
        },
    });
    respond(StatusCode::OK, JSON, &status)
}

/// Alertmanager's view of its cluster. With clustering on there is one peer: this daemon.
fn cluster(peer: Option<&Peer>) -> Value {
    match peer {
        None => json!({ "peers": [], "status": "disabled" }),
        Some(Peer { name, address }) => json!({
            "name": name,
            "peers": [{ "address": address, "name": name }],
            "status": "ready",
        }),
    }
}

/// What can be asked here, for programs that make clients.
pub(super) async fn swagger() -> Response {
    ([(CONTENT_TYPE, JSON)], SWAGGER).into_response()
}

pub(super) async fn receivers(
    _: Reader,
    State(context): State<Arc<Context>>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    let setup = context.setup();
    let wanted = match Wanted::read(&pairs, setup.matchers) {
        Ok(wanted) => wanted,
        Err(response) => return response,
    };
    let chosen = wanted.receivers(&setup.settings).labels;
    let receivers: Vec<Value> = chosen
        .into_iter()
        .map(|labels| json!({ "name": labels.get("name"), "labels": labels }))
        .collect();
    respond(StatusCode::OK, JSON, &receivers)
}
