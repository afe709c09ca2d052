//! What the daemon tells about itself, and what it keeps quiet about.

use std::fmt::Write;
use std::sync::Arc;

use super::{check, check_once, go_on, play, settings, show, state, told};
use incidentd::domain::event;
use incidentd::domain::value::{Actor, Span, Timestamp};
use incidentd::engine::Input;
use incidentd::engine::scenario::{START, World};

const MAIN: &str = "
route: { receiver: ops, group_by: [incident], group_wait: 0s }
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
sources:
  prom: { type: prometheus, resend: 1m, deadman: { after: 5m } }
";

fn invalid(world: &mut World, at: Timestamp, why: &str) {
    let command = event::Command::ConfigurationInvalid { why: why.to_owned() };
    world.step(at, Input::Command(Actor::rule(), command.into()));
}

/// Scenario X3.
#[test]
fn a_broken_rule_file_is_told_and_the_rules_in_force_stay() {
    let rules = settings(MAIN);
    let mut world = play(START, &rules, "1m tick");
    let hash = world.engine().settings().hash.clone();
    invalid(&mut world, START + Span::minutes(1), "rules/db.yaml:7:3: unknown key `machts`");
    invalid(&mut world, START + Span::minutes(2), "rules/db.yaml:7:3: unknown key `machts`");
    assert_eq!(world.engine().settings().hash, hash);
    let alert = show(&world, "alert", "ALR-1");
    assert_eq!(alert["annotations"]["summary"], "rules/db.yaml:7:3: unknown key `machts`");

    let good = settings(&format!("{MAIN}\ndefaults: {{ team: web }}"));
    world.reload(START + Span::minutes(3), Arc::clone(&good));
    assert_ne!(good.hash, hash);
    assert_eq!(world.engine().state().event.configuration(), Some(good.hash.as_str()));
    assert_eq!(show(&world, "alert", "ALR-1")["state"], "resolved");
    told(&world, "1m told ops/webhook[0]: INC-1 P2 opened");
}

/// Scenario X4.
#[test]
fn ends_of_unknown_alerts_cost_nothing() {
    let rules = settings("route: { receiver: ops }\nreceivers: [ { name: ops } ]");
    let mut world = play(START, &rules, "1m fire alertname=Known\n2m tick");
    let before = world.facts().len();
    let mut script = String::new();
    for number in 0..5_000 {
        writeln!(script, "2m resolve alertname=Unknown number={number}").unwrap();
    }
    go_on(&mut world, &script);
    assert_eq!(world.facts().len(), before, "no fact, so no growth of the store");
    assert_eq!(world.tally.resolved_unknown, 5_000);
    assert_eq!(world.engine().state().event.len(), 1);
}

/// Scenario X5: a clock that is set back makes time stand still, one that is set forward makes
/// nothing expire and nobody be told twice.
#[test]
fn a_clock_that_jumps_ends_nothing_and_repeats_nothing() {
    let settings = settings(&MAIN.replace("group_wait: 0s", "group_wait: 0s, repeat_interval: 4h"));
    let mut script = String::new();
    for minute in 0..10 {
        for host in 0..50 {
            writeln!(
                script,
                "{minute}m fire @prom alertname=Disk host={host} severity=warning lease:4m"
            )
            .unwrap();
        }
    }
    let mut world = check_once(&settings, &script, "0s told ops/webhook[0]: INC-1 P5 opened");
    let now = world.engine().now();

    world.step(now - Span::seconds(90), Input::Tick);
    assert_eq!(world.engine().now(), now, "time does not run backwards");

    // Nothing arrives in between: the next thing the daemon hears is two hours later.
    world.step(now + Span::hours(2), Input::Tick);
    assert_eq!(state(&world, "INC-1"), "new");
    assert_eq!(show(&world, "incident", "INC-1")["firing_count"], 50);
    told(&world, "0s told ops/webhook[0]: INC-1 P5 opened");
}

/// Scenario X8: from an empty daemon to a page.
#[test]
fn a_twenty_line_configuration_pages_within_five_seconds() {
    let yaml = "
route:
  receiver: me
  group_by: [incident]
  group_wait: 3s
receivers:
  - name: me
    slack_configs: [ { api_url: http://127.0.0.1:1/, channel: '#me' } ]
sources:
  prometheus:
    type: prometheus
";
    assert!(yaml.lines().count() <= 20);
    check_once(
        &settings(yaml),
        "
        0s fire @prometheus alertname=Down severity=warning lease:4m
        5s tick
        ",
        "3s told me/slack[0]: INC-1 P5 opened",
    );
}

#[test]
fn a_refusal_for_good_is_told_and_tried_again_at_the_next_tick() {
    let rules = settings(
        "
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 0s
  group_interval: 5m
  routes: [ { matchers: ['source=\"incidentd\"'], receiver: admins, group_by: [alertname] } ]
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ops } ]
  - name: admins
    webhook_configs: [ { url: http://127.0.0.1:1/admins } ]
",
    );
    check(
        &rules,
        "
        0s   refuse ops
        0s   fire alertname=Disk severity=warning
        12m  up ops
        40m  resolve alertname=Disk severity=warning
        1h   tick
        ",
        r#"
        0s told admins/webhook[0]: {alertname="NotificationRefused"} 1 firing 0 resolved (first notification)
        15m told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        20m told admins/webhook[0]: {alertname="NotificationRefused"} 0 firing 1 resolved (all alerts resolved)
        45m told ops/webhook[0]: {alertname="Disk"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
}
