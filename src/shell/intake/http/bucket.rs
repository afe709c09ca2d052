//! A token bucket: how a source's rate is held.

use super::Rate;
use crate::domain::value::Span;

/// Thousandths of an event, so that whole milliseconds earn whole numbers.
const UNIT: u64 = 1_000;

/// What a source may still send. Time is an argument: how long the bucket has existed.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    per_second: u64,
    burst: u64,
    /// Below zero after a request larger than the whole bucket.
    level: i64,
    filled_at: Span,
}

impl Bucket {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        let rate = rate.unwrap_or(Rate { per_second: 1, burst: 1 });
        let burst = u64::from(rate.burst.max(1)) * UNIT;
        let level = i64::try_from(burst).expect("a burst of u32 in thousandths fits");
        Self { per_second: u64::from(rate.per_second.max(1)), burst, level, filled_at: Span::ZERO }
    }

    /// Spends so many events, or says how long to wait. A request larger than the whole bucket is
    /// let through while the bucket is full, and what comes after it waits longer: otherwise it
    /// could never be sent. Zero asks whether anything is left.
    pub(super) fn spend(&mut self, elapsed: Span, events: u64) -> Result<(), Span> {
        let since = elapsed.0.saturating_sub(self.filled_at.0);
        self.filled_at = elapsed;
        let full = i64::try_from(self.burst).unwrap_or(i64::MAX);
        let earned = i64::try_from(since.saturating_mul(self.per_second)).unwrap_or(i64::MAX);
        self.level = self.level.saturating_add(earned).min(full);

        let cost = i64::try_from(events.saturating_mul(UNIT)).unwrap_or(i64::MAX);
        let needed = cost.clamp(1, full);
        if self.level >= needed {
            self.level = self.level.saturating_sub(cost);
            return Ok(());
        }
        let missing = u64::try_from(needed.saturating_sub(self.level)).unwrap_or(0);
        Err(Span(missing.div_ceil(self.per_second)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_may_send_a_burst_and_then_its_rate() {
        let mut bucket = Bucket::new(Some(Rate { per_second: 10, burst: 20 }));
        for (at_ms, events, expected) in [
            (0, 15, Ok(())),
            (0, 5, Ok(())),
            (0, 0, Err(Span(1))),
            (0, 1, Err(Span(100))),
            (50, 1, Err(Span(50))),
            (100, 1, Ok(())),
            (1_100, 11, Err(Span(100))),
            (9_999_999, 50, Ok(())),
            (9_999_999, 1, Err(Span(3_100))),
            (10_003_099, 1, Ok(())),
        ] {
            assert_eq!(bucket.spend(Span(at_ms), events), expected, "{events} at {at_ms} ms");
        }
    }
}
