//! Giving an Alertmanager its place back: writes the state files that it starts with.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Failure, store};
use crate::domain::State;
use crate::domain::notification;
use crate::domain::value::Span;
use crate::shell::alertmanager::{self, Silence};
use crate::shell::{clock, restore};

/// How long Alertmanager keeps a silence after its end unless `--data.retention` says otherwise.
const RETENTION: Span = Span::hours(120);

/// `incidentd export --alertmanager DIR`.
///
/// # Errors
/// When the store is in use or cannot be read, or the disk fails.
pub(super) fn export(storage: &Path, dir: &Path) -> Result<(), Failure> {
    let opened = store::open_existing(&store::Places::below(storage))?;
    let restored = restore::restore(&opened.store).map_err(Failure::Restore)?;
    let silences = silences(&restored.state);
    let log = notification::handed_over(&restored.state, clock::now());
    alertmanager::write(dir, &silences, &log)
        .map_err(|source| Failure::Handover { path: dir.to_owned(), source })?;
    let (silenced, told) = (silences.len(), log.len());
    store::say(&format!("{}: {silenced} silences, {told} notifications", dir.display()));
    Ok(())
}

fn silences(state: &State) -> Vec<Silence> {
    let silences = state.silence.iter().map(|(_, silence)| Silence {
        id: silence.uuid.to_string(),
        matchers: silence.matchers.clone(),
        starts_at: silence.starts_at,
        ends_at: silence.ends_at,
        updated_at: silence.updated_at,
        created_by: silence.created_by.clone(),
        comment: silence.comment.clone(),
        annotations: annotations(&silence.annotations),
        expires_at: silence.ends_at + RETENTION,
    });
    silences.collect()
}

fn annotations(labels: &crate::domain::value::Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
