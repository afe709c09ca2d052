//! The life of an incident: who may do what, and what comes back when.

use super::{check, settings, settings_with_rules, show, state};

const MAIN: &str = "
route: { receiver: ops, group_by: [incident], group_wait: 30s }
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";

#[test]
fn a_relapse_at_the_last_second_cancels_recovery() {
    check(
        &settings(MAIN),
        "
        0s     fire    alertname=Disk severity=warning
        10m    resolve alertname=Disk severity=warning
        14m59s fire    alertname=Disk severity=warning
        20m    resolve alertname=Disk severity=warning
        30m    tick
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        25m told ops/webhook[0]: INC-1 P5 resolved
        ",
    );
}

#[test]
fn what_comes_back_soon_is_reopened_and_later_it_is_a_new_one() {
    let world = check(
        &settings(MAIN),
        "
        0s     fire    alertname=Disk severity=warning
        1m     resolve alertname=Disk severity=warning
        36m    fire    alertname=Disk severity=warning
        37m    resolve alertname=Disk severity=warning
        72m1s  fire    alertname=Disk severity=warning
        73m    tick
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        6m told ops/webhook[0]: INC-1 P5 resolved
        36m told ops/webhook[0]: INC-1 P5 reopened
        42m told ops/webhook[0]: INC-1 P5 resolved
        1h12m31s told ops/webhook[0]: INC-2 P5 opened, 2nd in 30 d, last INC-1
        ",
    );
    assert_eq!(show(&world, "incident", "INC-1")["reopened"], 1);
    assert_eq!(show(&world, "incident", "INC-2")["recurrence_of"], "INC-1");
}

#[test]
fn a_resolved_incident_closes_after_three_days_for_good() {
    let world = check(
        &settings(MAIN),
        "
        0s     fire    alertname=Disk severity=warning
        1m     resolve alertname=Disk severity=warning
        73h    reopen INC-1
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        6m told ops/webhook[0]: INC-1 P5 resolved
        73h refused: INC-1 is closed: cannot reopen; allowed now: note, prioritise
        ",
    );
    assert_eq!(state(&world, "INC-1"), "closed");
    assert_eq!(world.engine().state().notification.groups().count(), 0, "nothing is left to say");
}

#[test]
fn a_short_blip_is_no_incident() {
    let settings = settings_with_rules(MAIN, "incident: [ { pending_for: 60s } ]");
    let world = check(
        &settings,
        "
        0s  fire    alertname=Blip severity=critical
        59s resolve alertname=Blip severity=critical
        5m  tick
        ",
        "",
    );
    assert_eq!(state(&world, "INC-1"), "discarded");
}

#[test]
fn human_beats_machine() {
    let world = check(
        &settings(MAIN),
        r#"
        0s  fire alertname=Disk cluster=a severity=warning
        1m  prioritise INC-1 priority=4 reason="only the test shop"
        2m  fire alertname=Disk cluster=a host=b severity=critical
        3m  prioritise INC-1 priority=1
        "#,
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        1m told ops/webhook[0]: INC-1 P4 priority raised
        3m invalid: reason: is required: why
        ",
    );
    let incident = show(&world, "incident", "INC-1");
    assert_eq!(incident["priority"], 4, "a person has said so");
    assert_eq!(incident["severity"], "critical", "and yet it is known how bad it is");
}

#[test]
fn a_worse_alert_makes_it_more_urgent() {
    check(
        &settings(MAIN),
        "
        0s  fire alertname=Disk cluster=a impact=2 severity=warning
        2m  fire alertname=Disk cluster=a host=b severity=critical
        ",
        "
        30s told ops/webhook[0]: INC-1 P4 opened
        2m told ops/webhook[0]: INC-1 P2 priority raised
        ",
    );
}

#[test]
fn the_worst_are_not_resolved_without_a_word() {
    check(
        &settings(MAIN),
        r#"
        0s  fire alertname=Down impact=1 severity=critical
        1m  acknowledge INC-1 by=dora
        2m  resolve INC-1 code=fixed by=dora
        3m  resolve INC-1 code=fixed note="replaced the disk" by=dora
        4m  acknowledge INC-1 by=dora
        "#,
        "
        0s told ops/webhook[0]: INC-1 P1 opened
        1m told ops/webhook[0]: INC-1 P1 acknowledged
        2m refused: note: say what was done: a P1 is not resolved without a note
        3m told ops/webhook[0]: INC-1 P1 resolved
        4m refused: INC-1 is resolved: cannot acknowledge; allowed now: reopen, note, prioritise
        ",
    );
}

#[test]
fn a_merge_can_be_undone_for_a_day() {
    let world = check(
        &settings(MAIN),
        "
        0s   fire alertname=Db severity=warning
        0s   fire alertname=Web severity=warning
        5m   merge INC-2 into=INC-1
        6m   merge INC-1 into=INC-2
        7m   merge INC-1 into=INC-1
        10m  resolve alertname=Db severity=warning
        20m  unmerge INC-2
        30m  tick
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        30s told ops/webhook[0]: INC-2 P5 opened
        5m told ops/webhook[0]: INC-2 P5 withdrawn
        6m refused: INC-2 is merged: cannot merge; allowed now: unmerge, note, prioritise
        7m refused: into: an incident cannot be merged into itself
        20m30s told ops/webhook[0]: INC-2 P5 opened
        25m told ops/webhook[0]: INC-1 P5 resolved
        ",
    );
    assert_eq!(
        (state(&world, "INC-1"), state(&world, "INC-2")),
        ("resolved".into(), "in_progress".into())
    );

    let world = check(
        &settings(MAIN),
        "
        0s      fire alertname=Db severity=warning
        0s      fire alertname=Web severity=warning
        5m      merge INC-2 into=INC-1
        24h6m   unmerge INC-2
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        30s told ops/webhook[0]: INC-2 P5 opened
        5m told ops/webhook[0]: INC-2 P5 withdrawn
        4h30s told ops/webhook[0]: INC-1 P5 still open
        8h30s told ops/webhook[0]: INC-1 P5 still open
        12h30s told ops/webhook[0]: INC-1 P5 still open
        16h30s told ops/webhook[0]: INC-1 P5 still open
        20h30s told ops/webhook[0]: INC-1 P5 still open
        24h30s told ops/webhook[0]: INC-1 P5 still open
        24h6m refused: id: a merge can be undone for 24 hours; open a new incident
        ",
    );
    assert_eq!(show(&world, "incident", "INC-1")["alert_count"], 2);
}

#[test]
fn a_merge_is_undone_through_further_merges() {
    let world = check(
        &settings(MAIN),
        "
        0s   fire alertname=A severity=warning
        0s   fire alertname=B severity=warning
        0s   fire alertname=C severity=warning
        1s   merge INC-1 into=INC-2
        2s   merge INC-2 into=INC-3
        3s   unmerge INC-1
        4s   resolve alertname=A severity=warning
        10m  tick
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        30s told ops/webhook[0]: INC-3 P5 opened
        5m4s told ops/webhook[0]: INC-1 P5 resolved
        ",
    );
    assert_eq!(state(&world, "INC-1"), "resolved", "its own alert is clear");
    assert_eq!(show(&world, "incident", "INC-3")["alert_count"], 2);
}

#[test]
fn work_waits_until_it_need_not() {
    let world = check(
        &settings(MAIN),
        "
        0s  fire alertname=Disk severity=warning
        1m  hold INC-1 reason=awaiting_vendor until=2026-01-01T01:00:00Z
        2m  hold INC-1 reason=awaiting_vendor
        3m  cancel INC-1 reason=test
        60m tick
        61m hold INC-1 reason=awaiting_change until=2026-01-01T00:00:00Z
        62m hold INC-1 reason=awaiting_change
        63m resume INC-1
        64m resume INC-1
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        2m refused: INC-1 is on_hold: cannot hold; allowed now: assign, resume, resolve, merge, note, prioritise
        3m refused: INC-1 is on_hold: cannot cancel; allowed now: assign, resume, resolve, merge, note, prioritise
        1h1m refused: until: must lie ahead
        1h4m refused: INC-1 is in_progress: cannot resume; allowed now: assign, hold, resolve, merge, cancel, note, prioritise
        ",
    );
    assert_eq!(state(&world, "INC-1"), "in_progress");
}

#[test]
fn what_was_none_is_cancelled_and_said_to_be_withdrawn() {
    let world = check(
        &settings(MAIN),
        "
        0s  fire   alertname=Drill severity=warning
        1m  cancel INC-1 reason=test
        2m  resolve alertname=Drill severity=warning
        3m  fire   alertname=Drill severity=warning
        4m  acknowledge INC-9
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        1m told ops/webhook[0]: INC-1 P5 withdrawn
        3m30s told ops/webhook[0]: INC-2 P5 opened
        4m refused: there is no INC-9
        ",
    );
    assert_eq!(state(&world, "INC-1"), "cancelled");
    let problem = world.engine().state().problem.signature_of("INC-1".parse().unwrap());
    assert_eq!(problem, None, "a drill does not count");
}

#[test]
fn who_is_on_it_is_not_reminded() {
    check(
        &settings(MAIN),
        "
        0s  fire alertname=Disk severity=warning
        5h  acknowledge INC-1
        24h tick
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        4h30s told ops/webhook[0]: INC-1 P5 still open
        5h told ops/webhook[0]: INC-1 P5 acknowledged
        ",
    );
}

#[test]
fn an_alert_that_has_gone_on_to_another_incident_stays_there() {
    let yaml = format!("{MAIN}\ndefaults: {{ reopen_window: 1m, refire_window: 10m }}");
    let world = check(
        &settings(&yaml),
        "
        0s  fire    alertname=Disk severity=warning
        1m  resolve alertname=Disk severity=warning
        2m  resolve INC-1
        5m  fire    alertname=Disk severity=warning
        6m  reopen INC-1
        10m tick
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        2m told ops/webhook[0]: INC-1 P5 resolved
        5m30s told ops/webhook[0]: INC-2 P5 opened, 2nd in 30 d, last INC-1
        6m told ops/webhook[0]: INC-1 P5 reopened
        ",
    );
    let firing = |id| show(&world, "incident", id)["firing_count"].clone();
    assert_eq!((firing("INC-1"), firing("INC-2")), (0.into(), 1.into()));
}

#[test]
fn an_unmerged_incident_that_is_clear_recovers_by_itself() {
    check(
        &settings(MAIN),
        "
        0s  fire    alertname=A severity=warning
        0s  fire    alertname=B severity=warning
        1m  resolve alertname=A severity=warning
        2m  merge INC-1 into=INC-2
        3m  unmerge INC-1
        20m tick
        ",
        "
        30s told ops/webhook[0]: INC-1 P5 opened
        30s told ops/webhook[0]: INC-2 P5 opened
        2m told ops/webhook[0]: INC-1 P5 withdrawn
        3m30s told ops/webhook[0]: INC-1 P5 opened
        8m told ops/webhook[0]: INC-1 P5 resolved
        ",
    );
}

/// Words that were overtaken on their way change nothing.
#[test]
fn an_old_word_is_no_news() {
    use incidentd::domain::event::{Ends, Event, Signal};
    use incidentd::domain::value::{Labels, Span};
    use incidentd::engine::Input;
    use incidentd::engine::scenario::{START, World};

    // A plain `alertmanager.yml` follows Alertmanager, which ends the alert.
    let ours = format!("{MAIN}\ndefaults: {{ team: ops }}");
    let mut world = World::new(settings(&ours));
    let mut say = |minute, signal, since| {
        let (at, since) = (START + Span::minutes(minute), START + Span::minutes(since));
        let ends = match signal {
            Signal::Firing => Ends::Never,
            Signal::Resolved => Ends::At(since),
        };
        let event = Event {
            source: "test".into(),
            signal,
            labels: Labels::new([("alertname", "Disk")]),
            annotations: Labels::default(),
            url: Box::default(),
            key: Box::default(),
            starts_at: since,
            ends,
        };
        world.pass_until(at);
        world.step(at, Input::Events(vec![event]));
        (show(&world, "alert", "ALR-1")["state"].as_str().unwrap().to_owned(), world.tally.stale)
    };
    assert_eq!(say(0, Signal::Firing, 0), ("firing".to_owned(), 0));
    assert_eq!(say(4, Signal::Resolved, 4), ("resolved".to_owned(), 0));
    assert_eq!(say(5, Signal::Firing, 1), ("resolved".to_owned(), 1), "from before the end");
    assert_eq!(say(6, Signal::Firing, 6), ("firing".to_owned(), 1));
    assert_eq!(say(7, Signal::Resolved, 4), ("firing".to_owned(), 2), "the end before that");
}
