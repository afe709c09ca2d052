//! Writes many alerts a few at a time: neither the writer waits long, nor is everything in memory.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::record::{Copied, Sight};
use crate::domain::value::{AlertId, Timestamp};
use crate::shell::api::context::{Context, Setup};
use crate::shell::api::json::JSON;
use crate::shell::api::layer::Place;
use crate::shell::api::survey::ALERTS_PER_LOOK;

/// Room made for one alert; most need less.
const ALERT_BYTES: usize = 1_024;

/// Alerts in the order in which they are to be written, and the text that stands between them.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) ids: Vec<AlertId>,
    /// Text before everything else.
    pub(super) head: &'static [u8],
    /// Text before the alert at this place, such as the head of a group. Alerts without any are
    /// parted by commas.
    pub(super) seams: BTreeMap<usize, Seam>,
    /// Text behind the last alert.
    pub(super) end: Vec<u8>,
}

/// What stands between two alerts.
#[derive(Debug, Default)]
pub(super) struct Seam {
    pub(super) text: Vec<u8>,
    /// The intervals that mute the alerts behind it, up to the next seam.
    pub(super) muted_by: Vec<String>,
}

/// A feed on its way out.
struct Writer {
    context: Arc<Context>,
    setup: Arc<Setup>,
    now: Timestamp,
    feed: Feed,
    at: usize,
    /// Whether an alert stands before the next one, so that a comma is needed.
    comma: bool,
    done: bool,
    /// What mutes the alerts that are being written.
    muted_by: Vec<String>,
    /// Kept until the last byte has gone.
    _place: Option<Place>,
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
        let writer = Writer {
            context,
            setup,
            now,
            feed: self,
            at: 0,
            comma: false,
            done: false,
            muted_by: Vec::new(),
            _place: place,
        };
        ([(CONTENT_TYPE, JSON)], writer.body()).into_response()
    }
}

impl Writer {
    fn body(mut self) -> Body {
        if self.feed.ids.len() <= ALERTS_PER_LOOK {
            return Body::from(self.next().unwrap_or_default());
        }
        let chunks = stream::unfold(self, |mut writer| async {
            let chunk = writer.next()?;
            tokio::task::yield_now().await;
            Some((Ok::<Bytes, Infallible>(chunk.into()), writer))
        });
        Body::from_stream(chunks)
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.done {
            return None;
        }
        let sight =
            Sight { settings: &self.setup.settings, now: self.now, started: self.context.started };
        let until = (self.at + ALERTS_PER_LOOK).min(self.feed.ids.len());
        let ids = &self.feed.ids[self.at..until];
        let found: Vec<Option<Copied>> = self
            .context
            .handle
            .read(|engine| ids.iter().map(|id| sight.copy(engine.state(), *id)).collect());

        let mut out = Vec::with_capacity(found.len() * ALERT_BYTES);
        if self.at == 0 {
            out.extend_from_slice(self.feed.head);
        }
        for (place, copied) in (self.at..).zip(&found) {
            if let Some(seam) = self.feed.seams.remove(&place) {
                out.extend_from_slice(&seam.text);
                self.muted_by = seam.muted_by;
                self.comma = false;
            }
            let Some(copied) = copied else { continue };
            if self.comma {
                out.push(b',');
            }
            sight.write(copied, &self.muted_by, &mut out);
            self.comma = true;
        }
        self.at = until;
        if until == self.feed.ids.len() {
            out.extend_from_slice(&self.feed.end);
            self.done = true;
        }
        Some(out)
    }
}
