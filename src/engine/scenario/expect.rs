//! Expectations of a script: what holds at a moment.
//!
//! ```text
//! 1m    incident INC-1 new service=a-db alerts=2
//! 1m    no incident INC-2
//! 2h    problem PRB-1 new
//! 2h    silence SIL-1 active created_by=bo
//! 1m30s told oncall/webhook[0]: INC-1 P3 opened
//! ```
//!
//! After the record come its state, or `open`, and `name=value` for members of the record as the
//! API shows it, for its labels, and for `alerts`, the number of its alerts.

use std::sync::Arc;

use serde_json::Value;

use super::words::{lines, moment, pair, split};
use super::{InvalidScript, START, World, words};
use crate::domain::value::Timestamp;
use crate::domain::{self, Settings};

/// Something that was expected and did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The line of the expectation, counted from 1; 0 speaks of the script itself.
    pub line: usize,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// Plays a script under rules and looks whether the expectations hold.
///
/// # Errors
/// When the script or an expectation makes no sense.
pub fn check(
    settings: Arc<Settings>,
    input: &str,
    expect: &str,
) -> Result<Vec<Mismatch>, InvalidScript> {
    let mut world = World::new(settings);
    let mut deeds = words::parse(input, START)?.into_iter().peekable();
    let mut mismatches = Vec::new();
    let mut expectations = Vec::new();
    for (line, text) in lines(expect) {
        let wrong = |why: String| InvalidScript { line, why };
        let words = split(text).map_err(wrong)?;
        let (at, rest) = moment(&words, START).map_err(wrong)?;
        expectations.push((at, line, text, rest.to_vec()));
    }
    expectations.sort_by_key(|(at, line, ..)| (*at, *line));
    for (at, line, text, words) in expectations {
        while let Some((when, deed)) = deeds.next_if(|(when, _)| *when <= at) {
            world.pass_until(when);
            world.perform(when, deed);
        }
        world.pass_until(at);
        let found = look(&world, at, text, &words).map_err(|why| InvalidScript { line, why })?;
        if let Some(found) = found {
            mismatches.push(Mismatch { line, expected: text.to_owned(), found });
        }
    }
    Ok(mismatches)
}

/// What is found in place of what was expected; nothing if it holds.
fn look(
    world: &World,
    at: Timestamp,
    text: &str,
    words: &[String],
) -> Result<Option<String>, String> {
    match words {
        [no, practice, id, ..] if no == "no" => {
            let record = record(world, practice, id)?;
            Ok(record.map(|record| format!("{id} {}", standing(&record))))
        }
        [told, ..] if told == "told" => {
            let wanted = text.split_once("told").map_or("", |(_, rest)| rest.trim());
            let moment = at.since(START).to_string();
            let lines: Vec<&String> = world
                .log()
                .iter()
                .filter(|line| line.starts_with(&format!("{moment} told ")))
                .collect();
            if lines.iter().any(|line| line.contains(wanted)) {
                return Ok(None);
            }
            let all = lines.into_iter().cloned().collect::<Vec<_>>().join("; ");
            Ok(Some(if all.is_empty() { "nothing was told".to_owned() } else { all }))
        }
        [practice, id, rest @ ..] => match record(world, practice, id)? {
            None => Ok(Some(format!("there is no {id}"))),
            Some(record) => compare(id, &record, rest),
        },
        _ => Err("write `incident INC-1 …`, `no incident INC-2`, or `told CHANNEL: …`".to_owned()),
    }
}

fn record(world: &World, practice: &str, id: &str) -> Result<Option<Value>, String> {
    if !domain::MANUALS.iter().any(|manual| manual.name == practice) {
        let names: Vec<_> = domain::MANUALS.iter().map(|manual| manual.name).collect();
        return Err(format!("`{practice}` is none of: {}", names.join(", ")));
    }
    let engine = world.engine();
    Ok(domain::show(engine.state(), engine.settings(), practice, id))
}

fn compare(id: &str, record: &Value, words: &[String]) -> Result<Option<String>, String> {
    let mut differs = Vec::new();
    for wanted in words {
        if !wanted.contains('=') {
            let state = standing(record);
            let open = ["new", "acknowledged", "in_progress", "on_hold"].contains(&state.as_str());
            if *wanted != state && !(wanted == "open" && open) {
                differs.push(state);
            }
            continue;
        }
        let (name, value) = pair(wanted)?;
        let found = match name.as_str() {
            "alerts" => word(record, "alert_count"),
            name => word(record, name),
        };
        if found != value {
            differs.push(format!("{name}={found}"));
        }
    }
    Ok((!differs.is_empty()).then(|| format!("{id} {}", differs.join(" "))))
}

/// Where a record is in its life.
fn standing(record: &Value) -> String {
    let names = ["state", "status"];
    names
        .map(|name| word(record, name))
        .into_iter()
        .find(|word| !word.is_empty())
        .unwrap_or_default()
}

/// A member of a record, or one of its labels, as text.
fn word(record: &Value, name: &str) -> String {
    let value = match &record[name] {
        Value::Null => &record["labels"][name],
        value => value,
    };
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
