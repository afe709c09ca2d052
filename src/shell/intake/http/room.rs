//! How much room a source has: its rate, its new alerts, and who is told that it has no more.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use super::{Attempt, Intake, Terms, Turned, trouble};
use crate::domain::event::{self, Event, Signal};
use crate::domain::value::{Actor, Span};
use crate::engine::Input;
use crate::shell::handle::Handle;

impl Intake {
    /// Says to the engine that something was turned away, where that is a trouble of the source and
    /// has not just been said. `reason` is the word in metrics.
    pub(in crate::shell) fn trouble(
        &self,
        handle: &Handle,
        reason: &str,
        count: u64,
        why: impl FnOnce() -> String,
    ) {
        let Some(trouble) = trouble::of_reason(reason) else { return };
        let elapsed = self.ledger.age.elapsed();
        let Some(times) = self.ledger.troubles().add(trouble, count, elapsed) else { return };
        let source = Arc::clone(&self.name);
        let command = event::Command::SourceRefused { source, trouble, times, why: why() };
        // If there is no room for it either, the next one says so.
        let _ = handle.post(Input::Command(Actor::rule(), command.into()));
    }

    /// Leaves out alerts that nobody has heard of before, once the source's hour is full of them.
    /// Says how many such were let in, how many were not, and when there is room again.
    pub(super) fn limit_new(&self, terms: Terms<'_>, events: &mut Vec<Event>) -> (u64, u64, Span) {
        let Some(max) = self.limits.new_alerts_max_per_hour else { return (0, 0, Span::ZERO) };
        let settings = terms.handle.read(|engine| Arc::clone(engine.settings()));
        let keys: Vec<_> = events
            .iter()
            .map(|one| (one.signal == Signal::Firing).then(|| event::identity(&settings, one)))
            .collect();
        let unknown: BTreeSet<_> = terms.handle.read(|engine| {
            let known = |key| engine.state().event.newest(key).is_some();
            keys.iter().flatten().copied().filter(|key| !known(*key)).collect()
        });
        let wanted = unknown.len() as u64;
        let elapsed = self.ledger.age.elapsed();
        let (room, wait) = self.ledger.newcomers().admit(elapsed, wanted, max);
        if room == wanted {
            return (room, 0, Span::ZERO);
        }
        // The first of the body find room, whatever their identities are.
        let mut admitted = BTreeSet::new();
        let mut keys = keys.into_iter();
        events.retain(|_| {
            let Some(key) = keys.next().flatten().filter(|key| unknown.contains(key)) else {
                return true;
            };
            if !admitted.contains(&key) && (admitted.len() as u64) < room {
                admitted.insert(key);
            }
            admitted.contains(&key)
        });
        (room, wanted - room, wait)
    }

    /// Spends events of the source's budget; zero only asks whether there is anything left.
    pub(super) fn spend(&self, events: usize) -> Result<(), Turned> {
        let Some(rate) = self.limits.rate else { return Ok(()) };
        self.try_spend(events).map_err(|wait| {
            let per_second = rate.per_second;
            Turned::TooFast { per_second, wait, held: false, again: false }
        })
    }

    /// As [`Self::spend`], but whoever does not send again by itself waits for room.
    pub(super) async fn spend_in_line(&self, events: usize, bytes: usize) -> Result<(), Turned> {
        let Some(rate) = self.limits.rate else { return Ok(()) };
        if self.kind.resends() {
            return self.spend(events);
        }
        let ask = || self.try_spend(events).map_err(|wait| (wait, wait));
        self.ledger.line.wait(bytes, ask).await.map_err(|wait| {
            let per_second = rate.per_second;
            Turned::TooFast { per_second, wait, held: true, again: false }
        })
    }

    /// Knows a delivery again that was held in vain before.
    pub(super) fn know_again(&self, turned: Turned, delivery: impl FnOnce() -> u64) -> Turned {
        match turned {
            Turned::TooFast { per_second, wait, held: true, .. } => {
                let again = self.is_again(Attempt::Of(delivery()));
                Turned::TooFast { per_second, wait, held: true, again }
            }
            turned => turned,
        }
    }

    pub(super) fn is_again(&self, attempt: Attempt) -> bool {
        let elapsed = self.ledger.age.elapsed();
        match attempt {
            Attempt::First => false,
            Attempt::Again => true,
            Attempt::Of(delivery) => self.ledger.held().is_again(delivery, elapsed),
        }
    }

    fn try_spend(&self, events: usize) -> Result<(), Span> {
        let elapsed = self.ledger.age.elapsed();
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.spend(elapsed, events as u64)
    }
}
