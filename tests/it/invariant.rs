//! What is true after every step, whatever happened: named functions, used by promises and by the
//! simulation.

use std::collections::{BTreeMap, BTreeSet};

use incidentd::domain::event::suppress;
use incidentd::domain::table::PageName;
use incidentd::domain::value::{
    AlertId, AuditId, IncidentId, Matcher, Priority, RecordId, SignatureId, Timestamp,
};
use incidentd::domain::{
    Deadline, Fact, Settings, State, Tally, audit, event, incident, notification, problem,
};
use incidentd::engine::{self, Engine};

/// I1: every event is new, changed, duplicate, stale, resolved, or resolved without a trace.
/// The daemon's own reports are counted like any other's, so a step that made some has more.
pub(crate) fn events_are_counted_once(received: usize, tally: Tally, facts: &[Fact]) {
    let own = |fact: &Fact| {
        matches!(
            fact,
            Fact::Event(
                event::Fact::SourceSilent { .. }
                    | event::Fact::SourceHeard { .. }
                    | event::Fact::Configured { .. }
                    | event::Fact::HeartbeatMissed { .. }
                    | event::Fact::HeartbeatReturned { .. }
                    | event::Fact::HeartbeatForgotten { .. }
                    | event::Fact::HeartbeatExpected { .. }
            ) | Fact::Notification(
                notification::Fact::BreakerOpened { .. }
                    | notification::Fact::BreakerClosed { .. }
                    | notification::Fact::Delivered { .. }
                    | notification::Fact::Abandoned { .. }
            )
        )
    };
    let received = u64::try_from(received).unwrap();
    if facts.iter().any(own) {
        assert!(tally.events() >= received, "I1: {received} events, {tally:?}");
    } else {
        assert_eq!(tally.events(), received, "I1: {tally:?}");
    }
}

/// I2: an alert is in one open incident at most, and the index names that one.
pub(crate) fn alerts_are_in_one_open_incident(state: &State) {
    let mut holders: BTreeMap<AlertId, IncidentId> = BTreeMap::new();
    for (id, incident) in state.incident.iter() {
        if !incident.status.is_open() && incident.status != incident::Status::Candidate {
            continue;
        }
        for (alert, _) in incident.members.iter().filter(|(_, member)| !member.left) {
            if let Some(other) = holders.insert(alert, id) {
                panic!("I2: {alert} is in {other} and in {id}");
            }
            let indexed = state.incident.of_alert(alert);
            assert_eq!(indexed, Some(id), "I2: the index knows where {alert} is");
        }
    }
}

/// I2b: an open incident knows of each of its alerts whether it fires.
pub(crate) fn members_stand_as_their_alerts(state: &State) {
    for (id, incident) in state.incident.iter().filter(|(_, one)| one.status.is_open()) {
        for (alert, member) in incident.members.iter().filter(|(_, member)| !member.left) {
            let fires = state.event.alert(alert).is_some_and(event::Alert::is_firing);
            assert_eq!(member.firing, fires, "{id} knows how {alert} is doing");
        }
    }
}

/// I3: every step that was taken is in the table of its state machine, and starts where the one
/// before it ended.
pub(crate) fn steps_are_in_the_table(facts: &[(Timestamp, Fact)]) {
    let mut incidents = BTreeMap::new();
    let mut problems = BTreeMap::new();
    for (_, fact) in facts {
        match fact {
            Fact::Incident(incident::Fact::Opened(opened)) => {
                incidents.insert(opened.id, opened.status);
            }
            Fact::Incident(incident::Fact::Moved(moved)) => {
                assert_eq!(moved.from.after(moved.step), Some(moved.to), "I3: {moved:?}");
                let before = incidents.insert(moved.id, moved.to);
                assert_eq!(before, Some(moved.from), "I3: {} stood elsewhere", moved.id);
            }
            Fact::Problem(problem::Fact::Opened(opened)) => {
                problems.insert(opened.id, opened.status);
            }
            Fact::Problem(problem::Fact::Moved(moved)) => {
                assert_eq!(moved.from.after(moved.step), Some(moved.to), "I3: {moved:?}");
                let before = problems.insert(moved.id, moved.to);
                assert_eq!(before, Some(moved.from), "I3: {} stood elsewhere", moved.id);
            }
            Fact::Silence(_)
            | Fact::Event(_)
            | Fact::Deployment(_)
            | Fact::Incident(_)
            | Fact::Problem(_)
            | Fact::Notification(_)
            | Fact::Audit(_) => {}
        }
    }
}

/// I4: the audit chain holds from its first line to its last.
pub(crate) fn audit_chain_holds(facts: &[(Timestamp, Fact)]) {
    let mut chain = audit::Chain::default();
    for (_, fact) in facts {
        if let Fact::Audit(audit::Fact::Noted { id, line }) = fact {
            chain.follow(*id, line).unwrap_or_else(|broken| panic!("I4: {broken}"));
        }
    }
    assert!(chain.checked > 0, "a start is audited");
}

/// I5: no P1 or P2 that people can see is kept from them: where its route has somebody to tell, it
/// has, or had, a group that speaks of it.
pub(crate) fn the_worst_are_told(state: &State, settings: &Settings, facts: &[(Timestamp, Fact)]) {
    let mut told_incidents = BTreeSet::new();
    let mut told_alerts = BTreeSet::new();
    for (_, fact) in facts {
        match fact {
            Fact::Notification(notification::Fact::GroupOpened { incident, .. }) => {
                told_incidents.extend(*incident);
            }
            Fact::Notification(notification::Fact::Grouped { alert, .. }) => {
                told_alerts.insert(*alert);
            }
            _ => {}
        }
    }
    let worst = Priority::new(2).unwrap();
    for (id, incident) in state.incident.iter() {
        if !incident.status.is_open() || incident.priority > worst {
            continue;
        }
        let routes = settings.routes.matching(&state.incident.facets(incident));
        let heard = |name: &str| {
            settings.receivers.get(name).is_some_and(|one| !one.integrations.is_empty())
        };
        let speaks = routes.iter().any(|route| heard(&route.receiver));
        let told = told_incidents.contains(&id)
            || incident.members.iter().any(|(alert, _)| told_alerts.contains(&alert));
        assert!(told || !speaks, "I5: {id} is a {} that nobody hears of", incident.priority);
    }
}

/// I9: the index of inhibition says what looking at every pair of alerts says.
pub(crate) fn inhibition_is_what_the_rules_say(state: &State, settings: &Settings) {
    let events = &state.event;
    let firing = || events.alerts().filter(|(_, alert)| alert.is_firing());
    let matches = |matchers: &[Matcher], alert: &event::Alert| {
        matchers.iter().all(|matcher| matcher.matches(events.label(alert, &matcher.name)))
    };
    for (id, target) in firing() {
        let mut expected = BTreeSet::new();
        for rule in settings.inhibitions.rules().iter().filter(|one| matches(&one.target, target)) {
            let two_sided = matches(&rule.source, target);
            let sources = firing().filter(|(_, source)| {
                let same = |name: &String| events.label(source, name) == events.label(target, name);
                matches(&rule.source, source)
                    && rule.equal.iter().all(same)
                    && !(two_sided && matches(&rule.target, source))
            });
            expected.extend(sources.map(|(id, _)| id));
        }
        let found: BTreeSet<AlertId> = events.inhibitors_of(&events.labels(target)).collect();
        assert_eq!(found, expected, "I9: what inhibits {id}");
    }
}

/// I10: what fires and makes no incident because it is suppressed is suppressed.
pub(crate) fn submerged_alerts_are_suppressed(state: &State) {
    for (id, alert) in state.event.alerts() {
        let kept = suppress::suppressor(state, alert).is_some();
        assert!(
            !alert.is_submerged() || !alert.is_firing() || kept,
            "I10: {id} should have surfaced"
        );
    }
}

/// What was committed makes the same state as what is in memory, and so do the pages of a
/// checkpoint.
pub(crate) fn memory_is_what_the_journal_says(engine: &Engine, facts: &[(Timestamp, Fact)]) {
    let mut folded = engine::remember(State::default(), facts);
    assert_same(&folded, engine.state(), "folding all facts gives what is in memory");
    let mut loaded = State::default();
    for name in folded.take_changed() {
        let Some(records) = folded.page(name) else { continue };
        loaded.load_page(name.practice, name.table, name.number, &records).unwrap();
    }
    loaded.rebuild();
    assert_same(&loaded, engine.state(), "loading pages gives what is in memory");
    what_waits_is_on_the_agenda(&loaded, &loaded.agenda(), engine.settings());
}

/// Fails at the first line in which two states differ.
#[track_caller]
pub(crate) fn assert_same(left: &State, right: &State, why: &str) {
    let (left, right) = (describe(left), describe(right));
    for (left, right) in left.iter().zip(&right) {
        assert_eq!(left, right, "{why}");
    }
    assert_eq!(left.len(), right.len(), "{why}");
}

/// Everything a state holds, a line each, with its indices and without soft marks.
fn describe(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    let events = &state.event;
    for (id, alert) in events.alerts() {
        lines.push(format!(
            "{id} {} {:?} {} {:?} {} {:?} {:?} {} {:?} {:?} {} {} {} {} {} {:?} at {:?}, newest {:?}, in {:?}, groups {:?}",
            alert.key,
            alert.source(),
            events.labels(alert),
            events.annotations(alert),
            events.url(alert),
            alert.severity,
            alert.phase(),
            alert.raised_at,
            events.correlation(alert),
            alert.last_transition(),
            alert.is_flapping(),
            alert.is_stale(),
            alert.is_submerged(),
            alert.is_muted(),
            alert.is_acknowledged(),
            alert.previous(),
            alert.content,
            events.by_key(alert.key).map(|(id, _)| id),
            state.incident.of_alert(id),
            state.notification.groups_of_alert(id),
        ));
    }
    for (id, source) in events.sources() {
        let named = events.source_named(&source.name);
        lines.push(format!("{id} {} silent {} is {named:?}", source.name, source.silent));
    }
    for (id, heartbeat) in events.heartbeats() {
        let named = events.heartbeat_named(heartbeat.source, &heartbeat.name);
        let text = serde_json::to_string(heartbeat).unwrap();
        lines.push(format!("{id} {text} is {named:?}"));
    }
    lines.push(format!("mutes nothing: {}", events.mutes_nothing()));
    lines.push(format!("configuration {:?}", events.configuration()));
    for (id, silence) in state.silence.iter() {
        let named = state.silence.by_uuid(silence.uuid);
        lines.push(format!("{id} {} is {named:?}", serde_json::to_string(silence).unwrap()));
    }
    lines.push(format!("active {:?}", state.silence.active().collect::<Vec<_>>()));
    for (id, incident) in state.incident.iter() {
        let newest = state.incident.of_correlation(&state.incident.correlation(incident));
        let problem = state.problem.of_incident(id);
        let counted = state.problem.signature_of(id);
        let groups = state.notification.groups_of_incident(id);
        lines.push(format!("{id} newest {newest:?}, {problem:?}, {counted:?}, {groups:?}"));
    }
    let incidents = state.incident.iter().map(|(id, _)| id.number());
    lines.extend(pages(state, ("incident", "incidents"), incidents.max()));
    let known = |number: &u64| state.problem.signature(SignatureId(*number)).is_some();
    lines.extend(pages(
        state,
        ("problem", "signatures"),
        (1..=u64::MAX).find(|number| !known(number)),
    ));
    for (id, problem) in state.problem.iter() {
        lines.push(format!("{id} {}", serde_json::to_string(problem).unwrap()));
    }
    let groups = state.notification.groups().map(|(id, _)| id.number());
    lines.extend(pages(state, ("notification", "groups"), groups.max()));
    for (id, delivery) in state.notification.deliveries() {
        let way = state.notification.on_the_way(delivery.group, delivery.channel);
        lines.push(format!("{id} {} is {way:?}", serde_json::to_string(delivery).unwrap()));
    }
    for (id, channel) in state.notification.channels() {
        let named = state.notification.channel_named(&channel.name);
        lines.push(format!("{id} {} is {named:?}", serde_json::to_string(channel).unwrap()));
    }
    for (id, line) in state.audit.lines() {
        let id: AuditId = id;
        lines.push(format!("{id} {}", line.hash));
    }
    lines
}

/// What stands on the pages of a table whose records go up to a number.
fn pages(
    state: &State,
    (practice, table): (&'static str, &'static str),
    last: Option<u64>,
) -> Vec<String> {
    let page = |number| state.page(PageName { practice, table, number });
    let pages = (0..=last.unwrap_or(0)).filter_map(page);
    pages.map(|page| page.escape_ascii().to_string()).collect()
}

/// Whatever the state waits for is on the agenda, and no later than it is due.
pub(crate) fn what_waits_is_on_the_agenda(
    state: &State,
    agenda: &incidentd::domain::Agenda,
    settings: &Settings,
) {
    let mut first: BTreeMap<Deadline, Timestamp> = BTreeMap::new();
    let mut speaking = BTreeSet::new();
    for (at, deadline) in agenda {
        first.entry(*deadline).or_insert(*at);
        if let Deadline::Notification(
            notification::Deadline::Tick(id) | notification::Deadline::Wind(id),
        ) = deadline
        {
            speaking.insert(*id);
        }
    }
    let waits = |deadline: Deadline, by: Option<Timestamp>| {
        let found = first.get(&deadline);
        let in_time = found.is_some_and(|at| by.is_none_or(|by| *at <= by));
        assert!(in_time, "{deadline:?} is awaited by {by:?}, found {found:?}");
    };
    for (id, alert) in state.event.alerts() {
        if alert.is_firing() && !alert.is_stale() && alert.ends().at().is_some() {
            waits(event::Deadline::Leases.into(), None);
        }
        if !alert.is_firing() {
            waits(event::Deadline::Forget(id).into(), None);
        }
        if alert.is_flapping() {
            waits(event::Deadline::Flap(id).into(), None);
        }
    }
    for (id, incident) in state.incident.iter() {
        if incident.status == incident::Status::Candidate {
            waits(incident::Deadline::Candidate(id).into(), None);
        }
        if incident.status == incident::Status::Resolved {
            waits(incident::Deadline::Close(id).into(), None);
        }
        if incident.status.is_open() && incident.course().resolve_at.is_some() {
            waits(incident::Deadline::Recover(id).into(), incident.course().resolve_at);
        }
        if let Some(until) = incident.course().hold.as_ref().and_then(|hold| hold.until) {
            waits(incident::Deadline::Hold(id).into(), Some(until));
        }
    }
    for (id, problem) in state.problem.iter() {
        let watched =
            matches!(problem.status, problem::Status::Verifying | problem::Status::Closed);
        if problem.status == problem::Status::Candidate {
            waits(problem::Deadline::Until(id).into(), None);
        } else if watched && problem.until.is_some() {
            waits(problem::Deadline::Until(id).into(), problem.until);
        }
    }
    for (id, delivery) in state.notification.deliveries() {
        let Some(retry_at) = delivery.retry_at else { continue };
        if state.notification.channel(delivery.channel).is_some_and(|channel| channel.open) {
            waits(notification::Deadline::Probe(delivery.channel).into(), None);
        } else {
            waits(notification::Deadline::Retry(id).into(), Some(retry_at));
        }
    }
    for entry in state.notification.inherited() {
        waits(notification::Deadline::Lapse.into(), Some(entry.expires_at));
    }
    for (id, group) in state.notification.groups() {
        let heard = settings.receivers.get(group.receiver());
        let heard = heard.is_some_and(|receiver| !receiver.integrations.is_empty());
        let calm = group
            .alerts()
            .all(|(_, alert)| !state.event.alert(alert).is_some_and(event::Alert::is_firing));
        let done = group.ticked && (group.incident().is_some() || calm);
        if heard && !done && !state.notification.is_speaking(id) {
            assert!(speaking.contains(&id), "{id} waits for its tick: {group:?}");
        }
    }
}

/// All that can be said of a world at rest.
pub(crate) fn all(engine: &Engine, facts: &[(Timestamp, Fact)]) {
    let state = engine.state();
    alerts_are_in_one_open_incident(state);
    members_stand_as_their_alerts(state);
    inhibition_is_what_the_rules_say(state, engine.settings());
    submerged_alerts_are_suppressed(state);
    steps_are_in_the_table(facts);
    audit_chain_holds(facts);
    the_worst_are_told(state, engine.settings(), facts);
    what_waits_is_on_the_agenda(state, engine.agenda(), engine.settings());
    memory_is_what_the_journal_says(engine, facts);
}
