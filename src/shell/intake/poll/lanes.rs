//! Who may ask at the same time: so many of all, and so many of one target. Whoever takes longer
//! than others moves to the slow lane, so that a target that hangs holds nobody else up.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::value::Span;

/// After this time an answer counts as slow.
pub(super) const SLOW: Span = Span::seconds(1);

/// Slots for quick answers over the network, of all targets.
const QUICK_MAX: usize = 512;
/// Slots for slow answers over the network: 10,000 polls a minute that all wait for ten seconds
/// need 1,667.
const SLOW_MAX: usize = 2_048;
/// Slots of one target, in either lane.
const TARGET_MAX: usize = 8;
/// Programs that run at one time, of the quick ones.
const PROGRAMS_MAX: usize = 8;
/// Programs that run at one time, of the slow ones.
const SLOW_PROGRAMS_MAX: usize = 64;

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    network: Lane,
    programs: Lane,
    targets: BTreeMap<String, Lane>,
}

/// A quick lane and a slow one.
#[derive(Debug, Clone)]
struct Lane {
    quick: Arc<Semaphore>,
    slow: Arc<Semaphore>,
}

/// Leave to ask, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    held: Vec<(Lane, OwnedSemaphorePermit)>,
}

impl Lanes {
    /// Lanes for these targets.
    pub(super) fn new<'a>(targets: impl Iterator<Item = &'a str>) -> Self {
        let lane = |target: &str| (target.to_owned(), Lane::new(TARGET_MAX, TARGET_MAX));
        Self {
            network: Lane::new(QUICK_MAX, SLOW_MAX),
            programs: Lane::new(PROGRAMS_MAX, SLOW_PROGRAMS_MAX),
            targets: targets.map(lane).collect(),
        }
    }

    /// Waits for leave to ask a target, or to run a program. Whoever waits for a target takes
    /// nothing of what is there for all.
    pub(super) async fn enter(&self, target: Option<&str>) -> Slot {
        let mut held = Vec::with_capacity(2);
        let all = if target.is_some() { &self.network } else { &self.programs };
        let own = target.and_then(|target| self.targets.get(target));
        for lane in own.into_iter().chain([all]) {
            let permit = Arc::clone(&lane.quick).acquire_owned().await;
            held.push((lane.clone(), permit.expect("nobody closes the semaphores")));
        }
        Slot { held }
    }
}

impl Lane {
    fn new(quick: usize, slow: usize) -> Self {
        Self { quick: Arc::new(Semaphore::new(quick)), slow: Arc::new(Semaphore::new(slow)) }
    }
}

impl Slot {
    /// Moves to the slow lane, where there is room.
    pub(super) fn give_way(&mut self) {
        for (lane, permit) in &mut self.held {
            if let Ok(slow) = Arc::clone(&lane.slow).try_acquire_owned() {
                *permit = slow;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_target_that_hangs_holds_up_only_itself() {
        let lanes = Lanes::new(["a", "b"].into_iter());
        let mut slots = Vec::new();
        while let Some(slot) = lanes.enter(Some("a")).now_or_never() {
            slots.push(slot);
        }
        assert_eq!(slots.len(), TARGET_MAX);
        slots.iter_mut().for_each(Slot::give_way);
        while let Some(slot) = lanes.enter(Some("a")).now_or_never() {
            slots.push(slot);
        }
        assert_eq!(slots.len(), 2 * TARGET_MAX);
        assert_eq!(lanes.network.quick.available_permits(), QUICK_MAX - TARGET_MAX);
        assert!(lanes.enter(Some("b")).now_or_never().is_some());
        assert!(lanes.enter(None).now_or_never().is_some());
    }

    #[tokio::test]
    async fn slow_answers_leave_the_quick_lane() {
        let names: Vec<String> = (0..QUICK_MAX + 1).map(|at| at.to_string()).collect();
        let lanes = Lanes::new(names.iter().map(String::as_str));
        // A task of tokio's rests after so many permits; this one is not to.
        let enter = |at: usize| {
            let slot = lanes.enter(Some(names[at].as_str()));
            tokio::task::unconstrained(slot).now_or_never()
        };
        let mut slots: Vec<Slot> = (0..QUICK_MAX).filter_map(enter).collect();
        assert_eq!(slots.len(), QUICK_MAX);
        assert!(enter(QUICK_MAX).is_none());
        slots[0].give_way();
        assert!(enter(QUICK_MAX).is_some());
    }
}
