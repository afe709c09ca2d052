//! The message without any template: what is sent when a template fails, and the text of a mail
//! that has none of its own.

use std::fmt::Write as _;

use super::letter::{AlertStatus, LetterAlert, LetterIncident, LetterProblem};
use super::scope::Scope;
use crate::domain::value::Timestamp;

/// More alerts than this make a message that nobody reads to its end.
const ALERTS_MAX: usize = 50;
/// A title is one line on a telephone.
const TITLE_CHARS_MAX: usize = 120;
/// An annotation longer than this is a document; its link says more.
const ANNOTATION_CHARS_MAX: usize = 1_000;

/// One line: `[FIRING:2] DiskFull a`, or `[FIRING:2] INC-7 P2 disk of db-a is full`.
pub(super) fn title(scope: &Scope) -> String {
    let status = match scope.status() {
        AlertStatus::Firing => format!("[FIRING:{}]", scope.firing()),
        AlertStatus::Resolved => "[RESOLVED]".to_owned(),
    };
    let subject = if let Some(incident) = &scope.letter.incident {
        format!("{} {} {}", incident.id, incident.priority, incident.title)
    } else {
        let values: Vec<&str> = scope.letter.group_labels.iter().map(|(_, value)| value).collect();
        values.join(" ")
    };
    shorten(format!("{status} {subject}").trim_end(), TITLE_CHARS_MAX)
}

/// Everything that matters, in lines: status, incident, problem, group and alerts.
pub(super) fn text(scope: &Scope) -> String {
    let letter = scope.letter;
    let mut text = String::new();
    line(&mut text, &title(scope));
    line(&mut text, &format!("Reason: {}", letter.reason));
    if let Some(span) = letter.delayed {
        line(&mut text, &format!("Delayed by {span}."));
    }
    if let Some(incident) = &letter.incident {
        text.push('\n');
        describe_incident(&mut text, incident);
    }
    if let Some(problem) = &letter.problem {
        text.push('\n');
        describe_problem(&mut text, problem);
    }
    if !letter.group_labels.is_empty() {
        text.push('\n');
        line(&mut text, &format!("Group: {}", letter.group_labels));
    }
    for alert in scope.alerts.iter().take(ALERTS_MAX) {
        text.push('\n');
        describe_alert(&mut text, alert);
    }
    let left_out = scope.alerts.len().saturating_sub(ALERTS_MAX) + scope.truncated;
    if left_out > 0 {
        text.push('\n');
        line(&mut text, &format!("{left_out} more alerts are not shown."));
    }
    if !letter.external_url.is_empty() {
        text.push('\n');
        line(&mut text, &letter.external_url);
    }
    text
}

/// At most so many characters, with an ellipsis where something is missing.
pub(super) fn shorten(text: &str, chars_max: usize) -> String {
    if text.chars().nth(chars_max).is_none() {
        return text.to_owned();
    }
    let short: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{short}…")
}

/// At most so many bytes, cut between two characters, with an ellipsis where something is missing.
pub(super) fn shorten_bytes(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let room = bytes_max.saturating_sub('…'.len_utf8());
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// A text that says first that it comes late, if it does: a cut at its end must not lose that.
pub(super) fn with_delay(scope: &Scope, text: String) -> String {
    match scope.letter.delayed {
        Some(span) if text.trim().is_empty() => format!("Delayed by {span}."),
        Some(span) => format!("Delayed by {span}.\n{text}"),
        None => text,
    }
}

fn describe_incident(text: &mut String, incident: &LetterIncident) {
    let by = incident.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    line(
        text,
        &format!(
            "{} {} {}{by}: {}",
            incident.id, incident.priority, incident.event, incident.title
        ),
    );
    let mut facts = vec![format!("State: {}", incident.state.name())];
    if !incident.team.is_empty() {
        facts.push(format!("team: {}", incident.team));
    }
    if let Some(assignee) = &incident.assignee {
        facts.push(format!("assigned to {assignee}"));
    }
    facts.push(format!("{} of {} alerts firing", incident.firing, incident.alerts));
    line(text, &facts.join(", "));
    let mut times = vec![format!("Opened {}", clock(incident.opened_at))];
    for (word, at) in [
        ("acknowledged", incident.acknowledged_at),
        ("restored", incident.restored_at),
        ("resolved", incident.resolved_at),
    ] {
        times.extend(at.map(|at| format!("{word} {}", clock(at))));
    }
    line(text, &times.join(", "));
    if let Some(recurrence) = &incident.recurrence {
        line(text, &format!("Repeats {recurrence}"));
    }
    line(text, &incident.url);
}

fn describe_problem(text: &mut String, problem: &LetterProblem) {
    line(text, &format!("{} {}: {}", problem.id, problem.state, problem.title));
    if let Some(workaround) = &problem.workaround {
        line(text, &format!("Workaround: {}", shorten(workaround, ANNOTATION_CHARS_MAX)));
    }
    line(text, &problem.url);
}

fn describe_alert(text: &mut String, alert: &LetterAlert) {
    let when = match alert.ends_at {
        Some(ends_at) => format!("at {}", clock(ends_at)),
        None => format!("since {}", clock(alert.starts_at)),
    };
    line(text, &format!("{} {when}: {}", alert.status.name(), alert.labels));
    for (name, value) in alert.annotations.iter() {
        line(text, &format!("  {name}: {}", shorten(value, ANNOTATION_CHARS_MAX)));
    }
    if !alert.url.is_empty() {
        line(text, &format!("  {}", alert.url));
    }
}

pub(super) fn clock(at: Timestamp) -> String {
    let text = at.rfc3339();
    // Milliseconds tell a person nothing.
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

fn line(text: &mut String, line: &str) {
    if !line.is_empty() {
        writeln!(text, "{line}").expect("a String takes everything");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_by_bytes_leaves_no_half_of_a_character() {
        for (text, bytes_max, expected) in [
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abc…"),
            ("ääääää", 12, "ääääää"),
            ("ääääääa", 12, "ääää…"),
            ("ääääääa", 3, "…"),
        ] {
            let short = shorten_bytes(text, bytes_max);
            assert_eq!(short, expected);
            assert!(short.len() <= bytes_max);
        }
    }
}
