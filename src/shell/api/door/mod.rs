//! The daemon's own door: TLS, names with passwords, and headers, as `--web.config.file` says.
//!
//! The file and what it names are looked at with every connection and every request, so that new
//! certificates and passwords count at once. What breaks later changes nothing but the log.

mod names;
#[cfg(test)]
mod tests;
mod tls;
mod users;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;

use crate::config::ConfigErrors;
use crate::config::web::{self, ClientAuth, WebConfig};
use crate::domain::notification::receiver::SecretSource;
use crate::shell::chain;
use crate::shell::client::LineError;
use crate::shell::client::tls::TlsError;
use users::Users;

/// A door and what is known of its file.
#[derive(Debug)]
pub struct Door {
    path: PathBuf,
    kept: Mutex<Kept>,
    users: Users,
}

#[derive(Debug)]
struct Kept {
    marks: Marks,
    lock: Arc<Lock>,
}

/// When each file was written last, and how long it is.
type Marks = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// How the door is secured at a moment.
#[derive(Debug)]
pub(super) struct Lock {
    pub(super) tls: Option<Arc<ServerConfig>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    config: WebConfig,
}

/// A door that cannot be secured as its file says.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The file makes no sense.
    #[error("{0}")]
    Config(ConfigErrors),
    /// A file that it names cannot be read.
    #[error("cannot read what `tls_server_config` names")]
    File(#[source] LineError),
    /// A certificate or a key is not what it should be.
    #[error("cannot use `tls_server_config`")]
    Tls(#[source] TlsError),
    /// The file turned TLS off, which would lay open what people believe to be secured.
    #[error("`tls_server_config` is gone; the daemon must be restarted to do without TLS")]
    Laid,
}

impl Door {
    /// The door that a file describes.
    ///
    /// # Errors
    /// When anything about the file or what it names is wrong.
    pub fn open(path: &Path) -> Result<Self, DoorError> {
        let (marks, lock) = read(path);
        let kept = Kept { marks, lock: Arc::new(lock?) };
        Ok(Self { path: path.to_owned(), kept: Mutex::new(kept), users: Users::default() })
    }

    /// Puts the door before a router: whatever is there, nobody gets to it otherwise.
    pub fn guard(self: &Arc<Self>, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(Arc::clone(self), admit))
    }

    /// Whether names and passwords are asked for.
    pub fn asks_for_users(&self) -> bool {
        !self.lock().config.users.is_empty()
    }

    /// Whether it checks who vouches for a client's certificate.
    pub fn verifies_clients(&self) -> bool {
        self.lock().verifies_clients()
    }

    /// How it is secured now.
    pub(super) fn lock(&self) -> Arc<Lock> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let as_before = kept.marks.iter().all(|(path, before)| mark(path) == *before);
        if as_before {
            return Arc::clone(&kept.lock);
        }
        let (marks, lock) = read(&self.path);
        kept.marks = marks;
        match lock {
            Ok(lock) if lock.tls.is_none() && kept.lock.tls.is_some() => {
                self.stays(&DoorError::Laid);
            }
            Ok(lock) => {
                kept.lock = Arc::new(lock);
                tracing::info!(file = %self.path.display(), "Completed loading of web configuration");
            }
            Err(error) => self.stays(&error),
        }
        Arc::clone(&kept.lock)
    }

    fn stays(&self, error: &DoorError) {
        tracing::error!(file = %self.path.display(), error = chain(error),
            "Loading web configuration failed; the one in force stays");
    }
}

impl Lock {
    /// The names of a client's certificate, if who vouches for it was checked: a name that anybody
    /// can give to himself says nothing.
    pub(super) fn names_of(&self, chain: Option<&[CertificateDer<'_>]>) -> Vec<String> {
        let first = chain.and_then(<[_]>::first).filter(|_| self.verifies_clients());
        first.map(names::of).unwrap_or_default()
    }

    fn verifies_clients(&self) -> bool {
        self.config.tls.as_ref().is_some_and(|tls| {
            matches!(tls.client_auth, ClientAuth::VerifyIfGiven | ClientAuth::RequireAndVerify)
        })
    }
}

async fn admit(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let lock = door.lock();
    let admitted = lock.config.users.is_empty()
        || door.users.know(&lock.config.users, request.headers()).await;
    let mut response = if admitted {
        next.run(request).await
    } else {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic")];
        (StatusCode::UNAUTHORIZED, challenge, "Unauthorized\n").into_response()
    };
    for (name, value) in &lock.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

fn read(path: &Path) -> (Marks, Result<Lock, DoorError>) {
    let mut marks = Marks::new();
    // Looked at before it is read: a change in between is then seen as one.
    marks.insert(path.to_owned(), mark(path));
    let lock = web::load(path).map_err(DoorError::Config).and_then(|config| {
        for file in config.tls.iter().flat_map(named) {
            marks.insert(file.clone(), mark(&file));
        }
        let tls = config.tls.as_ref().map(|tls| tls::server(tls, config.http2)).transpose()?;
        let headers = config.headers.iter().filter_map(|(name, value)| {
            Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?))
        });
        Ok(Lock { tls: tls.map(Arc::new), headers: headers.collect(), config })
    });
    (marks, lock)
}

fn named(tls: &web::WebTls) -> Vec<PathBuf> {
    let sources = [Some(&tls.cert), Some(&tls.key), tls.client_ca.as_ref()];
    let files = sources.into_iter().flatten().filter_map(|source| match source {
        SecretSource::File(file) => Some(PathBuf::from(file)),
        SecretSource::Inline(_) => None,
    });
    files.collect()
}

fn mark(path: &Path) -> Option<(SystemTime, u64)> {
    let about = fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}
