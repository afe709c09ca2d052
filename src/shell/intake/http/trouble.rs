//! What is turned away of a source is said to the engine, which tells admins: often enough to be
//! counted, and seldom enough that a flood of refusals is no flood of commands.

use std::collections::BTreeMap;

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

#[cfg(test)]
mod tests {
    use super::*;

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
