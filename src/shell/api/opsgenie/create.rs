//! `POST /v2/alerts`: an alert begins, or is heard of again while it is open.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Action, Receipt, Request, accepted, own, unfit};
use crate::domain::event::adapter::kind::opsgenie::{PRIORITIES, alias_of, meaning};
use crate::shell::api::caller::Caller;
use crate::shell::api::context::Context;

/// Opsgenie's limits.
const MESSAGE_CHARS_MAX: usize = 130;
const ALIAS_CHARS_MAX: usize = 512;

pub(super) async fn post(
    State(context): State<Arc<Context>>,
    RawQuery(query): RawQuery,
    headers: Caller,
    body: Body,
) -> Response {
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let alert = match request.body(&headers, body).await {
        Ok(alert) => alert,
        Err(answer) => return answer,
    };
    if let Err((field, why)) = check(&alert) {
        context.metrics.source_turned(&request.intake().name, "unreadable");
        return unfit(field, &why);
    }
    let alias = match alert["alias"].as_str().map(str::trim) {
        Some(alias) if !alias.is_empty() => alias.to_owned(),
        _ => alias_of(alert["message"].as_str().unwrap_or_default().trim()),
    };
    let mut alert = alert;
    alert["alias"] = alias.as_str().into();
    let note = alert["note"].take();
    let user = alert["user"].take();
    let said = json!({ "action": "Create", "alert": alert, "note": note, "user": user });
    if let Err(answer) = request.admit(&said).await {
        return answer;
    }
    let (setup, intake) = &request.opened;
    let made = own::by_key(&context, setup, intake, &alias);
    accepted(Receipt::new(Action::Create, made.map(|alert| alert.id)))
}

fn check(alert: &Value) -> Result<(), (&'static str, String)> {
    match alert["message"].as_str().map(str::trim) {
        None | Some("") => return Err(("message", "is missing or blank".to_owned())),
        Some(text) if text.chars().count() > MESSAGE_CHARS_MAX => {
            return Err(("message", format!("has more than {MESSAGE_CHARS_MAX} characters")));
        }
        Some(_) => {}
    }
    match &alert["alias"] {
        Value::Null => {}
        Value::String(alias) if alias.chars().count() <= ALIAS_CHARS_MAX => {}
        Value::String(_) => {
            return Err(("alias", format!("has more than {ALIAS_CHARS_MAX} characters")));
        }
        _ => return Err(("alias", "is not a text".to_owned())),
    }
    check_priority(&alert["priority"])
}

pub(super) fn check_priority(priority: &Value) -> Result<(), (&'static str, String)> {
    match priority {
        Value::Null => Ok(()),
        Value::String(word) if word.is_empty() || meaning(word).is_some() => Ok(()),
        _ => {
            let words = PRIORITIES.map(|(word, _)| word).join(", ");
            Err(("priority", format!("is none of: {words}")))
        }
    }
}
