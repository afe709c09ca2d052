//! What happens on a random day, and how it comes to rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::climate::{CALMING, STORMY};
use super::random::Random;
use super::world::{Faults, Weather, World};
use incidentd::domain::deployment::{Notice, Status};
use incidentd::domain::event::{Ends, Event, Heartbeat, Remark, Saying, Signal};
use incidentd::domain::value::{Actor, DeliveryId, Labels, Span, Timestamp, Via};
use incidentd::domain::view::{Fields, Kind};
use incidentd::domain::{self, Command, notification};
use incidentd::engine::{Heard, Input};

/// Things that happen in a day.
const DEEDS_PER_DAY: u64 = 250;

const SERVICES: [&str; 3] = ["db", "web", "mail"];
const NAMES: [&str; 3] = ["Disk", "Down", "Slow"];
const SEVERITIES: [&str; 2] = ["warning", "critical"];
const MATCHERS: [&str; 4] = [
    "service=db",
    "alertname=~\"Disk|Slow|Last\"",
    "severity=critical, service!=web",
    "source=incidentd",
];
const SOURCES: [&str; 2] = ["prom", "zabbix"];
const JOBS: [&str; 2] = ["backup", "invoice run"];
const SAYINGS: [Saying; 5] = [
    Saying::Acknowledged,
    Saying::Unacknowledged,
    Saying::Suppressed,
    Saying::Unsuppressed,
    Saying::Noted,
];
const CHANNELS: [&str; 5] =
    ["a/webhook[0]", "a/webhook[1]", "b/webhook[0]", "inc/webhook[0]", "inc/slack[0]"];

/// A day in which everything happens.
pub(crate) fn storm(world: &mut World) {
    for _ in 0..DEEDS_PER_DAY {
        let gap = world.random.below(2 * Span::days(1).0 / DEEDS_PER_DAY);
        // Troubles come in bursts.
        let burst = world.random.chance(300);
        world.pass(Span(if burst { gap / 50 } else { gap }));
        match world.random.below(100) {
            0..5 => {
                let heard = heard(&mut world.random, world.wall);
                world.step(Input::Heard(Box::new(heard)));
            }
            5..50 => {
                let count = 1 + world.random.below(4);
                let at = world.wall;
                let events = (0..count).map(|_| event(&mut world.random, at)).collect();
                world.step(Input::Events(events));
            }
            50..60 => {
                let watchdog = watchdog(world.wall);
                world.step(Input::Events(vec![watchdog]));
            }
            60..82 => {
                if let Some(command) = command(world) {
                    let actor = Actor { name: "ada".to_owned(), via: Via::Api };
                    world.step(Input::Command(actor, command));
                }
            }
            82..86 => {
                let settings = Arc::clone(world.random.one_of(&STORMY));
                world.reload(&settings);
            }
            86..92 => {
                let channel = *world.random.one_of(&CHANNELS);
                let weather = match world.random.below(10) {
                    0..6 => Weather::Fair,
                    6 | 7 => Weather::Down,
                    8 => Weather::Busy,
                    _ => Weather::Refusing,
                };
                world.weather.insert(channel.to_owned(), weather);
            }
            92 => world.wall = world.wall - Span(world.random.below(90_000)),
            93 => world.wall = world.wall + Span(world.random.below(7_200_000)),
            94 => world.crash(),
            95..97 => world.checkpoint(),
            97 => {
                let invalid =
                    domain::event::Command::ConfigurationInvalid { why: "a.yaml:1:1".to_owned() };
                world.step(Input::Command(Actor::rule(), invalid.into()));
            }
            _ => world.step(Input::Tick),
        }
    }
}

/// The weather clears, every condition ends, people finish their work: nothing may be left to do,
/// and nobody may still believe that something is wrong.
pub(crate) fn calm(world: &mut World) {
    world.faults = Faults::NONE;
    world.weather.clear();
    world.reload(&CALMING);
    world.crash();
    // Something for every channel, so that those that refused are seen to work.
    for service in SERVICES {
        let event = labelled("zabbix", Signal::Firing, service, "Last", "critical", world.wall);
        world.step(Input::Events(vec![event]));
    }
    world.pass(Span::hours(2));
    let at = world.wall.max(world.engine.now());
    let mut ends = Vec::new();
    for source in SOURCES {
        for service in SERVICES {
            for name in NAMES.into_iter().chain(["Last"]) {
                for severity in SEVERITIES {
                    ends.push(labelled(source, Signal::Resolved, service, name, severity, at));
                }
            }
        }
    }
    world.step(Input::Events(ends));
    for name in JOBS {
        let source = SOURCES[1].to_owned();
        let forget = domain::event::Command::ForgetHeartbeat { source, name: name.to_owned() };
        world.step(Input::Command(Actor::rule(), forget.into()));
    }
    world.pass(Span::hours(1));
    let open = world.engine.state().incident.iter();
    let open: Vec<_> =
        open.filter(|(_, incident)| incident.status.is_open()).map(|(id, _)| id).collect();
    for id in open {
        let mut fields = Fields::new();
        fields.insert("note".to_owned(), "done".into());
        let command = domain::parse("incident", "resolve", &id.to_string(), &fields).unwrap();
        world.step(Input::Command(Actor { name: "ada".to_owned(), via: Via::Api }, command));
    }
    world.pass(Span::days(4));
    nothing_is_left(world);
}

fn nothing_is_left(world: &World) {
    let state = world.engine.state();
    let unsent: Vec<_> = state.notification.deliveries().collect();
    assert!(unsent.is_empty(), "every message ends: {unsent:?}");
    let groups: Vec<_> = state.notification.groups().collect();
    assert!(groups.is_empty(), "every group ends: {groups:?}");
    let firing: Vec<_> = state.event.alerts().filter(|(_, alert)| alert.is_firing()).collect();
    assert!(firing.is_empty(), "every alert ends: {firing:?}");
    for (id, incident) in state.incident.iter() {
        let waits =
            incident.status.is_open() || incident.status == domain::incident::Status::Candidate;
        assert!(!waits, "{id} ends, and is not {}", incident.status.name());
    }
    let (given_up, retried) = every_message_ends_once(world);
    // Whoever wants to hear of ends has heard of them. One case cannot be known: the word that a
    // message has arrived was lost in a crash, and the next attempt came to nothing.
    let mut worried = world.ears.worried();
    worried.retain(|(by, ear)| !ear.contains("a/webhook[1]") && !given_up.contains(by));
    assert!(worried.is_empty(), "who was told of a fire is told of its end: {worried:?}");
    // Nor can it be known whether a lost word stood for an attempt after which another one said
    // something else.
    let mut unended: Vec<_> = world.ears.unended().collect();
    unended.retain(|(by, ear)| {
        !ear.contains("a/webhook[1]") && !given_up.contains(by) && !retried.contains(by)
    });
    assert!(unended.is_empty(), "the end of each alert is told in so many words: {unended:?}");
}

/// Delivered, or given up with a reason. Returns what was given up, and what was tried anew.
fn every_message_ends_once(world: &World) -> (BTreeSet<DeliveryId>, BTreeSet<DeliveryId>) {
    use notification::Fact as F;
    let mut waiting = BTreeSet::new();
    let mut given_up = BTreeSet::new();
    let mut retried = BTreeSet::new();
    for (_, fact) in &world.disk.facts {
        let domain::Fact::Notification(fact) = fact else { continue };
        if let F::Abandoned { id, .. } = fact {
            given_up.insert(*id);
        }
        if let F::Retried { id, .. } = fact {
            retried.insert(*id);
        }
        if let F::Queued { id, .. } = fact {
            assert!(waiting.insert(*id), "{id} is decided once");
        }
        if let F::Delivered { id, .. } | F::Abandoned { id, .. } = fact {
            assert!(waiting.remove(id), "{id} ends once");
        }
    }
    assert!(waiting.is_empty(), "messages without an end: {waiting:?}");
    (given_up, retried)
}

/// What a source says beside that something holds: of an alert, of itself, of a deployment; sometimes
/// together with an event.
fn heard(random: &mut Random, now: Timestamp) -> Heard {
    let mut heard = Heard::default();
    if random.chance(300) {
        heard.events.push(event(random, now));
    }
    let said = event(random, now);
    match random.below(4) {
        0 | 1 => heard.remarks.push(Remark {
            source: said.source,
            key: said.key,
            labels: said.labels,
            author: (*random.one_of(&["", "eve"])).into(),
            text: (*random.one_of(&["", "looking"])).into(),
            saying: *random.one_of(&SAYINGS),
        }),
        2 => heard.heartbeats.push(Heartbeat {
            source: SOURCES[1].into(),
            name: (*random.one_of(&JOBS)).into(),
            within: Some(Span(60_000 + random.below(7_200_000))),
            // Other labels would make another alert of it for webhooks.
            labels: Labels::new([("severity", "warning")]),
        }),
        _ => heard.deployments.push(Notice {
            source: said.source,
            key: random.below(5).to_string().into(),
            service: (*random.one_of(&SERVICES)).into(),
            environment: "production".into(),
            version: random.below(3).to_string().into(),
            actor: Box::default(),
            status: *random.one_of(&Status::ALL),
            summary: Box::default(),
            url: Box::default(),
            at: said.starts_at,
            labels: Labels::default(),
        }),
    }
    heard
}

fn event(random: &mut Random, now: Timestamp) -> Event {
    let source = *random.one_of(&SOURCES);
    let signal = if random.chance(550) { Signal::Firing } else { Signal::Resolved };
    // Some words are overtaken on their way, some clocks go wrong.
    let age = if random.chance(100) { random.below(1_800_000) } else { 0 };
    let at = if random.chance(20) { now + Span(random.below(60_000)) } else { now - Span(age) };
    let service = *random.one_of(&SERVICES);
    let name = *random.one_of(&NAMES);
    let severity = *random.one_of(&SEVERITIES);
    let mut event = labelled(source, signal, service, name, severity, at);
    if random.chance(100) {
        event.annotations = Labels::new([("summary", random.below(3).to_string())]);
    }
    event
}

fn labelled(
    source: &str,
    signal: Signal,
    service: &str,
    name: &str,
    severity: &str,
    at: Timestamp,
) -> Event {
    let ends = match signal {
        Signal::Resolved => Ends::At(at),
        Signal::Firing if source == "prom" => Ends::At(at + Span::minutes(4)),
        Signal::Firing => Ends::Never,
    };
    Event {
        source: source.into(),
        signal,
        labels: Labels::new([
            ("alertname", name),
            ("service", service),
            ("severity", severity),
            ("job", source),
        ]),
        annotations: Labels::default(),
        url: Box::default(),
        key: Box::default(),
        starts_at: at,
        ends,
    }
}

fn watchdog(at: Timestamp) -> Event {
    Event {
        labels: Labels::new([("alertname", "Watchdog"), ("severity", "none")]),
        ..labelled("prom", Signal::Firing, "", "", "", at)
    }
}

/// Any verb that the manuals know, on any record there may be, with fields of the right kinds.
fn command(world: &mut World) -> Option<Command> {
    let practice =
        *world.random.one_of(&["incident", "incident", "incident", "problem", "silence"]);
    let manual = domain::MANUALS.iter().find(|manual| manual.name == practice)?;
    let verb = match manual.make.filter(|_| world.random.chance(700)) {
        Some(make) => make,
        None => world.random.one_of(manual.verbs),
    };
    let state = world.engine.state();
    let incidents = state.incident.iter().next_back().map_or(0, |(id, _)| id.0);
    let silences = state.silence.iter().next_back().map_or(0, |(id, _)| id.0);
    let problems = state.problem.iter().next_back().map_or(0, |(id, _)| id.0);
    let now = world.wall.max(world.engine.now());
    let random = &mut world.random;
    // Mostly the newest: the old ones are over.
    let recent = |random: &mut Random, last: u64| (last + 1).saturating_sub(random.below(6)).max(1);
    let mut fields = Fields::new();
    for field in verb.fields {
        if !field.required && random.chance(500) {
            continue;
        }
        let value = match (field.name, field.kind) {
            ("into" | "incident", _) => format!("INC-{}", recent(random, incidents)).into(),
            ("of", _) => format!("PRB-{}", recent(random, problems)).into(),
            (_, Kind::Text) => "a word".into(),
            (_, Kind::Number) => (1 + random.below(4)).into(),
            (_, Kind::Time) => {
                (now + Span(random.below(43_200_000)) - Span::hours(1)).rfc3339().into()
            }
            (_, Kind::Span) => "1h".into(),
            (_, Kind::Matchers) => (*random.one_of(&MATCHERS)).into(),
            (_, Kind::Pairs) => serde_json::json!({ "ticket": "12" }),
            (_, Kind::OneOf(words)) => (*random.one_of(words)).into(),
        };
        fields.insert(field.name.to_owned(), value);
    }
    let id = match practice {
        "incident" => format!("INC-{}", recent(random, incidents)),
        "silence" => format!("SIL-{}", recent(random, silences)),
        _ => format!("PRB-{}", recent(random, problems)),
    };
    let parsed = domain::parse(practice, verb.name, &id, &fields);
    // A silence cannot have both a duration and an end, nor be without both.
    if practice == "silence" { parsed.ok() } else { Some(parsed.unwrap()) }
}
