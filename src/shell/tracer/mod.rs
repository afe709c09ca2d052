//! Spans of OpenTelemetry, sent where `tracing` of the configuration says.
//!
//! ```text
//! a request, a delivery ─▶ ActiveSpan ─▶ queue (bounded; what does not fit is dropped and counted)
//!                                          └▶ exporter ─▶ collector, by OTLP over HTTP or gRPC
//! ```
//!
//! Where the configuration has no such block, nothing is made and nothing is waited for.

mod collector;
mod context;
mod exporter;
mod span;
#[cfg(test)]
mod tests;
pub mod wire;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::http::HeaderMap;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::config::Tracing;
use crate::domain::value::Span;
use crate::shell::client::{Clients, LineError};
use crate::shell::clock::{self, Stopwatch};
use crate::shell::metrics::{Metrics, SpanLoss};
use collector::Collector;
use context::{Remote, Sampler};
use exporter::{Exporter, PACE};
use span::{Queue, Record};

pub use context::{SpanContext, TRACEPARENT};
pub use span::ActiveSpan;

/// Spans that wait for the next batch; as many as OpenTelemetry's SDKs let wait.
const WAITING_SPANS_MAX: usize = 2_048;

/// How long is waited for exporters that have been told to end. Each keeps to its own bound.
const STOP_MS_MAX: Span = Span::seconds(6);

/// Begins spans, where they are wanted.
#[derive(Debug)]
pub struct Tracer {
    /// Whether anything is in force: all that a request pays for where nothing is.
    is_on: AtomicBool,
    in_force: RwLock<Option<Arc<InForce>>>,
    exporters: Mutex<JoinSet<()>>,
    clients: Arc<Clients>,
    metrics: Arc<Metrics>,
}

/// A configuration that can be put in force.
#[derive(Debug)]
pub struct Prepared(Option<(Tracing, Collector)>);

#[derive(Debug)]
struct InForce {
    config: Tracing,
    sampler: Sampler,
    queue: Queue,
    /// Dropped or set, it tells the exporter to send what waits and to end.
    closing: watch::Sender<bool>,
}

impl Tracer {
    /// A tracer that begins none yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            is_on: AtomicBool::new(false),
            in_force: RwLock::new(None),
            exporters: Mutex::new(JoinSet::new()),
            clients: Arc::new(Clients::new()),
            metrics,
        }
    }

    /// Looks at a configuration before anything is changed.
    ///
    /// # Errors
    /// When a file that it names cannot be used.
    pub async fn prepare(&self, config: Option<&Tracing>) -> Result<Prepared, LineError> {
        let Some(config) = config else { return Ok(Prepared(None)) };
        let collector = Collector::new(config, Arc::clone(&self.clients));
        collector.try_out().await?;
        Ok(Prepared(Some((config.clone(), collector))))
    }

    /// Puts a configuration in force. What waits for the collector before it is still sent there.
    pub fn apply(&self, prepared: Prepared) {
        let mut in_force = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
        let next = match prepared.0 {
            // Files that it names are read again with every batch.
            Some((config, _)) if in_force.as_ref().is_some_and(|it| it.config == config) => return,
            Some((config, collector)) => Some(Arc::new(self.begin(config, collector))),
            None => None,
        };
        self.is_on.store(next.is_some(), Ordering::Release);
        let before = std::mem::replace(&mut *in_force, next);
        if let Some(before) = before {
            before.closing.send_replace(true);
        }
    }

    /// Begins no more spans, and waits a bounded time until those that wait are sent.
    pub async fn stop(&self) {
        self.apply(Prepared(None));
        let mut exporters = {
            let mut exporters = self.exporters.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *exporters)
        };
        let ended = async { while exporters.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(STOP_MS_MAX.duration(), ended).await;
    }

    /// Begins the span of a request that came with these headers.
    pub fn server(&self, headers: &HeaderMap, name: impl FnOnce() -> String) -> Option<ActiveSpan> {
        let in_force = self.in_force()?;
        let remote = Remote::of(headers);
        let (parent, state) = match &remote {
            Some(remote) => (Some(&remote.context), remote.state.as_str()),
            None => (None, ""),
        };
        let flags = wire::HAS_IS_REMOTE | if remote.is_some() { wire::IS_REMOTE } else { 0 };
        in_force.begin(wire::SERVER, parent, |span| {
            state.clone_into(&mut span.trace_state);
            span.flags |= flags;
            span.name = name();
        })
    }

    /// Begins the span of something that is asked of others: within another span, or by itself.
    pub fn client(&self, parent: Option<SpanContext>, name: &'static str) -> Option<ActiveSpan> {
        self.in_force()?.begin(wire::CLIENT, parent.as_ref(), |span| {
            span.flags |= wire::HAS_IS_REMOTE;
            name.clone_into(&mut span.name);
        })
    }

    fn in_force(&self) -> Option<Arc<InForce>> {
        if !self.is_on.load(Ordering::Acquire) {
            return None;
        }
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn begin(&self, config: Tracing, collector: Collector) -> InForce {
        for loss in SpanLoss::ALL {
            self.metrics.spans_dropped(loss, 0);
        }
        let (sender, waiting) = mpsc::channel(WAITING_SPANS_MAX);
        let (closing, told) = watch::channel(false);
        let metrics = Arc::clone(&self.metrics);
        let exporter = Exporter::new(collector, waiting, told, metrics, PACE);
        let mut exporters = self.exporters.lock().unwrap_or_else(PoisonError::into_inner);
        while exporters.try_join_next().is_some() {}
        exporters.spawn(exporter.run());
        tracing::info!(
            endpoint = config.endpoint,
            sampling_fraction = config.sampling_fraction,
            "Spans are sent to a collector"
        );
        let queue = Queue { sender, metrics: Arc::clone(&self.metrics) };
        InForce { sampler: Sampler::new(config.sampling_fraction), config, queue, closing }
    }
}

impl InForce {
    fn begin(
        &self,
        kind: i32,
        parent: Option<&SpanContext>,
        describe: impl FnOnce(&mut wire::Span),
    ) -> Option<ActiveSpan> {
        let context = SpanContext::beneath(parent, self.sampler)?;
        let record = context.sampled.then(|| {
            let mut span = wire::Span {
                trace_id: context.trace.to_vec(),
                span_id: context.span.to_vec(),
                parent_span_id: parent.map(|parent| parent.span.to_vec()).unwrap_or_default(),
                kind,
                start_time_unix_nano: clock::unix_nanos(),
                flags: u32::from(context.sampled),
                ..wire::Span::default()
            };
            describe(&mut span);
            Record { span, watch: Stopwatch::start(), queue: self.queue.clone() }
        });
        Some(ActiveSpan::new(context, record))
    }
}
