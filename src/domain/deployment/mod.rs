//! Deployment management: what was brought into service, by whom, and how it went.
//!
//! Sources speak of deployments (`notice`); one of the same source and key is one record, `DEP-1`.
//! `machine` draws how it stands and what becomes of words that come twice, late or out of order. A
//! failed deployment raises nothing by itself: what it broke does.

mod fact;
mod machine;
mod notice;
mod state;
mod view;

use crate::domain::value::{Actor, DeploymentId, Span};
use crate::domain::{self, Refusal, Turn};

pub use fact::{Fact, Moved, Opened};
pub use machine::{Hearing, Status};
pub use notice::Notice;
pub use state::{Deployment, State};
pub use view::MANUAL;
pub(crate) use view::{list, parse, show, suspects};

/// Deployments in memory at most: thirty a day for a year. The oldest make room; their history is
/// in the journal.
const DEPLOYMENTS_MAX: usize = 10_000;

/// How long a deployment is remembered after the last word about it: long enough for a report over
/// two quarters.
const KEPT_FOR: Span = Span::days(183);

/// The same end said once more is a repeat within this time, by the source's clock; what is said
/// later under the same key is another deployment.
const REPEATED_WITHIN: Span = Span::hours(1);

/// Somebody reports a deployment, as a source does.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// What is reported. Without `actor` it is who asks; its time is that of the turn.
    pub notice: Box<Notice>,
}

/// What deployment management waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// A deployment that may be old enough to be forgotten.
    Forget(DeploymentId),
}

/// Takes in what sources said of deployments, in the order in which they said it.
pub(crate) fn receive(turn: &mut Turn, notices: Vec<Notice>) {
    for notice in notices {
        let known = turn.state().deployment.by_key(&notice.source, &notice.key);
        match known {
            None => open(turn, &notice),
            Some(id) => hear(turn, id, &notice),
        }
    }
}

pub(crate) fn handle(turn: &mut Turn, actor: &Actor, command: Command) -> Result<(), Refusal> {
    let mut notice = command.notice;
    notice.at = turn.now();
    if notice.actor.is_empty() {
        notice.actor = actor.name.as_str().into();
    }
    let (source, key) = (notice.source.clone(), notice.key.clone());
    receive(turn, vec![*notice]);
    if let Some(id) = turn.state().deployment.by_key(&source, &key) {
        turn.made(id);
    }
    Ok(())
}

pub(crate) fn react(_: &mut Turn, _: &domain::Fact) {}

pub(crate) fn wake(turn: &mut Turn, deadline: Deadline) {
    let Deadline::Forget(id) = deadline;
    let Some(deployment) = turn.state().deployment.get(id) else { return };
    let due = deployment.heard_at + KEPT_FOR;
    if due > turn.now() {
        return turn.wake_at(due, deadline);
    }
    turn.record(Fact::Forgotten { id });
}

fn open(turn: &mut Turn, notice: &Notice) {
    if turn.state().deployment.len() >= DEPLOYMENTS_MAX {
        let oldest = turn.state().deployment.iter().next().map(|(id, _)| id);
        if let Some(id) = oldest {
            turn.record(Fact::Forgotten { id });
        }
    }
    let id = turn.state().deployment.next_id();
    turn.record(Fact::Opened(Box::new(Opened {
        id,
        source: (*notice.source).into(),
        key: notice.key.clone(),
        service: notice.service.clone(),
        environment: notice.environment.clone(),
        version: notice.version.clone(),
        actor: notice.actor.clone(),
        status: notice.status,
        summary: notice.summary.clone(),
        url: notice.url.clone(),
        said_at: notice.at,
        labels: notice.labels.clone(),
    })));
    turn.wake_after(KEPT_FOR, Deadline::Forget(id));
}

fn hear(turn: &mut Turn, id: DeploymentId, notice: &Notice) {
    let Some(known) = turn.state().deployment.get(id) else { return };
    let (from, since) = (known.status, known.since());
    let is_newer = since.is_none_or(|since| notice.at > since);
    match from.hears(notice.status) {
        Hearing::Repeats => {
            let long_after = since.is_some_and(|since| notice.at > since + REPEATED_WITHIN);
            let versions = [&known.version, &notice.version];
            let is_other = versions[0] != versions[1] && versions.iter().all(|v| !v.is_empty());
            if from.is_over() && is_newer && (long_after || is_other) {
                open(turn, notice);
            }
        }
        // What advances is believed whatever the source's clocks say.
        Hearing::Advances => turn.record(Fact::Moved(Box::new(Moved {
            id,
            from,
            to: notice.status,
            said_at: notice.at,
            // With what was rolled back, sources name the version that is there again.
            version: match notice.status {
                Status::RolledBack if !known.version.is_empty() => Box::default(),
                _ => notice.version.clone(),
            },
            actor: notice.actor.clone(),
            summary: notice.summary.clone(),
            url: notice.url.clone(),
        }))),
        Hearing::Another if is_newer => open(turn, notice),
        Hearing::Backwards if is_newer && known.ignored != Some(notice.status) => {
            turn.record(Fact::Ignored { id, word: notice.status, said_at: notice.at });
        }
        Hearing::Another | Hearing::Backwards => {}
    }
}
