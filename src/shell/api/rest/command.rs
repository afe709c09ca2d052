//! `POST /{plural}/{id}/{verb}`: what people ask of a record; `POST /{plural}`: a new one.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{look_up, no_record};
use crate::domain;
use crate::domain::value::{Actor, Via};
use crate::domain::view::{self, Fields, Manual, Verb};
use crate::engine::Input;
use crate::shell::api::context::Context;
use crate::shell::api::gate::{Caller, Operator};
use crate::shell::api::json::{JSON, is_announced, media_type, respond};
use crate::shell::api::nearest::hint;
use crate::shell::api::problem::{Kind, Problem, echo};
use crate::shell::intake::http::{Unread, collect};

/// A form longer than this is no form.
const FORM_BYTES_MAX: usize = 256 << 10;

/// Characters of the name of who asks.
const BY_CHARS_MAX: usize = 128;

/// Set by our own command line, so that timelines tell it from other programs.
const CLIENT: &str = "x-incidentd-client";

pub(super) async fn command(
    manual: &'static Manual,
    Operator(caller): Operator,
    State(context): State<Arc<Context>>,
    Path((id, verb)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if manual.verb(&verb).is_none() {
        let verb = echo(&verb);
        let known = manual.verbs.iter().map(|verb| verb.name);
        let text = format!("{} take no `{verb}`{}", manual.plural, hint(&verb, known));
        return Problem::new(Kind::NotFound, text).into_response();
    }
    match give(manual, caller, &context, (&id, &verb), &headers, body).await {
        Ok(record) => respond(StatusCode::OK, JSON, &record),
        Err(problem) => problem.into_response(),
    }
}

pub(super) async fn make(
    manual: &'static Manual,
    make: &'static Verb,
    Operator(caller): Operator,
    State(context): State<Arc<Context>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match give(manual, caller, &context, ("", make.name), &headers, body).await {
        Ok(record) => respond(StatusCode::OK, JSON, &record),
        Err(problem) => problem.into_response(),
    }
}

async fn give(
    manual: &Manual,
    caller: Caller,
    context: &Context,
    (id, verb): (&str, &str),
    headers: &HeaderMap,
    body: Body,
) -> Result<Value, Problem> {
    let fields = form(headers, body).await?;
    let actor = actor(caller, headers, &fields)?;
    let command = domain::parse(manual.name, verb, id, &fields).map_err(|invalid| {
        if invalid.field == "id" { no_record(manual, id) } else { invalid.into() }
    })?;
    let done = context.handle.submit(Input::Command(actor, command)).await?;
    done.reply?;
    let id = done.made.as_deref().unwrap_or(id);
    // A record that its own command made unreachable was found a moment ago.
    Ok(look_up(context, manual, id).unwrap_or(Value::Null))
}

pub(super) async fn form(headers: &HeaderMap, body: Body) -> Result<Fields, Problem> {
    let body = collect(body, headers, FORM_BYTES_MAX).await.map_err(|unread| {
        let kind = match unread {
            Unread::TooLong { .. } => Kind::TooLarge,
            Unread::Slow { .. } => Kind::Slow,
            Unread::Broken => Kind::Malformed,
            Unread::Encoding => Kind::MediaType,
        };
        Problem::new(kind, unread.to_string())
    })?;
    if body.is_empty() {
        // A page of another site can make a browser send a form or a text, but not this header.
        let ours = headers.contains_key(CLIENT) || is_announced(headers);
        return if ours { Ok(Fields::new()) } else { Err(not_json(headers)) };
    }
    if !is_announced(headers) {
        return Err(not_json(headers));
    }
    let value: Value = serde_json::from_slice(&body)
        .map_err(|error| Problem::new(Kind::Malformed, format!("the body is no JSON: {error}")))?;
    match value {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(Fields::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Problem::new(Kind::Malformed, "the body is not a JSON object of fields"))
        }
    }
}

fn not_json(headers: &HeaderMap) -> Problem {
    let have = echo(media_type(headers));
    let text = format!("send `Content-Type: application/json`, not `{have}`");
    Problem::new(Kind::MediaType, text)
}

/// A token's name cannot be put on by its bearer; without tokens everybody is who they say.
fn actor(caller: Caller, headers: &HeaderMap, fields: &Fields) -> Result<Actor, Problem> {
    if let Some(by) = fields.get("by")
        && !by.is_string()
    {
        return Err(view::Invalid::new("by", "is a text: the name of who asks").into());
    }
    let said = view::text(fields, "by").unwrap_or("anonymous");
    if said.chars().count() > BY_CHARS_MAX || said.chars().any(char::is_control) {
        let why = format!("is a name of at most {BY_CHARS_MAX} characters");
        return Err(view::Invalid::new("by", why).into());
    }
    let cli = headers.get(CLIENT).is_some_and(|client| client == "incidentctl");
    let via = if cli { Via::Cli } else { Via::Api };
    Ok(Actor { name: caller.0.unwrap_or_else(|| said.to_owned()), via })
}
