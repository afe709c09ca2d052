//! amtool cannot tell the daemon from Alertmanager: both are asked, and both answer the same.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::alertmanager::Alertmanager;
use crate::daemon::{Daemon, Home};
use crate::program::{self, Said, run};

const CONFIG: &str = "
global:
  resolve_timeout: 5m
  slack_api_url: http://127.0.0.1:9/services/hush
route:
  receiver: default
  group_by: [alertname, cluster]
  group_wait: 1h
  routes:
    - matchers: [ 'team=\"db\"' ]
      receiver: db
      continue: true
    - matchers: [ 'severity=~\"warning|critical\"' ]
      receiver: people
receivers:
  - name: default
  - name: db
    slack_configs: [ { channel: '#db' } ]
  - name: people
";

const ALERTS: [&[&str]; 4] = [
    &[
        "alertname=Disk",
        "team=db",
        "severity=warning",
        "node=a",
        "--annotation=summary=no room",
        "--generator-url=http://prometheus/graph",
        "--start=2026-03-01T10:00:00Z",
    ],
    // The first bare word is the name.
    &["High", "severity=critical", "cluster=b", "--start=2026-03-01T11:00:00Z"],
    &["alertname=Other", "env=a b", "--start=2026-03-01T12:00:00Z"],
    &["alertname=Gone", "--start=2026-03-01T12:00:00Z", "--end=2026-03-01T12:05:00Z"],
];

const QUERIES: [&[&str]; 19] = [
    &[],
    &["Disk"],
    &["severity=warning"],
    &["severity!=warning"],
    &["alertname=~Di.*|Oth.*"],
    &["alertname!~Di.*|Oth.*"],
    &["severity=warning", "team=db"],
    &["severity=warning", "team=web"],
    &["env=a b"],
    &["env="],
    &["nosuch!=x"],
    &["--receiver=db"],
    &["--receiver=people"],
    &["--receiver=def.*"],
    &["--receiver=nobody"],
    &["--active"],
    &["--silenced"],
    &["--inhibited"],
    &["--unprocessed"],
];

#[test]
fn amtool_adds_and_finds_the_same_alerts_as_with_alertmanager() {
    let Some(pair) = Pair::start() else { return };
    for alert in ALERTS {
        let end = (!alert.iter().any(|word| word.starts_with("--end")))
            .then_some("--end=2099-01-01T00:00:00Z");
        let words: Vec<_> =
            ["alert", "add"].into_iter().chain(alert.iter().copied()).chain(end).collect();
        assert_eq!(pair.same(&words).code, Some(0));
    }
    for form in ["simple", "extended", "json"] {
        for query in QUERIES {
            let words: Vec<_> =
                ["alert", "query", "-o", form].into_iter().chain(query.iter().copied()).collect();
            pair.same(&words);
        }
    }
    let all = pair.same(&["alert", "query", "-o", "simple"]).out;
    assert_eq!(all.lines().count(), 4, "a headline and three alerts that are active:\n{all}");
    for wrong in [&["alert", "add"][..], &["alert", "query", "a=~("], &["alert", "query", "a=b,c"]]
    {
        pair.same(wrong);
    }
}

#[test]
fn amtool_ends_an_alert_as_with_alertmanager() {
    let Some(pair) = Pair::start() else { return };
    pair.same(&["alert", "add", "alertname=Disk", "--start=2026-03-01T10:00:00Z"]);
    let found = pair.same(&["alert", "query", "Disk"]);
    assert!(found.out.contains("Disk"), "{found:?}");
    let now = jiff::Timestamp::now().to_string();
    let end = format!("--end={now}");
    pair.same(&["alert", "add", "alertname=Disk", "--start=2026-03-01T10:00:00Z", &end]);
    let gone = pair.same(&["alert", "query", "Disk"]);
    assert!(!gone.out.contains("Disk"), "{gone:?}");
}

#[test]
fn amtool_reads_the_routes_out_of_the_running_daemon_as_with_alertmanager() {
    let Some(pair) = Pair::start() else { return };
    let tree = pair.same(&["config", "routes", "show"]);
    assert!(tree.out.contains("receiver: people"), "{tree:?}");
    for labels in
        [&["team=db"][..], &["team=db", "severity=critical"], &["severity=info"], &["a=b"]]
    {
        let words: Vec<_> =
            ["config", "routes", "test"].into_iter().chain(labels.iter().copied()).collect();
        pair.same(&words);
    }
    pair.same(&["cluster", "show"]);
    pair.same(&["silence", "query"]);
}

#[test]
fn amtool_shows_the_configuration_without_its_secrets() {
    let Some(pair) = Pair::start() else { return };
    let shown = pair.ask(&pair.ours, &["config", "show"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for part in [
        "resolve_timeout: 5m",
        "receiver: default",
        "continue: true",
        "slack_api_url: <secret>",
        "name: people",
    ] {
        assert!(shown.out.contains(part), "{part} is missing in\n{}", shown.out);
    }
    assert!(!shown.out.contains("hush"), "{}", shown.out);
    // What is shown is a configuration again.
    pair.home.write("shown.yml", &shown.out.replace("<secret>", "http://127.0.0.1:9/x"));
    let checked = pair.home.task(&["check", "--config.file", "shown.yml"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn amtool_shows_the_same_configuration_as_with_alertmanager() {
    let Some(pair) = Pair::start() else { return };
    let tree = |url: &str| {
        let shown = pair.ask(url, &["config", "show"]);
        assert_eq!(shown.code, Some(0), "{shown:?}");
        serde_saphyr::from_str::<serde_json::Value>(&shown.out).unwrap()
    };
    let (ours, theirs) = (tree(&pair.ours), tree(&pair.theirs));
    for key in ["global", "route", "receivers", "templates"] {
        assert_eq!(ours[key], theirs[key], "{key}");
    }
}

#[test]
fn amtool_finds_good_what_we_write_out_and_we_what_it_does() {
    let Some(amtool) = program::find("amtool") else { return };
    let home = Home::new(
        "
global: { smtp_smarthost: 'mail:25', smtp_from: am@example.org, smtp_require_tls: no }
route:
  receiver: team
  group_by: ['...']
  routes: [ { matchers: ['a=b, \"c\"=~\"d|e\"'], mute_time_intervals: [night], group_wait: 90s } ]
receivers: [ { name: team, email_configs: [ { to: me@example.org } ] } ]
inhibit_rules: [ { source_matchers: [a=b], target_match: { c: d }, equal: [x] } ]
time_intervals: [ { name: night, time_intervals: [ { weekdays: ['monday:friday'] } ] } ]
",
    );
    let daemon = home.start();
    let status = daemon.api().get("/api/v2/status").json();
    let written = status["config"]["original"].as_str().unwrap();
    home.write("shown.yml", written);
    let theirs = run(Command::new(&amtool).arg("check-config").arg(home.path("shown.yml")));
    assert_eq!(theirs.code, Some(0), "{theirs:?}\n{written}");
    let ours = home.task(&["check", "--config.file", "shown.yml"]);
    assert_eq!(ours.code, Some(0), "{ours:?}");
}

#[test]
fn amtool_and_we_find_the_same_files_good() {
    let Some(amtool) = program::find("amtool") else { return };
    let home = Home::new(CONFIG);
    home.write("bad.yml", &CONFIG.replace("receiver: db", "receiver: nobody"));
    for (file, good) in [("incidentd.yaml", true), ("bad.yml", false)] {
        let theirs = run(Command::new(&amtool).arg("check-config").arg(home.path(file)));
        let ours = home.task(&["check", "--config.file", file]);
        assert_eq!(theirs.code == Some(0), good, "{theirs:?}");
        assert_eq!(ours.code == Some(0), good, "{ours:?}");
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples/alertmanager.yml");
    let theirs = run(Command::new(&amtool).arg("check-config").arg(&example));
    assert_eq!(theirs.code, Some(0), "{theirs:?}");
}

/// The daemon and Alertmanager with one configuration.
pub(crate) struct Pair {
    amtool: PathBuf,
    pub(crate) home: Home,
    _daemon: Daemon,
    pub(crate) ours: String,
    _alertmanager: Alertmanager,
    pub(crate) theirs: String,
}

impl Pair {
    pub(crate) fn start() -> Option<Self> {
        let amtool = program::find("amtool")?;
        let home = Home::new(CONFIG);
        let peer =
            Alertmanager::start(&home.path("incidentd.yaml"), &home.path("alertmanager"), &[])?;
        let daemon = home.start();
        let (ours, theirs) = (daemon.url(), peer.url.clone());
        Some(Self { amtool, home, _daemon: daemon, ours, _alertmanager: peer, theirs })
    }

    pub(crate) fn ask(&self, url: &str, words: &[&str]) -> Said {
        // It reads a file below the home of whoever runs the test.
        let mut command = Command::new(&self.amtool);
        run(command
            .env("HOME", self.home.path(""))
            .arg(format!("--alertmanager.url={url}"))
            .args(words))
    }

    /// Asks both, and returns what both said.
    #[track_caller]
    pub(crate) fn same(&self, words: &[&str]) -> Said {
        let [ours, theirs] = [&self.ours, &self.theirs].map(|url| self.ask(url, words));
        assert_eq!(ours.code, theirs.code, "{words:?}\n{ours:?}\n{theirs:?}");
        let [our, their] = [&ours.out, &theirs.out].map(|out| timeless(&nameless(out)));
        assert_eq!(our, their, "{words:?}");
        ours
    }
}

/// The times at which each of them heard of an alert differ.
fn timeless(json: &str) -> String {
    let mut parts = json.split("\"updatedAt\":\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').map_or(part, |(_, rest)| rest))
}

/// Each of them names silences by itself. The places of the dashes tell a UUID.
fn nameless(text: &str) -> String {
    const UUID: usize = 36;
    let mut named = text.as_bytes().to_vec();
    for at in 0..named.len().saturating_sub(UUID - 1) {
        let dashed = |(place, byte): (usize, &u8)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        if named[at..at + UUID].iter().enumerate().all(dashed) {
            named[at..at + UUID].fill(b'#');
        }
    }
    String::from_utf8(named).unwrap()
}
