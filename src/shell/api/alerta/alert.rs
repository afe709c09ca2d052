//! One alert: sent, looked at, and what people do to it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Request, answer, fail, missing};
use crate::domain::event::adapter::Read;
use crate::domain::event::{Ends, Event, Remark, Saying, Signal};
use crate::domain::value::{Labels, RecordId, Severity};
use crate::shell::api::caller::Caller;
use crate::shell::api::context::Context;
use crate::shell::api::own::{self, Seen};
use crate::shell::clock;

/// Annotations that are fields of an alert and no attributes.
const FIELDS: [&str; 9] = [
    "summary",
    "value",
    "tags",
    "correlate",
    "origin",
    "type",
    "timeout",
    "raw_data",
    "source_severity",
];

/// What people can do to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Say(Saying),
    End,
    Begin,
}

/// Alerta's words for actions, and for the states that they lead to.
const ACTS: [(&str, &str, Act); 7] = [
    ("ack", "ack", Act::Say(Saying::Acknowledged)),
    ("unack", "", Act::Say(Saying::Unacknowledged)),
    ("shelve", "shelved", Act::Say(Saying::Suppressed)),
    ("unshelve", "", Act::Say(Saying::Unsuppressed)),
    ("close", "closed", Act::End),
    ("", "expired", Act::End),
    ("open", "open", Act::Begin),
];

type Way = (State<Arc<Context>>, RawQuery, Caller);

pub(super) async fn post(way: Way, body: Body) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    match send(&context, &headers, query.as_deref(), body).await {
        Ok(answer) | Err(answer) => answer,
    }
}

async fn send(
    context: &Context,
    headers: &Caller,
    query: Option<&str>,
    body: Body,
) -> Result<Response, Response> {
    let request = Request::open(context, headers, query)?;
    let alert = request.body(headers, body).await?;
    if !alert["event"].is_string() || !alert["resource"].is_string() {
        let why = "`resource` and `event` are needed: they say what it is about";
        return Err(fail(StatusCode::BAD_REQUEST, why));
    }
    let mut read = request.read(&alert)?;
    correlate(&request, &mut read).await;
    let key = read.events.first().map(|event| event.key.to_string()).unwrap_or_default();
    let (setup, intake) = &request.opened;
    let before = own::by_key(context, setup, intake, &key);
    let taken = request.admit(read).await?;
    let Some(made) = own::by_key(context, setup, intake, &key) else {
        let message = "nothing of that kind is open";
        return Ok(answer(StatusCode::CREATED, json!({ "id": key, "message": message })));
    };
    let mut shown = record(&made);
    shown["repeat"] = (taken.tally.duplicate > 0).into();
    let before = before.filter(Seen::is_firing);
    let (previous, trend) = match &before {
        None => ("indeterminate".to_owned(), "moreSevere"),
        Some(before) if !made.is_firing() => (severity(before), "lessSevere"),
        Some(before) => (severity(before), trend(before.severity, made.severity)),
    };
    shown["previousSeverity"] = previous.into();
    shown["trendIndication"] = trend.into();
    Ok(answer(StatusCode::CREATED, json!({ "id": made.id.to_string(), "alert": shown })))
}

/// An event speaks of the alert of its resource that names it in `correlate`, also where its sender
/// names none itself (Alerta, "alert correlation").
async fn correlate(request: &Request<'_>, read: &mut Read) {
    let (setup, intake) = &request.opened;
    let Some(event) = read.events.first_mut() else { return };
    let known = own::by_key(request.context, setup, intake, &event.key);
    if known.is_some_and(|known| known.is_firing()) {
        return;
    }
    let labels = ["environment", "instance"].map(|name| (name, event.labels.get(name)));
    let name = event.labels.get("alertname");
    let named = |said: &Labels| said.get("correlate").split(", ").any(|one| one == name);
    let found = own::firing_like(request.context, setup, intake, &labels, named).await;
    let Some((key, said)) = found else { return };
    for remark in read.remarks.iter_mut().filter(|remark| remark.key == event.key) {
        remark.key.clone_from(&key);
    }
    event.key = key;
    // What the alert is correlated with stays, whoever spoke of it last.
    if event.annotations.get("correlate").is_empty() {
        event.annotations = event.annotations.with([("correlate", said.get("correlate"))]);
    }
}

fn trend(before: Severity, after: Severity) -> &'static str {
    // The worst severity is the first.
    match after.cmp(&before) {
        std::cmp::Ordering::Less => "moreSevere",
        std::cmp::Ordering::Equal => "noChange",
        std::cmp::Ordering::Greater => "lessSevere",
    }
}

/// `GET /api/alert/{id}`.
pub(super) async fn show(Path(id): Path<String>, way: Way) -> Response {
    let (State(context), RawQuery(query), headers) = way;
    match Request::open(&context, &headers, query.as_deref()) {
        Err(answer) => answer,
        Ok(request) => match find(&request, &id) {
            None => missing(),
            Some(seen) => answer(StatusCode::OK, json!({ "total": 1, "alert": record(&seen) })),
        },
    }
}

/// `PUT /api/alert/{id}/action`.
pub(super) async fn action(Path(id): Path<String>, way: Way, body: Body) -> Response {
    act(&id, way, body, |fields| {
        let word = fields["action"].as_str().unwrap_or_default();
        ACTS.iter().find(|(have, ..)| !word.is_empty() && *have == word).map(|(.., act)| *act)
    })
    .await
}

/// `PUT /api/alert/{id}/status`.
pub(super) async fn status(Path(id): Path<String>, way: Way, body: Body) -> Response {
    act(&id, way, body, |fields| {
        let word = fields["status"].as_str().unwrap_or_default();
        ACTS.iter().find(|(_, have, _)| !word.is_empty() && *have == word).map(|(.., act)| *act)
    })
    .await
}

/// `PUT /api/alert/{id}/note`.
pub(super) async fn note(Path(id): Path<String>, way: Way, body: Body) -> Response {
    act(&id, way, body, |fields| {
        fields["text"].as_str().filter(|text| !text.is_empty()).map(|_| Act::Say(Saying::Noted))
    })
    .await
}

/// `DELETE /api/alert/{id}`: what nobody wants to see any longer is over.
pub(super) async fn delete(Path(id): Path<String>, way: Way) -> Response {
    act(&id, way, Body::from("{}"), |_| Some(Act::End)).await
}

async fn act(
    id: &str,
    (State(context), RawQuery(query), headers): Way,
    body: Body,
    which: impl FnOnce(&Value) -> Option<Act>,
) -> Response {
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let fields = match request.body(&headers, body).await {
        Ok(fields) => fields,
        Err(answer) => return answer,
    };
    let Some(seen) = find(&request, id) else { return missing() };
    let Some(act) = which(&fields) else {
        let words: Vec<&str> =
            ACTS.iter().map(|(word, ..)| *word).filter(|word| !word.is_empty()).collect();
        let why =
            format!("the body names nothing that can be done; there is: {}", words.join(", "));
        return fail(StatusCode::BAD_REQUEST, &why);
    };
    let text = fields["text"].as_str().unwrap_or_default();
    match request.admit(said(&request, &seen, act, text)).await {
        Ok(_) => answer(StatusCode::OK, json!({ "id": seen.id.to_string() })),
        Err(answer) => answer,
    }
}

/// What an act is in words of the source.
fn said(request: &Request, seen: &Seen, act: Act, text: &str) -> Read {
    let source = Arc::clone(&request.opened.1.name);
    let saying = match act {
        Act::Say(saying) => saying,
        Act::End | Act::Begin => {
            let end = act == Act::End;
            let event = Event {
                source,
                signal: if end { Signal::Resolved } else { Signal::Firing },
                labels: seen.labels.clone(),
                annotations: seen.annotations.clone(),
                url: seen.url.as_str().into(),
                key: seen.key.as_str().into(),
                starts_at: if end { seen.starts_at } else { clock::now() },
                ends: if end { Ends::At(clock::now()) } else { Ends::Never },
            };
            return Read { events: vec![event], ..Read::default() };
        }
    };
    let remark = Remark {
        source,
        key: seen.key.as_str().into(),
        labels: Labels::default(),
        author: Box::default(),
        text: text.into(),
        saying,
    };
    Read { remarks: vec![remark], ..Read::default() }
}

fn find(request: &Request, id: &str) -> Option<Seen> {
    let (setup, intake) = &request.opened;
    own::by_id(request.context, setup, intake, id.parse().ok()?)
}

/// An alert as Alerta shows it.
pub(super) fn record(alert: &Seen) -> Value {
    let label = |name: &str, otherwise: &str| {
        let value = alert.labels.get(name);
        if value.is_empty() { otherwise.to_owned() } else { value.to_owned() }
    };
    let note = |name: &str| alert.annotations.get(name);
    let list = |text: &str| {
        let items = text.split(", ").filter(|item| !item.is_empty());
        items.map(Value::from).collect::<Vec<Value>>()
    };
    let attributes = alert.annotations.iter().filter(|(name, _)| !FIELDS.contains(name));
    // Alerta's clients refuse names with these signs.
    let plain = attributes.filter(|(name, _)| !name.contains(['.', '$']));
    let attributes: Map<String, Value> =
        plain.map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({
        "id": alert.id.to_string(),
        "href": format!("/api/alert/{}", alert.id),
        "resource": label("instance", &alert.key),
        "event": label("alertname", &alert.key),
        "environment": label("environment", ""),
        "severity": severity(alert),
        "correlate": list(note("correlate")),
        "status": standing(alert),
        "service": list(alert.labels.get("service")),
        "group": label("group", "Misc"),
        "value": note("value"),
        "text": note("summary"),
        "tags": list(note("tags")),
        "attributes": attributes,
        "origin": note("origin"),
        "type": note("type"),
        "createTime": alert.starts_at.rfc3339(),
        "timeout": note("timeout").parse::<u64>().unwrap_or(0),
        "rawData": note("raw_data"),
        "customer": alert.labels.get("customer"),
        "duplicateCount": alert.count.saturating_sub(1),
        "repeat": alert.count > 1,
        "previousSeverity": "indeterminate",
        "trendIndication": "noChange",
        "receiveTime": alert.raised_at.rfc3339(),
        "lastReceiveId": alert.id.to_string(),
        "lastReceiveTime": alert.updated_at.rfc3339(),
        "updateTime": alert.updated_at.rfc3339(),
        "history": [],
        "number": alert.id.number(),
    })
}

/// Alerta's word for how it stands.
pub(super) fn standing(alert: &Seen) -> &'static str {
    match alert {
        alert if !alert.is_firing() => "closed",
        alert if alert.shelved => "shelved",
        alert if alert.acknowledged => "ack",
        _ => "open",
    }
}

/// The severity as its sender says it.
pub(super) fn severity(alert: &Seen) -> String {
    if !alert.is_firing() {
        return "normal".to_owned();
    }
    match alert.annotations.get("source_severity") {
        "" => alert.labels.get("severity").to_owned(),
        word => word.to_owned(),
    }
}
