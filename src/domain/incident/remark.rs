//! What a source says of an alert, told to the incident that the alert belongs to.

use super::fact::Fact;
use super::lifecycle::{self, Said};
use super::machine::{Status, Step};
use crate::domain::Turn;
use crate::domain::event::Saying;
use crate::domain::value::{Actor, AlertId};

/// Takes a source's word: an acknowledgement is one here, if nobody was sooner; whatever else there
/// is to say becomes a line of the timeline, once however often the source repeats it.
pub(super) fn remarked(
    turn: &mut Turn,
    alert: AlertId,
    saying: Saying,
    (by, text): (&Actor, &str),
) {
    let incidents = &turn.state().incident;
    let Some(own) = incidents.of_alert(alert) else { return };
    let id = incidents.bearer(own);
    let incident = incidents.expect(id);
    if matches!(incident.status, Status::Closed | Status::Cancelled | Status::Discarded) {
        return;
    }
    if saying == Saying::Acknowledged && incident.status.after(Step::Acknowledge).is_some() {
        let note = (!text.is_empty()).then(|| text.to_owned());
        let said = Said { note, ..Said::default() };
        return lifecycle::advance(turn, id, Step::Acknowledge, by, said);
    }
    let text = sentence(alert, saying, text);
    let mut said = incidents.timeline(incident).rev();
    let last = said.find(|line| line.by == *by && line.action == "note");
    let known = last.is_some_and(|line| line.text == text);
    drop(said);
    if known {
        return;
    }
    turn.record(Fact::Noted { id, by: by.clone(), text });
}

fn sentence(alert: AlertId, saying: Saying, text: &str) -> String {
    let what = match saying {
        Saying::Acknowledged => "acknowledged",
        Saying::Unacknowledged => "no longer acknowledged",
        Saying::Suppressed => "suppressed",
        Saying::Unsuppressed => "no longer suppressed",
        Saying::Noted => return text.to_owned(),
    };
    let more = if text.is_empty() { String::new() } else { format!(": {text}") };
    format!("{alert} is {what} at its source{more}")
}
