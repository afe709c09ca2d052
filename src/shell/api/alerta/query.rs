//! `GET /api/alerts` and `/api/alerts/count`: the source's alerts, narrowed by fields.
//!
//! `field=value` (of one field, any will do), `field=~part`, `field=!value`; and in `q`
//! `field:value` with `AND` between, or words of the text.

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
use crate::shell::clock;

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

/// Fields of an alert that can be asked for.
const FIELDS: [&str; 11] = [
    "id",
    "resource",
    "event",
    "environment",
    "severity",
    "status",
    "service",
    "group",
    "customer",
    "origin",
    "tag",
];

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

/// What one field is to be, in one of several ways.
#[derive(Debug, Default, PartialEq, Eq)]
struct Conditions {
    by_field: BTreeMap<String, Vec<String>>,
    /// Words that the alert must contain somewhere.
    words: Vec<String>,
}

async fn wanted(request: &Request<'_>) -> Result<Vec<Seen>, Response> {
    let conditions = parse(&request.query).map_err(|why| fail(StatusCode::BAD_REQUEST, &why))?;
    let (setup, intake) = &request.opened;
    Ok(own::list(request.context, setup, intake, |alert| conditions.hold(alert)).await)
}

fn parse(query: &[(String, String)]) -> Result<Conditions, String> {
    let mut conditions = Conditions::default();
    let mut add = |field: &str, value: &str| {
        let field = if field == "tags" { "tag" } else { field };
        if !FIELDS.contains(&field) {
            return Err(format!("`{field}` is none of: {}", FIELDS.join(", ")));
        }
        let values = conditions.by_field.entry(field.to_owned()).or_default();
        values.push(value.to_owned());
        Ok(())
    };
    let mut words = Vec::new();
    for (name, value) in query.iter().filter(|(name, _)| !OTHERS.contains(&name.as_str())) {
        if name != "q" {
            add(name, value)?;
            continue;
        }
        for term in value.split(" AND ").map(str::trim).filter(|term| !term.is_empty()) {
            match term.split_once(':') {
                Some((field, value)) => add(field.trim(), value.trim().trim_matches('"'))?,
                None => words.push(term.trim_matches('"').to_lowercase()),
            }
        }
    }
    conditions.words = words;
    Ok(conditions)
}

impl Conditions {
    fn hold(&self, alert: &Seen) -> bool {
        if self.by_field.is_empty() && self.words.is_empty() {
            return true;
        }
        let shown = record(alert);
        let text = shown.to_string().to_lowercase();
        self.words.iter().all(|word| text.contains(word))
            && self.by_field.iter().all(|(field, values)| {
                let have = &shown[if field == "tag" { "tags" } else { field.as_str() }];
                values.iter().any(|wanted| fits(have, wanted))
            })
    }
}

fn fits(have: &Value, wanted: &str) -> bool {
    let lower = |text: &str| text.to_lowercase();
    match have {
        Value::Array(items) => items.iter().any(|item| fits(item, wanted)),
        Value::String(have) => match wanted.split_at_checked(1) {
            Some(("!", unwanted)) => lower(have) != lower(unwanted),
            Some(("~", part)) => lower(have).contains(&lower(part)),
            _ => lower(have) == lower(wanted),
        },
        _ => false,
    }
}
