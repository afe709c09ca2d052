//! Thresholds of two severities, with hysteresis: past one is bad, back past another is fine again.

use super::phase::Level;
use super::threshold::{Op, Threshold};

/// What is bad, and how far back a value must come to be fine again.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Beyond this the severity is `warning`.
    pub warn: Option<Threshold>,
    /// Beyond this the severity is `critical`.
    pub critical: Option<Threshold>,
    /// Only beyond this a warning is over; without it, as soon as `warn` no longer holds.
    pub clear_warn: Option<Threshold>,
    /// Only beyond this it is no longer critical; without it, as soon as `critical` no longer
    /// holds.
    pub clear_critical: Option<Threshold>,
}

impl Bounds {
    /// How bad a value is where `had` is how bad it was. What is not a number is fine.
    pub(super) fn level(&self, value: f64, had: Option<Level>) -> Option<Level> {
        if value.is_nan() {
            return None;
        }
        let holds = |bound: Option<Threshold>| bound.is_some_and(|bound| bound.holds(value));
        let sticks = |bound: Option<Threshold>, level| {
            had.is_some_and(|had| had >= level) && bound.is_some_and(|bound| !bound.holds(value))
        };
        if holds(self.critical) || sticks(self.clear_critical, Level::Critical) {
            return Some(Level::Critical);
        }
        let warns = holds(self.warn) || sticks(self.clear_warn, Level::Warning);
        warns.then_some(Level::Warning)
    }

    /// Tells whether `clear` lies on the good side of `bad`, so that no value is both.
    pub fn parts(bad: Threshold, clear: Threshold) -> bool {
        let rises = |op| matches!(op, Op::Above | Op::AtLeast);
        let falls = |op| matches!(op, Op::Below | Op::AtMost);
        let apart = rises(bad.op) && falls(clear.op) && clear.value <= bad.value
            || falls(bad.op) && rises(clear.op) && clear.value >= bad.value;
        apart && !(bad.holds(clear.value) && clear.holds(clear.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        let at = |text: &str| Some(text.parse().unwrap());
        Bounds {
            warn: at(">= 80"),
            critical: at(">= 90"),
            clear_warn: at("< 70"),
            clear_critical: at("< 85"),
        }
    }

    #[test]
    fn a_value_must_come_back_beyond_the_clearing_threshold() {
        let (warning, critical) = (Some(Level::Warning), Some(Level::Critical));
        for (value, from_fine, from_warning, from_critical) in [
            (60.0, None, None, None),
            (70.0, None, warning, warning),
            (79.9, None, warning, warning),
            (80.0, warning, warning, warning),
            (84.9, warning, warning, warning),
            (85.0, warning, warning, critical),
            (90.0, critical, critical, critical),
            (f64::NAN, None, None, None),
        ] {
            let levels = [None, warning, critical].map(|had| bounds().level(value, had));
            assert_eq!(levels, [from_fine, from_warning, from_critical], "{value}");
        }
    }

    #[test]
    fn without_hysteresis_the_past_does_not_count() {
        let bare = Bounds { clear_warn: None, clear_critical: None, ..bounds() };
        for had in [None, Some(Level::Warning), Some(Level::Critical)] {
            let levels = [79.0, 80.0, 90.0].map(|value| bare.level(value, had));
            assert_eq!(levels, [None, Some(Level::Warning), Some(Level::Critical)]);
        }
    }

    #[test]
    fn no_value_may_be_bad_and_clear() {
        for (bad, clear, apart) in [
            (">= 80", "< 80", true),
            (">= 80", "<= 70", true),
            ("> 80", "<= 80", true),
            (">= 80", "<= 80", false),
            (">= 80", "< 90", false),
            (">= 80", "> 70", false),
            ("< 10", "> 20", true),
            ("< 10", ">= 10", true),
            ("<= 10", "> 5", false),
            ("== 1", "< 1", false),
        ] {
            let (one, other) = (bad.parse().unwrap(), clear.parse().unwrap());
            assert_eq!(Bounds::parts(one, other), apart, "{bad}, {clear}");
        }
    }
}
