//! The one place that reads the time.

use std::time::Instant;

use crate::domain::value::{Span, Timestamp};

/// The time by this machine's clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

/// The time by this machine's clock, in nanoseconds since the Unix epoch: spans are shorter than a
/// millisecond.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
pub fn unix_nanos() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or_default()
}

/// Measures how long something takes, whatever the clock on the wall does meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(self) -> Span {
        Span(u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// Time since the start, as the standard library counts it.
    #[must_use]
    pub fn duration(self) -> std::time::Duration {
        self.0.elapsed()
    }

    /// Seconds since the start, for histograms.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
