//! Groups: where an alert or an incident belongs, when a group may speak, when it is done.

use std::collections::BTreeSet;

use super::correspondence::is_reply;
use super::fact::Fact;
use super::receiver::Integration;
use super::route::{GroupBy, Route};
use super::stand::{self, Stand, is_firing};
use super::state::{Group, Told};
use super::verdict::{self, Standing, Verdict};
use super::{Deadline, inherited, outbox};
use crate::domain::incident::Incident;
use crate::domain::value::{
    AlertId, Fingerprint, GroupId, IncidentId, Labels, Priority, Span, Timestamp,
};
use crate::domain::{Settings, Turn};

/// What a group of a route that the configuration no longer has goes by, until it is done.
const INTERVAL_ORPHAN: Span = Span::minutes(5);
const REPEAT_ORPHAN: Span = Span::hours(4);

/// Puts an alert into the group of every route that takes it, and lets those groups look at it.
pub(super) fn place(turn: &mut Turn, id: AlertId, labels: &Labels) {
    let routes = turn.settings().routes.places(labels);
    place_on(turn, id, labels, &routes);
}

/// As [`place`], where it is known at which places the routes stand that take the alert.
pub(super) fn place_on(turn: &mut Turn, id: AlertId, labels: &Labels, routes: &[usize]) {
    let nodes = turn.settings().routes.nodes();
    let alert = turn.state().event.alert(id).expect("a fact names an alert that exists");
    let (key, starts_at) = (alert.key, alert.starts_at);
    for route in routes.iter().filter_map(|place| nodes.get(*place)) {
        let common = match &route.group_by {
            GroupBy::Labels(names) => labels.among(names),
            GroupBy::All => labels.iter().collect(),
            GroupBy::Incident => continue,
        };
        let known = turn.state().notification.group_of(route, &common);
        let group = known.unwrap_or_else(|| {
            let due = wait(turn, route, starts_at);
            open(turn, route, Labels::pack(common.into_iter()), None, due)
        });
        if !turn.state().notification.is_in(id, group) {
            turn.record(Fact::Grouped { id: group, alert: id, key });
            inherited::recall(turn, group, Some((key, id)));
        }
        wind(turn, group);
    }
}

/// What routes match on. Groups of alerts see the alert's own labels, as in Alertmanager; what
/// rules made of the incident (`priority`, `category`) is seen by routes that group by incident.
pub(super) fn labels(turn: &Turn, id: AlertId) -> Labels {
    let events = &turn.state().event;
    events.labels(events.alert(id).expect("a fact names an alert that exists"))
}

/// Gives an incident a group on every route that takes it and groups by incident.
pub(super) fn place_incident(turn: &mut Turn, id: IncidentId) {
    let incident = turn.state().incident.expect(id);
    let facets = turn.state().incident.facets(incident);
    let urgent = incident.priority == Priority::P1;
    for route in turn.settings().routes.matching(&facets) {
        if route.group_by != GroupBy::Incident {
            continue;
        }
        let name = id.to_string();
        let common = [("incident", name.as_str())];
        if turn.state().notification.group_of(route, &common).is_none() {
            // A confirmed P1 does not wait for company.
            let wait = if urgent { Span::ZERO } else { route.group_wait };
            let labels = Labels::new(common);
            let group = open(turn, route, labels, Some(id), turn.now() + wait);
            wind(turn, group);
        }
    }
}

/// Alertmanager's first tick: after `group_wait`, or at once if the alert is older than that.
fn wait(turn: &Turn, route: &Route, starts_at: Timestamp) -> Timestamp {
    let due = turn.now() + route.group_wait;
    if starts_at + route.group_wait < turn.now() { turn.now() } else { due }
}

fn open(
    turn: &mut Turn,
    route: &Route,
    labels: Labels,
    incident: Option<IncidentId>,
    base: Timestamp,
) -> GroupId {
    let id = turn.state().notification.next_group();
    let (route, receiver) = (route.key.clone(), route.receiver.clone());
    turn.record(Fact::GroupOpened { id, route, receiver, labels, incident, base });
    id
}

/// Makes sure that a group looks at itself at its next tick.
pub(super) fn wind(turn: &mut Turn, id: GroupId) {
    let Some(group) = turn.state().notification.group(id) else { return };
    if is_reply(turn, id) {
        return; // It speaks once, and has begun to when it was opened.
    }
    let at = if group.ticked { next_tick(turn, group) } else { group.base };
    turn.wake_at(at, Deadline::Tick(id));
}

/// The group's clock ticks every `group_interval` from its base on, whatever happens in between: a
/// restart or a reload neither speeds it up nor sets it back.
fn next_tick(turn: &Turn, group: &Group) -> Timestamp {
    let (interval, _) = intervals(turn.settings(), group);
    let interval = interval.0.max(1);
    let passed = turn.now().since(group.base).0;
    group.base + Span((passed / interval + 1).saturating_mul(interval))
}

/// The route that a group is of; one with its matchers and another receiver if there is none.
pub(super) fn route<'a>(settings: &'a Settings, group: &Group) -> Option<&'a Route> {
    let nodes = || settings.routes.nodes().iter();
    let own = nodes().find(|route| group.is_of(route));
    own.or_else(|| nodes().find(|route| route.key == group.route()))
}

fn intervals(settings: &Settings, group: &Group) -> (Span, Span) {
    route(settings, group)
        .map_or((INTERVAL_ORPHAN, REPEAT_ORPHAN), |r| (r.group_interval, r.repeat_interval))
}

/// A tick: what is to be told is told now.
pub(super) fn tick(turn: &mut Turn, id: GroupId) {
    if is_quiet(turn, id) {
        return;
    }
    let Some(group) = turn.state().notification.group(id) else { return };
    if !group.ticked {
        if group.base > turn.now() {
            return wind(turn, id);
        }
        turn.record(Fact::Ticked { id });
    }
    inherited::recall(turn, id, None);
    let Some(group) = turn.state().notification.group(id) else { return };
    let stand = Stand::of(turn, group);
    for (by, alerts) in stand.counts.counts() {
        turn.suppressed.count(by, alerts);
    }
    leave_untold(turn, id, &stand);
    speak(turn, id, &stand);
    tidy(turn, id);
    await_next(turn, id, &stand);
}

/// Lets go what has ended while it was suppressed, where that is not to be told.
fn leave_untold(turn: &mut Turn, id: GroupId, stand: &Stand) {
    if !stand.untold.is_empty() && !turn.state().notification.is_speaking(id) {
        turn.record(Fact::Dropped { id, keys: stand.untold.clone() });
    }
}

/// Tells whether nothing is told yet; then the group looks at itself when that is over.
fn is_quiet(turn: &mut Turn, id: GroupId) -> bool {
    let until = turn.settings().quiet_until.filter(|until| *until > turn.now());
    if let Some(until) = until {
        turn.wake_at(until, Deadline::Tick(id));
    }
    until.is_some()
}

/// Lets a group speak through each integration of its receiver that has something to be told.
pub(super) fn speak(turn: &mut Turn, id: GroupId, stand: &Stand) {
    if is_quiet(turn, id) {
        return;
    }
    let Some(group) = turn.state().notification.group(id) else { return };
    let settings = turn.settings();
    let Some(receiver) = settings.receivers.get(group.receiver()) else { return };
    for integration in &receiver.integrations {
        let channel = outbox::channel(turn, &receiver.name, integration);
        if turn.state().notification.on_the_way(id, channel).is_some() {
            // It says how things stand when its next attempt is made, and looks again after it.
            continue;
        }
        let says = outbox::says(turn, id, channel, integration.send_resolved, stand);
        let over = says.verdict == Verdict::AllResolved;
        if over && inherited::awaits_more(turn, id, channel) {
            wind(turn, id);
        } else if says.verdict != Verdict::Quiet {
            outbox::queue(turn, id, channel, says);
        }
    }
}

/// An incident has changed: its groups tell at once, once their first tick is past.
pub(super) fn incident_changed(turn: &mut Turn, id: IncidentId) {
    for group in turn.state().notification.groups_of_incident(id) {
        let known = turn.state().notification.group(group).filter(|group| group.ticked);
        let Some(stand) = known.map(|known| Stand::of(turn, known)) else { continue };
        speak(turn, group, &stand);
        tidy(turn, group);
        if stand.muted.is_some() {
            await_next(turn, group, &stand);
        }
    }
}

/// Looks again after something was delivered or given up.
pub(super) fn settled(turn: &mut Turn, id: GroupId) {
    let Some(group) = turn.state().notification.group(id) else { return };
    if is_reply(turn, id) {
        return tidy(turn, id);
    }
    if group.incident().is_some() {
        let stand = Stand::of(turn, group);
        speak(turn, id, &stand);
    } else {
        // What changed while the message was on its way waits for the next tick.
        wind(turn, id);
    }
    look_again(turn, id);
}

/// Lets go what is done, and makes sure that what is not is looked at in time.
pub(super) fn look_again(turn: &mut Turn, id: GroupId) {
    tidy(turn, id);
    let Some(group) = turn.state().notification.group(id) else { return };
    let stand =
        if stand::can_be_held(turn, group) { Stand::of(turn, group) } else { Stand::default() };
    await_next(turn, id, &stand);
}

/// Lets go what has been told, and closes the group when nothing is left.
pub(super) fn tidy(turn: &mut Turn, id: GroupId) {
    if turn.state().notification.is_speaking(id) {
        return;
    }
    if is_reply(turn, id) && turn.state().notification.group(id).is_some() {
        return turn.record(Fact::GroupClosed { id });
    }
    inherited::recall(turn, id, None);
    let Some(group) = turn.state().notification.group(id) else { return };
    if let Some(incident) = group.incident() {
        let standing = Standing::of(turn.state().incident.expect(incident));
        let over = !standing.status.is_open() && !is_reopenable(turn, incident);
        if over && !is_believed_open(turn, group) {
            turn.record(Fact::GroupClosed { id });
        }
        return;
    }
    let owed: BTreeSet<Fingerprint> = owed(turn, group);
    let keys: Vec<Fingerprint> = group
        .alerts()
        .filter(|(key, alert)| !is_firing(turn, *alert) && !owed.contains(key))
        .map(|(key, _)| key)
        .collect();
    let whole = keys.len() == group.len();
    if whole {
        turn.record(Fact::GroupClosed { id });
    } else if !keys.is_empty() {
        turn.record(Fact::Dropped { id, keys });
    }
}

/// A resolved incident may open again, and then its thread goes on.
fn is_reopenable(turn: &Turn, id: IncidentId) -> bool {
    turn.state().incident.expect(id).status == crate::domain::incident::Status::Resolved
}

/// Tells whether somebody must still be told that the group's incident is over.
fn is_believed_open(turn: &Turn, group: &Group) -> bool {
    let standing = |told: &Told| told.standing.is_some_and(|standing| standing.status.is_open());
    told(turn, group).any(|(_, told)| standing(told))
}

/// The alerts whose end somebody must still be told.
fn owed(turn: &Turn, group: &Group) -> BTreeSet<Fingerprint> {
    told(turn, group)
        .filter(|(integration, _)| integration.send_resolved)
        .flat_map(|(_, told)| told.firing.keys())
        .copied()
        .collect()
}

/// The ways to a group's receiver by which it was told something, as far as they still exist.
fn told<'a>(turn: &'a Turn, group: &'a Group) -> impl Iterator<Item = (&'a Integration, &'a Told)> {
    let receiver = turn.settings().receivers.get(group.receiver()).into_iter();
    let all = receiver.flat_map(|receiver| {
        receiver.integrations.iter().map(|one| (outbox::channel_name(&receiver.name, one), one))
    });
    all.filter_map(|(name, integration)| {
        let channel = turn.state().notification.channel_named(&name)?;
        Some((integration, group.told_by(channel)?))
    })
}

/// A group that has spoken looks again at the tick at which repeating may be due; one that keeps
/// something from people, at every tick, so that it speaks soon after it may.
fn await_next(turn: &mut Turn, id: GroupId, stand: &Stand) {
    let Some(group) = turn.state().notification.group(id) else { return };
    if holds_back(turn, group, stand) {
        return wind(turn, id);
    }
    let (interval, repeat) = intervals(turn.settings(), group);
    let Some(told_at) = group.told().map(|(_, told)| told.at).min() else { return };
    let due = (told_at + repeat).max(turn.now());
    let ticks = due.since(group.base).0.div_ceil(interval.0.max(1));
    let at = group.base + Span(ticks.max(1).saturating_mul(interval.0.max(1)));
    if at > turn.now() {
        turn.wake_at(at, Deadline::Tick(id));
    }
}

/// Tells whether somebody would be told something if nothing were suppressed.
fn holds_back(turn: &Turn, group: &Group, stand: &Stand) -> bool {
    if stand.held.is_empty() && (stand.muted.is_none() || group.incident().is_none()) {
        return false;
    }
    let Some(receiver) = turn.settings().receivers.get(group.receiver()) else { return false };
    let (_, repeat) = intervals(turn.settings(), group);
    let mut channels = receiver.integrations.iter().map(|one| {
        let name = outbox::channel_name(&receiver.name, one);
        turn.state().notification.channel_named(&name).and_then(|id| group.told_by(id))
    });
    let incident = group.incident().map(|id| turn.state().incident.expect(id));
    channels.any(|told| match (incident, told) {
        (Some(incident), told) => {
            let standing = Standing::of(incident);
            verdict::of_incident(told, standing, repeat, turn.now()) != Verdict::Quiet
        }
        (None, Some(told)) => !told.firing.holds(&stand.held) || told.at + repeat <= turn.now(),
        (None, None) => true,
    })
}

/// Other rules are in force: alerts go where the new tree says. A group that somebody was told of
/// stays until they have been told of its end.
pub(super) fn reroute(turn: &mut Turn) {
    let alerts: Vec<AlertId> = turn
        .state()
        .event
        .alerts()
        .filter(|(_, alert)| alert.is_firing())
        .map(|(id, _)| id)
        .collect();
    for id in alerts {
        reroute_alert(turn, id);
    }
    let incidents: Vec<IncidentId> = turn
        .state()
        .incident
        .iter()
        .filter(|(_, incident)| incident.status.is_open())
        .map(|(id, _)| id)
        .collect();
    for id in incidents {
        place_incident(turn, id);
    }
    let groups: Vec<GroupId> = turn.state().notification.groups().map(|(id, _)| id).collect();
    for id in groups {
        wind(turn, id);
    }
}

fn reroute_alert(turn: &mut Turn, id: AlertId) {
    let before = turn.state().notification.groups_of_alert(id);
    let labels = labels(turn, id);
    let key = turn.state().event.alert(id).expect("the caller has looked").key;
    let routes = turn.settings().routes.matching(&labels);
    for group in before {
        let known = turn.state().notification.group(group).expect("the index names groups");
        let told = known.told().any(|(_, told)| told.firing.contains(&key));
        // What is on its way will be told.
        let telling = turn.state().notification.is_telling(group, key);
        if !routes.iter().any(|route| known.is_of(route)) && !told && !telling {
            turn.record(Fact::Dropped { id: group, keys: vec![key] });
            tidy(turn, group);
        }
    }
    place_if_missing(turn, id, &labels);
}

fn place_if_missing(turn: &mut Turn, id: AlertId, labels: &Labels) {
    let groups = turn.state().notification.groups_of_alert(id);
    let has = |route: &&Route| {
        groups.iter().any(|group| {
            let group = turn.state().notification.group(*group);
            group.is_some_and(|group| group.is_of(route))
        })
    };
    let routes = turn.settings().routes.matching(labels);
    let labelled = routes.iter().filter(|route| route.group_by != GroupBy::Incident);
    if !labelled.clone().all(has) {
        place(turn, id, labels);
    }
}

/// What a group has to tell a channel, by what the channel was told last.
pub(super) fn verdict(
    turn: &Turn,
    group: &Group,
    told: Option<&Told>,
    send_resolved: bool,
    stand: &Stand,
) -> Verdict {
    let (_, repeat) = intervals(turn.settings(), group);
    verdict::of_alerts(told, stand, (send_resolved, repeat), turn.now())
}

/// What an incident's group has to tell a channel; in a muted time only that it is over.
pub(super) fn incident_verdict(
    turn: &Turn,
    group: &Group,
    incident: &Incident,
    told: Option<&Told>,
    stand: &Stand,
) -> (Verdict, Standing) {
    let (_, repeat) = intervals(turn.settings(), group);
    let standing = Standing::of(incident);
    let verdict = verdict::of_incident(told, standing, repeat, turn.now());
    let muted = stand.muted.is_some() && !(stand.tells_ends && verdict.is_end());
    (if muted { Verdict::Quiet } else { verdict }, standing)
}
