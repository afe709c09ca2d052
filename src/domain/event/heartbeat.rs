//! Signs of life that have a name of their own: a job, a server, a whole monitoring system.
//!
//! ```text
//!   expected ──first──▶ alive ──stayed away──▶ missed ──a month──▶ forgotten
//!                         ▲                      │
//!                         └───────came again─────┘
//! ```
//!
//! When one was last heard is soft, as with dead-man switches: after a start, and after a jump of the
//! clock, each has its whole time again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::message::{Ends, Event, Signal};
use super::{Command, Deadline, SELF, lease};
use crate::domain::value::{HeartbeatId, Labels, Severity, SourceId, Span, Timestamp};
use crate::domain::{Refusal, Turn};

/// The alert about a sign of life that stays away.
pub const HEARTBEAT_MISSED: &str = "HeartbeatMissed";

/// How long one may stay away if neither it nor its source says so.
const WITHIN: Span = Span::days(1);

/// Shorter times are this long: a clock ticks in between.
const WITHIN_MIN: Span = Span::seconds(1);

/// Longer times are this long.
const WITHIN_MAX: Span = Span::days(366);

/// One that has been missed for this long is no longer waited for.
const FORGET_AFTER: Span = Span::days(30);

/// So many are waited for at one time.
const HEARTBEATS_MAX: usize = 10_000;

/// A sign of life.
#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    /// The source's name in the configuration.
    pub source: Arc<str>,
    /// Whose sign of life, in the source's words.
    pub name: Box<str>,
    /// The next one comes within this time, by the sender's word.
    pub within: Option<Span>,
    /// More about whom it is of; labels of the alert when it stays away.
    pub labels: Labels,
}

/// A sign of life that is awaited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Whose source it comes through.
    pub source: SourceId,
    /// Whose it is, in the source's words.
    pub name: Box<str>,
    /// How long it may stay away, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// Labels of the alert when it stays away.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What the one who expects it has written about it; may be empty.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub about: Box<str>,
    /// Whether anybody wants to hear that it stays away.
    pub enabled: bool,
    /// Whether one has ever come: before that nobody can say that it stays away.
    pub begun: bool,
    /// Since when it has been missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_since: Option<Timestamp>,
    /// When the last one came, as far as memory goes back. Soft.
    #[serde(skip)]
    pub seen_at: Option<Timestamp>,
}

impl Expected {
    fn waits(&self) -> bool {
        self.enabled && self.begun
    }
}

/// Takes in signs of life.
pub(crate) fn beat(turn: &mut Turn, heartbeats: Vec<Heartbeat>) {
    for Heartbeat { source, name, within, labels } in heartbeats {
        lease::spoke(turn, &source);
        let source = lease::source(turn, &source);
        let known = turn.state().event.heartbeat_named(source, &name);
        if known.is_none() && turn.state().event.heartbeats().count() >= HEARTBEATS_MAX {
            turn.tally.passed_over += 1;
            continue;
        }
        let id = known.unwrap_or_else(|| turn.state().event.next_heartbeat());
        let before = known.and_then(|id| turn.state().event.heartbeat(id)).cloned();
        let mut after = before.clone().unwrap_or_else(|| unnamed(source, &name));
        after.begun = true;
        after.within = within.map(clamp).or(after.within);
        if !labels.is_empty() {
            after.labels = labels;
        }
        // One entry of the agenda serves them all: it looks when the last one came.
        let armed = before.as_ref() == Some(&after) && after.missed_since.is_none();
        if before.as_ref() != Some(&after) {
            turn.record(fact(id, after));
        }
        if before.is_some_and(|before| before.missed_since.is_some()) {
            turn.record(Fact::HeartbeatReturned { id });
            tell(turn, id, Signal::Resolved);
        }
        let now = turn.now();
        turn.soften().event.soften_heartbeat(id).seen_at = Some(now);
        if !armed {
            await_next(turn, id);
        }
    }
}

fn unnamed(source: SourceId, name: &str) -> Expected {
    Expected {
        source,
        name: name.into(),
        within: None,
        labels: Labels::default(),
        about: Box::default(),
        enabled: true,
        begun: false,
        missed_since: None,
        seen_at: None,
    }
}

/// When the last sign came is soft, and no part of what happened.
fn fact(id: HeartbeatId, heartbeat: Expected) -> Fact {
    Fact::HeartbeatExpected { id, heartbeat: Box::new(Expected { seen_at: None, ..heartbeat }) }
}

/// Says what is awaited before it has come, or on which other terms.
pub(super) fn expect(
    turn: &mut Turn,
    source: &str,
    name: &str,
    terms: Terms,
) -> Result<(), Refusal> {
    let source = lease::source(turn, source);
    let known = turn.state().event.heartbeat_named(source, name);
    if known.is_none() && turn.state().event.heartbeats().count() >= HEARTBEATS_MAX {
        let why = format!("{HEARTBEATS_MAX} heartbeats are awaited already; delete some first");
        return Err(Refusal::Incomplete { field: "name", why });
    }
    let id = known.unwrap_or_else(|| turn.state().event.next_heartbeat());
    let before = known.and_then(|id| turn.state().event.heartbeat(id)).cloned();
    let mut after = before.clone().unwrap_or_else(|| unnamed(source, name));
    let Terms { within, labels, about, enabled } = terms;
    after.within = within.map(clamp).or(after.within);
    after.labels = labels.unwrap_or(after.labels);
    after.about = about.unwrap_or(after.about);
    after.enabled = enabled.unwrap_or(after.enabled);
    let forgiven = after.missed_since.is_some() && !after.enabled;
    if forgiven {
        after.missed_since = None;
    }
    if before.as_ref() != Some(&after) {
        turn.record(fact(id, after));
    }
    if forgiven {
        tell(turn, id, Signal::Resolved);
    }
    let now = turn.now();
    // Whoever begins to wait again waits for the whole time.
    let waited = before.filter(Expected::waits).and_then(|before| before.seen_at);
    turn.soften().event.soften_heartbeat(id).seen_at = waited.or(Some(now));
    await_next(turn, id);
    Ok(())
}

/// What somebody says about a sign of life that is to come. What is not said stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Terms {
    /// How long it may stay away.
    pub within: Option<Span>,
    /// Labels of the alert when it stays away.
    pub labels: Option<Labels>,
    /// What there is to know about it.
    pub about: Option<Box<str>>,
    /// Whether anybody wants to hear that it stays away.
    pub enabled: Option<bool>,
}

/// Nobody waits for it any longer; if it was missed, that is over.
///
/// # Errors
/// When there is none of that name.
pub(super) fn forget(turn: &mut Turn, source: &str, name: &str) -> Result<(), Refusal> {
    let events = &turn.state().event;
    let known = events.source_named(source).and_then(|id| events.heartbeat_named(id, name));
    let id = known.ok_or_else(|| Refusal::NotFound(format!("heartbeat {name}")))?;
    drop_it(turn, id);
    Ok(())
}

fn drop_it(turn: &mut Turn, id: HeartbeatId) {
    if turn.state().event.heartbeat(id).is_some_and(|one| one.missed_since.is_some()) {
        tell(turn, id, Signal::Resolved);
    }
    turn.record(Fact::HeartbeatForgotten { id });
}

/// After a start, and under other rules, each has its whole time.
pub(super) fn arm(turn: &mut Turn) {
    let now = turn.now();
    let ids: Vec<HeartbeatId> = turn.state().event.heartbeats().map(|(id, _)| id).collect();
    for id in ids {
        turn.soften().event.soften_heartbeat(id).seen_at.get_or_insert(now);
        await_next(turn, id);
    }
}

/// After a jump of the clock, too.
pub(super) fn overslept(turn: &mut Turn) {
    let now = turn.now();
    let ids: Vec<HeartbeatId> = turn.state().event.heartbeats().map(|(id, _)| id).collect();
    for id in ids {
        turn.soften().event.soften_heartbeat(id).seen_at = Some(now);
    }
}

/// Looks whether one has stayed away for too long.
pub(super) fn wake(turn: &mut Turn, id: HeartbeatId) {
    let Some(due) = due(turn, id) else { return };
    if due > turn.now() {
        turn.wake_at(due, Deadline::Heartbeat(id));
        return;
    }
    let missed = turn.state().event.heartbeat(id).and_then(|one| one.missed_since);
    if missed.is_some() {
        drop_it(turn, id);
        return;
    }
    turn.record(Fact::HeartbeatMissed { id });
    tell(turn, id, Signal::Firing);
    await_next(turn, id);
}

fn await_next(turn: &mut Turn, id: HeartbeatId) {
    if let Some(due) = due(turn, id) {
        turn.wake_at(due, Deadline::Heartbeat(id));
    }
}

/// When it is missed, or, if it is missed already, no longer waited for.
fn due(turn: &Turn, id: HeartbeatId) -> Option<Timestamp> {
    let expected = turn.state().event.heartbeat(id)?;
    if !expected.waits() {
        return None;
    }
    if let Some(since) = expected.missed_since {
        return Some(since + FORGET_AFTER);
    }
    Some(expected.seen_at? + within(turn, expected))
}

/// How long one may stay away: by its own word, by its source's dead-man switch, or by default.
fn within(turn: &Turn, expected: &Expected) -> Span {
    expected.within.unwrap_or_else(|| {
        let source = turn.state().event.source(expected.source);
        let configured = source.and_then(|source| turn.settings().sources.get(&source.name));
        let deadman = configured.and_then(|source| source.deadman.as_ref());
        deadman.map_or(WITHIN, |deadman| deadman.after)
    })
}

fn clamp(within: Span) -> Span {
    within.clamp(WITHIN_MIN, WITHIN_MAX)
}

/// Raises or ends the alert about one.
fn tell(turn: &mut Turn, id: HeartbeatId, signal: Signal) {
    let Some(expected) = turn.state().event.heartbeat(id) else { return };
    let source = turn.state().event.source(expected.source).map_or("", |source| &source.name);
    let name = &*expected.name;
    let severity = match expected.labels.get("severity") {
        "" => Severity::High.name(),
        severity => severity,
    };
    let own = [
        ("alertname", HEARTBEAT_MISSED),
        ("heartbeat", name),
        ("heartbeat_source", source),
        ("severity", severity),
    ];
    let labels = expected.labels.with(own);
    let key = format!("{HEARTBEAT_MISSED}/{source}/{name}").into_boxed_str();
    let summary = match signal {
        Signal::Firing => format!("no heartbeat of {name} for {}", within(turn, expected)),
        Signal::Resolved => format!("heartbeat of {name} is no longer missed"),
    };
    let texts = [("summary", summary.as_str()), ("description", &expected.about)];
    let annotations = Labels::new(texts);
    let now = turn.now();
    let event = Event {
        source: SELF.into(),
        signal,
        labels,
        annotations,
        url: Box::default(),
        key,
        starts_at: now,
        ends: if signal == Signal::Firing { Ends::Never } else { Ends::At(now) },
    };
    turn.ask(Command::Report(Box::new(event)));
}
