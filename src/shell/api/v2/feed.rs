//! Writes many alerts a few at a time: neither the writer waits long, nor is everything in memory.

use std::cmp::Ordering;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::mpsc;

use super::record::{Pen, Sight};
use super::text;
use crate::domain::State;
use crate::domain::event::Alert;
use crate::domain::notification::message::route_labels;
use crate::domain::value::{AlertId, Labels, Short, Timestamp};
use crate::shell::api::context::{Context, Setup};
use crate::shell::api::json::JSON;
use crate::shell::api::layer::Place;

/// Alerts written while the writer waits: well under a millisecond of work, and an amount of text
/// that fits a core's cache.
const ALERTS_PER_CHUNK: usize = 128;

/// Room made for one alert; most need less.
const ALERT_BYTES: usize = 1_024;

/// Chunks that wait for a slow reader.
const CHUNKS_WAITING_MAX: usize = 4;

/// What is to be written, in this order.
#[derive(Debug)]
pub(super) enum Feed {
    /// Alerts side by side.
    Alerts(Vec<Short>),
    /// Alerts in their groups.
    Groups(Vec<Group>),
}

/// Some of the alerts of one route.
#[derive(Debug)]
pub(super) struct Group {
    /// What they have in common.
    pub(super) labels: Labels,
    /// The route's place in the tree.
    pub(super) route: usize,
    /// The intervals that mute the route.
    pub(super) muted_by: Vec<String>,
    /// In any order; sorted just before they are written.
    pub(super) alerts: Vec<Short>,
}

/// A feed on its way out.
struct Writer {
    context: Arc<Context>,
    setup: Arc<Setup>,
    now: Timestamp,
    feed: Feed,
    pen: Pen,
    /// The group, and the place in it, of what comes next.
    at: (usize, usize),
    /// Whether an alert stands before the next one, so that a comma is needed.
    comma: bool,
}

impl Feed {
    /// Answers with everything that is still shown when its turn comes.
    pub(super) fn respond(
        self,
        context: Arc<Context>,
        setup: Arc<Setup>,
        now: Timestamp,
        place: Option<Place>,
    ) -> Response {
        let pen = Pen::new(&setup.settings);
        let at = (0, 0);
        let writer = Writer { context, setup, now, feed: self, pen, at, comma: false };
        ([(CONTENT_TYPE, JSON)], writer.body(place)).into_response()
    }

    fn groups(&self) -> usize {
        match self {
            Self::Alerts(_) => 1,
            Self::Groups(groups) => groups.len(),
        }
    }

    fn alerts(&self, group: usize) -> &[Short] {
        match self {
            Self::Alerts(alerts) => alerts,
            Self::Groups(groups) => &groups[group].alerts,
        }
    }
}

impl Writer {
    /// Everything; the place is kept until the last byte has gone.
    fn body(mut self, place: Option<Place>) -> Body {
        let first = self.chunk();
        if self.is_done() {
            return Body::from(first);
        }
        // Another core can write while this one sends.
        let (sender, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
        tokio::spawn(async move {
            let mut chunk = first;
            // Nobody reads any longer when it cannot be sent.
            while sender.send(Bytes::from(chunk)).await.is_ok() && !self.is_done() {
                chunk = self.chunk();
            }
        });
        Body::from_stream(stream::unfold((receiver, place), |(mut receiver, place)| async {
            let chunk = receiver.recv().await?;
            Some((Ok::<Bytes, Infallible>(chunk), (receiver, place)))
        }))
    }

    fn is_done(&self) -> bool {
        self.at.0 >= self.feed.groups()
    }

    /// The next few alerts, with what stands between them.
    fn chunk(&mut self) -> Vec<u8> {
        let mut out = Vec::with_capacity(ALERTS_PER_CHUNK * ALERT_BYTES);
        if self.at == (0, 0) {
            out.push(b'[');
        }
        let spans = self.spans();
        let Self { context, setup, now, feed, pen, comma, .. } = self;
        let sight = Sight { settings: &setup.settings, now: *now, started: context.started };
        context.handle.read(|engine| {
            let state = engine.state();
            let ids = spans.iter().flat_map(|(group, span)| &feed.alerts(*group)[span.clone()]);
            let shown: Vec<Option<&Alert>> =
                ids.map(|id| state.event.alert(id.id()).filter(|it| sight.shows(it))).collect();
            let spread = state.event.spread(shown.iter().copied().flatten());
            let (mut shown, mut said) = (shown.into_iter(), (0..).map(|at| (&spread, at)));
            for (group, span) in spans {
                if span.start == 0 {
                    feed.open(&mut out, group);
                    *comma = false;
                }
                let alerts = feed.alerts(group);
                for alert in shown.by_ref().take(span.len()).flatten().zip(said.by_ref()) {
                    if *comma {
                        out.push(b',');
                    }
                    pen.write(&mut out, sight, state, alert, feed.muted_by(group));
                    *comma = true;
                }
                if span.end == alerts.len() {
                    feed.close(&mut out, group, sight, state);
                }
            }
        });
        if self.is_done() {
            out.extend_from_slice(b"]\n");
        }
        out
    }

    /// Takes the next few alerts: of which groups, and which of each.
    fn spans(&mut self) -> Vec<(usize, Range<usize>)> {
        let mut spans = Vec::new();
        let mut room = ALERTS_PER_CHUNK;
        while room > 0 && !self.is_done() {
            let (group, from) = self.at;
            if from == 0 {
                self.sort(group);
            }
            let all = self.feed.alerts(group).len();
            let until = all.min(from + room);
            // Many empty groups must not make one long turn.
            room = room.saturating_sub((until - from).max(1));
            spans.push((group, from..until));
            self.at = if until == all { (group + 1, 0) } else { (group, until) };
        }
        spans
    }

    /// Sorts the alerts of a group as Alertmanager does: by job, instance, then all labels.
    fn sort(&mut self, group: usize) {
        let Feed::Groups(groups) = &mut self.feed else { return };
        let alerts = &mut groups[group].alerts;
        if alerts.len() < 2 {
            return;
        }
        let handle = &self.context.handle;
        // Texts end to end, and for each alert where its two end.
        let mut texts = Vec::new();
        let mut keys: Vec<(Range<usize>, usize, Short)> = Vec::with_capacity(alerts.len());
        for some in alerts.chunks(ALERTS_PER_CHUNK) {
            handle.read(|engine| {
                let events = &engine.state().event;
                let known = some.iter().filter_map(|id| Some((*id, events.alert(id.id())?)));
                let known: Vec<(Short, &Alert)> = known.collect();
                let spread = events.spread(known.iter().map(|(_, alert)| *alert));
                for (at, (id, _)) in known.into_iter().enumerate() {
                    let (mut job, mut instance) = (&[][..], &[][..]);
                    for (name, value) in spread.labels(at) {
                        match *name {
                            "job" => job = value,
                            "instance" => instance = value,
                            _ => {}
                        }
                    }
                    let start = texts.len();
                    texts.extend_from_slice(job);
                    let middle = texts.len();
                    texts.extend_from_slice(instance);
                    keys.push((start..middle, texts.len(), id));
                }
            });
        }
        let key = |(job, end, _): &(Range<usize>, usize, Short)| {
            (&texts[job.clone()], &texts[job.end..*end])
        };
        let labels = |id: Short| {
            handle.read(|engine| {
                let events = &engine.state().event;
                let alert = events.alert(id.id::<AlertId>());
                alert.map(|alert| events.labels(alert)).unwrap_or_default()
            })
        };
        keys.sort_by(|a, b| key(a).cmp(&key(b)));
        for same in keys.chunk_by_mut(|a, b| key(a) == key(b)) {
            if same.len() > 1 {
                same.sort_by_cached_key(|(_, _, id)| InOrder(labels(*id)));
            }
        }
        *alerts = keys.into_iter().map(|(_, _, id)| id).collect();
    }
}

impl Feed {
    fn open(&self, out: &mut Vec<u8>, group: usize) {
        if let Self::Groups(_) = self {
            let comma: &[u8] = if group > 0 { b"," } else { b"" };
            out.extend_from_slice(comma);
            out.extend_from_slice(b"{\"alerts\":[");
        }
    }

    fn muted_by(&self, group: usize) -> &[String] {
        match self {
            Self::Alerts(_) => &[],
            Self::Groups(groups) => &groups[group].muted_by,
        }
    }

    fn close(&self, out: &mut Vec<u8>, group: usize, sight: Sight, state: &State) {
        let Self::Groups(groups) = self else { return };
        let Group { labels, route, alerts, .. } = &groups[group];
        let route = &sight.settings.routes.nodes()[*route];
        out.extend_from_slice(b"],\"labels\":");
        serde_json::to_writer(&mut *out, labels).expect("labels are plain JSON");
        out.extend_from_slice(b",\"receiver\":{\"name\":");
        text::quoted(out, &route.receiver);
        out.extend_from_slice(b"},\"routeLabels\":");
        // Most routes have none, and then nobody asks for what their alerts have in common.
        let members: Vec<Labels> = if route.labels.is_empty() {
            Vec::new()
        } else {
            let alerts = alerts.iter().filter_map(|id| state.event.alert(id.id()));
            alerts.map(|alert| state.event.labels(alert)).collect()
        };
        let none = std::iter::empty();
        let route_labels =
            route_labels(sight.settings, route, labels, members.iter(), none, sight.now);
        serde_json::to_writer(&mut *out, &route_labels).expect("labels are plain JSON");
        out.push(b'}');
    }
}

/// Labels in Prometheus' order.
#[derive(PartialEq, Eq)]
struct InOrder(Labels);

impl Ord for InOrder {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(&other.0)
    }
}

impl PartialOrd for InOrder {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
