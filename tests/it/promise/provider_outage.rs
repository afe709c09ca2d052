//! When a way to people fails, the others carry on, it is told through them, and afterwards people
//! read how things stand (scenario S8).

use std::sync::Arc;

use super::{check, check_once, play, settings};
use incidentd::domain::Fact;
use incidentd::domain::Settings;
use incidentd::domain::notification;
use incidentd::engine::scenario::{START, World};

fn rules() -> Arc<Settings> {
    settings(
        "
route:
  receiver: chat
  group_by: [incident]
  group_wait: 0s
  routes:
    - { matchers: ['severity=\"critical\"'], receiver: both }
receivers:
  - name: chat
    slack_configs: [ { api_url: http://127.0.0.1:1/chat, channel: '#ops', send_resolved: true } ]
  - name: both
    slack_configs: [ { api_url: http://127.0.0.1:1/both, channel: '#ops', send_resolved: true } ]
    webhook_configs: [ { url: http://127.0.0.1:1/mail } ]
",
    )
}

/// One receiver with two ways to it; what the daemon has to say about itself goes elsewhere.
fn two_ways() -> Arc<Settings> {
    settings(
        "
route:
  receiver: ops
  group_by: [incident]
  group_wait: 0s
  group_interval: 5m
  routes: [ { matchers: ['source=\"incidentd\"'], receiver: admins } ]
receivers:
  - name: admins
  - name: ops
    slack_configs: [ { api_url: http://127.0.0.1:1/, channel: '#ops', send_resolved: true } ]
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
",
    )
}

/// Seconds since the start at which a message was tried, with its outcome.
fn attempts(world: &World, wanted: u64) -> Vec<i64> {
    let since = |at: &incidentd::domain::value::Timestamp| (at.0 - START.0) / 1_000;
    let facts = world.facts().iter();
    facts
        .filter_map(|(at, fact)| match fact {
            Fact::Notification(notification::Fact::Failed { id, .. }) if id.0 == wanted => {
                Some(since(at))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn attempts_grow_rarer_until_the_channel_counts_as_failing() {
    let world = play(
        START,
        &rules(),
        "
        0m   down both/slack
        5m   fire alertname=ShopDown impact=1 severity=critical
        7m   tick
        ",
    );
    assert_eq!(attempts(&world, 1), [300, 305, 315, 335, 375], "+0, 5, 15, 35, 75 s");
    assert_eq!(
        world.log(),
        ["5m told both/webhook[0]: INC-1 P1 opened", "6m15s told both/webhook[0]: INC-2 P2 opened",]
    );
    let own = super::show(&world, "incident", "INC-2");
    assert_eq!(
        own["title"],
        "NotificationsFailing: both/slack[0] is failing: 503 Service Unavailable"
    );
}

#[test]
fn after_an_outage_each_incident_is_told_once_as_it_stands() {
    // A start looks at a failing channel at once, so with one people are told a little sooner.
    check_once(
        &rules(),
        "
        0m    down chat/slack
        5m    fire alertname=A severity=warning
        6m    fire alertname=B severity=warning
        7m    acknowledge INC-2
        7m    fire alertname=C severity=warning
        8m    fire alertname=D severity=warning
        9m    resolve INC-2 code=fixed by=ada
        10m   acknowledge INC-1
        20m   up chat/slack
        25m   tick
        ",
        "
        6m told both/slack[0]: INC-3 P2 opened
        6m told both/webhook[0]: INC-3 P2 opened
        21m told chat/slack[0]: INC-1 P5 opened, delayed 16m
        21m told chat/slack[0]: INC-4 P5 opened, delayed 14m
        21m told chat/slack[0]: INC-5 P5 opened, delayed 13m
        ",
    );
}

#[test]
fn a_receiver_that_asks_to_wait_is_not_asked_sooner() {
    check(
        &rules(),
        "
        0m     down chat after:10m
        1m     fire alertname=A severity=warning
        2m     up chat
        12m    down chat after:1w
        12m    acknowledge INC-1
        13m    up chat
        2h     tick
        ",
        "
        11m told chat/slack[0]: INC-1 P5 opened, delayed 10m
        1h12m told chat/slack[0]: INC-1 P5 acknowledged, delayed 1h
        ",
    );
}

#[test]
fn a_way_with_nothing_left_to_say_does_not_speak_for_the_others() {
    let world = play(
        START,
        &two_ways(),
        "
        0m     down ops/slack
        0m     fire alertname=A severity=warning
        10s    refuse ops/webhook
        20s    cancel INC-1 reason=test
        12m    up ops/webhook
        16m    tick
        ",
    );
    let last = "15m told ops/webhook[0]: INC-1 P5 withdrawn".to_owned();
    assert!(world.log().contains(&last), "{:?}", world.log());
}

#[test]
fn a_way_that_refuses_the_last_word_gets_it_when_it_works_again() {
    check(
        &two_ways(),
        "
        0m    fire alertname=A severity=warning
        1m    refuse ops/slack
        2m    cancel INC-1 reason=test
        12m   up ops/slack
        16m   tick
        ",
        "
        0s told ops/slack[0]: INC-1 P5 opened
        0s told ops/webhook[0]: INC-1 P5 opened
        2m told ops/webhook[0]: INC-1 P5 withdrawn
        15m told ops/slack[0]: INC-1 P5 withdrawn
        ",
    );
}
