//! What a journal value holds: the facts of one commit group, each step with its time.

use serde::{Deserialize, Serialize};

use super::store::codec::{self, Form, Payload};
use super::store::{Entry, IndexRow};
use crate::domain::value::Timestamp;
use crate::domain::{Fact, audit};

/// The facts of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When the step was taken.
    pub at: Timestamp,
    /// What happened, oldest first.
    pub facts: Vec<Fact>,
}

/// The version of the facts' shape; a later one must still read this.
pub const SCHEMA: u8 = 1;

/// Facts of one journal value at most; a larger group becomes several values of one commit.
const FACTS_MAX: usize = 2_048;

/// Makes the journal values of a commit group. `text` is room that is used again for each.
///
/// Each value has the rows of what it speaks of itself: ten thousand new incidents in one group are
/// as many rows, and not as many for each of its values.
pub fn entries(records: Vec<Record>, text: &mut Vec<u8>) -> Vec<Entry> {
    let entry = |value: Vec<Record>| {
        write(&value, text);
        let index = subjects(&value).into_iter().map(IndexRow).collect();
        Entry { value: codec::encode_as(Form::MessagePack, SCHEMA, text), index }
    };
    pack(records).into_iter().map(entry).collect()
}

/// Packs the steps of a commit group into values of bounded size.
fn pack(records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut values = Vec::new();
    let mut value: Vec<Record> = Vec::new();
    let mut count = 0;
    for record in records {
        let at = record.at;
        let mut facts = record.facts.into_iter().peekable();
        while facts.peek().is_some() {
            let some: Vec<Fact> = facts.by_ref().take(FACTS_MAX - count).collect();
            count += some.len();
            value.push(Record { at, facts: some });
            if count == FACTS_MAX {
                values.push(std::mem::take(&mut value));
                count = 0;
            }
        }
    }
    if !value.is_empty() {
        values.push(value);
    }
    values
}

/// Writes a value over whatever `bytes` holds.
///
/// # Panics
/// Never: facts are made of what `MessagePack` knows.
fn write(value: &[Record], bytes: &mut Vec<u8>) {
    bytes.clear();
    // Fields by name, as in JSON, so that later releases can add some.
    let mut pen = rmp_serde::Serializer::new(bytes).with_struct_map();
    value.serialize(&mut pen).expect("facts are plain");
}

/// Why a journal value does not read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON, or speaks of something unknown.
    #[error(transparent)]
    Json(serde_json::Error),
    /// It is no `MessagePack`, or speaks of something unknown.
    #[error(transparent)]
    MessagePack(rmp_serde::decode::Error),
}

/// Reads a value. Those of imported archives are JSON.
///
/// # Errors
/// When it was written by something else.
pub fn read(payload: &Payload) -> Result<Vec<Record>, Unreadable> {
    match payload.form {
        Form::Json => serde_json::from_slice(&payload.bytes).map_err(Unreadable::Json),
        Form::MessagePack => rmp_serde::from_slice(&payload.bytes).map_err(Unreadable::MessagePack),
    }
}

/// The records that a value speaks of, for the index from a record to its history.
fn subjects(value: &[Record]) -> std::collections::BTreeSet<String> {
    value.iter().flat_map(|record| &record.facts).filter_map(audit::subject).collect()
}
