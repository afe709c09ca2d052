//! Webhooks and Slack: a POST, and what the reply means.

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderName,
    InvalidHeaderValue, RETRY_AFTER,
};
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url, redirect};
use serde::Deserialize;

use super::{Class, Reason, Report, chain, excerpt};
use crate::domain::notification::message::Post;
use crate::domain::value::{Secret, Span};

/// How we name ourselves.
const USER_AGENT: &str = concat!("incidentd/", env!("CARGO_PKG_VERSION"));
/// Redirects that are followed where the configuration says so; as many as Go follows.
const REDIRECTS_MAX: usize = 10;
/// How long a connection may take to come about.
const CONNECT_MS_MAX: Span = Span::seconds(10);
/// What is read of a reply. The rest is not worth the memory.
const REPLY_BYTES_MAX: usize = 64 * 1024;
/// The longest wait that the other side may ask for.
const RETRY_AFTER_MS_MAX: Span = Span::hours(1);
/// Shorter words are not looked for in replies: they stand everywhere.
const SECRET_BYTES_MIN: usize = 6;

/// One client for each way to treat redirects, because reqwest decides that per client.
#[derive(Debug)]
pub(super) struct Clients {
    straight: Client,
    following: Client,
}

impl Clients {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        // Only the first installation in a process counts; a second one is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            straight: build(|client| client.redirect(redirect::Policy::none()))?,
            following: build(|client| client.redirect(redirect::Policy::limited(REDIRECTS_MAX)))?,
        })
    }
}

fn build(policy: impl Fn(ClientBuilder) -> ClientBuilder) -> Result<Client, reqwest::Error> {
    let builder = || {
        // Alertmanager takes no proxy from the environment unless its configuration says so.
        let client = Client::builder().no_proxy().user_agent(USER_AGENT);
        policy(client.connect_timeout(CONNECT_MS_MAX.duration()))
    };
    builder().build().or_else(|error| {
        // A machine without certificate authorities can still reach what speaks plain HTTP.
        tracing::warn!(error = chain(&error), "no HTTPS for notifications: no certificates found");
        builder().tls_certs_only([]).build()
    })
}

/// What came back.
struct Reply {
    status: StatusCode,
    after: Option<Span>,
    body: String,
}

pub(super) async fn webhook(clients: &Clients, post: &Post, limit: Span) -> Report {
    match deliver(clients, post, limit).await {
        Ok(reply) if reply.status.is_success() => Report::Delivered { provider: None },
        Ok(reply) => refused(&reply, post),
        Err(report) => report,
    }
}

pub(super) async fn slack(clients: &Clients, post: &Post, limit: Span) -> Report {
    let reply = match deliver(clients, post, limit).await {
        Ok(reply) if reply.status.is_success() => reply,
        Ok(reply) => return refused(&reply, post),
        Err(report) => return report,
    };
    // Webhooks answer `ok` in plain text, the Web API answers JSON.
    let Ok(answer) = serde_json::from_str::<SlackReply>(&reply.body) else {
        return Report::Delivered { provider: None };
    };
    if answer.ok == Some(false) {
        return slack_refused(&answer.error, reply.after, post);
    }
    Report::Delivered { provider: answer.ts }
}

#[derive(Deserialize)]
struct SlackReply {
    ok: Option<bool>,
    #[serde(default)]
    error: String,
    ts: Option<String>,
}

/// Slack says what is wrong in a word, with status 200.
fn slack_refused(word: &str, after: Option<Span>, post: &Post) -> Report {
    let (class, reason) = match word {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            (Class::Retry { after }, Reason::RateLimited)
        }
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
            (Class::Retry { after }, Reason::ServerError)
        }
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired"
        | "no_permission" | "missing_scope" | "invalid_token" => {
            (Class::Permanent, Reason::AuthError)
        }
        _ => (Class::Permanent, Reason::ClientError),
    };
    let why = format!("{} refused the message: {}", host(post), conceal(&excerpt(word), post));
    Report::Failed { class, why, reason }
}

/// What a status outside 2xx means.
fn refused(reply: &Reply, post: &Post) -> Report {
    let status = reply.status;
    let class = match status.as_u16() {
        408 | 429 | 500..=599 => Class::Retry { after: reply.after },
        _ => Class::Permanent,
    };
    let reason = match status.as_u16() {
        401 | 403 => Reason::AuthError,
        429 => Reason::RateLimited,
        400..=499 => Reason::ClientError,
        500..=599 => Reason::ServerError,
        _ => Reason::Other,
    };
    let mut why = format!("{} answered {status}", host(post));
    if status.is_redirection() {
        why.push_str(", and redirects are not followed here (`follow_redirects`)");
    }
    let words = conceal(&excerpt(&reply.body), post);
    if !words.is_empty() {
        why = format!("{why}: {words}");
    }
    Report::Failed { class, why, reason }
}

async fn deliver(clients: &Clients, post: &Post, limit: Span) -> Result<Reply, Report> {
    let url = Url::parse(post.url.reveal())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| unsendable("its address is not a URL like https://example.org/hook"))?;
    let headers = headers(post).map_err(|why| unsendable(&why))?;
    let client = if post.http.follow_redirects { &clients.following } else { &clients.straight };
    let mut request = client
        .post(url)
        .timeout(limit.duration())
        .headers(headers)
        .body(post.body.clone().into_bytes());
    if let Some((user, password)) = &post.http.basic_auth {
        request = request.basic_auth(user, Some(password.reveal()));
    }
    match request.send().await {
        Ok(response) => Ok(read(response).await),
        Err(error) => Err(failed(error, post, limit)),
    }
}

fn headers(post: &Post) -> Result<HeaderMap, String> {
    let name = |name: &str| {
        name.parse::<HeaderName>()
            .map_err(|_: InvalidHeaderName| format!("`{name}` is not the name of an HTTP header"))
    };
    let secret = |name: &str, value: &str| {
        let mut value: HeaderValue = value.parse().map_err(|_: InvalidHeaderValue| {
            format!("the value for the HTTP header `{name}` has characters that none may have")
        })?;
        value.set_sensitive(true);
        Ok::<_, String>(value)
    };
    let mut map = HeaderMap::new();
    for (key, value) in &post.headers {
        map.insert(name(key)?, secret(key, value)?);
    }
    if let Some((kind, credentials)) = &post.http.authorization {
        let value = format!("{kind} {}", credentials.reveal());
        map.insert(AUTHORIZATION, secret("Authorization", &value)?);
    }
    for (key, value) in &post.http.headers {
        map.insert(name(key)?, secret(key, value.reveal())?);
    }
    map.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    Ok(map)
}

/// The reply counts by its status. A body that breaks off changes nothing about it.
async fn read(mut response: Response) -> Reply {
    let status = response.status();
    let after = retry_after(response.headers());
    let mut body = Vec::new();
    while body.len() < REPLY_BYTES_MAX {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        let room = REPLY_BYTES_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Reply { status, after, body: String::from_utf8_lossy(&body).into_owned() }
}

/// `Retry-After` in seconds, or as a date, which is held against the reply's own date: the two
/// clocks need not agree.
fn retry_after(headers: &HeaderMap) -> Option<Span> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let wanted = text(RETRY_AFTER)?.trim();
    let span = if let Ok(seconds) = wanted.parse::<u32>() {
        Span::seconds(seconds.into())
    } else {
        let parser = DateTimeParser::new().relaxed_weekday(true);
        let until = parser.parse_timestamp(wanted).ok()?;
        let from = parser.parse_timestamp(text(DATE)?).ok()?;
        let ms = until.as_millisecond().saturating_sub(from.as_millisecond());
        Span(u64::try_from(ms).unwrap_or(0))
    };
    Some(span.min(RETRY_AFTER_MS_MAX))
}

/// A message that no server will ever see as it is.
fn unsendable(why: &str) -> Report {
    Report::Failed {
        class: Class::Permanent,
        why: format!("the message cannot be sent: {why}"),
        reason: Reason::Other,
    }
}

fn failed(error: reqwest::Error, post: &Post, limit: Span) -> Report {
    let host = host(post);
    if error.is_timeout() {
        return Report::Failed {
            class: Class::Retry { after: None },
            why: format!("{host} did not answer within {limit}"),
            reason: Reason::ContextDeadlineExceeded,
        };
    }
    let permanent = error.is_builder() || error.is_redirect();
    let why = conceal(&excerpt(&chain(&error.without_url())), post);
    Report::Failed {
        class: if permanent { Class::Permanent } else { Class::Retry { after: None } },
        why: format!("failed to reach {host}: {why}"),
        reason: Reason::Other,
    }
}

/// The part of the address that may be shown: a webhook's path is its password.
fn host(post: &Post) -> String {
    let url = Url::parse(post.url.reveal()).ok();
    url.as_ref().and_then(Url::host_str).unwrap_or("the receiver").to_owned()
}

/// Takes our secrets out of words that the other side, or a library, said.
fn conceal(text: &str, post: &Post) -> String {
    let url = Url::parse(post.url.reveal()).ok();
    let parts = url.iter().flat_map(|url| {
        let query = url.query().unwrap_or_default();
        [url.as_str(), url.path(), query, url.password().unwrap_or_default()].map(str::to_owned)
    });
    let http = &post.http;
    let secrets = (http.authorization.iter().chain(&http.basic_auth).chain(&http.headers))
        .map(|(_, secret): &(String, Secret)| secret.reveal().to_owned());
    parts
        .chain(secrets)
        .filter(|secret| secret.len() >= SECRET_BYTES_MIN)
        .fold(text.to_owned(), |text, secret| text.replace(&secret, "<secret>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_given_in_seconds_or_as_a_date() {
        let date = "Sun, 01 Mar 2026 12:00:00 GMT";
        for (wanted, date, wait) in [
            ("7", None, Some(Span::seconds(7))),
            ("999999", None, Some(Span::hours(1))),
            ("Sun, 01 Mar 2026 12:02:00 GMT", Some(date), Some(Span::minutes(2))),
            ("Sun, 01 Mar 2026 11:00:00 GMT", Some(date), Some(Span::ZERO)),
            ("Sun, 01 Mar 2026 12:02:00 GMT", None, None),
            ("soon", Some(date), None),
            ("-1", None, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, wanted.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            assert_eq!(retry_after(&headers), wait, "{wanted}");
        }
    }
}
