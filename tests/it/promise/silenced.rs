//! A silence keeps people from hearing of alerts, and never from the end of what they know of.

use super::{check, settings, show, state};

const MAIN: &str = "
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 1h
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";

/// An alert that people know of is silenced before it ends.
const TOLD_THEN_SILENCED: &str = "
    0s      fire    alertname=Disk host=a
    1m      silence host=a for 1h
    7m      resolve alertname=Disk host=a
    2h      tick
";

#[test]
fn who_was_told_of_an_alert_hears_its_end_though_it_is_silenced() {
    let world = check(
        &settings(MAIN),
        TOLD_THEN_SILENCED,
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        10m30s told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
    assert_eq!(world.engine().state().notification.groups().count(), 0);
}

#[test]
fn alertmanagers_way_leaves_the_end_of_the_silenced_untold() {
    let world = check(
        &settings(&format!("{MAIN}\nglobal: {{ send_resolved_when_suppressed: false }}")),
        TOLD_THEN_SILENCED,
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
    assert_eq!(world.engine().state().notification.groups().count(), 0);
    assert!(world.engine().settings().bare, "the key in `global` changes nothing else");
}

#[test]
fn what_is_silenced_from_its_beginning_is_told_and_made_an_incident_when_the_silence_ends() {
    let world = check(
        &settings(MAIN),
        "
        0s      silence alertname=Disk for 20m
        1m      fire    alertname=Disk host=a
        1m      fire    alertname=Disk host=b
        10m     resolve alertname=Disk host=b
        30m     tick
        ",
        r#"
        21m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
    let incident = show(&world, "incident", "INC-1");
    assert_eq!(incident["opened_at"], "2026-01-01T00:20:00.000Z");
    assert_eq!(incident["alert_count"], 1);
}

#[test]
fn an_alert_surfaces_when_the_last_of_its_covers_is_lifted() {
    let rules = "
inhibit_rules:
  - { source_matchers: [alertname=Down], target_matchers: [alertname=Disk], equal: [host] }
";
    let world = check(
        &settings(&format!("{MAIN}{rules}")),
        "
        0s      silence alertname=Disk for 10m
        0s      silence host=a for 1h
        1m      fire    alertname=Disk host=a
        2m      fire    alertname=Down host=a
        20m     expire  SIL-2
        30m     resolve alertname=Down host=a
        40m     tick
        ",
        r#"
        22m30s told ops/webhook[0]: {alertname="Down"} 1 firing 0 resolved (first notification)
        31m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        32m30s told ops/webhook[0]: {alertname="Down"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
    // A source that is silenced inhibits all the same.
    assert_eq!(show(&world, "incident", "INC-1")["opened_at"], "2026-01-01T00:20:00.000Z");
    assert_eq!(show(&world, "incident", "INC-2")["opened_at"], "2026-01-01T00:30:00.000Z");
}

#[test]
fn a_silence_leaves_an_open_incident_alone() {
    let world = check(
        &settings(MAIN),
        "
        0s      fire    alertname=Disk host=a
        1m      silence alertname=Disk for 2h
        2m      fire    alertname=Disk host=b
        1h50m   tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
    assert_eq!(state(&world, "INC-1"), "new");
    assert_eq!(show(&world, "incident", "INC-1")["alert_count"], 1);
    let alert = show(&world, "alert", "ALR-2");
    assert_eq!(alert["silenced_by"], serde_json::json!(["SIL-1"]));
}

#[test]
fn what_a_silence_kept_back_is_new_to_who_knows_of_the_rest() {
    check(
        &settings(MAIN),
        "
        0s      fire    alertname=Disk host=a
        1m      silence host=b for 10m
        2m      fire    alertname=Disk host=b
        3m      silence host=a for 1h
        20m     resolve alertname=Disk host=b
        30m     resolve alertname=Disk host=a
        40m     tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        15m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (new alerts added)
        20m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 1 resolved (some alerts resolved)
        30m30s told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
}
