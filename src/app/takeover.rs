//! Taking an Alertmanager's place: what its state files say is taken over at the first start.
//!
//! The files stay as they are, so that going back stays easy.

use std::path::Path;

use futures_util::future::join_all;

use crate::domain::silence;
use crate::domain::value::{Actor, InvalidUuid, Labels};
use crate::domain::{Command, State, notification};
use crate::engine::Input;
use crate::shell::alertmanager::{self, Fault, Silence};
use crate::shell::chain;
use crate::shell::handle::Handle;
use crate::shell::store::sled_store::Opened;

/// Inputs that are handed in together; the queue of the writer holds more.
const TOGETHER_MAX: usize = 512;

/// Where there is an Alertmanager's state to take over: its files lie below the storage path, and no
/// daemon has ever served from this store, nor from one that it replaces.
pub(super) fn due<'a>(opened: &Opened, state: &State, storage: &'a Path) -> Option<&'a Path> {
    let first = opened.recovered.is_none() && state.event.configuration().is_none();
    (first && alertmanager::is_there(storage)).then_some(storage)
}

/// Takes over what the files say, as far as it can be read. A start that was cut short does it
/// again; what is known already is left alone.
pub(super) async fn take_over(handle: &Handle, storage: &Path) {
    let silences = alertmanager::read_silences(storage);
    let log = alertmanager::read_nflog(storage);
    for fault in silences.faults.iter().chain(&log.faults) {
        complain(fault);
    }
    let (silenced, told) = (silences.records.len(), log.records.len());
    let entries = notification::Command::Inherit(log.records);
    hand_in(handle, vec![entries.into()]).await;
    let mut commands = Vec::new();
    for silence in silences.records {
        let id = silence.id.clone();
        match adopt(silence) {
            Ok(command) => commands.push(command),
            Err(error) => tracing::error!(
                silence = id,
                error = chain(&error),
                "failed to take over a silence of Alertmanager; make it anew if it is needed"
            ),
        }
    }
    while !commands.is_empty() {
        let rest = commands.split_off(commands.len().min(TOGETHER_MAX));
        hand_in(handle, std::mem::replace(&mut commands, rest)).await;
    }
    tracing::info!(silences = silenced, notifications = told, path = %storage.display(),
        "Took over from Alertmanager");
}

fn complain(fault: &Fault) {
    tracing::error!(
        error = chain(fault),
        "failed to take over all of Alertmanager's state; its files stay as they are"
    );
}

fn adopt(silence: Silence) -> Result<Command, InvalidUuid> {
    let uuid = silence.id.parse()?;
    let draft = silence::Draft {
        matchers: silence.matchers,
        starts_at: Some(silence.starts_at),
        until: silence::Until::At(silence.ends_at),
        created_by: Some(silence.created_by),
        comment: silence.comment,
        annotations: Labels::new(silence.annotations),
    };
    let updated_at = silence.updated_at;
    Ok(silence::Command::Adopt { uuid, updated_at, draft: Box::new(draft) }.into())
}

async fn hand_in(handle: &Handle, commands: Vec<Command>) {
    let inputs = commands.into_iter().map(|command| Input::Command(Actor::rule(), command));
    for done in join_all(inputs.map(|input| handle.submit(input))).await {
        let refused = match done {
            Ok(done) => done.reply.err().map(|refusal| refusal.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = refused {
            tracing::error!(error = why, "failed to take over a part of Alertmanager's state");
        }
    }
}
