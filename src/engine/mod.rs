//! The deterministic heart: one entry in, facts and effects out. No clock, no randomness, no I/O.

pub mod replay;
pub mod scenario;

use std::sync::Arc;

use crate::domain::deployment::Notice;
use crate::domain::event::{Arrival, Event, Heartbeat, Remark};
use crate::domain::value::{Actor, Span, Timestamp};
use crate::domain::{self, Agenda, Command, Fact, Outcome, Settings, State, Turn};

/// A deadline that is late by more than this was slept through: the machine was suspended, or its
/// clock was set. Whatever the sources said meanwhile, nobody heard.
const SLEPT_MIN: Span = Span::minutes(1);

/// One line of input: something arrived, at a time the shell vouches for.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When, by the daemon's clock. Never before the entry before it.
    pub at: Timestamp,
    /// What.
    pub input: Input,
}

/// What can arrive.
#[derive(Debug, Clone)]
pub enum Input {
    /// Events of one request.
    Events(Vec<Event>),
    /// Whatever else a request of a source can say.
    Heard(Box<Heard>),
    /// Somebody asks for something.
    Command(Actor, Command),
    /// The daemon started, with these rules.
    Started(Arc<Settings>),
    /// Other rules are in force from here on.
    Settings(Arc<Settings>),
    /// Nothing arrived; time passed.
    Tick,
}

/// What one request of a source said.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Of conditions; these count first.
    pub events: Vec<Event>,
    /// Of alerts beside whether they hold.
    pub remarks: Vec<Remark>,
    /// That somebody is alive.
    pub heartbeats: Vec<Heartbeat>,
    /// Of deployments.
    pub deployments: Vec<Notice>,
    /// What the delivery is known by if it comes again; only if all of it was taken.
    pub arrival: Option<Arrival>,
}

/// Folds what a journal holds onto a state: how memory comes back after a stop.
pub fn remember<'a>(
    mut state: State,
    facts: impl IntoIterator<Item = &'a (Timestamp, Fact)>,
) -> State {
    for (at, fact) in facts {
        state.fold(*at, fact);
    }
    state
}

/// The state and what it waits for.
#[derive(Debug, Clone)]
pub struct Engine {
    state: State,
    agenda: Agenda,
    settings: Arc<Settings>,
    now: Timestamp,
}

impl Engine {
    /// An engine that knows nothing yet.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self { state: State::default(), agenda: Agenda::new(), settings, now: Timestamp(i64::MIN) }
    }

    /// Goes on from a state whose pages are loaded and whose journal's tail is folded: nothing is
    /// decided again.
    pub fn restore(state: State, settings: Arc<Settings>, now: Timestamp) -> Self {
        let agenda = state.agenda();
        Self { state, agenda, settings, now }
    }

    /// Takes one entry. Deadlines that came due earlier go first.
    ///
    /// # Panics
    /// When time runs backwards, which the shell's clock prevents.
    pub fn step(&mut self, entry: Entry) -> Outcome {
        assert!(self.now <= entry.at, "time never runs backwards");
        let slept = self.next_deadline().is_some_and(|due| due + SLEPT_MIN < entry.at);
        self.now = entry.at;
        if let Input::Started(settings) | Input::Settings(settings) = &entry.input {
            self.settings = Arc::clone(settings);
        }

        let mut turn = Turn::new(&mut self.state, &mut self.agenda, &self.settings, entry.at);
        if matches!(entry.input, Input::Started(_)) {
            // Before any deadline: a lease that ran out while nobody listened does not count.
            domain::event::started(&mut turn);
        } else if slept {
            domain::event::overslept(&mut turn);
        }
        turn.wake_due();
        let reply = match entry.input {
            Input::Events(events) => {
                domain::event::receive(&mut turn, events);
                Ok(())
            }
            Input::Heard(heard) => {
                let Heard { events, remarks, heartbeats, deployments, arrival } = *heard;
                domain::event::receive(&mut turn, events);
                domain::event::remark(&mut turn, remarks);
                domain::event::beat(&mut turn, heartbeats);
                domain::deployment::receive(&mut turn, deployments);
                if let Some(arrival) = arrival {
                    domain::event::arrived(&mut turn, &arrival);
                }
                Ok(())
            }
            Input::Command(actor, command) => {
                let reply = domain::handle(&mut turn, &actor, command);
                if let Err(refusal) = &reply {
                    domain::audit::refused(&mut turn, &actor, refusal);
                }
                reply
            }
            Input::Started(_) | Input::Settings(_) => {
                domain::event::configured(&mut turn);
                Ok(())
            }
            Input::Tick => Ok(()),
        };
        turn.settle();
        // What must not wait (a `group_wait` of zero, a P1) goes into the same commit.
        turn.wake_due();
        turn.finish(reply)
    }

    /// When to call [`Engine::step`] with a [`Input::Tick`], if nothing else arrives sooner.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.agenda.first().map(|(at, _)| *at)
    }

    /// What waits for a time, soonest first.
    pub fn agenda(&self) -> &Agenda {
        &self.agenda
    }

    /// The time of the last entry.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What is known.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The rules in force.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Takes the names of the pages that changed since the last call, for a checkpoint.
    pub fn take_changed(&mut self) -> Vec<domain::table::PageName> {
        self.state.take_changed()
    }
}
