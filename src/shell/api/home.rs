//! The page behind links in messages: `/#/alerts?receiver=…` and `/#/silences/…`.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("home.html");

/// Only the page's own script and style run, and it speaks to nobody but this daemon.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = |tag: &str| {
        let start = PAGE.split_once(&format!("<{tag}>")).map_or("", |(_, rest)| rest);
        let text = start.split_once(&format!("</{tag}>")).map_or("", |(text, _)| text);
        BASE64_STANDARD.encode(Sha256::digest(text))
    };
    let policy = format!(
        "default-src 'none'; connect-src 'self'; img-src data:; script-src 'sha256-{}'; \
         style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style"),
    );
    HeaderValue::from_str(&policy).expect("a policy is plain text")
});

/// Serves the page. It names the API relative to itself, so its own path must end with a slash.
/// Fragments never reach the server: the page reads them itself. It shows nothing
/// that the API would not show to whoever looks at it.
pub(super) async fn home() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY.clone())], Html(PAGE)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_alerts_cannot_become_markup() {
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!PAGE.contains(way), "{way}");
        }
        assert_eq!(PAGE.matches("<script>").count(), 1);
        assert!(!PAGE.contains(" onclick=") && !PAGE.contains(" style="), "the policy forbids it");
    }

    #[test]
    fn the_policy_allows_the_pages_own_script() {
        let policy = POLICY.to_str().unwrap();
        let empty = BASE64_STANDARD.encode(Sha256::digest(""));
        assert!(policy.contains("script-src 'sha256-") && !policy.contains(&empty), "{policy}");
    }
}
