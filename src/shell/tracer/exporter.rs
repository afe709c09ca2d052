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
/// As in OpenTelemetry's SDKs, which give a batch about a minute.
pub(super) const PACE: Pace = Pace {
    batch: Span::seconds(5),
    again: [Span::seconds(5), Span::seconds(10), Span::seconds(20)],
};
/// The longest wait that a collector may ask for.
const AFTER_MS_MAX: Span = Span::seconds(30);
/// How long spans that wait may take when there is to be an end.
const CLOSE_MS_MAX: Span = Span::seconds(5);

/// How long what waits for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The first span of a batch for others.
    pub(super) batch: Span,
    /// A batch that did not arrive for the next attempt; after the last one it is given up.
    pub(super) again: [Span; 3],
}

/// Sends what is queued until it is told to end.
#[derive(Debug)]
pub(super) struct Exporter {
    collector: Collector,
    waiting: mpsc::Receiver<wire::Span>,
    closing: watch::Receiver<bool>,
    metrics: Arc<Metrics>,
    pace: Pace,
    /// What was last said about the collector; only a change is worth a line.
    is_away: bool,
}

impl Exporter {
    pub(super) fn new(
        collector: Collector,
        waiting: mpsc::Receiver<wire::Span>,
        closing: watch::Receiver<bool>,
        metrics: Arc<Metrics>,
        pace: Pace,
    ) -> Self {
        Self { collector, waiting, closing, metrics, pace, is_away: false }
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
        let mut over = std::pin::pin!(sleep(self.pace.batch.duration()));
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
        let mut waits = self.pace.again.into_iter();
        loop {
            let sent = self.collector.send(&body).await;
            self.say(&sent);
            let failure = match sent {
                Ok(rejected) => return self.count(count, rejected),
                Err(failure) => failure,
            };
            let wait = waits.next().filter(|_| failure.is_passing);
            let Some(wait) = wait else {
                return self.metrics.spans_dropped(failure.loss(), count);
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
            let sent =
                if is_lost { None } else { timeout(left, self.collector.send(&body)).await.ok() };
            if let Some(sent) = &sent {
                self.say(sent);
            }
            is_lost |= !matches!(sent, Some(Ok(_)));
            match sent {
                Some(Ok(rejected)) => self.count(count, rejected),
                Some(Err(failure)) => self.metrics.spans_dropped(failure.loss(), count),
                None => self.metrics.spans_dropped(SpanLoss::Unreachable, count),
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
