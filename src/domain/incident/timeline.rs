//! An incident's timeline, in the words of the people who will read it.

use super::fact::{Moved, Opened};
use super::machine::Step;
use super::said::Pen;
use crate::domain::value::{Actor, AlertId, Priority, Timestamp};

/// Joining alerts that get a line of their own; a storm of them is only counted.
const JOINED_MAX: usize = 20;

impl Pen<'_> {
    /// The first lines: detected, logged, categorised (the stages that ITIL names).
    pub(super) fn opened(&mut self, at: Timestamp, opened: &Opened) {
        let detected = opened.detected_at.min(at);
        let name = opened.labels.get("alertname");
        self.push(detected, &Actor::rule(), "detected", &format!("{name} began to fire"));
        let why = match &opened.rule {
            Some(rule) => format!("logged as {} by rule `{rule}`", opened.priority),
            None => format!("logged as {}", opened.priority),
        };
        self.push(at, &Actor::rule(), "logged", &why);
        let owner = format!("category {}, owned by team {}", opened.category, opened.team);
        self.push(at, &Actor::rule(), "categorised", &owner);
        if let Some(before) = opened.recurrence_of {
            self.push(at, &Actor::rule(), "recurrence", &format!("recurrence of {before}"));
        }
    }

    pub(super) fn joined(&mut self, at: Timestamp, alert: AlertId, members: usize) {
        if members <= JOINED_MAX {
            self.push_joined(at, &Actor::rule(), alert);
        }
    }

    pub(super) fn flapping(&mut self, at: Timestamp, alert: AlertId, on: bool) {
        let text = if on { "began to flap" } else { "stopped flapping" };
        self.push(at, &Actor::rule(), "flapping", &format!("{alert} {text}"));
    }

    pub(super) fn moved(&mut self, at: Timestamp, moved: &Moved) {
        let mut text = match moved.step {
            Step::Merge | Step::Unmerge => {
                let other = moved.into.map_or_else(String::new, |id| id.to_string());
                let way = if moved.step == Step::Merge { "into" } else { "out of" };
                format!("merged {way} {other}")
            }
            _ => format!("{} → {}", moved.from.name(), moved.to.name()),
        };
        for more in [&moved.code, &moved.note].into_iter().flatten() {
            text += ": ";
            text += more;
        }
        self.push(at, &moved.by, moved.step.name(), &text);
    }

    pub(super) fn prioritised(
        &mut self,
        at: Timestamp,
        by: &Actor,
        (before, after): (Priority, Priority),
        reason: Option<&str>,
    ) {
        let why = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        self.push(at, by, "prioritise", &format!("{before} → {after}{why}"));
    }

    pub(super) fn assigned(
        &mut self,
        at: Timestamp,
        by: &Actor,
        team: Option<&str>,
        assignee: Option<&str>,
    ) {
        let team = team.map(|team| format!("team {team}"));
        let parts: Vec<_> = team.into_iter().chain(assignee.map(str::to_owned)).collect();
        self.push(at, by, "assign", &format!("assigned to {}", parts.join(", ")));
    }

    pub(super) fn noted(&mut self, at: Timestamp, by: &Actor, text: &str) {
        self.push(at, by, "note", text);
    }

    pub(super) fn restored(&mut self, at: Timestamp, resolve_at: Option<Timestamp>) {
        let then = match resolve_at {
            Some(resolve_at) => format!("resolves by itself at {resolve_at}"),
            None => "a person must resolve it".to_owned(),
        };
        self.push(at, &Actor::rule(), "restored", &format!("all alerts are clear; {then}"));
    }

    pub(super) fn relapsed(&mut self, at: Timestamp) {
        self.push(at, &Actor::rule(), "relapsed", "an alert fired again");
    }
}
