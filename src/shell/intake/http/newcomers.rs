//! How many alerts a source may bring in an hour that nobody has heard of before.
//!
//! A label that never repeats, such as a request's number, makes an alert of every event. Such a
//! source fills the memory long before its rate looks odd, so what is new has a limit of its own.

use std::collections::VecDeque;

use crate::domain::value::Span;

const HOUR: Span = Span::hours(1);

/// Alerts are counted by the minute.
const MINUTE: Span = Span::minutes(1);

/// What was new within the last hour, minute by minute.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    minutes: VecDeque<(Span, u64)>,
}

impl Newcomers {
    /// Gives room to as many of the wanted as there is, and says to how many, and when there is
    /// more. `elapsed` is how long the source has existed.
    pub(super) fn admit(&mut self, elapsed: Span, wanted: u64, max: u64) -> (u64, Span) {
        while self.minutes.front().is_some_and(|(at, _)| at.0 + HOUR.0 <= elapsed.0) {
            self.minutes.pop_front();
        }
        let taken: u64 = self.minutes.iter().map(|(_, count)| count).sum();
        let room = wanted.min(max.saturating_sub(taken));
        if room > 0 {
            let minute = Span(elapsed.0 - elapsed.0 % MINUTE.0);
            match self.minutes.back_mut().filter(|(at, _)| *at == minute) {
                Some((_, count)) => *count += room,
                None => self.minutes.push_back((minute, room)),
            }
        }
        let oldest = self.minutes.front().map_or(elapsed, |(at, _)| *at);
        (room, Span((oldest.0 + HOUR.0).saturating_sub(elapsed.0)))
    }

    /// Takes back room that was not used after all.
    pub(super) fn give_back(&mut self, count: u64) {
        if let Some((_, newest)) = self.minutes.back_mut() {
            *newest = newest.saturating_sub(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_comes_back_an_hour_after_it_was_taken() {
        let mut newcomers = Newcomers::default();
        for (minute, wanted, expected) in [
            (0, 3, (3, 60)),
            (1, 4, (4, 59)),
            (30, 5, (3, 30)),
            (59, 1, (0, 1)),
            (60, 5, (3, 1)),
            (61, 5, (4, 29)),
            (500, 20, (10, 60)),
        ] {
            let (room, wait) = newcomers.admit(Span::minutes(minute), wanted, 10);
            assert_eq!((room, wait), (expected.0, Span::minutes(expected.1)), "at {minute} min");
        }
        newcomers.give_back(4);
        assert_eq!(newcomers.admit(Span::minutes(501), 9, 10).0, 4);
    }
}
