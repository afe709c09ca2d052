//! What is known of a source from one request to the next, and from one reload to the next.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::line::Line;
use super::newcomers::Newcomers;
use super::trouble::{Counted, HeldInVain};
use crate::domain::value::Timestamp;
use crate::shell::clock::Stopwatch;

/// What is known of a source from one request to the next.
#[derive(Debug)]
pub(super) struct Ledger {
    /// How long the source has been known.
    pub(super) age: Stopwatch,
    /// Requests that wait for its rate.
    pub(super) line: Line,
    newcomers: Mutex<Newcomers>,
    seen: Mutex<Seen>,
    troubles: Mutex<Counted>,
    held: Mutex<HeldInVain>,
}

/// When a source was heard last, and what it was last turned away for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// When a body of it was last taken in.
    pub taken_at: Option<Timestamp>,
    /// The last request that was turned away.
    pub refused: Option<Refused>,
}

/// A request that was turned away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// Where it came from, if that is known.
    pub address: Option<IpAddr>,
    /// The word in metrics.
    pub reason: &'static str,
    /// Why.
    pub why: String,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self {
            age: Stopwatch::start(),
            line: Line::default(),
            newcomers: Mutex::default(),
            seen: Mutex::default(),
            troubles: Mutex::default(),
            held: Mutex::default(),
        }
    }

    pub(super) fn troubles(&self) -> MutexGuard<'_, Counted> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn held(&self) -> MutexGuard<'_, HeldInVain> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn newcomers(&self) -> MutexGuard<'_, Newcomers> {
        self.newcomers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
