//! `GET /api/v2/status` and `/receivers`.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::query::Wanted;
use crate::shell::api::context::Context;
use crate::shell::api::gate::Reader;
use crate::shell::api::json::{JSON, respond};
use crate::shell::metrics::{ALERTMANAGER_VERSION, VERSION};

/// Clients choose by `version` how to speak to the server, so it names the release of Alertmanager
/// whose API this is; `revision` and `branch` name what it really is.
pub(super) async fn status(_: Reader, State(context): State<Arc<Context>>) -> Response {
    let status = json!({
        "cluster": { "peers": [], "status": "disabled" },
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
    let names = setup.settings.receivers.keys().filter(|name| wanted.wants_receiver(name));
    let receivers: Vec<Value> =
        names.map(|name| json!({ "name": name, "labels": { "name": name } })).collect();
    respond(StatusCode::OK, JSON, &receivers)
}
