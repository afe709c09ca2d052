//! Who takes an Alertmanager's place tells nobody twice, and everybody the end of what they know.

use std::collections::{BTreeMap, BTreeSet};

use super::{go_on, settings, state, told};
use incidentd::domain::notification::{self, AlertHash, Inherited};
use incidentd::domain::value::{Actor, Labels, Span};
use incidentd::engine::Input;
use incidentd::engine::scenario::{START, World};

const MAIN: &str = "
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 1h
receivers:
  - name: ops
    webhook_configs:
      - { url: http://127.0.0.1:1/ }
      - { url: http://127.0.0.1:1/, send_resolved: false }
";

const DISK: &str = r#"{}:{alertname="Disk"}"#;

fn hashes(alerts: &[&str]) -> BTreeSet<AlertHash> {
    let labels = alerts.iter().map(|alert| {
        Labels::new(alert.split(' ').map(|pair| pair.split_once('=').expect("name=value")))
    });
    labels.map(|labels| AlertHash::of(&labels)).collect()
}

/// What `ops/webhook[index]` was told ten minutes before the start.
fn told_before(group_key: &str, index: u32, firing: &[&str]) -> Inherited {
    Inherited {
        group_key: group_key.into(),
        receiver: "ops".into(),
        integration: "webhook".into(),
        index,
        at: START - Span::minutes(10),
        firing: hashes(firing),
        resolved: BTreeSet::new(),
        expires_at: START + Span::hours(2),
        data: BTreeMap::new(),
    }
}

fn world(entries: Vec<Inherited>) -> World {
    let mut world = World::new(settings(MAIN));
    let command = notification::Command::Inherit(entries);
    world.step(START, Input::Command(Actor::rule(), command.into()));
    world
}

/// Plays a script, and once more with a stop after each of its lines.
#[track_caller]
fn check(entries: &[Inherited], script: &str, expected: &str) -> World {
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for (number, line) in lines.iter().enumerate() {
        let at = line.split_whitespace().next().unwrap();
        let (before, after) = lines.split_at(number + 1);
        let killed = format!("{}\n{at} restart\n{}", before.join("\n"), after.join("\n"));
        let mut again = world(entries.to_vec());
        go_on(&mut again, &killed);
        told(&again, expected);
    }
    let mut world = world(entries.to_vec());
    go_on(&mut world, script);
    told(&world, expected);
    world
}

#[test]
fn what_alertmanager_told_is_not_told_again_until_it_is_time_to_repeat() {
    let both = [0, 1].map(|index| told_before(DISK, index, &["alertname=Disk host=a"]));
    let world = check(
        &both,
        "
        1m      fire    alertname=Disk host=a
        55m     tick
        ",
        r#"
        51m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (repeat interval elapsed)
        51m30s told ops/webhook[1]: {alertname="Disk"} 1 firing 0 resolved (repeat interval elapsed)
        "#,
    );
    assert_eq!(world.engine().state().notification.inherited().count(), 0, "used up");
}

#[test]
fn each_channel_has_its_own_memory() {
    check(
        &[told_before(DISK, 1, &["alertname=Disk host=a"])],
        "
        1m      fire    alertname=Disk host=a
        10m     tick
        ",
        r#"
        1m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
}

#[test]
fn an_alert_that_alertmanager_had_not_told_is_told() {
    check(
        &[told_before(DISK, 0, &["alertname=Disk host=a"])],
        "
        1m      fire    alertname=Disk host=a
        1m      fire    alertname=Disk host=b
        2m      tick
        ",
        r#"
        1m30s told ops/webhook[0]: {alertname="Disk"} 2 firing 0 resolved (new alerts added)
        1m30s told ops/webhook[1]: {alertname="Disk"} 2 firing 0 resolved (first notification)
        "#,
    );
}

#[test]
fn who_was_told_by_alertmanager_that_it_fires_is_told_that_it_ended() {
    let world = check(
        &[told_before(DISK, 0, &["alertname=Disk host=a"])],
        "
        1m      resolve alertname=Disk host=a
        1m      resolve alertname=Disk host=never-told
        20m     resolve alertname=Disk host=a
        20m     tick
        ",
        r#"
        1m30s told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
    assert_eq!(state(&world, "INC-1"), "", "what is over is no incident");
    assert_eq!(world.engine().state().notification.groups().count(), 0);
}

#[test]
fn what_was_over_at_first_and_fires_again_is_an_incident() {
    let mut world = world(vec![told_before(DISK, 0, &["alertname=Disk host=a"])]);
    go_on(
        &mut world,
        "
        1m      resolve alertname=Disk host=a
        3m      fire    alertname=Disk host=a
        20m     tick
        ",
    );
    assert_ne!(state(&world, "INC-1"), "");
}

#[test]
fn it_is_too_early_to_say_that_all_is_over_while_others_have_had_no_time_to_speak() {
    check(
        &[told_before(DISK, 0, &["alertname=Disk host=a", "alertname=Disk host=b"])],
        "
        1m      resolve alertname=Disk host=b
        2m      fire    alertname=Disk host=a
        7m      tick
        ",
        r#"
        6m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 1 resolved (some alerts resolved)
        6m30s told ops/webhook[1]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
}

#[test]
fn one_that_is_never_heard_of_does_not_keep_the_end_of_the_others_back_for_ever() {
    let world = check(
        &[told_before(DISK, 0, &["alertname=Disk host=a", "alertname=Disk host=b"])],
        "
        30s     resolve alertname=Disk host=b
        3h      tick
        ",
        r#"
        6m told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
    assert_eq!(world.engine().state().notification.inherited().count(), 0, "lapsed");
}

#[test]
fn an_entry_for_another_group_or_too_old_an_entry_means_nothing() {
    let disk = ["alertname=Disk host=a"];
    let old = Inherited { expires_at: START, ..told_before(DISK, 0, &disk) };
    for entry in [told_before("{}/{a=\"b\"}:{alertname=\"Disk\"}", 0, &disk), old] {
        let other = told_before(DISK, 1, &disk);
        check(
            &[entry, other],
            "
            1m      fire    alertname=Disk host=a
            10m     tick
            ",
            r#"
            1m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
            "#,
        );
    }
}

#[test]
fn what_is_given_back_is_what_was_taken_over_and_what_was_told_since() {
    let mut world = world(vec![
        told_before(DISK, 0, &["alertname=Disk host=a", "alertname=Disk host=b"]),
        told_before("{}:{alertname=\"Gone\"}", 0, &["alertname=Gone"]),
    ]);
    go_on(
        &mut world,
        "
        1m      fire    alertname=Disk host=a
        1m      fire    alertname=Disk host=c
        3m      fire    alertname=Disk host=d
        7m      resolve alertname=Disk host=c
        12m     tick
        ",
    );
    let engine = world.engine();
    let given = notification::handed_over(engine.state(), engine.now());
    let line = |entry: &Inherited| {
        let (at, firing) = (entry.at.since(START), entry.firing.len());
        format!("{} {} {at} {firing} {}", entry.channel(), entry.group_key, entry.resolved.len())
    };
    let lines: Vec<String> = given.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            r#"ops/webhook[0] {}:{alertname="Disk"} 11m30s 3 1"#,
            r#"ops/webhook[1] {}:{alertname="Disk"} 6m30s 2 1"#,
            r#"ops/webhook[0] {}:{alertname="Gone"} 0s 1 0"#,
        ]
    );
    let disk = hashes(&["alertname=Disk host=a", "alertname=Disk host=b", "alertname=Disk host=d"]);
    assert_eq!(given[0].firing, disk, "b was told of once, and nothing says that it ended");
    assert_eq!(given[0].resolved, hashes(&["alertname=Disk host=c"]));
}
