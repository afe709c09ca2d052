//! A real Prometheus is pointed at the daemon as at Alertmanager; nothing else is told to it.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::daemon::{Daemon, Home};
use crate::program::{self, Process};
use crate::sink::Sink;
use crate::until::until;

const CONFIG: &str = "
route: { receiver: team, group_by: [incident], group_wait: 0s }
receivers: [ { name: team } ]
defaults: { resolve_after: 1s }
sources:
  prom: { type: prometheus, resend: 1m }
";

const RULES: &str = r#"
groups:
  - name: shop
    interval: 1s
    rules:
      - alert: ShopDown
        expr: up{job="shop"} == 0
        labels: { severity: critical, service: shop }
        annotations: { summary: "{{ $labels.instance }} does not answer" }
"#;

#[test]
fn a_target_that_is_down_opens_an_incident_that_recovers_when_it_is_up() {
    check("", "alertmanager");
}

#[test]
fn prometheus_reaches_its_own_source_by_a_path_prefix() {
    check("/hooks/prom", "prom");
}

fn check(prefix: &str, source: &str) {
    let Some(program) = program::find("prometheus") else { return };
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let target = program::free_port();
    let _prometheus = start(&program, &home, &daemon, prefix, target);

    let opened =
        until("Prometheus has opened an incident", || daemon.api().list("incidents", "").pop());
    assert_eq!(opened["id"], "INC-1");
    assert_eq!(opened["state"], "new");
    assert_eq!(opened["labels"]["service"], "shop");
    let alert = daemon.api().record("alerts", "ALR-1");
    assert_eq!(alert["source"], source);
    assert_eq!(alert["severity"], "critical");
    assert_eq!(alert["labels"]["alertname"], "ShopDown");
    assert_eq!(alert["labels"]["job"], "shop");
    let instance = format!("127.0.0.1:{target}");
    assert_eq!(alert["labels"]["instance"], Value::from(instance.as_str()));
    assert_eq!(alert["annotations"]["summary"], format!("{instance} does not answer"));
    assert!(alert["url"].as_str().unwrap().contains("/graph?g0.expr="), "{alert}");
    let as_prometheus_sees_it = daemon.api().get("/api/v2/alerts").json();
    assert_eq!(as_prometheus_sees_it[0]["status"]["state"], "active");
    assert_eq!(as_prometheus_sees_it[0]["generatorURL"], alert["url"]);

    let _target = Sink::start_on(target, &[]);
    let resolved = daemon.api().until_state("INC-1", "resolved");
    assert_eq!(resolved["resolution"]["code"], "auto_recovered");
    assert_eq!(resolved["firing_count"], 0);
    assert_eq!(daemon.api().record("alerts", "ALR-1")["state"], "resolved");
    assert_eq!(daemon.api().list("incidents", "").len(), 1, "one outage, one incident");
    let log = daemon.log();
    assert!(!log.contains("level=warn") && !log.contains("level=error"), "{log}");
}

fn start(
    program: &std::path::Path,
    home: &Home,
    daemon: &Daemon,
    prefix: &str,
    target: u16,
) -> Process {
    let config = format!(
        "
global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}
rule_files: [ shop.yml ]
scrape_configs:
  - job_name: shop
    static_configs: [ {{ targets: ['127.0.0.1:{target}'] }} ]
alerting:
  alertmanagers:
    - path_prefix: '{prefix}'
      static_configs: [ {{ targets: ['{}'] }} ]
",
        daemon.address()
    );
    home.write("prometheus/prometheus.yml", &config);
    home.write("prometheus/shop.yml", RULES);
    Process::start(
        Command::new(program)
            .current_dir(home.path("prometheus"))
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .args(["--web.listen-address=127.0.0.1:0", "--rules.alert.resend-delay=1s"])
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )
}
