//! `--log.silences`: what becomes of silences, in the log.

use super::journal::Record;
use crate::domain::Fact;
use crate::domain::silence;

/// The facts about silences in some records.
pub(super) fn of(records: &[Record]) -> Vec<silence::Fact> {
    let facts = records.iter().flat_map(|record| &record.facts);
    let silences = facts.filter_map(|fact| match fact {
        Fact::Silence(fact) => Some(fact.clone()),
        Fact::Event(_)
        | Fact::Incident(_)
        | Fact::Deployment(_)
        | Fact::Problem(_)
        | Fact::Notification(_)
        | Fact::Audit(_) => None,
    });
    silences.collect()
}

/// Writes a fact to the log.
pub(super) fn write(fact: &silence::Fact) {
    match fact {
        silence::Fact::Created(created) => tracing::info!(
            id = %created.id,
            uuid = %created.uuid,
            starts_at = %created.starts_at,
            ends_at = %created.ends_at,
            created_by = created.created_by,
            comment = created.comment,
            by = %created.by,
            "Silence created"
        ),
        silence::Fact::Updated(updated) => tracing::info!(
            id = %updated.id,
            starts_at = %updated.starts_at,
            ends_at = %updated.ends_at,
            comment = updated.comment,
            by = %updated.by,
            "Silence updated"
        ),
        silence::Fact::Began { id } => tracing::info!(%id, "Silence began"),
        silence::Fact::Ended { id } => tracing::info!(%id, "Silence ended"),
        silence::Fact::Expired { id, by } => tracing::info!(%id, %by, "Silence expired"),
        silence::Fact::Forgotten { id } => tracing::info!(%id, "Silence forgotten"),
    }
}
