//! A receiver that fails in every way there is still hears everything, and nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::daemon::Home;
use crate::sink::{Heard, Reply, Sink};
use crate::until::{pause, until};

fn config(url: &str) -> String {
    format!(
        "
route: {{ receiver: team, group_by: [incident], group_wait: 0s }}
receivers:
  - name: team
    webhook_configs: [ {{ url: '{url}/webhook', timeout: 1s }} ]
    slack_configs: [ {{ api_url: '{url}/slack', send_resolved: true, timeout: 1s }} ]
defaults: {{ resolve_after: 0s }}
"
    )
}

/// Lets a receiver answer the script before it takes anything, and checks that both of its channels
/// hear of the beginning and of the end of an incident, each once.
fn check(script: &[Reply], pause_min: Duration) {
    let sink = Sink::start(script);
    let home = Home::new(&config(sink.url()));
    let daemon = home.start();
    let labels = json!({ "alertname": "Full", "service": "shop", "severity": "critical" });
    daemon.api().fire(&labels);
    until("both channels have heard", || (taken(&sink).len() == 2).then_some(()));
    daemon.api().resolve(&labels);
    until("both channels have heard of the end", || (taken(&sink).len() == 4).then_some(()));
    until("nothing waits", || daemon.api().list("notifications", "").is_empty().then_some(()));
    let line = daemon.until_log("msg=notified");
    assert!(line.contains("level=info") && line.contains("attempt="), "{line}");
    // Whatever is said once too often would be said at once.
    pause(Duration::from_millis(300));

    let heard = sink.heard();
    assert_eq!(heard.len(), script.len() + 4, "{heard:#?}");
    for path in ["/webhook", "/slack"] {
        let told: Vec<_> =
            heard.iter().filter(|heard| heard.is_taken() && heard.path == path).collect();
        assert_eq!(
            told.iter().map(|heard| event(&heard.body)).collect::<Vec<_>>(),
            ["firing", "resolved"]
        );
        let attempts: Vec<_> = heard.iter().filter(|heard| heard.path == path).collect();
        let first: Vec<_> = attempts.iter().filter(|heard| heard.key == told[0].key).collect();
        assert_eq!(first.len(), attempts.len() - 1, "every attempt has the key of its decision");
        for pair in first.windows(2) {
            assert!(pair[1].at - pair[0].at >= pause_min, "{pair:#?}");
        }
    }
    let keys: BTreeSet<_> = taken(&sink).into_iter().map(|heard| heard.key).collect();
    assert_eq!(keys.len(), 4, "one key, one decision");
    assert!(keys.iter().all(|key| !key.is_empty()));
}

#[test]
fn a_receiver_that_is_unavailable_hears_everything_once_it_is_back() {
    check(&[Reply::Status(503); 2], Duration::from_secs(4));
}

#[test]
fn a_receiver_that_asks_for_time_is_given_it() {
    check(&[Reply::Slower(7); 2], Duration::from_millis(6900));
}

#[test]
fn a_receiver_that_hangs_is_left_after_its_timeout_and_tried_again() {
    check(&[Reply::Hang; 2], Duration::from_secs(5));
}

#[test]
fn a_receiver_that_fails_again_and_again_hears_everything_in_the_end() {
    use Reply::{Hang, Slower, Status};
    check(&[Status(503), Status(502), Slower(1), Hang], Duration::from_secs(4));
}

#[test]
fn what_ended_while_nobody_could_be_told_is_not_told() {
    let sink = Sink::start(&[Reply::Status(503); 2]);
    let home = Home::new(&config(sink.url()));
    let daemon = home.start();
    let labels = json!({ "alertname": "Blip", "service": "shop", "severity": "critical" });
    daemon.api().fire(&labels);
    until("both attempts have failed", || (sink.heard().len() == 2).then_some(()));
    daemon.api().resolve(&labels);
    daemon.api().until_state("INC-1", "resolved");
    until("nothing waits", || daemon.api().list("notifications", "").is_empty().then_some(()));
    assert_eq!(taken(&sink).len(), 0, "{:#?}", sink.heard());
}

#[test]
fn a_receiver_that_refuses_is_reported_and_other_receivers_still_hear() {
    let (sink, admins) = (Sink::start(&[Reply::Status(404)]), Sink::start(&[]));
    let home = Home::new(&format!(
        "
route:
  receiver: team
  group_by: [incident]
  group_wait: 0s
  routes: [ {{ receiver: admins, matchers: ['alertname=\"NotificationRefused\"'] }} ]
receivers:
  - name: team
    webhook_configs: [ {{ url: '{}' }} ]
  - name: admins
    webhook_configs: [ {{ url: '{}' }} ]
admins: {{ receiver: admins }}
",
        sink.url(),
        admins.url()
    ));
    let daemon = home.start();
    daemon.api().fire(&json!({ "alertname": "Full", "service": "shop", "severity": "critical" }));
    let told = until("the admins are told", || admins.taken().into_iter().next());
    let summary = told["alerts"][0]["annotations"]["summary"].as_str().unwrap().to_owned();
    assert!(summary.contains("team/webhook[0]") && summary.contains("404"), "{summary}");
    let line = daemon.until_log("failed to notify");
    assert!(line.contains("level=warn") && line.contains("404"), "{line}");
}

fn taken(sink: &Sink) -> Vec<Heard> {
    sink.heard().into_iter().filter(Heard::is_taken).collect()
}

/// What a webhook or a chat was told.
fn event(body: &Value) -> &'static str {
    let colours: BTreeMap<_, _> = [("danger", "firing"), ("good", "resolved")].into();
    match body["status"].as_str() {
        Some("firing") => "firing",
        Some("resolved") => "resolved",
        _ => {
            let colour = body["attachments"][0]["color"].as_str().unwrap_or_default();
            colours.get(colour).copied().unwrap_or("neither")
        }
    }
}
