//! What polls make of their samples, minute by minute.

use std::fmt::Write as _;

use super::*;

fn rule(for_: &str, clear_for: &str) -> PollRule {
    PollRule {
        name: "DiskFilling".to_owned(),
        only: Labels::default(),
        labels: Labels::new([("team", "storage")]),
        annotations: Labels::new([("summary", "filling up")]),
        warn: Some(">= 0.85".parse().unwrap()),
        critical: Some(">= 0.95".parse().unwrap()),
        for_: for_.parse().unwrap(),
        clear_for: clear_for.parse().unwrap(),
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
        let samples: Vec<(Labels, f64)> = words
            .clone()
            .filter_map(|word| word.split_once('='))
            .map(|(series, value)| (Labels::new([("disk", series)]), value.parse().unwrap()))
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
            let _ = writeln!(told, "{minute} {signal} {key} {severity} {value} since {since}");
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
10 resolved disks/DiskFilling{disk=\"a\"} warning  since 0
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
7 resolved disks/DiskFilling{disk=\"a\"} warning  since 0
";
    check(&mut state(vec![rule("0", "0")]), script, expected);
}

#[test]
fn an_alert_from_before_a_restart_is_ended() {
    let mut before = state(vec![rule("0", "1m")]);
    let fired = before.observe(Timestamp(0), &[(Labels::new([("disk", "a")]), 0.99)]);
    let mut after = state(vec![rule("0", "1m")]);
    assert!(after.resume(&fired[0].key, &fired[0].labels, fired[0].starts_at));
    assert_eq!(after, before);
    assert!(after.resume("disks/PollFailed", &Labels::default(), Timestamp(0)));
    assert!(!after.resume("disks/DiskFillingFast{}", &Labels::default(), Timestamp(0)));
    let expected = "\
5 resolved disks/PollFailed warning  since 0
7 resolved disks/DiskFilling{disk=\"a\"} critical  since 0
";
    check(&mut after, "5 a=0.1\n7 a=0.1", expected);
}

#[test]
fn rules_look_at_their_series_only_and_the_metric_name_is_no_label() {
    let mut slow = rule("0", "0");
    slow.only = Labels::new([("measure", "latency_ms")]);
    let mut state = state(vec![slow]);
    let sample =
        |measure, name, value| (Labels::new([("measure", measure), ("__name__", name)]), value);
    let samples =
        [sample("latency_ms", "x", 0.9), sample("latency_ms", "y", 1.0), sample("up", "x", 1.0)];
    let events = state.observe(Timestamp(0), &samples);
    let labels: Vec<String> = events.iter().map(|event| event.labels.to_string()).collect();
    assert_eq!(
        labels,
        [r#"{alertname="DiskFilling", measure="latency_ms", severity="critical", team="storage"}"#]
    );
}
