//! `/api/v2/silences` and `/api/v2/silence/{id}`: silences as Alertmanager's clients know them.

mod posted;
mod shown;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::query::{CODE_TYPE, boolean, matcher};
use super::reply;
use crate::domain::Refusal;
use crate::domain::silence::{Command, Silence, Status, Which};
use crate::domain::value::matcher::ParseMode;
use crate::domain::value::{Actor, Matchers, Uuid, Via};
use crate::engine::Input;
use crate::shell::api::context::Context;
use crate::shell::api::gate::{Caller, Operator, Reader};
use crate::shell::api::json::{self, JSON, respond};
use crate::shell::api::problem::echo;
use crate::shell::clock;
use crate::shell::handle::{Done, NotTaken};
use crate::shell::intake::http::{Unread, collect};
use posted::{Posted, Unfit};
use shown::Shown;

/// A body longer than this holds no silence that would be kept.
const BODY_BYTES_MAX: usize = 256 << 10;

/// Whose name stands where nobody gave one.
const NOBODY: &str = "anonymous";

/// What a reader of silences wants to see.
struct Wanted {
    states: Vec<Status>,
    filter: Matchers,
}

pub(super) async fn list(
    _: Reader,
    State(context): State<Arc<Context>>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    let wanted = match Wanted::read(&pairs, context.setup().matchers) {
        Ok(wanted) => wanted,
        Err(response) => return response,
    };
    let now = clock::now();
    let mut found: Vec<Silence> = context.handle.read(|engine| {
        let silences = engine.state().silence.iter().map(|(_, silence)| silence);
        let fits = |silence: &&Silence| {
            wanted.states.contains(&silence.status_at(now)) && silence.has(&wanted.filter)
        };
        silences.filter(fits).cloned().collect()
    });
    // What ends, begins or ended next to this moment stands first.
    found.sort_by_key(|silence| match silence.status_at(now) {
        Status::Active => (0, silence.ends_at.0),
        Status::Pending => (1, silence.starts_at.0),
        Status::Expired => (2, silence.ends_at.0.saturating_neg()),
    });
    let shown: Vec<Shown> = found.iter().map(|silence| Shown { silence, now }).collect();
    respond(StatusCode::OK, JSON, &shown)
}

pub(super) async fn create(
    Operator(caller): Operator,
    State(context): State<Arc<Context>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if !json::is_announced(&headers) {
        let have = match json::media_type(&headers) {
            "" => "application/octet-stream",
            have => have,
        };
        let text = format!("unsupported media type {have:?}, only [application/json] are allowed");
        return reply::object(StatusCode::UNSUPPORTED_MEDIA_TYPE, 415, &text);
    }
    let body = match collect(body, &headers, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(unread) => return unread_response(unread),
    };
    let posted = Posted::read(&body, context.setup().matchers != ParseMode::Classic);
    let (id, draft) = match posted {
        Ok(Posted { id, draft }) => (id, Box::new(draft)),
        Err(unfit) => return unfit_response(&unfit),
    };
    let actor = actor(caller, draft.created_by.as_deref());
    let command = match id.as_str() {
        "" => Command::Create(draft),
        id => match id.parse() {
            Ok(uuid) => Command::Replace { which: Which::Uuid(uuid), draft },
            Err(_) => return reply::text(StatusCode::NOT_FOUND, "silence not found"),
        },
    };
    let made = match submit(&context, actor, command).await {
        Ok(made) => made,
        Err(response) => return response,
    };
    // A silence that is forgotten between its commit and this look has no end worth the name.
    let uuid = context.handle.read(|engine| {
        let id = made?.parse().ok()?;
        engine.state().silence.uuid(id)
    });
    let uuid = uuid.map(|uuid| uuid.to_string());
    respond(StatusCode::OK, JSON, &json!({ "silenceID": uuid }))
}

pub(super) async fn show(
    _: Reader,
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
) -> Response {
    let uuid = match read_uuid(&id) {
        Ok(uuid) => uuid,
        Err(response) => return response,
    };
    let found = context.handle.read(|engine| {
        let silences = &engine.state().silence;
        silences.by_uuid(uuid).and_then(|id| silences.get(id)).cloned()
    });
    match found {
        Some(silence) => {
            respond(StatusCode::OK, JSON, &Shown { silence: &silence, now: clock::now() })
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(super) async fn expire(
    Operator(caller): Operator,
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
) -> Response {
    let uuid = match read_uuid(&id) {
        Ok(uuid) => uuid,
        Err(response) => return response,
    };
    let command = Command::Expire { which: Which::Uuid(uuid) };
    match submit(&context, actor(caller, None), command).await {
        Ok(_) => StatusCode::OK.into_response(),
        // Alertmanager says nothing more here.
        Err(response) if response.status() == StatusCode::NOT_FOUND => {
            StatusCode::NOT_FOUND.into_response()
        }
        Err(response) => response,
    }
}

impl Wanted {
    #[expect(clippy::result_large_err, reason = "the error is the answer, made once a request")]
    fn read(pairs: &[(String, String)], mode: ParseMode) -> Result<Self, Response> {
        let mut wanted = Self { states: Status::ALL.to_vec(), filter: Matchers::new() };
        for (name, value) in pairs {
            if name == "filter" {
                wanted.filter.push(matcher(value, mode)?);
            }
            let state = Status::ALL.into_iter().find(|state| state.name() == name);
            if let Some(state) = state
                && !boolean(name, value)?
            {
                wanted.states.retain(|have| *have != state);
            }
        }
        Ok(wanted)
    }
}

/// Hands a command in and returns the record that it was about.
async fn submit(
    context: &Context,
    actor: Actor,
    command: Command,
) -> Result<Option<String>, Response> {
    let done = context.handle.submit(Input::Command(actor, command.into())).await;
    let Done { reply, made, .. } = done.map_err(|not_taken: NotTaken| {
        reply::text(StatusCode::SERVICE_UNAVAILABLE, &not_taken.to_string())
    })?;
    match reply {
        Ok(()) => Ok(made),
        Err(Refusal::NotFound(_)) => Err(reply::text(StatusCode::NOT_FOUND, "silence not found")),
        Err(Refusal::Incomplete { field, why }) => {
            let text = match field {
                "ends_at" => format!("Failed to create silence: {why}"),
                "matchers" => format!("invalid silence: {why}"),
                _ => why,
            };
            Err(reply::text(StatusCode::BAD_REQUEST, &text))
        }
        Err(refusal @ Refusal::NotNow { .. }) => {
            Err(reply::text(StatusCode::BAD_REQUEST, &refusal.to_string()))
        }
    }
}

/// A token's name cannot be put on by its bearer; without tokens everybody is who they say.
fn actor(caller: Caller, said: Option<&str>) -> Actor {
    let said = said.filter(|name| !name.is_empty()).unwrap_or(NOBODY);
    Actor { name: caller.0.unwrap_or_else(|| echo(said)), via: Via::Api }
}

#[expect(clippy::result_large_err, reason = "the error is the answer, made once a request")]
fn read_uuid(id: &str) -> Result<Uuid, Response> {
    id.parse().map_err(|_| {
        let text = format!("silenceID in path must be of type uuid: {:?}", echo(id));
        reply::object(StatusCode::UNPROCESSABLE_ENTITY, CODE_TYPE, &text)
    })
}

fn unread_response(unread: Unread) -> Response {
    let status = match unread {
        Unread::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Unread::Slow { .. } => StatusCode::REQUEST_TIMEOUT,
        Unread::Broken => StatusCode::BAD_REQUEST,
        Unread::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
    };
    reply::object(status, status.as_u16(), &unread.to_string())
}

fn unfit_response(unfit: &Unfit) -> Response {
    let text = unfit.to_string();
    match unfit {
        Unfit::Unreadable(_) => reply::object(StatusCode::BAD_REQUEST, 400, &text),
        Unfit::Missing(_) | Unfit::NoMatchers => {
            reply::object(StatusCode::UNPROCESSABLE_ENTITY, unfit.code(), &text)
        }
        Unfit::Invalid { .. } => reply::text(StatusCode::BAD_REQUEST, &text),
    }
}
