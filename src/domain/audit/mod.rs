//! Audit: who did what, in a chain that shows tampering.
//!
//! Each line carries the SHA-256 of the line before it, so that a line that is changed or taken
//! away breaks every later one. The facts are the whole history; this is the part that people and
//! auditors ask about.

mod line;
mod subject;
mod view;

use serde::{Deserialize, Serialize};

use crate::domain::table::{Table, UnreadablePage};
use crate::domain::value::{Actor, AuditId, Timestamp};
use crate::domain::{self, Refusal, Turn};

pub use line::{Chain, Line};
pub use subject::subject;
pub use view::MANUAL;
pub(crate) use view::{list, parse, show};

/// Lines that stay in memory; older ones are in the journal.
const LINES_MAX: usize = 1_000;

/// What the audit knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    lines: Table<AuditId, Line>,
}

/// Nothing can be asked of the audit.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {}

/// A fact of the audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A line was written.
    Noted {
        /// Its number.
        id: AuditId,
        /// What it says.
        line: Box<Line>,
    },
}

/// The audit waits for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {}

pub(crate) fn handle(_: &mut Turn, _: &Actor, command: Command) -> Result<(), Refusal> {
    match command {}
}

pub(crate) fn react(turn: &mut Turn, fact: &domain::Fact) {
    if let Some(draft) = line::draft(fact) {
        note(turn, draft);
    }
}

/// Notes that a command was turned down: somebody wanted something that the rules forbid.
pub(crate) fn refused(turn: &mut Turn, actor: &Actor, refusal: &Refusal) {
    note(turn, line::refusal(actor, refusal));
}

fn note(turn: &mut Turn, draft: line::Draft) {
    let lines = &turn.state().audit.lines;
    let id = lines.next_id();
    let before = lines.iter().next_back().map_or("", |(_, line)| line.hash.as_str());
    let line = Box::new(draft.sign(id, turn.now(), before));
    turn.record(Fact::Noted { id, line });
}

pub(crate) fn wake(_: &mut Turn, deadline: Deadline) {
    match deadline {}
}

impl State {
    /// The lines in memory, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = (AuditId, &Line)> {
        self.lines.iter()
    }

    pub(crate) fn fold(&mut self, _: Timestamp, fact: &Fact) {
        let Fact::Noted { id, line } = fact;
        self.lines.insert(*id, (**line).clone());
        if self.lines.len() > LINES_MAX {
            let oldest = self.lines.iter().next().map(|(id, _)| id);
            oldest.and_then(|id| self.lines.remove(id));
        }
    }

    pub(crate) fn take_changed(&mut self, add: &mut dyn FnMut(&'static str, u64)) {
        for number in self.lines.take_changed() {
            add("lines", number);
        }
    }

    pub(crate) fn page(&self, table: &str, number: u64) -> Option<Vec<u8>> {
        match table {
            "lines" => self.lines.page(number, Clone::clone),
            _ => None,
        }
    }

    pub(crate) fn load_page(
        &mut self,
        table: &str,
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        if table != "lines" {
            return Err(UnreadablePage::unknown("audit", table, number));
        }
        self.lines.load_page(("audit", "lines"), number, records, |line| line)
    }

    pub(crate) fn rebuild(&mut self) {}

    pub(crate) fn agenda(&self, _: &mut dyn FnMut(Timestamp, Deadline)) {}
}
