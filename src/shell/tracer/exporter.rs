//! The way of finished spans to the collector: in batches, again where that may help, never for long.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::collector::{Collector, Failure};
use super::wire;
use crate::domain::value::Span;
use crate::shell::clock::Stopwatch;
use crate::shell::metrics::{Metrics, SpanLoss};

/// Spans of one batch, as in OpenTelemetry's SDKs.
const BATCH_SPANS_MAX: usize = 512;
/// How long the first span of a batch waits for others.
const BATCH_MS_MAX: Span = Span::seconds(5);
/// Waits before a batch is sent again; after the last one it is given up. Those of OpenTelemetry's
/// exporters, which give a batch about a minute.
const AGAIN_MS: [Span; 3] = [Span::seconds(5), Span::seconds(10), Span::seconds(20)];
/// The longest wait that a collector may ask for.
const AFTER_MS_MAX: Span = Span::seconds(30);
/// How long spans that wait may take when there is to be an end.
const CLOSE_MS_MAX: Span = Span::seconds(5);

/// Sends what is queued until it is told to end.
#[derive(Debug)]
pub(super) struct Exporter {
    collector: Collector,
    waiting: mpsc::Receiver<wire::Span>,
    closing: watch::Receiver<bool>,
    metrics: Arc<Metrics>,
    /// What was last said about the collector; only a change is worth a line.
    is_away: bool,
}

impl Exporter {
    pub(super) fn new(
        collector: Collector,
        waiting: mpsc::Receiver<wire::Span>,
        closing: watch::Receiver<bool>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { collector, waiting, closing, metrics, is_away: false }
    }

    pub(super) async fn run(mut self) {
        loop {
            let batch = self.gather().await;
            if self.is_closing() {
                return self.close(batch).await;
            }
            if !batch.is_empty() {
                self.deliver(batch).await;
            }
        }
    }

    /// Waits for a first span, and a while for those that follow it.
    async fn gather(&mut self) -> Vec<wire::Span> {
        let Self { waiting, closing, .. } = self;
        let mut batch = Vec::new();
        tokio::select! {
            // Its end without a word is a word to end, too.
            _ = closing.wait_for(|closing| *closing) => return batch,
            _ = waiting.recv_many(&mut batch, BATCH_SPANS_MAX) => {}
        }
        let mut over = std::pin::pin!(sleep(BATCH_MS_MAX.duration()));
        while batch.len() < BATCH_SPANS_MAX {
            let room = BATCH_SPANS_MAX - batch.len();
            tokio::select! {
                () = &mut over => break,
                _ = closing.wait_for(|closing| *closing) => break,
                more = waiting.recv_many(&mut batch, room) => if more == 0 { break },
            }
        }
        batch
    }

    fn is_closing(&self) -> bool {
        *self.closing.borrow() || self.closing.has_changed().is_err()
    }

    async fn deliver(&mut self, batch: Vec<wire::Span>) {
        let (count, body) = (batch.len() as u64, wire::encode(batch));
        let mut waits = AGAIN_MS.into_iter();
        loop {
            let sent = self.collector.send(&body).await;
            self.say(&sent);
            let failure = match sent {
                Ok(rejected) => return self.count(count, rejected),
                Err(failure) => failure,
            };
            let wait = waits.next().filter(|_| failure.is_passing);
            let Some(wait) = wait else {
                let loss =
                    if failure.is_passing { SpanLoss::Unreachable } else { SpanLoss::Refused };
                return self.metrics.spans_dropped(loss, count);
            };
            let wait = failure.after.map_or(wait, |after| after.min(AFTER_MS_MAX));
            tokio::select! {
                () = sleep(wait.duration()) => {}
                // One more attempt, at once; then it is given up.
                _ = self.closing.wait_for(|closing| *closing) => while waits.next().is_some() {},
            }
        }
    }

    /// Sends what waits, each batch once.
    async fn close(&mut self, mut batch: Vec<wire::Span>) {
        let watch = Stopwatch::start();
        self.waiting.close();
        let mut is_lost = false;
        loop {
            while batch.len() < BATCH_SPANS_MAX
                && let Ok(span) = self.waiting.try_recv()
            {
                batch.push(span);
            }
            if batch.is_empty() {
                return;
            }
            let count = batch.len() as u64;
            let body = wire::encode(std::mem::take(&mut batch));
            let left = CLOSE_MS_MAX.duration().saturating_sub(watch.duration());
            // What fails once would fail with the next batch.
            let sent = timeout(left, self.collector.send(&body));
            let sent = if is_lost { None } else { sent.await.ok() };
            match sent {
                Some(Ok(rejected)) => self.count(count, rejected),
                Some(Err(_)) | None => {
                    is_lost = true;
                    self.metrics.spans_dropped(SpanLoss::Unreachable, count);
                }
            }
        }
    }

    fn count(&self, spans: u64, rejected: u64) {
        let rejected = rejected.min(spans);
        self.metrics.spans_sent(spans - rejected);
        self.metrics.spans_dropped(SpanLoss::Rejected, rejected);
    }

    fn say(&mut self, sent: &Result<u64, Failure>) {
        let endpoint = self.collector.endpoint();
        match sent {
            Err(failure) if !self.is_away => tracing::warn!(
                endpoint,
                error = failure.why,
                "Spans do not reach the collector; those that it misses for long are dropped"
            ),
            Ok(_) if self.is_away => {
                tracing::info!(endpoint, "Spans reach the collector again");
            }
            Ok(_) | Err(_) => {}
        }
        self.is_away = sent.is_err();
    }
}
