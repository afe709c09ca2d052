//! What every handler may look at.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::gate::Token;
use crate::domain::Settings;
use crate::domain::value::matcher::ParseMode;
use crate::domain::value::{Span, Timestamp};
use crate::engine::Engine;
use crate::shell::clock;
use crate::shell::courier::Courier;
use crate::shell::handle::Handle;
use crate::shell::intake::http::{Crowd, Sources, Terms};
use crate::shell::metrics::Metrics;
use crate::shell::tracer::Tracer;

/// GET requests answered at one time, at least (`--web.get-concurrency` of Alertmanager).
const GETS_MIN: usize = 8;

/// How long a request may take before it is answered 503, unless the operator says otherwise.
const TIMEOUT: Span = Span::minutes(1);

/// Asks for a reload; what comes back is the error text, if it failed.
pub type Reload = mpsc::Sender<oneshot::Sender<Result<(), String>>>;

/// Explains why an alert went where it went; nothing if there is no such alert.
pub type Explain = fn(&Engine, &str) -> Option<serde_json::Value>;

/// What a reload may change.
#[derive(Debug)]
pub struct Setup {
    /// The rules in force.
    pub settings: Arc<Settings>,
    /// Who may send events.
    pub sources: Sources,
    /// Who may use the API. Empty means everybody, as with Alertmanager.
    pub tokens: Vec<Token>,
    /// How matchers in queries are read.
    pub matchers: ParseMode,
    /// The configuration with its secrets taken out, for `/api/v2/status`.
    pub original: String,
    /// What an operator should know: the loader's warnings.
    pub warnings: Vec<String>,
}

/// This daemon as the one peer of its cluster. Alertmanager's clients look for a cluster that is
/// ready; there is no gossip behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// `--cluster.peer-name`, or a name made at the start.
    pub name: String,
    /// Where others are told to find it: host and port.
    pub address: String,
}

/// What every handler may look at.
pub struct Context {
    /// The way to the engine.
    pub handle: Handle,
    /// Everything that is counted.
    pub metrics: Arc<Metrics>,
    /// Where everything is: empty, or `/foo` (`--web.route-prefix` of Alertmanager).
    pub route_prefix: String,
    /// When the daemon started.
    pub started: Timestamp,
    /// Who reloads.
    pub reload: Reload,
    /// Who explains.
    pub explain: Explain,
    /// Who carries messages that try a receiver out; without one, none is tried.
    pub courier: Option<Courier>,
    /// Who begins the spans of requests.
    pub tracer: Arc<Tracer>,
    /// Set if the daemon listens beyond loopback while no token is demanded.
    pub open_to_all: bool,
    /// How long a request may take before it is answered 503.
    pub timeout: Span,
    /// How many alerts of one name API v2 takes; nothing if there is no limit.
    pub crowd: Option<Crowd>,
    /// Set if the command line asks for a cluster.
    pub peer: Option<Peer>,
    /// Room for GET requests.
    pub(super) gets: Arc<Semaphore>,
    /// How much room there is altogether.
    pub(super) gets_max: usize,
    setup: RwLock<Arc<Setup>>,
    ready: AtomicBool,
}

impl Context {
    /// A context with nothing in front of it and nobody to explain; the rest can be set afterwards.
    pub fn new(handle: Handle, metrics: Arc<Metrics>, setup: Setup, reload: Reload) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let gets_max = cores.max(GETS_MIN);
        Self {
            handle,
            tracer: Arc::new(Tracer::new(Arc::clone(&metrics))),
            metrics,
            route_prefix: String::new(),
            started: clock::now(),
            reload,
            explain: |_, _| None,
            courier: None,
            open_to_all: false,
            timeout: TIMEOUT,
            crowd: None,
            peer: None,
            gets: Arc::new(Semaphore::new(gets_max)),
            gets_max,
            setup: RwLock::new(Arc::new(setup)),
            ready: AtomicBool::new(false),
        }
    }

    /// Answers so many GET requests at one time (`--web.get-concurrency` of Alertmanager).
    #[must_use]
    pub fn with_gets(mut self, gets_max: usize) -> Self {
        self.gets = Arc::new(Semaphore::new(gets_max));
        self.gets_max = gets_max;
        self
    }

    /// What is in force at this moment. A request looks once and keeps what it got.
    pub fn setup(&self) -> Arc<Setup> {
        Arc::clone(&self.setup.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another setup in force, for the requests to come. Its sources go on from what those of
    /// the same names knew.
    pub fn replace(&self, mut setup: Setup) {
        let mut in_force = self.setup.write().unwrap_or_else(PoisonError::into_inner);
        setup.sources.inherit(&in_force.sources);
        *in_force = Arc::new(setup);
    }

    /// Says whether the daemon can take events.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    /// Tells whether the daemon can take events.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(super) fn terms(&self, setup: &Setup) -> Terms<'_> {
        Terms {
            handle: &self.handle,
            metrics: &self.metrics,
            resolve_timeout: setup.settings.resolve_timeout,
            utf8: setup.matchers != ParseMode::Classic,
            crowd: self.crowd.as_ref(),
        }
    }
}

impl Setup {
    /// What an operator should know about this setup.
    pub fn all_warnings(&self, open_to_all: bool) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        if open_to_all && self.tokens.is_empty() {
            let text = "the API listens beyond this machine and demands no token: \
                        anybody who reaches it can read everything and give commands";
            warnings.push(text.to_owned());
        }
        let open: Vec<_> = self.sources.open().collect();
        if open_to_all && !open.is_empty() {
            warnings.push(format!("anybody can send events as: {}", open.join(", ")));
        }
        warnings
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("route_prefix", &self.route_prefix)
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}
