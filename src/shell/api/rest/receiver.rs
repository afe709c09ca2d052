//! `POST /receivers/{name}/test`: says something to a receiver, to see whether it arrives.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::command::form;
use crate::domain::Settings;
use crate::domain::notification::message::{self, AlertStatus, Report};
use crate::domain::notification::receiver::{Integration, Receiver};
use crate::domain::value::Labels;
use crate::domain::view::Fields;
use crate::shell::api::context::Context;
use crate::shell::api::gate::Operator;
use crate::shell::api::json::{JSON, respond};
use crate::shell::api::nearest::hint;
use crate::shell::api::problem::{Kind, Problem, echo};
use crate::shell::chain;
use crate::shell::clock;
use crate::shell::courier::{Courier, traced};
use crate::shell::tracer::{ActiveSpan, SpanContext, Tracer};

/// What is said unless the form says otherwise.
const NAME: &str = "ReceiverTest";
const SUMMARY: &str = "This is a test of the receiver; nothing is wrong.";

/// What is to be said.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Form {
    labels: Fields,
    annotations: Fields,
    resolved: bool,
    /// Who asks; the log names them.
    by: String,
}

pub(super) async fn test(
    Operator(_): Operator,
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    span: Option<Extension<SpanContext>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let span = span.map(|Extension(span)| span);
    match try_out(&context, &name, span, &headers, body).await {
        Ok(results) => respond(StatusCode::OK, JSON, &results),
        Err(problem) => problem.into_response(),
    }
}

async fn try_out(
    context: &Context,
    name: &str,
    span: Option<SpanContext>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Value, Problem> {
    let form = Value::Object(form(headers, body).await?);
    let form: Form = serde_json::from_value(form)
        .map_err(|error| Problem::new(Kind::Malformed, error.to_string()))?;
    let settings = Arc::clone(&context.setup().settings);
    let Some(receiver) = settings.receivers.get(name) else {
        let known = hint(name, settings.receivers.keys().map(String::as_str));
        let text = format!("there is no receiver `{}`{known}", echo(name));
        return Err(Problem::new(Kind::NotFound, text));
    };
    let Some(courier) = &context.courier else {
        return Err(Problem::new(Kind::NotFound, "this process sends no messages".to_owned()));
    };
    tracing::info!(receiver = name, by = form.by, "Testing a receiver");
    let mut results = Vec::new();
    for integration in &receiver.integrations {
        let integrated = format!("{}[{}]", integration.kind.name(), integration.index);
        let ways = Ways { courier, tracer: &context.tracer, span };
        let report = say(ways, &settings, receiver, integration, &form).await;
        results.push(match report {
            Ok(provider) => json!({
                "integration": integrated, "delivered": true, "provider": provider,
            }),
            Err(why) => json!({ "integration": integrated, "delivered": false, "why": why }),
        });
    }
    Ok(json!({ "receiver": name, "results": results }))
}

/// Who carries the message, and within which span.
struct Ways<'a> {
    courier: &'a Courier,
    tracer: &'a Tracer,
    span: Option<SpanContext>,
}

async fn say(
    Ways { courier, tracer, span }: Ways<'_>,
    settings: &Settings,
    receiver: &Receiver,
    integration: &Integration,
    form: &Form,
) -> Result<Option<String>, String> {
    let status = if form.resolved { AlertStatus::Resolved } else { AlertStatus::Firing };
    let words =
        (labels(&form.labels, "alertname", NAME), labels(&form.annotations, "summary", SUMMARY));
    let letter =
        message::sample(&receiver.name, &settings.external_url, status, words, clock::now());
    let message = match message::write(&letter, integration, &settings.templates) {
        Ok(message) => message,
        // A template that fails in a test is what the test is for.
        Err(error) => {
            let faults: Vec<String> = error.faults().iter().map(|fault| chain(fault)).collect();
            return Err(faults.join("; "));
        }
    };
    let mut span = traced::begin(tracer, span, &letter, integration.kind.name());
    let report = courier.send_in(message, span.as_ref().map(ActiveSpan::context)).await;
    if let Some(span) = &mut span {
        traced::end(span, &report);
    }
    match report {
        Report::Delivered { provider } => Ok(provider),
        Report::Failed { why, .. } => Err(why),
    }
}

/// The form's pairs, and one that is there whatever the form says.
fn labels(fields: &Fields, name: &str, value: &str) -> Labels {
    let given = fields.iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    });
    Labels::new(std::iter::once((name.to_owned(), value.to_owned())).chain(given))
}
