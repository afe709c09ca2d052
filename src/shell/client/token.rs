//! Tokens by client credentials (RFC 6749, section 4.4), kept until they end.

use std::sync::{Arc, Mutex, PoisonError};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Response};
use serde::Deserialize;

use super::open::basic;
use super::tls::inline;
use crate::domain::notification::receiver::{Oauth2Config, SecretSource};
use crate::domain::value::{Secret, Span, Timestamp};
use crate::shell::clock;

/// A token this near to its end is replaced: it is to arrive while it is good.
const END_MARGIN_MS: Span = Span::seconds(10);
/// How long a token is kept whatever its giver says.
const TOKEN_MS_MAX: Span = Span::days(1);
/// Givers whose tokens are kept; of more, the one unused for longest is forgotten.
const GRANTS_MAX: usize = 128;
/// A longer answer is no token.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What RFC 3986 does not leave as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Tokens by what they were asked for with.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<Vec<(Oauth2Config, Slot)>>);

/// The token, if there is one. Who holds the lock asks for all who wait.
type Slot = Arc<tokio::sync::Mutex<State>>;

#[derive(Debug, Default)]
struct State {
    token: Option<(Secret, Option<Timestamp>)>,
    /// The giver wants our name and secret in the body, not in a header.
    in_body: bool,
}

/// A way to tokens.
#[derive(Debug)]
pub(super) struct Grant {
    config: Oauth2Config,
    client: Client,
    slot: Slot,
}

/// No token was given to us.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The giver was not reached, or broke off.
    #[error("failed to reach {host}")]
    Unreachable {
        /// Its host.
        host: String,
        /// What is wrong.
        #[source]
        source: reqwest::Error,
    },
    /// The giver gave none.
    #[error("{host} answered with HTTP status {status}")]
    Denied {
        /// Its host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is none.
    #[error("{0} answered with more than {ANSWER_BYTES_MAX} bytes")]
    TooLong(String),
    /// The answer has no token.
    #[error("the answer of {host} has no `access_token`")]
    Unreadable {
        /// Its host.
        host: String,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

/// What a giver answers (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

impl Tokens {
    /// The way to tokens for a configuration whose files have been read.
    pub(super) fn grant(&self, config: Oauth2Config, client: Client) -> Grant {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|(known, _)| *known == config) {
            kept[..=at].rotate_right(1);
        } else {
            kept.truncate(GRANTS_MAX - 1);
            kept.insert(0, (config.clone(), Slot::default()));
        }
        let slot = Arc::clone(&kept[0].1);
        Grant { config, client, slot }
    }
}

impl Grant {
    /// The value of `Authorization`.
    pub(super) async fn token(&self) -> Result<Secret, TokenError> {
        let mut state = self.slot.lock().await;
        if let Some((token, end)) = &state.token
            && end.is_none_or(|end| clock::now() + END_MARGIN_MS < end)
        {
            return Ok(token.clone());
        }
        let answer = match self.ask(state.in_body).await {
            // Givers disagree on where our name belongs; as in Go, the other place is tried once.
            Err(TokenError::Denied { .. }) if !state.in_body => {
                let answer = self.ask(true).await?;
                state.in_body = true;
                answer
            }
            answer => answer?,
        };
        let token = Secret::new(format!("{} {}", kind(&answer.token_type), answer.access_token));
        let lasts = answer.expires_in.as_ref().and_then(seconds);
        let end = lasts.map(|span| clock::now() + span.min(TOKEN_MS_MAX));
        state.token = Some((token.clone(), end));
        Ok(token)
    }

    /// Throws this token away; another one that was got meanwhile stays.
    pub(super) async fn forget(&self, token: &Secret) {
        let mut state = self.slot.lock().await;
        state.token.take_if(|(known, _)| known == token);
    }

    /// Our password at the giver.
    pub(super) fn secret(&self) -> &Secret {
        static NONE: std::sync::LazyLock<Secret> = std::sync::LazyLock::new(Secret::default);
        match &self.config.client_secret {
            SecretSource::Inline(secret) => secret,
            SecretSource::File(_) => &NONE,
        }
    }

    async fn ask(&self, in_body: bool) -> Result<Answer, TokenError> {
        let config = &self.config;
        let secret = inline(&config.client_secret);
        let mut fields = vec![("grant_type", "client_credentials".to_owned())];
        if !config.scopes.is_empty() {
            fields.push(("scope", config.scopes.join(" ")));
        }
        if in_body {
            fields.push(("client_id", config.client_id.clone()));
            fields.push(("client_secret", secret.to_owned()));
        }
        fields.extend(
            config.endpoint_params.iter().map(|(key, value)| (key.as_str(), value.clone())),
        );
        let pairs: Vec<String> = fields
            .iter()
            .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
            .collect();
        let mut request = self
            .client
            .post(&config.token_url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(pairs.join("&"));
        if !in_body {
            let value = basic(&encode(&config.client_id), &encode(secret));
            request = request.header(AUTHORIZATION, value.reveal());
        }
        let unreachable = |source: reqwest::Error| TokenError::Unreachable {
            host: self.host(),
            source: source.without_url(),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if !status.is_success() {
            return Err(TokenError::Denied { host: self.host(), status: status.as_u16() });
        }
        let body = self.body(response).await?;
        serde_json::from_slice(&body)
            .map_err(|source| TokenError::Unreadable { host: self.host(), source })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, TokenError> {
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await.map_err(|source| TokenError::Unreachable {
                host: self.host(),
                source: source.without_url(),
            })?;
            let Some(chunk) = chunk else { return Ok(body) };
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(TokenError::TooLong(self.host()));
            }
        }
    }

    fn host(&self) -> String {
        let url = reqwest::Url::parse(&self.config.token_url).ok();
        url.as_ref().and_then(reqwest::Url::host_str).unwrap_or("the token's giver").to_owned()
    }
}

/// The word before the token. Givers write `bearer`; who takes the token may want `Bearer`.
fn kind(written: &str) -> &str {
    match written {
        "" => "Bearer",
        written if written.eq_ignore_ascii_case("bearer") => "Bearer",
        written => written,
    }
}

/// Some givers put the number in quotes. Nothing above zero means that no end is known.
fn seconds(value: &serde_json::Value) -> Option<Span> {
    let seconds = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    (seconds > 0).then(|| Span(seconds.saturating_mul(1_000)))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}
