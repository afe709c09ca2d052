//! What was answered 200 is there after a kill, however often the process is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Api;
use crate::daemon::Home;
use crate::sink::Sink;
use crate::until::{pause, until};

const SEED: u64 = 0x1_2026_0301;
const ROUNDS: u64 = 6;
const ALERTS_PER_BATCH: u64 = 20;

/// How long a debug build on a busy machine may take from its start to its first answer.
const READY_MAX: Duration = Duration::from_secs(20);

#[test]
fn every_acknowledged_alert_survives_kills_under_load() {
    let sink = Sink::start(&[]);
    let home = Home::new(&format!(
        "
route: {{ receiver: team, group_by: [incident], group_wait: 0s, group_interval: 1s }}
receivers:
  - name: team
    webhook_configs: [ {{ url: '{}' }} ]
defaults: {{ resolve_after: 1s }}
",
        sink.url()
    ));
    let mut random = SEED;
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let daemon = home.start();
        assert!(daemon.took < READY_MAX, "round {round}: ready after {:?}", daemon.took);
        assert_all_there(daemon.api(), &acknowledged);
        if round > 0 {
            // Its last alert ended right before the kill; the wait goes on across it.
            let timer = incident_of(daemon.api(), &format!("timer-{}", round - 1));
            daemon.api().until_state(&timer, "resolved");
        }
        let timer = json!({ "alertname": "Timer", "service": format!("timer-{round}"), "severity": "critical" });
        daemon.api().fire(&timer);

        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let after = Duration::from_millis(100 + (random >> 33) % 900);
        let url = daemon.url();
        let client = std::thread::spawn(move || post_until_it_dies(&url, round));
        pause(after);
        daemon.api().resolve(&timer);
        daemon.kill9();
        acknowledged.extend(client.join().unwrap());
    }
    let daemon = home.start();
    assert_all_there(daemon.api(), &acknowledged);
    assert!(acknowledged.len() as u64 > ROUNDS * ALERTS_PER_BATCH, "there was load");
    until("everything is told", || daemon.api().list("notifications", "").is_empty().then_some(()));
    let incidents = daemon.api().list("incidents", "");
    check_told(&sink, &incidents);
    let services: BTreeSet<_> = incidents
        .iter()
        .map(|incident| &incident["labels"]["service"])
        .map(Value::to_string)
        .collect();
    assert_eq!(services.len(), incidents.len(), "no batch has two incidents");
    let (status, log) = daemon.stop();
    assert!(status.success() && !log.contains("level=error"), "{log}");
    let fsck = home.task(&["fsck", "--storage.path", "data"]);
    assert_eq!(fsck.code, Some(0), "{fsck:?}");
}

/// Posts batches of distinct alerts until no answer comes, and returns the names of those that were
/// answered 200.
fn post_until_it_dies(url: &str, round: u64) -> Vec<String> {
    let api = Api::new(url);
    let mut acknowledged = Vec::new();
    for batch in 0.. {
        let names: Vec<_> = (0..ALERTS_PER_BATCH).map(|n| format!("{round}-{batch}-{n}")).collect();
        let alert = |name: &String| {
            json!({ "labels": {
                "alertname": "Load", "service": format!("load-{round}-{batch}"),
                "severity": "warning", "instance": name,
            } })
        };
        let answer = api.post("/api/v2/alerts", &names.iter().map(alert).collect());
        match answer.status {
            200 => acknowledged.extend(names),
            0 => break,
            _ => panic!("{answer:?}"),
        }
    }
    acknowledged
}

#[track_caller]
fn assert_all_there(api: &Api, acknowledged: &BTreeSet<String>) {
    let alerts = api.get("/api/v2/alerts").json();
    let there: BTreeSet<_> = alerts
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|alert| alert["labels"]["instance"].as_str().map(str::to_owned))
        .collect();
    let lost: Vec<_> = acknowledged.difference(&there).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
}

fn incident_of(api: &Api, service: &str) -> String {
    let found = api.list("incidents", &format!("service={service}"));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]["id"].as_str().unwrap().to_owned()
}

/// Every incident was told, and whatever was told twice bears the number of the first time.
fn check_told(sink: &Sink, incidents: &[Value]) {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for heard in sink.heard() {
        let incident = &heard.body["incident"];
        let decision = format!("{} {}", incident["id"], incident["event"]);
        keys.entry(decision).or_default().insert(heard.key);
    }
    for (decision, keys) in &keys {
        // Alerts that join may be told as they come; the beginning and the end only once.
        if decision.contains("opened") || decision.contains("resolved") {
            assert_eq!(keys.len(), 1, "{decision}: {keys:?}");
        }
    }
    for incident in incidents {
        let opened = format!("{} \"opened\"", incident["id"]);
        assert!(keys.contains_key(&opened), "{opened} is not among {:?}", keys.keys());
    }
}
