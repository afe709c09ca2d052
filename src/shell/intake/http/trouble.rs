//! What is turned away of a source is said to the engine, which tells admins: often enough to be
//! counted, and seldom enough that a flood of refusals is no flood of commands.

use std::collections::{BTreeMap, VecDeque};

use crate::domain::event::Trouble;
use crate::domain::value::Span;

/// Within this time, the first, the second, the fourth, the eighth … of one kind is said.
const PERIOD: Span = Span::seconds(30);

/// Words in metrics, and the troubles that they are. What is not here is no fault of the source.
const TROUBLES: &[(&str, Trouble)] = &[
    ("rate_limited", Trouble::Rate),
    ("held_too_long", Trouble::Rate),
    ("queue_full", Trouble::Rate),
    ("connections", Trouble::Rate),
    ("limited", Trouble::NewAlerts),
    ("too_large", Trouble::Size),
    ("cut", Trouble::Size),
    ("unreadable", Trouble::Rejected),
    ("rejected", Trouble::Rejected),
    ("encoding", Trouble::Rejected),
    ("unauthorized", Trouble::Unauthorized),
    ("forbidden", Trouble::Unauthorized),
    ("network", Trouble::Unauthorized),
    ("community", Trouble::Unauthorized),
    ("user", Trouble::Unauthorized),
    ("security_level", Trouble::Unauthorized),
    ("signature", Trouble::Unauthorized),
    ("unverified", Trouble::Unauthorized),
];

/// The trouble that a word in metrics stands for.
pub(super) fn of_reason(reason: &str) -> Option<Trouble> {
    TROUBLES.iter().find(|(word, _)| *word == reason).map(|(_, trouble)| *trouble)
}

/// What was turned away of one source.
#[derive(Debug, Default)]
pub(super) struct Counted(BTreeMap<Trouble, Period>);

#[derive(Debug, Clone, Copy)]
struct Period {
    began: Span,
    count: u64,
    unsaid: u64,
}

impl Counted {
    /// Counts some of a kind, and says how many are to be told of at this moment, if any.
    /// `elapsed` is how long the source has existed.
    pub(super) fn add(&mut self, trouble: Trouble, count: u64, elapsed: Span) -> Option<u64> {
        let fresh = Period { began: elapsed, count: 0, unsaid: 0 };
        let period = self.0.entry(trouble).or_insert(fresh);
        if elapsed.0.saturating_sub(period.began.0) >= PERIOD.0 {
            *period = Period { unsaid: period.unsaid, ..fresh };
        }
        let before = period.count;
        period.count = period.count.saturating_add(count);
        period.unsaid = period.unsaid.saturating_add(count);
        // A power of two was reached or passed.
        let says = before == 0 || before.leading_zeros() != period.count.leading_zeros();
        says.then(|| std::mem::take(&mut period.unsaid))
    }
}

/// Whether a delivery was turned away before because its source is too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It was not.
    First,
    /// It was.
    Again,
    /// Who asks does not know; the delivery is known by this.
    Of(u64),
}

/// Deliveries that were held in vain and are known again.
const HELD_DELIVERIES_MAX: usize = 64;

/// For so long. Senders that come again do so within minutes.
const HELD_MS_MAX: Span = Span::minutes(15);

/// Deliveries that were held in vain not long ago, oldest first.
#[derive(Debug, Default)]
pub(super) struct HeldInVain(VecDeque<(u64, Span)>);

impl HeldInVain {
    /// Whether a delivery was held in vain before. It is remembered from then on.
    pub(super) fn is_again(&mut self, delivery: u64, elapsed: Span) -> bool {
        self.0.retain(|(_, at)| elapsed.0.saturating_sub(at.0) < HELD_MS_MAX.0);
        if self.0.iter().any(|(known, _)| *known == delivery) {
            return true;
        }
        if self.0.len() == HELD_DELIVERIES_MAX {
            self.0.pop_front();
        }
        self.0.push_back((delivery, elapsed));
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_known_again_for_a_while() {
        let mut held = HeldInVain::default();
        for (minute, delivery, again) in
            [(0, 1, false), (1, 1, true), (1, 2, false), (15, 1, false), (15, 2, true)]
        {
            assert_eq!(
                held.is_again(delivery, Span::minutes(minute)),
                again,
                "{minute} {delivery}"
            );
        }
        for delivery in 0..1_000 {
            held.is_again(delivery, Span::minutes(16));
        }
        assert_eq!(held.0.len(), HELD_DELIVERIES_MAX);
    }

    #[test]
    fn of_many_refusals_few_are_said_and_none_is_left_out() {
        let mut counted = Counted::default();
        let mut check = |second: u64, count: u64, expected: Option<u64>| {
            let said = counted.add(Trouble::Rate, count, Span::seconds(second));
            assert_eq!(said, expected, "{count} at {second} s");
        };
        for (second, count, expected) in [
            (0, 1, Some(1)),
            (1, 1, Some(1)),
            (1, 1, None),
            (2, 1, Some(2)),
            (3, 1_000, Some(1_000)),
            (4, 1, None),
            (29, 5, None),
            (31, 1, Some(7)),
            (31, 1, Some(1)),
        ] {
            check(second, count, expected);
        }
        assert_eq!(counted.add(Trouble::Size, 1, Span::seconds(31)), Some(1));
    }
}
