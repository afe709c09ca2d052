//! HTTP clients as `http_config` describes them: one for each kind of connection, shared by all
//! messages that need that kind.

pub(super) mod open;
#[cfg(test)]
pub(super) mod papers;
mod proxy;
pub mod tls;
mod token;

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::{Client, redirect};

use crate::domain::notification::receiver::{HttpConfig, WireConfig};
use crate::domain::value::{Secret, Span};
use token::{TokenError, Tokens};

/// How we name ourselves.
pub const USER_AGENT: &str = concat!("incidentd/", env!("CARGO_PKG_VERSION"));
/// Redirects that are followed where the configuration says so; as many as Go follows.
const REDIRECTS_MAX: usize = 10;
/// How long a connection may take to come about.
const CONNECT_MS_MAX: Span = Span::seconds(10);
/// How often a quiet HTTP/2 connection is asked whether it is still there.
const PING_MS: Span = Span::minutes(1);
/// Kinds of connections that are kept open; of more, the one unused for longest is closed.
const CLIENTS_MAX: usize = 128;

/// All clients, and the tokens that were got with them.
#[derive(Debug, Default)]
pub struct Clients {
    kept: Mutex<Vec<(Kind, Client)>>,
    tokens: Tokens,
}

/// A kind of connection: what those who share one must agree in. No file in it is yet to be read,
/// so that new contents make a new kind.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kind {
    follow_redirects: bool,
    only_http2: bool,
    wire: WireConfig,
}

/// A way to somebody, with what is to be said there each time.
#[derive(Debug)]
pub struct Line {
    /// Sends requests.
    pub client: Client,
    /// Headers for every request.
    pub headers: Vec<(String, Secret)>,
    identity: Identity,
}

/// Who we are on a line.
#[derive(Debug)]
enum Identity {
    Nobody,
    /// The value of `Authorization`.
    Known(Secret),
    /// Whoever the token says.
    Token(Box<token::Grant>),
}

/// A line that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// A file of the configuration cannot be read.
    #[error("cannot read `{file}`")]
    File {
        /// Its name.
        file: String,
        /// What is wrong.
        #[source]
        source: std::io::Error,
    },
    /// A file of the configuration is larger than any secret or certificate.
    #[error("`{0}` is larger than {max} KiB", max = open::FILE_BYTES_MAX >> 10)]
    TooLarge(String),
    /// What `tls_config` says cannot be used.
    #[error("cannot use `tls_config`")]
    Tls(#[source] tls::TlsError),
    /// What is said about a proxy cannot be used.
    #[error("cannot use the proxy")]
    Proxy(#[source] proxy::ProxyError),
    /// The client cannot be built.
    #[error("cannot build an HTTP client")]
    Client(#[source] reqwest::Error),
    /// The work did not end.
    #[error("the line was not finished")]
    Unfinished(#[source] tokio::task::JoinError),
    /// No token was given to us.
    #[error("cannot get a token for `oauth2`")]
    Token(#[source] TokenError),
}

impl Clients {
    /// No clients yet; they are built when they are needed.
    pub fn new() -> Self {
        // Only the first installation in a process counts; a second one is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self::default()
    }

    /// Reads the files of a configuration and finds the client for it.
    ///
    /// # Errors
    /// When a file cannot be read or does not say what it should.
    pub async fn line(self: &Arc<Self>, config: HttpConfig) -> Result<Line, LineError> {
        self.line_in(config, false).await
    }

    /// As [`Self::line`], but HTTP/2 is spoken from the first byte, as gRPC wants it.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub async fn grpc_line(self: &Arc<Self>, config: HttpConfig) -> Result<Line, LineError> {
        self.line_in(config, true).await
    }

    async fn line_in(
        self: &Arc<Self>,
        config: HttpConfig,
        only_http2: bool,
    ) -> Result<Line, LineError> {
        let clients = Arc::clone(self);
        // Files may lie on slow disks, and certificates take their time.
        let made = tokio::task::spawn_blocking(move || clients.make(&config, only_http2)).await;
        made.map_err(LineError::Unfinished)?
    }

    fn make(&self, config: &HttpConfig, only_http2: bool) -> Result<Line, LineError> {
        let identity = if let Some(oauth2) = &config.oauth2 {
            let oauth2 = open::oauth2(oauth2)?;
            let wire = oauth2.wire.clone();
            let kind = Kind { follow_redirects: true, only_http2: false, wire };
            Identity::Token(Box::new(self.tokens.grant(oauth2, self.client(kind)?)))
        } else {
            open::authorization(config)?.map_or(Identity::Nobody, Identity::Known)
        };
        let wire = open::wire(&config.wire)?;
        let follow_redirects = config.follow_redirects;
        let client = self.client(Kind { follow_redirects, only_http2, wire })?;
        Ok(Line { client, headers: open::headers(config)?, identity })
    }

    /// The client for a kind of connection; the one used last stands first.
    fn client(&self, kind: Kind) -> Result<Client, LineError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|(known, _)| *known == kind) {
            kept[..=at].rotate_right(1);
            return Ok(kept[0].1.clone());
        }
        let client = build(&kind)?;
        kept.truncate(CLIENTS_MAX - 1);
        kept.insert(0, (kind, client.clone()));
        Ok(client)
    }
}

impl Line {
    /// The value of `Authorization`; a token is asked for where none is known.
    ///
    /// # Errors
    /// When no token was given to us.
    pub async fn authorization(&self) -> Result<Option<Secret>, LineError> {
        match &self.identity {
            Identity::Nobody => Ok(None),
            Identity::Known(value) => Ok(Some(value.clone())),
            Identity::Token(grant) => grant.token().await.map(Some).map_err(LineError::Token),
        }
    }

    /// Throws a token away that was not taken. Returns whether there can be another.
    pub async fn refused(&self, authorization: &Secret) -> bool {
        match &self.identity {
            Identity::Nobody | Identity::Known(_) => false,
            Identity::Token(grant) => {
                grant.forget(authorization).await;
                true
            }
        }
    }

    /// What must not be told of, should the other side repeat it.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let known = match &self.identity {
            Identity::Known(value) => Some(value),
            Identity::Token(grant) => Some(grant.secret()),
            Identity::Nobody => None,
        };
        self.headers.iter().map(|(_, secret)| secret).chain(known)
    }
}

fn build(kind: &Kind) -> Result<Client, LineError> {
    let Kind { follow_redirects, only_http2, wire } = kind;
    let policy = if *follow_redirects {
        redirect::Policy::limited(REDIRECTS_MAX)
    } else {
        redirect::Policy::none()
    };
    let mut tls = tls::client(&wire.tls, wire.http2).map_err(LineError::Tls)?;
    if *only_http2 {
        tls.alpn_protocols = vec![b"h2".to_vec()];
    }
    // Alertmanager takes no proxy from the environment unless its configuration says so.
    let mut client = Client::builder()
        .no_proxy()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_MS_MAX.duration())
        .redirect(policy)
        .tls_info(true)
        .tls_backend_preconfigured(tls);
    for proxy in proxy::proxies(&wire.proxy).map_err(LineError::Proxy)? {
        client = client.proxy(proxy);
    }
    client = if *only_http2 {
        // Servers of gRPC hang up on who asks too often whether they are there.
        client.http2_prior_knowledge()
    } else if wire.http2 {
        client.http2_keep_alive_interval(PING_MS.duration())
    } else {
        client.http1_only()
    };
    client.build().map_err(LineError::Client)
}
