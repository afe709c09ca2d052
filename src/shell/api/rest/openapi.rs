//! `GET /openapi.json`: the description of this API, made of the manuals.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::BASE;
use super::list::{PAGE_RECORDS, PAGE_RECORDS_MAX};
use crate::domain::MANUALS;
use crate::domain::view::{Field, Kind, Manual, Verb};
use crate::shell::api::gate::Reader;
use crate::shell::api::json::{JSON, respond};
use crate::shell::metrics::VERSION;

/// A path that takes a form: where, its id, what it does; each field with its type.
type Form = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

/// What can be asked of things that are no records.
const FORMS: &[Form] = &[
    (
        "receivers/{name}/test",
        "receiverTest",
        "Says something to a receiver, to see whether it arrives",
        &[
            ("labels", "object", "Labels of the alert"),
            ("annotations", "object", "Annotations of the alert"),
            ("resolved", "boolean", "Say that it is over"),
            ("by", "string", "Who asks"),
        ],
    ),
    (
        "sources/{name}/test",
        "test_source",
        "What would become of a body; nothing is taken in",
        &[
            ("payload", "string", "The body; else the sample of the source's type"),
            ("headers", "object", "Headers of the request"),
            ("query", "string", "What follows the `?`"),
        ],
    ),
    (
        "sources/{name}/url",
        "url_source",
        "Makes a signed URL for senders that can be given nothing else",
        &[("expires", "string", "How long it is good, such as `90d`, or `never`")],
    ),
];

pub(super) async fn document(_: Reader) -> Response {
    respond(StatusCode::OK, JSON, &describe())
}

/// The whole document.
fn describe() -> Value {
    let mut paths = Map::new();
    for (path, name, about) in [
        ("status", "status", "How the daemon is"),
        ("config", "config", "The configuration in force, without its secrets"),
        ("routes", "routes", "The routing tree"),
        ("sources", "list_sources", "Who may send events, and what became of them"),
        ("routes/explain", "routesExplain", "Where an alert with `label=NAME=VALUE`… would go"),
    ] {
        paths.insert(format!("{BASE}/{path}"), json!({ "get": look(name, about) }));
    }
    let looks = [
        ("sources/{name}", "show_source", "A source: what it must show, its limits, its counts"),
        ("sources/{name}/rejected", "rejected_source", "Bodies that could not be taken in"),
    ];
    for (path, id, about) in looks {
        paths.insert(format!("{BASE}/{path}"), json!({ "get": with_name(look(id, about)) }));
    }
    for (path, id, about, fields) in FORMS {
        let fields = fields.iter().map(|(name, type_, about)| {
            ((*name).to_owned(), json!({ "type": type_, "description": about }))
        });
        let schema = json!({ "type": "object", "properties": fields.collect::<Map<_, _>>() });
        let mut operation = with_name(look(id, about));
        operation["requestBody"] = json!({
            "required": false,
            "content": { "application/json": { "schema": schema } },
        });
        paths.insert(format!("{BASE}/{path}"), json!({ "post": operation }));
    }
    for manual in MANUALS {
        let base = format!("{BASE}/{}", manual.plural);
        let mut all = json!({ "get": list(manual) });
        if let Some(make) = manual.make {
            all["post"] = form(manual, make);
        }
        paths.insert(base.clone(), all);
        if manual.records {
            paths.insert(format!("{base}/{{id}}"), json!({ "get": record(manual) }));
        }
        for verb in manual.verbs {
            let path = format!("{base}/{{id}}/{}", verb.name);
            let command = with_id(form(manual, verb), manual.name);
            paths.insert(path, json!({ "post": command }));
        }
    }
    let explain = with_id(look("explain_alert", "Why an alert went where it went"), "alert");
    paths.insert(format!("{BASE}/alerts/{{id}}/explain"), json!({ "get": explain }));
    let tags = MANUALS.iter().map(|m| json!({ "name": m.plural, "description": m.about }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "incidentd",
            "version": VERSION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "tags": tags.collect::<Vec<_>>(),
        "security": [{}, { "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": { "problem": problem(), "record": { "type": "object" } },
            "responses": {
                "problem": {
                    "description": "What went wrong (RFC 9457)",
                    "content": {
                        "application/problem+json": {
                            "schema": { "$ref": "#/components/schemas/problem" },
                        },
                    },
                },
            },
        },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "field": { "type": "string" },
            "record": { "type": "string" },
            "state": { "type": "string" },
            "allowed": { "type": "array", "items": { "type": "string" } },
        },
    })
}

fn look(id: &str, summary: &str) -> Value {
    operation(id, summary, &json!({ "$ref": "#/components/schemas/record" }))
}

fn list(manual: &Manual) -> Value {
    let schema = json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": { "type": "array", "items": { "$ref": "#/components/schemas/record" } },
            "next": { "type": ["integer", "null"] },
        },
    });
    let mut operation = operation(&format!("list_{}", manual.plural), manual.about, &schema);
    let limit = json!({
        "type": "integer",
        "minimum": 1,
        "maximum": PAGE_RECORDS_MAX,
        "default": PAGE_RECORDS,
    });
    let mut parameters = vec![
        parameter("q", "Text that must occur", &json!({ "type": "string" })),
        parameter("limit", "Records on a page", &limit),
        parameter("cursor", "The `next` of the page before", &json!({ "type": "integer" })),
    ];
    parameters.extend(manual.filters.iter().map(|f| parameter(f.name, f.help, &schema_of(f.kind))));
    operation["parameters"] = Value::Array(parameters);
    operation["tags"] = json!([manual.plural]);
    operation
}

fn record(manual: &Manual) -> Value {
    let summary = format!("One {}", manual.name);
    let mut operation = with_id(look(&format!("show_{}", manual.name), &summary), manual.name);
    operation["tags"] = json!([manual.plural]);
    operation
}

/// What a verb takes, whether it is about a record or makes one.
fn form(manual: &Manual, verb: &Verb) -> Value {
    let by = json!({ "type": "string", "description": "Who asks, where no token says it" });
    let mut properties = Map::from_iter([("by".to_owned(), by)]);
    for field in verb.fields {
        properties.insert(field.name.to_owned(), described(field));
    }
    let required: Vec<_> =
        verb.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let form = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let id = format!("{}_{}", verb.name, manual.name);
    let mut operation = look(&id, verb.help);
    operation["tags"] = json!([manual.plural]);
    operation["requestBody"] = json!({
        "required": !required.is_empty(),
        "content": { "application/json": { "schema": form } },
    });
    operation
}

fn operation(id: &str, summary: &str, schema: &Value) -> Value {
    json!({
        "operationId": id,
        "summary": summary,
        "responses": {
            "200": {
                "description": "As it is",
                "content": { "application/json": { "schema": schema } },
            },
            "default": { "$ref": "#/components/responses/problem" },
        },
    })
}

fn with_name(mut operation: Value) -> Value {
    operation["parameters"] = json!([{
        "name": "name",
        "in": "path",
        "required": true,
        "description": "Its name in the configuration",
        "schema": { "type": "string" },
    }]);
    operation
}

fn with_id(mut operation: Value, name: &str) -> Value {
    operation["parameters"] = json!([{
        "name": "id",
        "in": "path",
        "required": true,
        "description": format!("The {name}'s id"),
        "schema": { "type": "string" },
    }]);
    operation
}

fn parameter(name: &str, help: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "description": help, "schema": schema })
}

fn described(field: &Field) -> Value {
    let mut schema = schema_of(field.kind);
    schema["description"] = field.help.into();
    schema
}

fn schema_of(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Number => json!({ "type": "integer" }),
        Kind::Time => json!({ "type": "string", "format": "date-time" }),
        Kind::Span => json!({ "type": "string", "examples": ["1h30m"] }),
        Kind::Matchers => json!({
            "type": ["string", "array"],
            "items": { "type": "string" },
            "examples": ["alertname=\"X\""],
        }),
        Kind::Pairs => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Kind::OneOf(words) => json!({ "type": "string", "enum": words }),
    }
}
