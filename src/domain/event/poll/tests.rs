//! What polls make of their samples, minute by minute.

use std::fmt::Write as _;

use super::*;
use crate::domain::value::Span;
use crate::domain::value::matcher::{ParseMode, parse_all};

fn bounds(warn: &str, critical: &str) -> Bounds {
    Bounds { warn: warn.parse().ok(), critical: critical.parse().ok(), ..Bounds::default() }
}

fn rule(for_: &str, clear_for: &str) -> PollRule {
    PollRule {
        name: "DiskFilling".to_owned(),
        labels: Labels::new([("team", "storage")]),
        annotations: Labels::new([("summary", "filling up")]),
        test: Test::Bounds(bounds(">= 0.85", ">= 0.95")),
        for_: for_.parse().unwrap(),
        clear_for: clear_for.parse().unwrap(),
        ..PollRule::default()
    }
}

fn state(rules: Vec<PollRule>) -> PollState {
    PollState::new(Arc::from("poll"), "disks", rules)
}

/// Plays a script, one poll a line: minute, then `series=value …`, or `fails`.
fn play(state: &mut PollState, script: &str) -> String {
    let mut told = String::new();
    for line in script.lines() {
        let mut words = line.split_whitespace();
        let Some(minute) = words.next() else { continue };
        let now = Timestamp(minute.parse::<i64>().unwrap() * 60_000);
        let samples: Vec<Sample> = words
            .clone()
            .filter_map(|word| word.split_once('='))
            .map(|(series, value)| Sample {
                labels: Labels::new([("disk", series)]),
                // A question mark stands for what could not be measured.
                value: value.parse().ok(),
                ..Sample::default()
            })
            .collect();
        let events = if words.next() == Some("fails") {
            state.failed(now, "connection refused")
        } else {
            state.observe(now, &samples)
        };
        for event in events {
            let (signal, key) = (format!("{:?}", event.signal).to_lowercase(), &event.key);
            let [severity, value] = [event.labels.get("severity"), event.annotations.get("value")];
            let since = event.starts_at.0 / 60_000;
            let _ = write!(told, "{minute} {signal} {key} {severity} {value} since {since}");
            let more = ["flapping", "eta", "usual"].map(|name| event.annotations.get(name));
            let more = more
                .iter()
                .filter(|text| !text.is_empty())
                .fold(String::new(), |all, text| format!("{all}, {text}"));
            let _ = writeln!(told, "{more}");
        }
    }
    told
}

fn check(state: &mut PollState, script: &str, expected: &str) {
    assert_eq!(play(state, script), expected);
}

#[test]
fn a_value_above_for_five_minutes_is_one_alert() {
    let script = "
        0 a=0.9
        1 a=0.9
        4 a=0.9
        5 a=0.91
        6 a=0.92
        7 a=0.5
        9 a=0.5
        10 a=0.5
        11 a=0.5";
    let expected = "\
5 firing disks/DiskFilling{disk=\"a\"} warning 0.91 since 0
10 resolved disks/DiskFilling{disk=\"a\"} warning 0.5 since 0
";
    check(&mut state(vec![rule("5m", "3m")]), script, expected);
}

#[test]
fn a_short_excursion_is_nothing_and_a_short_relief_changes_nothing() {
    let script = "
        0 a=0.9
        1 a=0.5
        2 a=0.9
        4 a=0.9
        5 a=0.5
        6 a=0.9
        9 a=0.9";
    let expected = "4 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 2\n";
    check(&mut state(vec![rule("2m", "3m")]), script, expected);
}

#[test]
fn severity_follows_the_value_and_the_key_stays() {
    let script = "
        0 a=0.96 b=0.9
        1 a=0.9 b=0.99
        2 a=0.9 b=0.99";
    let expected = "\
0 firing disks/DiskFilling{disk=\"a\"} critical 0.96 since 0
0 firing disks/DiskFilling{disk=\"b\"} warning 0.9 since 0
1 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 0
1 firing disks/DiskFilling{disk=\"b\"} critical 0.99 since 0
";
    check(&mut state(vec![rule("0", "1m")]), script, expected);
}

#[test]
fn a_vanished_series_clears_after_its_time() {
    let script = "
        0 a=0.9 b=0.1
        1 b=0.1
        2 b=0.1
        3 b=NaN";
    let expected = "\
0 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 0
3 resolved disks/DiskFilling{disk=\"a\"} warning  since 0
";
    let mut state = state(vec![rule("0", "2m")]);
    check(&mut state, script, expected);
    assert!(state.series.is_empty(), "what is quiet takes no memory");
}

#[test]
fn a_failed_poll_is_no_recovery_and_a_third_one_is_an_alert() {
    let script = "
        0 a=0.9
        1 fails
        2 fails
        3 fails
        4 fails
        5 a=0.9
        6 fails
        7 a=0.1";
    let expected = "\
0 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 0
3 firing disks/PollFailed warning  since 3
5 resolved disks/PollFailed warning  since 3
7 resolved disks/DiskFilling{disk=\"a\"} warning 0.1 since 0
";
    check(&mut state(vec![rule("0", "0")]), script, expected);
}

#[test]
fn an_alert_from_before_a_restart_is_ended() {
    let mut before = state(vec![rule("0", "1m")]);
    let fired = before.observe(Timestamp(0), &[Sample::new(Labels::new([("disk", "a")]), 0.99)]);
    let mut after = state(vec![rule("0", "1m")]);
    assert!(after.resume(&fired[0].key, &fired[0].labels, fired[0].starts_at));
    assert_eq!(after, before);
    assert!(after.resume("disks/PollFailed", &Labels::default(), Timestamp(0)));
    assert!(!after.resume("disks/DiskFillingFast{}", &Labels::default(), Timestamp(0)));
    let expected = "\
5 resolved disks/PollFailed warning  since 0
7 resolved disks/DiskFilling{disk=\"a\"} critical 0.1 since 0
";
    check(&mut after, "5 a=0.1\n7 a=0.1", expected);
}

#[test]
fn rules_look_at_their_series_only_and_the_metric_name_is_no_label() {
    let mut slow = rule("0", "0");
    slow.only = parse_all("measure=latency_ms", ParseMode::Fallback).unwrap();
    let mut state = state(vec![slow]);
    let sample = |measure, name, value| {
        Sample::new(Labels::new([("measure", measure), ("__name__", name)]), value)
    };
    let samples =
        [sample("latency_ms", "x", 0.9), sample("latency_ms", "y", 1.0), sample("up", "x", 1.0)];
    let events = state.observe(Timestamp(0), &samples);
    let labels: Vec<String> = events.iter().map(|event| event.labels.to_string()).collect();
    assert_eq!(
        labels,
        [r#"{alertname="DiskFilling", measure="latency_ms", severity="critical", team="storage"}"#]
    );
}

#[test]
fn a_value_between_the_thresholds_changes_nothing() {
    let mut careful = rule("0", "0");
    let clear = |text: &str| text.parse().ok();
    let (clear_warn, clear_critical) = (clear("< 0.7"), clear("< 0.9"));
    careful.test =
        Test::Bounds(Bounds { clear_warn, clear_critical, ..bounds(">= 0.85", ">= 0.95") });
    let script = "
        0 a=0.8
        1 a=0.95
        2 a=0.9
        3 a=0.89
        4 a=0.7
        5 a=0.69
        6 a=0.8";
    let expected = "\
1 firing disks/DiskFilling{disk=\"a\"} critical 0.95 since 1
3 firing disks/DiskFilling{disk=\"a\"} warning 0.89 since 1
5 resolved disks/DiskFilling{disk=\"a\"} warning 0.69 since 1
";
    check(&mut state(vec![careful]), script, expected);
}

#[test]
fn what_could_not_be_measured_says_nothing() {
    let script = "
        0 a=0.9 b=?
        1 a=?
        2 a=0.1";
    let expected = "\
0 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 0
2 resolved disks/DiskFilling{disk=\"a\"} warning 0.1 since 0
";
    check(&mut state(vec![rule("0", "0")]), script, expected);
}

#[test]
fn a_series_that_comes_and_goes_is_one_alert_until_it_rests() {
    let mut flaps = rule("0", "0");
    flaps.flap = Some(FlapBounds::default());
    let turns: Vec<String> = (0..40)
        .map(|minute| {
            let value = if minute < 9 && minute % 2 == 0 { "0.9" } else { "0.1" };
            format!("{minute} a={value}")
        })
        .collect();
    let expected = "\
0 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 0
1 resolved disks/DiskFilling{disk=\"a\"} warning 0.1 since 0
2 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 2
3 resolved disks/DiskFilling{disk=\"a\"} warning 0.1 since 2
4 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 4
5 firing disks/DiskFilling{disk=\"a\"} warning 0.1 since 4, 35 % of the last looks saw a change
25 resolved disks/DiskFilling{disk=\"a\"} warning 0.1 since 4
";
    let mut state = state(vec![flaps]);
    check(&mut state, &turns.join("\n"), expected);
    assert!(state.series.is_empty(), "what has rested takes no memory");
}

#[test]
fn by_says_what_is_an_alert_of_its_own() {
    let mut rule = rule("0", "0");
    rule.by = Some(vec!["host".to_owned()]);
    let mut state = state(vec![rule]);
    let sample = |host, disk, value| {
        let labels = [("host", host), ("disk", disk), ("__name__", "used")];
        Sample::new(Labels::new(labels), value)
    };
    let samples = [sample("a", "1", 0.9), sample("a", "2", 0.99), sample("b", "1", 0.1)];
    let events = state.observe(Timestamp(0), &samples);
    let told: Vec<String> =
        events.iter().map(|event| format!("{} {}", event.key, event.labels)).collect();
    assert_eq!(
        told,
        [
            r#"disks/DiskFilling{host="a"} {alertname="DiskFilling", host="a", severity="critical", team="storage"}"#
        ]
    );
    assert_eq!(events[0].annotations.get("value"), "0.99", "the worst counts");
    let samples = [sample("a", "1", 0.1), sample("a", "2", 0.9)];
    let events = state.observe(Timestamp(1), &samples);
    assert_eq!(events[0].labels.get("severity"), "warning");
}

#[test]
fn a_forecast_says_when_the_limit_is_reached() {
    let limit = ">= 1".parse().unwrap();
    let forecast = Forecast { limit, within: Span::days(14), critical_within: Some(Span::days(1)) };
    let rule = PollRule {
        name: CAPACITY_FORECAST.to_owned(),
        test: Test::Forecast(forecast),
        ..rule("0", "0")
    };
    let mut state = state(vec![rule]);
    let trend = Trend { slope: 0.01 / 86_400_000.0, fit: 0.9 };
    let mut sample = Sample::new(Labels::new([("disk", "a")]), 0.9);
    assert!(state.observe(Timestamp(0), std::slice::from_ref(&sample)).is_empty());
    sample.trend = Some(trend);
    let events = state.observe(Timestamp(1), std::slice::from_ref(&sample));
    let event = &events[0];
    assert_eq!(&*event.key, r#"disks/capacity_forecast{disk="a"}"#);
    assert_eq!([event.labels.get("eta"), event.labels.get("severity")], ["10d", "warning"]);
    assert_eq!(event.annotations.get("eta"), "about 10 days");
    // Without a line it cannot be told; with one that fits badly, it is over.
    sample.trend = None;
    assert!(state.observe(Timestamp(2), std::slice::from_ref(&sample)).is_empty());
    sample.trend = Some(Trend { fit: 0.5, ..trend });
    let events = state.observe(Timestamp(3), &[sample]);
    assert_eq!(events[0].signal, Signal::Resolved);
    assert_eq!(events[0].labels.get("eta"), "10d", "the alert that ends is the one that began");
}

#[test]
fn an_unusual_value_says_what_is_usual() {
    let baseline =
        Baseline { deviations: 6.0, min_deviation: 0.0, side: Side::Both, critical: true };
    let rule = PollRule { test: Test::Baseline(baseline), ..rule("0", "0") };
    let mut state = state(vec![rule]);
    let mut sample = Sample::new(Labels::new([("disk", "a")]), 0.99);
    assert!(state.observe(Timestamp(0), std::slice::from_ref(&sample)).is_empty());
    sample.norm = Some(Norm { median: 0.5, mad: 0.01 });
    let events = state.observe(Timestamp(0), &[sample]);
    let said = ["usual", "mad", "value"].map(|name| events[0].annotations.get(name));
    assert_eq!(said, ["0.5", "0.01", "0.99"]);
    assert_eq!(events[0].labels.get("severity"), "critical");
}

#[test]
fn a_poll_goes_on_after_a_reload_if_its_rules_are_the_same() {
    let mut before = state(vec![rule("5m", "1m")]);
    play(&mut before, "0 a=0.9");
    let mut same = state(vec![rule("5m", "1m")]);
    assert!(same.inherit(before.clone()));
    check(&mut same, "5 a=0.9", "5 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 0\n");
    let mut other = state(vec![rule("4m", "1m")]);
    assert!(!other.inherit(before));
    check(&mut other, "5 a=0.9", "");
}

#[test]
fn an_alert_without_words_says_what_was_measured_and_where() {
    let bare = |test| PollRule { annotations: Labels::default(), test, ..rule("0", "0") };
    let labels = || Labels::new([("disk", "sda"), ("host", "a")]);
    let said = |rule: PollRule, sample: Sample| {
        let events = state(vec![rule]).observe(Timestamp(0), &[sample]);
        events[0].annotations.get("summary").to_owned()
    };
    let high = || bare(Test::Bounds(bounds(">= 0.85", ">= 0.95")));
    assert_eq!(said(high(), Sample::new(labels(), 0.9)), "DiskFilling is 0.9 (sda, a)");
    assert_eq!(said(high(), Sample::new(Labels::default(), 0.9)), "DiskFilling is 0.9");
    assert_eq!(said(rule("0", "0"), Sample::new(labels(), 0.9)), "filling up");
    let notes = Labels::new([("output", "DISK WARNING")]);
    let words = said(high(), Sample { notes, ..Sample::new(labels(), 0.9) });
    assert_eq!(words, "DiskFilling: DISK WARNING (sda, a)");
    let down = Sample::measure("up", Some(0.9)).noting("error", "no route to host");
    assert_eq!(said(high(), down), "DiskFilling: no route to host");
    let limit = ">= 1".parse().unwrap();
    let forecast = || Forecast { limit, within: Span::days(14), critical_within: None };
    for (value, expected) in [
        (0.9, "DiskFilling reaches its limit in about 10 days: 0.9 (sda, a)"),
        (1.0, "DiskFilling has reached its limit: 1 (sda, a)"),
    ] {
        let trend = Some(Trend { slope: 0.01 / 86_400_000.0, fit: 0.9 });
        let sample = Sample { trend, ..Sample::new(labels(), value) };
        assert_eq!(said(bare(Test::Forecast(forecast())), sample), expected);
    }
}
