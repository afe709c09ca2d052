//! When each poll is due. Beats are counted from their first time on, so that they never drift, and
//! one that was missed is left out, not made up for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::domain::event::poll::When;
use crate::domain::value::{Span, Timestamp};

/// Within this, or one period if that is shorter, every poll has asked for the first time.
const SPREAD_MAX: Span = Span::minutes(1);

/// A shorter period makes no sense, and none at all would be a loop without rest.
const EVERY_MIN: Span = Span(10);

/// The clock on the wall may be set: times by it are looked at again after this time.
const LOOK_AGAIN: Span = Span::minutes(1);

/// Who is due when. Times count from the schedule's start.
#[derive(Debug, Default)]
pub struct Schedule {
    due: BinaryHeap<Reverse<(Span, usize)>>,
}

/// The times of one poll.
#[derive(Debug, Clone)]
pub struct Timing {
    when: When,
    /// How long after each time it asks, so that not all ask at once.
    offset: Span,
    /// The next time by the clock on the wall, where that is what counts.
    planned: Option<Timestamp>,
}

impl Schedule {
    /// Nobody is due.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that somebody is due at a time.
    pub fn add(&mut self, who: usize, at: Span) {
        self.due.push(Reverse((at, who)));
    }

    /// When the next is due.
    pub fn next(&self) -> Option<Span> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes one who is due by now.
    pub fn take(&mut self, elapsed: Span) -> Option<usize> {
        if self.next()? > elapsed {
            return None;
        }
        self.due.pop().map(|Reverse((_, who))| who)
    }
}

impl Timing {
    /// The times of a poll. Its name says how far it is from its beat, so that a restart changes
    /// nothing: without a `jitter` within the first minute of a beat, and right at the times of the
    /// clock.
    pub fn new(name: &str, when: When, jitter: Option<Span>) -> Self {
        let spread = match (&when, jitter) {
            (_, Some(jitter)) => jitter,
            (When::Every(every), None) => (*every).clamp(EVERY_MIN, SPREAD_MAX),
            (When::Cron(_), None) => Span::ZERO,
        };
        let offset = if spread == Span::ZERO { spread } else { Span(hash(name) % spread.0) };
        Self { when, offset, planned: None }
    }

    /// When it asks next, as time since the schedule's start; nothing if never again.
    pub fn next(&mut self, elapsed: Span, now: Timestamp) -> Option<Span> {
        match &self.when {
            When::Every(every) => {
                let every = (*every).max(EVERY_MIN).0;
                let Some(since) = elapsed.0.checked_sub(self.offset.0) else {
                    return Some(self.offset);
                };
                // Right at the start the first beat is yet to come.
                let beats = if elapsed == Span::ZERO { 0 } else { since / every + 1 };
                Some(Span(self.offset.0 + beats * every))
            }
            When::Cron(cron) => {
                // A clock that is put back must not bring a time again.
                let after = self.planned.map_or(now, |planned| planned.max(now - self.offset));
                let planned = cron.after(after)?;
                self.planned = Some(planned);
                Some(self.await_plan(planned, elapsed, now))
            }
        }
    }

    /// Looks whether it is to ask now. If it is not yet time by the clock on the wall, says when to
    /// look again.
    pub fn early(&self, elapsed: Span, now: Timestamp) -> Option<Span> {
        let planned = self.planned?;
        (now < planned + self.offset).then(|| self.await_plan(planned, elapsed, now))
    }

    fn await_plan(&self, planned: Timestamp, elapsed: Span, now: Timestamp) -> Span {
        let left = (planned + self.offset).since(now).clamp(Span(1), LOOK_AGAIN);
        Span(elapsed.0 + left.0)
    }
}

fn hash(name: &str) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    hasher.write(name.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::Cron;

    #[test]
    fn who_is_due_first_comes_first() {
        let mut schedule = Schedule::new();
        for (who, at) in [(0, 30), (1, 10), (2, 20)] {
            schedule.add(who, Span(at));
        }
        assert_eq!(schedule.next(), Some(Span(10)));
        assert_eq!(schedule.take(Span(9)), None);
        let due: Vec<usize> = std::iter::from_fn(|| schedule.take(Span(20))).collect();
        assert_eq!((due, schedule.next()), (vec![1, 2], Some(Span(30))));
    }

    #[test]
    fn a_beat_neither_drifts_nor_makes_up_for_what_it_missed() {
        let mut timing = Timing::new("a", When::Every(Span(1_000)), Some(Span::ZERO));
        let now = Timestamp(0);
        for (elapsed, expected) in
            [(0, 0), (3, 1_000), (999, 1_000), (1_000, 2_000), (1_400, 2_000), (9_700, 10_000)]
        {
            assert_eq!(timing.next(Span(elapsed), now), Some(Span(expected)), "{elapsed}");
        }
    }

    #[test]
    fn ten_thousand_polls_are_spread_over_their_period() {
        let mut busiest = [0_u32; 60];
        for number in 0..10_000 {
            let when = When::Every(Span::minutes(1));
            let mut timing = Timing::new(&format!("poll-{number}"), when, None);
            let first = timing.next(Span::ZERO, Timestamp(0)).unwrap();
            busiest[usize::try_from(first.0 / 1_000).unwrap()] += 1;
            assert_eq!(timing.next(first, Timestamp(0)), Some(Span(first.0 + 60_000)));
        }
        let (least, most) = (busiest.iter().min().unwrap(), busiest.iter().max().unwrap());
        assert!(*least > 100 && *most < 250, "{least} to {most} a second");
    }

    #[test]
    fn times_of_the_clock_hold_whatever_is_done_to_it() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let cron = Cron::new("0 * * * *", "UTC").unwrap();
        let mut timing = Timing::new("a", When::Cron(cron), None);
        let now = at("2026-03-01T11:58:30Z");
        assert_eq!(timing.next(Span(7), now), Some(Span(7 + 60_000)), "no later than in a minute");
        let now = at("2026-03-01T11:59:30Z");
        assert_eq!(timing.early(Span(60_007), now), Some(Span(90_007)));
        let now = at("2026-03-01T12:00:00Z");
        assert_eq!(timing.early(Span(90_007), now), None, "it is time");
        // Put back while it asked: twelve o'clock does not come again.
        let now = at("2026-03-01T11:59:00Z");
        timing.next(Span(95_000), now).unwrap();
        let now = at("2026-03-01T12:30:00Z");
        assert_eq!(timing.early(Span(99_000), now), Some(Span(159_000)));
        // Put ahead by hours: what was left out is not made up for.
        let now = at("2026-03-01T17:30:00Z");
        assert_eq!(timing.early(Span(159_000), now), None);
        timing.next(Span(160_000), now).unwrap();
        assert_eq!(timing.planned, Some(at("2026-03-01T18:00:00Z")));
    }
}
