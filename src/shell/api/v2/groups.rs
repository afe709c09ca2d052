//! `GET /api/v2/alerts/groups`: alerts as their routes group them for notification.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::feed::{Feed, Group};
use super::lens::{Lens, matched};
use super::query::{Chosen, Wanted};
use super::record::Sight;
use crate::domain::notification::interval;
use crate::domain::notification::route::{GroupBy, Route, Routes};
use crate::domain::value::{IncidentId, Labels, Short};
use crate::shell::api::context::Context;
use crate::shell::api::gate::Reader;
use crate::shell::api::layer::Place;
use crate::shell::api::survey::survey;
use crate::shell::clock;

/// Where an alert belongs on one route.
enum Seat {
    /// In the group of this number.
    Group(usize),
    /// In the group of its incident.
    Incident {
        /// The route's place in the tree.
        route: usize,
    },
}

/// The groups so far.
#[derive(Default)]
struct Groups {
    /// The intervals that mute each route.
    mutes: Vec<Vec<String>>,
    found: Vec<Group>,
    by_labels: BTreeMap<(usize, Labels), usize>,
    by_incident: BTreeMap<(usize, Option<IncidentId>), usize>,
}

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
    let mut seats = Lens::new(decisive(&settings.routes));
    let chosen = wanted.receivers(settings);
    // Calendars are asked once a route.
    let nodes = settings.routes.nodes().iter();
    let mutes = nodes
        .map(|route| interval::mute(settings, route, now).map_or(vec![], |mute| mute.names))
        .collect();
    let mut groups = Groups { mutes, ..Groups::default() };
    survey(&context.handle, |state, id, alert| {
        if sight.shows(alert) && sieve.fits(state, alert) {
            let find =
                |labels: &Labels| groups.seats(&settings.routes, (&chosen, wanted.muted), labels);
            for seat in seats.look(&state.event, alert, find) {
                let group = match *seat {
                    Seat::Group(group) => group,
                    Seat::Incident { route } => groups.incident(route, state.incident.of_alert(id)),
                };
                groups.found[group].alerts.push(Short::of(id));
            }
        }
        None::<()>
    })
    .await;

    let feed = Feed::Groups(groups.sorted(&settings.routes));
    feed.respond(context, setup, now, place.map(|Extension(place)| place))
}

/// The labels that decide in which groups an alert is; none if any label may.
fn decisive(routes: &Routes) -> Option<BTreeSet<String>> {
    let mut names = matched(routes);
    for route in routes.nodes() {
        match &route.group_by {
            GroupBy::Labels(labels) => names.extend(labels.iter().cloned()),
            GroupBy::All => return None,
            GroupBy::Incident => {}
        }
    }
    Some(names)
}

impl Groups {
    /// Where alerts with these labels belong.
    fn seats(
        &mut self,
        routes: &Routes,
        (chosen, muted): (&Chosen, bool),
        labels: &Labels,
    ) -> Vec<Seat> {
        let routes = routes.matching(labels);
        let wanted: Vec<&Route> = routes
            .into_iter()
            .filter(|route| chosen.has(&route.receiver))
            .filter(|route| muted || self.mutes[route.index].is_empty())
            .collect();
        let seat = wanted.into_iter().map(|route| match &route.group_by {
            GroupBy::Labels(names) => Seat::Group(self.labelled(route.index, labels.only(names))),
            GroupBy::All => Seat::Group(self.labelled(route.index, labels.clone())),
            GroupBy::Incident => Seat::Incident { route: route.index },
        });
        seat.collect()
    }

    fn labelled(&mut self, route: usize, labels: Labels) -> usize {
        let Self { found, by_labels, mutes, .. } = self;
        *by_labels.entry((route, labels)).or_insert_with_key(|(route, labels)| {
            let muted_by = mutes[*route].clone();
            found.push(Group { labels: labels.clone(), route: *route, muted_by, alerts: vec![] });
            found.len() - 1
        })
    }

    fn incident(&mut self, route: usize, incident: Option<IncidentId>) -> usize {
        let Self { found, by_incident, mutes, .. } = self;
        *by_incident.entry((route, incident)).or_insert_with(|| {
            let incident = incident.map(|id| id.to_string()).unwrap_or_default();
            let labels = Labels::new([("incident", incident)]);
            let muted_by = mutes[route].clone();
            found.push(Group { labels, route, muted_by, alerts: Vec::new() });
            found.len() - 1
        })
    }

    /// All groups that have alerts, sorted by labels and receiver.
    fn sorted(self, routes: &Routes) -> Vec<Group> {
        let receiver = |group: &Group| &routes.nodes()[group.route].receiver;
        let mut groups = self.found;
        groups.retain(|group| !group.alerts.is_empty());
        groups.sort_by(|a, b| a.labels.order(&b.labels).then_with(|| receiver(a).cmp(receiver(b))));
        groups
    }
}
