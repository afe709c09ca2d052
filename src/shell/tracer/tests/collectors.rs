//! Collectors that take what they are sent, and say what a test wants them to.

use std::io::Read;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, Version};
use flate2::read::GzDecoder;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use prost::Message;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::shell::client::tls;
use crate::shell::tracer::wire;

/// What a collector answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Says {
    Well,
    /// It has not taken so many spans.
    Partly(i64),
    Status(u16),
    /// A status of gRPC, behind a message.
    Code(u32),
    /// A status of gRPC in the head.
    CodeAtOnce(u32),
}

/// What a collector was sent.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) path: String,
    pub(super) is_http2: bool,
    headers: HeaderMap,
    request: wire::Request,
}

impl Heard {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn spans(&self) -> impl Iterator<Item = &wire::Span> {
        let scopes = self.request.resource_spans.iter().flat_map(|it| &it.scope_spans);
        scopes.flat_map(|scope| &scope.spans)
    }
}

type Sender = mpsc::UnboundedSender<Heard>;

/// What is said next; the last word is said for ever.
type Script = Arc<Mutex<Vec<Says>>>;

/// A collector that always says the same.
pub(super) async fn collector(says: Says) -> (String, mpsc::UnboundedReceiver<Heard>) {
    scripted(vec![says]).await
}

/// A collector on a port of its own, of both protocols.
pub(super) async fn scripted(script: Vec<Says>) -> (String, mpsc::UnboundedReceiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let (sender, heard) = mpsc::unbounded_channel();
    let router = router(sender, script);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (endpoint, heard)
}

/// A collector behind TLS, with this certificate and key.
pub(super) async fn secured(papers: (String, String)) -> (String, mpsc::UnboundedReceiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("localhost:{}", listener.local_addr().unwrap().port());
    let (sender, heard) = mpsc::unbounded_channel();
    let router = router(sender, vec![Says::Well]);
    let chain = tls::chain("cert", &papers.0).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, tls::private_key(&papers.1).unwrap())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = TowerToHyperService::new(router);
                let builder = Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (endpoint, heard)
}

fn router(sender: Sender, script: Vec<Says>) -> Router {
    Router::new().fallback(take).with_state((sender, Arc::new(Mutex::new(script))))
}

async fn take(
    State((sender, script)): State<(Sender, Script)>,
    version: Version,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let is_grpc = headers.get("content-type").is_some_and(|it| it == "application/grpc");
    let (is_packed, message) = if is_grpc {
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap());
        assert_eq!(length as usize, body.len() - 5);
        (body[0] == 1, &body[5..])
    } else {
        (headers.contains_key("content-encoding"), &body[..])
    };
    let mut plain = Vec::new();
    if is_packed {
        GzDecoder::new(message).read_to_end(&mut plain).unwrap();
    } else {
        plain.extend(message);
    }
    let request = wire::Request::decode(&*plain).unwrap();
    let path = uri.path().to_owned();
    let is_http2 = version == Version::HTTP_2;
    let _ = sender.send(Heard { path, is_http2, headers, request });
    let says = {
        let mut script = script.lock().unwrap();
        if script.len() > 1 { script.remove(0) } else { script[0] }
    };
    answer(says, is_grpc)
}

fn answer(says: Says, is_grpc: bool) -> Response<Body> {
    let status = if let Says::Status(status) = says { status } else { 200 };
    let code = if let Says::Code(code) | Says::CodeAtOnce(code) = says { code } else { 0 };
    let partial_success = match says {
        Says::Partly(rejected_spans) => {
            Some(wire::PartialSuccess { rejected_spans, error_message: "too old".to_owned() })
        }
        _ => None,
    };
    let message = wire::Answer { partial_success }.encode_to_vec();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let mut said = HeaderMap::new();
    said.insert("grpc-status", code.to_string().parse().unwrap());
    said.insert("grpc-message", HeaderValue::from_static("not%20today"));
    match says {
        Says::CodeAtOnce(_) => *response.headers_mut() = said,
        _ if is_grpc => {
            let mut data = vec![0];
            data.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
            data.extend(message);
            let frames = vec![Frame::trailers(said), Frame::data(Bytes::from(data))];
            *response.body_mut() = Body::new(Frames(frames));
        }
        _ => *response.body_mut() = Body::from(message),
    }
    response
}

type Frame = http_body::Frame<Bytes>;

/// A body with an end of its own, the last frame first.
struct Frames(Vec<Frame>);

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame, Self::Error>>> {
        Poll::Ready(self.0.pop().map(Ok))
    }
}
