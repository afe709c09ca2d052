//! Nagios' flap detection: how much of the last 21 looks were changes, recent ones counting more.
//!
//! Nagios weighs change i of 20 (0 is the oldest) with 0.75 + i/38 and calls the sum of the weights
//! over 20 a percentage. Times 76 the weights are the whole numbers 2i + 57, which sum to 1520: a
//! threshold of exactly 30 % is then no matter of rounding.

use super::phase::Level;

/// Changes that are remembered.
const CHANGES: u32 = 20;
/// What the weights of all changes sum to.
const SCORE_MAX: u32 = 1_520;

/// When a series flaps: percentages of Nagios' weighted share of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlapBounds {
    /// At or below this share it no longer flaps.
    pub low_percent: u32,
    /// At or above this share it flaps.
    pub high_percent: u32,
}

/// What the last looks at a series said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flapping {
    /// One bit a look, the newest lowest: whether it saw another state than the one before.
    changes: u32,
    last: Option<Level>,
    /// How bad it was at worst, while it flaps.
    worst: Option<Level>,
}

/// What a look changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    Nothing,
    On,
    Off,
}

impl Default for FlapBounds {
    /// Nagios' defaults for services.
    fn default() -> Self {
        Self { low_percent: 20, high_percent: 30 }
    }
}

impl Flapping {
    /// Takes note of a look.
    pub(super) fn see(&mut self, level: Option<Level>, bounds: FlapBounds) -> Turned {
        let before = std::mem::replace(&mut self.last, level);
        let changed = level != before;
        self.changes = (self.changes << 1 | u32::from(changed)) & ((1 << CHANGES) - 1);
        let score = self.score() * 100;
        if self.is_on() {
            if score <= bounds.low_percent * SCORE_MAX {
                self.worst = None;
                return Turned::Off;
            }
            self.worst = self.worst.max(level);
            return Turned::Nothing;
        }
        if score < bounds.high_percent * SCORE_MAX {
            return Turned::Nothing;
        }
        // It may be fine just then; what it changed from was not.
        self.worst = level.max(before);
        Turned::On
    }

    pub(super) fn is_on(&self) -> bool {
        self.worst.is_some()
    }

    /// How bad the series is taken to be while it flaps.
    pub(super) fn worst(&self) -> Option<Level> {
        self.worst
    }

    /// The weighted share of changes in percent, rounded down.
    pub(super) fn percent(&self) -> u32 {
        self.score() * 100 / SCORE_MAX
    }

    /// Tells whether nothing is left to remember.
    pub(super) fn is_quiet(&self) -> bool {
        self.changes == 0 && self.last.is_none() && self.worst.is_none()
    }

    fn score(&self) -> u32 {
        let seen = (0..CHANGES).filter(|age| self.changes >> age & 1 == 1);
        seen.map(|age| 2 * (CHANGES - 1 - age) + 57).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(flapping: &mut Flapping, change: bool) -> Turned {
        let fine = flapping.last.is_none();
        let level = (fine == change).then_some(Level::Warning);
        flapping.see(level, FlapBounds::default())
    }

    /// Which changes, the oldest first, and what they come to.
    fn check(slots: &[usize], score: u32, turns: Turned) {
        let mut flapping = Flapping::default();
        let last =
            (0..20).fold(Turned::Nothing, |_, slot| look(&mut flapping, slots.contains(&slot)));
        assert_eq!((flapping.score(), last), (score, turns), "{slots:?}");
    }

    #[test]
    fn the_score_is_that_of_nagios() {
        check(&[], 0, Turned::Nothing);
        check(&[0], 57, Turned::Nothing);
        check(&[19], 95, Turned::Nothing);
        // 15.6 %
        check(&[5, 11, 17], 237, Turned::Nothing);
        let all: Vec<usize> = (0..20).collect();
        let mut flapping = Flapping::default();
        for _ in &all {
            look(&mut flapping, true);
        }
        assert_eq!((flapping.score(), flapping.percent()), (SCORE_MAX, 100));
    }

    #[test]
    fn exactly_thirty_percent_flaps() {
        let mut flapping = Flapping::default();
        let turns: Vec<Turned> = (0..20).map(|slot| look(&mut flapping, slot % 3 == 2)).collect();
        // While they are newer the same changes weigh more: it has been on from slot 17 on.
        assert!(turns.contains(&Turned::On));
        assert_eq!((flapping.score(), flapping.percent()), (456, 30));
        assert!(flapping.is_on());
    }

    #[test]
    fn the_sixth_change_in_a_row_flaps_and_sixteen_quiet_looks_end_it() {
        let mut flapping = Flapping::default();
        let turns: Vec<Turned> = (0..6).map(|_| look(&mut flapping, true)).collect();
        let nothing = [Turned::Nothing; 5];
        assert_eq!(turns, [&nothing[..], &[Turned::On]].concat());
        assert_eq!(flapping.percent(), 35);

        let mut burst = Flapping::default();
        for _ in 0..20 {
            look(&mut burst, true);
        }
        let quiet = (1..).find(|_| look(&mut burst, false) == Turned::Off);
        assert_eq!(quiet, Some(16));
    }

    #[test]
    fn what_was_worst_counts_while_it_flaps() {
        let mut flapping = Flapping::default();
        for level in [Some(Level::Warning), None, Some(Level::Critical), None, None] {
            flapping.see(level, FlapBounds { low_percent: 5, high_percent: 20 });
        }
        assert_eq!(flapping.worst(), Some(Level::Critical));
        for _ in 0..20 {
            flapping.see(None, FlapBounds::default());
        }
        assert!(flapping.is_quiet());
    }
}
