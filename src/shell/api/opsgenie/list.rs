//! `GET /v2/alerts` and `/v2/alerts/count`: the source's alerts, narrowed by a query.
//!
//! Of Opsgenie's query language there are `field: value` and `field = value`, with `AND` between
//! them, and bare words, which the message must contain. Anything else is refused, not passed over.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::show::{message, priority, record, status, tags};
use super::{Request, Seen, answer, found, own, unfit};
use crate::shell::api::caller::Caller;
use crate::shell::api::context::Context;

const LIMIT: usize = 20;
const LIMIT_MAX: usize = 100;

/// What a query can ask for.
const FIELDS: [&str; 10] = [
    "status",
    "alias",
    "message",
    "priority",
    "entity",
    "source",
    "tag",
    "acknowledged",
    "owner",
    "tinyId",
];

/// What a list can be sorted by.
const SORTS: [&str; 5] = ["createdAt", "updatedAt", "lastOccurredAt", "count", "tinyId"];

/// One condition of a query; without a field, a word of the message.
#[derive(Debug, PartialEq, Eq)]
struct Term {
    field: String,
    value: String,
}

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
    let terms = parse(request.query("query")).map_err(|why| unfit("query", &why))?;
    let (setup, intake) = &request.opened;
    let fits = |alert: &Seen| terms.iter().all(|term| term.holds(alert));
    Ok(own::list(request.context, setup, intake, fits).await)
}

fn parse(query: &str) -> Result<Vec<Term>, String> {
    let mut terms = Vec::new();
    let mut words = split(query)?.into_iter().peekable();
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case("and") {
            continue;
        }
        if ["or", "not"].contains(&word.to_lowercase().as_str()) || word.starts_with(['(', '-']) {
            return Err(format!("`{word}` is not understood; write `field: value AND …`"));
        }
        let (field, value) = match word.split_once([':', '=']) {
            None => (String::new(), word),
            Some((field, "")) => {
                let value = words.next().ok_or_else(|| format!("`{field}` has no value"))?;
                (field.to_owned(), value)
            }
            Some((field, value)) => (field.to_owned(), value.to_owned()),
        };
        let field = if field == "tags" { "tag".to_owned() } else { field };
        if !field.is_empty() && !FIELDS.contains(&field.as_str()) {
            return Err(format!("`{field}` is none of: {}", FIELDS.join(", ")));
        }
        terms.push(Term { field, value });
    }
    Ok(terms)
}

/// Splits at blanks outside of double quotes, and takes the quotes off.
fn split(query: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for letter in query.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()));
            }
            _ => word.push(letter),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    if quoted { Err("a double quote is not closed".to_owned()) } else { Ok(words) }
}

impl Term {
    fn holds(&self, alert: &Seen) -> bool {
        let is = |have: &str| have.eq_ignore_ascii_case(&self.value);
        match self.field.as_str() {
            "status" => is(status(alert)),
            "alias" => alert.key == self.value,
            "priority" => is(priority(alert)),
            "entity" => is(alert.labels.get("entity")),
            "source" => is(alert.labels.get("source")),
            "tag" => tags(alert).iter().any(|tag| is(tag)),
            "acknowledged" => is(if alert.acknowledged { "true" } else { "false" }),
            "owner" => is(alert.owner.as_deref().unwrap_or_default()),
            "tinyId" => alert.id.0.to_string() == self.value,
            _ => message(alert).to_lowercase().contains(&self.value.to_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_or_refused() {
        let check = |query: &str, expected: &[(&str, &str)]| {
            let terms: Vec<_> = parse(query).unwrap();
            let found: Vec<_> =
                terms.iter().map(|term| (term.field.as_str(), term.value.as_str())).collect();
            assert_eq!(found, expected, "{query}");
        };
        check("", &[]);
        check("status: open", &[("status", "open")]);
        check("status=open AND tag:prod", &[("status", "open"), ("tag", "prod")]);
        check("message: \"disk is full\" and shop", &[("message", "disk is full"), ("", "shop")]);
        for wrong in ["colour: red", "NOT status: open", "(status: open)", "\"", "status:"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
