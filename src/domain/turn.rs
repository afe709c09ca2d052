//! One turn: the only hand that changes state.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::event::Suppressed;
use super::value::{Actor, DeliveryId, RecordId, Span, Timestamp};
use super::{Command, Deadline, Fact, Refusal, Settings, State};

/// More facts than this for one input means two practices are feeding each other.
const FACTS_MAX: usize = 4_000_000;

/// What waits for a time, soonest first. An entry that no longer holds is harmless: who wakes
/// looks at the state again.
pub type Agenda = BTreeSet<(Timestamp, Deadline)>;

/// What one turn did. The shell commits the facts, then answers `reply` and releases the effects.
#[derive(Debug)]
#[must_use]
pub struct Outcome {
    /// What happened, oldest first.
    pub facts: Vec<Fact>,
    /// Deliveries whose next attempt may leave the house once the facts are on disk.
    pub effects: Vec<DeliveryId>,
    /// What to tell the one who asked.
    pub reply: Result<(), Refusal>,
    /// What became of the events.
    pub tally: Tally,
    /// Alerts that were kept from people at the ticks of this turn.
    pub suppressed: Suppressed,
    /// The record that a command was about in the end, where it says so: it may be a new one.
    pub made: Option<String>,
}

/// What became of events, counted. Every event is exactly one of these (invariant I1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Opened an alert, or fired a resolved one again.
    pub new: u64,
    /// Changed something about a known alert.
    pub changed: u64,
    /// Said what was known already.
    pub duplicate: u64,
    /// Older than what was known.
    pub stale: u64,
    /// Resolved something that was not firing.
    pub resolved_unknown: u64,
    /// Resolved a firing alert.
    pub resolved: u64,
    /// Remarks on alerts that are not known, and heartbeats that found no room. No events.
    pub passed_over: u64,
}

impl Tally {
    /// Adds another count to this one.
    pub fn add(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.duplicate += other.duplicate;
        self.stale += other.stale;
        self.resolved_unknown += other.resolved_unknown;
        self.resolved += other.resolved;
        self.passed_over += other.passed_over;
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.new
            + self.changed
            + self.duplicate
            + self.stale
            + self.resolved_unknown
            + self.resolved
    }
}

/// One input being worked on.
#[derive(Debug)]
pub struct Turn<'a> {
    state: &'a mut State,
    agenda: &'a mut Agenda,
    settings: &'a Arc<Settings>,
    now: Timestamp,
    /// Recorded, not yet shown downstream.
    fresh: Vec<Fact>,
    shown: Vec<Fact>,
    asked: VecDeque<Command>,
    effects: Vec<DeliveryId>,
    /// What became of the events of this turn.
    pub(crate) tally: Tally,
    /// What the ticks of this turn kept from people.
    pub(crate) suppressed: Suppressed,
    made: Option<String>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(
        state: &'a mut State,
        agenda: &'a mut Agenda,
        settings: &'a Arc<Settings>,
        now: Timestamp,
    ) -> Self {
        Self {
            state,
            agenda,
            settings,
            now,
            fresh: Vec::new(),
            shown: Vec::new(),
            asked: VecDeque::new(),
            effects: Vec::new(),
            tally: Tally::default(),
            suppressed: Suppressed::default(),
            made: None,
        }
    }

    /// The time of this turn.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The state as the facts recorded so far have made it.
    pub fn state(&self) -> &State {
        self.state
    }

    /// The rules in force. The reference outlives the turn's borrow, so that a handler can read
    /// rules while it records.
    pub fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// Records a fact and folds it into the state. Practices downstream see it once the handler is
    /// done, oldest fact first.
    pub fn record(&mut self, fact: impl Into<Fact>) {
        let fact = fact.into();
        self.state.fold(self.now, &fact);
        self.fresh.push(fact);
        assert!(self.fresh.len() + self.shown.len() <= FACTS_MAX, "runaway turn");
    }

    /// What was recorded since facts were last shown downstream, oldest first.
    pub(crate) fn fresh(&self) -> &[Fact] {
        &self.fresh
    }

    /// Asks a practice upstream for something; it is handled when this input is done.
    pub fn ask(&mut self, command: impl Into<Command>) {
        self.asked.push_back(command.into());
    }

    /// Marks something that a restart may forget: a lease, the time a source was last heard.
    pub(crate) fn soften(&mut self) -> &mut State {
        self.state
    }

    /// Lets a delivery's next attempt leave the house after the commit.
    pub fn send(&mut self, delivery: DeliveryId) {
        self.effects.push(delivery);
    }

    /// Says which record a command was about in the end, so that who asked can look it up.
    pub fn made(&mut self, record: impl RecordId) {
        self.made = Some(record.to_string());
    }

    /// Asks to be woken at a time; at once if it has passed.
    pub fn wake_at(&mut self, at: Timestamp, deadline: impl Into<Deadline>) {
        self.agenda.insert((at, deadline.into()));
    }

    /// Asks to be woken after a while.
    pub fn wake_after(&mut self, span: Span, deadline: impl Into<Deadline>) {
        self.wake_at(self.now + span, deadline);
    }

    pub(crate) fn wake_due(&mut self) {
        // What a deadline puts on the agenda for this very instant waits for the next step, so
        // that no deadline can keep the turn from ending.
        let mut due = Vec::new();
        while let Some(first) = self.agenda.first()
            && first.0 <= self.now
        {
            due.extend(self.agenda.pop_first());
        }
        for (_, deadline) in due {
            super::wake(self, deadline);
            self.settle();
        }
    }

    /// Shows every fact, oldest first, to the practices downstream until no new facts appear.
    pub(crate) fn settle(&mut self) {
        loop {
            while !self.fresh.is_empty() {
                let batch = std::mem::take(&mut self.fresh);
                for fact in &batch {
                    super::react(self, fact);
                }
                self.shown.extend(batch);
            }
            let Some(command) = self.asked.pop_front() else { return };
            // Upstream may refuse what a practice asked: the state moved on meanwhile.
            let _ = super::handle(self, &Actor::rule(), command);
        }
    }

    pub(crate) fn finish(mut self, reply: Result<(), Refusal>) -> Outcome {
        self.settle();
        let Self { shown: facts, effects, tally, suppressed, made, .. } = self;
        Outcome { facts, effects, reply, tally, suppressed, made }
    }
}
