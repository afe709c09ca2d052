//! Opsgenie's Alert and Heartbeat API: senders that speak to Opsgenie speak here when only their URL
//! is changed.
//!
//! The key in `Authorization: GenieKey …` is a bearer secret of a source of `type: opsgenie`, which
//! sees its own alerts and no others; such a source without `auth` takes every key that is no
//! other's. Opsgenie accepts first and works afterwards; here the work is done, and on disk, when
//! the answer is sent, and its receipt says how it went.

mod act;
mod create;
mod edit;
mod heartbeat;
mod list;
mod receipt;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{any, get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::hooks::UNKNOWN;
use super::json::{JSON, respond};
use super::own::{self, Opened, Seen};
use super::unique::unique;
use crate::domain::event::adapter::form;
use crate::domain::event::adapter::kind::opsgenie::ADAPTER;
use crate::domain::value::{AlertId, RecordId};
use crate::shell::api::caller::Caller;
use crate::shell::intake::http::auth::credentials;
use crate::shell::intake::http::{Intake, Locked, Turned, Unread, collect};
use receipt::{Action, Receipt};

pub(super) fn routes() -> Router<Arc<Context>> {
    Router::new()
        .route("/v2/alerts", post(create::post).get(list::list))
        .route("/v2/alerts/count", get(list::count))
        .route("/v2/alerts/requests/{request}", get(receipt::show))
        .route("/v2/alerts/{id}", get(show::show).delete(act::delete))
        .route(
            "/v2/alerts/{id}/{verb}",
            post(act::post).put(act::put).delete(act::remove).get(show::notes),
        )
        .route("/v2/alerts/{id}/actions/{action}", post(act::custom))
        .route("/v2/heartbeats", post(heartbeat::create).get(heartbeat::list))
        .route(
            "/v2/heartbeats/{name}",
            get(heartbeat::show).patch(heartbeat::change).delete(heartbeat::delete),
        )
        .route("/v2/heartbeats/{name}/ping", any(heartbeat::ping))
        .route("/v2/heartbeats/{name}/enable", post(heartbeat::enable))
        .route("/v2/heartbeats/{name}/disable", post(heartbeat::disable))
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
        let named = |name: &str| query.iter().find(|(have, _)| have == name);
        let key = credentials(headers, "geniekey")
            .map(str::to_owned)
            .or_else(|| basic(headers))
            .or_else(|| named("apiKey").map(|(_, key)| key.clone()))
            .unwrap_or_default();
        let setup = context.setup();
        let address = setup.sources.sender(headers, headers.remote()).address;
        let intake = setup.sources.opened_from(ADAPTER.name, &key, address).map(Arc::clone);
        match intake {
            Ok(intake) => Ok(Self { context, opened: (setup, intake), query }),
            Err(why) => {
                context.metrics.source_turned(UNKNOWN, "unauthorized");
                Err(match why {
                    Locked::NoSource => {
                        let text = "no source of `type: opsgenie` is configured";
                        fail(StatusCode::NOT_FOUND, text)
                    }
                    Locked::WrongKey => fail(StatusCode::UNAUTHORIZED, "the API key is not known"),
                })
            }
        }
    }

    fn intake(&self) -> &Intake {
        &self.opened.1
    }

    /// A parameter of the query; the empty text if it is not there.
    fn query(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value)
    }

    /// Reads a body that is a JSON object, or nothing at all.
    async fn body(&self, headers: &Caller, body: Body) -> Result<Value, Response> {
        let bytes_max = self.intake().limits.body_bytes_max;
        let body = collect(body, headers, bytes_max)
            .await
            .map_err(|unread: Unread| turn_away(&Turned::Unread(unread)))?;
        if body.trim_ascii().is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        match serde_json::from_slice::<Value>(&body) {
            Ok(object @ Value::Object(_)) => Ok(object),
            Ok(_) => Err(fail(StatusCode::BAD_REQUEST, "the body is no JSON object")),
            Err(error) => {
                Err(fail(StatusCode::BAD_REQUEST, &format!("the body is no JSON: {error}")))
            }
        }
    }

    /// The alert that a path names, by the query's `identifierType`.
    fn alert(&self, identifier: &str) -> Option<Seen> {
        let (setup, intake) = &self.opened;
        let by_id = |id: AlertId| own::by_id(self.context, setup, intake, id);
        match self.query("identifierType") {
            "alias" => own::by_key(self.context, setup, intake, identifier),
            "tiny" => by_id(AlertId::from_number(identifier.parse().ok()?)),
            _ => by_id(identifier.parse().ok()?),
        }
    }

    /// Takes in what a body says, in the shape that the adapter reads.
    async fn admit(&self, said: &Value) -> Result<(), Response> {
        let (setup, intake) = &self.opened;
        let terms = self.context.terms(setup);
        let head = crate::domain::event::adapter::Head::NONE;
        let now = crate::shell::clock::now();
        let taken = match intake.read(terms, head, said.to_string().as_bytes(), now) {
            Ok(read) => intake.admit(terms, read).await,
            Err(unreadable) => Err(unreadable.into()),
        };
        match taken {
            Ok(taken) => match taken.rejected.first() {
                None => Ok(()),
                Some(rejection) => Err(unfit("alert", &rejection.why)),
            },
            Err(turned) => Err(turn_away(&turned)),
        }
    }
}

/// `Authorization: Basic` with the key, as it is or with a colon behind it.
fn basic(headers: &Caller) -> Option<String> {
    let key = String::from_utf8(STANDARD.decode(credentials(headers, "basic")?).ok()?).ok()?;
    Some(key.trim_matches(':').to_owned())
}

/// The answer to a request that was worked on.
fn accepted(receipt: Receipt) -> Response {
    let answer = json!({
        "result": "Request will be processed",
        "took": 0.001,
        "requestId": receipt.to_string(),
    });
    respond(StatusCode::ACCEPTED, JSON, &answer)
}

/// The answer to a request about an alert that is not known, or that cannot be done.
fn accepted_in_vain(action: Action) -> Response {
    accepted(Receipt::new(action, None))
}

fn found(data: &Value) -> Response {
    answer(StatusCode::OK, json!({ "data": data }))
}

fn answer(status: StatusCode, mut answer: Value) -> Response {
    answer["took"] = 0.001.into();
    answer["requestId"] = unique().to_string().into();
    respond(status, JSON, &answer)
}

fn fail(status: StatusCode, why: &str) -> Response {
    answer(status, json!({ "message": why }))
}

fn unknown(identifier: &str) -> Response {
    let identifier = super::problem::echo(identifier);
    fail(StatusCode::NOT_FOUND, &format!("there is no alert `{identifier}`"))
}

/// A field makes no sense.
fn unfit(field: &str, why: &str) -> Response {
    let text = "the request body does not make sense; see the errors";
    let errors = json!({ "message": text, "errors": { field: why } });
    answer(StatusCode::UNPROCESSABLE_ENTITY, errors)
}

fn turn_away(turned: &Turned) -> Response {
    let status = StatusCode::from_u16(turned.status()).unwrap_or_default();
    let mut response = fail(status, &turned.to_string());
    if let Some(seconds) = turned.retry_after_s() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
