//! The words of scripts: lines to deeds, letters to a line.

use std::collections::BTreeMap;

use super::{Deed, EventDeed, InvalidScript};
use crate::domain::deployment::{Notice, Status};
use crate::domain::event::{Heartbeat, Remark, Saying, Signal};
use crate::domain::notification::Outcome;
use crate::domain::notification::message::Letter;
use crate::domain::value::{Labels, Span, Timestamp};
use crate::domain::view::Fields;

/// The source of events that name none.
const SOURCE: &str = "test";

/// Who asks where nobody is named.
const SOMEBODY: &str = "ada";

/// Reads a script. Blank lines and what follows a `#` are for people.
pub(super) fn parse(
    script: &str,
    start: Timestamp,
) -> Result<Vec<(Timestamp, Deed)>, InvalidScript> {
    let mut deeds = Vec::new();
    let mut last = start;
    for (number, line) in lines(script) {
        let wrong = |why: String| InvalidScript { line: number, why };
        let words = split(line).map_err(wrong)?;
        let (at, rest) = moment(&words, start).map_err(wrong)?;
        if at < last {
            return Err(wrong("times must not go backwards".to_owned()));
        }
        last = at;
        deeds.push((at, deed(rest, start).map_err(wrong)?));
    }
    Ok(deeds)
}

/// Lines with something on them, with their numbers, without comments.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.split(" #").next().unwrap_or_default().trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The instant at the head of a line, and the rest of it.
pub(super) fn moment(words: &[String], start: Timestamp) -> Result<(Timestamp, &[String]), String> {
    let [first, rest @ ..] = words else { return Err("is empty".to_owned()) };
    if let Ok(span) = first.parse::<Span>() {
        return Ok((start + span, rest));
    }
    let at = first
        .parse::<Timestamp>()
        .map_err(|_| format!("`{first}` is no time: write 90s, 5m or 2026-03-01T02:05:00Z"))?;
    Ok((at, rest))
}

fn deed(words: &[String], start: Timestamp) -> Result<Deed, String> {
    let [verb, rest @ ..] = words else { return Err("says when, but not what".to_owned()) };
    let about = rest.first().map(String::as_str).unwrap_or_default();
    if let Some(practice) = practice(about) {
        return command(practice, verb, about, &rest[1..]);
    }
    match verb.as_str() {
        "fire" => event(Signal::Firing, rest),
        "resolve" => event(Signal::Resolved, rest),
        "silence" => silence(rest),
        "deploy" => deploy(rest, start),
        "remark" => remark(about, &rest[rest.len().min(1)..]),
        "beat" => beat(about, &rest[rest.len().min(1)..]),
        "down" => down(about, &rest[rest.len().min(1)..]),
        "refuse" => {
            let why = "404 Not Found".to_owned();
            Ok(Deed::Trouble(about.to_owned(), Outcome::Refused { why }))
        }
        "up" => Ok(Deed::Up(about.to_owned())),
        "restart" => Ok(Deed::Restart),
        "tick" => Ok(Deed::Tick),
        _ => Err(format!(
            "`{verb}` is not known: write fire, resolve, silence, deploy, remark, beat, down, refuse, up, restart, tick, \
             or a verb and a record such as `acknowledge INC-1`"
        )),
    }
}

fn down(channel: &str, rest: &[String]) -> Result<Deed, String> {
    let after = match rest.first().map(|word| word.strip_prefix("after:")) {
        None => None,
        Some(Some(span)) => Some(span.parse::<Span>().map_err(|error| error.to_string())?),
        Some(None) => return Err("write `down CHANNEL` or `down CHANNEL after:10m`".to_owned()),
    };
    let why = "503 Service Unavailable".to_owned();
    Ok(Deed::Trouble(channel.to_owned(), Outcome::Failed { why, after }))
}

fn practice(id: &str) -> Option<&'static str> {
    match id.split_once('-')?.0 {
        "INC" => Some("incident"),
        "PRB" => Some("problem"),
        "SIL" => Some("silence"),
        "DEP" => Some("deployment"),
        _ => None,
    }
}

fn command(practice: &'static str, verb: &str, id: &str, rest: &[String]) -> Result<Deed, String> {
    let (by, fields) = form(rest)?;
    let verb = if verb == "ack" { "acknowledge" } else { verb };
    Ok(Deed::Command { practice, verb: verb.to_owned(), id: id.to_owned(), by, fields })
}

/// `MATCHERS for DURATION`, then fields.
fn silence(words: &[String]) -> Result<Deed, String> {
    let usage = "write `silence alertname=DiskFull for 2h`, then fields such as by=bo";
    let at = words.iter().position(|word| word == "for").ok_or(usage)?;
    let (matchers, [_, duration, rest @ ..]) = words.split_at(at) else { return Err(usage.into()) };
    let (by, mut fields) = form(rest)?;
    fields.insert("matchers".to_owned(), matchers.into());
    fields.insert("duration".to_owned(), duration.as_str().into());
    fields.entry("comment").or_insert_with(|| "a reason".into());
    let verb = "add".to_owned();
    Ok(Deed::Command { practice: "silence", verb, id: String::new(), by, fields })
}

/// Who asks, and the fields of a form.
fn form(words: &[String]) -> Result<(String, Fields), String> {
    let mut by = SOMEBODY.to_owned();
    let mut fields = Fields::new();
    for word in words {
        let (name, text) = pair(word)?;
        if name == "by" {
            by = text;
            continue;
        }
        let value = text.parse::<i64>().map_or(text.into(), serde_json::Value::from);
        fields.insert(name, value);
    }
    Ok((by, fields))
}

fn event(signal: Signal, words: &[String]) -> Result<Deed, String> {
    let mut source = SOURCE.to_owned();
    let mut lease = None;
    let mut labels = Vec::new();
    let mut annotations = Vec::new();
    for word in words {
        if let Some(name) = word.strip_prefix('@') {
            name.clone_into(&mut source);
        } else if let Some(span) = word.strip_prefix("lease:") {
            lease = Some(span.parse::<Span>().map_err(|error| error.to_string())?);
        } else if let Some(rest) = word.strip_prefix("ann:") {
            annotations.push(pair(rest)?);
        } else {
            labels.push(pair(word)?);
        }
    }
    if labels.is_empty() {
        return Err("an event needs labels such as alertname=DiskFull".to_owned());
    }
    let (labels, annotations) = (Labels::new(labels), Labels::new(annotations));
    Ok(Deed::Event(Box::new(EventDeed { signal, source, labels, annotations, lease })))
}

/// Fields of a notice; `at=` is a moment as at the head of a line.
fn deploy(words: &[String], start: Timestamp) -> Result<Deed, String> {
    let mut source = SOURCE;
    let mut said = BTreeMap::new();
    for word in words {
        match word.strip_prefix('@') {
            Some(name) => source = name,
            None => drop(pair(word).map(|(name, value)| said.insert(name, value))?),
        }
    }
    let mut take = |name: &str| said.remove(name).unwrap_or_default();
    let [service, environment, version] = ["service", "environment", "version"].map(&mut take);
    let status = take("status");
    let key = match take("key") {
        key if key.is_empty() => format!("{service}/{environment}/{version}"),
        key => key,
    };
    let notice = Notice {
        source: source.into(),
        key: key.into(),
        service: service.into(),
        environment: environment.into(),
        version: version.into(),
        actor: take("actor").into(),
        status: Status::named(&status).ok_or_else(|| format!("`{status}` is no status"))?,
        summary: take("summary").into(),
        url: take("url").into(),
        at: start,
        labels: Labels::default(),
    };
    let said_at = match take("at") {
        at if at.is_empty() => None,
        at => Some(moment(&[at], start)?.0),
    };
    match said.keys().next() {
        Some(name) => Err(format!("a deployment has no `{name}`")),
        None => Ok(Deed::Deploy(Box::new(notice), said_at)),
    }
}

/// What the words for a remark say.
const SAYINGS: [(&str, Saying); 5] = [
    ("acknowledged", Saying::Acknowledged),
    ("unacknowledged", Saying::Unacknowledged),
    ("suppressed", Saying::Suppressed),
    ("unsuppressed", Saying::Unsuppressed),
    ("noted", Saying::Noted),
];

fn remark(saying: &str, words: &[String]) -> Result<Deed, String> {
    let known = SAYINGS.iter().find(|(word, _)| *word == saying);
    let (_, saying) = known.ok_or_else(|| {
        let words = SAYINGS.map(|(word, _)| word).join(", ");
        format!("`{saying}` is none of: {words}")
    })?;
    let (source, words) = source(words);
    let mut remark = Remark {
        source: source.into(),
        key: Box::default(),
        labels: Labels::default(),
        author: Box::default(),
        text: Box::default(),
        saying: *saying,
    };
    let mut labels = Vec::new();
    for word in words {
        match pair(word)? {
            (name, value) if name == "by" => remark.author = value.into(),
            (name, value) if name == "text" => remark.text = value.into(),
            label => labels.push(label),
        }
    }
    remark.labels = Labels::new(labels);
    Ok(Deed::Remark(Box::new(remark)))
}

fn beat(name: &str, words: &[String]) -> Result<Deed, String> {
    let (source, words) = source(words);
    let mut within = None;
    let mut labels = Vec::new();
    for word in words {
        match word.strip_prefix("within:") {
            Some(span) => within = Some(span.parse::<Span>().map_err(|error| error.to_string())?),
            None => labels.push(pair(word)?),
        }
    }
    let labels = Labels::new(labels);
    Ok(Deed::Beat(Box::new(Heartbeat { source: source.into(), name: name.into(), within, labels })))
}

/// The source that words name, and the other words.
fn source(words: &[String]) -> (&str, impl Iterator<Item = &String>) {
    let named = words.iter().find_map(|word| word.strip_prefix('@'));
    (named.unwrap_or(SOURCE), words.iter().filter(|word| !word.starts_with('@')))
}

/// `name=value`.
pub(super) fn pair(word: &str) -> Result<(String, String), String> {
    let (name, value) =
        word.split_once('=').ok_or_else(|| format!("`{word}` is not of the form name=value"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Splits a line at blanks outside of double quotes, and takes the quotes off.
pub(super) fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(letter),
        }
    }
    if quoted {
        return Err("a double quote is not closed".to_owned());
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

/// A letter in one line.
pub(super) fn subject(letter: &Letter) -> String {
    let firing = letter.alerts.iter().filter(|alert| alert.ends_at.is_none()).count();
    let ended = letter.alerts.len() - firing;
    let mut parts = Vec::new();
    match &letter.incident {
        Some(incident) if letter.group_labels.get("incident") == incident.id.to_string() => {
            parts.push(format!("{} {} {}", incident.id, incident.priority, incident.event));
            parts.extend(incident.recurrence.clone());
            parts.extend(letter.problem.as_ref().map(|problem| problem.id.to_string()));
        }
        _ => {
            let (labels, reason) = (&letter.group_labels, &letter.reason);
            parts.push(format!("{labels} {firing} firing {ended} resolved ({reason})"));
        }
    }
    parts.extend(letter.delayed.map(|delayed| format!("delayed {delayed}")));
    parts.join(", ")
}
