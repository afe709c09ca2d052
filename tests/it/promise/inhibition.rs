//! While a cause fires, what follows from it is kept from people; whoever knew of it hears its end.

use super::{check, go_on, play, settings, show, state, told};
use incidentd::domain::value::{AlertId, Span};
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
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";

const BY_CLUSTER: &str = "
inhibit_rules:
  - source_matchers: ['severity=\"critical\"']
    target_matchers: ['severity=\"warning\"']
    equal: [cluster]
";

fn by_cluster() -> String {
    format!("{MAIN}{BY_CLUSTER}")
}

#[test]
fn a_target_is_kept_back_until_the_last_of_its_sources_ends() {
    let world = check(
        &settings(&by_cluster()),
        "
        0s      fire    alertname=Down cluster=a severity=critical host=1
        0s      fire    alertname=Down cluster=a severity=critical host=2
        0s      fire    alertname=Slow cluster=a severity=warning
        10m     resolve alertname=Down cluster=a severity=critical host=1
        30m     resolve alertname=Down cluster=a severity=critical host=2
        41m     tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Down"} 2 firing 0 resolved (first notification)
        10m30s told ops/webhook[0]: {alertname="Down"} 1 firing 1 resolved (some alerts resolved)
        30m30s told ops/webhook[0]: {alertname="Down"} 0 firing 1 resolved (all alerts resolved)
        30m30s told ops/webhook[0]: {alertname="Slow"} 1 firing 0 resolved (first notification)
        "#,
    );
    // It made no incident as long as it was nobody's business.
    assert_eq!(show(&world, "incident", "INC-2")["opened_at"], "2026-01-01T00:30:00.000Z");
}

#[test]
fn a_one_sided_source_counts_whatever_two_sided_ones_do() {
    let rules = "
inhibit_rules:
  - { name: databases, source_match: { team: db }, target_match_re: { severity: 'warn.*' } }
";
    let world = check(
        &settings(&format!("{MAIN}{rules}")),
        "
        0s      fire    alertname=Root team=db severity=critical
        0s      fire    alertname=Lag  team=db severity=warning
        1s      fire    alertname=Load team=db severity=warning
        2s      fire    alertname=Page team=web severity=warning
        20m     tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Root"} 1 firing 0 resolved (first notification)
        "#,
    );
    assert_eq!((state(&world, "INC-1").as_str(), state(&world, "INC-2").as_str()), ("new", ""));
}

#[test]
fn two_sided_alerts_do_not_keep_each_other_back() {
    let rules = "
inhibit_rules:
  - { source_matchers: ['team=\"db\"'], target_matchers: ['severity=\"warning\"'] }
";
    check(
        &settings(&format!("{MAIN}{rules}")),
        "
        0s      fire    alertname=Lag team=db severity=warning
        0s      fire    alertname=Load team=db severity=warning
        1s      fire    alertname=Page team=web severity=warning
        20m     tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Lag"} 1 firing 0 resolved (first notification)
        30s told ops/webhook[0]: {alertname="Load"} 1 firing 0 resolved (first notification)
        "#,
    );
}

/// A warning that people know of is inhibited before it ends.
const TOLD_THEN_INHIBITED: &str = "
    0s      fire    alertname=Slow cluster=a severity=warning
    2m      fire    alertname=Down cluster=a severity=critical
    7m      resolve alertname=Slow cluster=a severity=warning
    12m     resolve alertname=Down cluster=a severity=critical
    30m     tick
";

#[test]
fn who_was_told_of_an_alert_hears_its_end_though_it_is_inhibited() {
    let world = check(
        &settings(&by_cluster()),
        TOLD_THEN_INHIBITED,
        r#"
        30s told ops/webhook[0]: {alertname="Slow"} 1 firing 0 resolved (first notification)
        2m30s told ops/webhook[0]: {alertname="Down"} 1 firing 0 resolved (first notification)
        10m30s told ops/webhook[0]: {alertname="Slow"} 0 firing 1 resolved (all alerts resolved)
        12m30s told ops/webhook[0]: {alertname="Down"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
    assert_eq!(world.engine().state().notification.groups().count(), 0);
}

#[test]
fn alertmanagers_way_leaves_the_end_of_the_inhibited_untold() {
    let plain = by_cluster()
        .replace("receivers:", "global: { send_resolved_when_suppressed: false }\nreceivers:");
    let world = check(
        &settings(&plain),
        TOLD_THEN_INHIBITED,
        r#"
        30s told ops/webhook[0]: {alertname="Slow"} 1 firing 0 resolved (first notification)
        2m30s told ops/webhook[0]: {alertname="Down"} 1 firing 0 resolved (first notification)
        12m30s told ops/webhook[0]: {alertname="Down"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
    assert_eq!(world.engine().state().notification.groups().count(), 0);
}

#[test]
fn a_message_of_ends_does_not_close_what_still_fires_unseen() {
    check(
        &settings(&by_cluster()),
        "
        0s      fire    alertname=Slow cluster=a severity=warning
        0s      fire    alertname=Slow cluster=b severity=warning
        1m      fire    alertname=Down cluster=a severity=critical
        2m      resolve alertname=Slow cluster=b severity=warning
        8m      resolve alertname=Slow cluster=a severity=warning
        12m     tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Slow"} 2 firing 0 resolved (first notification)
        1m30s told ops/webhook[0]: {alertname="Down"} 1 firing 0 resolved (first notification)
        5m30s told ops/webhook[0]: {alertname="Slow"} 1 firing 1 resolved (some alerts resolved)
        10m30s told ops/webhook[0]: {alertname="Slow"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
}

#[test]
fn what_is_left_out_of_a_message_is_still_owed() {
    check(
        &settings(&by_cluster()),
        "
        0s      fire    alertname=Slow cluster=a severity=warning
        1m      fire    alertname=Down cluster=a severity=critical
        2m      fire    alertname=Slow cluster=b severity=warning
        7m      resolve alertname=Slow cluster=a severity=warning
        12m     tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Slow"} 1 firing 0 resolved (first notification)
        1m30s told ops/webhook[0]: {alertname="Down"} 1 firing 0 resolved (first notification)
        5m30s told ops/webhook[0]: {alertname="Slow"} 1 firing 0 resolved (new alerts added)
        10m30s told ops/webhook[0]: {alertname="Slow"} 1 firing 1 resolved (some alerts resolved)
        "#,
    );
}

#[test]
fn nobody_is_reminded_of_what_is_inhibited() {
    check(
        &settings(&by_cluster()),
        "
        0s      fire    alertname=Slow cluster=a severity=warning
        10m     fire    alertname=Down cluster=a severity=critical
        1h19m   resolve alertname=Down cluster=a severity=critical
        1h30m   tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Slow"} 1 firing 0 resolved (first notification)
        10m30s told ops/webhook[0]: {alertname="Down"} 1 firing 0 resolved (first notification)
        1h10m30s told ops/webhook[0]: {alertname="Down"} 1 firing 0 resolved (repeat interval elapsed)
        1h20m30s told ops/webhook[0]: {alertname="Slow"} 1 firing 0 resolved (repeat interval elapsed)
        1h20m30s told ops/webhook[0]: {alertname="Down"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
}

#[test]
fn what_ends_while_it_is_inhibited_makes_no_incident() {
    let world = check(
        &settings(&by_cluster()),
        "
        0s      fire    alertname=Down cluster=a severity=critical
        1m      fire    alertname=Slow cluster=a severity=warning
        2m      resolve alertname=Slow cluster=a severity=warning
        3m      fire    alertname=Slow cluster=a severity=warning
        4m      resolve alertname=Slow cluster=a severity=warning
        5m      resolve alertname=Down cluster=a severity=critical
        9m      fire    alertname=Slow cluster=a severity=warning
        20m     tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Down"} 1 firing 0 resolved (first notification)
        5m30s told ops/webhook[0]: {alertname="Down"} 0 firing 1 resolved (all alerts resolved)
        9m30s told ops/webhook[0]: {alertname="Slow"} 1 firing 0 resolved (first notification)
        "#,
    );
    assert_eq!(show(&world, "incident", "INC-2")["opened_at"], "2026-01-01T00:09:00.000Z");
    assert_eq!(state(&world, "INC-3"), "");
}

#[test]
fn an_incident_that_is_open_goes_on_when_its_alert_is_inhibited() {
    let world = check(
        &settings(&by_cluster()),
        "
        0s      fire    alertname=Slow cluster=a severity=warning
        1m      fire    alertname=Down cluster=a severity=critical
        2m      resolve alertname=Slow cluster=a severity=warning
        3m      fire    alertname=Slow cluster=a severity=warning
        4m      tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Slow"} 1 firing 0 resolved (first notification)
        1m30s told ops/webhook[0]: {alertname="Down"} 1 firing 0 resolved (first notification)
        "#,
    );
    assert_eq!(state(&world, "INC-1"), "new");
    assert_eq!(show(&world, "incident", "INC-1")["restored_at"], serde_json::Value::Null);
    let alerts = &world.engine().state().event;
    assert!(!alerts.alert(AlertId(1)).unwrap().is_submerged());
    let fingerprint = &show(&world, "alert", "ALR-2")["fingerprint"];
    assert_eq!(&show(&world, "alert", "ALR-1")["inhibited_by"][0], fingerprint);
}

#[test]
fn a_reload_that_drops_the_rule_lets_its_targets_surface() {
    let mut world = play(
        START,
        &settings(&by_cluster()),
        "
        0s fire alertname=Down cluster=a severity=critical
        1s fire alertname=Slow cluster=a severity=warning
        5m tick
        ",
    );
    world.reload(START + Span::minutes(6), settings(MAIN));
    go_on(&mut world, "6m restart\n11m tick");
    told(
        &world,
        r#"
        30s told ops/webhook[0]: {alertname="Down"} 1 firing 0 resolved (first notification)
        10m31s told ops/webhook[0]: {alertname="Slow"} 1 firing 0 resolved (first notification)
        "#,
    );
    assert_eq!(show(&world, "incident", "INC-2")["opened_at"], "2026-01-01T00:06:00.000Z");
}

/// A plain configuration makes no incident of what only proves that monitoring is alive.
#[test]
fn a_watchdog_is_no_incident_under_a_plain_configuration() {
    let world = check(
        &settings(MAIN),
        "
        0s      fire    alertname=Watchdog
        0s      fire    alertname=InfoInhibitor severity=none
        1m      fire    alertname=Disk severity=warning
        2m      tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Watchdog"} 1 firing 0 resolved (first notification)
        30s told ops/webhook[0]: {alertname="InfoInhibitor"} 1 firing 0 resolved (first notification)
        1m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
    assert!(world.engine().settings().bare);
    assert_eq!(show(&world, "incident", "INC-1")["labels"]["alertname"], "Disk");
    assert_eq!(state(&world, "INC-2"), "");
}
