//! Event management: repeats of one event become one alert.

pub mod adapter;
mod fact;
mod message;
pub mod poll;
pub mod rules;

use crate::domain::table::{Page, UnreadablePage};
use crate::domain::value::{Actor, Timestamp};
use crate::domain::view::{Fields, Invalid, List, Manual, Query};
use crate::domain::{self, Refusal, Settings, Turn};

pub use fact::{ClearedBy, Correlation, Fact, Raised};
pub use message::{Ends, Event, Signal};

/// What the practice knows.
#[derive(Debug, Clone, Default)]
pub struct State {}

/// What can be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {}

/// What people can see and ask.
pub const MANUAL: Manual = Manual {
    name: "event",
    plural: "events",
    title: "event",
    about: "",
    columns: &[],
    filters: &[],
    verbs: &[],
    records: false,
};

pub(crate) fn handle(_: &mut Turn, _: &Actor, command: Command) -> Result<(), Refusal> {
    match command {}
}

pub(crate) fn react(_: &mut Turn, _: &domain::Fact) {}

pub(crate) fn wake(_: &mut Turn, deadline: Deadline) {
    match deadline {}
}

pub(crate) fn list(_: &domain::State, _: &Settings, _: &Query) -> List {
    List::default()
}

pub(crate) fn show(_: &domain::State, _: &Settings, _: &str) -> Option<serde_json::Value> {
    None
}

pub(crate) fn parse(verb: &str, _: &str, _: &Fields) -> Result<Command, Invalid> {
    Err(Invalid::new(verb, "no such verb"))
}

impl State {
    pub(crate) fn fold(&mut self, _: Timestamp, _: &Fact) {}

    pub(crate) fn take_pages(&mut self) -> Vec<Page> {
        Vec::new()
    }

    pub(crate) fn load_page(
        &mut self,
        table: &str,
        number: u64,
        _: &[u8],
    ) -> Result<(), UnreadablePage> {
        Err(UnreadablePage::unknown("event", table, number))
    }

    pub(crate) fn rebuild(&mut self) {}

    pub(crate) fn agenda(&self, _: &mut dyn FnMut(Timestamp, Deadline)) {}
}

/// Takes in the events of one request.
pub(crate) fn receive(_: &mut Turn, _: Vec<Event>) {}

/// Notes that other rules are in force.
pub(crate) fn configured(_: &mut Turn) {}
