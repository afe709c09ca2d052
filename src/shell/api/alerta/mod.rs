//! Alerta's API, as far as senders and its command line need it: send, heartbeat, query, and what
//! people do to an alert.
//!
//! The key in `Authorization: Key …` is a bearer secret of a source of `type: alerta`, which sees its
//! own alerts and no others; such a source without `auth` takes every key that is no other's.

mod alert;
mod heartbeat;
mod query;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post, put};
use serde_json::{Map, Value, json};

use super::context::Context;
use super::hooks::UNKNOWN;
use super::json::{JSON, respond};
use super::own::Opened;
use crate::domain::event::adapter::kind::alerta::{ADAPTER, OVER, SEVERITIES};
use crate::domain::event::adapter::{Head, Read, form};
use crate::shell::api::caller::Caller;
use crate::shell::clock;
use crate::shell::intake::http::auth::credentials;
use crate::shell::intake::http::{Intake, Locked, Taken, Turned, collect};

pub(super) fn routes() -> Router<Arc<Context>> {
    Router::new()
        .route("/alert", post(alert::post))
        .route("/heartbeat", post(heartbeat::post))
        .route("/api/alert", post(alert::post))
        .route("/api/alert/{id}", get(alert::show).delete(alert::delete))
        .route("/api/alert/{id}/status", put(alert::status))
        .route("/api/alert/{id}/action", put(alert::action))
        .route("/api/alert/{id}/note", put(alert::note))
        .route("/api/alerts", get(query::list))
        .route("/api/alerts/count", get(query::count))
        .route("/api/heartbeat", post(heartbeat::post))
        .route("/api/heartbeat/{id}", get(heartbeat::show).delete(heartbeat::delete))
        .route("/api/heartbeats", get(heartbeat::list))
        .route("/api/config", get(config))
}

/// What Alerta's command line asks before anything else, without a key: which severities there are.
async fn config(State(context): State<Arc<Context>>, caller: Caller) -> Response {
    let setup = context.setup();
    let address = setup.sources.sender(&caller, caller.remote()).address;
    let open = setup.sources.opened_from(ADAPTER.name, "", address).is_ok();
    let rank = |(place, (word, _)): (usize, &(&str, _))| ((*word).to_owned(), Value::from(place));
    let mut severities: Map<String, Value> = SEVERITIES.iter().enumerate().map(rank).collect();
    severities.extend(OVER.map(|word| (word.to_owned(), SEVERITIES.len().into())));
    let answer = json!({
        "alarm_model": {
            "name": "incidentd",
            "severity": severities,
            "defaults": { "normal_severity": OVER[0], "previous_severity": "indeterminate" },
        },
        "severity": severities,
        "auth_required": !open,
        "provider": "basic",
        "customer_views": false,
        "signup_enabled": false,
        "timeouts": { "alert": 0, "heartbeat": 86_400 },
    });
    respond(StatusCode::OK, JSON, &answer)
}

/// A request that was let in.
struct Request<'a> {
    context: &'a Context,
    opened: Opened,
    query: Vec<(String, String)>,
}

impl<'a> Request<'a> {
    /// Lets a request in whose key opens a source.
    #[expect(clippy::result_large_err, reason = "the error is the answer, made once a request")]
    fn open(context: &'a Context, headers: &Caller, query: Option<&str>) -> Result<Self, Response> {
        let query = form(query.unwrap_or_default().as_bytes());
        let named = || query.iter().find(|(name, _)| name == "api-key");
        let key = credentials(headers, "key")
            .or_else(|| credentials(headers, "bearer"))
            .or_else(|| headers.get("x-api-key")?.to_str().ok())
            .or_else(|| named().map(|(_, key)| key.as_str()))
            .unwrap_or_default();
        let setup = context.setup();
        let address = setup.sources.sender(headers, headers.remote()).address;
        match setup.sources.opened_from(ADAPTER.name, key, address).map(Arc::clone) {
            Ok(intake) => Ok(Self { context, opened: (setup, intake), query }),
            Err(why) => {
                context.metrics.source_turned(UNKNOWN, "unauthorized");
                Err(match why {
                    Locked::NoSource => {
                        fail(StatusCode::NOT_FOUND, "no source of `type: alerta` is configured")
                    }
                    Locked::WrongKey => fail(StatusCode::UNAUTHORIZED, "the API key is not known"),
                })
            }
        }
    }

    fn intake(&self) -> &Intake {
        &self.opened.1
    }

    /// Reads a body that is a JSON object.
    async fn body(&self, headers: &Caller, body: Body) -> Result<Value, Response> {
        let bytes_max = self.intake().limits.body_bytes_max;
        let body = collect(body, headers, bytes_max)
            .await
            .map_err(|unread| turn_away(&Turned::Unread(unread)))?;
        match serde_json::from_slice::<Value>(&body) {
            Ok(object @ Value::Object(_)) => Ok(object),
            Ok(_) => Err(fail(StatusCode::BAD_REQUEST, "the body is no JSON object")),
            Err(error) => Err(fail(StatusCode::BAD_REQUEST, &format!("no JSON: {error}"))),
        }
    }

    #[expect(clippy::result_large_err, reason = "the error is the answer, made once a request")]
    fn read(&self, said: &Value) -> Result<Read, Response> {
        let terms = self.context.terms(&self.opened.0);
        let read = self.intake().read(terms, Head::NONE, said.to_string().as_bytes(), clock::now());
        let read = read.map_err(|unreadable| turn_away(&unreadable.into()))?;
        match read.rejected.first() {
            None => Ok(read),
            Some(rejection) => {
                self.context.metrics.source_turned(&self.intake().name, "unreadable");
                Err(fail(StatusCode::BAD_REQUEST, &rejection.why))
            }
        }
    }

    async fn admit(&self, read: Read) -> Result<Taken, Response> {
        let terms = self.context.terms(&self.opened.0);
        self.intake().admit(terms, read).await.map_err(|turned| turn_away(&turned))
    }
}

fn answer(status: StatusCode, mut answer: Value) -> Response {
    answer["status"] = "ok".into();
    respond(status, JSON, &answer)
}

fn fail(status: StatusCode, why: &str) -> Response {
    let answer =
        json!({ "status": "error", "code": status.as_u16(), "message": why, "errors": [why] });
    respond(status, JSON, &answer)
}

fn missing() -> Response {
    fail(StatusCode::NOT_FOUND, "not found")
}

fn turn_away(turned: &Turned) -> Response {
    let status = StatusCode::from_u16(turned.status()).unwrap_or_default();
    let mut response = fail(status, &turned.to_string());
    if let Some(seconds) = turned.retry_after_s() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
