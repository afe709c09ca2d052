//! Groups of alerts are told as Alertmanager tells them, and nothing makes them forget their clock.

use std::sync::Arc;

use super::{check, go_on, play, settings, told};
use incidentd::domain::value::Span;
use incidentd::engine::scenario::START;

const MAIN: &str = "
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 1h
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/, send_resolved: true } ]
  - name: silent-end
    webhook_configs: [ { url: http://127.0.0.1:1/, send_resolved: false } ]
  - name: other
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";

#[test]
fn first_then_new_then_some_and_all_resolved() {
    check(
        &settings(MAIN),
        "
        0s      fire    alertname=Disk host=a
        10s     fire    alertname=Disk host=b
        1m      fire    alertname=Disk host=c
        7m      resolve alertname=Disk host=a
        13m     resolve alertname=Disk host=b
        13m     resolve alertname=Disk host=c
        2h      tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 2 firing 0 resolved (first notification)
        5m30s told ops/webhook[0]: {alertname="Disk"} 3 firing 0 resolved (new alerts added)
        10m30s told ops/webhook[0]: {alertname="Disk"} 2 firing 1 resolved (some alerts resolved)
        15m30s told ops/webhook[0]: {alertname="Disk"} 0 firing 2 resolved (all alerts resolved)
        "#,
    );
}

#[test]
fn an_unchanged_group_is_repeated() {
    check(
        &settings(MAIN),
        "
        0s      fire    alertname=Disk host=a
        2h2m    tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        1h30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (repeat interval elapsed)
        2h30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (repeat interval elapsed)
        "#,
    );
}

#[test]
fn what_ends_before_its_first_message_is_never_told() {
    let world = check(
        &settings(MAIN),
        "
        0s      fire    alertname=Disk host=a
        29s     resolve alertname=Disk host=a
        1h      tick
        ",
        "",
    );
    assert_eq!(world.engine().state().notification.groups().count(), 0);
}

#[test]
fn who_wants_no_end_is_told_none() {
    let yaml = MAIN.replace("receiver: ops", "receiver: silent-end");
    check(
        &settings(&yaml),
        "
        0s      fire    alertname=Disk host=a
        1m      resolve alertname=Disk host=a
        20m     fire    alertname=Disk host=a
        30m     tick
        ",
        r#"
        30s told silent-end/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        20m30s told silent-end/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
}

#[test]
fn continue_tells_two_and_the_first_match_only_one() {
    let yaml = MAIN.replace(
        "repeat_interval: 1h",
        "repeat_interval: 1h
  routes:
    - { matchers: ['team=\"db\"'], receiver: other, continue: true }
    - { matchers: ['alertname=\"Disk\"'], receiver: silent-end, group_wait: 10s }
    - { matchers: ['team=~\".+\"'], receiver: ops }",
    );
    check(
        &settings(&yaml),
        "
        0s      fire    alertname=Disk team=db
        0s      fire    alertname=Net
        1m      tick
        ",
        r#"
        10s told silent-end/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        30s told other/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        30s told ops/webhook[0]: {alertname="Net"} 1 firing 0 resolved (first notification)
        "#,
    );
}

#[test]
fn a_reload_keeps_the_clock_of_a_group() {
    let before = settings(MAIN);
    let mut world = play(START, &before, "0s fire alertname=Disk host=a\n10s tick");
    let after = settings(&format!("{MAIN}\ntemplates: []"));
    assert_ne!(before.hash, after.hash);
    world.reload(START + Span::seconds(20), after);
    go_on(&mut world, "1m fire alertname=Disk host=b\n2m tick");
    world.reload(START + Span::minutes(3), before);
    go_on(&mut world, "6m tick");
    told(
        &world,
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        5m30s told ops/webhook[0]: {alertname="Disk"} 2 firing 0 resolved (new alerts added)
        "#,
    );
}

#[test]
fn who_was_told_of_the_fire_is_told_of_its_end_whatever_the_routes_say_by_then() {
    let before = settings(MAIN);
    let mut world = play(START, &before, "0s fire alertname=Disk host=a\n1m tick");
    // The same route, another receiver.
    let after = settings(&MAIN.replace("receiver: ops", "receiver: other"));
    world.reload(START + Span::minutes(2), Arc::clone(&after));
    go_on(&mut world, "2m restart\n3m resolve alertname=Disk host=a\n30m tick");
    told(
        &world,
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        2m told other/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        5m30s told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        7m told other/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );

    // The route is gone altogether.
    let yaml = MAIN.replace(
        "repeat_interval: 1h",
        "repeat_interval: 1h
  routes: [ { matchers: ['host=\"a\"'], receiver: other } ]",
    );
    let mut world = play(START, &settings(&yaml), "0s fire alertname=Disk host=a\n1m tick");
    world.reload(START + Span::minutes(2), settings(MAIN));
    go_on(&mut world, "3m resolve alertname=Disk host=a\n30m tick");
    told(
        &world,
        r#"
        30s told other/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        2m told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        5m30s told other/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        7m told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
}

#[test]
fn nobody_is_told_the_end_of_what_they_never_heard_of() {
    check(
        &settings(MAIN),
        "
        0s fire    alertname=Disk host=a
        1m fire    alertname=Disk host=b
        2m resolve alertname=Disk host=b
        3m fire    alertname=Disk host=c
        6m tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        5m30s told ops/webhook[0]: {alertname="Disk"} 2 firing 0 resolved (new alerts added)
        "#,
    );
}
