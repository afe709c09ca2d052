//! A span while it lasts: what is learnt goes into it, and its end hands it in.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::context::SpanContext;
use super::wire;
use crate::shell::clock::Stopwatch;
use crate::shell::metrics::{Metrics, SpanLoss};

/// A longer value is cut.
const VALUE_BYTES_MAX: usize = 1 << 10;

/// A span while it lasts. It ends when it is dropped, whatever the reason.
#[derive(Debug)]
pub struct ActiveSpan {
    context: SpanContext,
    /// Nothing where nobody keeps the trace; the ids are passed on all the same.
    record: Option<Box<Record>>,
}

#[derive(Debug)]
pub(super) struct Record {
    pub(super) span: wire::Span,
    pub(super) watch: Stopwatch,
    pub(super) queue: Queue,
}

/// Where spans wait for the next batch.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    pub(super) sender: mpsc::Sender<wire::Span>,
    pub(super) metrics: Arc<Metrics>,
}

impl ActiveSpan {
    pub(super) fn new(context: SpanContext, record: Option<Record>) -> Self {
        Self { context, record: record.map(Box::new) }
    }

    /// Where it stands in its trace, for those who are called from here.
    pub fn context(&self) -> SpanContext {
        self.context
    }

    /// Whether anybody will see it: what is costly to say need not be said otherwise.
    pub fn is_recording(&self) -> bool {
        self.record.is_some()
    }

    /// Notes a text under a name of OpenTelemetry's conventions, or Alertmanager's.
    pub fn text(&mut self, key: &'static str, value: &str) {
        if let Some(record) = &mut self.record {
            let value = &value[..value.floor_char_boundary(VALUE_BYTES_MAX)];
            record.span.attributes.push(wire::text(key, value));
        }
    }

    /// Notes a whole number.
    pub fn whole(&mut self, key: &'static str, value: usize) {
        if let Some(record) = &mut self.record {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            record.span.attributes.push(wire::whole(key, value));
        }
    }

    /// Says that it failed, and why; the why may be empty where an attribute says it.
    pub fn fail(&mut self, why: &str) {
        if let Some(record) = &mut self.record {
            let message = why[..why.floor_char_boundary(VALUE_BYTES_MAX)].to_owned();
            record.span.status = Some(wire::Status { message, code: wire::ERROR });
        }
    }
}

impl Drop for ActiveSpan {
    fn drop(&mut self) {
        let Some(record) = self.record.take() else { return };
        let Record { mut span, watch, queue } = *record;
        let took = u64::try_from(watch.duration().as_nanos()).unwrap_or(u64::MAX);
        // Measured, not read off the wall: the clock may have been set meanwhile.
        span.end_time_unix_nano = span.start_time_unix_nano.saturating_add(took);
        let loss = match queue.sender.try_send(span) {
            Ok(()) => return,
            Err(TrySendError::Full(_)) => SpanLoss::Full,
            Err(TrySendError::Closed(_)) => SpanLoss::Late,
        };
        queue.metrics.spans_dropped(loss, 1);
    }
}
