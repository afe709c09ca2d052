//! Who calls, for doors whose senders show nothing but a key: the headers, and from where they come.

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::shell::intake::http::Remote;

/// The headers of a request and the other end of its connection, if that is known.
#[derive(Debug)]
pub(super) struct Caller {
    headers: HeaderMap,
    remote: Option<Arc<Remote>>,
}

impl Caller {
    /// The other end of the connection.
    pub(super) fn remote(&self) -> Option<&Remote> {
        self.remote.as_deref()
    }
}

impl Deref for Caller {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        &self.headers
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let remote = parts.extensions.get::<Arc<Remote>>().cloned();
        Ok(Self { headers: parts.headers.clone(), remote })
    }
}
