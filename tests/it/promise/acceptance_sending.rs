//! What Alertmanager's own black-box tests hold it to when it sends: merging, repeating, retrying,
//! batching, timing out and leaving ends out. What a reload does to groups and routes is promised
//! in `alertmanager_groups`, how ranges overlap in the tests of the API.

use std::sync::Arc;

use super::{check, go_on, play, settings, show, told};
use incidentd::domain::event::adapter::kind::prometheus;
use incidentd::domain::event::adapter::{Context, Limits};
use incidentd::domain::value::{Span, Timestamp};
use incidentd::engine::Input;
use incidentd::engine::scenario::{START, World};

/// A tick a minute, and what is told is told again at each.
const EAGER: &str = "
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 1m
  group_interval: 1m
  repeat_interval: 1ms
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";

/// A receiver with two ways to it, of which the second wants no ends.
const TWO_WAYS: &str = "
global: { resolve_timeout: 10m }
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 1m
  group_interval: 5m
receivers:
  - name: ops
    webhook_configs:
      - { url: http://127.0.0.1:1/ }
      - { url: http://127.0.0.1:2/, send_resolved: false }
";

/// The instant of a word such as `90s`; nothing for `-`.
fn instant(word: &str) -> Option<Timestamp> {
    word.parse::<Span>().ok().map(|span| START + span)
}

/// Hands alerts in as clients of API v2 do, a line each: when it comes, the labels' values of
/// `alertname` and `host`, when it began, when it ends, and its summary; `-` leaves a word out.
fn post(world: &mut World, lines: &str) {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<_> = line.split_whitespace().collect();
        let [at, name, host, starts_at, ends_at, summary] = words[..] else { panic!("{line}") };
        let mut alert = serde_json::json!({ "labels": { "alertname": name, "host": host } });
        for (field, word) in [("startsAt", starts_at), ("endsAt", ends_at)] {
            if let Some(at) = instant(word) {
                alert[field] = at.rfc3339().into();
            }
        }
        if summary != "-" {
            alert["annotations"] = serde_json::json!({ "summary": summary });
        }
        let at = instant(at).unwrap();
        let resolve_timeout = world.engine().settings().resolve_timeout;
        let source = "alertmanager".into();
        let reading = Context { resolve_timeout, ..Context::new(&source, at, &Limits::API_V2) };
        let read = prometheus::read(format!("[{alert}]").as_bytes(), &reading).unwrap();
        assert_eq!(read.rejected, [], "{line}");
        world.pass_until(at);
        world.step(at, Input::Events(read.events));
    }
}

fn world(yaml: &str) -> World {
    World::starting_at(settings(yaml), START)
}

/// When the newest alert began, and its summary.
fn newest(world: &World) -> String {
    let id = world.engine().state().event.alerts().last().unwrap().0;
    let alert = show(world, "alert", &id.to_string());
    let began: Timestamp = alert["starts_at"].as_str().unwrap().parse().unwrap();
    let summary = alert["annotations"]["summary"].as_str().unwrap_or("-");
    format!("{} {summary}", began.since(START))
}

#[test]
fn senders_that_differ_make_one_alert_with_the_earliest_start_and_the_latest_words() {
    let mut world = world(EAGER);
    for (line, expected) in [
        ("60s Queue mail 66s - -", "1m6s -"),
        // Another sender comes later and has seen it earlier.
        ("72s Queue mail 60s - -", "1m -"),
        ("126s Queue mail 120s - first", "1m first"),
        // The words that came last count, though they tell of a later start.
        ("216s Queue mail 90s - second", "1m second"),
        ("276s Queue mail 180s 270s third", "1m third"),
        // It fires again and overlaps with nothing.
        ("318s Queue mail 318s - -", "5m18s -"),
    ] {
        post(&mut world, line);
        assert_eq!(newest(&world), expected, "{line}");
    }
    go_on(&mut world, "370s tick");
    told(
        &world,
        r#"
        2m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (first notification)
        3m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (repeat interval elapsed)
        4m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (repeat interval elapsed)
        5m told ops/webhook[0]: {alertname="Queue"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
}

#[test]
fn what_lasts_is_repeated_until_it_has_ended() {
    check(
        &settings(EAGER),
        "
        0s      fire    alertname=Queue host=mail
        150s    resolve alertname=Queue host=mail
        10m     tick
        ",
        r#"
        1m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (first notification)
        2m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (repeat interval elapsed)
        3m told ops/webhook[0]: {alertname="Queue"} 0 firing 1 resolved (all alerts resolved)
        "#,
    );
}

#[test]
fn the_way_that_works_hears_nothing_twice_while_the_other_is_tried_again() {
    let yaml = TWO_WAYS.replace("send_resolved: false", "send_resolved: true");
    check(
        &settings(&yaml),
        "
        0s      fire    alertname=Queue host=mail
        50s     down    ops/webhook[1]
        70s     up      ops/webhook[1]
        20m     tick
        ",
        r#"
        1m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (first notification)
        1m15s told ops/webhook[1]: {alertname="Queue"} 1 firing 0 resolved (first notification)
        "#,
    );
}

#[test]
fn what_comes_within_a_tick_is_one_message_with_all_that_lasts() {
    let yaml = EAGER.replace("[alertname]", "[]").replace("1ms", "290s");
    check(
        &settings(&yaml),
        "
        6s      fire    alertname=Queue
        42s     fire    alertname=Disk
        138s    fire    alertname=Load
        138s    fire    alertname=Swap
        138s    fire    alertname=Net
        9m      tick
        ",
        "
        1m6s told ops/webhook[0]: {} 2 firing 0 resolved (first notification)
        3m6s told ops/webhook[0]: {} 5 firing 0 resolved (new alerts added)
        8m6s told ops/webhook[0]: {} 5 firing 0 resolved (repeat interval elapsed)
        ",
    );
}

#[test]
fn what_is_not_sent_again_has_ended_after_the_resolve_timeout() {
    let mut world = world(TWO_WAYS);
    post(
        &mut world,
        "
        0s Queue mail - - -
        0s Queue news - - -
        0s Queue list - - -
        ",
    );
    go_on(&mut world, "30m tick");
    told(
        &world,
        r#"
        1m told ops/webhook[0]: {alertname="Queue"} 3 firing 0 resolved (first notification)
        1m told ops/webhook[1]: {alertname="Queue"} 3 firing 0 resolved (first notification)
        11m told ops/webhook[0]: {alertname="Queue"} 0 firing 3 resolved (all alerts resolved)
        "#,
    );
}

#[test]
fn ends_that_are_left_out_of_a_message_count_as_told() {
    let mut world = world(TWO_WAYS);
    post(
        &mut world,
        "
        0s   Queue mail - - -
        0s   Queue news - - -
        120s Queue mail 0s 120s -
        120s Queue list - - -
        420s Queue list 120s - -
        600s Queue list 120s - -
        700s Queue mail - - -
        ",
    );
    go_on(&mut world, "16m tick");
    told(
        &world,
        r#"
        1m told ops/webhook[0]: {alertname="Queue"} 2 firing 0 resolved (first notification)
        1m told ops/webhook[1]: {alertname="Queue"} 2 firing 0 resolved (first notification)
        6m told ops/webhook[0]: {alertname="Queue"} 2 firing 1 resolved (new alerts added)
        6m told ops/webhook[1]: {alertname="Queue"} 2 firing 0 resolved (new alerts added)
        11m told ops/webhook[0]: {alertname="Queue"} 1 firing 1 resolved (some alerts resolved)
        16m told ops/webhook[0]: {alertname="Queue"} 2 firing 0 resolved (new alerts added)
        16m told ops/webhook[1]: {alertname="Queue"} 2 firing 0 resolved (new alerts added)
        "#,
    );
}

#[test]
fn an_alert_that_is_older_than_the_wait_is_told_at_once() {
    let mut world = world(TWO_WAYS);
    go_on(&mut world, "10m tick");
    post(&mut world, "600s Queue mail 530s - -\n601s Disk mail 560s - -");
    go_on(&mut world, "12m tick");
    told(
        &world,
        r#"
        10m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (first notification)
        10m told ops/webhook[1]: {alertname="Queue"} 1 firing 0 resolved (first notification)
        11m1s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        11m1s told ops/webhook[1]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
}

#[test]
fn a_receiver_that_cannot_be_reached_makes_no_other_late() {
    let yaml = EAGER.replace("1ms", "1h").replace(
        "repeat_interval: 1h",
        "repeat_interval: 1h
  routes:
    - { matchers: [team=slow], receiver: slow, continue: true }
    - { matchers: [team=slow] }",
    );
    let yaml = format!(
        "{yaml}
  - name: slow
    webhook_configs: [ {{ url: http://127.0.0.1:2/ }} ]"
    );
    check(
        &settings(&yaml),
        "
        0s      down    slow after:30m
        0s      fire    alertname=Queue team=slow host=mail
        90s     fire    alertname=Queue team=slow host=news
        2m      fire    alertname=Disk
        20m     up      slow
        40m     tick
        ",
        r#"
        1m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (first notification)
        2m told ops/webhook[0]: {alertname="Queue"} 2 firing 0 resolved (new alerts added)
        3m told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        31m told slow/webhook[0]: {alertname="Queue"} 2 firing 0 resolved (first notification), delayed 30m
        "#,
    );
}

#[test]
fn silences_and_what_they_keep_back_outlive_a_reload() {
    let rules = settings(&EAGER.replace("1ms", "1h"));
    let mut world = play(
        START,
        &rules,
        "
        0s      silence host=mail for 10m
        1m      fire    alertname=Queue host=mail
        1m      fire    alertname=Queue host=news
        5m      tick
        ",
    );
    let other = settings(&EAGER.replace("1ms", "2h"));
    assert_ne!(rules.hash, other.hash);
    world.reload(START + Span::minutes(6), Arc::clone(&other));
    go_on(&mut world, "20m tick");
    told(
        &world,
        r#"
        2m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (first notification)
        10m told ops/webhook[0]: {alertname="Queue"} 2 firing 0 resolved (new alerts added)
        "#,
    );
}

#[test]
fn an_interval_that_a_reload_makes_shorter_counts_from_what_was_told() {
    let mut world = play(
        START,
        &settings(&EAGER.replace("1ms", "4h")),
        "0s fire alertname=Queue host=mail\n20m tick",
    );
    world.reload(START + Span::minutes(20), settings(&EAGER.replace("1ms", "30m")));
    go_on(&mut world, "40m tick");
    told(
        &world,
        r#"
        1m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (first notification)
        31m told ops/webhook[0]: {alertname="Queue"} 1 firing 0 resolved (repeat interval elapsed)
        "#,
    );
}
