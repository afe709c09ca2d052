//! Which incident a mail answers, and whether its writer may write on it.

use super::mark::marked;
use crate::domain::State;
use crate::domain::event::adapter::kind::mail::{Letter, Rules};
use crate::domain::value::IncidentId;

/// The incident that a mail answers; where that was merged, the one that goes on.
///
/// First counts what the mail says it answers (RFC 5322, 3.6.4): a Message-ID of ours shows that the
/// writer has had a mail about the incident. A number in the subject shows nothing, since anybody
/// can guess one: it counts for who is trusted, and for who reported the incident by mail. Whose
/// mail joined it later has not reported it: a stranger's can.
pub fn answered(state: &State, rules: &Rules, letter: &Letter) -> Option<IncidentId> {
    let told = letter.answers().find_map(|id| marked(state, id));
    let tagged = || {
        let id = letter.incident()?;
        let labels = state.incident.labels(state.incident.get(id)?);
        let known = !letter.from.is_empty() && labels.get("from") == letter.from;
        (known || rules.trusts(&letter.from)).then_some(id)
    };
    told.or_else(tagged).map(|id| state.incident.bearer(id))
}
