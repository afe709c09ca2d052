//! What the type of a CloudEvent says: the last word of `com.example.disk.alert.opened.v1`, and what
//! remains of it, which is the same when the alert is closed.

use crate::domain::deployment::Status;
use crate::domain::event::{Saying, Signal};

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A condition holds until the sender says otherwise.
    Begins,
    /// Something is there that was not. An alert lasts then; a file that was created does not.
    Appears,
    /// It is over.
    Ends,
    /// Something has gone wrong, and the sender may never say that it is well again.
    Happened,
    /// It changed in some way; the data may say how.
    Changed,
    /// Somebody has said something about it.
    Said(Saying),
    /// The sender is alive.
    Alive,
    /// The sender tries whether it is heard.
    Test,
}

/// Statuses in the data that are no last words of types: `com.example.alert` says what it is about.
const STANDINGS: [(&str, Signal); 9] = [
    ("alert", Signal::Firing),
    ("alarm", Signal::Firing),
    ("problem", Signal::Firing),
    ("bad", Signal::Firing),
    ("true", Signal::Firing),
    ("1", Signal::Firing),
    ("good", Signal::Resolved),
    ("false", Signal::Resolved),
    ("0", Signal::Resolved),
];

/// Last words of types, and of statuses in the data.
const WORDS: [(&str, Word); 99] = [
    ("opened", Word::Begins),
    ("open", Word::Begins),
    ("reopened", Word::Begins),
    ("firing", Word::Begins),
    ("fired", Word::Begins),
    ("triggered", Word::Begins),
    ("trigger", Word::Begins),
    ("retriggered", Word::Begins),
    ("raised", Word::Begins),
    ("raise", Word::Begins),
    ("alerting", Word::Begins),
    ("activated", Word::Begins),
    ("active", Word::Begins),
    ("started", Word::Appears),
    ("detected", Word::Begins),
    ("reported", Word::Appears),
    ("created", Word::Appears),
    ("new", Word::Appears),
    ("down", Word::Begins),
    ("unhealthy", Word::Begins),
    ("degraded", Word::Begins),
    ("unavailable", Word::Begins),
    ("unreachable", Word::Begins),
    ("breached", Word::Begins),
    ("escalated", Word::Begins),
    ("resolved", Word::Ends),
    ("resolve", Word::Ends),
    ("closed", Word::Ends),
    ("close", Word::Ends),
    ("cleared", Word::Ends),
    ("clear", Word::Ends),
    ("recovered", Word::Ends),
    ("recovery", Word::Ends),
    ("restored", Word::Ends),
    ("ended", Word::Ends),
    ("finished", Word::Ends),
    ("completed", Word::Ends),
    ("succeeded", Word::Ends),
    ("success", Word::Ends),
    ("passed", Word::Ends),
    ("fixed", Word::Ends),
    ("healed", Word::Ends),
    ("healthy", Word::Ends),
    ("available", Word::Ends),
    ("deactivated", Word::Ends),
    ("inactive", Word::Ends),
    ("deleted", Word::Ends),
    ("removed", Word::Ends),
    ("cancelled", Word::Ends),
    ("canceled", Word::Ends),
    ("dismissed", Word::Ends),
    ("expired", Word::Ends),
    ("normal", Word::Ends),
    ("ok", Word::Ends),
    ("up", Word::Ends),
    ("failed", Word::Happened),
    ("failure", Word::Happened),
    ("fail", Word::Happened),
    ("error", Word::Happened),
    ("errored", Word::Happened),
    ("exception", Word::Happened),
    ("crashed", Word::Happened),
    ("rejected", Word::Happened),
    ("timedout", Word::Happened),
    ("exceeded", Word::Happened),
    ("critical", Word::Happened),
    ("fatal", Word::Happened),
    ("warning", Word::Happened),
    ("warn", Word::Happened),
    ("missed", Word::Happened),
    ("updated", Word::Changed),
    ("update", Word::Changed),
    ("changed", Word::Changed),
    ("change", Word::Changed),
    ("modified", Word::Changed),
    ("status", Word::Changed),
    ("state", Word::Changed),
    ("transition", Word::Changed),
    ("transitioned", Word::Changed),
    ("acknowledged", Word::Said(Saying::Acknowledged)),
    ("acknowledge", Word::Said(Saying::Acknowledged)),
    ("acked", Word::Said(Saying::Acknowledged)),
    ("unacknowledged", Word::Said(Saying::Unacknowledged)),
    ("silenced", Word::Said(Saying::Suppressed)),
    ("suppressed", Word::Said(Saying::Suppressed)),
    ("muted", Word::Said(Saying::Suppressed)),
    ("snoozed", Word::Said(Saying::Suppressed)),
    ("unsilenced", Word::Said(Saying::Unsuppressed)),
    ("unsuppressed", Word::Said(Saying::Unsuppressed)),
    ("unmuted", Word::Said(Saying::Unsuppressed)),
    ("unsnoozed", Word::Said(Saying::Unsuppressed)),
    ("commented", Word::Said(Saying::Noted)),
    ("comment", Word::Said(Saying::Noted)),
    ("annotated", Word::Said(Saying::Noted)),
    ("heartbeat", Word::Alive),
    ("keepalive", Word::Alive),
    ("ping", Word::Test),
    ("test", Word::Test),
    ("validation", Word::Test),
];

/// What stands before the last word where an event is about a deployment.
const DEPLOYMENTS: [&str; 5] = ["deployment", "deploy", "rollout", "release", "rollback"];

/// What stands before the last word where something that appears lasts until it is said to be over.
const CONDITIONS: [&str; 8] =
    ["alert", "alarm", "incident", "problem", "issue", "outage", "anomaly", "violation"];

/// Last words where an event is about a deployment, and statuses in its data.
const STATUSES: [(&str, Status); 24] = [
    ("created", Status::Queued),
    ("queued", Status::Queued),
    ("requested", Status::Queued),
    ("pending", Status::Queued),
    ("scheduled", Status::Queued),
    ("started", Status::Started),
    ("running", Status::Started),
    ("progressing", Status::Started),
    ("inprogress", Status::Started),
    ("succeeded", Status::Succeeded),
    ("success", Status::Succeeded),
    ("successful", Status::Succeeded),
    ("deployed", Status::Succeeded),
    ("released", Status::Succeeded),
    ("published", Status::Succeeded),
    ("failed", Status::Failed),
    ("failure", Status::Failed),
    ("error", Status::Failed),
    ("rolledback", Status::RolledBack),
    ("reverted", Status::RolledBack),
    ("cancelled", Status::Cancelled),
    ("canceled", Status::Cancelled),
    ("aborted", Status::Cancelled),
    ("stopped", Status::Cancelled),
];

/// Words for the end of a deployment that leave open how it went.
const OVER: [&str; 3] = ["completed", "finished", "ended"];

/// A type without its version and last word, and that word.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// What is the same for all that is said of one condition.
    pub(super) stem: &'a str,
    /// In lower case; empty if no word of a table is there.
    pub(super) last: String,
}

/// Takes a type apart.
pub(super) fn parts(kind: &str) -> Parts<'_> {
    let is_part = |c: char| matches!(c, '.' | '/' | ':');
    let mut rest = kind;
    while let Some((before, tail)) = rest.rsplit_once(is_part)
        && is_version(tail)
    {
        rest = before;
    }
    let start = rest.rfind(is_part).map_or(0, |at| at + 1);
    let tail = &rest[start..];
    let whole = squeeze(tail);
    if is_known(&whole) {
        return Parts { stem: rest[..start].trim_end_matches(is_part), last: whole };
    }
    // `DiskAlertResolved`, `disk_alert_resolved`: the last of its words.
    let cut = tail
        .char_indices()
        .rev()
        .find(|(at, c)| matches!(c, '_' | '-') || (c.is_uppercase() && *at > 0));
    let word = cut.map(|(at, _)| squeeze(&tail[at..])).filter(|word| is_known(word));
    match (cut, word) {
        (Some((at, _)), Some(word)) => Parts { stem: &rest[..start + at], last: word },
        _ => Parts { stem: rest, last: String::new() },
    }
}

/// What a word says, if it is in the table.
pub(super) fn word(word: &str) -> Option<Word> {
    let word = squeeze(word);
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, says)| *says)
}

/// Whether a condition holds by a status in the data.
pub(super) fn signal(status: &str) -> Option<Signal> {
    let squeezed = squeeze(status);
    if let Some((_, signal)) = STANDINGS.iter().find(|(known, _)| *known == squeezed) {
        return Some(*signal);
    }
    match word(status)? {
        Word::Begins | Word::Appears | Word::Happened => Some(Signal::Firing),
        Word::Ends => Some(Signal::Resolved),
        Word::Changed | Word::Said(_) | Word::Alive | Word::Test => None,
    }
}

/// Whether a type without its last word speaks of a deployment.
pub(super) fn is_deployment(stem: &str) -> bool {
    let last = stem.rsplit(['.', '/', ':']).next().unwrap_or_default();
    DEPLOYMENTS.contains(&squeeze(last).as_str())
}

/// Whether a type without its last word speaks of a condition.
pub(super) fn is_condition(stem: &str) -> bool {
    let last = squeeze(stem.rsplit(['.', '/', ':']).next().unwrap_or_default());
    CONDITIONS.iter().any(|noun| last.ends_with(noun))
}

/// How a deployment stands by the last word of the type and a status in the data.
pub(super) fn status(last: &str, said: &str) -> Option<Status> {
    let find = |word: &str| {
        let word = squeeze(word);
        STATUSES.iter().find(|(known, _)| *known == word).map(|(_, status)| *status)
    };
    if OVER.contains(&last) {
        return Some(find(said).filter(|status| status.is_over()).unwrap_or(Status::Succeeded));
    }
    find(last).or_else(|| find(said))
}

fn is_known(word: &str) -> bool {
    let any = |table: &[(&str, Status)]| table.iter().any(|(known, _)| *known == word);
    WORDS.iter().any(|(known, _)| *known == word) || any(&STATUSES) || OVER.contains(&word)
}

/// `v1`, `1`, `0-draft`.
fn is_version(part: &str) -> bool {
    let digits = part.strip_prefix(['v', 'V']).unwrap_or(part);
    let number = digits.split('-').next().unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Lower case, and only letters.
fn squeeze(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_taken_apart_at_their_last_word() {
        let check = |kind: &str, stem: &str, last: &str| {
            assert_eq!(parts(kind), Parts { stem, last: last.to_owned() }, "{kind}");
        };
        check("com.example.disk.alert.opened", "com.example.disk.alert", "opened");
        check("com.example.disk.alert.resolved.v1", "com.example.disk.alert", "resolved");
        check("com.example.DiskAlertResolved", "com.example.DiskAlert", "resolved");
        check("com.example.disk_alert_closed.1.0", "com.example.disk_alert", "closed");
        check("com.example.rollout.rolled_back", "com.example.rollout", "rolledback");
        check("com.example.someevent", "com.example.someevent", "");
        check("opened", "", "opened");
        check("", "", "");
        check("é.Ünklar", "é.Ünklar", "");
    }

    #[test]
    fn no_word_stands_twice() {
        let words: std::collections::BTreeSet<_> = WORDS.iter().map(|(word, _)| word).collect();
        assert_eq!(words.len(), WORDS.len());
        assert!(words.iter().all(|word| squeeze(word) == **word));
    }
}
