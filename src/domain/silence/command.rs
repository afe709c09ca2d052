//! What people ask of silences, and why it may be refused: the rules of Alertmanager.

use super::fact::{Created, Fact, Updated};
use super::machine::Status;
use super::plan::Plan;
use super::state::Silence;
use crate::domain::value::{Actor, Labels, Matchers, SilenceId, Span, Timestamp, Uuid};
use crate::domain::{Refusal, Turn};

/// Something asked of silences.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Make a silence.
    Create(Box<Draft>),
    /// Change a silence into this. Where history would be changed by that, it expires and a new
    /// one takes its place.
    Replace {
        /// Which.
        which: Which,
        /// What it is to be.
        draft: Box<Draft>,
    },
    /// Change something about a silence and leave the rest as it is.
    Change {
        /// Which.
        which: Which,
        /// What.
        change: Box<Change>,
    },
    /// End a silence. One that is over stays as it is.
    Expire {
        /// Which.
        which: Which,
    },
    /// Take a silence over from another Alertmanager, under the name it has there. One whose name
    /// is known is left alone.
    Adopt {
        /// Its name.
        uuid: Uuid,
        /// When it last changed.
        updated_at: Timestamp,
        /// What it is.
        draft: Box<Draft>,
    },
}

/// How a silence is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// By its number.
    Number(SilenceId),
    /// As clients of Alertmanager name it.
    Uuid(Uuid),
}

/// What a silence is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Whom to silence: alerts that match all of one of these sets.
    pub matchers: Vec<Matchers>,
    /// From when on; at once if nothing is said.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub until: Until,
    /// Who wants it; who asks, if nothing is said.
    pub created_by: Option<String>,
    /// Why.
    pub comment: String,
    /// What else there is to say.
    pub annotations: Labels,
}

/// When a silence ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// At an instant.
    At(Timestamp),
    /// So long after it has begun, or after this moment if it has begun already.
    For(Span),
}

/// What is to be different about a silence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Whom to silence.
    pub matchers: Option<Vec<Matchers>>,
    /// From when on.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub until: Option<Until>,
    /// Who wants it.
    pub created_by: Option<String>,
    /// Why.
    pub comment: Option<String>,
    /// What else there is to say, in place of what was said.
    pub annotations: Option<Labels>,
}

pub(crate) fn handle(turn: &mut Turn, actor: &Actor, command: Command) -> Result<(), Refusal> {
    match command {
        Command::Create(draft) => {
            let plan = Plan::new(*draft, actor, turn.now())?;
            create(turn, actor, plan, None)
        }
        Command::Replace { which, draft } => {
            let id = find(turn, which)?;
            let plan = Plan::new(*draft, actor, turn.now())?;
            replace(turn, actor, id, plan)
        }
        Command::Change { which, change } => {
            let id = find(turn, which)?;
            let draft = changed(turn.state().silence.expect(id), *change);
            let plan = Plan::new(draft, actor, turn.now())?;
            replace(turn, actor, id, plan)
        }
        Command::Expire { which } => {
            let id = find(turn, which)?;
            turn.made(id);
            expire(turn, actor, id);
            Ok(())
        }
        Command::Adopt { uuid, updated_at, draft } => {
            let silences = &turn.state().silence;
            if silences.by_uuid(uuid).is_none() {
                let id = silences.next_id();
                let plan = Plan::as_it_is(*draft, actor, updated_at);
                record(turn, actor, plan, Birth { id, uuid, updated_at, replaces: None });
            }
            Ok(())
        }
    }
}

fn find(turn: &Turn, which: Which) -> Result<SilenceId, Refusal> {
    let silences = &turn.state().silence;
    let found = match which {
        Which::Number(id) => silences.get(id).map(|_| id).ok_or_else(|| id.to_string()),
        Which::Uuid(uuid) => silences.by_uuid(uuid).ok_or_else(|| format!("silence {uuid}")),
    };
    found.map_err(Refusal::NotFound)
}

/// What a silence is with something different about it.
fn changed(silence: &Silence, change: Change) -> Draft {
    let Change { matchers, starts_at, until, created_by, comment, annotations } = change;
    Draft {
        matchers: matchers.unwrap_or_else(|| silence.matchers.clone()),
        starts_at: Some(starts_at.unwrap_or(silence.starts_at)),
        until: until.unwrap_or(Until::At(silence.ends_at)),
        created_by: Some(created_by.unwrap_or_else(|| silence.created_by.clone())),
        comment: comment.unwrap_or_else(|| silence.comment.clone()),
        annotations: annotations.unwrap_or_else(|| silence.annotations.clone()),
    }
}

/// Changes a silence where it stands, if that leaves its past as it was; else a new one takes its
/// place.
fn replace(turn: &mut Turn, actor: &Actor, id: SilenceId, plan: Plan) -> Result<(), Refusal> {
    if !plan.keeps_the_past(turn.state().silence.expect(id), turn.now()) {
        return create(turn, actor, plan, Some(id));
    }
    plan.check_size(&turn.settings().silences)?;
    turn.record(Fact::Updated(Box::new(Updated {
        id,
        starts_at: plan.starts_at,
        ends_at: plan.ends_at,
        created_by: plan.created_by,
        comment: plan.comment,
        annotations: plan.annotations,
        by: actor.clone(),
    })));
    turn.made(id);
    super::advance(turn, id);
    Ok(())
}

fn create(
    turn: &mut Turn,
    actor: &Actor,
    mut plan: Plan,
    replaces: Option<SilenceId>,
) -> Result<(), Refusal> {
    let limits = &turn.settings().silences;
    limits.check_room(turn.state().silence.len())?;
    plan.check_size(limits)?;
    if let Some(old) = replaces {
        expire(turn, actor, old);
    }
    let (id, now) = (turn.state().silence.next_id(), turn.now());
    plan.starts_at = plan.starts_at.max(now);
    let uuid = plan.uuid(id, now);
    record(turn, actor, plan, Birth { id, uuid, updated_at: now, replaces });
    Ok(())
}

fn expire(turn: &mut Turn, actor: &Actor, id: SilenceId) {
    if turn.state().silence.expect(id).status != Status::Expired {
        turn.record(Fact::Expired { id, by: actor.clone() });
        super::advance(turn, id);
    }
}

/// What is known of a new silence beside its plan.
struct Birth {
    id: SilenceId,
    uuid: Uuid,
    updated_at: Timestamp,
    replaces: Option<SilenceId>,
}

fn record(turn: &mut Turn, actor: &Actor, plan: Plan, birth: Birth) {
    let Birth { id, uuid, updated_at, replaces } = birth;
    turn.record(Fact::Created(Box::new(Created {
        id,
        uuid,
        matchers: plan.matchers,
        starts_at: plan.starts_at,
        ends_at: plan.ends_at,
        updated_at,
        created_by: plan.created_by,
        comment: plan.comment,
        annotations: plan.annotations,
        replaces,
        by: actor.clone(),
    })));
    turn.made(id);
    super::advance(turn, id);
}
