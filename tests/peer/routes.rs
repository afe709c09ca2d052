//! `incidentctl` says where alerts go in amtool's words, and tries receivers out.

use std::process::Command;

use serde_json::json;

use crate::daemon::Home;
use crate::program::{self, Said, run};
use crate::sink::{Reply, Sink};

const CONFIG: &str = "
route:
  receiver: default
  group_by: [alertname]
  routes:
    - matchers: [ 'team=\"db\"', 'env!=\"test\"' ]
      receiver: db
      continue: true
      routes: [ { matchers: [ 'severity=\"page\"' ], receiver: pager } ]
    - matchers: [ 'severity=~\"warning|page\"' ]
      receiver: people
receivers:
  - name: default
  - name: db
    webhook_configs: [ { url: '@/db' }, { url: '@/log', send_resolved: false } ]
  - name: pager
  - name: people
";

fn ctl(url: &str, words: &[&str]) -> Said {
    run(Command::new(env!("CARGO_BIN_EXE_incidentctl")).arg("--url").arg(url).args(words))
}

#[test]
fn routes_are_shown_and_tested_as_amtool_does() {
    let Some(amtool) = program::find("amtool") else { return };
    let home = Home::new(&CONFIG.replace('@', "http://127.0.0.1:9"));
    let daemon = home.start();
    let file = format!("--config.file={}", home.path("incidentd.yaml").display());
    for words in [
        &["config", "routes", "show"][..],
        &["config", "routes", "test", "team=db", "severity=page"],
        &["config", "routes", "test", "team=db", "env=test"],
        &[
            "config",
            "routes",
            "test",
            "--verify.receivers=pager,people",
            "team=db",
            "severity=page",
        ],
    ] {
        let theirs = run(Command::new(&amtool)
            .env("HOME", home.path(""))
            .arg("--no-version-check")
            .args(words)
            .arg(&file)
            .env_remove("XDG_CONFIG_HOME"));
        let here: Vec<&str> = words.iter().copied().chain([file.as_str()]).collect();
        for ours in [ctl(&daemon.url(), words), ctl(&daemon.url(), &here)] {
            // amtool draws with spaces that do not break.
            let plain = |text: &str| {
                let text = text.replace('\u{a0}', " ");
                let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
                lines.collect::<Vec<_>>().join("\n")
            };
            assert_eq!(plain(&ours.out), plain(&theirs.out), "{words:?}\n{ours:?}\n{theirs:?}");
            assert_eq!(ours.code == Some(0), theirs.code == Some(0), "{words:?}");
        }
    }
}

#[test]
fn other_receivers_than_those_expected_are_a_failure() {
    let home = Home::new(&CONFIG.replace('@', "http://127.0.0.1:9"));
    let daemon = home.start();
    let said =
        ctl(&daemon.url(), &["config", "routes", "test", "--verify.receivers=db", "team=web"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), "default\n"));
    assert_eq!(said.err, "error: expected receivers db, resolved to default\n");
}

#[test]
fn a_receiver_is_tried_out_and_says_which_integration_failed() {
    let sink = Sink::start(&[Reply::Status(200), Reply::Status(400)]);
    let home = Home::new(&CONFIG.replace('@', sink.url()));
    let daemon = home.start();
    let said = ctl(&daemon.url(), &["receiver", "test", "db", "team=db"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "webhook[0]: delivered", "{said:?}");
    assert!(lines[1].starts_with("webhook[1]: failed: 127.0.0.1 answered 400"), "{said:?}");
    let body = &sink.heard()[0].body;
    assert_eq!(body["status"], "firing");
    assert_eq!(
        body["alerts"][0]["labels"],
        json!({ "alertname": "ReceiverTest", "team": "db" }),
        "what was asked for is what is said"
    );
    let nobody = ctl(&daemon.url(), &["receiver", "test", "dba"]);
    assert!(nobody.err.contains("did you mean `db`?"), "{nobody:?}");
}

#[test]
fn routes_explain_who_hears_of_an_alert_when_and_why_not() {
    let home = Home::new(&CONFIG.replace('@', "http://127.0.0.1:9"));
    let daemon = home.start();
    let said = ctl(&daemon.url(), &["routes", "explain", "team=db", "severity=warning"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for line in [
        "  {}/{env!=\"test\",team=\"db\"}  receiver: db  takes it",
        "  db through webhook[0], webhook[1] (not of its end)",
        "    when: 30s after it fires: a new group (group_wait)",
        "    not told: the receiver has no integration",
    ] {
        assert!(said.out.lines().any(|have| have == line), "{line}\n{}", said.out);
    }
}
