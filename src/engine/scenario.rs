//! Scenarios: a script in, what happened out, as text. Rule files carry such scripts as their
//! tests, and the daemon's own behaviour is held to them.
//!
//! ```text
//! 0s    fire alertname=DiskFull service=shop-db severity=critical lease:4m
//! 5m    acknowledge INC-1 by=alice note="on it"
//! 6m    silence service=shop-db for 2h by=bo comment="new disks"
//! 7m    expire SIL-1
//! 10m   resolve alertname=DiskFull service=shop-db severity=critical
//! 11m   remark  acknowledged alertname=DiskFull service=shop-db by=ada text="on it"
//! 12m   beat    nightly-backup within:25h team=dba
//! 1h    down chat/slack              # messages through channels of that name fail …
//! 1h    down ops after:10m           # … and ask to be tried again that much later
//! 1h    refuse ops                   # or are refused for good
//! 2h    up chat/slack
//! 1h    deploy service=shop version=2 status=failed    # said by @test under a key made of these
//! 2h    restart                      # memory is lost, what was committed is not
//! ```
//!
//! Times count from the start, or are RFC 3339 instants. `@name` names the source of an event,
//! `lease:4m` its lease, `by=` and `text=` who made a remark and in which words, `ann:summary="…"` an annotation.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Engine, Entry, Heard, Input};
use crate::domain::deployment::Notice;
use crate::domain::event::{Ends, Event, Heartbeat, Remark, Signal};
use crate::domain::notification::{self, Outcome};
use crate::domain::value::{Actor, DeliveryId, Labels, Span, Timestamp, Via};
use crate::domain::view::Fields;
use crate::domain::{self, Fact, Settings, State, Tally};

mod expect;
mod words;

pub use expect::{Mismatch, check};

/// Steps that a script may need at most, deadlines included, before it counts as running away.
const STEPS_MAX: usize = 200_000;

/// The instant from which scripts count.
pub const START: Timestamp = Timestamp(1_767_225_600_000);

/// A line of a script that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct InvalidScript {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub why: String,
}

/// An engine in a world of its own: a clock that only scripts move, a store that survives, a
/// courier whose channels can be taken down.
#[derive(Debug)]
pub struct World {
    engine: Engine,
    start: Timestamp,
    facts: Vec<(Timestamp, Fact)>,
    log: Vec<String>,
    /// Channels that are troubled, by the beginning of their names.
    troubles: BTreeMap<String, Outcome>,
    steps: usize,
    steps_max: usize,
    /// What became of all events.
    pub tally: Tally,
}

/// One thing that a script does.
#[derive(Debug, Clone)]
enum Deed {
    Event(Box<EventDeed>),
    Remark(Box<Remark>),
    Beat(Box<Heartbeat>),
    /// Its time is that of the deed, unless the script says another.
    Deploy(Box<Notice>, Option<Timestamp>),
    Command {
        practice: &'static str,
        verb: String,
        id: String,
        by: String,
        fields: Fields,
    },
    Trouble(String, Outcome),
    Up(String),
    Restart,
    Tick,
}

#[derive(Debug, Clone)]
struct EventDeed {
    signal: Signal,
    source: String,
    labels: Labels,
    annotations: Labels,
    lease: Option<Span>,
}

impl World {
    /// A world in which the daemon has just started with these rules.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self::starting_at(settings, START)
    }

    /// A world that starts at a given instant.
    pub fn starting_at(settings: Arc<Settings>, start: Timestamp) -> Self {
        let mut world = Self {
            engine: Engine::new(Arc::clone(&settings)),
            start,
            facts: Vec::new(),
            log: Vec::new(),
            troubles: BTreeMap::new(),
            steps: 0,
            steps_max: STEPS_MAX,
            tally: Tally::default(),
        };
        world.step(start, Input::Started(settings));
        world
    }

    /// Takes the limit on steps away, for stored days.
    #[must_use]
    pub fn without_limit(mut self) -> Self {
        self.steps_max = usize::MAX;
        self
    }

    /// Plays a script to its last line.
    ///
    /// # Errors
    /// Names the first line that makes no sense; nothing is played then.
    pub fn play(&mut self, script: &str) -> Result<(), InvalidScript> {
        for (at, deed) in words::parse(script, self.start)? {
            self.pass_until(at);
            self.perform(at, deed);
        }
        Ok(())
    }

    /// Lets time pass; deadlines come due on the way.
    pub fn pass_until(&mut self, at: Timestamp) {
        while let Some(due) = self.engine.next_deadline().filter(|due| *due <= at) {
            let due = due.max(self.engine.now());
            self.step(due, Input::Tick);
        }
    }

    /// Hands one input in, as the shell would: step, commit, send, report.
    pub fn step(&mut self, at: Timestamp, input: Input) {
        self.steps += 1;
        assert!(self.steps < self.steps_max, "the script never comes to rest");
        let at = at.max(self.engine.now());
        let outcome = self.engine.step(Entry { at, input });
        self.facts.extend(outcome.facts.into_iter().map(|fact| (at, fact)));
        self.tally.add(outcome.tally);
        if let Err(refusal) = outcome.reply {
            self.note(at, &format!("refused: {refusal}"));
        }
        let mut effects = outcome.effects;
        effects.sort_by_key(|id| self.engine.state().notification.rank(*id));
        for id in effects {
            self.deliver(at, id);
        }
    }

    /// What happened, a line each: messages told, commands refused.
    pub fn log(&self) -> &[String] {
        &self.log
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What was committed, oldest first.
    pub fn facts(&self) -> &[(Timestamp, Fact)] {
        &self.facts
    }

    /// Other rules are in force from here on.
    pub fn reload(&mut self, at: Timestamp, settings: Arc<Settings>) {
        self.step(at, Input::Settings(settings));
    }

    /// Memory is lost; the engine is made anew of what was committed.
    pub fn restart(&mut self, at: Timestamp) {
        let state = super::remember(State::default(), &self.facts);
        let settings = Arc::clone(self.engine.settings());
        self.engine = Engine::restore(state, Arc::clone(&settings), self.engine.now());
        self.step(at, Input::Started(settings));
        let again: Vec<DeliveryId> = self.engine.state().notification.in_flight().collect();
        for id in again {
            self.deliver(at, id);
        }
    }

    fn perform(&mut self, at: Timestamp, deed: Deed) {
        match deed {
            Deed::Event(deed) => {
                let event = deed.event(at);
                self.step(at, Input::Events(vec![event]));
            }
            Deed::Deploy(mut notice, said_at) => {
                notice.at = said_at.unwrap_or(at);
                let heard = Heard { deployments: vec![*notice], ..Heard::default() };
                self.step(at, Input::Heard(Box::new(heard)));
            }
            Deed::Remark(remark) => {
                let heard = Heard { remarks: vec![*remark], ..Heard::default() };
                self.step(at, Input::Heard(Box::new(heard)));
            }
            Deed::Beat(beat) => {
                let heard = Heard { heartbeats: vec![*beat], ..Heard::default() };
                self.step(at, Input::Heard(Box::new(heard)));
            }
            Deed::Command { practice, verb, id, by, fields } => {
                match domain::parse(practice, &verb, &id, &fields) {
                    Ok(command) => {
                        let actor = Actor { name: by, via: Via::Cli };
                        self.step(at, Input::Command(actor, command));
                    }
                    Err(invalid) => self.note(at, &format!("invalid: {invalid}")),
                }
            }
            Deed::Trouble(channel, outcome) => {
                self.troubles.insert(channel, outcome);
            }
            Deed::Up(channel) => {
                self.troubles.remove(&channel);
            }
            Deed::Restart => self.restart(at),
            Deed::Tick => self.step(at, Input::Tick),
        }
    }

    /// The courier in one function: a channel works, or it is in trouble.
    fn deliver(&mut self, at: Timestamp, id: DeliveryId) {
        let state = self.engine.state();
        let settings = self.engine.settings();
        let Some(letter) = notification::letter(state, settings, id, at) else { return };
        let delivery = state.notification.delivery(id).expect("a letter has a delivery");
        let channel = state.notification.channel(delivery.channel).expect("a delivery has one");
        let name = channel.name.clone();
        let trouble = self.troubles.iter().find(|(head, _)| name.starts_with(head.as_str()));
        let outcome = if let Some((_, outcome)) = trouble {
            outcome.clone()
        } else {
            let subject = words::subject(&letter);
            self.note(at, &format!("told {name}: {subject}"));
            Outcome::Delivered { provider: None }
        };
        let report = notification::Command::Report { id, attempt: letter.attempt, outcome };
        let courier = Actor { name: "courier".to_owned(), via: Via::Timer };
        self.step(at, Input::Command(courier, report.into()));
    }

    fn note(&mut self, at: Timestamp, text: &str) {
        self.log.push(format!("{} {text}", at.since(self.start)));
    }
}

impl EventDeed {
    fn event(&self, at: Timestamp) -> Event {
        let ends = match (self.signal, self.lease) {
            (Signal::Resolved, _) => Ends::At(at),
            (Signal::Firing, Some(lease)) => Ends::At(at + lease),
            (Signal::Firing, None) => Ends::Never,
        };
        Event {
            source: self.source.as_str().into(),
            signal: self.signal,
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            url: Box::default(),
            key: Box::default(),
            starts_at: at,
            ends,
        }
    }
}
