//! What the daemon tells about itself, and what it keeps quiet about.

use std::fmt::Write;
use std::sync::Arc;

use super::{check, check_once, go_on, play, settings, show, state, told};
use incidentd::domain::event::{self, Arrival, Stamp, Trouble};
use incidentd::domain::value::{Actor, Span, Timestamp};
use incidentd::engine::scenario::{START, World};
use incidentd::engine::{Heard, Input};

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

fn refused(world: &mut World, minute: u64, trouble: Trouble, times: u64) {
    let command = event::Command::SourceRefused {
        source: "prom".into(),
        trouble,
        times,
        why: "more than 5 events a second".to_owned(),
    };
    let at = START + Span::minutes(minute);
    world.step(at, Input::Command(Actor::rule(), command.into()));
}

#[test]
fn a_source_of_which_much_is_turned_away_is_told_once_until_it_is_quiet() {
    let rules = settings(&MAIN.replace("deadman: { after: 5m }", ""));
    let mut world = play(START, &rules, "0s tick");
    refused(&mut world, 1, Trouble::Rate, 1);
    refused(&mut world, 2, Trouble::Rate, 1);
    assert!(world.engine().state().event.is_empty(), "a sender that is told to wait may wait");
    refused(&mut world, 3, Trouble::Rate, 4);
    refused(&mut world, 4, Trouble::Rejected, 1);
    for minute in 5..40 {
        refused(&mut world, minute, Trouble::Rate, 90);
    }
    assert_eq!(world.engine().state().event.len(), 2, "one for each reason");
    let rate = show(&world, "alert", "ALR-1");
    assert_eq!(rate["labels"]["alertname"], event::SOURCE_REFUSED);
    assert_eq!(rate["labels"]["refused_source"], "prom");
    assert_eq!(rate["labels"]["reason"], "rate");
    assert_eq!(rate["severity"], "high");
    assert_eq!((&rate["state"], &rate["events"]), (&"firing".into(), &1.into()));
    assert_eq!(show(&world, "alert", "ALR-2")["state"], "resolved", "it came once");

    // Nobody remembers how often it came, but what was told is ended all the same.
    world.restart(START + Span::minutes(41));
    go_on(&mut world, "55m tick");
    assert_eq!(show(&world, "alert", "ALR-1")["state"], "firing");
    go_on(&mut world, "57m tick");
    assert_eq!(show(&world, "alert", "ALR-1")["state"], "resolved");
}

#[test]
fn what_strangers_get_wrong_and_what_is_about_us_is_not_told() {
    let command = |source: &str, trouble| {
        let why = String::new();
        let source = source.into();
        let command = event::Command::SourceRefused { source, trouble, times: 9, why };
        Input::Command(Actor::rule(), command.into())
    };
    for (yaml, source, trouble, told) in [
        (MAIN, "prom", Trouble::Unauthorized, 1),
        (MAIN, "nobody", Trouble::Unauthorized, 0),
        (MAIN, "nobody", Trouble::Rejected, 0),
        (MAIN, "alertmanager", Trouble::NewAlerts, 1),
        (MAIN, event::SELF, Trouble::Rate, 0),
        ("route: { receiver: ops }\nreceivers: [ { name: ops } ]", "prom", Trouble::Rate, 0),
    ] {
        let mut world = play(START, &settings(yaml), "0s tick");
        world.step(START, command(source, trouble));
        assert_eq!(world.engine().state().event.len(), told, "{source} {trouble:?}");
    }
}

#[test]
fn a_delivery_is_known_after_a_restart_for_a_day() {
    let mut world = play(START, &settings(MAIN), "0s tick");
    let stamp = Stamp([1, u64::MAX]);
    let arrival = Some(Arrival { source: "prom".into(), stamp });
    world.step(START, Input::Heard(Box::new(Heard { arrival, ..Heard::default() })));
    world.restart(START + Span::minutes(1));
    let knows = |world: &World, source: &str, stamp, hours| {
        world.engine().state().event.has_arrived(source, stamp, START + Span::hours(hours))
    };
    assert!(knows(&world, "prom", stamp, 23));
    assert!(!knows(&world, "prom", stamp, 24));
    assert!(!knows(&world, "other", stamp, 1));
    assert!(!knows(&world, "prom", Stamp([1, 0]), 1));
}
