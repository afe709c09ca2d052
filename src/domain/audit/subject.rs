//! Which record a fact speaks of, for the way from a record to its history.

use crate::domain::{Fact, deployment, incident, problem, silence};

/// The record that a fact speaks of; nothing for facts that come by the thousand or concern none.
pub fn subject(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Silence(fact) => match fact {
            silence::Fact::Created(created) => Some(created.id.to_string()),
            silence::Fact::Updated(updated) => Some(updated.id.to_string()),
            silence::Fact::Began { id }
            | silence::Fact::Ended { id }
            | silence::Fact::Expired { id, .. }
            | silence::Fact::Forgotten { id } => Some(id.to_string()),
        },
        Fact::Deployment(fact) => match fact {
            deployment::Fact::Opened(opened) => Some(opened.id.to_string()),
            deployment::Fact::Moved(moved) => Some(moved.id.to_string()),
            deployment::Fact::Ignored { id, .. } | deployment::Fact::Forgotten { id } => {
                Some(id.to_string())
            }
        },
        Fact::Incident(fact) => match fact {
            incident::Fact::Opened(opened) => Some(opened.id.to_string()),
            incident::Fact::Moved(moved) => Some(moved.id.to_string()),
            incident::Fact::Prioritised { id, .. }
            | incident::Fact::Assigned { id, .. }
            | incident::Fact::Noted { id, .. }
            | incident::Fact::Restored { id, .. }
            | incident::Fact::Relapsed { id } => Some(id.to_string()),
            // An index row for each of a hundred thousand alerts would cost more than the alerts.
            incident::Fact::Joined { .. }
            | incident::Fact::Fired { .. }
            | incident::Fact::Cleared { .. }
            | incident::Fact::Flapping { .. } => None,
        },
        Fact::Problem(fact) => match fact {
            problem::Fact::Opened(opened) => Some(opened.id.to_string()),
            problem::Fact::Moved(moved) => Some(moved.id.to_string()),
            problem::Fact::Linked { id, .. }
            | problem::Fact::Unlinked { id, .. }
            | problem::Fact::Noted { id, .. }
            | problem::Fact::Assigned { id, .. }
            | problem::Fact::WorkaroundFound { id, .. } => Some(id.to_string()),
            problem::Fact::Counted { .. }
            | problem::Fact::Trailed { .. }
            | problem::Fact::Uncounted { .. } => None,
        },
        Fact::Event(_) | Fact::Notification(_) | Fact::Audit(_) => None,
    }
}
