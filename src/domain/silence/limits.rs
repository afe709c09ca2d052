//! How many silences there may be, how large, and for how long they are kept.

use crate::domain::value::Span;

/// The limits in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceLimits {
    /// Silences, those that are over and not yet forgotten among them
    /// (`--silences.max-silences` of Alertmanager).
    pub silences_max: usize,
    /// Bytes of one silence, counted over its texts (`--silences.max-silence-size-bytes`;
    /// Alertmanager counts its stored form, which is some hundred bytes larger).
    pub silence_bytes_max: usize,
    /// How long a silence is remembered after its end (`--data.retention`).
    pub retention: Span,
}

/// Silences at most, where the operator sets no limit: one lookup stays cheap, and a restart too.
const SILENCES_MAX: usize = 50_000;

/// Bytes of one silence at most, where the operator sets no limit.
const SILENCE_BYTES_MAX: usize = 64 << 10;

/// Alertmanager's `--data.retention`.
const RETENTION: Span = Span::hours(120);

impl SilenceLimits {
    /// The limits as an operator sets them; 0 means none, as in Alertmanager, where ours remain.
    #[must_use]
    pub fn new(silences_max: usize, silence_bytes_max: usize, retention: Span) -> Self {
        let within = |said: usize, most: usize| if said == 0 { most } else { said.min(most) };
        Self {
            silences_max: within(silences_max, SILENCES_MAX),
            silence_bytes_max: within(silence_bytes_max, SILENCE_BYTES_MAX),
            retention,
        }
    }
}

impl Default for SilenceLimits {
    fn default() -> Self {
        Self::new(0, 0, RETENTION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_of_the_operator_means_ours() {
        let ours = SilenceLimits::default();
        assert_eq!(SilenceLimits::new(0, 0, RETENTION), ours);
        assert_eq!(SilenceLimits::new(usize::MAX, usize::MAX, RETENTION), ours);
        let theirs = SilenceLimits::new(7, 100, Span::hours(1));
        assert_eq!((theirs.silences_max, theirs.silence_bytes_max), (7, 100));
    }
}
