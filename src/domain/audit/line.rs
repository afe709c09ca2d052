//! A line of the audit trail: what it says, how it is signed, how a chain of them is checked.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::value::{Actor, AuditId, Timestamp};
use crate::domain::{Fact, Refusal, deployment, event, incident, notification, problem, silence};

/// One thing that somebody did, or that the daemon decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What it was done to: `INC-1`; empty for the daemon itself.
    pub record: String,
    /// What was done.
    pub action: String,
    /// How it was before, where that makes sense.
    pub before: String,
    /// How it is after.
    pub after: String,
    /// Why.
    pub reason: String,
    /// SHA-256 over this line and the hash of the line before it, in hex.
    pub hash: String,
}

/// A line that has no place in the chain yet.
pub(super) struct Draft {
    actor: Actor,
    record: String,
    action: String,
    before: String,
    after: String,
    reason: String,
}

impl Draft {
    /// Gives the line its place in the chain.
    pub(super) fn sign(self, id: AuditId, at: Timestamp, previous: &str) -> Line {
        let Self { actor, record, action, before, after, reason } = self;
        let mut line =
            Line { at, actor, record, action, before, after, reason, hash: String::new() };
        line.hash = line.seal(id, previous);
        line
    }
}

impl Line {
    fn seal(&self, id: AuditId, previous: &str) -> String {
        let mut hasher = Sha256::new();
        let (number, at) = (id.0.to_string(), self.at.0.to_string());
        let parts = [
            previous,
            &number,
            &at,
            &self.actor.name,
            self.actor.via.name(),
            &self.record,
            &self.action,
            &self.before,
            &self.after,
            &self.reason,
        ];
        for part in parts {
            // The length keeps a letter from moving between two parts unnoticed.
            hasher.update(part.len().to_be_bytes());
            hasher.update(part.as_bytes());
        }
        format!("{:x}", hasher.finalize())
    }
}

/// Checks lines as they come out of the journal.
#[derive(Debug, Default)]
pub struct Chain {
    last: Option<(AuditId, String)>,
    /// How many lines were checked.
    pub checked: u64,
}

impl Chain {
    /// Looks whether a line follows on the one before it.
    ///
    /// # Errors
    /// Says which line was changed, or what is missing before it.
    pub fn follow(&mut self, id: AuditId, line: &Line) -> Result<(), String> {
        if let Some((last, hash)) = &self.last {
            if id.0 != last.0 + 1 {
                return Err(format!("lines between {last} and {id} are missing"));
            }
            if line.seal(id, hash) != line.hash {
                return Err(format!("{id} does not follow on {last}: one of them was changed"));
            }
        } else if id.0 == 1 && line.seal(id, "") != line.hash {
            return Err(format!("{id} was changed"));
        }
        self.last = Some((id, line.hash.clone()));
        self.checked += 1;
        Ok(())
    }
}

pub(super) fn refusal(actor: &Actor, refusal: &Refusal) -> Draft {
    let record = match refusal {
        Refusal::NotFound(record) | Refusal::NotNow { record, .. } => record.clone(),
        Refusal::Incomplete { .. } => String::new(),
    };
    Draft { record, reason: refusal.to_string(), ..by(actor, "refused") }
}

/// What a fact means to an auditor; nothing for what monitoring does by the thousand.
pub(super) fn draft(fact: &Fact) -> Option<Draft> {
    match fact {
        Fact::Silence(fact) => of_silence(fact),
        Fact::Event(fact) => of_event(fact),
        Fact::Deployment(fact) => of_deployment(fact),
        Fact::Incident(fact) => of_incident(fact),
        Fact::Problem(fact) => of_problem(fact),
        Fact::Notification(fact) => of_notification(fact),
        Fact::Audit(_) => None,
    }
}

fn of_silence(fact: &silence::Fact) -> Option<Draft> {
    match fact {
        silence::Fact::Created(created) => Some(Draft {
            record: created.id.to_string(),
            before: created.replaces.map(|id| id.to_string()).unwrap_or_default(),
            after: times(created.starts_at, created.ends_at),
            reason: created.comment.clone(),
            ..by(&created.by, "silence")
        }),
        silence::Fact::Updated(updated) => Some(Draft {
            record: updated.id.to_string(),
            after: times(updated.starts_at, updated.ends_at),
            reason: updated.comment.clone(),
            ..by(&updated.by, "update")
        }),
        silence::Fact::Expired { id, by: actor } => {
            Some(Draft { record: id.to_string(), ..by(actor, "expire") })
        }
        silence::Fact::Began { .. }
        | silence::Fact::Ended { .. }
        | silence::Fact::Forgotten { .. } => None,
    }
}

fn times(starts_at: Timestamp, ends_at: Timestamp) -> String {
    format!("{starts_at} to {ends_at}")
}

fn of_event(fact: &event::Fact) -> Option<Draft> {
    match fact {
        event::Fact::Started { .. } => Some(by(&Actor::rule(), "started")),
        event::Fact::Overslept { .. } => Some(by(&Actor::timer(), "overslept")),
        event::Fact::Configured { hash, .. } => {
            Some(Draft { after: hash.clone(), ..by(&Actor::rule(), "configured") })
        }
        event::Fact::SourceSilent { id } => {
            Some(Draft { record: id.to_string(), ..by(&Actor::timer(), "source_silent") })
        }
        event::Fact::SourceHeard { id } => {
            Some(Draft { record: id.to_string(), ..by(&Actor::rule(), "source_heard") })
        }
        event::Fact::HeartbeatMissed { id } => {
            Some(Draft { record: id.to_string(), ..by(&Actor::timer(), "heartbeat_missed") })
        }
        event::Fact::HeartbeatReturned { id } => {
            Some(Draft { record: id.to_string(), ..by(&Actor::rule(), "heartbeat_returned") })
        }
        event::Fact::SourceKnown { .. }
        | event::Fact::Raised(_)
        | event::Fact::Refired { .. }
        | event::Fact::Changed { .. }
        | event::Fact::Cleared { .. }
        | event::Fact::Staled { .. }
        | event::Fact::Returned { .. }
        | event::Fact::Submerged { .. }
        | event::Fact::Surfaced { .. }
        | event::Fact::FlapStarted { .. }
        | event::Fact::FlapEnded { .. }
        | event::Fact::Remarked { .. }
        | event::Fact::HeartbeatExpected { .. }
        | event::Fact::HeartbeatForgotten { .. }
        | event::Fact::Arrived { .. }
        | event::Fact::Forgotten { .. } => None,
    }
}

fn of_deployment(fact: &deployment::Fact) -> Option<Draft> {
    match fact {
        deployment::Fact::Opened(opened) => {
            let said = [&opened.service, &opened.version, &opened.environment, &opened.actor];
            let said: Vec<&str> =
                said.into_iter().map(|text| &**text).filter(|text| !text.is_empty()).collect();
            Some(Draft {
                record: opened.id.to_string(),
                after: opened.status.name().to_owned(),
                reason: format!("{} says: {}", opened.source, said.join(", ")),
                ..by(&Actor::rule(), "deployment")
            })
        }
        deployment::Fact::Moved(moved) => Some(Draft {
            record: moved.id.to_string(),
            before: moved.from.name().to_owned(),
            after: moved.to.name().to_owned(),
            ..by(&Actor::rule(), "deployment")
        }),
        deployment::Fact::Ignored { .. } | deployment::Fact::Forgotten { .. } => None,
    }
}

fn of_incident(fact: &incident::Fact) -> Option<Draft> {
    match fact {
        incident::Fact::Opened(opened) => Some(Draft {
            record: opened.id.to_string(),
            after: opened.status.name().to_owned(),
            reason: opened.rule.clone().unwrap_or_default(),
            ..by(&Actor::rule(), "open")
        }),
        incident::Fact::Moved(moved) => Some(Draft {
            record: moved.id.to_string(),
            before: moved.from.name().to_owned(),
            after: moved.to.name().to_owned(),
            reason: said(&[&moved.code, &moved.note]),
            ..by(&moved.by, moved.step.name())
        }),
        incident::Fact::Prioritised { id, priority, by: actor, reason, .. } => Some(Draft {
            record: id.to_string(),
            after: priority.to_string(),
            reason: said(&[reason]),
            ..by(actor, "prioritise")
        }),
        incident::Fact::Assigned { id, team, assignee, by: actor } => Some(Draft {
            record: id.to_string(),
            after: said(&[team, assignee]),
            ..by(actor, "assign")
        }),
        incident::Fact::Noted { id, by: actor, text } => {
            Some(Draft { record: id.to_string(), reason: text.clone(), ..by(actor, "note") })
        }
        incident::Fact::Restored { id, .. } => {
            Some(Draft { record: id.to_string(), ..by(&Actor::rule(), "restored") })
        }
        incident::Fact::Joined { .. }
        | incident::Fact::Fired { .. }
        | incident::Fact::Cleared { .. }
        | incident::Fact::Flapping { .. }
        | incident::Fact::Relapsed { .. } => None,
    }
}

fn of_problem(fact: &problem::Fact) -> Option<Draft> {
    match fact {
        problem::Fact::Opened(opened) => Some(Draft {
            record: opened.id.to_string(),
            after: opened.status.name().to_owned(),
            reason: opened.reason.clone(),
            ..by(&Actor::rule(), "open")
        }),
        problem::Fact::Moved(moved) => Some(Draft {
            record: moved.id.to_string(),
            before: moved.from.name().to_owned(),
            after: moved.to.name().to_owned(),
            reason: said(&[&moved.code, &moved.note]),
            ..by(&moved.by, moved.step.name())
        }),
        problem::Fact::Linked { id, incident, by: actor } => {
            Some(Draft { record: id.to_string(), after: incident.to_string(), ..by(actor, "link") })
        }
        problem::Fact::Unlinked { id, incident, by: actor } => Some(Draft {
            record: id.to_string(),
            before: incident.to_string(),
            ..by(actor, "unlink")
        }),
        problem::Fact::Noted { id, by: actor, text }
        | problem::Fact::WorkaroundFound { id, by: actor, text } => {
            Some(Draft { record: id.to_string(), reason: text.clone(), ..by(actor, "note") })
        }
        problem::Fact::Assigned { id, team, assignee, by: actor } => Some(Draft {
            record: id.to_string(),
            after: said(&[team, assignee]),
            ..by(actor, "assign")
        }),
        problem::Fact::Counted { .. }
        | problem::Fact::Trailed { .. }
        | problem::Fact::Uncounted { .. } => None,
    }
}

fn of_notification(fact: &notification::Fact) -> Option<Draft> {
    use notification::{Abandonment, Fact as F};
    match fact {
        F::Abandoned { id, why: Abandonment::Refused(why), again: false } => Some(Draft {
            record: id.to_string(),
            reason: why.clone(),
            ..by(&Actor::rule(), "notification_refused")
        }),
        F::Abandoned { id, why: Abandonment::ReceiverGone, .. } => {
            Some(Draft { record: id.to_string(), ..by(&Actor::rule(), "receiver_gone") })
        }
        F::BreakerOpened { id } => {
            Some(Draft { record: id.to_string(), ..by(&Actor::rule(), "channel_failing") })
        }
        F::BreakerClosed { id } => {
            Some(Draft { record: id.to_string(), ..by(&Actor::rule(), "channel_works") })
        }
        F::Abandoned { why: Abandonment::Obsolete | Abandonment::Refused(_), .. }
        | F::GroupOpened { .. }
        | F::Answered { .. }
        | F::Grouped { .. }
        | F::Dropped { .. }
        | F::Ticked { .. }
        | F::GroupClosed { .. }
        | F::ChannelKnown { .. }
        | F::Queued { .. }
        | F::Retried { .. }
        | F::Failed { .. }
        | F::Delivered { .. }
        | F::Inherited { .. }
        | F::Recalled { .. }
        | F::Lapsed { .. } => None,
    }
}

fn by(actor: &Actor, action: &str) -> Draft {
    Draft {
        actor: actor.clone(),
        record: String::new(),
        action: action.to_owned(),
        before: String::new(),
        after: String::new(),
        reason: String::new(),
    }
}

fn said(parts: &[&Option<String>]) -> String {
    let said: Vec<_> = parts.iter().filter_map(|part| part.as_deref()).collect();
    said.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_missing_line_breaks_the_chain() {
        let mut lines = Vec::new();
        let mut hash = String::new();
        for number in 1..=4 {
            let id = AuditId(number);
            let line = by(&Actor::rule(), "open").sign(id, Timestamp(5), &hash);
            hash.clone_from(&line.hash);
            lines.push((id, line));
        }
        let verify = |lines: &[(AuditId, Line)]| {
            let mut chain = Chain::default();
            lines.iter().try_for_each(|(id, line)| chain.follow(*id, line))
        };
        assert_eq!(verify(&lines), Ok(()));

        let mut changed = lines.clone();
        changed[1].1.actor.name = "mallory".to_owned();
        assert_eq!(
            verify(&changed),
            Err("AUD-2 does not follow on AUD-1: one of them was changed".to_owned())
        );
        lines.remove(2);
        assert_eq!(verify(&lines), Err("lines between AUD-2 and AUD-4 are missing".to_owned()));
    }
}
