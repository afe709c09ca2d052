//! A muted route tells nothing but ends, and tells soon after what it kept back.

use super::{check, settings};

/// Scripts start on Thursday, 1 January 2026, at midnight UTC.
const MAIN: &str = "
time_intervals:
  - name: night
    time_intervals: [ { times: [ { start_time: '00:00', end_time: '06:00' } ] } ]
  - name: office
    time_intervals:
      - { times: [ { start_time: '09:00', end_time: '17:00' } ], location: Europe/Berlin }
mute_time_intervals:
  - name: fridays
    time_intervals: [ { weekdays: [friday] } ]
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
  routes:
    - { matchers: ['level=\"info\"'], mute_time_intervals: [fridays, night] }
    - { matchers: ['level=\"page\"'], active_time_intervals: [office] }
    - { matchers: ['level=\"work\"'], group_by: [incident], mute_time_intervals: [night] }
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";

#[test]
fn what_began_in_a_muted_time_is_told_soon_after_it() {
    check(
        &settings(MAIN),
        "
        0s      fire    alertname=Disk level=info
        1h      fire    alertname=Disk level=info host=b
        2h      resolve alertname=Disk level=info host=b
        7h      tick
        ",
        r#"
        6h30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
}

#[test]
fn what_came_and_went_in_a_muted_time_is_never_told() {
    let world = check(
        &settings(MAIN),
        "
        0s      fire    alertname=Disk level=info
        1h      resolve alertname=Disk level=info
        7h      tick
        ",
        "",
    );
    assert_eq!(world.engine().state().notification.groups().count(), 0);
}

/// Told on Thursday evening; Friday is muted.
const INTO_FRIDAY: &str = "
    23h50m  fire    alertname=Disk level=info host=a
    23h50m  fire    alertname=Disk level=info host=b
    24h4m   fire    alertname=Disk level=info host=c
    24h10m  resolve alertname=Disk level=info host=a
    30h     resolve alertname=Disk level=info host=b
    31h     resolve alertname=Disk level=info host=c
    60h     tick
";

#[test]
fn ends_are_told_in_a_muted_time_too() {
    let world = check(
        &settings(MAIN),
        INTO_FRIDAY,
        r#"
        23h50m30s told ops/webhook[0]: {alertname="Disk"} 2 firing 0 resolved (first notification)
        24h10m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 1 resolved (some alerts resolved)
        30h30s told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
    assert_eq!(world.engine().state().notification.groups().count(), 0);
}

#[test]
fn alertmanagers_way_tells_nothing_in_a_muted_time() {
    let world = check(
        &settings(&format!("{MAIN}\nsend_resolved_when_suppressed: false")),
        INTO_FRIDAY,
        r#"
        23h50m30s told ops/webhook[0]: {alertname="Disk"} 2 firing 0 resolved (first notification)
        "#,
    );
    assert_eq!(world.engine().state().notification.groups().count(), 0);
}

#[test]
fn outside_of_its_active_times_a_route_is_quiet() {
    // Nine o'clock in Berlin is eight in UTC, in winter.
    check(
        &settings(MAIN),
        "
        0s      fire    alertname=Disk level=page
        18h     fire    alertname=Net level=page
        19h     resolve alertname=Disk level=page
        33h     tick
        ",
        r#"
        8h30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        19h30s told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        32h30s told ops/webhook[0]: {alertname="Net"} 1 firing 0 resolved (first notification)
        "#,
    );
}

#[test]
fn incidents_obey_muted_times_but_their_ends_do_not() {
    check(
        &settings(MAIN),
        "
        1h      fire    alertname=Disk level=work severity=warning
        25h     acknowledge INC-1
        49h     resolve alertname=Disk level=work severity=warning
        60h     tick
        ",
        "
        6h30s told ops/webhook[0]: INC-1 P5 opened
        18h30s told ops/webhook[0]: INC-1 P5 still open
        30h30s told ops/webhook[0]: INC-1 P5 acknowledged
        49h5m told ops/webhook[0]: INC-1 P5 resolved
        ",
    );
}

#[test]
fn a_message_that_waited_for_its_channel_is_not_sent_into_a_muted_time() {
    check(
        &settings(MAIN),
        "
        23h58m  down    ops
        23h59m  fire    alertname=Disk level=info
        24h10m  up      ops
        60h     tick
        ",
        r#"
        54h4m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
}
