//! `GET /api/v2/alerts/groups`: alerts as their routes group them for notification.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::feed::{Feed, Seam};
use super::query::Wanted;
use super::record::Sight;
use crate::domain::Settings;
use crate::domain::notification::interval;
use crate::domain::notification::message::route_labels;
use crate::domain::notification::route::{GroupBy, Route};
use crate::domain::value::{AlertId, IncidentId, Labels, Timestamp};
use crate::shell::api::context::Context;
use crate::shell::api::gate::Reader;
use crate::shell::api::layer::Place;
use crate::shell::api::survey::survey;
use crate::shell::clock;

/// Alerts grouped before other work gets a turn.
const ALERTS_PER_TURN: usize = 2_000;

/// An alert as far as its groups are concerned.
struct Member {
    id: AlertId,
    labels: Labels,
    incident: Option<IncidentId>,
}

struct Group<'a> {
    labels: Labels,
    route: &'a Route,
    /// The intervals that mute its route.
    muted_by: Vec<String>,
    /// Places in the list of members.
    members: Vec<usize>,
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
    let members = survey(&context.handle, |state, id, alert| {
        let shown = sight.shows(alert) && wanted.fits(state, alert);
        shown.then(|| Member {
            id,
            labels: state.event.labels(alert),
            incident: state.incident.of_alert(id),
        })
    })
    .await;

    let groups = gather(&sight, &wanted, &members).await;
    let feed = write(settings, groups, &members, now);
    feed.respond(context, setup, now, place.map(|Extension(place)| place))
}

/// The groups, sorted by labels and receiver, their members by job, instance and labels.
async fn gather<'a>(sight: &Sight<'a>, wanted: &Wanted, members: &[Member]) -> Vec<Group<'a>> {
    let settings: &'a Settings = sight.settings;
    // Calendars are asked once a route.
    let nodes = settings.routes.nodes().iter();
    let mutes: Vec<Vec<String>> = nodes
        .map(|route| interval::mute(settings, route, sight.now).map_or(vec![], |mute| mute.names))
        .collect();
    let mut groups: BTreeMap<(Labels, usize), Group> = BTreeMap::new();
    let chosen = wanted.receivers(settings);
    for (place, member) in members.iter().enumerate() {
        if place % ALERTS_PER_TURN == ALERTS_PER_TURN - 1 {
            tokio::task::yield_now().await;
        }
        for route in settings.routes.matching(&member.labels) {
            let muted = !mutes[route.index].is_empty();
            if !chosen.has(&route.receiver) || (muted && !wanted.muted) {
                continue;
            }
            let labels = group_labels(&route.group_by, member);
            let group =
                groups.entry((labels, route.index)).or_insert_with_key(|(labels, _)| Group {
                    labels: labels.clone(),
                    route,
                    muted_by: mutes[route.index].clone(),
                    members: Vec::new(),
                });
            group.members.push(place);
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|a, b| {
        a.labels.order(&b.labels).then_with(|| a.route.receiver.cmp(&b.route.receiver))
    });
    for group in &mut groups {
        group.members.sort_by(|a, b| in_group(&members[*a].labels, &members[*b].labels));
    }
    groups
}

fn group_labels(group_by: &GroupBy, member: &Member) -> Labels {
    match group_by {
        GroupBy::Labels(names) => member.labels.only(names),
        GroupBy::All => member.labels.clone(),
        GroupBy::Incident => {
            let incident = member.incident.map(|id| id.to_string()).unwrap_or_default();
            Labels::new([("incident", incident)])
        }
    }
}

fn in_group(a: &Labels, b: &Labels) -> Ordering {
    let first = |labels: &Labels, other: &Labels, name| labels.get(name).cmp(other.get(name));
    first(a, b, "job").then_with(|| first(a, b, "instance")).then_with(|| a.order(b))
}

fn write(settings: &Settings, groups: Vec<Group<'_>>, members: &[Member], now: Timestamp) -> Feed {
    let mut feed = Feed { ids: vec![], head: b"[", seams: BTreeMap::new(), end: vec![] };
    // What ends the group before stands with the head of the next one.
    let mut tail = Vec::new();
    for group in groups {
        tail.extend_from_slice(b"{\"alerts\":[");
        let seam = Seam { text: std::mem::take(&mut tail), muted_by: group.muted_by };
        feed.seams.insert(feed.ids.len(), seam);
        feed.ids.extend(group.members.iter().map(|place| members[*place].id));
        tail.extend_from_slice(b"],\"labels\":");
        append(&mut tail, &group.labels);
        tail.extend_from_slice(b",\"receiver\":{\"name\":");
        append(&mut tail, &group.route.receiver);
        tail.extend_from_slice(b"},\"routeLabels\":");
        let labels = group.members.iter().map(|place| &members[*place].labels);
        let none = std::iter::empty();
        append(&mut tail, &route_labels(settings, group.route, &group.labels, labels, none, now));
        tail.extend_from_slice(b"},");
    }
    if tail.last() == Some(&b',') {
        tail.pop();
    }
    tail.extend_from_slice(b"]\n");
    feed.end = tail;
    feed
}

fn append(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(out, value).expect("texts are plain JSON");
}
