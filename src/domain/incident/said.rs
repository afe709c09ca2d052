//! What incidents say, read through the state, which keeps the words of all of them once.

use super::record::Incident;
use super::state::State;
use crate::domain::event::Correlation;
use crate::domain::timeline::{self, Entry, Line, Timeline, Words};
use crate::domain::value::{Actor, AlertId, Bodies, Body, IncidentId, Labels, Timestamp};

/// The texts of an incident that stand before its annotations, by their places. Every alert that
/// joins asks for the key.
const KEY: usize = 0;
const TITLE: usize = 1;

/// Packs the texts of an incident.
pub(super) fn put(
    bodies: &mut Bodies,
    (title, key): (&str, &str),
    labels: &Labels,
    annotations: &Labels,
) -> Body {
    let own = [("key", key), ("title", title)];
    let texts: Vec<_> = own.into_iter().chain(annotations.iter()).collect();
    bodies.put(labels, texts.into_iter())
}

impl State {
    /// The title, what its alerts have in common, and the annotations of the first.
    pub(super) fn said(&self, incident: &Incident) -> (String, Correlation, Labels) {
        let mut said = self.bodies.said(incident.said).into_iter();
        let mut text = || said.next().map(|(_, text)| text).unwrap_or_default();
        let (key, title) = (text(), text());
        let rule = incident.shape.correlated_by.clone();
        (title, Correlation { rule, key }, Labels::new(said))
    }

    /// A line for people.
    pub fn title(&self, incident: &Incident) -> String {
        self.bodies.text(incident.said, TITLE)
    }

    /// What its alerts have in common.
    pub fn correlation(&self, incident: &Incident) -> Correlation {
        correlation(&self.bodies, incident)
    }

    /// Tells whether an incident is of a correlation.
    pub(super) fn is_of(&self, id: IncidentId, correlation: &Correlation) -> bool {
        let incident = self.expect(id);
        incident.shape.correlated_by == correlation.rule
            && self.bodies.says(incident.said, KEY, &correlation.key)
    }

    /// The labels of the alert it began with.
    pub fn labels(&self, incident: &Incident) -> Labels {
        Labels::pack_raw(self.bodies.raw_labels(incident.said))
    }

    /// The annotations of the alert it began with.
    pub fn annotations(&self, incident: &Incident) -> Labels {
        self.said(incident).2
    }

    /// What rules about incidents match on: the labels of its first alert, and what became of it.
    pub fn facets(&self, incident: &Incident) -> Labels {
        let priority = incident.priority.level().to_string();
        self.labels(incident).with([
            ("priority", priority.as_str()),
            ("category", &incident.shape.category),
            ("team", &incident.shape.team),
            ("kind", incident.shape.kind.name()),
        ])
    }

    /// What happened to it, oldest first.
    pub fn timeline(&self, incident: &Incident) -> impl DoubleEndedIterator<Item = Line> {
        let read = |words: &[u8]| self.bodies.read(incident.said, words);
        let lines = incident.timeline.entries().filter_map(|entry| entry.read(read));
        // Each line is found behind the one before it.
        lines.collect::<Vec<_>>().into_iter()
    }
}

/// What an incident's alerts have in common.
pub(super) fn correlation(bodies: &Bodies, incident: &Incident) -> Correlation {
    let rule = incident.shape.correlated_by.clone();
    Correlation { rule, key: bodies.text(incident.said, KEY) }
}

/// Writes on the timeline of one incident.
pub(super) struct Pen<'a> {
    pub(super) bodies: &'a mut Bodies,
    pub(super) said: Body,
    pub(super) timeline: &'a mut Timeline,
}

impl Pen<'_> {
    pub(super) fn push(&mut self, at: Timestamp, by: &Actor, action: &str, text: &str) {
        let mut words = Vec::new();
        self.bodies.write(self.said, action, text, &mut words);
        self.add(at, by, Words::Packed(&words));
    }

    /// Writes down that an alert joined.
    pub(super) fn push_joined(&mut self, at: Timestamp, by: &Actor, alert: AlertId) {
        self.add(at, by, Words::Joined(alert));
    }

    fn add(&mut self, at: Timestamp, by: &Actor, words: Words<'_>) {
        if let Some(gone) = self.timeline.add(&Entry { at, by: by.clone(), words }) {
            self.bodies.forget(&gone);
        }
    }

    /// Writes down what stood on a page.
    pub(super) fn restore(&mut self, stored: timeline::Stored) {
        for line in stored.lines {
            match line.joined() {
                Some(alert) => self.push_joined(line.at, &line.by, alert),
                None => self.push(line.at, &line.by, &line.action, &line.text),
            }
        }
        self.timeline.omit(stored.omitted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_make_room_give_their_words_back() {
        let mut bodies = Bodies::default();
        let said = put(&mut bodies, ("", ""), &Labels::default(), &Labels::default());
        let mut timeline = Timeline::default();
        let mut pen = Pen { bodies: &mut bodies, said, timeline: &mut timeline };
        let word = |number: usize| "x".repeat(number);
        for number in 1..=400 {
            pen.push(Timestamp(0), &Actor::rule(), "note", &word(number));
        }
        let kept = timeline.entries().count();
        assert_eq!(timeline.omitted(), 400 - kept as u64);
        // Beside the lines there are the names of an empty title and an empty key.
        assert_eq!(bodies.symbols.len(), kept + 2);
        let last = timeline.entries().last();
        let last = last.and_then(|entry| entry.read(|words| bodies.read(said, words)));
        assert_eq!(last.map(|line| (line.action, line.text)), Some(("note".to_owned(), word(400))));
    }
}
