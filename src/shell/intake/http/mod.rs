//! Intake over HTTP: who may send to a source, how much, and what becomes of a body.

pub mod auth;
mod body;
mod bucket;
mod crowd;
mod encoding;
mod limits;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;

use crate::domain::Tally;
use crate::domain::event::Signal;
use crate::domain::event::adapter::{self, Head, Kind, Note, Read, Rejection, Unreadable};
use crate::domain::value::{Severity, Span, Timestamp};
use crate::engine::{Heard, Input};
use crate::shell::clock::{self, Stopwatch};
use crate::shell::handle::{Handle, NotTaken};
use crate::shell::metrics::Metrics;

pub use auth::Auth;
pub use body::{Unread, collect};
pub use crowd::Crowd;
pub use limits::{Limits, Rate};

use auth::Verdict;
use bucket::Bucket;

/// The source of what is posted to `/api/v2/alerts`, unless the configuration names another.
pub const ALERTMANAGER: &str = "alertmanager";

/// A source as the door sees it.
#[derive(Debug)]
pub struct Intake {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// What its bodies look like.
    pub kind: Kind,
    /// What a sender may show to be let in; any one will do. Empty means that everybody may send.
    pub auth: Vec<Auth>,
    /// How much it may send.
    pub limits: Limits,
    /// What its words for the severity mean, where they mean something else than elsewhere.
    pub severity_map: BTreeMap<String, Severity>,
    bucket: Mutex<Bucket>,
    age: Stopwatch,
}

/// Every source that may send over HTTP.
#[derive(Debug)]
pub struct Sources {
    by_name: BTreeMap<String, Arc<Intake>>,
    plain: Arc<Intake>,
}

/// What holds for every request, whatever its source.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Where events go.
    pub handle: &'a Handle,
    /// Where everything is counted.
    pub metrics: &'a Metrics,
    /// How long an alert without an end is believed.
    pub resolve_timeout: Span,
    /// Whether any UTF-8 label name is taken.
    pub utf8: bool,
    /// How many alerts of one name API v2 takes; nothing if there is no limit.
    pub crowd: Option<&'a Crowd>,
}

/// A body that was taken in. Its facts are on disk.
#[derive(Debug)]
pub struct Taken {
    /// Events that said that something holds.
    pub firing: u64,
    /// Events that said that something is over.
    pub resolved: u64,
    /// What became of them.
    pub tally: Tally,
    /// What else was said: remarks, heartbeats, deployments.
    pub said: u64,
    /// Elements of the body that were not taken.
    pub rejected: Vec<Rejection>,
    /// Elements that were taken otherwise than they were said.
    pub notes: Vec<Note>,
}

/// Why nothing of a body was taken in.
#[derive(Debug, thiserror::Error)]
pub enum Turned {
    /// The sender has not shown what the source demands: HTTP 401.
    #[error("{why}")]
    Stranger {
        /// What is missing or wrong.
        why: &'static str,
        /// What the source would accept, for `WWW-Authenticate`.
        challenge: String,
    },
    /// The body did not arrive whole.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// The body makes no sense.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// More events than the source may send: HTTP 429.
    #[error(
        "more than {per_second} events a second; send again in {} s, or raise the source's limit",
        wait.0.div_ceil(1_000)
    )]
    TooFast {
        /// The source's rate.
        per_second: u32,
        /// When there is room again.
        wait: Span,
    },
    /// The engine does not take anything: HTTP 503.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
}

impl Intake {
    /// A source that may send over HTTP.
    pub fn new(name: &str, kind: Kind, auth: Vec<Auth>, limits: Limits) -> Self {
        let bucket = Mutex::new(Bucket::new(limits.rate));
        let severity_map = BTreeMap::new();
        let age = Stopwatch::start();
        Self { name: name.into(), kind, auth, limits, severity_map, bucket, age }
    }

    /// Takes a body in and answers once its facts are on disk. `query` is what follows the `?`.
    ///
    /// # Errors
    /// Says why nothing of it was taken.
    pub async fn take(
        &self,
        terms: Terms<'_>,
        headers: &HeaderMap,
        query: &str,
        body: Body,
    ) -> Result<Taken, Turned> {
        let taken = self.try_take(terms, headers, query, body).await;
        self.count(terms, &taken);
        taken
    }

    /// Takes in what another door has read for this source; who sent it is that door's concern.
    ///
    /// # Errors
    /// Says why nothing of it was taken.
    pub async fn admit(&self, terms: Terms<'_>, read: Read) -> Result<Taken, Turned> {
        let taken = self.try_admit(terms, read).await;
        self.count(terms, &taken);
        taken
    }

    fn count(&self, terms: Terms<'_>, taken: &Result<Taken, Turned>) {
        let metrics = terms.metrics;
        match taken {
            Ok(taken) => metrics.source_taken(&self.name, taken.tally, taken.rejected.len()),
            Err(turned) => metrics.source_turned(&self.name, turned.reason()),
        }
    }

    async fn try_take(
        &self,
        terms: Terms<'_>,
        headers: &HeaderMap,
        query: &str,
        body: Body,
    ) -> Result<Taken, Turned> {
        let now = clock::now();
        let mut verdict = auth::before_body(&self.auth, headers);
        if let Verdict::Stranger(why) = verdict {
            return Err(self.stranger(why));
        }
        self.spend(0)?;
        let body: Bytes = collect(body, headers, self.limits.body_bytes_max).await?;
        if verdict == Verdict::NeedsBody {
            verdict = auth::with_body(&self.auth, headers, &body, now);
        }
        if let Verdict::Stranger(why) = verdict {
            return Err(self.stranger(why));
        }
        let body = encoding::unpack(body, headers, self.limits.body_bytes_max)?;
        // Prometheus says everything in its body, and most often.
        let head = (!self.kind.is_prometheus()).then(|| self::head(headers, query));
        let read = self.read(terms, head.as_ref().unwrap_or(Head::NONE), &body, now)?;
        drop(body);
        self.try_admit(terms, read).await
    }

    /// What a body says, without taking it in.
    ///
    /// # Errors
    /// When nothing of it can be taken in.
    pub fn read(
        &self,
        terms: Terms<'_>,
        head: &Head,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Read, Unreadable> {
        let context = adapter::Context {
            source: &self.name,
            now,
            resolve_timeout: terms.resolve_timeout,
            limits: &self.limits.event,
            utf8: terms.utf8,
            head,
            severity_map: &self.severity_map,
        };
        adapter::read(&self.kind, body, &context)
    }

    async fn try_admit(&self, terms: Terms<'_>, mut read: Read) -> Result<Taken, Turned> {
        self.spend(read.said())?;
        let firing = read.events.iter().filter(|event| event.signal == Signal::Firing).count();
        let resolved = read.events.len() - firing;
        let said = read.said() - read.events.len();
        if let (true, Some(crowd)) = (self.kind.is_prometheus(), terms.crowd) {
            let now = clock::now();
            crowd.admit(&mut read.events, now, |name| terms.metrics.alerts_limited(name, 1));
        }
        terms.metrics.source_counted(&self.name, read.counted);
        let Read { events, remarks, heartbeats, deployments, rejected, notes, .. } = read;
        let input = if said > 0 {
            Input::Heard(Box::new(Heard { events, remarks, heartbeats, deployments }))
        } else {
            Input::Events(events)
        };
        let nothing = matches!(&input, Input::Events(events) if events.is_empty());
        let tally =
            if nothing { Tally::default() } else { terms.handle.submit(input).await?.tally };
        Ok(Taken {
            firing: firing as u64,
            resolved: resolved as u64,
            tally,
            said: said as u64,
            rejected,
            notes,
        })
    }

    fn stranger(&self, why: &'static str) -> Turned {
        Turned::Stranger { why, challenge: auth::challenge(&self.auth) }
    }

    /// Spends events of the source's budget; zero only asks whether there is anything left.
    fn spend(&self, events: usize) -> Result<(), Turned> {
        let Some(rate) = self.limits.rate else { return Ok(()) };
        let elapsed = self.age.elapsed();
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.spend(elapsed, events as u64).map_err(|wait| {
            let per_second = rate.per_second;
            Turned::TooFast { per_second, wait }
        })
    }
}

impl Sources {
    /// Takes every source. `plain` names the one that `/api/v2/alerts` belongs to; without such a
    /// source everybody may post there, as with Alertmanager.
    pub fn new(intakes: impl IntoIterator<Item = Intake>, plain: &str) -> Self {
        let intakes = intakes.into_iter().map(Arc::new);
        let mut by_name: BTreeMap<String, Arc<Intake>> =
            intakes.map(|intake| (intake.name.to_string(), intake)).collect();
        let open = || {
            let intake = Intake::new(plain, Kind::PROMETHEUS, Vec::new(), Limits::ALERTMANAGER);
            Arc::new(intake)
        };
        let plain = Arc::clone(by_name.entry(plain.to_owned()).or_insert_with(open));
        Self { by_name, plain }
    }

    /// The source of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Intake>> {
        self.by_name.get(name)
    }

    /// The source that `/api/v2/alerts` belongs to.
    pub fn plain(&self) -> &Arc<Intake> {
        &self.plain
    }

    /// Every name, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Sources to which everybody may send.
    pub fn open(&self) -> impl Iterator<Item = &str> {
        let open = self.by_name.values().filter(|intake| intake.auth.is_empty());
        open.map(|intake| &*intake.name)
    }
}

impl Turned {
    /// The word in metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Stranger { .. } => "unauthorized",
            Self::Unread(Unread::TooLong { .. }) => "too_large",
            Self::Unread(Unread::Slow { .. }) => "slow",
            Self::Unread(Unread::Broken) => "broken",
            Self::Unread(Unread::Encoding) => "encoding",
            Self::Unreadable(_) => "unreadable",
            Self::TooFast { .. } => "rate_limited",
            Self::NotTaken(NotTaken::Overloaded) => "overloaded",
            Self::NotTaken(NotTaken::Stopping) => "stopping",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Stranger { .. } => 401,
            Self::Unread(Unread::TooLong { .. }) => 413,
            Self::Unread(Unread::Slow { .. }) => 408,
            Self::Unread(Unread::Broken) => 400,
            Self::Unread(Unread::Encoding) => 415,
            Self::Unreadable(unreadable) => unreadable.status(),
            Self::TooFast { .. } => 429,
            Self::NotTaken(_) => 503,
        }
    }

    /// Seconds for `Retry-After`, where it makes sense to come back.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooFast { wait, .. } => Some(wait.0.div_ceil(1_000).max(1)),
            Self::NotTaken(NotTaken::Overloaded) => Some(1),
            Self::NotTaken(NotTaken::Stopping) => Some(5),
            Self::Stranger { .. } | Self::Unread(_) | Self::Unreadable(_) => None,
        }
    }
}

fn head(headers: &HeaderMap, query: &str) -> Head {
    let texts =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    Head::new(texts, query)
}
