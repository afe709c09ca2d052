//! An alert as API v2 shows it.

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use crate::domain::event::{self, Alert, Suppression, suppress};
use crate::domain::value::{AlertId, Fingerprint, Labels, Timestamp, Uuid};
use crate::domain::{Settings, State};

/// What a shown alert depends on beside itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
    /// When the daemon started.
    pub(super) started: Timestamp,
}

/// A copy of what is shown of an alert, made under the lock and written outside of it.
#[derive(Debug)]
pub(super) struct Copied {
    labels: Labels,
    annotations: Labels,
    url: Box<str>,
    starts_at: Timestamp,
    updated_at: Timestamp,
    ends_at: Timestamp,
    suppression: Suppression,
    /// The names of its silences for clients.
    silences: Vec<Uuid>,
}

/// A copy with what is worked out of it.
struct Shown<'a> {
    copied: &'a Copied,
    /// The intervals that mute the route in whose group it is shown.
    muted_by: &'a [String],
    settings: &'a Settings,
}

struct Receivers<'a>(&'a Shown<'a>);

struct Name<'a>(&'a str);

struct Status<'a>(&'a Shown<'a>);

impl Sight<'_> {
    /// Tells whether an alert is shown at all: what has ended is not.
    ///
    /// An alert whose lease ran out while its source was silent holds until somebody says
    /// otherwise. With a plain Alertmanager configuration the end that the source named counts,
    /// unless it passed while this daemon was down and the source has not been heard since.
    pub(super) fn shows(&self, alert: &Alert) -> bool {
        let lapsed = alert.ends.at().is_some_and(|ends_at| ends_at < self.now);
        let heard = alert.updated_at >= self.started;
        alert.is_firing() && !(self.settings.bare && lapsed && heard)
    }

    /// Copies an alert, if it is shown.
    pub(super) fn copy(&self, state: &State, id: AlertId) -> Option<Copied> {
        let events: &event::State = &state.event;
        let alert = events.alert(id).filter(|alert| self.shows(alert))?;
        // No client shows an alert that is past its end: one that is still believed is believed
        // for another resolve timeout.
        let believed_until = self.now + self.settings.resolve_timeout;
        let ends_at = alert.ends.at().filter(|at| *at >= self.now).unwrap_or(believed_until);
        let suppression = suppress::suppression(state, alert);
        let silences = suppression.silenced_by.iter().filter_map(|id| state.silence.uuid(*id));
        Some(Copied {
            silences: silences.collect(),
            labels: events.labels(alert),
            annotations: events.annotations(alert),
            url: events.url(alert).into(),
            starts_at: alert.starts_at,
            updated_at: alert.updated_at,
            ends_at,
            suppression,
        })
    }

    /// Writes a copy as JSON.
    pub(super) fn write(&self, copied: &Copied, muted_by: &[String], out: &mut Vec<u8>) {
        let shown = Shown { copied, muted_by, settings: self.settings };
        serde_json::to_writer(out, &shown).expect("alerts are plain JSON");
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Copied { labels, annotations, url, starts_at, updated_at, ends_at, .. } = self.copied;
        let mut fields = serializer.serialize_struct("alert", 9)?;
        fields.serialize_field("annotations", annotations)?;
        fields.serialize_field("endsAt", &Instant(*ends_at))?;
        fields.serialize_field("fingerprint", &Hex(labels.fingerprint()))?;
        fields.serialize_field("receivers", &Receivers(self))?;
        fields.serialize_field("startsAt", &Instant(*starts_at))?;
        fields.serialize_field("status", &Status(self))?;
        fields.serialize_field("updatedAt", &Instant(*updated_at))?;
        if !url.is_empty() {
            fields.serialize_field("generatorURL", url)?;
        }
        fields.serialize_field("labels", labels)?;
        fields.end()
    }
}

/// A list of what writes itself as text.
struct Texts<'a, T>(&'a [T]);

impl<T: std::fmt::Display> Serialize for Texts<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut texts = serializer.serialize_seq(Some(self.0.len()))?;
        for text in self.0 {
            texts.serialize_element(&format_args!("{text}"))?;
        }
        texts.end()
    }
}

struct Hex(Fingerprint);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

struct Instant(Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.rfc3339())
    }
}

impl Serialize for Receivers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let routes = self.0.settings.routes.matching(&self.0.copied.labels);
        let mut names = serializer.serialize_seq(Some(routes.len()))?;
        for route in routes {
            names.serialize_element(&Name(&route.receiver))?;
        }
        names.end()
    }
}

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("receiver", 1)?;
        fields.serialize_field("name", self.0)?;
        fields.end()
    }
}

impl Serialize for Status<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Shown { copied, muted_by, .. } = self.0;
        let suppression = &copied.suppression;
        let active = !suppression.is_suppressed() && muted_by.is_empty();
        let mut fields = serializer.serialize_struct("status", 4)?;
        fields.serialize_field("inhibitedBy", &Texts(&suppression.inhibited_by))?;
        fields.serialize_field("mutedBy", muted_by)?;
        fields.serialize_field("silencedBy", &Texts(&copied.silences))?;
        fields.serialize_field("state", if active { "active" } else { "suppressed" })?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::event::{Ends, Event, Signal};
    use crate::domain::value::Span;
    use crate::engine::{Engine, Entry, Input};

    const START: Timestamp = Timestamp(1_767_225_600_000);

    /// What is shown, a minute after its end, of an alert heard a minute after the start.
    fn shown(bare: bool, started: Timestamp) -> Option<Timestamp> {
        let settings = Settings { bare, resolve_timeout: Span::minutes(5), ..Settings::default() };
        let settings = Arc::new(settings);
        let mut engine = Engine::new(Arc::clone(&settings));
        let event = Event {
            source: "prometheus".into(),
            signal: Signal::Firing,
            labels: Labels::new([("alertname", "A")]),
            annotations: Labels::default(),
            url: Box::default(),
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
        sight.copy(engine.state(), AlertId(1)).map(|copied| copied.ends_at)
    }

    #[test]
    fn an_alert_past_its_end_is_shown_as_long_as_it_is_believed() {
        let believed = Some(START + Span::minutes(8));
        assert_eq!(shown(false, START), believed, "its source is silent, which is no recovery");
        assert_eq!(shown(true, START), None, "Alertmanager's rule");
        assert_eq!(shown(true, START + Span::minutes(2)), believed, "not heard since a restart");
    }
}
