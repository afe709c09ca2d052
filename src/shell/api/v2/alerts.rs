//! `GET /api/v2/alerts`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::feed::Feed;
use super::query::Wanted;
use super::record::Sight;
use crate::shell::api::context::Context;
use crate::shell::api::gate::Reader;
use crate::shell::api::layer::Place;
use crate::shell::api::survey::survey;
use crate::shell::clock;

pub(super) async fn list(
    _: Reader,
    State(context): State<Arc<Context>>,
    Query(pairs): Query<Vec<(String, String)>>,
    place: Option<Extension<Place>>,
) -> Response {
    let setup = context.setup();
    let wanted = match Wanted::read(&pairs, setup.matchers) {
        Ok(wanted) => wanted,
        Err(response) => return response,
    };
    let now = clock::now();
    let settings = &setup.settings;
    let sight = Sight { settings, now, started: context.started };
    let chosen = wanted.receivers(settings);
    let mut found = survey(&context.handle, |state, id, alert| {
        if !sight.shows(alert) || !wanted.fits(state, alert) {
            return None;
        }
        let labels = state.event.labels(alert);
        let received = chosen.all
            || settings.routes.matching(&labels).iter().any(|route| chosen.has(&route.receiver));
        received.then(|| (labels.fingerprint(), id))
    })
    .await;
    found.sort_unstable();

    let feed = Feed {
        ids: found.into_iter().map(|(_, id)| id).collect(),
        head: b"[",
        seams: BTreeMap::new(),
        end: b"]\n".to_vec(),
    };
    feed.respond(context, setup, now, place.map(|Extension(place)| place))
}
