//! The file `nflog`: `MeshEntry` messages, what was told of a group through one integration.

use std::collections::BTreeSet;
use std::path::Path;

use super::wire::{self, MeshEntry};
use super::{Found, frame};
use crate::domain::notification::{AlertHash, Datum, Inherited};
use crate::domain::value::{Span, Timestamp};

/// How long Alertmanager keeps an entry at most unless `--data.retention` says otherwise.
const RETENTION: Span = Span::hours(120);

/// Reads the entries of a file.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Found<Inherited> {
    frame::read(path, bytes, meaning)
}

fn meaning(message: MeshEntry) -> Result<Option<Inherited>, String> {
    let Some(entry) = message.entry else {
        return Err("a message holds no entry and is left out".to_owned());
    };
    let Some(receiver) = entry.receiver else {
        return Err("an entry does not say who was told and is left out".to_owned());
    };
    let Some(at) = entry.timestamp.map(Timestamp::from) else {
        return Err("an entry does not say when somebody was told and is left out".to_owned());
    };
    let group_key = String::from_utf8(entry.group_key)
        .map_err(|_| "an entry's group key is not UTF-8, and the entry is left out".to_owned())?;
    let muted: BTreeSet<u64> = entry.muted.into_iter().collect();
    let told = |hashes: Vec<u64>| {
        hashes.into_iter().filter(|hash| !muted.contains(hash)).map(AlertHash).collect()
    };
    Ok(Some(Inherited {
        group_key,
        receiver: receiver.name,
        integration: receiver.integration,
        index: receiver.index,
        at,
        firing: told(entry.firing),
        resolved: told(entry.resolved),
        expires_at: message.expires_at.map_or(at + RETENTION, Timestamp::from),
        data: entry
            .receiver_data
            .into_iter()
            .filter_map(|(name, datum)| Some((name, datum_of(datum.value?)?)))
            .collect(),
    }))
}

fn datum_of(value: wire::Value) -> Option<Datum> {
    match value {
        wire::Value::Text(text) => Some(Datum::Text(text)),
        wire::Value::Whole(number) => Some(Datum::Whole(number)),
        // What is no number cannot be written as JSON.
        wire::Value::Real(number) => number.is_finite().then_some(Datum::Real(number)),
    }
}

/// An entry as Alertmanager reads it; nothing for one that says nothing.
pub(super) fn wire(entry: &Inherited) -> Option<MeshEntry> {
    if entry.firing.is_empty() && entry.resolved.is_empty() {
        return None;
    }
    let hashes = |set: &BTreeSet<AlertHash>| set.iter().map(|hash| hash.0).collect();
    let data = entry.data.iter().map(|(name, datum)| {
        let value = match datum {
            Datum::Text(text) => wire::Value::Text(text.clone()),
            Datum::Whole(number) => wire::Value::Whole(*number),
            Datum::Real(number) => wire::Value::Real(*number),
        };
        (name.clone(), wire::Datum { value: Some(value) })
    });
    let body = wire::Entry {
        group_key: entry.group_key.clone().into_bytes(),
        receiver: Some(wire::Receiver {
            name: entry.receiver.clone(),
            integration: entry.integration.clone(),
            index: entry.index,
        }),
        timestamp: Some(entry.at.into()),
        firing: hashes(&entry.firing),
        resolved: hashes(&entry.resolved),
        receiver_data: data.collect(),
        muted: Vec::new(),
    };
    Some(MeshEntry { entry: Some(body), expires_at: Some(entry.expires_at.into()) })
}
