//! The mark that the Message-IDs of our mails bear: `inc-12.5f2c0a9e31d47b86`. It leads from an
//! answer back to its incident without anything being stored for it.

use sha2::{Digest, Sha256};

use crate::domain::State;
use crate::domain::incident::{self, Incident};
use crate::domain::value::IncidentId;

/// Hexadecimal digits of the digest that a mark shows.
const PROOF_DIGITS: usize = 16;

/// The mark of an incident. It is the same for as long as the incident is known, and cannot be told
/// from the number alone: it is made of what only those know who were told of the incident, to the
/// millisecond in which it was opened.
pub fn mark(all: &incident::State, id: IncidentId, incident: &Incident) -> String {
    let told = format!("{id}\n{}\n{}", incident.opened_at.0, all.labels(incident));
    let digest = format!("{:x}", Sha256::digest(told.as_bytes()));
    format!("{}.{}", id.to_string().to_ascii_lowercase(), &digest[..PROOF_DIGITS])
}

/// The incident whose mark stands in a Message-ID, with or without angle brackets; nothing if there
/// is none, or not the one that the incident has.
pub(super) fn marked(state: &State, message_id: &str) -> Option<IncidentId> {
    let bare = message_id.trim().trim_start_matches('<');
    let (local, _) = bare.split_once('@')?;
    let local = local.to_ascii_lowercase();
    let start = local.rfind("inc-")?;
    let shown = &local[start..];
    let id: IncidentId = shown.split_once('.')?.0.parse().ok()?;
    (mark(&state.incident, id, state.incident.get(id)?) == shown).then_some(id)
}
