//! Signatures: what incidents of one kind have in common, and when they began.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::fact::Recurrence;
use crate::domain::value::{Bodies, Body, IncidentId, Labels, ProblemId, Short, Span, Timestamp};

/// Onsets that are remembered of one signature.
pub(super) const ONSETS_MAX: usize = 64;

/// What incidents of one kind have in common, and when they began. Kept in a few bytes, because most
/// have one incident for ever.
#[derive(Debug, Clone)]
pub struct Signature {
    text: Body,
    /// The latest onsets, oldest first.
    onsets: SmallVec<[Onset; 1]>,
    course: Option<Box<Course>>,
}

/// What became of a kind of incidents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// The incident that came so soon after the last onset that it is the same outbreak.
    pub trailing: Option<IncidentId>,
    /// The newest problem about it.
    pub problem: Option<ProblemId>,
    /// Until when no problem is proposed, because a person rejected one.
    pub muted_until: Option<Timestamp>,
}

/// One incident of a signature.
#[derive(Debug, Clone)]
pub struct Onset {
    /// Since when.
    pub at: Timestamp,
    within: Span,
    nth: u32,
    incident: Short,
    last: Short,
}

/// A signature as it stands on a page.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredSignature {
    text: String,
    onsets: Vec<StoredOnset>,
    #[serde(flatten)]
    course: Course,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredOnset {
    incident: IncidentId,
    at: Timestamp,
    recurrence: Recurrence,
}

impl Signature {
    /// A signature without an onset.
    pub(super) fn new(bodies: &mut Bodies, text: &str) -> Self {
        let text = bodies.put(&Labels::default(), [("", text)].into_iter());
        Self { text, onsets: SmallVec::new(), course: None }
    }

    /// The common labels of the root alerts.
    pub(super) fn text(&self, bodies: &Bodies) -> String {
        bodies.said(self.text).pop().map(|(_, text)| text).unwrap_or_default()
    }

    pub(super) fn has_text(&self, bodies: &Bodies, text: &str) -> bool {
        bodies.says(self.text, 0, text)
    }

    /// What became of it.
    pub fn course(&self) -> Course {
        self.course.as_deref().copied().unwrap_or_default()
    }

    pub(super) fn course_mut(&mut self) -> &mut Course {
        self.course.get_or_insert_default()
    }

    /// The latest onsets, oldest first.
    pub fn onsets(&self) -> &[Onset] {
        &self.onsets
    }

    /// The onsets since an instant.
    pub fn since(&self, since: Timestamp) -> impl Iterator<Item = &Onset> {
        self.onsets.iter().filter(move |onset| onset.at >= since)
    }

    /// The newest incident of the signature, counted or trailing.
    pub fn latest(&self) -> Option<IncidentId> {
        self.course().trailing.or(self.onsets.last().map(Onset::incident))
    }

    /// The mean time between its onsets; nothing while there are fewer than two.
    pub fn interval(&self) -> Option<Span> {
        let (first, last) = (self.onsets.first()?, self.onsets.last()?);
        let gaps = u64::try_from(self.onsets.len() - 1).ok().filter(|gaps| *gaps > 0)?;
        Some(Span(last.at.since(first.at).0 / gaps))
    }

    /// Adds an onset, and returns the incident of the oldest one if that had to make room.
    pub(super) fn count(&mut self, onset: Onset) -> Option<IncidentId> {
        let full = self.onsets.len() >= ONSETS_MAX;
        let gone = full.then(|| self.onsets.remove(0).incident());
        if let Some(course) = &mut self.course {
            course.trailing = None;
        }
        self.onsets.push(onset);
        gone
    }

    pub(super) fn uncount(&mut self, incident: IncidentId) {
        self.onsets.retain(|onset| onset.incident() != incident);
    }
}

impl Onset {
    pub(super) fn new(incident: IncidentId, at: Timestamp, recurrence: &Recurrence) -> Self {
        let Recurrence { nth, within, last } = recurrence;
        Self {
            at,
            within: *within,
            nth: u32::try_from(*nth).unwrap_or(u32::MAX),
            incident: Short::of(incident),
            last: last.map(Short::of).unwrap_or_default(),
        }
    }

    /// The incident.
    pub fn incident(&self) -> IncidentId {
        self.incident.id()
    }

    /// The how manieth it was when it came.
    pub fn recurrence(&self) -> Recurrence {
        let nth = usize::try_from(self.nth).unwrap_or(usize::MAX);
        Recurrence { nth, within: self.within, last: self.last.some() }
    }
}

impl StoredSignature {
    pub(super) fn of(bodies: &Bodies, signature: &Signature) -> Self {
        let onsets = signature.onsets.iter().map(|onset| StoredOnset {
            incident: onset.incident(),
            at: onset.at,
            recurrence: onset.recurrence(),
        });
        Self { text: signature.text(bodies), onsets: onsets.collect(), course: signature.course() }
    }

    pub(super) fn read(self, bodies: &mut Bodies) -> Signature {
        let onset =
            |stored: StoredOnset| Onset::new(stored.incident, stored.at, &stored.recurrence);
        Signature {
            onsets: self.onsets.into_iter().map(onset).collect(),
            course: (self.course != Course::default()).then(|| Box::new(self.course)),
            ..Signature::new(bodies, &self.text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn onset(number: u64) -> Onset {
        let recurrence = Recurrence { nth: 1, within: Span::days(30), last: None };
        Onset::new(IncidentId(number), Timestamp(i64::try_from(number).unwrap()), &recurrence)
    }

    #[test]
    fn a_signature_is_small() {
        assert_eq!(size_of::<Option<Signature>>(), 72);
    }

    #[test]
    fn the_oldest_onset_makes_room_and_an_outbreak_ends_with_the_next() {
        let mut bodies = Bodies::default();
        let mut signature = Signature::new(&mut bodies, "{host=\"db-1\"}");
        for number in 1..=ONSETS_MAX as u64 {
            assert_eq!(signature.count(onset(number)), None);
        }
        signature.course_mut().trailing = Some(IncidentId(900));
        assert_eq!(signature.latest(), Some(IncidentId(900)));
        assert_eq!(signature.count(onset(1_000)), Some(IncidentId(1)));
        assert_eq!(
            (signature.onsets().len(), signature.latest()),
            (ONSETS_MAX, Some(IncidentId(1_000)))
        );
        signature.uncount(IncidentId(1_000));
        assert_eq!(signature.interval(), Some(Span(1)));
        let stored = serde_json::to_value(StoredSignature::of(&bodies, &signature)).unwrap();
        let read: StoredSignature = serde_json::from_value(stored.clone()).unwrap();
        let again = read.read(&mut bodies);
        assert_eq!(serde_json::to_value(StoredSignature::of(&bodies, &again)).unwrap(), stored);
        assert!(again.has_text(&bodies, "{host=\"db-1\"}"));
    }
}
