//! Polls of real exporters, of a real Prometheus, and of Debian's monitoring plugins.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::daemon::{Daemon, Home};
use crate::program::{self, PEERS, Process};
use crate::sink::Sink;
use crate::until::until;

const ROUTES: &str = "
route: { receiver: team, group_by: [alertname] }
receivers: [ { name: team } ]
";

/// A plugin of Debian's `monitoring-plugins-basic`.
fn plugin(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(PEERS).join("usr/lib/nagios/plugins").join(name);
    if !path.is_file() {
        program::fetch();
    }
    if !path.is_file() {
        program::skip(&format!("there is no `{name}`, and `.ci/run peers` could not fetch it"));
        return None;
    }
    Some(path)
}

fn start(command: &mut Command) -> Process {
    Process::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

/// The alert of a name, once there is one.
fn alert(daemon: &Daemon, name: &str) -> Value {
    until(&format!("{name} fires"), || {
        let alerts = daemon.api().get("/api/v2/alerts").json();
        let alerts = alerts.as_array()?.clone();
        alerts.into_iter().find(|alert| alert["labels"]["alertname"] == name)
    })
}

#[test]
fn plugins_are_run_and_their_words_and_numbers_are_taken() {
    let [Some(dummy), Some(load), Some(tcp)] =
        ["check_dummy", "check_load", "check_tcp"].map(plugin)
    else {
        return;
    };
    let port = program::free_port();
    let home = Home::new(&format!(
        "{ROUTES}
polls:
  dummy:
    type: exec
    every: 1s
    command: [{dummy}, '2', the disk is full]
  load:
    type: exec
    every: 1s
    command: [{load}, -w, '9999,9999,9999', -c, '9999,9999,9999']
    metrics: [ {{ metric: load1, name: LoadSeen, warn: '>= 0' }} ]
  port:
    type: exec
    every: 1s
    timeout: 1s
    command: [{tcp}, -H, 127.0.0.1, -p, '{port}']
",
        dummy = dummy.display(),
        load = load.display(),
        tcp = tcp.display(),
    ));
    let daemon = home.start();
    let full = alert(&daemon, "dummy");
    assert_eq!(full["annotations"]["output"], "CRITICAL: the disk is full");
    assert_eq!(full["annotations"]["state"], "CRITICAL");
    assert_eq!(full["labels"]["severity"], "critical");
    let load = alert(&daemon, "LoadSeen");
    assert_eq!(load["labels"]["metric"], "load1");
    assert!(load["annotations"]["perfdata"].as_str().unwrap().contains("load15="), "{load}");
    let closed = alert(&daemon, "port");
    assert_eq!(closed["labels"]["severity"], "critical", "{closed}");
    let _target = Sink::start_on(port, &[]);
    until("the port is open again", || {
        let alerts = daemon.api().get("/api/v2/alerts").json();
        let alerts = alerts.as_array()?.clone();
        alerts.iter().all(|alert| alert["labels"]["alertname"] != "port").then_some(())
    });
}

#[test]
fn exporters_are_scraped() {
    let names = ["prometheus-node-exporter", "prometheus-blackbox-exporter"];
    let [Some(node), Some(blackbox)] = names.map(program::find) else { return };
    let [node_port, blackbox_port, closed] = [(); 3].map(|()| program::free_port());
    let config = PathBuf::from(PEERS).join("etc/prometheus/blackbox.yml");
    let _node =
        start(Command::new(node).arg(format!("--web.listen-address=127.0.0.1:{node_port}")));
    let _blackbox = start(
        Command::new(blackbox)
            .arg(format!("--web.listen-address=127.0.0.1:{blackbox_port}"))
            .arg(format!("--config.file={}", config.display())),
    );
    let home = Home::new(&format!(
        "{ROUTES}
polls:
  node:
    type: scrape
    every: 1s
    url: http://127.0.0.1:{node_port}/metrics
    metrics:
      - {{ metric: node_memory_MemTotal_bytes, name: HasMemory, warn: '> 1e6' }}
      - {{ match: ['__name__=node_cpu_seconds_total', 'mode=~\"idle|user\"'], by: [cpu],
          name: HasProcessor, warn: '> 0' }}
  closed:
    type: scrape
    every: 1s
    url: http://127.0.0.1:{blackbox_port}/probe?module=tcp_connect&target=127.0.0.1:{closed}
    metrics: [ {{ metric: probe_success, name: PortClosed, critical: '< 1' }} ]
"
    ));
    let daemon = home.start();
    let memory = alert(&daemon, "HasMemory");
    assert!(memory["annotations"]["value"].as_str().unwrap().parse::<f64>().unwrap() > 1e6);
    let processor = alert(&daemon, "HasProcessor");
    assert!(processor["labels"]["cpu"].is_string(), "{processor}");
    assert!(processor["labels"]["mode"].is_null(), "only `cpu` tells them apart: {processor}");
    assert_eq!(alert(&daemon, "PortClosed")["labels"]["severity"], "critical");
}

#[test]
fn a_prometheus_is_asked_for_now_for_a_while_and_for_its_past() {
    let Some(program) = program::find("prometheus") else { return };
    let port = program::free_port();
    let home = Home::new(&format!(
        "{ROUTES}
polls:
  now:
    type: promql
    every: 1s
    url: http://127.0.0.1:{port}
    query: up{{job='self'}}
    warn: '== 1'
  while:
    type: promql
    every: 1s
    url: http://127.0.0.1:{port}/api/v1/query
    query: up{{job='self'}}
    range: {{ window: 1m, step: 1s, reduce: count }}
    by: [job]
    warn: '>= 3'
  wrong:
    type: promql
    every: 1s
    url: http://127.0.0.1:{port}
    query: 'up{{'
    baseline: {{}}
"
    ));
    let config = format!(
        "
global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: self
    static_configs: [ {{ targets: ['127.0.0.1:{port}'] }} ]
"
    );
    home.write("prometheus/prometheus.yml", &config);
    let _prometheus = start(
        Command::new(&program)
            .current_dir(home.path("prometheus"))
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address=127.0.0.1:{port}")),
    );
    let daemon = home.start();
    let now = alert(&daemon, "now");
    assert_eq!(now["labels"]["instance"], format!("127.0.0.1:{port}"));
    let range = alert(&daemon, "while");
    assert_eq!(range["labels"]["job"], "self");
    assert!(range["labels"]["instance"].is_null(), "{range}");
    let failed = alert(&daemon, "PollFailed");
    assert_eq!(failed["labels"]["poll"], "wrong");
}
