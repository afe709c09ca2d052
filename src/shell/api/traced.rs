//! The span of a request, by OpenTelemetry's conventions for HTTP servers.

use axum::extract::{MatchedPath, Request};
use axum::http::{StatusCode, header};

use crate::shell::tracer::{ActiveSpan, Tracer};

/// Parts of a path that anybody may see. A hook's token is a password, and what else stands for
/// something in a path is shown by its name, too.
const OPEN_PARTS: [&str; 4] = ["{source}", "{id}", "{name}", "{action}"];

/// Begins the span of a request. Where nothing is traced, it costs one look.
pub(super) fn begin(
    tracer: &Tracer,
    request: &Request,
    matched: Option<&MatchedPath>,
) -> Option<ActiveSpan> {
    let route = matched.map(MatchedPath::as_str);
    let method = known(request.method().as_str());
    let mut span = tracer.server(request.headers(), || match route {
        Some(route) => format!("{method} {route}"),
        // A path that leads nowhere is anybody's words, and may hold somebody's password.
        None => method.to_owned(),
    })?;
    if !span.is_recording() {
        return Some(span);
    }
    span.text("http.request.method", method);
    if method == OTHER {
        span.text("http.request.method_original", request.method().as_str());
    }
    if let Some(route) = route {
        span.text("http.route", route);
        span.text("url.path", &shown(route, request.uri().path()));
    }
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    if let Some(agent) = agent {
        span.text("user_agent.original", agent);
    }
    Some(span)
}

/// Notes how a request was answered. Only what is our own fault is one.
pub(super) fn answered(span: &mut ActiveSpan, status: StatusCode) {
    span.whole("http.response.status_code", usize::from(status.as_u16()));
    if status.is_server_error() {
        span.text("error.type", status.as_str());
        span.fail("");
    }
}

/// The conventions' word for a method that nobody has heard of.
const OTHER: &str = "_OTHER";

fn known(method: &str) -> &str {
    let known = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    if known.contains(&method) { method } else { OTHER }
}

/// A path without what is not for everybody.
fn shown(route: &str, path: &str) -> String {
    let mut parts = path.split('/');
    let shown: Vec<&str> = route
        .split('/')
        .map(|part| match parts.next() {
            Some(real) if OPEN_PARTS.contains(&part) => real,
            Some(_) | None => part,
        })
        .collect();
    shown.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_without_passwords() {
        for (route, path, expected) in [
            ("/api/v2/alerts", "/api/v2/alerts", "/api/v2/alerts"),
            ("/x/api/v2/silence/{id}", "/x/api/v2/silence/7", "/x/api/v2/silence/7"),
            ("/hooks/{source}", "/hooks/grafana", "/hooks/grafana"),
            ("/hooks/{source}/{token}", "/hooks/grafana/sesame", "/hooks/grafana/{token}"),
            ("/api/v1/{*rest}", "/api/v1/alerts/all", "/api/v1/{*rest}"),
        ] {
            assert_eq!(shown(route, path), expected, "{path}");
        }
    }

    #[test]
    fn methods_that_nobody_knows_are_one() {
        assert_eq!(["GET", "PATCH", "BREW"].map(known), ["GET", "PATCH", OTHER]);
    }
}
