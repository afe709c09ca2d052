//! Mails that monitoring systems write of themselves: Nagios and its kin, Icinga, Checkmk, Zabbix.

use std::sync::LazyLock;

use regex::Regex;

use super::letter::Letter;
use crate::domain::event::Signal;
use crate::domain::event::remark::Saying;
use crate::domain::value::Severity;

/// Nagios: `** PROBLEM Service Alert: web-1/HTTP is CRITICAL **`.
static NAGIOS: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^\W*(?P<kind>[A-Z]+(?: \([A-Z]+\))?) (?:Host|Service) Alert: (?P<host>.+?)(?:/(?P<service>.+))? is (?P<state>[A-Z]+)\b",
    )
});
/// Icinga 2: `[PROBLEM] HTTP on web-1 is CRITICAL!` and `[PROBLEM] Host web-1 is DOWN!`.
static ICINGA: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^\[(?P<kind>[A-Za-z]+)\] (?:Host (?P<host>\S.*?)|(?P<service>.+) on (?P<at>\S+)) is (?P<state>[A-Z]+)!?$",
    )
});
/// Checkmk: `Check_MK: web-1/CPU load CRIT -> OK`, `Check_MK: web-1 UP -> DOWN`.
static CHECKMK: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^Check_?[Mm][Kk]: (?P<host>[^/\s]+)(?:/(?P<service>.+?))? (?:[A-Z]+ (?:->|→) )?(?P<state>OK|WARN|CRIT|UNKN|UP|DOWN|UNREACH)\b",
    )
});
/// Zabbix: `Problem: Disk is full`, `Resolved in 5m 3s: Disk is full`.
static ZABBIX: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^(?P<kind>Problem|Resolved|Updated problem)(?: in [\dwdhms .]+)?(?: \[[^\]]*\])?: (?P<name>.+)$",
    )
});

/// What the first word of a notification says. All else is something to note.
const KINDS: [(&str, Meaning); 9] = [
    ("PROBLEM", Meaning::Is(Signal::Firing)),
    ("RECOVERY", Meaning::Is(Signal::Resolved)),
    ("ACKNOWLEDGEMENT", Meaning::Says(Saying::Acknowledged)),
    ("DOWNTIMESTART", Meaning::Says(Saying::Suppressed)),
    ("DOWNTIMEEND", Meaning::Says(Saying::Unsuppressed)),
    ("DOWNTIMESTOP", Meaning::Says(Saying::Unsuppressed)),
    ("DOWNTIMECANCELLED", Meaning::Says(Saying::Unsuppressed)),
    ("DOWNTIMEREMOVED", Meaning::Says(Saying::Unsuppressed)),
    ("TEST", Meaning::Says(Saying::Noted)),
];

/// States, and what they mean here. `UNKNOWN` stays unknown: the check could not look.
const STATES: [(&str, Severity); 8] = [
    ("CRITICAL", Severity::Critical),
    ("CRIT", Severity::Critical),
    ("DOWN", Severity::Critical),
    ("UNREACHABLE", Severity::High),
    ("UNREACH", Severity::High),
    ("WARNING", Severity::Warning),
    ("WARN", Severity::Warning),
    ("UNKN", Severity::Unknown),
];

/// States in which nothing is wrong.
const GOOD: [&str; 3] = ["OK", "UP", "RECOVERED"];

/// Zabbix' words for the severity.
const ZABBIX_WORDS: [(&str, Severity); 6] = [
    ("Disaster", Severity::Critical),
    ("High", Severity::High),
    ("Average", Severity::Warning),
    ("Warning", Severity::Warning),
    ("Information", Severity::Info),
    ("Not classified", Severity::Unknown),
];

/// Fields in the text that become annotations.
const FIELDS: [(&str, &str); 6] = [
    ("Address", "address"),
    ("IPv4", "address"),
    ("Date/Time", "source_time"),
    ("When", "source_time"),
    ("Duration", "duration"),
    ("Operational data", "operational_data"),
];

/// Fields that say what the check saw; the first that is there counts.
const OUTPUTS: [&str; 5] = ["Additional Info", "Info", "Output", "Summary", "Operational data"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Is(Signal),
    Says(Saying),
}

/// What a mail of a monitoring system says.
#[derive(Debug, PartialEq)]
pub(super) struct Known {
    pub(super) meaning: Meaning,
    pub(super) name: String,
    pub(super) host: String,
    pub(super) service: String,
    pub(super) key: String,
    /// The source's word, and what it means.
    pub(super) severity: (String, Option<Severity>),
    pub(super) author: String,
    pub(super) comment: String,
    pub(super) output: String,
    pub(super) url: String,
    pub(super) annotations: Vec<(&'static str, String)>,
}

/// Reads a mail of a system that is known; nothing if it is of none.
pub(super) fn read(letter: &Letter) -> Option<Known> {
    let subject = letter.subject.as_str();
    if let Some(found) = NAGIOS.captures(subject) {
        return Some(check(letter, &found, found.name("host").map_or("", |it| it.as_str())));
    }
    if let Some(found) = ICINGA.captures(subject) {
        let host = found.name("host").or(found.name("at")).map_or("", |it| it.as_str());
        return Some(check(letter, &found, host));
    }
    if let Some(found) = CHECKMK.captures(subject) {
        return Some(check(letter, &found, found.name("host").map_or("", |it| it.as_str())));
    }
    ZABBIX.captures(subject).and_then(|found| zabbix(letter, &found))
}

/// A host or a service of Nagios or one of its kin.
fn check(letter: &Letter, found: &regex::Captures, host: &str) -> Known {
    let group = |name: &str| found.name(name).map_or("", |it| it.as_str());
    let (service, state) = (group("service"), group("state"));
    let kind = group("kind").split(' ').next().unwrap_or_default().to_ascii_uppercase();
    let good = GOOD.contains(&state);
    let meaning = KINDS.iter().find(|(word, _)| *word == kind).map(|(_, meaning)| *meaning);
    let meaning = meaning.unwrap_or(match kind.as_str() {
        // Checkmk names no kind: the state says it.
        "" if good => Meaning::Is(Signal::Resolved),
        "" => Meaning::Is(Signal::Firing),
        _ => Meaning::Says(Saying::Noted),
    });
    let (author, comment) = comment(&letter.text);
    let key = if service.is_empty() { host.to_owned() } else { format!("{host}!{service}") };
    Known {
        meaning,
        name: if service.is_empty() { "HostCheck".to_owned() } else { service.to_owned() },
        host: host.to_owned(),
        service: service.to_owned(),
        key,
        severity: (
            state.to_owned(),
            STATES.iter().find(|(word, _)| *word == state).map(|(_, meaning)| *meaning),
        ),
        author,
        comment,
        output: output(&letter.text),
        url: link(&letter.text),
        annotations: annotations(&letter.text),
    }
}

/// A trigger of Zabbix. Without the number of its problem the end would not find the beginning.
fn zabbix(letter: &Letter, found: &regex::Captures) -> Option<Known> {
    let text = &letter.text;
    let number = field(text, "Original problem ID")?;
    let word = field(text, "Severity").unwrap_or_default();
    let meaning = match found.name("kind").map_or("", |it| it.as_str()) {
        "Resolved" => Meaning::Is(Signal::Resolved),
        "Problem" => Meaning::Is(Signal::Firing),
        _ if text.to_ascii_lowercase().contains("acknowledged") => {
            Meaning::Says(Saying::Acknowledged)
        }
        _ => Meaning::Says(Saying::Noted),
    };
    let name = found.name("name").map_or("", |it| it.as_str()).to_owned();
    Some(Known {
        meaning,
        host: field(text, "Host").unwrap_or_default().to_owned(),
        service: String::new(),
        key: number.to_owned(),
        severity: (
            word.to_owned(),
            ZABBIX_WORDS.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning),
        ),
        author: String::new(),
        comment: text.lines().next().unwrap_or_default().to_owned(),
        output: name.clone(),
        name,
        url: link(text),
        annotations: annotations(text),
    })
}

/// `Name: value` at the start of a line. A macro that nobody filled in says nothing.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))?;
    let value = value.trim();
    is_said(value).then_some(value)
}

fn is_said(value: &str) -> bool {
    let macro_left = value.starts_with('$') && value.ends_with('$') || value.starts_with('{');
    !value.is_empty() && !macro_left
}

/// What the check saw: behind its field, or in the lines below it.
fn output(text: &str) -> String {
    let found = OUTPUTS.iter().find_map(|name| {
        let mut lines = text.lines().skip_while(|line| {
            line.trim().strip_prefix(name).is_none_or(|rest| !rest.starts_with(':'))
        });
        let first = lines.next()?.trim().get(name.len() + 1..)?.trim();
        if !first.is_empty() {
            return is_said(first).then(|| first.to_owned());
        }
        let below: Vec<&str> = lines
            .map(str::trim)
            .skip_while(|line| line.is_empty())
            .take_while(|line| !line.is_empty())
            .collect();
        (!below.is_empty()).then(|| below.join("\n"))
    });
    found.unwrap_or_default()
}

/// `Comment by ada:` with the words behind or below it; Nagios has `Author:` and `Comment:`.
fn comment(text: &str) -> (String, String) {
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some((author, words)) =
            line.strip_prefix("Comment by ").and_then(|rest| rest.split_once(':'))
        {
            let words = match words.trim() {
                "" => lines.find(|line| !line.is_empty()).unwrap_or_default(),
                words => words,
            };
            return (author.trim().to_owned(), words.to_owned());
        }
    }
    let text = |name: &str| field(text, name).unwrap_or_default().to_owned();
    (text("Author"), text("Comment"))
}

fn annotations(text: &str) -> Vec<(&'static str, String)> {
    let found = FIELDS.iter().filter_map(|(name, label)| Some((*label, field(text, name)?)));
    found.map(|(label, value)| (label, value.to_owned())).collect()
}

/// The first link in the text.
fn link(text: &str) -> String {
    let start = text.find("https://").or_else(|| text.find("http://"));
    let rest = start.map_or("", |at| &text[at..]);
    let end =
        rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '"')).unwrap_or(rest.len());
    rest[..end].trim_end_matches(['.', ',', ')']).to_owned()
}

fn compile(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant that a test compiles")
}
