//! PagerDuty's Events API, versions 2 and 1: senders that page through PagerDuty page here when only
//! their URL is changed.
//!
//! The `routing_key` (`service_key`) is a bearer secret of the source of `type: pagerduty` that it
//! names; such a source without `auth` takes every key that is no other's. The answer is sent when
//! the event is on disk.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use super::context::Context;
use super::hooks::{From, UNKNOWN};
use super::json::{JSON, respond};
use super::unique::unique;
use crate::domain::event::adapter::Head;
use crate::domain::event::adapter::kind::pagerduty::{ADAPTER, SEVERITIES, meaning};
use crate::shell::clock;
use crate::shell::intake::http::{Locked, Turned, Unread, collect};

/// PagerDuty takes no longer body.
const BODY_BYTES_MAX: usize = 512 << 10;

/// PagerDuty takes no longer summary.
const SUMMARY_CHARS_MAX: usize = 1_024;

/// PagerDuty takes no longer key.
const KEY_CHARS_MAX: usize = 255;

/// What can be done to an alert.
const ACTIONS: [&str; 3] = ["trigger", "acknowledge", "resolve"];

/// A door of the API: what it calls things, and what it answers.
struct Door {
    routing: &'static str,
    action: &'static str,
    key: &'static str,
    /// The answer when all is well.
    done: (StatusCode, &'static str),
    /// The answer to who sends too much at a time.
    too_fast: StatusCode,
    /// Looks for what is wrong with an event, in PagerDuty's order.
    check: fn(&Value) -> Vec<String>,
}

const SECOND: Door = Door {
    routing: "routing_key",
    action: "event_action",
    key: "dedup_key",
    done: (StatusCode::ACCEPTED, "Event processed"),
    too_fast: StatusCode::TOO_MANY_REQUESTS,
    check: check_second,
};

const FIRST: Door = Door {
    routing: "service_key",
    action: "event_type",
    key: "incident_key",
    done: (StatusCode::OK, "Event processed"),
    // Senders of the first version come back after this one, and give up after 429.
    too_fast: StatusCode::FORBIDDEN,
    check: check_first,
};

const CHANGE: Door = Door {
    done: (StatusCode::ACCEPTED, "Change event processed"),
    // Change events have neither.
    action: "",
    key: "",
    check: check_change,
    ..SECOND
};

pub(super) fn routes() -> Router<Arc<Context>> {
    Router::new()
        .route("/v2/enqueue", post(second))
        .route("/v2/change/enqueue", post(change))
        .route("/generic/2010-04-15/create_event.json", post(first))
}

async fn second(
    State(context): State<Arc<Context>>,
    from: From,
    headers: HeaderMap,
    body: Body,
) -> Response {
    take(&SECOND, &context, (from, &headers), body).await
}

async fn first(
    State(context): State<Arc<Context>>,
    from: From,
    headers: HeaderMap,
    body: Body,
) -> Response {
    take(&FIRST, &context, (from, &headers), body).await
}

async fn change(
    State(context): State<Arc<Context>>,
    from: From,
    headers: HeaderMap,
    body: Body,
) -> Response {
    take(&CHANGE, &context, (from, &headers), body).await
}

async fn take(
    door: &Door,
    context: &Context,
    (from, headers): (From, &HeaderMap),
    body: Body,
) -> Response {
    let body = match collect(body, headers, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(unread) => return unread_response(unread),
    };
    let Ok(Value::Object(event)) = serde_json::from_slice::<Value>(&body) else {
        return invalid(&["the body is no JSON object".to_owned()]);
    };
    let mut event = Value::Object(event);
    // Some clients say it beside the body.
    if let (None, Some(key)) = (event.get(door.routing), headers.get("x-routing-key")) {
        event[door.routing] = key.to_str().unwrap_or_default().into();
    }
    let Some(key) = event[door.routing].as_str().filter(|key| !key.is_empty()) else {
        return invalid(&[format!("`{}` is missing or blank", door.routing)]);
    };
    let setup = context.setup();
    let sender = setup.sources.sender(headers, from.as_ref().map(|remote| &***remote));
    let intake = match setup.sources.opened_from(ADAPTER.name, key, sender.address) {
        Ok(intake) => intake,
        Err(why) => {
            context.metrics.source_turned(UNKNOWN, "unauthorized");
            return invalid(&[match why {
                Locked::NoSource => "no source of `type: pagerduty` is configured".to_owned(),
                Locked::WrongKey => format!("`{}` is not known", door.routing),
            }]);
        }
    };
    let mut errors = (door.check)(&event);
    let action = event.get(door.action).and_then(Value::as_str).unwrap_or_default();
    if !door.action.is_empty() {
        errors.extend(check_action(door, action, &event));
    }
    if !errors.is_empty() {
        context.metrics.source_turned(&intake.name, "unreadable");
        return invalid(&errors);
    }
    let key = match event.get(door.key).and_then(Value::as_str) {
        Some(key) if !key.is_empty() => key.to_owned(),
        _ => unique().to_string().replace('-', ""),
    };
    if !door.key.is_empty() {
        event[door.key] = key.as_str().into();
    }
    let terms = context.terms(&setup);
    let taken = match intake.read(terms, Head::NONE, event.to_string().as_bytes(), clock::now()) {
        Ok(read) => intake.admit(terms, read).await,
        Err(unreadable) => Err(unreadable.into()),
    };
    match taken {
        Ok(taken) if taken.rejected.is_empty() => {
            let (status, message) = door.done;
            let mut answer = json!({ "status": "success", "message": message });
            if !door.key.is_empty() {
                answer[door.key] = key.into();
            }
            respond(status, JSON, &answer)
        }
        Ok(taken) => invalid(&taken.rejected.iter().map(ToString::to_string).collect::<Vec<_>>()),
        Err(turned) => turn_away(door, &turned),
    }
}

fn check_action(door: &Door, action: &str, event: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    let known = ACTIONS.contains(&action);
    if !known {
        errors.push(format!("`{}` is none of: {}", door.action, ACTIONS.join(", ")));
    }
    let needed = known && action != ACTIONS[0];
    let wrong = match event.get(door.key) {
        None | Some(Value::Null) => needed.then(|| format!("is missing: it says what to {action}")),
        Some(Value::String(key)) if key.is_empty() => {
            needed.then(|| format!("is blank: it says what to {action}"))
        }
        Some(Value::String(key)) => {
            let long = key.chars().count() > KEY_CHARS_MAX;
            long.then(|| format!("has more than {KEY_CHARS_MAX} characters"))
        }
        Some(_) => Some("is not a text".to_owned()),
    };
    errors.extend(wrong.map(|wrong| format!("`{}` {wrong}", door.key)));
    errors
}

fn check_second(event: &Value) -> Vec<String> {
    if event["event_action"] != ACTIONS[0] {
        return Vec::new();
    }
    let Some(payload) = event.get("payload").filter(|payload| payload.is_object()) else {
        return vec!["`payload` is missing, or no object".to_owned()];
    };
    let mut errors = Vec::new();
    errors.extend(text(payload, "payload.summary", "summary", Some(SUMMARY_CHARS_MAX)));
    errors.extend(text(payload, "payload.source", "source", None));
    match payload["severity"].as_str() {
        Some(word) if meaning(word).is_some() => {}
        _ => {
            let words = SEVERITIES.map(|(word, _)| word).join(", ");
            errors.push(format!("`payload.severity` is none of: {words}"));
        }
    }
    errors
}

fn check_first(event: &Value) -> Vec<String> {
    if event["event_type"] != ACTIONS[0] {
        return Vec::new();
    }
    text(event, "description", "description", None).into_iter().collect()
}

fn check_change(event: &Value) -> Vec<String> {
    let Some(payload) = event.get("payload").filter(|payload| payload.is_object()) else {
        return vec!["`payload` is missing, or no object".to_owned()];
    };
    let error = text(payload, "payload.summary", "summary", Some(SUMMARY_CHARS_MAX));
    error.into_iter().collect()
}

/// What is wrong with a text that must be there.
fn text(object: &Value, path: &str, name: &str, chars_max: Option<usize>) -> Option<String> {
    match object.get(name).and_then(Value::as_str).map(str::trim) {
        None | Some("") => Some(format!("`{path}` is missing or blank")),
        Some(text) => {
            let max = chars_max.filter(|max| text.chars().count() > *max)?;
            Some(format!("`{path}` has more than {max} characters"))
        }
    }
}

fn invalid(errors: &[String]) -> Response {
    let answer = json!({
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": errors,
    });
    respond(StatusCode::BAD_REQUEST, JSON, &answer)
}

fn unread_response(unread: Unread) -> Response {
    turn_away(&SECOND, &Turned::Unread(unread))
}

fn turn_away(door: &Door, turned: &Turned) -> Response {
    let (status, word) = match turned {
        Turned::TooFast { .. } => (door.too_fast, "throttle exceeded"),
        Turned::Unreadable(_) | Turned::Unread(Unread::Broken) => {
            (StatusCode::BAD_REQUEST, "invalid event")
        }
        other => (StatusCode::from_u16(other.status()).unwrap_or_default(), "error"),
    };
    let why = turned.to_string();
    let answer = json!({ "status": word, "message": why, "errors": [why] });
    let mut response = respond(status, JSON, &answer);
    if let Some(seconds) = turned.retry_after_s() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
