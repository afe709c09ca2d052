//! Promises to users, one file each, as scripts on the pure engine with a virtual clock.
//!
//! Every promise is kept once as written, and once more for each of its lines with the daemon
//! killed and started right after it (I7): people are told the same and the records are the same.

mod acceptance_names;
mod acceptance_sending;
mod acceptance_suppression;
mod admins;
mod alertmanager_groups;
mod auto_reply;
mod correlation;
mod deployments;
mod flapping_link;
mod in_flight;
mod inhibition;
mod last_words;
mod lifecycle;
mod mute_times;
mod own_troubles;
mod problem_from_recurrence;
mod problem_lifecycle;
mod provider_outage;
mod remarks;
mod silence;
mod silenced;
mod silences;
mod storm;
mod takeover;

use std::sync::Arc;

use serde_json::Value;

use crate::invariant;
use incidentd::config;
use incidentd::domain::value::Timestamp;
use incidentd::domain::view::Query;
use incidentd::domain::{self, Settings};
use incidentd::engine::scenario::{START, World};

/// Rules from YAML, as an admin would write them.
pub(crate) fn settings(yaml: &str) -> Arc<Settings> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("incidentd.yaml");
    std::fs::write(&path, yaml).unwrap();
    let loaded = config::load(&path, &|_| None);
    Arc::new(loaded.unwrap_or_else(|errors| panic!("{errors}")).settings)
}

/// Rules from a main file and one rule file beside it.
pub(crate) fn settings_with_rules(yaml: &str, rules: &str) -> Arc<Settings> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("incidentd.yaml");
    std::fs::write(&path, format!("{yaml}\nrules: [rules.yaml]\n")).unwrap();
    std::fs::write(dir.path().join("rules.yaml"), rules).unwrap();
    let loaded = config::load(&path, &|_| None);
    Arc::new(loaded.unwrap_or_else(|errors| panic!("{errors}")).settings)
}

/// Plays a script and compares everything that was told or refused; then again with a stop after
/// each of its lines.
#[track_caller]
pub(crate) fn check(settings: &Arc<Settings>, script: &str, expected: &str) -> World {
    check_at(START, settings, script, expected)
}

/// As [`check`], from an instant on.
#[track_caller]
pub(crate) fn check_from(start: &str, yaml: &str, script: &str, expected: &str) -> World {
    check_at(start.parse().unwrap(), &settings(yaml), script, expected)
}

#[track_caller]
fn check_at(start: Timestamp, settings: &Arc<Settings>, script: &str, expected: &str) -> World {
    let world = play(start, settings, script);
    told(&world, expected);
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for (number, line) in lines.iter().enumerate() {
        let at = line.split_whitespace().next().unwrap();
        let (before, after) = lines.split_at(number + 1);
        let killed = format!("{}\n{at} restart\n{}", before.join("\n"), after.join("\n"));
        let again = play(start, settings, &killed);
        assert_eq!(sorted(&again), sorted(&world), "I7: killed after `{line}`");
        assert_eq!(records(&again), records(&world), "I7: killed after `{line}`");
    }
    world
}

/// Plays a script without a stop: for what a start changes by design, such as leases.
#[track_caller]
pub(crate) fn check_once(settings: &Arc<Settings>, script: &str, expected: &str) -> World {
    let world = play(START, settings, script);
    told(&world, expected);
    world
}

#[track_caller]
pub(crate) fn play(start: Timestamp, settings: &Arc<Settings>, script: &str) -> World {
    let mut world = World::starting_at(Arc::clone(settings), start);
    go_on(&mut world, script);
    world
}

/// Plays another script in the same world; times still count from its start.
#[track_caller]
pub(crate) fn go_on(world: &mut World, script: &str) {
    world.play(script).unwrap_or_else(|error| panic!("{error}"));
    invariant::all(world.engine(), world.facts());
}

/// Compares everything that was told or refused.
#[track_caller]
pub(crate) fn told(world: &World, expected: &str) {
    let expected: Vec<_> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    assert_eq!(world.log().join("\n"), expected.join("\n"));
}

/// What was told, without the order of what was told at one moment.
fn sorted(world: &World) -> Vec<&String> {
    let mut log: Vec<_> = world.log().iter().collect();
    log.sort();
    log
}

/// A record as the API shows it; null if there is none.
pub(crate) fn show(world: &World, practice: &str, id: &str) -> Value {
    let engine = world.engine();
    domain::show(engine.state(), engine.settings(), practice, id).unwrap_or_default()
}

/// The state of an incident in a word; empty if there is none.
pub(crate) fn state(world: &World, id: &str) -> String {
    let practice = if id.starts_with("PRB") { "problem" } else { "incident" };
    show(world, practice, id)["state"].as_str().unwrap_or_default().to_owned()
}

/// Every silence, deployment, incident and problem with its whole story.
fn records(world: &World) -> Vec<Value> {
    let engine = world.engine();
    let query = Query { limit: usize::MAX, ..Query::default() };
    let mut records = Vec::new();
    for practice in ["silence", "deployment", "incident", "problem"] {
        let list = domain::list(engine.state(), engine.settings(), practice, &query).unwrap();
        records.extend(
            list.items.iter().map(|item| show(world, practice, item["id"].as_str().unwrap())),
        );
    }
    records
}
