//! Sockets of our own: bound, kept to limits, put under TLS, stopped.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::inlet::Inlet;
use crate::domain::notification::receiver::TlsConfig;
use crate::domain::value::Span;
use crate::shell::client::LineError;
use crate::shell::client::open;
use crate::shell::client::tls::{TlsError, authorities, chain, inline, private_key, versions};

/// Connections at one time to one socket. What comes beyond them is closed at once, so that the
/// sender knows.
const CONNECTIONS_MAX: usize = 512;

/// How long a TLS handshake may take.
const HANDSHAKE_MS_MAX: Span = Span::seconds(10);

/// What an accept that failed for want of files waits for.
const ACCEPT_AGAIN_MS: Span = Span(100);

/// How long connections may go on after the listener was told to stop.
const DRAIN_MS_MAX: Span = Span::seconds(5);

/// The TLS of a listener as it is at this moment; certificates change while it runs.
pub type Tls = watch::Receiver<Option<Papers>>;

/// What a listener does with TLS. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Papers {
    /// How it shows who it is.
    pub config: Arc<ServerConfig>,
    /// Whether a client must show a certificate, too.
    pub asks: bool,
}

/// Why TLS cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum NoTls {
    /// A file cannot be read.
    #[error("cannot read what is needed for TLS")]
    File(#[source] LineError),
    /// A certificate or key is not what it should be.
    #[error("cannot use what was read for TLS")]
    Unusable(#[source] TlsError),
}

/// A socket that is bound.
#[derive(Debug)]
pub enum Bound {
    /// For datagrams.
    Datagram(UdpSocket),
    /// For connections.
    Stream(TcpListener),
}

impl Bound {
    /// Binds an address.
    ///
    /// # Errors
    /// When it is taken, or needs rights that the daemon does not have.
    pub async fn new(address: SocketAddr, datagram: bool) -> io::Result<Self> {
        if datagram {
            UdpSocket::bind(address).await.map(Self::Datagram)
        } else {
            TcpListener::bind(address).await.map(Self::Stream)
        }
    }

    /// Where it is.
    ///
    /// # Errors
    /// As the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Datagram(socket) => socket.local_addr(),
            Self::Stream(listener) => listener.local_addr(),
        }
    }
}

/// What a server does with TLS; its files are read. With authorities for clients, a client must
/// show a certificate of theirs.
///
/// # Errors
/// When a file cannot be read or used.
pub fn server_tls(config: &TlsConfig) -> Result<Papers, NoTls> {
    let opened = open::tls(config).map_err(NoTls::File)?;
    let config = Arc::new(build(&opened).map_err(NoTls::Unusable)?);
    Ok(Papers { config, asks: opened.ca.is_some() })
}

fn build(opened: &TlsConfig) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(opened.version_min, opened.version_max))
        .map_err(|error| TlsError::Unusable("the range of versions", error))?;
    let builder = match &opened.ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let roots = Arc::new(authorities("client_ca_file", inline(ca))?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.map_err(TlsError::Authorities)?)
        }
    };
    let Some((certificate, key)) = &opened.identity else {
        return Err(TlsError::NoCertificate("cert_file"));
    };
    builder
        .with_single_cert(chain("cert_file", inline(certificate))?, private_key(inline(key))?)
        .map_err(|error| TlsError::Unusable("the certificate with its key", error))
}

/// Puts a connection under TLS. Who speaks something else, or lacks the certificate that is asked
/// for, is told so in the way of TLS; the connection is closed.
pub async fn handshake<S>(
    stream: S,
    papers: Papers,
    (inlet, peer): (&Inlet, SocketAddr),
) -> Option<tokio_rustls::server::TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let accepting = TlsAcceptor::from(papers.config).accept(stream);
    match timeout(HANDSHAKE_MS_MAX.duration(), accepting).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            inlet.no_tls(peer, &error.to_string());
            None
        }
        Err(_) => {
            inlet.no_tls(peer, &format!("not done within {HANDSHAKE_MS_MAX}"));
            None
        }
    }
}

/// Takes connections until `stop` turns true; each is served by `serve`, which looks at `stop`
/// itself.
pub async fn accept<F>(
    listener: TcpListener,
    inlet: Inlet,
    mut stop: watch::Receiver<bool>,
    serve: impl Fn(TcpStream, SocketAddr) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut serving = JoinSet::new();
    loop {
        let (stream, peer, permit) = tokio::select! {
            accepted = next(&listener, &inlet, &room) => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (connection, served) = (inlet.connection(), serve(stream, peer));
        serving.spawn(async move {
            served.await;
            drop((connection, permit));
        });
        while serving.try_join_next().is_some() {}
    }
    drop(listener);
    let _ =
        timeout(DRAIN_MS_MAX.duration(), async { while serving.join_next().await.is_some() {} })
            .await;
}

async fn next(
    listener: &TcpListener,
    inlet: &Inlet,
    room: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        match listener.accept().await {
            Ok((_, peer)) if !inlet.listens_to(peer) => {}
            Ok((stream, peer)) => match Arc::clone(room).try_acquire_owned() {
                Ok(permit) => return (stream, peer, permit),
                Err(_) => inlet.dropped("connections", 1),
            },
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                sleep(ACCEPT_AGAIN_MS.duration()).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
