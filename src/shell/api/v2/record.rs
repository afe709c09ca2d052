//! An alert as API v2 shows it.

use super::lens::{Lens, matched};
use super::text::{self, Days};
use crate::domain::event::{self, Alert, suppress};
use crate::domain::value::{Labels, Part, Spread, Timestamp};
use crate::domain::{Settings, State};

/// What a shown alert depends on beside itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
    /// When the daemon started.
    pub(super) started: Timestamp,
}

/// What alerts say, and the place of one among them.
pub(super) type Said<'a, 'b> = (&'a Spread<'b>, usize);

/// Writes alerts as JSON, straight from where they are kept: a copy would cost as much again.
#[derive(Debug)]
pub(super) struct Pen {
    days: Days,
    /// The list of receivers, as it is written.
    receivers: Lens<Vec<u8>>,
}

impl Sight<'_> {
    /// Tells whether an alert is shown at all: what has ended is not.
    ///
    /// An alert whose lease ran out while its source was silent holds until somebody says
    /// otherwise. With a plain Alertmanager configuration the end that the source named counts,
    /// unless it passed while this daemon was down and the source has not been heard since.
    pub(super) fn shows(&self, alert: &Alert) -> bool {
        let lapsed = alert.ends().at().is_some_and(|ends_at| ends_at < self.now);
        let heard = alert.updated_at >= self.started;
        alert.is_firing() && !(self.settings.bare && lapsed && heard)
    }

    /// No client shows an alert that is past its end: one that is still believed is believed for
    /// another resolve timeout.
    fn ends_at(&self, alert: &Alert) -> Timestamp {
        let believed_until = self.now + self.settings.resolve_timeout;
        alert.ends().at().filter(|at| *at >= self.now).unwrap_or(believed_until)
    }
}

impl Pen {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { days: Days::default(), receivers: Lens::new(Some(matched(&settings.routes))) }
    }

    /// Writes an alert.
    pub(super) fn write(
        &mut self,
        out: &mut Vec<u8>,
        sight: Sight,
        state: &State,
        (alert, said): (&Alert, Said<'_, '_>),
        muted_by: &[String],
    ) {
        let events: &event::State = &state.event;
        out.extend_from_slice(b"{\"annotations\":{");
        annotations(out, said);
        out.extend_from_slice(b"},\"endsAt\":\"");
        self.days.instant(out, sight.ends_at(alert));
        out.extend_from_slice(b"\",\"fingerprint\":\"");
        text::hex(out, events.fingerprint(alert));
        out.extend_from_slice(b"\",\"receivers\":");
        let receivers = |labels: &Labels| receivers(sight.settings, labels);
        out.extend_from_slice(self.receivers.look(events, alert, receivers));
        out.extend_from_slice(b",\"startsAt\":\"");
        self.days.instant(out, alert.starts_at);
        out.extend_from_slice(b"\",\"status\":{\"inhibitedBy\":");
        status(out, state, alert, muted_by);
        out.extend_from_slice(b"\"},\"updatedAt\":\"");
        self.days.instant(out, alert.updated_at);
        let url = events.raw_url(alert);
        if !url.is_empty() {
            out.extend_from_slice(b"\",\"generatorURL\":\"");
            text::escaped(out, url);
        }
        out.extend_from_slice(b"\",\"labels\":{");
        labels(out, said);
        out.extend_from_slice(b"}}");
    }
}

/// What keeps people from hearing of it, from the list of its inhibitors to its state's word.
fn status(out: &mut Vec<u8>, state: &State, alert: &Alert, muted_by: &[String]) {
    let suppression = suppress::suppression(state, alert);
    let silences = suppression.silenced_by.iter().filter_map(|id| state.silence.uuid(*id));
    texts(out, suppression.inhibited_by.iter().map(ToString::to_string));
    out.extend_from_slice(b",\"mutedBy\":");
    // Alertmanager has no word for it: the source's name stands among those of time intervals.
    let source = suppression.by_source.then(|| state.event.source(alert.source())).flatten();
    texts(out, muted_by.iter().cloned().chain(source.map(|source| source.name.clone())));
    out.extend_from_slice(b",\"silencedBy\":");
    texts(out, silences.map(|id| id.to_string()));
    let active = !suppression.is_suppressed() && muted_by.is_empty();
    let word: &[u8] = if active { b"active" } else { b"suppressed" };
    out.extend_from_slice(b",\"state\":\"");
    out.extend_from_slice(word);
}

fn texts(out: &mut Vec<u8>, texts: impl Iterator<Item = String>) {
    out.push(b'[');
    for (place, one) in texts.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        text::quoted(out, &one);
    }
    out.push(b']');
}

fn annotations(out: &mut Vec<u8>, (spread, at): Said<'_, '_>) {
    text::pairs(out, |pairs| {
        spread.texts(at, |part| match part {
            Part::Name(name) => pairs.name(name),
            Part::Value(piece) => pairs.value(piece),
        });
    });
}

fn labels(out: &mut Vec<u8>, (spread, at): Said<'_, '_>) {
    text::pairs(out, |pairs| {
        for (name, value) in spread.labels(at) {
            pairs.name(name);
            pairs.value(value);
        }
    });
}

fn receivers(settings: &Settings, labels: &Labels) -> Vec<u8> {
    let mut out = vec![b'['];
    for route in settings.routes.matching(labels) {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"name\":");
        text::quoted(&mut out, &route.receiver);
        out.push(b'}');
    }
    out.push(b']');
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::domain::event::{Ends, Event, Signal};
    use crate::domain::value::{AlertId, Span};
    use crate::engine::{Engine, Entry, Input};

    const START: Timestamp = Timestamp(1_767_225_600_000);

    /// What is shown, a minute after its end, of an alert heard a minute after the start.
    fn shown(bare: bool, started: Timestamp, annotations: Labels, url: &str) -> Option<Value> {
        let settings = Settings { bare, resolve_timeout: Span::minutes(5), ..Settings::default() };
        let settings = Arc::new(settings);
        let mut engine = Engine::new(Arc::clone(&settings));
        let event = Event {
            source: "prometheus".into(),
            signal: Signal::Firing,
            labels: Labels::new([("alertname", "A"), ("q", "\"")]),
            annotations,
            url: url.into(),
            key: Box::default(),
            starts_at: START,
            ends: Ends::At(START + Span::minutes(2)),
        };
        let heard = START + Span::minutes(1);
        let events = Input::Events(vec![event]);
        for (at, input) in [(START, Input::Started(Arc::clone(&settings))), (heard, events)] {
            let outcome = engine.step(Entry { at, input });
            assert_eq!(outcome.reply, Ok(()));
        }
        let sight = Sight { settings: &settings, now: START + Span::minutes(3), started };
        let state = engine.state();
        let alert = state.event.alert(AlertId(1)).filter(|alert| sight.shows(alert))?;
        let mut out = Vec::new();
        let spread = state.event.spread(std::iter::once(alert));
        Pen::new(&settings).write(&mut out, sight, state, (alert, (&spread, 0)), &[]);
        Some(serde_json::from_slice(&out).unwrap())
    }

    #[test]
    fn an_alert_past_its_end_is_shown_as_long_as_it_is_believed() {
        let ends_at = |bare, started| {
            let shown = shown(bare, started, Labels::default(), "")?;
            Some(shown["endsAt"].as_str().unwrap().parse().unwrap())
        };
        let believed = Some(START + Span::minutes(8));
        assert_eq!(ends_at(false, START), believed, "its source is silent, which is no recovery");
        assert_eq!(ends_at(true, START), None, "Alertmanager's rule");
        let restarted = ends_at(true, START + Span::minutes(2));
        assert_eq!(restarted, believed, "not heard since a restart");
    }

    #[test]
    fn an_alert_is_written_field_by_field() {
        let labels = json!({"alertname": "A", "q": "\""});
        let fingerprint = Labels::new([("alertname", "A"), ("q", "\"")]).fingerprint().to_string();
        let expected = |annotations: Value| {
            json!({
                "annotations": annotations,
                "endsAt": "2026-01-01T00:08:00.000Z",
                "fingerprint": fingerprint,
                "receivers": [],
                "startsAt": "2026-01-01T00:00:00.000Z",
                "status": {
                    "inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": "active",
                },
                "updatedAt": "2026-01-01T00:01:00.000Z",
                "labels": labels,
            })
        };
        let bare = shown(false, START, Labels::default(), "").unwrap();
        assert_eq!(bare, expected(json!({})));
        let annotations = Labels::new([("a", "on\t\"host-7\""), ("b", "https://wiki/7")]);
        let mut full = expected(json!({"a": "on\t\"host-7\"", "b": "https://wiki/7"}));
        full["generatorURL"] = json!("http://x/?a=\"1\"");
        assert_eq!(shown(false, START, annotations, "http://x/?a=\"1\"").unwrap(), full);
    }
}
