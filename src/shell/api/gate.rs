//! Who may use the API: tokens and what they are good for.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::context::Context;
use super::problem::{Kind, Problem};
use super::v2;
use crate::shell::intake::http::auth::credentials;

/// What a token is good for. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Looking.
    Read,
    /// Commands on records.
    Operate,
    /// What concerns the daemon itself, such as a reload.
    Admin,
}

/// A key to the API. Only its hash is known here.
#[derive(Debug, Clone)]
pub struct Token {
    /// The name that timelines and the audit trail show.
    pub name: String,
    /// SHA-256 of the token.
    pub sha256: [u8; 32],
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
}

/// Who asks. The name is that of the token; nothing where no tokens are demanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller(pub(super) Option<String>);

/// Somebody who may look.
pub(super) struct Reader;

/// Somebody who may give commands.
pub(super) struct Operator(pub(super) Caller);

/// Somebody who may tell the daemon what to do.
pub(super) struct Admin;

#[derive(Debug, PartialEq, Eq)]
enum Denied {
    NoToken,
    UnknownToken,
    Scope { name: String, missing: Scope },
}

/// A refusal in the words of the part of the surface that was asked.
pub(super) struct Closed {
    denied: Denied,
    alertmanager: bool,
}

impl Scope {
    /// The word in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

fn admit(tokens: &[Token], headers: &HeaderMap, needed: Scope) -> Result<Caller, Denied> {
    if tokens.is_empty() {
        return Ok(Caller(None));
    }
    let shown = credentials(headers, "bearer").ok_or(Denied::NoToken)?;
    let hash = Sha256::digest(shown.as_bytes());
    let known = tokens.iter().find(|token| bool::from(token.sha256.ct_eq(hash.as_slice())));
    let token = known.ok_or(Denied::UnknownToken)?;
    if token.scopes.last().is_none_or(|highest| *highest < needed) {
        return Err(Denied::Scope { name: token.name.clone(), missing: needed });
    }
    Ok(Caller(Some(token.name.clone())))
}

fn enter(parts: &Parts, context: &Context, needed: Scope) -> Result<Caller, Closed> {
    admit(&context.setup().tokens, &parts.headers, needed).map_err(|denied| {
        let path = parts.uri.path();
        let path = path.strip_prefix(context.route_prefix.as_str()).unwrap_or(path);
        Closed { denied, alertmanager: path.starts_with("/api/v2/") }
    })
}

impl FromRequestParts<Arc<Context>> for Reader {
    type Rejection = Closed;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Closed> {
        enter(parts, context, Scope::Read).map(|_| Self)
    }
}

impl FromRequestParts<Arc<Context>> for Operator {
    type Rejection = Closed;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Closed> {
        enter(parts, context, Scope::Operate).map(Self)
    }
}

impl FromRequestParts<Arc<Context>> for Admin {
    type Rejection = Closed;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Closed> {
        enter(parts, context, Scope::Admin).map(|_| Self)
    }
}

impl IntoResponse for Closed {
    fn into_response(self) -> Response {
        let (status, kind, why) = match self.denied {
            Denied::NoToken => (
                StatusCode::UNAUTHORIZED,
                Kind::Unauthorized,
                "show a token: `Authorization: Bearer …`".to_owned(),
            ),
            Denied::UnknownToken => {
                (StatusCode::UNAUTHORIZED, Kind::Unauthorized, "there is no such token".to_owned())
            }
            Denied::Scope { name, missing } => (
                StatusCode::FORBIDDEN,
                Kind::Forbidden,
                format!("the token `{name}` lacks the scope `{}`", missing.name()),
            ),
        };
        let mut response = if self.alertmanager {
            v2::reply::object(status, status.as_u16(), &why)
        } else {
            Problem::new(kind, why).into_response()
        };
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"incidentd\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
