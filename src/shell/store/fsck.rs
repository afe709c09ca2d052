//! Looks through a partition and says what is wrong with it. Changes nothing.

use crate::shell::chain;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use super::codec::{self, Payload};
use super::{IndexRow, Partition, Position, Seq, Store, StoreError};

/// Problems after this many are counted, but not described.
pub const PROBLEMS_MAX: usize = 100;

/// Looks at the place and payload of a journal value and may complain of it.
pub type Inspect<'a> = &'a mut dyn FnMut(Seq, &Payload) -> Result<(), String>;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Where the partition stands.
    pub position: Position,
    /// How many journal values were read.
    pub values: u64,
    /// How many pages were read.
    pub pages: u64,
    /// How many index rows were read.
    pub rows: u64,
    /// The first [`PROBLEMS_MAX`] problems.
    pub problems: Vec<Problem>,
    /// How many problems there are.
    pub problem_count: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `journal 7`, `page incident/open/3`.
    pub place: String,
    /// What.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Checks that every value decodes, that the journal has no gap, that keys are well formed, that the
/// checkpoint lies within the journal and that the index agrees with it. `inspect` sees each journal
/// value that decodes, oldest first.
///
/// # Errors
/// When not even the position can be read; everything else is a problem in the report.
pub fn fsck(
    store: &dyn Store,
    part: Partition,
    inspect: Inspect<'_>,
) -> Result<Report, StoreError> {
    let position = store.position(part)?;
    let mut report =
        Report { position, values: 0, pages: 0, rows: 0, problems: Vec::new(), problem_count: 0 };
    report.check_position();
    report.check_pages(store, part);
    report.check_journal(store, part, inspect);
    Ok(report)
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problem_count == 0
    }

    fn problem(&mut self, place: impl fmt::Display, what: impl fmt::Display) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { place: place.to_string(), what: what.to_string() });
        }
    }

    fn check_position(&mut self) {
        let Position { trimmed, checkpoint, last, .. } = self.position;
        if checkpoint > last {
            self.problem(
                "checkpoint",
                format_args!("its place {} is after the journal's last, {}", checkpoint.0, last.0),
            );
        }
        if trimmed > checkpoint {
            self.problem(
                "journal",
                format_args!("trimmed to {}, after the checkpoint at {}", trimmed.0, checkpoint.0),
            );
        }
    }

    fn check_pages(&mut self, store: &dyn Store, part: Partition) {
        let read = store.pages(part, &mut |key, value| {
            self.pages += 1;
            if let Err(err) = codec::decode(value) {
                let place = format!("page {}/{}/{}", key.practice, key.table, key.number);
                self.problem(place, chain(&err));
            }
            ControlFlow::Continue(())
        });
        if let Err(err) = read {
            self.problem("pages", chain(&err));
        }
    }

    fn check_journal(&mut self, store: &dyn Store, part: Partition, inspect: Inspect<'_>) {
        let mut said = Rows::default();
        let mut before = self.position.trimmed;
        let read = store.entries(part, before, &mut |seq, entry| {
            let place = format_args!("journal {}", seq.0).to_string();
            self.values += 1;
            if seq.0 != before.0.saturating_add(1) {
                self.problem(&place, format_args!("follows place {}", before.0));
            }
            before = seq;
            entry.index.iter().for_each(|row| said.add(row, seq));
            match codec::decode(&entry.value) {
                Ok(payload) => {
                    if let Err(complaint) = inspect(seq, &payload) {
                        self.problem(&place, complaint);
                    }
                }
                Err(err) => self.problem(&place, chain(&err)),
            }
            ControlFlow::Continue(())
        });
        if let Err(err) = read {
            self.problem("journal", chain(&err));
        } else if before != self.position.last {
            self.problem("journal", format_args!("ends at {} already", before.0));
        }
        self.check_index(store, part, said);
    }

    fn check_index(&mut self, store: &dyn Store, part: Partition, said: Rows) {
        let mut found = Rows::default();
        let read = store.index(part, &mut |row, seq| {
            found.add(&row, seq);
            ControlFlow::Continue(())
        });
        self.rows = found.count;
        if let Err(err) = read {
            self.problem("index", chain(&err));
        } else if found != said {
            self.problem(
                "index",
                format_args!("{} rows do not agree with the journal's {}", found.count, said.count),
            );
        }
    }
}

/// A digest of a set of rows that does not depend on their order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Rows {
    count: u64,
    sum: u64,
}

impl Rows {
    fn add(&mut self, row: &IndexRow, seq: Seq) {
        let mut hasher = DefaultHasher::new();
        (&row.0, seq.0).hash(&mut hasher);
        self.count += 1;
        self.sum = self.sum.wrapping_add(hasher.finish());
    }
}
