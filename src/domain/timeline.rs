//! A record's timeline: what happened to it, oldest first.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::value::{Actor, Timestamp};

/// Lines kept of one record; the history beyond them is in the journal.
const LINES_MAX: usize = 300;

/// What happened to a record, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// The lines.
    pub lines: Vec<Line>,
    /// How many more there were.
    #[serde(default)]
    pub omitted: u64,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: Actor,
    /// What, in a word: `acknowledge`, `note`, `alert_joined` …
    pub action: String,
    /// What, in a sentence.
    pub text: String,
}

impl Timeline {
    pub(crate) fn push(&mut self, at: Timestamp, by: &Actor, action: &str, text: String) {
        if self.lines.len() == LINES_MAX {
            // The beginning tells how it started, the end how it stands: the middle makes room.
            self.lines.remove(LINES_MAX / 2);
            self.omitted += 1;
        }
        self.lines.push(Line { at, by: by.clone(), action: action.to_owned(), text });
    }

    /// The lines as the API shows them.
    pub fn show(&self) -> Vec<Value> {
        let line = |line: &Line| {
            json!({
                "at": line.at.rfc3339(),
                "by": line.by.name,
                "via": line.by.via.name(),
                "action": line.action,
                "text": line.text,
            })
        };
        self.lines.iter().map(line).collect()
    }
}
