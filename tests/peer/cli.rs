//! `incidentctl` on a running daemon, as somebody types it at three in the morning.

use std::process::Command;

use serde_json::{Value, json};

use crate::daemon::{Daemon, Home};
use crate::program::{Said, run};

const CONFIG: &str = "
route: { receiver: team, group_by: [incident], group_wait: 0s }
receivers: [ { name: team } ]
defaults: { resolve_after: 1h, team: platform }
rules: [ rules.yaml ]
";

/// The second incident of a service is a problem.
const RULES: &str = "
problem:
  - { name: comes back, same: [service], count: 2, within: 30d, min_gap: 0s, mode: open }
";

/// A daemon with incidents for two services, and somebody who knows its address.
struct Desk {
    daemon: Daemon,
    _home: Home,
}

impl Desk {
    fn open() -> Self {
        let home = Home::new(CONFIG);
        home.write("rules.yaml", RULES);
        let daemon = home.start();
        for service in ["shop", "mail"] {
            daemon
                .api()
                .fire(&json!({ "alertname": "Down", "service": service, "severity": "critical" }));
        }
        Self { daemon, _home: home }
    }

    fn run(&self, words: &str) -> Said {
        ctl(&self.daemon.url(), words)
    }

    /// Runs a command that is done; returns what it shows.
    #[track_caller]
    fn does(&self, words: &str) -> String {
        let said = self.run(words);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{words}: {said:?}");
        said.out
    }

    /// Runs a command that is refused; returns why.
    #[track_caller]
    fn refuses(&self, words: &str) -> String {
        let said = self.run(words);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{words}: {said:?}");
        assert!(said.err.starts_with("error: "), "{words}: {}", said.err);
        said.err
    }

    #[track_caller]
    fn json(&self, words: &str) -> Value {
        serde_json::from_str(&self.does(&format!("{words} -o json"))).unwrap()
    }

    #[track_caller]
    fn state(&self, id: &str) -> String {
        self.json(&format!("incident show {id}"))["state"].as_str().unwrap().to_owned()
    }
}

/// Runs a line as a shell would, for somebody called ada.
pub(crate) fn ctl(url: &str, line: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_incidentctl"));
    command.env_remove("INCIDENTD_TOKEN").env("INCIDENTD_URL", url).env("USER", "ada");
    for (place, part) in line.split('\'').enumerate() {
        if place.is_multiple_of(2) {
            command.args(part.split_whitespace());
        } else {
            command.arg(part);
        }
    }
    run(&mut command)
}

#[test]
fn an_incident_is_taken_through_its_life_by_hand() {
    let desk = Desk::open();
    let list = desk.does("incident list");
    assert_eq!(list.lines().count(), 3, "{list}");
    assert!(list.lines().nth(2).unwrap().starts_with("INC-1  P3   new    platform"), "{list}");
    assert!(desk.does("incidents list --state open --priority 3").contains("INC-2"));
    assert!(!desk.does("incident list --service shop").contains("INC-2"));
    assert!(desk.does("incident list --state closed").contains("No incidents match"));

    for (words, state) in [
        ("incident ack INC-1 'looking at it'", "acknowledged"),
        ("incident assign INC-1 ada", "in_progress"),
        ("incident assign INC-1 --team dba", "in_progress"),
        ("incident note INC-1 'the disk is full'", "in_progress"),
        ("incident hold INC-1 awaiting_vendor --until 2h", "on_hold"),
    ] {
        desk.does(words);
        assert_eq!(desk.state("INC-1"), state, "{words}");
    }
    let shown = desk.does("incident show INC-1");
    for part in
        ["awaiting_vendor", "in 1", "the disk is full", "looking at it", "dba", "cli", "actions"]
    {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    desk.does("incident resume INC-1");
    desk.does("incident prioritise INC-1 --priority 2 --reason 'the boss called'");
    let refused = desk.refuses("incident resolve INC-1 fixed");
    assert!(refused.contains("note"), "a P2 needs a note: {refused}");
    desk.does("incident resolve INC-1 fixed --note 'made room'");
    assert_eq!(desk.state("INC-1"), "resolved");
    desk.does("incident reopen INC-1 'not over'");
    assert_eq!(desk.state("INC-1"), "in_progress");

    desk.does("incident merge INC-1 INC-2");
    assert_eq!(desk.json("incident show INC-1")["merged_into"], "INC-2");
    assert_eq!(desk.json("incident show INC-2")["alert_count"], 2);
    desk.does("incident unmerge INC-1");
    assert_eq!(desk.json("incident show INC-2")["alert_count"], 1);
    let slip = desk.run("incident cancel INC-2 nonsense");
    assert_eq!(slip.code, Some(2), "{slip:?}");
    assert!(
        slip.err.contains("[possible values: ") && slip.err.contains("false_positive"),
        "{slip:?}"
    );
    desk.does("incident cancel INC-2 false_positive");
    assert_eq!(desk.state("INC-2"), "cancelled");

    let who: Vec<_> = desk.json("audit list")["items"].as_array().unwrap().clone();
    assert!(who.iter().any(|line| line["actor"] == "ada" && line["via"] == "cli"), "{who:#?}");
}

#[test]
fn a_step_that_is_not_allowed_says_which_ones_are() {
    let desk = Desk::open();
    for (words, parts) in [
        ("incident resume INC-1", ["INC-1 is new", "acknowledge, assign"]),
        ("incident reopen INC-1", ["INC-1 is new", "resolve"]),
        ("incident unmerge INC-1", ["INC-1 is new", "merge"]),
        ("incident merge INC-1 INC-1", ["into", "itself"]),
        ("incident merge INC-1 INC-99", ["INC-99", "no"]),
        ("incident show INC-99", ["no incident", "`INC-99`"]),
        ("incident show 7", ["no incident", "`7`"]),
        ("alert explain ALR-99", ["no alert", "`ALR-99`"]),
        ("problem show PRB-1", ["no problem", "`PRB-1`"]),
    ] {
        let why = desk.refuses(words);
        assert!(parts.iter().all(|part| why.contains(part)), "{words}: {why}");
    }
    let before = desk.json("incident show INC-1");
    desk.refuses("incident reopen INC-1");
    assert_eq!(desk.json("incident show INC-1")["timeline"], before["timeline"]);
}

#[test]
fn a_problem_is_worked_on_by_hand() {
    let desk = Desk::open();
    let labels = json!({ "alertname": "Down", "service": "shop", "severity": "critical" });
    desk.does("incident resolve INC-1 fixed");
    desk.daemon.api().resolve(&labels);
    desk.daemon
        .api()
        .fire(&json!({ "alertname": "Slow", "service": "shop", "severity": "critical" }));
    let list = desk.does("problem list");
    assert!(list.contains("PRB-1"), "{list}");
    for (words, state) in [
        ("problem assess PRB-1", "analysis"),
        ("problem assign PRB-1 ada", "analysis"),
        ("problem note PRB-1 'it is the disk'", "analysis"),
        ("problem cause PRB-1 'WAL is never pruned' --category configuration", "known_error"),
        ("problem workaround PRB-1 'run clean-wal'", "known_error"),
        ("problem link PRB-1 INC-2", "known_error"),
        ("problem fix PRB-1 CHG-9", "fix_in_progress"),
        ("problem resolve PRB-1 fixed --note pruned", "verifying"),
        ("problem reopen PRB-1 'it came back'", "analysis"),
        ("problem cause PRB-1 'still' --category configuration", "known_error"),
        ("problem accept_risk PRB-1 --until 30d --reason cheap", "closed"),
    ] {
        desk.does(words);
        assert_eq!(desk.json("problem show PRB-1")["state"], state, "{words}");
    }
    let refused = desk.refuses("problem assess PRB-1");
    assert!(refused.contains("PRB-1 is closed") && refused.contains("reopen"), "{refused}");
    let shown = desk.does("problem show PRB-1");
    for part in ["run clean-wal", "CHG-9", "INC-2", "it is the disk"] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
}

#[test]
fn alerts_are_listed_shown_and_explained() {
    let desk = Desk::open();
    assert!(desk.does("alert list --state firing").contains("ALR-2"));
    assert!(desk.does("alert list -q mail").contains("ALR-2"));
    assert!(!desk.does("alert list -q mail").contains("ALR-1 "));
    assert!(desk.does("alert show ALR-1").contains("alertname"));
    let explained = desk.does("alert explain ALR-1");
    for part in ["INC-1", "the route's group_by", "the receiver has no integration", "lease"] {
        assert!(explained.contains(part), "{part} is missing in\n{explained}");
    }
    let status = desk.json("status");
    assert_eq!(status["ready"], true);
    assert_eq!(status["incidents_open"]["P3"], 2);
    assert!(desk.does("status").contains("deliveries waiting  0"));
    assert_eq!(desk.json("alert list")["items"][0]["id"], "ALR-2");
    for slip in
        ["incident list --state opne", "alert list --severity bad", "problem list --priority 6"]
    {
        let said = desk.run(slip);
        assert_eq!(said.code, Some(2), "a slip is no empty list: {said:?}");
        assert!(said.err.contains("[possible values: "), "{slip}: {}", said.err);
    }
    let slip = desk.daemon.api().get("/api/itsm/v1/incidents?state=opne");
    assert_eq!(slip.status, 400, "{slip:?}");
    assert!(slip.text.contains("state: is one of: open, candidate"), "{slip:?}");
    let hint = desk.run("incident list --stat open");
    assert_eq!(hint.code, Some(2), "{hint:?}");
    assert!(hint.err.contains("--state"), "{}", hint.err);
}

#[test]
fn exit_codes_tell_a_refusal_from_a_slip_and_from_a_daemon_that_is_gone() {
    let desk = Desk::open();
    let url = desk.daemon.url();
    assert_eq!(ctl(&url, "incident list").code, Some(0));
    assert_eq!(ctl(&url, "--version").code, Some(0));
    assert_eq!(ctl(&url, "incident reopen INC-1").code, Some(1));
    assert_eq!(ctl(&url, "incident frobnicate INC-1").code, Some(2));
    assert_eq!(ctl("gopher://x", "incident list").code, Some(2));
    desk.daemon.kill9();
    let gone = ctl(&url, "incident list");
    assert_eq!(gone.code, Some(3), "{gone:?}");
    for part in [url.as_str(), "refused", "systemctl status incidentd", "INCIDENTD_URL"] {
        assert!(gone.err.contains(part), "{part} is missing in\n{}", gone.err);
    }
}
