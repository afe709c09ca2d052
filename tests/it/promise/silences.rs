//! Silences begin and end at their times, whoever restarts the daemon meanwhile.

use serde_json::Value;

use super::{check, go_on, play, settings, show};
use incidentd::domain::value::{Labels, SilenceId};
use incidentd::engine::scenario::{START, World};

const YAML: &str = "
route: { receiver: nobody }
receivers: [ { name: nobody } ]
";

/// Tells number, state, start and end of a silence.
fn stands(world: &World, id: &str) -> String {
    let silence = show(world, "silence", id);
    let seconds = |name: &str| {
        let at: incidentd::domain::value::Timestamp =
            silence[name].as_str().unwrap().parse().unwrap();
        at.since(START).to_string()
    };
    let state = silence["state"].as_str().unwrap();
    format!("{state} {} {}", seconds("starts_at"), seconds("ends_at"))
}

fn silencing(world: &World, name: &str) -> Vec<SilenceId> {
    let labels = Labels::new([("alertname", name), ("service", "shop")]);
    world.engine().state().silence.silencing(&labels)
}

#[test]
fn a_silence_survives_a_stop_and_ends_at_its_time() {
    let world = check(
        &settings(YAML),
        "
        0s   silence alertname=Disk for 1h by=bo comment=\"new disks\"
        5m   silence alertname=Net for 10m starts_at=2026-01-01T02:00:00Z
        10m  silence alertname=Disk service=shop for 2h
        59m  tick
        ",
        "",
    );
    assert_eq!(stands(&world, "SIL-1"), "active 0s 1h");
    assert_eq!(stands(&world, "SIL-2"), "pending 2h 2h10m");
    assert_eq!(silencing(&world, "Disk"), [SilenceId(1), SilenceId(3)]);
    assert_eq!(silencing(&world, "Net"), []);
    assert_eq!(show(&world, "silence", "SIL-1")["created_by"], "bo");
}

#[test]
fn the_names_that_clients_know_are_the_same_after_a_restart() {
    let script = "0s silence alertname=Disk for 1h";
    let mut world = play(START, &settings(YAML), script);
    let uuid = show(&world, "silence", "SIL-1")["uuid"].clone();
    assert_eq!(show(&play(START, &settings(YAML), script), "silence", "SIL-1")["uuid"], uuid);
    go_on(&mut world, "5m restart");
    assert_eq!(show(&world, "silence", uuid.as_str().unwrap())["id"], "SIL-1");
}

#[test]
fn a_silence_ends_and_is_forgotten_on_time_after_a_restart_too() {
    for stop in ["", "30m restart", "61m restart", "100h restart"] {
        let script = format!("0s silence alertname=Disk for 1h\n{stop}\n121h tick");
        let world = play(START, &settings(YAML), &script);
        assert_eq!(show(&world, "silence", "SIL-1"), Value::Null, "{stop}");
        let script = format!("0s silence alertname=Disk for 1h\n{stop}\n120h59m tick");
        let world = play(START, &settings(YAML), &script);
        assert_eq!(stands(&world, "SIL-1"), "expired 0s 1h", "{stop}");
    }
}

#[test]
fn an_edit_that_would_change_the_past_puts_another_silence_in_place() {
    let world = check(
        &settings(YAML),
        "
        0s   silence alertname=Disk for 1h
        10m  update SIL-1 duration=3h
        20m  update SIL-1 matchers=alertname=Net by=bo
        30m  expire SIL-2
        31m  expire SIL-2
        32m  expire SIL-7
        ",
        "32m refused: there is no SIL-7",
    );
    assert_eq!(stands(&world, "SIL-1"), "expired 0s 20m");
    assert_eq!(stands(&world, "SIL-2"), "expired 20m 30m");
    let second = show(&world, "silence", "SIL-2");
    assert_eq!((&second["replaces"], &second["expired_by"]), (&"SIL-1".into(), &"ada".into()));
}

#[test]
fn a_silence_that_makes_no_sense_is_refused_with_what_would_be_right() {
    check(
        &settings(YAML),
        "
        0s  silence alertname=~.* for 1h
        1s  silence alertname=X for 1h starts_at=2025-01-01T00:00:00Z ends_at=2026-02-01T00:00:00Z
        2s  silence alertname=X for 0
        ",
        "
        0s refused: matchers: at least one matcher must not match the empty string
        1s invalid: duration: say either a `duration` or `ends_at`, not both
        2s refused: ends_at: start time must be before end time
        ",
    );
}
