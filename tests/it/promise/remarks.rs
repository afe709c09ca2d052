//! What a source says of its alerts beside whether they hold reaches the people who work on them.

use serde_json::Value;

use super::{check, check_once, settings, show, state};

const MAIN: &str = "
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
sources:
  zabbix: { type: generic, paths: { name: name } }
";

/// The lines of a timeline that came through a source: who, what, in which words.
fn words(record: &Value) -> Vec<String> {
    let lines = record["timeline"].as_array().unwrap().iter();
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    lines
        .filter(|line| line["via"] == "source")
        .map(|line| {
            format!("{} {}: {}", text(line, "by"), text(line, "action"), text(line, "text"))
        })
        .collect()
}

#[test]
fn who_acknowledges_at_the_source_acknowledges_the_incident() {
    let world = check(
        &settings(MAIN),
        r#"
        0s  fire   alertname=Disk host=a @zabbix
        1m  remark acknowledged alertname=Disk host=a by=ada text="on it" @zabbix
        2m  remark acknowledged alertname=Disk host=a by=ada text="on it" @zabbix
        3m  remark acknowledged alertname=Disk host=a by=bo @zabbix
        4m  remark noted alertname=Disk host=a text="disk ordered" @zabbix
        5m  remark noted alertname=Disk host=a text="disk ordered" @zabbix
        "#,
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
    assert_eq!(state(&world, "INC-1"), "acknowledged");
    assert_eq!(
        words(&show(&world, "incident", "INC-1")),
        [
            "ada (zabbix) acknowledge: new → acknowledged: on it",
            "ada (zabbix) note: ALR-1 is acknowledged at its source: on it",
            "zabbix note: disk ordered",
        ]
    );
    assert_eq!(show(&world, "alert", "ALR-1")["acknowledged_by_source"], true);
}

#[test]
fn an_acknowledgement_that_is_taken_back_is_noted() {
    let world = check(
        &settings(MAIN),
        "
        0s  fire   alertname=Disk host=a @zabbix
        1m  remark acknowledged   alertname=Disk host=a by=ada @zabbix
        2m  remark unacknowledged alertname=Disk host=a by=ada @zabbix
        3m  remark acknowledged   alertname=Disk host=a by=bo @zabbix
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
    assert_eq!(state(&world, "INC-1"), "acknowledged");
    assert_eq!(
        words(&show(&world, "incident", "INC-1")),
        [
            "ada (zabbix) acknowledge: new → acknowledged",
            "ada (zabbix) note: ALR-1 is no longer acknowledged at its source",
            "bo (zabbix) note: ALR-1 is acknowledged at its source",
        ]
    );
}

#[test]
fn what_is_said_of_an_unknown_alert_leaves_no_trace_but_is_counted() {
    let world = check(
        &settings(MAIN),
        "
        0s  fire   alertname=Disk host=a @zabbix
        1s  remark acknowledged alertname=Disk host=b by=ada @zabbix
        2s  remark suppressed   alertname=Disk host=c @zabbix
        ",
        "",
    );
    assert_eq!(state(&world, "INC-1"), "new");
    assert_eq!(world.tally.passed_over, 2);
    assert_eq!(world.tally.events(), 1);
}

#[test]
fn nobody_is_told_of_what_its_source_suppresses_until_it_no_longer_does() {
    let world = check(
        &settings(MAIN),
        "
        0s      fire   alertname=Disk host=a @zabbix
        1s      remark suppressed   alertname=Disk host=a by=ada @zabbix
        20m     remark unsuppressed alertname=Disk host=a @zabbix
        30m     resolve alertname=Disk host=a @zabbix
        31m     tick
        ",
        r#"
        20m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        30m30s told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
    assert_eq!(show(&world, "alert", "ALR-1")["suppressed_by_source"], false);
}

#[test]
fn who_was_told_of_an_alert_hears_its_end_though_its_source_suppresses_it() {
    check(
        &settings(MAIN),
        "
        0s      fire    alertname=Disk host=a @zabbix
        1m      remark  suppressed alertname=Disk host=a @zabbix
        7m      resolve alertname=Disk host=a @zabbix
        2h      tick
        ",
        r#"
        30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        10m30s told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
}

#[test]
fn what_comes_back_after_its_end_is_no_longer_suppressed() {
    check(
        &settings(MAIN),
        "
        0s      fire    alertname=Disk host=a @zabbix
        1s      remark  suppressed alertname=Disk host=a @zabbix
        5m      resolve alertname=Disk host=a @zabbix
        8m      fire    alertname=Disk host=a @zabbix
        20m     tick
        ",
        r#"
        8m30s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
}

const WATCHED: &str = "
route:
  receiver: ops
  group_by: [alertname, heartbeat]
  group_wait: 0s
  group_interval: 1m
  repeat_interval: 1000d
  routes: [ { matchers: [alertname=Watchdog], receiver: nobody } ]
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
  - name: nobody
sources:
  cron: { type: generic, paths: { name: name }, deadman: { match: [alertname=Watchdog], after: 3h } }
";

#[test]
fn a_heartbeat_that_stays_away_is_an_alert_until_it_comes_again() {
    let world = check_once(
        &settings(WATCHED),
        "
        0s      beat   backup within:1h team=dba @cron
        50m     beat   backup @cron
        2h      beat   backup @cron
        2h1m    tick
        ",
        r#"
        1h50m told ops/webhook[0]: {alertname="HeartbeatMissed", heartbeat="backup"} 1 firing 0 resolved (first notification)
        2h1m told ops/webhook[0]: {alertname="HeartbeatMissed", heartbeat="backup"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
    let alert = show(&world, "alert", "ALR-1");
    assert_eq!(alert["annotations"]["summary"], "heartbeat of backup is no longer missed");
    assert_eq!(alert["labels"]["team"], "dba");
    assert_eq!(alert["labels"]["heartbeat_source"], "cron");
    assert_eq!(alert["severity"], "high");
    assert_eq!(alert["state"], "resolved");
}

#[test]
fn a_heartbeat_without_an_interval_has_that_of_its_source() {
    check_once(
        &settings(WATCHED),
        "
        0s      fire   alertname=Watchdog severity=none @cron
        0s      beat   backup @cron
        2h59m   fire   alertname=Watchdog severity=none @cron
        3h      tick
        ",
        r#"
        3h told ops/webhook[0]: {alertname="HeartbeatMissed", heartbeat="backup"} 1 firing 0 resolved (first notification)
        "#,
    );
}

#[test]
fn a_start_gives_every_heartbeat_its_whole_time() {
    check_once(
        &settings(WATCHED),
        "
        0s      beat   backup within:1h @cron
        0s      fire   alertname=Watchdog severity=none @cron
        59m     restart
        1h58m   beat   backup @cron
        2h30m   fire   alertname=Watchdog severity=none @cron
        2h57m   tick
        ",
        "",
    );
}

#[test]
fn a_jump_of_the_clock_is_no_missed_heartbeat() {
    use incidentd::domain::value::Span;
    use incidentd::engine::Input;
    use incidentd::engine::scenario::START;

    let mut world = super::play(START, &settings(WATCHED), "0s beat backup within:1h @cron");
    world.step(START + Span::hours(30), Input::Tick);
    world.pass_until(START + Span::hours(30) + Span::minutes(59));
    super::told(&world, "");
    world.pass_until(START + Span::hours(31));
    assert!(world.log()[0].contains("HeartbeatMissed"), "{:?}", world.log());
}

#[test]
fn a_heartbeat_that_stays_away_for_a_month_is_no_longer_waited_for() {
    let deadman = ", deadman: { match: [alertname=Watchdog], after: 3h }";
    let world = check_once(
        &settings(&WATCHED.replace(deadman, "")),
        "
        0s      beat   backup within:1h @cron
        32d     tick
        ",
        r#"
        1h told ops/webhook[0]: {alertname="HeartbeatMissed", heartbeat="backup"} 1 firing 0 resolved (first notification)
        721h1m told ops/webhook[0]: {alertname="HeartbeatMissed", heartbeat="backup"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
    assert_eq!(world.engine().state().event.heartbeats().count(), 0);
}
