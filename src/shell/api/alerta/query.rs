//! `GET /api/alerts` and `/api/alerts/count`: the source's alerts, narrowed by fields.
//!
//! `field=value` (of one field, any will do), `field!=value`, `field=~pattern`, `field!=~pattern`;
//! and in `q` what [`search`](crate::shell::api::search) reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::alert::{record, severity, standing};
use super::{Request, answer, fail};
use crate::domain::value::Timestamp;
use crate::shell::api::caller::Caller;
use crate::shell::api::context::Context;
use crate::shell::api::own::{self, Seen};
use crate::shell::api::search::{Held, PATTERNS_MAX, Query, Reader, Term, Wanted, pattern};
use crate::shell::clock;

/// Parameters that narrow a list; any of them may be a pattern.
const CONDITIONS_MAX: usize = PATTERNS_MAX;
const PAGE_SIZE: usize = 50;
const PAGE_SIZE_MAX: usize = 1_000;

/// Parameters that are no fields of an alert.
const OTHERS: [&str; 9] = [
    "page",
    "page-size",
    "api-key",
    "sort-by",
    "reverse",
    "show-raw-data",
    "show-history",
    "from-date",
    "to-date",
];

/// Fields of an alert that can be asked for, beside `attributes.…`.
const FIELDS: [&str; 24] = [
    "id",
    "resource",
    "event",
    "environment",
    "severity",
    "correlate",
    "status",
    "service",
    "group",
    "value",
    "text",
    "tag",
    "tags",
    "origin",
    "type",
    "customer",
    "createTime",
    "receiveTime",
    "lastReceiveTime",
    "updateTime",
    "timeout",
    "duplicateCount",
    "repeat",
    "rawData",
];

/// Fields in which a word without a field is looked for.
const TEXTS: [&str; 7] = ["text", "event", "resource", "service", "group", "value", "tags"];

pub(super) async fn list(
    State(context): State<Arc<Context>>,
    RawQuery(query): RawQuery,
    headers: Caller,
) -> Response {
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let mut alerts = match wanted(&request).await {
        Ok(alerts) => alerts,
        Err(answer) => return answer,
    };
    alerts.sort_by_key(|alert| (alert.updated_at, alert.id));
    alerts.reverse();
    let number = |name: &str, otherwise: usize| {
        let found = request.query.iter().find(|(have, _)| have == name);
        found.and_then(|(_, text)| text.parse().ok()).filter(|n| *n > 0).unwrap_or(otherwise)
    };
    let (page, size) = (number("page", 1), number("page-size", PAGE_SIZE).min(PAGE_SIZE_MAX));
    let pages = alerts.len().div_ceil(size);
    let shown: Vec<Value> =
        alerts.iter().skip((page - 1).saturating_mul(size)).take(size).map(record).collect();
    let last = alerts.first().map_or_else(clock::now, |alert| alert.updated_at);
    let mut whole = counts(&alerts);
    whole["alerts"] = shown.into();
    whole["page"] = page.into();
    whole["pageSize"] = size.into();
    whole["pages"] = pages.into();
    whole["more"] = (page < pages).into();
    whole["lastTime"] = Timestamp::rfc3339(last).into();
    whole["autoRefresh"] = true.into();
    answer(StatusCode::OK, whole)
}

pub(super) async fn count(
    State(context): State<Arc<Context>>,
    RawQuery(query): RawQuery,
    headers: Caller,
) -> Response {
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    match wanted(&request).await {
        Ok(alerts) => answer(StatusCode::OK, counts(&alerts)),
        Err(answer) => answer,
    }
}

fn counts(alerts: &[Seen]) -> Value {
    let mut severities: BTreeMap<String, usize> = BTreeMap::new();
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    for alert in alerts {
        *severities.entry(severity(alert)).or_default() += 1;
        *statuses.entry(standing(alert)).or_default() += 1;
    }
    json!({ "total": alerts.len(), "severityCounts": severities, "statusCounts": statuses })
}

/// What the alerts are to be.
#[derive(Debug)]
struct Conditions {
    /// Of each field, what any of its values is to be.
    by_field: BTreeMap<String, Vec<Query>>,
    /// What `q` says.
    query: Query,
}

async fn wanted(request: &Request<'_>) -> Result<Vec<Seen>, Response> {
    let conditions = parse(&request.query).map_err(|why| fail(StatusCode::BAD_REQUEST, &why))?;
    let (setup, intake) = &request.opened;
    Ok(own::list(request.context, setup, intake, |alert| conditions.hold(alert)).await)
}

fn parse(query: &[(String, String)]) -> Result<Conditions, String> {
    let mut by_field: BTreeMap<String, Vec<Query>> = BTreeMap::new();
    let mut asked = Vec::new();
    let conditions = || query.iter().filter(|(name, _)| !OTHERS.contains(&name.as_str()));
    if conditions().count() > CONDITIONS_MAX {
        return Err(format!("there are more than {CONDITIONS_MAX} conditions"));
    }
    for (name, value) in conditions() {
        if name == "q" {
            asked.push(READER.read(value).map_err(|why| format!("`q`: {why}"))?);
            continue;
        }
        // `field!=value` and `field=!value` say the same.
        let (field, value, differs) = match (name.strip_suffix('!'), value.strip_prefix('!')) {
            (Some(field), _) => (field, value.as_str(), true),
            (None, Some(value)) => (name.as_str(), value, true),
            (None, None) => (name.as_str(), value.as_str(), false),
        };
        if !is_field(field) {
            return Err(format!("`{field}` is none of: {}", FIELDS.join(", ")));
        }
        let wanted = match value.strip_prefix('~') {
            Some(text) => pattern(text)?,
            None => Wanted::Text(value.to_owned()),
        };
        let term = Query::Is(Term { field: field.to_owned(), wanted });
        let term = if differs { Query::Not(Box::new(term)) } else { term };
        by_field.entry(name.clone()).or_default().push(term);
    }
    Ok(Conditions { by_field, query: Query::All(asked) })
}

/// One of several words is enough, as with Alerta.
const READER: Reader = Reader { any: true, knows: is_field };

fn is_field(name: &str) -> bool {
    FIELDS.contains(&name) || name.strip_prefix("attributes.").is_some_and(|rest| !rest.is_empty())
}

impl Conditions {
    fn hold(&self, alert: &Seen) -> bool {
        let shown = record(alert);
        // A field of the URL is to be the whole value, one of `q` a part of it.
        let whole = |field: &str| held(&shown, field, true);
        let part = |field: &str| held(&shown, field, false);
        self.query.holds(&part)
            && self.by_field.values().all(|any| any.iter().any(|one| one.holds(&whole)))
    }
}

/// What a field of an alert holds; without a field, whatever people may look for.
fn held(shown: &Value, field: &str, whole: bool) -> Held {
    let field = if field == "tag" { "tags" } else { field };
    if field.is_empty() {
        let texts = TEXTS.iter().map(|name| match &shown[*name] {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<&str>>(),
        });
        return Held::Text(texts.flatten().collect::<Vec<&str>>().join("\n"));
    }
    let value = match field.strip_prefix("attributes.") {
        Some(name) => &shown["attributes"][name],
        None => &shown[field],
    };
    match value {
        Value::Array(items) => {
            Held::Words(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Held::Words(vec![number.to_string()]), Held::Number)
        }
        Value::Bool(truth) => Held::Words(vec![truth.to_string()]),
        one => {
            let text = one.as_str().unwrap_or_default().to_owned();
            if whole { Held::Words(vec![text]) } else { Held::Text(text) }
        }
    }
}
