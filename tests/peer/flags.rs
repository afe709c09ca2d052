//! What Alertmanager's command line and metrics have, the daemon has: side by side with Debian's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::alertmanager::Alertmanager;
use crate::api::Api;
use crate::daemon::Home;
use crate::program::Process;
use crate::until::until;

const CONFIG: &str = "
route: { receiver: team, group_by: [alertname], group_wait: 0s, labels: { desk: 'for {{ .GroupLabels.alertname }}' } }
receivers: [ { name: team } ]
";

/// Families of Debian's Alertmanager that the daemon does not have, and why.
const ABSENT: [(&str, &str); 2] = [
    ("alertmanager_marked_alerts", "0.34 no longer has it"),
    ("promhttp_metric_handler", "about Go's client library"),
];

/// Every family of Prometheus' text format with its type and the names of its labels.
fn families(text: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut found: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            found.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
        } else if !line.starts_with('#') && !line.is_empty() {
            let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
            let family =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let family = family.filter(|family| found.contains_key(*family)).unwrap_or(name);
            let (_, labels) = found.get_mut(family).unwrap_or_else(|| panic!("{line}"));
            let names = rest.trim_start_matches('{').split("\",");
            let names = names.filter_map(|pair| pair.split_once("=\"")).map(|(name, _)| name);
            labels.extend(names.filter(|name| *name != "le").map(str::to_owned));
        }
    }
    found
}

fn compare(flags: &[&str], theirs: &[&str]) {
    let home = Home::new(CONFIG);
    let plain = CONFIG.replace(", labels: { desk: 'for {{ .GroupLabels.alertname }}' }", "");
    home.write("alertmanager.yml", &plain);
    let (config, storage) = (home.path("alertmanager.yml"), home.path("alertmanager"));
    let Some(alertmanager) = Alertmanager::start(&config, &storage, theirs) else { return };
    let daemon = home.start_with(flags);
    let text = |api: &Api| {
        api.fire(&json!({ "alertname": "Down" }));
        for path in ["/-/healthy", "/api/v2/alerts", "/api/v2/status"] {
            assert_eq!(api.get(path).status, 200);
        }
        families(&api.get("/metrics").text)
    };
    let (ours, theirs) = (text(daemon.api()), text(&alertmanager.api));
    for (name, (kind, labels)) in theirs {
        let skipped =
            name.starts_with("go_") || ABSENT.iter().any(|(part, _)| name.starts_with(part));
        if skipped {
            continue;
        }
        let Some((our_kind, our_labels)) = ours.get(&name) else { panic!("{name} is missing") };
        assert_eq!(*our_kind, kind, "{name}");
        assert!(labels.is_subset(our_labels), "{name}: {labels:?} {our_labels:?}");
    }
}

#[test]
fn every_metric_of_alertmanager_is_there() {
    compare(&[], &[]);
}

#[test]
fn every_metric_of_a_cluster_is_there() {
    compare(&["--cluster.listen-address=127.0.0.1:0"], &["--cluster.listen-address=127.0.0.1:0"]);
}

#[test]
fn a_cluster_of_one_is_shown_to_those_who_look_for_one() {
    let home = Home::new(CONFIG);
    let daemon = home.start_with(&[
        "--cluster.listen-address=0.0.0.0:9094",
        "--cluster.advertise-address=10.0.0.7:9094",
        "--cluster.peer=elsewhere:9094",
    ]);
    let cluster = daemon.api().get("/api/v2/status").json()["cluster"].clone();
    let name = cluster["name"].as_str().unwrap();
    assert_eq!(name.len(), 26, "{name}");
    let expected = json!({ "name": name, "peers": [{ "address": "10.0.0.7:9094", "name": name }], "status": "ready" });
    assert_eq!(cluster, expected);
    daemon.until_log("There is no gossip");
}

#[test]
fn routes_may_say_something_of_their_groups() {
    let home = Home::new(CONFIG);
    let daemon = home.start();
    daemon.api().fire(&json!({ "alertname": "Down" }));
    let groups = daemon.api().get("/api/v2/alerts/groups").json();
    assert_eq!(groups[0]["routeLabels"], json!({ "desk": "for Down" }));
}

#[test]
fn nothing_is_told_before_the_start_delay_is_over() {
    let sink = crate::sink::Sink::start(&[]);
    let config = format!(
        "route: {{ receiver: a, group_wait: 0s }}\n\
         receivers: [ {{ name: a, webhook_configs: [ {{ url: '{}' }} ] }} ]\n",
        sink.url()
    );
    let home = Home::new(&config);
    let daemon = home.start_with(&["--dispatch.start-delay=1s"]);
    let began = std::time::Instant::now();
    daemon.api().fire(&json!({ "alertname": "Down" }));
    until("the message arrives", || (sink.taken().len() == 1).then_some(()));
    assert!(began.elapsed().as_millis() > 300, "it waited");
}

#[test]
fn features_change_how_matchers_are_read() {
    let config = "
route: { receiver: a, routes: [ { matchers: ['\"é.x\"=\"1\"'] } ] }
receivers: [ { name: a } ]
";
    let home = Home::new(config);
    let refused = home.run(&["--enable-feature=classic-mode"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("not a matcher"), "{}", refused.err);
    let unknown = home.run(&["--enable-feature=classic-mod"]);
    assert!(unknown.err.contains("there is no feature `classic-mod`"), "{}", unknown.err);
    let daemon = home.start_with(&["--enable-feature=utf8-strict-mode,alert-names-in-metrics"]);
    // Only the classic grammar takes a value with blanks that stands without quotes.
    assert_eq!(daemon.api().get("/api/v2/alerts?filter=a%3Db%20c").status, 400);
    assert_eq!(daemon.api().get("/api/v2/alerts?filter=%22%C3%A9.x%22%3D1").status, 200);
}

#[test]
fn the_daemon_listens_on_sockets_that_systemd_opened() {
    let home = Home::new(CONFIG);
    let none = home.run(&["--web.systemd-socket"]);
    assert_eq!(none.code, Some(1), "{none:?}");
    assert!(none.err.contains("systemd's sockets"), "{}", none.err);

    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    // systemd hands sockets over as files from the third on, to the process whose number it names.
    let script = "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&0";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_incidentd")]).current_dir(home.path(""));
    command.args(["--config.file=incidentd.yaml", "--storage.path=data", "--web.systemd-socket"]);
    let child = command.stdin(Stdio::from(OwnedFd::from(socket))).stdout(Stdio::null());
    let child = child.stderr(Stdio::null()).spawn().unwrap();
    let _process = Process::of(child);
    let api = Api::new(&url);
    until("it answers", || (api.get("/-/ready").status == 200).then_some(()));
}
