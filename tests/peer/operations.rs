//! What an operator does to the daemon: start it wrongly, break its files, stop it.

use std::net::UdpSocket;

use serde_json::{Value, json};

use crate::daemon::{Daemon, Home, size};
use crate::sink::{Reply, Sink};
use crate::until::until;

const CONFIG: &str = "
route: { receiver: team, group_by: [incident], group_wait: 0s }
receivers: [ { name: team } ]
defaults: { resolve_after: 0s }
";

const BROKEN: &str = "
route: { receiver: tem }
receivers: [ { name: team } ]
";

#[test]
fn wrong_flags_and_files_end_the_program_with_words_that_help() {
    let home = Home::new(CONFIG);
    let version = home.task(&["--version"]);
    let first = concat!("incidentd, version ", env!("CARGO_PKG_VERSION"), " (");
    assert!(version.code == Some(0) && version.out.starts_with(first), "{version:?}");
    let flag = home.run(&["--config.fle=x"]);
    assert_eq!(flag.code, Some(2), "{flag:?}");
    assert!(flag.err.contains("--config.file"), "{}", flag.err);

    home.write("incidentd.yaml", BROKEN);
    let broken = home.run(&[]);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(
        broken
            .err
            .contains("incidentd.yaml:2:20: there is no receiver `tem`; did you mean `team`?"),
        "{}",
        broken.err
    );
    assert!(!home.path("data").exists(), "a program that cannot start leaves nothing behind");

    std::fs::remove_file(home.path("incidentd.yaml")).unwrap();
    let missing = home.run(&[]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.err.contains("incidentd.yaml: cannot be read"), "{}", missing.err);
}

#[test]
fn what_is_in_use_already_is_named() {
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let store = home.run(&[]);
    assert_eq!(store.code, Some(1), "{store:?}");
    assert!(
        store.err.contains("data/store.lock` is in use: stop the other process"),
        "{}",
        store.err
    );
    let fsck = home.task(&["fsck", "--storage.path", "data"]);
    assert_eq!(fsck.code, Some(1), "{fsck:?}");

    let address = format!("--web.listen-address={}", daemon.address());
    let port = home.run(&["--storage.path=other", &address]);
    assert_eq!(port.code, Some(1), "{port:?}");
    assert!(port.err.contains(daemon.address()) && port.err.contains("in use"), "{}", port.err);
    assert_eq!(daemon.api().get("/-/healthy").status, 200, "the first one goes on");

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = socket.local_addr().unwrap();
    let sources = format!("sources: {{ edge: {{ type: syslog, listen: {{ udp: '{taken}' }} }} }}");
    home.write("incidentd.yaml", &format!("{CONFIG}{sources}\n"));
    let source = home.run(&["--storage.path=other"]);
    assert_eq!(source.code, Some(1), "{source:?}");
    let why =
        format!("failed to listen on `udp/{taken}` for the source edge: Address already in use");
    assert!(source.err.contains(&why), "{}", source.err);
}

#[test]
fn a_broken_file_on_reload_leaves_the_rules_in_force_and_is_an_incident_until_it_is_mended() {
    let home = Home::new(CONFIG);
    let mut daemon = home.start();
    let hash = |status: &Value| status["config_hash"].as_str().unwrap().to_owned();
    let status = |daemon: &Daemon| daemon.api().get("/api/itsm/v1/status").json();
    let before = hash(&status(&daemon));

    home.write("incidentd.yaml", BROKEN);
    let refused = daemon.api().post("/-/reload", &Value::Null);
    assert_eq!(refused.status, 500, "{refused:?}");
    assert!(
        refused.text.contains("incidentd.yaml:2:20: there is no receiver `tem`"),
        "{refused:?}"
    );
    assert_eq!(hash(&status(&daemon)), before);
    let incident = daemon.api().incident("INC-1");
    assert_eq!(incident["state"], "new");
    assert_eq!(incident["labels"]["alertname"], "ConfigurationInvalid");
    assert!(incident["title"].as_str().unwrap().contains("incidentd.yaml:2:20"), "{incident}");
    assert!(
        daemon
            .api()
            .get("/metrics")
            .text
            .contains("\nalertmanager_config_last_reload_successful 0")
    );
    let line = daemon.until_log("the rules in force stay");
    assert!(line.contains("level=error"), "{line}");
    daemon.api().fire(&json!({ "alertname": "StillThere", "severity": "critical" }));
    assert_eq!(daemon.api().incident("INC-2")["state"], "new", "alerts are taken all the same");

    home.write("incidentd.yaml", &CONFIG.replace("resolve_after: 0s", "resolve_after: 1ms"));
    daemon.signal("HUP");
    daemon.until_log("Completed loading of configuration file");
    daemon.api().until_state("INC-1", "resolved");
    assert_ne!(hash(&status(&daemon)), before);
    assert!(
        daemon
            .api()
            .get("/metrics")
            .text
            .contains("\nalertmanager_config_last_reload_successful 1")
    );

    home.write("incidentd.yaml", BROKEN);
    daemon.signal("HUP");
    until("a signal tells of a broken file, too", || {
        (daemon.api().list("incidents", "state=open").len() == 2).then_some(())
    });
    home.write("incidentd.yaml", CONFIG);
    assert_eq!(daemon.api().post("/-/reload", &Value::Null).status, 200);
    assert_eq!(hash(&status(&daemon)), before, "the same file has the same hash");
}

#[test]
fn a_daemon_that_is_told_to_stop_finishes_what_it_has_begun() {
    let sink = Sink::start(&[Reply::Status(200)]);
    let home = Home::new(&format!(
        "
route: {{ receiver: team, group_by: [incident], group_wait: 0s }}
receivers: [ {{ name: team, webhook_configs: [ {{ url: '{}' }} ] }} ]
",
        sink.url()
    ));
    let daemon = home.start();
    daemon.api().fire(&json!({ "alertname": "Full", "severity": "critical" }));
    let (status, log) = daemon.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("msg=Stopping") && log.contains("msg=Stopped"), "{log}");
    assert!(!log.contains("level=warn") && !log.contains("level=error"), "{log}");

    let daemon = home.start();
    until("the message has come, before the stop or after it", || {
        (!sink.heard().is_empty()).then_some(())
    });
    until("nothing waits", || daemon.api().list("notifications", "").is_empty().then_some(()));
    assert_eq!(sink.heard().len(), 1);
    assert_eq!(daemon.api().incident("INC-1")["state"], "new");
}

#[test]
fn the_end_of_what_never_began_costs_no_store() {
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let resolved = |n: u32| json!({ "labels": { "alertname": "Unheard", "instance": n.to_string() }, "endsAt": "2026-01-01T00:00:00Z" });
    let commits = || daemon.api().get("/api/itsm/v1/status").json()["store"]["commits"].clone();
    // The first word of a source is worth noting.
    daemon.api().fire(&json!({ "alertname": "Heard" }));
    let before = (commits(), size(&home.path("data")));
    for batch in 0..50 {
        let alerts: Vec<_> = (0..100).map(|n| resolved(batch * 100 + n)).collect();
        daemon.api().alerts(&alerts.into());
    }
    assert_eq!((commits(), size(&home.path("data"))), before);
    assert_eq!(daemon.api().list("alerts", "").len(), 1);
}
