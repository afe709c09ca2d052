//! `GET /api/v2/alerts`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::feed::Feed;
use super::lens::{Lens, matched};
use super::query::Wanted;
use super::record::Sight;
use crate::domain::value::{Labels, Short};
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
    let mut sieve = wanted.sieve();
    let mut received = Lens::new(Some(matched(&settings.routes)));
    let chosen = wanted.receivers(settings);
    let wants = |labels: &Labels| {
        settings.routes.matching(labels).iter().any(|route| chosen.has(&route.receiver))
    };
    let mut found = survey(&context.handle, |state, id, alert| {
        let events = &state.event;
        let shown = sight.shows(alert)
            && sieve.fits(state, alert)
            && (chosen.all || *received.look(events, alert, wants));
        shown.then(|| (events.fingerprint(alert), Short::of(id)))
    })
    .await;
    found.sort_unstable();

    let feed = Feed::Alerts(found.into_iter().map(|(_, id)| id).collect());
    feed.respond(context, setup, now, place.map(|Extension(place)| place))
}
