//! `GET /v2/alerts` and `/v2/alerts/count`: the source's alerts, narrowed by a query.
//!
//! Queries are read as [`search`](crate::shell::api::search) reads them; bare words are to be in the
//! message. What is not understood is refused, not passed over. Teams and responders are no fields
//! here: who is told is the matter of routes.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::show::{details, message, priority, record, status, tags};
use super::{Request, Seen, answer, found, own, unfit};
use crate::domain::value::RecordId;
use crate::shell::api::caller::Caller;
use crate::shell::api::context::Context;
use crate::shell::api::search::{Held, Reader};

const LIMIT: usize = 20;
const LIMIT_MAX: usize = 100;

/// What a query can ask for.
const FIELDS: [&str; 26] = [
    "alertId",
    "id",
    "tinyId",
    "alias",
    "message",
    "description",
    "status",
    "priority",
    "entity",
    "source",
    "tag",
    "tags",
    "actions",
    "acknowledged",
    "isSeen",
    "snoozed",
    "snoozedUntil",
    "owner",
    "count",
    "createdAt",
    "updatedAt",
    "lastOccurredAt",
    "integration.name",
    "integration.type",
    "details.key",
    "details.value",
];

/// What a list can be sorted by.
const SORTS: [&str; 5] = ["createdAt", "updatedAt", "lastOccurredAt", "count", "tinyId"];

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
    let sort = request.query("sort");
    if !sort.is_empty() && !SORTS.contains(&sort) {
        return unfit("sort", &format!("is none of: {}", SORTS.join(", ")));
    }
    let by = |alert: &Seen| match sort {
        "updatedAt" | "lastOccurredAt" => alert.updated_at.0,
        "count" => i64::from(alert.count),
        _ => alert.raised_at.0,
    };
    alerts.sort_by_key(|alert| (by(alert), alert.id));
    if request.query("order") != "asc" {
        alerts.reverse();
    }
    let number = |name: &str| request.query(name).parse::<usize>().ok();
    let offset = number("offset").unwrap_or(0);
    let limit = number("limit").unwrap_or(LIMIT).min(LIMIT_MAX);
    let source = &request.intake().name;
    let page = alerts.iter().skip(offset).take(limit).map(|alert| record(alert, source));
    answer(
        axum::http::StatusCode::OK,
        json!({ "data": page.collect::<Vec<Value>>(), "paging": {} }),
    )
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
        Ok(alerts) => found(&json!({ "count": alerts.len() })),
        Err(answer) => answer,
    }
}

async fn wanted(request: &Request<'_>) -> Result<Vec<Seen>, Response> {
    let reader = Reader { any: false, knows: |field| FIELDS.contains(&field) };
    let query = reader
        .read(request.query("query"))
        .map_err(|why| unfit("query", &format!("{why}; its fields are {}", FIELDS.join(", "))))?;
    let (setup, intake) = &request.opened;
    let fits = |alert: &Seen| query.holds(&|field: &str| held(alert, field, &intake.name));
    Ok(own::list(request.context, setup, intake, fits).await)
}

/// What a field of an alert holds; without a field, its message.
fn held(alert: &Seen, field: &str, source: &str) -> Held {
    let word = |word: &str| Held::Words(vec![word.to_owned()]);
    let truth = |truth: bool| word(if truth { "true" } else { "false" });
    match field {
        "alertId" | "id" => word(&alert.id.to_string()),
        "tinyId" => word(&alert.id.number().to_string()),
        "alias" => word(&alert.key),
        "status" => word(status(alert)),
        "priority" => word(priority(alert)),
        "entity" => word(alert.labels.get("entity")),
        "source" => word(alert.labels.get("source")),
        "tag" | "tags" => Held::Words(tags(alert)),
        "actions" => {
            let actions = alert.annotations.get("actions").split(", ");
            Held::Words(actions.map(str::to_owned).collect())
        }
        "acknowledged" | "isSeen" => truth(alert.acknowledged),
        "snoozed" => truth(alert.shelved),
        "owner" => word(alert.owner.as_deref().unwrap_or_default()),
        "count" => Held::Number(alert.count.into()),
        "createdAt" => Held::Number(alert.raised_at.0),
        "updatedAt" | "lastOccurredAt" => Held::Number(alert.updated_at.0),
        "snoozedUntil" => {
            alert.silenced_until.map_or(Held::Words(Vec::new()), |at| Held::Number(at.0))
        }
        "integration.name" => word(source),
        "integration.type" => word("API"),
        "details.key" => Held::Words(details(alert).map(|(key, _)| key.to_owned()).collect()),
        "details.value" => Held::Words(details(alert).map(|(_, value)| value.to_owned()).collect()),
        "description" => Held::Text(alert.annotations.get("description").to_owned()),
        _ => Held::Text(message(alert).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_can_be_asked_for() {
        let reader = Reader { any: false, knows: |field| FIELDS.contains(&field) };
        for field in FIELDS {
            assert!(reader.read(&format!("{field}: a OR NOT {field}: (b OR c*)")).is_ok());
        }
        for wrong in ["colour: red", "status:", "\"", "(status: open"] {
            assert!(reader.read(wrong).is_err(), "{wrong}");
        }
    }
}
