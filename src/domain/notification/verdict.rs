//! Whether to speak, and why: pure decisions over what was told and what is.

use serde::{Deserialize, Serialize};

use super::stand::Stand;
use super::state::Told;
use crate::domain::incident::{Incident, Status};
use crate::domain::value::{Priority, Span, Timestamp};

/// Whether to send a message, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing to tell.
    #[default]
    Quiet,
    /// The receiver knows nothing of it yet.
    First,
    /// There are alerts that the receiver has not been told of.
    NewAlerts,
    /// All that the receiver was told of has ended.
    AllResolved,
    /// Some of what the receiver was told of has ended.
    SomeResolved,
    /// It has lasted for long enough to say it again.
    Repeat,
    /// Somebody is on it.
    Acknowledged,
    /// It is worse than the receiver was told.
    PriorityRaised,
    /// It comes and goes.
    Flapping,
    /// All alerts are clear; a person must resolve it.
    Recovered,
    /// It is over.
    Resolved,
    /// It was none, or is part of another.
    Withdrawn,
    /// It is back.
    Reopened,
}

/// How an incident stands, as far as people are told of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Where it is in its life.
    pub status: Status,
    /// The order of work.
    pub priority: Priority,
    /// Whether somebody has seen it.
    pub acknowledged: bool,
    /// Whether it comes and goes.
    pub flapping: bool,
    /// Whether all is clear and a person must resolve it.
    pub recovered: bool,
}

impl Standing {
    /// How an incident stands.
    pub fn of(incident: &Incident) -> Self {
        Self {
            status: incident.status,
            priority: incident.priority,
            acknowledged: incident.course().acknowledged_at.is_some(),
            flapping: incident.is_flapping(),
            recovered: incident.status.is_open()
                && incident.course().restored_at.is_some()
                && incident.course().resolve_at.is_none(),
        }
    }
}

impl Verdict {
    /// The reason in words, those of Alertmanager where it has them.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Quiet => "nothing new",
            Self::First => "first notification",
            Self::NewAlerts => "new alerts added",
            Self::AllResolved => "all alerts resolved",
            Self::SomeResolved => "some alerts resolved",
            Self::Repeat => "repeat interval elapsed",
            Self::Acknowledged => "incident acknowledged",
            Self::PriorityRaised => "priority raised",
            Self::Flapping => "incident flapping",
            Self::Recovered => "all alerts clear",
            Self::Resolved => "incident resolved",
            Self::Withdrawn => "incident withdrawn",
            Self::Reopened => "incident reopened",
        }
    }

    /// Tells whether it says that an incident is over for its receiver.
    pub(super) fn is_end(self) -> bool {
        matches!(self, Self::Resolved | Self::Withdrawn)
    }

    /// What happened to the incident, in a word for the message.
    pub fn event(self) -> &'static str {
        match self {
            Self::Quiet | Self::NewAlerts | Self::SomeResolved => "updated",
            Self::First => "opened",
            Self::AllResolved | Self::Resolved => "resolved",
            Self::Repeat => "still open",
            Self::Acknowledged => "acknowledged",
            Self::PriorityRaised => "priority raised",
            Self::Flapping => "flapping",
            Self::Recovered => "recovered",
            Self::Withdrawn => "withdrawn",
            Self::Reopened => "reopened",
        }
    }
}

/// Alertmanager's decision for a group of alerts, with two differences: an alert that came and went
/// between two messages is not told as ended to somebody who never heard of it, and what is kept
/// from people counts as firing for who was told of it.
pub(super) fn of_alerts(
    told: Option<&Told>,
    stand: &Stand,
    (send_resolved, repeat): (bool, Span),
    now: Timestamp,
) -> Verdict {
    let Stand { firing, held, ended, .. } = stand;
    let Some(told) = told else {
        return if firing.is_empty() { Verdict::Quiet } else { Verdict::First };
    };
    if !told.firing.holds(firing) {
        return if told.firing.is_empty() { Verdict::First } else { Verdict::NewAlerts };
    }
    if firing.is_empty() {
        let owed = send_resolved && !told.firing.keys().all(|key| held.contains(key));
        return match (owed, stand.believed(Some(told)).next()) {
            (false, _) => Verdict::Quiet,
            (true, Some(_)) => Verdict::SomeResolved,
            (true, None) => Verdict::AllResolved,
        };
    }
    if send_resolved && ended.iter().any(|key| told.firing.contains(key)) {
        return Verdict::SomeResolved;
    }
    if told.at + repeat <= now { Verdict::Repeat } else { Verdict::Quiet }
}

/// The decision for an incident: what has changed since the receiver was told.
pub(super) fn of_incident(
    told: Option<&Told>,
    standing: Standing,
    repeat: Span,
    now: Timestamp,
) -> Verdict {
    let open = standing.status.is_open();
    let before = told.and_then(|told| Some((told, told.standing?)));
    let Some((told, before)) = before else {
        return if open { Verdict::First } else { Verdict::Quiet };
    };
    match (before.status.is_open(), open) {
        (true, false) => match standing.status {
            Status::Resolved | Status::Closed => Verdict::Resolved,
            Status::Merged | Status::Cancelled | Status::Discarded => Verdict::Withdrawn,
            Status::Candidate
            | Status::New
            | Status::Acknowledged
            | Status::InProgress
            | Status::OnHold => Verdict::Quiet,
        },
        (false, true) => Verdict::Reopened,
        (true, true) if standing.priority < before.priority => Verdict::PriorityRaised,
        (true, true) if standing.acknowledged && !before.acknowledged => Verdict::Acknowledged,
        (true, true) if standing.flapping && !before.flapping => Verdict::Flapping,
        (true, true) if standing.recovered && !before.recovered => Verdict::Recovered,
        // Whoever is on it need not be reminded.
        (true, true) if standing.status == Status::New && told.at + repeat <= now => {
            Verdict::Repeat
        }
        (false, false) | (true, true) => Verdict::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::value::Fingerprint;

    fn set(keys: &str) -> BTreeSet<Fingerprint> {
        keys.split_whitespace().map(|key| Fingerprint(key.parse().unwrap())).collect()
    }

    /// Columns: what the receiver was told fires (`none` if it was told nothing), what fires, what
    /// fires and is held, what has ended; then words for `send_resolved: false` (`mute`), an hour
    /// later (`hour`) and Alertmanager's own way (`plain`); then the verdict.
    #[track_caller]
    fn check(line: &str) {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [told, firing, held, ended, words, expected] = columns[..] else { panic!("{line}") };
        let told = (told != "none").then(|| Told {
            at: Timestamp(0),
            firing: set(told).into_iter().collect(),
            standing: None,
            first: None,
            provider: None,
        });
        let stand = Stand {
            firing: set(firing),
            held: set(held),
            ended: set(ended),
            tells_ends: !words.contains("plain"),
            ..Stand::default()
        };
        let terms = (!words.contains("mute"), Span::hours(1));
        let now = Timestamp(if words.contains("hour") { 3_600_000 } else { 0 });
        let found = of_alerts(told.as_ref(), &stand, terms, now);
        assert_eq!(format!("{found:?}"), expected, "{line}");
    }

    #[test]
    fn the_whole_table_for_alerts() {
        let table = "
            none |     |     |     |      | Quiet
            none |     |     | 1   |      | Quiet
            none | 1   |     |     |      | First
                 | 1   |     |     |      | First
            1    | 1   |     |     |      | Quiet
            1    | 1 2 |     |     |      | NewAlerts
            1    |     |     | 1   |      | AllResolved
            1    |     |     | 1   | mute | Quiet
            1 2  | 1   |     | 2   |      | SomeResolved
            1 2  | 1   |     | 2   | mute | Quiet
            1    | 1   |     | 3   |      | Quiet
            1    | 1   |     |     | hour | Repeat
            none |     | 1   |     |      | Quiet
            none | 2   | 1   |     |      | First
            1    |     | 1   |     | hour | Quiet
            1 2  | 2   | 1   |     |      | Quiet
            1 2  | 2   | 1   |     | hour | Repeat
            1    | 2   | 1   |     |      | NewAlerts
            1    |     | 2   | 1   |      | AllResolved
            1 2  |     | 2   | 1   |      | SomeResolved
            1 2  |     | 2   | 1   | mute | Quiet
            1 2  |     | 2   | 1   | plain | AllResolved
            1    |     | 1   |     | plain | Quiet
            1 2  | 2   | 1   |     | plain | Quiet
        ";
        for line in table.lines().filter(|line| line.contains('|')) {
            check(line);
        }
    }
}
