//! `GET /sources`, `GET /sources/{name}`, `…/rejected`, `POST …/test` and `POST …/url`: who sends,
//! what became of it, and what would become of a body.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::command::form;
use crate::domain::event::adapter::Head;
use crate::domain::event::adapter::kind::sample;
use crate::domain::explain::payload::payload;
use crate::domain::value::{Span, Timestamp};
use crate::shell::api::context::{Context, Setup};
use crate::shell::api::gate::{Admin, Operator, Reader};
use crate::shell::api::json::{JSON, respond};
use crate::shell::api::nearest::hint;
use crate::shell::api::problem::{Kind, Problem, echo};
use crate::shell::clock;
use crate::shell::intake::http::{Auth, Intake, Refused, Rejected};

/// How long a signed URL is good unless the form says otherwise.
const URL_LASTS: Span = Span::days(90);

/// The word for a URL that is good as long as its key.
const NEVER: &str = "never";

/// The body to be tried out; without one, the sample of the source's kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TestForm {
    payload: Option<String>,
    headers: std::collections::BTreeMap<String, String>,
    query: String,
    /// Who asks; nothing is changed, so nobody notes it.
    #[serde(rename = "by")]
    _by: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct UrlForm {
    expires: Option<String>,
    by: String,
}

pub(super) async fn list(_: Reader, State(context): State<Arc<Context>>) -> Response {
    let setup = context.setup();
    let items: Vec<Value> = setup.sources.all().map(|intake| brief(&context, intake)).collect();
    respond(StatusCode::OK, JSON, &json!({ "items": items, "next": null }))
}

pub(super) async fn show(
    _: Reader,
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
) -> Response {
    let setup = context.setup();
    let told = find(&setup, &name).map(|intake| whole(&context, intake));
    answer(told)
}

pub(super) async fn rejected(
    _: Admin,
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
) -> Response {
    let setup = context.setup();
    let told = find(&setup, &name).map(|intake| {
        let kept = setup.sources.quarantine().of(&intake.name);
        let items: Vec<Value> = kept.iter().map(set_aside).collect();
        json!({ "items": items, "next": null })
    });
    answer(told)
}

pub(super) async fn test(
    Operator(_): Operator,
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(try_out(&context, &name, &headers, body).await)
}

pub(super) async fn url(
    _: Admin,
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(make_url(&context, &name, &headers, body).await)
}

fn answer(told: Result<Value, Problem>) -> Response {
    match told {
        Ok(told) => respond(StatusCode::OK, JSON, &told),
        Err(problem) => problem.into_response(),
    }
}

fn find<'a>(setup: &'a Setup, name: &str) -> Result<&'a Arc<Intake>, Problem> {
    setup.sources.get(name).ok_or_else(|| {
        let known: Vec<&str> = setup.sources.names().collect();
        let text = format!("there is no source `{}`{}", echo(name), hint(name, known));
        Problem::new(Kind::NotFound, text)
    })
}

fn brief(context: &Context, intake: &Intake) -> Value {
    let mut ways: Vec<&str> = intake.auth.iter().map(Auth::name).collect();
    ways.dedup();
    let seen = intake.seen();
    json!({
        "name": &*intake.name,
        "type": intake.kind.name(),
        "auth": ways,
        "allow": intake.allow.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "open": intake.is_open(),
        "last_seen_at": seen.taken_at.map(Timestamp::rfc3339),
        "counts": context.metrics.of_source(&intake.name),
        "last_refused": seen.refused.as_ref().map(refused),
    })
}

fn whole(context: &Context, intake: &Intake) -> Value {
    let mut told = brief(context, intake);
    let limits = &intake.limits;
    let words = intake.severity_map.iter();
    let words = words.map(|(word, severity)| (word.clone(), Value::from(severity.name())));
    told["url"] = format!("{}/hooks/{}", base(context), intake.name).into();
    told["sends_again"] = intake.kind.resends().into();
    told["limits"] = json!({
        "rate": limits.rate.map(|rate| rate.per_second),
        "burst": limits.rate.map(|rate| rate.burst),
        "new_alerts_max_per_hour": limits.new_alerts_max_per_hour,
        "body_bytes_max": limits.body_bytes_max,
        "labels_max": limits.event.labels_max,
        "label_value_bytes_max": limits.event.label_value_bytes_max,
    });
    told["severity_map"] = Value::Object(words.collect());
    told
}

fn base(context: &Context) -> String {
    context.setup().settings.external_url.clone()
}

fn refused(refused: &Refused) -> Value {
    json!({
        "at": refused.at.rfc3339(),
        "from": refused.address,
        "reason": refused.reason,
        "why": refused.why,
    })
}

fn set_aside(rejected: &Rejected) -> Value {
    let headers = rejected.headers.iter();
    let headers = headers.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    json!({
        "at": rejected.at.rfc3339(),
        "from": rejected.address,
        "reason": rejected.reason,
        "why": rejected.why,
        "bytes": rejected.bytes,
        "headers": headers.collect::<serde_json::Map<_, _>>(),
        "body": rejected.body,
    })
}

async fn try_out(
    context: &Context,
    name: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Value, Problem> {
    let form: TestForm = read(headers, body).await?;
    let setup = context.setup();
    let intake = find(&setup, name)?;
    let given = form.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let (head, payload_text) = match (&form.payload, sample::of(intake.kind.name())) {
        (Some(text), _) => (Head::new(given, &form.query), text.clone()),
        (None, Some(sample)) => (sample.head(), sample.body.to_owned()),
        (None, None) => {
            let kind = intake.kind.name();
            let text = format!("there is no sample for the type `{kind}`; send a `payload`");
            return Err(Problem::new(Kind::Incomplete, text).with("field", "payload"));
        }
    };
    let now = clock::now();
    let adapter = intake.context(context.terms(&setup), &head, now);
    let body = payload_text.as_bytes();
    Ok(context
        .handle
        .read(|engine| payload(engine.state(), engine.settings(), &intake.kind, body, &adapter)))
}

async fn make_url(
    context: &Context,
    name: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Value, Problem> {
    let form: UrlForm = read(headers, body).await?;
    let setup = context.setup();
    let intake = find(&setup, name)?;
    let lasts = match form.expires.as_deref() {
        None => Some(URL_LASTS),
        Some(NEVER) => None,
        Some(text) => {
            let span = crate::config::duration(text).filter(|span| *span > Span::ZERO);
            let wrong = "expires: is a duration like `90d`, or `never`";
            Some(span.ok_or_else(|| Problem::new(Kind::Invalid, wrong).with("field", "expires"))?)
        }
    };
    let end = lasts.map(|lasts| clock::now() + lasts);
    // The last key is the one that stays.
    let made = intake.auth.iter().rev().find_map(|auth| auth.path_token(name, end));
    let Some(token) = made else {
        let text =
            format!("the source `{name}` has no `path_token` under `auth` to sign URLs with");
        return Err(Problem::new(Kind::NotNow, text));
    };
    tracing::info!(source = name, by = form.by, "Signed a URL of a source");
    Ok(json!({
        "source": name,
        "url": format!("{}/hooks/{name}/{token}", base(context)),
        "expires_at": end.map(Timestamp::rfc3339),
    }))
}

async fn read<T: serde::de::DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Problem> {
    let form = Value::Object(form(headers, body).await?);
    serde_json::from_value(form).map_err(|error| Problem::new(Kind::Malformed, error.to_string()))
}
