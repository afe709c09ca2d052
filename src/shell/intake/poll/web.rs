//! Questions over HTTP, as `http_config` says.

use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Method, Request, Response, Url};

use super::{Means, Unanswered};
use crate::domain::notification::receiver::HttpConfig;
use crate::domain::value::Secret;
use crate::shell::client::Line;

/// An answer longer than this is refused.
pub(super) const BODY_BYTES_MAX: usize = 16 << 20;

/// A way to a server, and who we are there.
pub(super) struct Way {
    line: Line,
    authorization: Option<Secret>,
}

impl Way {
    pub(super) async fn to(means: &Means, http: &HttpConfig) -> Result<Self, Unanswered> {
        let clients = Arc::clone(&means.clients);
        let line = clients.line(http.clone()).await.map_err(Unanswered::Line)?;
        let authorization = line.authorization().await.map_err(Unanswered::Line)?;
        Ok(Self { line, authorization })
    }

    /// A request with everything that `http_config` adds.
    pub(super) fn request(
        &self,
        method: Method,
        url: Url,
        means: &Means,
    ) -> Result<Request, Unanswered> {
        let request = self.line.client.request(method, url).timeout(means.timeout.duration());
        let mut request = request.build().map_err(Unanswered::Ask)?;
        let authorization =
            self.authorization.as_ref().map(|value| (AUTHORIZATION.as_str(), value));
        let more = self.line.headers.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in authorization.into_iter().chain(more) {
            add_header(&mut request, name, value);
        }
        Ok(request)
    }

    pub(super) async fn send(&self, request: Request) -> Result<Response, reqwest::Error> {
        // The URL may hold a password, and the error's text would show it.
        let sent = self.line.client.execute(request).await.map_err(reqwest::Error::without_url);
        if let (Ok(response), Some(token)) = (&sent, &self.authorization)
            && response.status() == 401
        {
            // The next question asks for another one.
            self.line.refused(token).await;
        }
        sent
    }
}

/// Adds a header; what cannot be one is left out, which the other side will tell.
pub(super) fn add_header(request: &mut Request, name: &str, value: &Secret) {
    let (Ok(name), Ok(mut value)) =
        (name.parse::<HeaderName>(), HeaderValue::from_str(value.reveal()))
    else {
        return;
    };
    value.set_sensitive(true);
    request.headers_mut().append(name, value);
}

/// Reads a body to its end, or to its limit.
pub(super) async fn body(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, Unanswered> {
    let failed = |error: reqwest::Error| Unanswered::Ask(error.without_url());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(Unanswered::TooLong(bytes_max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads a URL that the configuration has looked at.
pub(super) fn url(text: &str) -> Result<Url, Unanswered> {
    Url::parse(text).map_err(|error| Unanswered::Refused(format!("no URL: {error}")))
}
