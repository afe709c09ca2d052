//! Opsgenie's heartbeats: who expects them, who sends them, how they stand.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Request, answer, fail, found, turn_away, unfit};
use crate::domain::event::adapter::Read;
use crate::domain::event::adapter::kind::opsgenie::{PRIORITY, meaning};
use crate::domain::event::{self, Expected, Heartbeat, Terms};
use crate::domain::value::{Actor, Labels, Span, Timestamp, Via};
use crate::engine::Input;
use crate::shell::api::caller::Caller;
use crate::shell::api::context::Context;

/// Opsgenie's limit.
const NAME_CHARS_MAX: usize = 200;

/// Opsgenie's units of an interval, the longest first.
const UNITS: [(&str, Span); 3] =
    [("days", Span::days(1)), ("hours", Span::hours(1)), ("minutes", Span::minutes(1))];

type Way = (State<Arc<Context>>, RawQuery, Caller);

/// `/v2/heartbeats/{name}/ping`, by any method. As at Opsgenie, nobody need have said before that it
/// is to come.
pub(super) async fn ping(Path(name): Path<String>, way: Way) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    if let Err((field, why)) = check_name(&name) {
        return unfit(field, &why);
    }
    let (setup, intake) = &request.opened;
    let beat = Heartbeat {
        source: Arc::clone(&intake.name),
        name: name.into(),
        within: None,
        labels: Labels::default(),
    };
    let read = Read { heartbeats: vec![beat], ..Read::default() };
    match intake.admit(context.terms(setup), read).await {
        Ok(_) => answer(StatusCode::ACCEPTED, json!({ "result": "PONG - Heartbeat received" })),
        Err(turned) => turn_away(&turned),
    }
}

/// `POST /v2/heartbeats`.
pub(super) async fn create(way: Way, body: Body) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let fields = match request.body(&headers, body).await {
        Ok(fields) => fields,
        Err(answer) => return answer,
    };
    let name = fields["name"].as_str().unwrap_or_default().to_owned();
    let terms = check_name(&name).and_then(|()| terms(&fields, true));
    match terms {
        Ok(terms) => expect(&request, &name, terms, StatusCode::CREATED).await,
        Err((field, why)) => unfit(field, &why),
    }
}

/// `PATCH /v2/heartbeats/{name}`.
pub(super) async fn change(Path(name): Path<String>, way: Way, body: Body) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let fields = match request.body(&headers, body).await {
        Ok(fields) => fields,
        Err(answer) => return answer,
    };
    match terms(&fields, false) {
        Ok(_) if look(&request, &name).is_none() => missing(&name),
        Ok(terms) => expect(&request, &name, terms, StatusCode::OK).await,
        Err((field, why)) => unfit(field, &why),
    }
}

pub(super) async fn enable(Path(name): Path<String>, way: Way) -> Response {
    switch(&name, way, true).await
}

pub(super) async fn disable(Path(name): Path<String>, way: Way) -> Response {
    switch(&name, way, false).await
}

async fn switch(name: &str, way: Way, enabled: bool) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    if look(&request, name).is_none() {
        return missing(name);
    }
    let terms = Terms { enabled: Some(enabled), ..Terms::default() };
    expect(&request, name, terms, StatusCode::OK).await
}

/// `GET /v2/heartbeats/{name}`.
pub(super) async fn show(Path(name): Path<String>, way: Way) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    look(&request, &name).map_or_else(|| missing(&name), |one| found(&one))
}

/// `GET /v2/heartbeats`.
pub(super) async fn list(way: Way) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let source = &request.intake().name;
    let all = context.handle.read(|engine| {
        let events = &engine.state().event;
        let id = events.source_named(source);
        let ours = events.heartbeats().filter(|(_, one)| Some(one.source) == id);
        ours.map(|(_, one)| record(one)).collect::<Vec<Value>>()
    });
    found(&json!({ "heartbeats": all }))
}

/// `DELETE /v2/heartbeats/{name}`.
pub(super) async fn delete(Path(name): Path<String>, way: Way) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let source = request.intake().name.to_string();
    let command = event::Command::ForgetHeartbeat { source, name: name.clone() };
    match submit(&request, command).await {
        Ok(true) => answer(StatusCode::OK, json!({ "result": "Deleted" })),
        Ok(false) => missing(&name),
        Err(answer) => answer,
    }
}

async fn expect(request: &Request<'_>, name: &str, terms: Terms, status: StatusCode) -> Response {
    let source = request.intake().name.to_string();
    let terms = Box::new(terms);
    let command = event::Command::ExpectHeartbeat { source, name: name.to_owned(), terms };
    match submit(request, command).await {
        Ok(true) => {
            let data = look(request, name).unwrap_or_default();
            answer(status, json!({ "data": data }))
        }
        Ok(false) => unfit("name", "there are too many heartbeats already"),
        Err(answer) => answer,
    }
}

async fn submit(request: &Request<'_>, command: event::Command) -> Result<bool, Response> {
    let actor = Actor { name: request.intake().name.to_string(), via: Via::Api };
    match request.context.handle.submit(Input::Command(actor, command.into())).await {
        Ok(done) => Ok(done.reply.is_ok()),
        Err(not_taken) => Err(turn_away(&not_taken.into())),
    }
}

fn look(request: &Request, name: &str) -> Option<Value> {
    request.context.handle.read(|engine| {
        let events = &engine.state().event;
        let source = events.source_named(&request.intake().name)?;
        events.heartbeat(events.heartbeat_named(source, name)?).map(record)
    })
}

fn record(one: &Expected) -> Value {
    let within = one.within.unwrap_or(Span::days(1));
    let whole = UNITS.iter().find(|(_, unit)| within.0.is_multiple_of(unit.0));
    let (unit, span) = whole.copied().unwrap_or(("minutes", Span::minutes(1)));
    json!({
        "name": &*one.name,
        "description": &*one.about,
        "interval": (within.0 / span.0).max(1),
        "intervalUnit": unit,
        "enabled": one.enabled,
        "expired": one.missed_since.is_some(),
        "lastPingTime": one.seen_at.filter(|_| one.begun).map(Timestamp::rfc3339),
        "alertTags": [],
        "alertPriority": one.labels.get("priority"),
    })
}

fn terms(fields: &Value, whole: bool) -> Result<Terms, (&'static str, String)> {
    let interval = match &fields["interval"] {
        Value::Null if !whole => None,
        value => match value.as_u64().filter(|interval| *interval > 0) {
            Some(interval) => Some(interval),
            None => return Err(("interval", "is not a whole number from 1".to_owned())),
        },
    };
    let word = fields["intervalUnit"].as_str().unwrap_or("minutes");
    let Some((_, unit)) = UNITS.iter().find(|(name, _)| *name == word) else {
        let words = UNITS.map(|(name, _)| name).join(", ");
        return Err(("intervalUnit", format!("is none of: {words}")));
    };
    let text = |name: &str| fields[name].as_str().filter(|text| !text.is_empty());
    let priority = text("alertPriority").or(whole.then_some(PRIORITY));
    let mut labels = Labels::default();
    if let Some(priority) = priority {
        let Some(severity) = meaning(priority) else {
            return Err(("alertPriority", "is none of: P1, P2, P3, P4, P5".to_owned()));
        };
        labels = labels.with([("severity", severity.name()), ("priority", priority)]);
    }
    let team = &fields["ownerTeam"]["name"];
    if let Some(team) = team.as_str().filter(|team| !team.is_empty()) {
        labels = labels.with([("team", team)]);
    }
    Ok(Terms {
        within: interval.map(|interval| Span(interval.saturating_mul(unit.0))),
        labels: (!labels.is_empty()).then_some(labels),
        about: text("alertMessage").or(text("description")).map(Into::into),
        enabled: fields["enabled"].as_bool(),
    })
}

fn check_name(name: &str) -> Result<(), (&'static str, String)> {
    if name.trim().is_empty() {
        return Err(("name", "is missing or blank".to_owned()));
    }
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(("name", format!("has more than {NAME_CHARS_MAX} characters")));
    }
    Ok(())
}

fn missing(name: &str) -> Response {
    let name = crate::shell::api::problem::echo(name);
    fail(StatusCode::NOT_FOUND, &format!("there is no heartbeat `{name}`"))
}
