//! Which alerts make one incident: windows, thresholds, shadows, and two sources on one host.

use std::fmt::Write;
use std::sync::Arc;

use super::{check, settings_with_rules, show, state};
use incidentd::domain::Settings;

const MAIN: &str = "
route: { receiver: ops }
receivers: [ { name: ops } ]
sources:
  zabbix: { type: auto }
  prom: { type: prometheus, resend: 1m }
";

fn rules(correlate: &str) -> Arc<Settings> {
    settings_with_rules(MAIN, correlate)
}

#[test]
fn four_hundred_hosts_behind_one_switch_are_one_incident_and_one_page() {
    let yaml = "
route: { receiver: net, group_by: [incident], group_wait: 30s }
receivers:
  - name: net
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";
    let settings = settings_with_rules(
        yaml,
        "
correlate: [ { name: by switch, by: [switch], match: ['switch!=\"\"'], window: 15m } ]
incident: [ { pending_for: 60s, impact: 2, urgency: 1, match: ['switch!=\"\"'] } ]
resolve: [ { match: ['priority=~\"1|2\"'], after: never } ]
",
    );
    let mut script = String::new();
    let mut line = |at: &str, verb: &str, host: u32| {
        writeln!(
            script,
            "{at} {verb} alertname=HostDown instance=h{host:03} switch=sw-acc-7 severity=critical"
        )
        .unwrap();
    };
    for (at, first) in [("30s", 0), ("45s", 100), ("60s", 200), ("75s", 300)] {
        (first..first + 100).for_each(|host| line(at, "fire", host));
    }
    (0..400).for_each(|host| line("27m30s", "resolve", host));
    script += "36m resolve INC-1 code=fixed note=\"power was back\" by=ada\n";
    let world = super::check_once(
        &settings,
        &script,
        "
        2m told net/webhook[0]: INC-1 P2 opened
        27m30s told net/webhook[0]: INC-1 P2 recovered
        36m told net/webhook[0]: INC-1 P2 resolved
        ",
    );
    assert_eq!(world.engine().state().event.len(), 400);
    assert_eq!(world.engine().state().incident.iter().count(), 1);
}

#[test]
fn a_window_slides_and_a_span_does_not() {
    let settings = rules("correlate: [ { name: r, by: [cluster], window: 10m, max_span: 25m } ]");
    let world = check(
        &settings,
        "
        0m      fire alertname=A cluster=x
        10m     fire alertname=B cluster=x
        20m     fire alertname=C cluster=x
        25m1s   fire alertname=D cluster=x
        40m     fire alertname=E cluster=x
        ",
        "",
    );
    let count = |id| show(&world, "incident", id)["alert_count"].clone();
    assert_eq!((count("INC-1"), count("INC-2"), count("INC-3")), (3.into(), 1.into(), 1.into()));
}

#[test]
fn a_threshold_keeps_an_incident_from_people_until_it_is_reached() {
    let settings = rules("correlate: [ { name: r, by: [cluster], window: 5m, threshold: 3 } ]");
    let world = check(
        &settings,
        "
        0m  fire alertname=A host=1 cluster=x
        1m  fire alertname=A host=2 cluster=x
        2m  fire alertname=A host=3 cluster=x
        2m  fire alertname=A host=1 cluster=y
        3m  fire alertname=A host=2 cluster=y
        9m  tick
        ",
        "",
    );
    assert_eq!(
        (state(&world, "INC-1"), state(&world, "INC-2")),
        ("new".into(), "discarded".into())
    );
}

#[test]
fn create_on_all_wants_alerts_of_different_names() {
    let settings = rules(
        "correlate: [ { name: r, by: [cluster], window: 5m, threshold: 2, create_on: all } ]",
    );
    let world = check(
        &settings,
        "
        0m  fire alertname=A host=1 cluster=x
        1m  fire alertname=A host=2 cluster=x
        2m  fire alertname=A host=1 cluster=y
        3m  fire alertname=B host=1 cluster=y
        ",
        "",
    );
    assert_eq!(
        (state(&world, "INC-1"), state(&world, "INC-2")),
        ("candidate".into(), "new".into())
    );
}

#[test]
fn a_shadow_only_watches_and_a_disabled_rule_does_nothing() {
    for mode in ["shadow", "disabled"] {
        let settings = rules(&format!(
            "correlate: [ {{ name: r, by: [cluster], mode: {mode}, continue: true }}, {{ name: s, by: [host] }} ]"
        ));
        let world = check(
            &settings,
            "
            0m  fire alertname=A host=1 cluster=x
            1m  fire alertname=A host=2 cluster=x
            ",
            "",
        );
        let key = show(&world, "incident", "INC-2")["correlation"]["rule"].clone();
        assert_eq!(key, "s", "{mode}");
    }
}

#[test]
fn two_sources_on_one_host_are_one_incident_that_ends_when_both_say_so() {
    let settings = settings_with_rules(
        MAIN,
        "
dedupe:
  - { match: ['alertname=~\"Unavailable.*|NodeDown\"'], same_as: host_down }
",
    );
    let world = check(
        &settings,
        r#"
        10s    fire    @zabbix alertname="Unavailable by ping" host=DB01 severity=disaster
        55s    fire    @prom   alertname=NodeDown instance=db01.corp:9100 severity=warning
        20m    resolve @zabbix alertname="Unavailable by ping" host=DB01 severity=disaster
        21m    tick
        21m30s resolve @prom   alertname=NodeDown instance=db01.corp:9100 severity=warning
        "#,
        "",
    );
    let incident = show(&world, "incident", "INC-1");
    assert_eq!((&incident["alert_count"], &incident["severity"]), (&2.into(), &"critical".into()));
    assert_eq!(incident["restored_at"], "2026-01-01T00:21:30.000Z");
    assert!(show(&world, "incident", "INC-2").is_null());
}
