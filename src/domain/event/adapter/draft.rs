//! An event in the making, for sources that say themselves when a condition is over.

use serde_json::Value;

use super::{Context, Note, Read, SKEW_MAX, json};
use crate::domain::event::{Ends, Event, Signal};
use crate::domain::value::{Labels, Severity, Span, Timestamp};

/// A name and a value.
pub(super) type Pair<'a> = (&'a str, &'a str);

/// The label, and the annotation where there is one, that [`Draft::severity`] sets: for adapters
/// that have all of an event's texts at hand and make each set in one go.
pub(super) fn severity<'a>(
    context: &Context,
    word: &'a str,
    meaning: Option<Severity>,
) -> (Pair<'a>, Option<Pair<'a>>) {
    let meaning = context.severity_map.get(word).copied().or(meaning);
    let label = match meaning {
        Some(severity) => severity.name(),
        None if word.is_empty() => Severity::Unknown.name(),
        None => word,
    };
    let said = (!word.is_empty() && label != word).then_some(("source_severity", word));
    (("severity", label), said)
}

/// What an adapter found out about one element.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Nothing if the source said nothing about it: then the condition holds.
    pub(super) signal: Option<Signal>,
    pub(super) labels: Labels,
    pub(super) annotations: Labels,
    pub(super) url: String,
    pub(super) key: String,
    pub(super) starts_at: Option<Timestamp>,
    pub(super) ends_at: Option<Timestamp>,
    /// How long the word of a source counts that can only say that a condition holds, never that
    /// it is over.
    pub(super) lease: Option<Span>,
    pub(super) notes: Vec<String>,
}

impl Draft {
    /// Reads a time of the element. One that makes no sense is noted and counts as none.
    pub(super) fn instant(&mut self, what: &str, value: Option<&Value>) -> Option<Timestamp> {
        match json::instant(value?) {
            Ok(at) => at,
            Err(why) => {
                self.notes.push(format!("{what}: {why}"));
                None
            }
        }
    }

    /// Sets the label `severity` from the source's word for it and what the adapter's table takes
    /// that word to mean. The configuration's map counts more, and a word that nobody knows stays.
    /// Where the label is another word, the source's stays as annotation `source_severity`.
    pub(super) fn severity(&mut self, context: &Context, word: &str, meaning: Option<Severity>) {
        let (label, said) = severity(context, word, meaning);
        self.labels = self.labels.with([label]);
        if said.is_some() {
            self.annotations = self.annotations.with(said);
        }
    }

    /// Makes the event, or says why there is none.
    pub(super) fn finish(mut self, at: usize, context: &Context, read: &mut Read) {
        let Context { now, limits, .. } = *context;
        let checked = limits
            .check_labels(&self.labels, true)
            .and_then(|()| limits.check_annotations(&self.annotations, true))
            .and_then(|()| limits.check_text("the URL", &self.url))
            .and_then(|()| limits.check_text("the key", &self.key));
        if let Err(why) = checked {
            read.reject(at, why);
            return;
        }
        let signal = self.signal.unwrap_or(Signal::Firing);
        let ends = match signal {
            // Over is over, even by a clock that runs ahead.
            Signal::Resolved => Ends::At(self.ends_at.unwrap_or(now).min(now)),
            Signal::Firing => self.lease.map_or(Ends::Never, |lease| Ends::Timeout(now + lease)),
        };
        let starts_at = match self.starts_at {
            Some(ahead) if ahead > now + SKEW_MAX => {
                self.notes.push(format!("starts at {ahead}, which lies ahead: {now} counts"));
                now
            }
            Some(starts_at) => starts_at,
            None => now,
        };
        // Nothing begins after its end, least of all what names no beginning.
        let starts_at = match ends {
            Ends::At(end) => starts_at.min(end),
            Ends::Timeout(_) | Ends::Never => starts_at,
        };
        read.notes.extend(self.notes.into_iter().map(|what| Note { at: Some(at), what }));
        read.events.push(Event {
            source: context.source.clone(),
            signal,
            labels: self.labels,
            annotations: self.annotations,
            url: self.url.into(),
            key: self.key.into(),
            starts_at,
            ends,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::adapter::Limits;

    #[test]
    fn nothing_begins_after_its_end() {
        let (source, limits) = (std::sync::Arc::from("src"), Limits::default());
        let now = Timestamp(9_000_000);
        let context = Context::new(&source, now, &limits);
        let check = |times: [Option<i64>; 2], expected: [i64; 2]| {
            let [starts_at, ends_at] = times.map(|at| at.map(Timestamp));
            let labels = Labels::new([("alertname", "Disk")]);
            let signal = Some(Signal::Resolved);
            let draft = Draft { signal, labels, starts_at, ends_at, ..Draft::default() };
            let mut read = Read::default();
            draft.finish(0, &context, &mut read);
            let event = &read.events[0];
            let [start, end] = expected.map(Timestamp);
            assert_eq!((event.starts_at, event.ends), (start, Ends::At(end)), "{times:?}");
        };
        check([None, None], [9_000_000, 9_000_000]);
        check([None, Some(5_000)], [5_000, 5_000]);
        check([Some(7_000), Some(5_000)], [5_000, 5_000]);
        check([Some(3_000), Some(5_000)], [3_000, 5_000]);
        check([Some(3_000), Some(90_000_000)], [3_000, 9_000_000]);
    }
}
