//! Where a polled series stands, and what a look at it changes.
//!
//! ```text
//!            bad                    bad, `for` is over
//!   quiet ──────────▶ pending ─────────────────────────▶ firing ──┐ bad: severity may change
//!     ▲                  │                               │  ▲  ▲──┘
//!     │             fine │                          fine │  │ bad
//!     ├──────────────────┘                               ▼  │
//!     └─────────────────────────────────────────────── clearing ──┐ fine
//!                                fine, `clear_for` is over   ▲────┘
//! ```
//!
//! "Bad" is a value beyond a threshold; "fine" is any other value, or none: the series is gone.

use crate::domain::value::{Span, Timestamp};

/// How bad a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Warning,
    Critical,
}

/// Where a series stands. `since` is when its value went bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Quiet,
    Pending { since: Timestamp },
    Firing { since: Timestamp, level: Level },
    Clearing { since: Timestamp, level: Level, fine_since: Timestamp },
}

/// What a step has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tell {
    Nothing,
    Fires { since: Timestamp, level: Level },
    Over { since: Timestamp, level: Level },
}

/// How long a value must be bad before it fires, and fine before it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    pub(super) for_: Span,
    pub(super) clear_for: Span,
}

impl Level {
    /// The value of the label `severity`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl Phase {
    /// Looks at the series: `bad` is how bad its value is, nothing if it is fine or gone.
    pub(super) fn step(self, bad: Option<Level>, now: Timestamp, wait: Patience) -> (Self, Tell) {
        match (self, bad) {
            (Self::Quiet | Self::Pending { .. }, None) => (Self::Quiet, Tell::Nothing),
            (Self::Quiet, Some(level)) => ripen(now, level, now, wait),
            (Self::Pending { since }, Some(level)) => ripen(since, level, now, wait),
            (Self::Firing { since, level }, None) => settle(since, level, now, now, wait),
            (Self::Clearing { since, level, fine_since }, None) => {
                settle(since, level, fine_since, now, wait)
            }
            (
                Self::Firing { since, level: had } | Self::Clearing { since, level: had, .. },
                Some(level),
            ) => {
                let changed = Tell::Fires { since, level };
                let tell = if level == had { Tell::Nothing } else { changed };
                (Self::Firing { since, level }, tell)
            }
        }
    }
}

fn ripen(since: Timestamp, level: Level, now: Timestamp, wait: Patience) -> (Phase, Tell) {
    if now.since(since) < wait.for_ {
        return (Phase::Pending { since }, Tell::Nothing);
    }
    (Phase::Firing { since, level }, Tell::Fires { since, level })
}

fn settle(
    since: Timestamp,
    level: Level,
    fine_since: Timestamp,
    now: Timestamp,
    wait: Patience,
) -> (Phase, Tell) {
    if now.since(fine_since) < wait.clear_for {
        return (Phase::Clearing { since, level, fine_since }, Tell::Nothing);
    }
    (Phase::Quiet, Tell::Over { since, level })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const WAIT: Patience = Patience { for_: Span(5), clear_for: Span(3) };

    #[test]
    fn the_whole_table() {
        let since = Timestamp(0);
        let level = Level::Warning;
        let phases = [
            Phase::Quiet,
            Phase::Pending { since },
            Phase::Firing { since, level },
            Phase::Clearing { since, level, fine_since: Timestamp(1) },
        ];
        let mut table = String::new();
        for phase in phases {
            // At 2 no time is over, at 5 both are.
            for now in [2, 5] {
                for bad in [None, Some(Level::Warning), Some(Level::Critical)] {
                    let (next, tell) = phase.step(bad, Timestamp(now), WAIT);
                    let bad = bad.map_or("fine", Level::name);
                    let _ = writeln!(
                        table,
                        "{} {now} {bad}: {}{}",
                        name(phase),
                        name(next),
                        told(tell)
                    );
                }
            }
        }
        assert_eq!(
            table,
            "\
quiet 2 fine: quiet
quiet 2 warning: pending
quiet 2 critical: pending
quiet 5 fine: quiet
quiet 5 warning: pending
quiet 5 critical: pending
pending 2 fine: quiet
pending 2 warning: pending
pending 2 critical: pending
pending 5 fine: quiet
pending 5 warning: firing, fires warning
pending 5 critical: firing, fires critical
firing 2 fine: clearing
firing 2 warning: firing
firing 2 critical: firing, fires critical
firing 5 fine: clearing
firing 5 warning: firing
firing 5 critical: firing, fires critical
clearing 2 fine: clearing
clearing 2 warning: firing
clearing 2 critical: firing, fires critical
clearing 5 fine: quiet, over
clearing 5 warning: firing
clearing 5 critical: firing, fires critical
"
        );
    }

    #[test]
    fn without_patience_every_look_tells() {
        let wait = Patience { for_: Span::ZERO, clear_for: Span::ZERO };
        let (firing, tell) = Phase::Quiet.step(Some(Level::Critical), Timestamp(7), wait);
        assert_eq!((name(firing), told(tell).as_str()), ("firing", ", fires critical"));
        let (quiet, tell) = firing.step(None, Timestamp(8), wait);
        assert_eq!((name(quiet), told(tell).as_str()), ("quiet", ", over"));
    }

    fn name(phase: Phase) -> &'static str {
        match phase {
            Phase::Quiet => "quiet",
            Phase::Pending { .. } => "pending",
            Phase::Firing { .. } => "firing",
            Phase::Clearing { .. } => "clearing",
        }
    }

    fn told(tell: Tell) -> String {
        match tell {
            Tell::Nothing => String::new(),
            Tell::Fires { level, .. } => format!(", fires {}", level.name()),
            Tell::Over { .. } => ", over".to_owned(),
        }
    }
}
