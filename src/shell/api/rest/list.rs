//! `GET /{plural}`: one page of a practice's records.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::domain;
use crate::domain::view::{self, Manual};
use crate::shell::api::context::Context;
use crate::shell::api::json::{JSON, respond};
use crate::shell::api::nearest::hint;
use crate::shell::api::problem::{Kind, Problem, echo};

/// Records on a page if the reader does not say.
pub(super) const PAGE_RECORDS: usize = 100;

/// Records on a page at most.
pub(super) const PAGE_RECORDS_MAX: usize = 1_000;

/// Parameters that every list takes.
pub(super) const COMMON: [&str; 3] = ["q", "limit", "cursor"];

pub(super) fn list(manual: &Manual, context: &Context, pairs: Vec<(String, String)>) -> Response {
    let query = match read(manual, pairs) {
        Ok(query) => query,
        Err(problem) => return problem.into_response(),
    };
    let page = context
        .handle
        .read(|engine| domain::list(engine.state(), engine.settings(), manual.name, &query))
        .unwrap_or_default();
    let body = json!({ "items": page.items, "next": page.next });
    respond(StatusCode::OK, JSON, &body)
}

fn read(manual: &Manual, pairs: Vec<(String, String)>) -> Result<view::Query, Problem> {
    let mut query = view::Query { limit: PAGE_RECORDS, ..view::Query::default() };
    for (name, value) in pairs {
        let wrong = |why: &str| {
            let text = format!("{name}: `{}` {why}", echo(&value));
            Problem::new(Kind::Malformed, text).with("parameter", name.clone())
        };
        match name.as_str() {
            "q" => query.text = Some(value).filter(|text| !text.is_empty()),
            "limit" => {
                let limit = value.parse().ok().filter(|n| (1..=PAGE_RECORDS_MAX).contains(n));
                let why = format!("is not a number from 1 to {PAGE_RECORDS_MAX}");
                query.limit = limit.ok_or_else(|| wrong(&why))?;
            }
            "cursor" => {
                let cursor = value.parse().ok();
                query.cursor = Some(cursor.ok_or_else(|| wrong("is not the `next` of a page"))?);
            }
            _ if query.filter(&name).is_some() => return Err(wrong("is given twice")),
            _ => {
                let known = manual.filters.iter().find(|field| field.name == name);
                let filter = known.ok_or_else(|| unknown(manual, &name))?;
                // A slip must not look like a list without records.
                filter.check(&Value::from(value.as_str())).map_err(|invalid| {
                    let text = invalid.to_string();
                    Problem::new(Kind::Malformed, text).with("parameter", name.clone())
                })?;
                query.filters.push((name, value));
            }
        }
    }
    Ok(query)
}

fn unknown(manual: &Manual, name: &str) -> Problem {
    let name = echo(name);
    let known = manual.filters.iter().map(|field| field.name).chain(COMMON);
    let text = format!("`{name}` is no filter of {}{}", manual.plural, hint(&name, known));
    Problem::new(Kind::Malformed, text).with("parameter", name)
}
