//! HTTP: carries requests and brings replies back, without understanding either.

use std::sync::Arc;

use jiff::fmt::rfc2822::DateTimeParser;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderName,
    InvalidHeaderValue, RETRY_AFTER,
};
use reqwest::{Response, Url};

use super::kept::Kept;
use super::{Class, Reason, Report};
use crate::domain::notification::message::Http;
use crate::domain::notification::message::exchange::{
    Listener, Method, Place, Proof, REQUESTS_MAX, Recall, Reply, Request, Step, excerpt,
};
use crate::domain::notification::receiver::SecretSource;
use crate::domain::value::{Secret, Span};
use crate::shell::chain;
use crate::shell::client::{Clients, Line, LineError, open};
use crate::shell::clock;
use crate::shell::tracer::{SpanContext, TRACEPARENT};

/// What is read of a reply. The rest is not worth the memory.
const REPLY_BYTES_MAX: usize = 64 * 1024;
/// The longest wait that the other side may ask for.
const RETRY_AFTER_MS_MAX: Span = Span::hours(1);
/// Shorter words are not looked for in replies: they stand everywhere.
const SECRET_BYTES_MIN: usize = 6;

/// Makes one attempt.
pub(super) async fn send(
    clients: &Arc<Clients>,
    kept: &Kept,
    message: Http,
    limit: Span,
    span: Option<SpanContext>,
) -> Report {
    let host = host(&message.first);
    let exchange = tokio::time::timeout(limit.duration(), exchange(clients, kept, message, span));
    exchange.await.unwrap_or_else(|_| Report::Failed {
        class: Class::Retry { after: None },
        why: format!("{host} did not answer within {limit}"),
        reason: Reason::ContextDeadlineExceeded,
    })
}

/// Sends what is to be sent until the listener has heard enough.
async fn exchange(
    clients: &Arc<Clients>,
    kept: &Kept,
    message: Http,
    span: Option<SpanContext>,
) -> Report {
    let Http { first, mut listener, http, .. } = message;
    let mut request = first;
    let mut line = match clients.line(http).await {
        Ok(line) => line,
        Err(error) => return unready(&error, &request),
    };
    if let Some(span) = span {
        trace(&mut line, span);
    }
    for _ in 0..REQUESTS_MAX {
        let reply = match answer(&line, kept, &mut request, &*listener).await {
            Ok(reply) => reply,
            Err(report) => return report,
        };
        match listener.hear(&reply) {
            Step::Send(next) => request = next,
            Step::End(Report::Failed { class, why, reason }) => {
                let why = format!("{} {}", host(&request), conceal(&why, &request, &line));
                return Report::Failed { class, why, reason };
            }
            Step::End(delivered @ Report::Delivered { .. }) => return delivered,
        }
    }
    let why = format!("{} wanted more than {REQUESTS_MAX} requests", host(&request));
    Report::Failed { class: Class::Permanent, why, reason: Reason::Other }
}

/// Tells the other side which span its requests come from, unless the configuration says another.
fn trace(line: &mut Line, span: SpanContext) {
    if !line.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(TRACEPARENT)) {
        line.headers.push((TRACEPARENT.to_owned(), Secret::new(span.to_string())));
    }
}

/// A reply that was kept, or the other side's.
async fn answer(
    line: &Line,
    kept: &Kept,
    request: &mut Request,
    listener: &dyn Listener,
) -> Result<Reply, Report> {
    if request.recall == Recall::Never {
        prove(request).await?;
        return carry(line, request).await;
    }
    let slot = kept.slot(request);
    // Who holds the lock asks for all who wait.
    let mut slot = slot.lock().await;
    if request.recall == Recall::Kept
        && let Some((reply, end)) = &*slot
        && clock::now() < *end
    {
        return Ok(reply.clone());
    }
    *slot = None;
    prove(request).await?;
    let reply = carry(line, request).await?;
    *slot = listener.keep(&reply).map(|span| (reply.clone(), clock::now() + span));
    Ok(reply)
}

/// Puts the word in its place that stands in a file.
async fn prove(request: &mut Request) -> Result<(), Report> {
    let Some(Proof { file, place }) = request.proof.take() else { return Ok(()) };
    let read = tokio::task::spawn_blocking(move || open::text(&SecretSource::File(file)));
    let read = read.await.map_err(LineError::Unfinished).and_then(|read| read);
    let word = read.map_err(|error| unready(&error, request))?;
    match place {
        Place::Header(name) => request.headers.push((name, word)),
        Place::Form(name) => {
            let field = utf8_percent_encode(word.reveal(), NON_ALPHANUMERIC);
            request.body = format!("{}&{name}={field}", request.body);
            request.secrets.push(word);
        }
    }
    Ok(())
}

async fn carry(line: &Line, request: &Request) -> Result<Reply, Report> {
    let url = Url::parse(request.url.reveal())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| unsendable("its address is not a URL like https://example.org/hook"))?;
    // A request that says itself who sends it knows better.
    let says_who = |(name, _): &(&str, Secret)| name.eq_ignore_ascii_case("authorization");
    if request.headers.iter().any(says_who) {
        return once(line, request, url, None).await;
    }
    let authorization = line.authorization().await.map_err(|error| unready(&error, request))?;
    let reply = once(line, request, url.clone(), authorization.as_ref()).await?;
    match &authorization {
        // A token can end before its time; another one may be taken.
        Some(token) if reply.status == 401 && line.refused(token).await => {
            let another = line.authorization().await.map_err(|error| unready(&error, request))?;
            once(line, request, url, another.as_ref()).await
        }
        Some(_) | None => Ok(reply),
    }
}

async fn once(
    line: &Line,
    request: &Request,
    url: Url,
    authorization: Option<&Secret>,
) -> Result<Reply, Report> {
    let headers = headers(request, line, authorization).map_err(|why| unsendable(&why))?;
    let mut builder = match request.method {
        Method::Get => line.client.get(url),
        Method::Post => line.client.post(url),
        Method::Put => line.client.put(url),
    };
    builder = builder.headers(headers);
    if !request.body.is_empty() {
        builder = builder.body(request.body.clone().into_bytes());
    }
    match builder.send().await {
        Ok(response) => Ok(read(response).await),
        Err(error) => Err(failed(error, request, line)),
    }
}

fn headers(
    request: &Request,
    line: &Line,
    authorization: Option<&Secret>,
) -> Result<HeaderMap, String> {
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
    for (key, value) in &request.headers {
        map.insert(name(key)?, secret(key, value.reveal())?);
    }
    if let Some(value) = authorization {
        map.insert(AUTHORIZATION, secret("Authorization", value.reveal())?);
    }
    // What the configuration says goes before what we say; its own values stand side by side.
    for (key, _) in &line.headers {
        map.remove(name(key)?);
    }
    for (key, value) in &line.headers {
        map.append(name(key)?, secret(key, value.reveal())?);
    }
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
    Reply {
        status: status.as_u16(),
        phrase: status.canonical_reason().unwrap_or_default(),
        after,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
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

/// A configuration that does not let us speak yet: an operator can mend that while the message waits.
fn unready(error: &LineError, request: &Request) -> Report {
    Report::Failed {
        class: Class::Retry { after: None },
        why: format!("failed to speak to {}: {}", host(request), excerpt(&chain(error))),
        reason: Reason::Other,
    }
}

fn failed(error: reqwest::Error, request: &Request, line: &Line) -> Report {
    let permanent = error.is_builder() || error.is_redirect();
    let why = conceal(&excerpt(&chain(&error.without_url())), request, line);
    Report::Failed {
        class: if permanent { Class::Permanent } else { Class::Retry { after: None } },
        why: format!("failed to reach {}: {why}", host(request)),
        reason: Reason::Other,
    }
}

/// The part of the address that may be shown: a webhook's path is its password.
fn host(request: &Request) -> String {
    let url = Url::parse(request.url.reveal()).ok();
    url.as_ref().and_then(Url::host_str).unwrap_or("the receiver").to_owned()
}

/// Takes our secrets out of words that the other side, or a library, said.
fn conceal(text: &str, request: &Request, line: &Line) -> String {
    let url = Url::parse(request.url.reveal()).ok();
    let parts = url.iter().flat_map(|url| {
        let query = url.query().unwrap_or_default();
        [url.as_str(), url.path(), query, url.password().unwrap_or_default()].map(str::to_owned)
    });
    let open = [CONTENT_TYPE.as_str(), "idempotency-key"];
    let of_request = request
        .headers
        .iter()
        .filter(|(name, _)| !open.contains(&name.to_ascii_lowercase().as_str()))
        .map(|(_, secret)| secret);
    let secrets = line.secrets().chain(of_request).chain(&request.secrets);
    // `Bearer sesame` may come back as `sesame`.
    let words = secrets.flat_map(|secret| {
        let whole = secret.reveal();
        [Some(whole), whole.split_once(' ').map(|(_, rest)| rest)].into_iter().flatten()
    });
    parts
        .chain(words.map(str::to_owned))
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
