//! The way from a listener to its source. What the source is configured to mean may change while
//! the listener runs: it is looked up for each batch.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::http::{Attempt, Intake, Taken, Terms, Turned};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable};
use crate::domain::value::Span;
use crate::shell::clock::{self, Stopwatch};
use crate::shell::handle::{Handle, NotTaken};
use crate::shell::metrics::Metrics;

/// Finds a source as it is configured at this moment, and how long alerts without an end count.
pub type Lookup = Arc<dyn Fn(&str) -> Option<(Arc<Intake>, Span)> + Send + Sync>;

/// What is dropped is said in the log at most so often, with how much it was.
const SAY_EVERY: Span = Span::seconds(10);

/// The way from a listener to its source. Cheap to clone.
#[derive(Clone)]
pub struct Inlet {
    source: Arc<str>,
    handle: Handle,
    metrics: Arc<Metrics>,
    lookup: Lookup,
    unsaid: Arc<Mutex<Unsaid>>,
}

/// What was dropped since the log last said so.
#[derive(Debug, Default)]
struct Unsaid {
    count: usize,
    since: Option<Stopwatch>,
}

impl Inlet {
    /// The way to the source of that name.
    pub fn new(source: &str, handle: Handle, metrics: Arc<Metrics>, lookup: Lookup) -> Self {
        Self { source: source.into(), handle, metrics, lookup, unsaid: Arc::default() }
    }

    /// The source's name.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The way to the engine, for what is no event.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The source as it is configured at this moment.
    pub fn intake(&self) -> Option<Arc<Intake>> {
        (self.lookup)(&self.source).map(|(intake, _)| intake)
    }

    /// Reads something as the source is configured and takes it in; answers once its facts are on
    /// disk. What is turned away counts as a trouble of the source; whoever then gives it up says so
    /// with [`Self::lost`].
    ///
    /// # Errors
    /// Says why nothing of it was taken.
    pub async fn admit(
        &self,
        read: impl FnOnce(&Intake, &Context) -> Result<Read, Unreadable>,
    ) -> Result<Taken, Turned> {
        self.admit_again(Attempt::First, read).await
    }

    /// As [`Self::admit`], for what may be tried several times: that is one trouble.
    ///
    /// # Errors
    /// As [`Self::admit`].
    pub async fn admit_again(
        &self,
        attempt: Attempt,
        read: impl FnOnce(&Intake, &Context) -> Result<Read, Unreadable>,
    ) -> Result<Taken, Turned> {
        let Some((intake, resolve_timeout)) = (self.lookup)(&self.source) else {
            return Err(NotTaken::Stopping.into());
        };
        let context = Context {
            source: &intake.name,
            now: clock::now(),
            resolve_timeout,
            limits: &intake.limits.event,
            utf8: true,
            head: Head::NONE,
            severity_map: &intake.severity_map,
        };
        let read = read(&intake, &context).inspect_err(|unreadable| {
            intake.trouble(&self.handle, "unreadable", 1, || unreadable.to_string());
        })?;
        let terms = Terms {
            handle: &self.handle,
            metrics: &self.metrics,
            resolve_timeout,
            utf8: true,
            crowd: None,
        };
        let taken = intake.admit_again(terms, read, attempt).await?;
        for rejection in &taken.rejected {
            tracing::debug!(source = &*self.source, why = rejection.why, "a message was refused");
        }
        Ok(taken)
    }

    /// Counts messages that are lost before the source could turn them away, and says so once in a
    /// while.
    pub fn dropped(&self, reason: &'static str, count: usize) {
        if let Some(intake) = self.intake() {
            let why = || format!("messages were dropped ({reason})");
            intake.trouble(&self.handle, reason, count as u64, why);
        }
        self.count(reason, count);
    }

    /// Counts messages that are lost because [`Self::admit`] turned them away, and says so once in
    /// a while.
    pub fn lost(&self, turned: &Turned, count: usize) {
        self.count(turned.reason(), count);
    }

    fn count(&self, reason: &'static str, count: usize) {
        self.metrics.source_dropped(&self.source, reason, count);
        if let Some(count) = self.unsaid(count) {
            tracing::warn!(source = &*self.source, reason, count, "messages were dropped");
        }
    }

    /// Counts a connection that was to be under TLS and is not, and says so once in a while.
    pub fn no_tls(&self, peer: SocketAddr, why: &str) {
        self.metrics.source_dropped(&self.source, "tls", 1);
        let (source, peer) = (&*self.source, peer.ip().to_canonical());
        tracing::debug!(source, %peer, why, "no TLS with a sender");
        if let Some(count) = self.unsaid(1) {
            tracing::warn!(source, %peer, why, count, "no TLS with senders");
        }
    }

    /// How much was dropped since the log last said so, if it is time to say it again.
    fn unsaid(&self, count: usize) -> Option<usize> {
        let mut unsaid = self.unsaid.lock().unwrap_or_else(PoisonError::into_inner);
        unsaid.count += count;
        if unsaid.since.is_some_and(|since| since.elapsed() < SAY_EVERY) {
            return None;
        }
        unsaid.since = Some(Stopwatch::start());
        Some(std::mem::take(&mut unsaid.count))
    }

    /// Whether the source takes anything from an address. What comes from elsewhere is dropped: it
    /// is counted, and said once in a while.
    pub fn listens_to(&self, peer: SocketAddr) -> bool {
        let address = peer.ip().to_canonical();
        let listens = self.intake().is_none_or(|intake| intake.listens_to(Some(address)));
        if !listens {
            self.refused("network", peer);
        }
        listens
    }

    /// Counts a message of a sender that may not send it, and says so once in a while.
    pub fn refused(&self, reason: &'static str, peer: SocketAddr) {
        let source = &*self.source;
        tracing::debug!(source, reason, peer = %peer.ip().to_canonical(), "a sender was refused");
        self.dropped(reason, 1);
    }

    /// Counts a look for messages that failed.
    pub fn fetch_failed(&self) {
        self.metrics.source_fetch_failed(&self.source);
    }

    /// Counts a connection until it is dropped.
    pub fn connection(&self) -> Connection {
        self.metrics.source_connections(&self.source, 1);
        Connection(self.clone())
    }
}

impl fmt::Debug for Inlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Inlet").field(&self.source).finish()
    }
}

/// An open connection, counted.
#[derive(Debug)]
pub struct Connection(Inlet);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.metrics.source_connections(&self.0.source, -1);
    }
}
