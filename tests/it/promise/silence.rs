//! Silence is not recovery: what a dead source last said stands until it speaks again (scenario S6).

use std::fmt::Write;
use std::sync::Arc;

use super::{check_once, settings, show, state};
use incidentd::domain::Settings;

const RECEIVERS: &str = "
route: { receiver: ops, group_by: [incident], group_wait: 0s }
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";

fn watched() -> Arc<Settings> {
    settings(&format!(
        "{RECEIVERS}
sources:
  prom-eu:
    type: prometheus
    resend: 1m
    deadman: {{ match: ['alertname=\"Watchdog\"'], after: 5m }}
  zabbix: {{ type: auto }}
"
    ))
}

/// The Watchdog and one alert, sent every minute from one minute to another.
fn alive(script: &mut String, from: u32, to: u32) {
    for minute in from..=to {
        writeln!(script, "{minute}m fire @prom-eu alertname=Watchdog severity=none").unwrap();
        writeln!(script, "{minute}m fire @prom-eu alertname=DiskFull severity=warning lease:4m")
            .unwrap();
    }
}

#[test]
fn a_dead_source_leaves_its_incidents_open_and_is_one_itself() {
    let mut script = String::new();
    alive(&mut script, 0, 10);
    script += "15m tick\n29m fire @zabbix alertname=Other severity=info\n";
    let mut world = check_once(
        &watched(),
        &script,
        "
        0s told ops/webhook[0]: INC-1 P5 opened
        15m told ops/webhook[0]: INC-2 P2 opened
        29m told ops/webhook[0]: INC-3 P5 opened
        ",
    );
    assert_eq!(show(&world, "alert", "ALR-2")["state"], "stale");
    assert_eq!(state(&world, "INC-1"), "new");
    assert_eq!(show(&world, "incident", "INC-1")["restored_at"], serde_json::Value::Null);
    let silent = show(&world, "incident", "INC-2");
    assert_eq!(silent["title"], "SourceSilent: monitoring source prom-eu silent for 5m");
    assert_eq!(silent["opened_at"], "2026-01-01T00:15:00.000Z");

    let mut script = String::new();
    alive(&mut script, 30, 60);
    super::go_on(&mut world, &script);
    assert_eq!(show(&world, "alert", "ALR-2")["state"], "firing");
    assert_eq!(show(&world, "incident", "INC-1")["reopened"], 0);
    assert_eq!((state(&world, "INC-1"), state(&world, "INC-2")), ("new".into(), "resolved".into()));
    assert_eq!(show(&world, "incident", "INC-2")["restored_at"], "2026-01-01T00:30:00.000Z");
}

#[test]
fn a_source_that_came_back_without_mentioning_an_alert_has_ended_it() {
    let mut script = String::new();
    alive(&mut script, 0, 10);
    for minute in 30..=40 {
        writeln!(script, "{minute}m fire @prom-eu alertname=Watchdog severity=none").unwrap();
    }
    let world = check_once(
        &watched(),
        &script,
        "
        0s told ops/webhook[0]: INC-1 P5 opened
        15m told ops/webhook[0]: INC-2 P2 opened
        35m told ops/webhook[0]: INC-2 P2 resolved
        40m told ops/webhook[0]: INC-1 P5 resolved
        ",
    );
    let alert = show(&world, "alert", "ALR-2");
    assert_eq!((&alert["state"], &alert["resolved_by"]), (&"resolved".into(), &"timeout".into()));
}

#[test]
fn a_source_that_lives_and_falls_silent_about_an_alert_has_ended_it() {
    let mut script = String::new();
    alive(&mut script, 0, 10);
    for minute in 11..=20 {
        writeln!(script, "{minute}m fire @prom-eu alertname=Watchdog severity=none").unwrap();
    }
    let world = check_once(
        &watched(),
        &script,
        "
        0s told ops/webhook[0]: INC-1 P5 opened
        19m told ops/webhook[0]: INC-1 P5 resolved
        ",
    );
    assert_eq!(show(&world, "alert", "ALR-2")["resolved_at"], "2026-01-01T00:14:00.000Z");
}

#[test]
fn after_a_start_nothing_expires_before_its_source_could_speak() {
    for yaml in [watched(), settings(RECEIVERS)] {
        let world = check_once(
            &yaml,
            "
            0s   fire @prom-eu alertname=Watchdog severity=none
            0s   fire @prom-eu alertname=DiskFull severity=warning lease:4m
            20m  restart
            24m59s tick
            ",
            if yaml.bare {
                "
                0s told ops/webhook[0]: INC-1 P5 opened
                10m told ops/webhook[0]: INC-1 P5 resolved
                "
            } else {
                "
                0s told ops/webhook[0]: INC-1 P5 opened
                5m told ops/webhook[0]: INC-2 P2 opened
                "
            },
        );
        assert_eq!(yaml.bare, state(&world, "INC-1") == "resolved");
    }
    let world = check_once(
        &settings(RECEIVERS),
        "
        0s     fire alertname=DiskFull severity=warning lease:4m
        3m     restart
        7m59s  tick
        ",
        "0s told ops/webhook[0]: INC-1 P5 opened",
    );
    assert_eq!(show(&world, "alert", "ALR-1")["state"], "firing", "its sender has until 8m");
}

/// A bare `alertmanager.yml` keeps Alertmanager's word: when the lease ends, the alert ends.
#[test]
fn alertmanagers_own_file_keeps_alertmanagers_rule() {
    let yaml = "
route: { receiver: ops, group_by: [alertname], group_wait: 30s, group_interval: 5m }
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";
    let settings = settings(yaml);
    assert!(settings.bare);
    check_once(
        &settings,
        "
        10m fire alertname=DiskFull lease:4m
        30m tick
        ",
        r#"
        10m30s told ops/webhook[0]: {alertname="DiskFull"} 1 firing 0 resolved (first notification)
        15m30s told ops/webhook[0]: {alertname="DiskFull"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
}

#[test]
fn when_every_source_is_silent_it_is_one_incident() {
    let settings = settings(&format!(
        "{RECEIVERS}
sources:
  a: {{ type: auto, deadman: {{ after: 5m }} }}
  b: {{ type: auto, deadman: {{ after: 5m }} }}
  c: {{ type: auto, deadman: {{ after: 6m }} }}
"
    ));
    let world = check_once(&settings, "1h tick", "5m told ops/webhook[0]: INC-1 P2 opened");
    assert_eq!(show(&world, "incident", "INC-1")["alert_count"], 3);
}

#[test]
fn a_source_that_nobody_waits_for_any_longer_is_forgiven() {
    let mut world = check_once(&watched(), "5m tick", "5m told ops/webhook[0]: INC-1 P2 opened");
    let at = world.engine().now();
    world.reload(at, settings(&format!("{RECEIVERS}\ndefaults: {{ team: ops }}")));
    super::go_on(&mut world, "20m tick");
    assert_eq!(state(&world, "INC-1"), "resolved");
}
