//! Promises to users, one file each, as scripts on the pure engine with a virtual clock.

mod problem_from_recurrence;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use incidentd::config;
use incidentd::domain::Settings;
use incidentd::domain::value::Timestamp;
use incidentd::engine::scenario::World;

/// Rules from YAML, as an admin would write them.
pub(crate) fn settings(yaml: &str) -> Arc<Settings> {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("incidentd.yaml");
    std::fs::write(&path, yaml).unwrap();
    let loaded = config::load(Path::new(&path), &|_| None);
    Arc::new(loaded.unwrap_or_else(|errors| panic!("{errors}")).settings)
}

/// Plays a script from an instant on and compares everything that was told or refused.
#[track_caller]
pub(crate) fn check_from(start: &str, yaml: &str, script: &str, expected: &str) -> World {
    let start: Timestamp = start.parse().unwrap();
    let mut world = World::starting_at(settings(yaml), start);
    world.play(script).unwrap_or_else(|error| panic!("{error}"));
    let told = world.log().join("\n");
    let expected: Vec<_> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    assert_eq!(told, expected.join("\n"));
    world
}

/// A record as the API shows it; null if there is none.
pub(crate) fn show(world: &World, practice: &str, id: &str) -> serde_json::Value {
    let engine = world.engine();
    incidentd::domain::show(engine.state(), engine.settings(), practice, id).unwrap_or_default()
}
