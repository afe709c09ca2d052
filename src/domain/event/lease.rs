//! Leases and dead-man switches: what silence means. Silence is not recovery.
//!
//! A source that re-sends what fires gives each alert a lease. When the lease runs out and the
//! source is alive, the alert is over; when the source itself is silent, the alert is only stale,
//! and is settled when the source comes back.

use super::alert::Alert;
use super::fact::{ClearedBy, Fact};
use super::message::{Ends, Event, Signal};
use super::{Command, Deadline, SELF, heartbeat, receive};
use crate::domain::Turn;
use crate::domain::settings::Deadman;
use crate::domain::value::{SourceId, Span, Timestamp};

/// How often a source repeats itself if its configuration does not say (Prometheus' resend delay).
const RESEND: Span = Span::minutes(1);

/// Leases are looked at no more often than this.
const SWEEP_EVERY_MIN: Span = Span::seconds(1);

/// The shortest time after a start before a lease can run out.
const GRACE_MIN: Span = Span::minutes(5);

/// Notes that a source has sent an event.
pub(super) fn heard(turn: &mut Turn, event: &Event) {
    let deadman = deadman(turn, &event.source);
    let proof = deadman.is_some_and(|deadman| proves(deadman, event));
    note(turn, &event.source, proof);
}

/// Notes that a source has said something else.
pub(super) fn spoke(turn: &mut Turn, name: &str) {
    let deadman = deadman(turn, name);
    note(turn, name, deadman.is_some_and(|deadman| deadman.matchers.is_empty()));
}

fn deadman<'a>(turn: &Turn<'a>, name: &str) -> Option<&'a Deadman> {
    turn.settings().sources.get(name)?.deadman.as_ref()
}

fn note(turn: &mut Turn, name: &str, proof: bool) {
    let id = source(turn, name);
    let now = turn.now();
    let settings = turn.settings().sources.get(name);
    let resend = settings.and_then(|source| source.resend).unwrap_or(RESEND);

    let mark = turn.soften().event.soften_source(id);
    let gap = mark.heard_at.is_none_or(|last| now.since(last) > Span(resend.0.saturating_mul(2)));
    if gap {
        mark.alive_since = Some(now);
    }
    mark.heard_at = Some(now);
    if proof {
        mark.proof_at = Some(now);
    }
    let silent = mark.silent;
    if gap {
        // What it does not mention by then is over.
        let timeout = turn.settings().resolve_timeout;
        await_end(turn, Ends::Timeout(now + timeout));
    }
    if proof && silent {
        turn.record(Fact::SourceHeard { id });
        tell(turn, id, Signal::Resolved);
    }
}

/// Tells whether each event of a source may prove that it is alive.
pub(super) fn is_watched(turn: &Turn, name: &str) -> bool {
    turn.settings().sources.get(name).is_some_and(|source| source.deadman.is_some())
}

/// The number of a source; a new one gets its number here.
pub(super) fn source(turn: &mut Turn, name: &str) -> SourceId {
    if let Some(id) = turn.state().event.source_named(name) {
        return id;
    }
    let id = turn.state().event.next_source();
    turn.record(Fact::SourceKnown { id, name: name.to_owned() });
    id
}

/// A start: leases count again once the sources have had time to speak.
pub(super) fn started(turn: &mut Turn) {
    let grace_until = turn.now() + grace(turn);
    turn.record(Fact::Started { grace_until });
}

/// A jump of the clock: leases and dead-man switches count again from here on.
pub(super) fn overslept(turn: &mut Turn) {
    let grace_until = turn.now() + grace(turn);
    turn.record(Fact::Overslept { grace_until });
    let now = turn.now();
    let sources: Vec<SourceId> = turn.state().event.sources().map(|(id, _)| id).collect();
    for id in sources {
        let mark = turn.soften().event.soften_source(id);
        mark.proof_at = mark.proof_at.map(|_| now);
    }
    heartbeat::overslept(turn);
}

fn grace(turn: &Turn) -> Span {
    let resends = turn.settings().sources.values().filter_map(|source| source.resend);
    let longest = resends.max().unwrap_or(RESEND);
    GRACE_MIN.max(Span(longest.0.saturating_mul(2)))
}

/// Arms the dead-man switch of every source that has one.
pub(super) fn arm(turn: &mut Turn) {
    let settings = turn.settings();
    let watched = |name: &str| settings.sources.get(name).is_some_and(|one| one.deadman.is_some());
    let sources = turn.state().event.sources();
    let forgiven: Vec<SourceId> = sources
        .filter(|(_, source)| source.silent && !watched(&source.name))
        .map(|(id, _)| id)
        .collect();
    for id in forgiven {
        // Nobody waits for it any longer, so nobody can say that it is silent.
        turn.record(Fact::SourceHeard { id });
        tell(turn, id, Signal::Resolved);
    }
    for (name, configured) in &settings.sources {
        let Some(deadman) = &configured.deadman else { continue };
        let id = source(turn, name);
        let now = turn.now();
        let mark = turn.soften().event.soften_source(id);
        let proof_at = *mark.proof_at.get_or_insert(now);
        turn.wake_at(proof_at + deadman.after, Deadline::Deadman(id));
    }
    heartbeat::arm(turn);
}

/// Looks whether a source has been silent for too long.
pub(super) fn wake_deadman(turn: &mut Turn, id: SourceId) {
    let Some(source) = turn.state().event.source(id) else { return };
    let configured = turn.settings().sources.get(&source.name);
    let Some(deadman) = configured.and_then(|source| source.deadman.as_ref()) else { return };
    let due = source.proof_at.unwrap_or(turn.now()) + deadman.after;
    if due > turn.now() {
        turn.wake_at(due, Deadline::Deadman(id));
        return;
    }
    if !source.silent {
        turn.record(Fact::SourceSilent { id });
        tell(turn, id, Signal::Firing);
    }
    turn.wake_after(deadman.after, Deadline::Deadman(id));
}

/// Makes sure that leases are looked at when this one runs out.
pub(super) fn await_end(turn: &mut Turn, ends: Ends) {
    let Some(at) = ends.at() else { return };
    if turn.state().event.sweep_at().is_none_or(|sweep_at| at < sweep_at) {
        sweep_by(turn, at);
    }
}

fn sweep_by(turn: &mut Turn, at: Timestamp) {
    turn.soften().event.set_sweep(Some(at));
    turn.wake_at(at, Deadline::Leases);
}

/// Looks at every lease. One pass over all alerts now and then costs less, in time and memory,
/// than a deadline for each.
pub(super) fn sweep(turn: &mut Turn) {
    let now = turn.now();
    turn.soften().event.set_sweep(None);
    let mut next: Option<Timestamp> = None;
    let mut due = Vec::new();
    for (id, alert) in turn.state().event.alerts() {
        match look(turn, alert) {
            Look::Later(at) => next = Some(next.map_or(at, |next| next.min(at))),
            Look::Waits => {}
            look @ (Look::Stale | Look::Over(_)) => due.push((id, look)),
        }
    }
    for (id, look) in due {
        match look {
            Look::Stale => turn.record(Fact::Staled { id }),
            Look::Over(at) => receive::clear(turn, id, at, ClearedBy::Timeout),
            Look::Later(_) | Look::Waits => {}
        }
    }
    if let Some(at) = next {
        sweep_by(turn, at.max(now + SWEEP_EVERY_MIN));
    }
}

/// What a lease says at a moment.
enum Look {
    /// Nothing before this.
    Later(Timestamp),
    /// Nothing before something else happens.
    Waits,
    /// It ran out, and nobody knows why.
    Stale,
    /// It ran out, and its source would have spoken; over since then.
    Over(Timestamp),
}

fn look(turn: &Turn, alert: &Alert) -> Look {
    let now = turn.now();
    let state = &turn.state().event;
    let Some(ends_at) = alert.ends().at().filter(|_| alert.is_firing()) else { return Look::Waits };
    let due = ends_at.max(state.grace_until());
    if due > now {
        return Look::Later(due);
    }
    let settings = turn.settings();
    if settings.bare {
        return Look::Over(ends_at);
    }
    let source = state.source(alert.source()).expect("an alert names its source");
    let resend = settings.sources.get(&source.name).and_then(|s| s.resend).unwrap_or(RESEND);
    let spoke_since = source.heard_at.is_some_and(|heard| heard >= alert.updated_at + resend);
    if !spoke_since {
        return if alert.is_stale() { Look::Waits } else { Look::Stale };
    }
    // A source that has just come back must first have had time to mention the alert again.
    let settled = source.alive_since.map_or(now, |since| since + settings.resolve_timeout);
    if settled > now { Look::Later(settled) } else { Look::Over(ends_at) }
}

fn proves(deadman: &Deadman, event: &Event) -> bool {
    event.signal == Signal::Firing
        && deadman.matchers.iter().all(|m| m.matches(event.labels.get(&m.name)))
}

fn tell(turn: &mut Turn, id: SourceId, signal: Signal) {
    let name = turn.state().event.source(id).expect("just recorded").name.clone();
    if name == SELF {
        return;
    }
    let configured = turn.settings().sources.get(&name).and_then(|s| s.deadman.as_ref());
    let after = configured.map_or_else(String::new, |deadman| format!(" for {}", deadman.after));
    let summary = format!("monitoring source {name} silent{after}");
    let labels = [("silent_source", name.as_str())];
    let event = receive::about_us("SourceSilent", &labels, &summary, signal, turn.now());
    turn.ask(Command::Report(Box::new(event)));
}
