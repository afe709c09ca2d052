//! Listens until it is told to stop, then finishes what it has begun.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::util::MapRequest;

use super::door::Door;
use crate::domain::value::Span;
use crate::shell::intake::http::Remote;

/// How long requests that have begun may go on after the daemon was told to stop.
const DRAIN_MS_MAX: Span = Span::seconds(10);

/// Connections at one time; more of them wait to be accepted.
const CONNECTIONS_MAX: usize = 4_096;

/// How long a connection may stay without the head of a request. Senders that keep connections
/// repeat themselves every 15, 30 or 60 s: closing one just then would lose a request.
const HEAD_MS_MAX: Span = Span::seconds(75);

/// Requests at one time on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;

/// What an accept that failed for want of files waits for.
const ACCEPT_AGAIN_MS: Span = Span(100);

/// How long a TLS handshake may take.
const HANDSHAKE_MS_MAX: Span = Span::seconds(10);

/// Answers requests until `stop` turns true or its sender is gone; requests that have begun may
/// then take a while longer. With a door, nobody gets in but through it.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    door: Option<Arc<Door>>,
    mut stop: watch::Receiver<bool>,
) {
    let router = match &door {
        Some(door) => door.guard(router),
        None => router,
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_MS_MAX.duration());
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_MS_MAX.duration())
        .max_concurrent_streams(STREAMS_MAX);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let (stream, permit) = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (router, address) = (router.clone(), stream.peer_addr().ok());
        let (builder, watcher) = (builder.clone(), graceful.watcher());
        let lock = door.as_ref().map(|door| door.lock());
        tokio::spawn(async move {
            let remote = |names| address.map(|address| Remote { address: address.ip(), names });
            // A sender that breaks off is its own affair; it will send again.
            match lock.as_ref().and_then(|lock| Some((lock, lock.tls.clone()?))) {
                None => {
                    let service = known(router, remote(Vec::new()));
                    let connection = builder.serve_connection(TokioIo::new(stream), service);
                    let _ = watcher.watch(connection.into_owned()).await;
                }
                Some((lock, tls)) => {
                    let handshake = TlsAcceptor::from(tls).accept(stream);
                    match timeout(HANDSHAKE_MS_MAX.duration(), handshake).await {
                        Ok(Ok(stream)) => {
                            let names = lock.names_of(stream.get_ref().1.peer_certificates());
                            let service = known(router, remote(names));
                            let connection =
                                builder.serve_connection(TokioIo::new(stream), service);
                            let _ = watcher.watch(connection.into_owned()).await;
                        }
                        Ok(Err(error)) => tracing::debug!(%error, "no TLS with a client"),
                        Err(_) => tracing::debug!("a client did not finish its TLS handshake"),
                    }
                }
            }
            drop(permit);
        });
    }
    drop(listener);
    let _ = timeout(DRAIN_MS_MAX.duration(), graceful.shutdown()).await;
}

/// The service for one connection: every request of it tells who is at the other end.
fn known<B>(
    router: Router,
    remote: Option<Remote>,
) -> TowerToHyperService<MapRequest<Router, impl FnMut(Request<B>) -> Request<B> + Clone>> {
    let remote = remote.map(Arc::new);
    let knock = move |mut request: Request<B>| {
        if let Some(remote) = &remote {
            request.extensions_mut().insert(Arc::clone(remote));
        }
        request
    };
    TowerToHyperService::new(MapRequest::new(router, knock))
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (tokio::net::TcpStream, OwnedSemaphorePermit) {
    let permit = Arc::clone(room).acquire_owned().await.expect("the room is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and somebody waits for each: no byte waits for more.
                let _ = stream.set_nodelay(true);
                return (stream, permit);
            }
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                sleep(ACCEPT_AGAIN_MS.duration()).await;
            }
        }
    }
}
