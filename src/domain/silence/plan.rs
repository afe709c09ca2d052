//! What somebody wants a silence to be, checked by the rules of Alertmanager.

use super::command::{Draft, Until};
use super::limits::SilenceLimits;
use super::machine::Status;
use super::state::Silence;
use crate::domain::Refusal;
use crate::domain::value::{Actor, Labels, Matchers, SilenceId, Timestamp, Uuid};

/// A draft that makes sense, with times that are known.
pub(super) struct Plan {
    pub(super) matchers: Vec<Matchers>,
    pub(super) starts_at: Timestamp,
    pub(super) ends_at: Timestamp,
    pub(super) created_by: String,
    pub(super) comment: String,
    pub(super) annotations: Labels,
}

impl Plan {
    /// Checks a draft, in Alertmanager's order and words.
    pub(super) fn new(draft: Draft, actor: &Actor, now: Timestamp) -> Result<Self, Refusal> {
        let said = draft.starts_at.is_some();
        let plan = Self::as_it_is(draft, actor, now);
        // Who says nothing about the start is told of the end alone.
        if plan.starts_at >= plan.ends_at && (said || plan.ends_at >= now) {
            return Err(refuse("ends_at", "start time must be before end time"));
        }
        if plan.ends_at < now {
            return Err(refuse("ends_at", "end time can't be in the past"));
        }
        check_matchers(&plan.matchers)?;
        Ok(plan)
    }

    /// Takes a draft unchecked: what another Alertmanager has taken was checked there.
    pub(super) fn as_it_is(draft: Draft, actor: &Actor, now: Timestamp) -> Self {
        let starts_at = draft.starts_at.unwrap_or(now);
        Self {
            matchers: draft.matchers,
            starts_at,
            ends_at: match draft.until {
                Until::At(at) => at,
                Until::For(span) => starts_at.max(now) + span,
            },
            created_by: draft.created_by.unwrap_or_else(|| actor.name.clone()),
            comment: draft.comment,
            annotations: draft.annotations,
        }
    }

    /// Tells whether a silence can become this without changing what it has silenced: Alertmanager
    /// then changes it where it stands.
    pub(super) fn keeps_the_past(&self, silence: &Silence, now: Timestamp) -> bool {
        let second = |at: Timestamp| at.0.div_euclid(1_000);
        let times = match silence.status {
            Status::Pending => self.starts_at >= now,
            Status::Active => {
                second(silence.starts_at) == second(self.starts_at) && self.ends_at >= now
            }
            Status::Expired => false,
        };
        times && silence.matchers == self.matchers
    }

    /// Refuses what is larger than the limit.
    pub(super) fn check_size(&self, limits: &SilenceLimits) -> Result<(), Refusal> {
        let matchers = self.matchers.iter().flatten().map(|one| one.name.len() + one.value.len());
        let annotations = self.annotations.iter().map(|(name, value)| name.len() + value.len());
        let said = [self.created_by.len(), self.comment.len()];
        let have: usize = matchers.chain(annotations).chain(said).sum();
        let max = limits.silence_bytes_max;
        if have > max {
            let why = format!("silence exceeded maximum size: {have} bytes (limit: {max} bytes)");
            return Err(refuse("silences", why));
        }
        Ok(())
    }

    /// A name made of everything that tells this silence from others.
    pub(super) fn uuid(&self, id: SilenceId, now: Timestamp) -> Uuid {
        let times = [now, self.starts_at, self.ends_at].map(|at| at.0.to_string());
        let text =
            |set: &Matchers| set.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let sets = self.matchers.iter().map(text);
        let said = [self.created_by.clone(), self.comment.clone(), self.annotations.to_string()];
        let parts: Vec<String> =
            std::iter::once(id.to_string()).chain(times).chain(sets).chain(said).collect();
        Uuid::of(parts.iter().map(String::as_str))
    }
}

impl SilenceLimits {
    /// Refuses one more silence than the limit.
    pub(super) fn check_room(&self, have: usize) -> Result<(), Refusal> {
        let max = self.silences_max;
        if have < max {
            return Ok(());
        }
        let why = format!("exceeded maximum number of silences: {have} (limit: {max})");
        Err(refuse("silences", why))
    }
}

fn check_matchers(sets: &[Matchers]) -> Result<(), Refusal> {
    if sets.is_empty() || sets.iter().any(Vec::is_empty) {
        return Err(refuse("matchers", "at least one matcher required"));
    }
    for set in sets {
        if let Some(at) = set.iter().position(|matcher| matcher.name.is_empty()) {
            let why = format!("invalid label matcher {at}: invalid label name \"\"");
            return Err(refuse("matchers", why));
        }
        // Such a silence would silence whatever lacks its labels, and nobody means that.
        if set.iter().all(|matcher| matcher.matches("")) {
            let why = "at least one matcher must not match the empty string";
            return Err(refuse("matchers", why));
        }
    }
    Ok(())
}

fn refuse(field: &'static str, why: impl Into<String>) -> Refusal {
    Refusal::Incomplete { field, why: why.into() }
}
