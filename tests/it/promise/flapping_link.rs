//! A link that goes up and down all night is one incident and three messages (scenario S5).

use std::fmt::Write;

use super::{check, settings_with_rules, show};

const MAIN: &str = "
route: { receiver: net, group_by: [incident], group_wait: 30s }
receivers:
  - name: net
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";

const RULES: &str = "
incident:
  - name: links
    match: ['alertname=\"LinkDown\"']
    pending_for: 60s
    priority: 3
";

#[test]
fn twenty_four_changes_make_one_incident_and_three_messages() {
    let mut script = String::new();
    for change in 0..24 {
        let verb = if change % 2 == 0 { "fire" } else { "resolve" };
        let at = change * 100;
        writeln!(script, "{at}s {verb} alertname=LinkDown link=dc1-dc2 severity=warning").unwrap();
    }
    script += "3h tick\n";
    let world = check(
        &settings_with_rules(MAIN, RULES),
        &script,
        "
        1m30s told net/webhook[0]: INC-1 P3 opened
        8m20s told net/webhook[0]: INC-1 P3 flapping
        58m20s told net/webhook[0]: INC-1 P3 resolved
        ",
    );
    let incident = show(&world, "incident", "INC-1");
    assert_eq!(incident["reopened"], 0);
    assert_eq!(incident["resolution"]["code"], "auto_recovered");
    assert_eq!(incident["alert_count"], 1);
    assert!(show(&world, "incident", "INC-2").is_null());
}

/// The body is the same each time; what counts is that the condition came back.
#[test]
fn equal_bodies_within_twenty_seconds_are_two_onsets() {
    let settings = super::settings(
        "
route: { receiver: net, group_wait: 0s }
receivers: [ { name: net } ]
",
    );
    let world = check(
        &settings,
        "
        0s  fire    alertname=Door severity=warning
        10s resolve alertname=Door severity=warning
        20s fire    alertname=Door severity=warning
        ",
        "",
    );
    let alert = show(&world, "alert", "ALR-1");
    assert_eq!((&alert["state"], &alert["events"]), (&"firing".into(), &2.into()));
    assert_eq!((world.tally.new, world.tally.resolved), (2, 1));
}
