//! A world in miniature: a clock that jumps, a disk that survives, a courier that fails, stutters,
//! and loses its reports.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::climate::STORMY;
use super::ears::Ears;
use super::random::Random;
use crate::invariant;
use incidentd::domain::notification::{self, Outcome};
use incidentd::domain::table::PageName;
use incidentd::domain::value::{Actor, DeliveryId, Span, Timestamp, Via};
use incidentd::domain::{Fact, Settings, State};
use incidentd::engine::scenario::START;
use incidentd::engine::{self, Engine, Entry, Input};
use incidentd::shell::journal::{self, Record};
use incidentd::shell::store::codec;

/// Ticks in a row, after which a world that never comes to rest is given up.
const TICKS_MAX: usize = 100_000;

/// The agenda is compared with the state once in so many steps, because that costs most.
const AGENDA_EVERY_STEPS: u64 = 10;

/// Facts are written and read back once in so many steps, for the same reason.
const JOURNAL_EVERY_STEPS: u64 = 8;

/// What survives a crash.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) facts: Vec<(Timestamp, Fact)>,
    /// What those facts make when they are folded one by one, from the first on.
    folded: State,
    /// Pages by practice, table and number, as the last checkpoint left them.
    pages: BTreeMap<PageName, Vec<u8>>,
    /// How many facts that checkpoint covers.
    upto: usize,
}

/// What the courier meets on its way through a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Fair,
    Down,
    /// It asks to wait.
    Busy,
    /// It takes nothing, ever.
    Refusing,
}

/// Chances in a thousand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    pub(crate) commit_fails: u64,
    pub(crate) crash_after_commit: u64,
    pub(crate) attempt_fails: u64,
    pub(crate) report_lost: u64,
    pub(crate) report_doubled: u64,
    pub(crate) report_late: u64,
}

impl Faults {
    pub(crate) const NONE: Self = Self {
        commit_fails: 0,
        crash_after_commit: 0,
        attempt_fails: 0,
        report_lost: 0,
        report_doubled: 0,
        report_late: 0,
    };
    pub(crate) const MANY: Self = Self {
        commit_fails: 2,
        crash_after_commit: 2,
        attempt_fails: 80,
        report_lost: 20,
        report_doubled: 50,
        report_late: 400,
    };
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) disk: Disk,
    pub(crate) ears: Ears,
    pub(crate) random: Random,
    pub(crate) faults: Faults,
    /// The clock on the wall, which may be set back.
    pub(crate) wall: Timestamp,
    pub(crate) settings: Arc<Settings>,
    pub(crate) weather: BTreeMap<String, Weather>,
    /// Reports on their way back from the courier.
    reports: BTreeMap<(Timestamp, u64), Input>,
    serial: u64,
    pub(crate) crashes: usize,
    steps: u64,
}

impl World {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        let settings = Arc::clone(&STORMY[0]);
        let mut world = Self {
            engine: Engine::new(Arc::clone(&settings)),
            disk: Disk::default(),
            ears: Ears::default(),
            random: Random(seed),
            faults,
            wall: START,
            settings: Arc::clone(&settings),
            weather: BTreeMap::new(),
            reports: BTreeMap::new(),
            serial: 0,
            crashes: 0,
            steps: 0,
        };
        world.step(Input::Started(settings));
        world
    }

    /// The driver in ten lines: step, commit, then deliver; a power cut may come in between.
    pub(crate) fn step(&mut self, input: Input) {
        let at = self.wall.max(self.engine.now());
        let events = match &input {
            Input::Events(events) => events.len(),
            Input::Heard(heard) => heard.events.len(),
            Input::Command(..) | Input::Started(_) | Input::Settings(_) | Input::Tick => 0,
        };
        let outcome = self.engine.step(Entry { at, input });
        if self.random.chance(self.faults.commit_fails) {
            return self.crash();
        }
        if events > 0 {
            invariant::events_are_counted_once(events, outcome.tally, &outcome.facts);
        }
        if !outcome.facts.is_empty() {
            self.commit(at, outcome.facts);
            self.check();
        }
        if self.random.chance(self.faults.crash_after_commit) {
            return self.crash();
        }
        for id in outcome.effects {
            self.deliver(at, id);
        }
    }

    fn commit(&mut self, at: Timestamp, facts: Vec<Fact>) {
        let from = self.disk.facts.len();
        let record = Record { at, facts };
        let through = self.steps.is_multiple_of(JOURNAL_EVERY_STEPS);
        let records = if through { through_the_journal(record) } else { vec![record] };
        for record in records {
            self.disk.facts.extend(record.facts.into_iter().map(|fact| (record.at, fact)));
        }
        let folded = std::mem::take(&mut self.disk.folded);
        self.disk.folded = engine::remember(folded, &self.disk.facts[from..]);
    }

    /// Other rules are in force; should the reload not reach the disk, the start brings them.
    pub(crate) fn reload(&mut self, settings: &Arc<Settings>) {
        self.settings = Arc::clone(settings);
        self.step(Input::Settings(Arc::clone(settings)));
    }

    /// True after every step that left a fact, whatever happened.
    fn check(&mut self) {
        self.steps += 1;
        let state = self.engine.state();
        invariant::alerts_are_in_one_open_incident(state);
        invariant::members_stand_as_their_alerts(state);
        invariant::submerged_alerts_are_suppressed(state);
        if !self.steps.is_multiple_of(AGENDA_EVERY_STEPS) {
            return;
        }
        invariant::inhibition_is_what_the_rules_say(state, self.engine.settings());
        invariant::what_waits_is_on_the_agenda(state, self.engine.agenda(), self.engine.settings());
    }

    /// Power cut: memory and what the courier had in hand are gone, the disk is not.
    pub(crate) fn crash(&mut self) {
        self.crashes += 1;
        self.reports.clear();
        let mut state = State::default();
        for (name, records) in &self.disk.pages {
            let PageName { practice, table, number } = name;
            state.load_page(practice, table, *number, records).unwrap();
        }
        state.rebuild();
        let state = engine::remember(state, &self.disk.facts[self.disk.upto..]);
        invariant::assert_same(
            &state,
            &self.disk.folded,
            "a checkpoint and its tail are all facts",
        );
        let now = self.disk.facts.last().map_or(self.wall, |(at, _)| *at);
        self.engine = Engine::restore(state, Arc::clone(&self.settings), now);
        self.step(Input::Started(Arc::clone(&self.settings)));
        let again: Vec<DeliveryId> = self.engine.state().notification.in_flight().collect();
        let at = self.wall.max(self.engine.now());
        for id in again {
            self.deliver(at, id);
        }
    }

    /// Writes the pages that changed.
    pub(crate) fn checkpoint(&mut self) {
        let state = self.engine.state();
        invariant::assert_same(&self.disk.folded, state, "memory is what the journal says");
        for name in self.engine.take_changed() {
            match self.engine.state().page(name) {
                Some(records) => self.disk.pages.insert(name, records),
                None => self.disk.pages.remove(&name),
            };
        }
        self.disk.upto = self.disk.facts.len();
    }

    fn deliver(&mut self, at: Timestamp, id: DeliveryId) {
        let state = self.engine.state();
        let Some(letter) = notification::letter(state, self.engine.settings(), id, at) else {
            return;
        };
        let delivery = state.notification.delivery(id).unwrap();
        let channel = state.notification.channel(delivery.channel).unwrap().name.clone();
        let way = notification::integration_of(state, self.engine.settings(), id);
        assert!(way.is_some(), "{id} has a way, as no configuration takes one away");
        let stumbles = self.random.chance(self.faults.attempt_fails);
        let weather = self.weather.get(&channel).copied().unwrap_or(Weather::Fair);
        let failed = |why: &str, after| Outcome::Failed { why: why.to_owned(), after };
        let outcome = match weather {
            Weather::Fair if stumbles => failed("reset by peer", None),
            Weather::Fair => {
                self.ears.hear(&channel, &letter);
                Outcome::Delivered { provider: None }
            }
            Weather::Down => failed("503", None),
            Weather::Busy => failed("429", Some(Span::seconds(self.random.below(7_200)))),
            Weather::Refusing => Outcome::Refused { why: "404".to_owned() },
        };
        let report = notification::Command::Report { id, attempt: letter.attempt, outcome };
        let courier = Actor { name: "courier".to_owned(), via: Via::Timer };
        let report = Input::Command(courier, report.into());
        if self.random.chance(self.faults.report_lost) {
            return; // The courier died with the word on its lips: a start sends it again.
        }
        for _ in 0..=u8::from(self.random.chance(self.faults.report_doubled)) {
            let late = self.random.chance(self.faults.report_late);
            let delay = if late { self.random.below(30_000) } else { 0 };
            self.serial += 1;
            self.reports.insert((at + Span(delay), self.serial), report.clone());
        }
    }

    /// Lets time pass; deadlines and reports come on the way.
    pub(crate) fn pass(&mut self, span: Span) {
        let until = self.wall + span;
        for _ in 0..TICKS_MAX {
            let due = self.engine.next_deadline().filter(|due| *due <= until);
            let report = self.reports.keys().next().copied().filter(|(at, _)| *at <= until);
            match (report, due) {
                (Some(key), due) if due.is_none_or(|due| key.0 <= due) => {
                    let input = self.reports.remove(&key).unwrap();
                    self.wall = self.wall.max(key.0);
                    self.step(input);
                }
                (_, Some(due)) => {
                    self.wall = self.wall.max(due);
                    self.step(Input::Tick);
                }
                (_, None) => {
                    self.wall = self.wall.max(until);
                    return;
                }
            }
        }
        panic!("the world never comes to rest; next is {:?}", self.engine.agenda().first());
    }
}

/// What is read back of what was written: by a restart, and of an archive made meanwhile.
fn through_the_journal(record: Record) -> Vec<Record> {
    let entries = journal::entries(vec![record.clone()], &mut Vec::new());
    let payloads = entries.iter().map(|entry| codec::decode(&entry.value).unwrap());
    let mut read = Vec::new();
    for payload in payloads {
        let records = journal::read(&payload).unwrap();
        assert_eq!(journal::read(&payload.json().unwrap()).unwrap(), records);
        read.extend(records);
    }
    let facts =
        |records: &[Record]| records.iter().flat_map(|r| r.facts.clone()).collect::<Vec<_>>();
    assert_eq!(facts(&read), record.facts);
    read
}
