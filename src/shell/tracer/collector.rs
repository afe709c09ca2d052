//! A collector: takes one batch by OTLP, over HTTP or as a unary call of gRPC.

use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::poll_fn;
use percent_encoding::percent_decode_str;
use prost::Message;
use reqwest::Body;

use super::wire;
use crate::config::{Tracing, TracingClient};
use crate::domain::notification::message::exchange::excerpt;
use crate::domain::notification::receiver::{
    HttpConfig, ProxyConfig, ProxyRoute, TlsConfig, WireConfig,
};
use crate::domain::value::Span;
use crate::shell::chain;
use crate::shell::client::{Clients, Line, LineError};
use crate::shell::metrics::SpanLoss;

/// What is read of an answer: a few words.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// The service and its method, by `opentelemetry.proto.collector.trace.v1`.
const EXPORT: &str = "opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// Statuses that pass, as OTLP has them: cancelled, deadline exceeded, aborted, out of range,
/// unavailable, data loss.
const PASSING_CODES: [u32; 6] = [1, 4, 10, 11, 14, 15];

/// A collector.
#[derive(Debug)]
pub(super) struct Collector {
    clients: Arc<Clients>,
    client: TracingClient,
    endpoint: String,
    url: String,
    http: HttpConfig,
    gzip: bool,
    timeout: Span,
}

/// Why a batch was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) why: String,
    /// Whether it may be taken later.
    pub(super) is_passing: bool,
    /// When, if the collector says so.
    pub(super) after: Option<Span>,
}

impl Failure {
    fn passing(why: String) -> Self {
        Self { why, is_passing: true, after: None }
    }

    fn lasting(why: String) -> Self {
        Self { why, is_passing: false, after: None }
    }

    /// What becomes of the spans, if nobody tries again.
    pub(super) fn loss(&self) -> SpanLoss {
        if self.is_passing { SpanLoss::Unreachable } else { SpanLoss::Refused }
    }
}

impl Collector {
    pub(super) fn new(config: &Tracing, clients: Arc<Clients>) -> Self {
        let Tracing { client, insecure, .. } = *config;
        let scheme = if insecure { "http" } else { "https" };
        // Exporters of Go ask the environment. gRPC without TLS cannot go through a proxy that
        // takes whole requests.
        let route = match (client, insecure) {
            (TracingClient::Grpc, true) => ProxyRoute::Direct,
            (TracingClient::Grpc, false) | (TracingClient::Http, _) => ProxyRoute::Environment,
        };
        let is_bare = config.endpoint.rsplit(']').next().is_some_and(|rest| !rest.contains(':'));
        let (port, path) = match client {
            // Go's gRPC takes this port where none is given, also without TLS.
            TracingClient::Grpc if is_bare => (":443", EXPORT),
            TracingClient::Grpc => ("", EXPORT),
            TracingClient::Http => ("", "v1/traces"),
        };
        Self {
            clients,
            client,
            endpoint: config.endpoint.clone(),
            url: format!("{scheme}://{}{port}/{path}", config.endpoint),
            http: HttpConfig {
                headers: config.headers.clone(),
                wire: WireConfig {
                    http2: true,
                    proxy: ProxyConfig { route, connect_headers: Vec::new() },
                    tls: if insecure { TlsConfig::default() } else { config.tls.clone() },
                },
                ..HttpConfig::default()
            },
            gzip: config.gzip,
            timeout: config.timeout,
        }
    }

    /// The address, as it was written.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Reads the files that it needs, without a word to anybody.
    ///
    /// # Errors
    /// When one cannot be used.
    pub(super) async fn try_out(&self) -> Result<(), LineError> {
        self.line().await.map(drop)
    }

    /// Sends a batch and returns how many of its spans were not taken.
    ///
    /// # Errors
    /// When none was taken, with the reason.
    pub(super) async fn send(&self, spans: &[u8]) -> Result<u64, Failure> {
        let sent = tokio::time::timeout(self.timeout.duration(), self.exchange(spans)).await;
        sent.unwrap_or_else(|_| {
            Err(Failure::passing(format!("it did not answer within {}", self.timeout)))
        })
    }

    async fn exchange(&self, spans: &[u8]) -> Result<u64, Failure> {
        let line = self.line().await.map_err(|error| Failure::passing(chain(&error)))?;
        let body = self.body(spans);
        let mut headers = self.headers();
        for (name, value) in &line.headers {
            let pair = name.parse::<HeaderName>().ok().zip(value.reveal().parse().ok());
            let Some((key, mut value)): Option<(HeaderName, HeaderValue)> = pair else {
                return Err(Failure::lasting(format!("the header `{name}` cannot be sent")));
            };
            value.set_sensitive(true);
            headers.append(key, value);
        }
        let request = line.client.post(&self.url).headers(headers).body(body);
        let unreached = |error: reqwest::Error| Failure::passing(chain(&error.without_url()));
        let response = Response::from(request.send().await.map_err(unreached)?);
        let heard = match self.client {
            TracingClient::Http => hear_http(response).await,
            TracingClient::Grpc => hear_grpc(response).await,
        };
        heard.map_err(|failure| Failure { why: conceal(&failure.why, &line), ..failure })
    }

    async fn line(&self) -> Result<Line, LineError> {
        match self.client {
            TracingClient::Http => self.clients.line(self.http.clone()).await,
            TracingClient::Grpc => self.clients.grpc_line(self.http.clone()).await,
        }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let gzip = HeaderValue::from_static("gzip");
        match self.client {
            TracingClient::Http => {
                let protobuf = HeaderValue::from_static("application/x-protobuf");
                headers.insert(header::CONTENT_TYPE, protobuf);
                if self.gzip {
                    headers.insert(header::CONTENT_ENCODING, gzip);
                }
            }
            TracingClient::Grpc => {
                let grpc = HeaderValue::from_static("application/grpc");
                headers.insert(header::CONTENT_TYPE, grpc);
                headers.insert(header::TE, HeaderValue::from_static("trailers"));
                if self.gzip {
                    headers.insert(HeaderName::from_static("grpc-encoding"), gzip);
                }
            }
        }
        headers
    }

    fn body(&self, spans: &[u8]) -> Vec<u8> {
        let packed = self.gzip.then(|| pack(spans));
        let message = packed.as_deref().unwrap_or(spans);
        match self.client {
            TracingClient::Http => message.to_vec(),
            TracingClient::Grpc => frame(message, self.gzip),
        }
    }
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("memory takes whatever is written")
}

/// A message of gRPC: whether it is packed, how long it is, and itself.
fn frame(message: &[u8], is_packed: bool) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a batch is far below 4 GiB");
    let mut framed = Vec::with_capacity(message.len() + 5);
    framed.push(u8::from(is_packed));
    framed.extend(length.to_be_bytes());
    framed.extend(message);
    framed
}

async fn hear_http(response: Response<Body>) -> Result<u64, Failure> {
    let (head, body) = response.into_parts();
    let (body, _) = read(body).await;
    if head.status.is_success() {
        return Ok(rejected(&body));
    }
    let said = wire::Fault::decode(&*body).map(|fault| fault.message).ok();
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
    let after = head.headers.get(header::RETRY_AFTER).and_then(|after| after.to_str().ok());
    let after = after.and_then(|after| after.trim().parse::<u32>().ok());
    Err(Failure {
        why: words(&format!("it answered with HTTP status {}", head.status.as_u16()), &said),
        is_passing: is_passing(head.status),
        after: after.map(|seconds| Span::seconds(seconds.into())),
    })
}

async fn hear_grpc(response: Response<Body>) -> Result<u64, Failure> {
    let (head, body) = response.into_parts();
    let (body, trailers) = read(body).await;
    // An answer without a message has its status in the head.
    let field = |name: &str| trailers.get(name).or_else(|| head.headers.get(name));
    let field = |name: &str| field(name).and_then(|value| value.to_str().ok());
    let Some(code) = field("grpc-status").and_then(|code| code.parse::<u32>().ok()) else {
        let status = head.status.as_u16();
        let why = format!("it does not speak gRPC: it answered with HTTP status {status}");
        return Err(Failure { why, is_passing: is_passing(head.status), after: None });
    };
    if code == 0 {
        return Ok(rejected(body.get(5..).unwrap_or_default()));
    }
    let said = field("grpc-message").unwrap_or_default();
    let said = percent_decode_str(said).decode_utf8_lossy();
    Err(Failure {
        why: words(&format!("it answered with gRPC status {code}"), &said),
        is_passing: PASSING_CODES.contains(&code),
        after: None,
    })
}

/// What OTLP says is worth another attempt.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// How many spans an answer says were not taken.
fn rejected(answer: &[u8]) -> u64 {
    let answer = wire::Answer::decode(answer).unwrap_or_default();
    let rejected = answer.partial_success.map_or(0, |partial| partial.rejected_spans);
    u64::try_from(rejected).unwrap_or(0)
}

fn words(what: &str, said: &str) -> String {
    let said = excerpt(said);
    if said.is_empty() { what.to_owned() } else { format!("{what}: {said}") }
}

/// The body, as far as it is worth reading, and what comes behind it.
async fn read(mut body: Body) -> (Vec<u8>, HeaderMap) {
    let (mut bytes, mut trailers) = (Vec::new(), HeaderMap::new());
    while bytes.len() <= ANSWER_BYTES_MAX {
        let frame = poll_fn(|waker| Pin::new(&mut body).poll_frame(waker)).await;
        let Some(Ok(frame)) = frame else { break };
        match frame.into_data() {
            Ok(more) => bytes.extend::<Bytes>(more),
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    (bytes, trailers)
}

/// A collector may repeat what it was told.
fn conceal(text: &str, line: &Line) -> String {
    let secrets = line.secrets().filter(|secret| !secret.reveal().is_empty());
    secrets.fold(text.to_owned(), |text, secret| text.replace(secret.reveal(), "<secret>"))
}
