//! What Alertmanager lets pages from elsewhere do: look and post, without cookies.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Header fields that a page may set.
const HEADERS: [HeaderName; 4] = [
    header::ACCEPT,
    header::CONTENT_TYPE,
    header::ORIGIN,
    HeaderName::from_static("x-requested-with"),
];

const PREFLIGHT_VARY: &str =
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/// Goes around everything under `/api/v2`: answers what browsers ask before they send, lets any
/// page read what simple requests answer, and keeps answers out of caches.
pub(super) async fn around(request: Request, next: Next) -> Response {
    let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD);
    if let (&Method::OPTIONS, Some(asked)) = (request.method(), asked) {
        return preflight(request.headers(), asked);
    }
    let simple = is_open(request.method().as_str());
    let origin = request.headers().contains_key(header::ORIGIN);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    if simple && origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

/// A browser takes the lack of headers for a no.
fn preflight(headers: &HeaderMap, asked: &HeaderValue) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let names = wanted.map_or(Some(""), |wanted| wanted.to_str().ok());
    let known = |name: &str| {
        let name = name.trim();
        name.is_empty() || HEADERS.iter().any(|known| known.as_str().eq_ignore_ascii_case(name))
    };
    let allowed = headers.contains_key(header::ORIGIN)
        && asked.to_str().is_ok_and(is_open)
        && names.is_some_and(|names| names.split(',').all(known));
    let answer = response.headers_mut();
    answer.insert(header::VARY, HeaderValue::from_static(PREFLIGHT_VARY));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if allowed {
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, asked.clone());
        if let Some(wanted) = wanted {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
    }
    response
}

/// Methods that a page from elsewhere may use.
fn is_open(method: &str) -> bool {
    ["GET", "POST", "HEAD"].iter().any(|open| open.eq_ignore_ascii_case(method))
}
