//! Those who speak to PagerDuty, Opsgenie or Alerta speak to the daemon unchanged: their official
//! clients, and Alertmanager's own integrations.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::alertmanager::Alertmanager;
use crate::daemon::{Daemon, Home};
use crate::program::{self, PEERS, Said, run};
use crate::until::until;

const CONFIG: &str = "
route: { receiver: nobody, group_by: [alertname] }
receivers: [ { name: nobody } ]
sources:
  pager: { type: pagerduty, auth: { bearer: pager-key } }
  genie: { type: opsgenie, auth: { bearer: genie-key } }
  alerta: { type: alerta, auth: { bearer: alerta-key } }
";

const PAGERDUTY: &str = r#"
import json, sys, pagerduty
client = pagerduty.EventsApiV2Client("pager-key")
client._url = sys.argv[1]  # It speaks TLS only, which is tested elsewhere.
key = client.trigger("Disk is full", "db-7", severity="error",
                     custom_details={"service": "shop-db", "used": 97})
client.acknowledge(key)
same = client.trigger("Disk is fuller", "db-7", dedup_key=key)
gone = client.trigger("Queue grows", "mq-1", dedup_key="queue", severity="warning")
client.resolve("queue")
client.send_change_event(payload={"summary": "Build 412 is out", "source": "ci"})
try:
    client.trigger("x", "y", severity="dreadful")
    refused = "no"
except pagerduty.HttpError as error:
    refused = error.response.json()["errors"]
print(json.dumps({"key": key, "same": same, "refused": refused}))
"#;

const OPSGENIE: &str = r#"
import json, sys, opsgenie_sdk as og
conf = og.Configuration()
conf.host = sys.argv[1]
conf.api_key["Authorization"] = "genie-key"
client = og.ApiClient(configuration=conf)
alerts, beats = og.AlertApi(api_client=client), og.HeartbeatApi(api_client=client)
made = alerts.create_alert(og.CreateAlertPayload(
    message="Shop answers slowly", alias="shop/slow", priority="P2", entity="web", tags=["prod"],
    details={"service": "shop"}, responders=[{"name": "web", "type": "team"}]))
result = alerts.get_request_status(request_id=made.request_id).data
by = {"identifier": "shop/slow", "identifier_type": "alias"}
alerts.acknowledge_alert(acknowledge_alert_payload=og.AcknowledgeAlertPayload(user="ada"), **by)
alerts.add_note(add_note_to_alert_payload=og.AddNoteToAlertPayload(user="ada", note="cache"), **by)
alerts.add_tags(add_tags_to_alert_payload=og.AddTagsToAlertPayload(tags=["web"]), **by)
alerts.update_alert_priority(update_alert_priority_payload=og.UpdateAlertPriorityPayload(priority="P1"), **by)
shown = alerts.get_alert(**by).data
listed = alerts.list_alerts(query="status: open").data
alerts.close_alert(close_alert_payload=og.CloseAlertPayload(source="probe"), **by)
closed = alerts.get_alert(**by).data.status
pong = beats.ping("backup").result
beat = beats.get_heartbeat("backup").data
print(json.dumps({
    "success": result.is_success, "id": result.alert_id, "acknowledged": shown.acknowledged,
    "tags": shown.tags, "priority": shown.priority, "listed": len(listed), "closed": closed,
    "count": alerts.count_alerts().data.count, "pong": pong, "beat": beat.name,
    "expired": beat.expired,
}))
"#;

/// Runs a Python program with the official clients; nothing, said aloud, where they cannot be had.
fn python(words: &[&str]) -> Option<Said> {
    let python = program::find("python3")?;
    let command = || {
        let mut command = Command::new(&python);
        command.env("PYTHONPATH", Path::new(PEERS).join("python"));
        command.env("HOME", std::env::temp_dir()).env_remove("ALERTA_CONF_FILE");
        // With a terminal's variables and without a terminal, Alerta's reads alerts from its input.
        command.env_remove("TERM").env_remove("PS1");
        command
    };
    let known = || run(command().args(["-c", "import pagerduty, opsgenie_sdk, alertaclient"]));
    if known().code != Some(0) {
        program::fetch();
        if known().code != Some(0) {
            program::skip(
                "there are no official clients, and `.ci/run peers` could not fetch them",
            );
            return None;
        }
    }
    Some(run(command().args(words)))
}

#[track_caller]
fn answer(said: &Said, daemon: &Daemon) -> Value {
    assert_eq!(said.code, Some(0), "{}\n{}", said.err, daemon.log());
    serde_json::from_str(said.out.lines().last().unwrap_or_default()).unwrap()
}

fn alerts(daemon: &Daemon, query: &str) -> Vec<Value> {
    daemon.api().list("alerts", query)
}

#[test]
fn the_official_client_of_pagerduty_pages_here() {
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let Some(said) = python(&["-c", PAGERDUTY, &daemon.url()]) else { return };
    let said = answer(&said, &daemon);
    assert_eq!(said["key"], said["same"]);
    assert!(said["refused"][0].as_str().unwrap().contains("payload.severity"), "{said}");
    let firing = alerts(&daemon, "source=pager&state=firing");
    assert_eq!(firing.len(), 1, "{firing:?}");
    assert_eq!(firing[0]["source_key"], said["key"]);
    assert_eq!(firing[0]["annotations"]["summary"], "Disk is fuller");
    assert_eq!(firing[0]["severity"], "critical", "it is what the client says by default");
    assert_eq!(firing[0]["acknowledged_by_source"], true);
    let incidents = daemon.api().list("incidents", "");
    assert!(incidents.iter().any(|incident| incident["state"] == "acknowledged"));
}

#[test]
fn the_official_client_of_opsgenie_alerts_here() {
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let Some(said) = python(&["-c", OPSGENIE, &daemon.url()]) else { return };
    let expected = json!({
        "success": true, "id": "ALR-1", "acknowledged": true, "tags": ["prod", "web"],
        "priority": "P1", "listed": 1, "closed": "closed", "count": 1,
        "pong": "PONG - Heartbeat received", "beat": "backup", "expired": false,
    });
    assert_eq!(answer(&said, &daemon), expected);
}

#[test]
fn the_command_line_of_alerta_works_here() {
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let endpoint = format!("{}/api", daemon.url());
    let alerta = |words: &[&str]| {
        let program = format!(
            "import os; os.environ.update(ALERTA_ENDPOINT='{endpoint}', ALERTA_API_KEY='alerta-key')\n\
             import sys; sys.argv[0] = 'alerta'\nfrom alertaclient.cli import cli; cli()"
        );
        python(&[&["-c", &program], words].concat())
    };
    let node = ["send", "-r", "web-7", "-E", "Production", "-S", "Shop"];
    let related = ["-C", "node_up", "-C", "node_down"];
    let down = [&node[..], &related, &["-e", "node_down", "-s", "major", "-t", "no ping"]].concat();
    let Some(said) = alerta(&down) else { return };
    assert_eq!(
        (said.code, said.out.trim()),
        (Some(0), "ALR-1 (indeterminate -> major)"),
        "{said:?}"
    );
    let again = alerta(&down).unwrap();
    assert_eq!(again.out.trim(), "ALR-1 (1 duplicates)", "{again:?}");
    let found = alerta(&["--json", "query", "-f", "resource=web-7"]).unwrap();
    let found: Value = serde_json::from_str(&found.out).unwrap_or_else(|_| panic!("{found:?}"));
    assert_eq!((&found[0]["event"], &found[0]["severity"]), (&"node_down".into(), &"major".into()));
    let table = alerta(&["query"]).unwrap();
    assert!(table.code == Some(0) && table.out.contains("web-7"), "{table:?}");
    let acked = alerta(&["ack", "-i", "ALR-1", "--text", "on it"]).unwrap();
    assert_eq!(acked.code, Some(0), "{acked:?}");
    assert_eq!(alerts(&daemon, "")[0]["acknowledged_by_source"], true);
    let up = [&node[..], &related, &["-e", "node_up", "-s", "normal"]].concat();
    let up = alerta(&up).unwrap();
    assert_eq!(up.out.trim(), "ALR-1 (major -> normal)", "{up:?}");
    let beat = alerta(&["heartbeat", "-O", "cron/db-7", "--timeout", "600"]).unwrap();
    assert_eq!(beat.out.trim(), "HBT-1", "{beat:?}");
    let beats = alerta(&["heartbeats"]).unwrap();
    assert!(beats.code == Some(0) && beats.out.contains("cron/db-7"), "{beats:?}");
}

#[test]
fn alertmanagers_integrations_for_pagerduty_and_opsgenie_reach_the_daemon() {
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let url = daemon.url();
    home.write(
        "alertmanager.yml",
        &format!(
            "
route: {{ receiver: both, group_by: [alertname], group_wait: 0s, group_interval: 1s }}
receivers:
  - name: both
    pagerduty_configs:
      - {{ url: '{url}/v2/enqueue', routing_key: pager-key, severity: critical }}
    opsgenie_configs:
      - {{ api_url: '{url}/', api_key: genie-key, priority: P2 }}
"
        ),
    );
    let (config, storage) = (home.path("alertmanager.yml"), home.path("alertmanager"));
    let Some(alertmanager) = Alertmanager::start(&config, &storage, &[]) else { return };
    let labels = json!({ "alertname": "DiskFull", "instance": "db-7", "severity": "warning" });
    alertmanager.api.fire(&labels);
    let of = |source: &str, state: &str| {
        until(&format!("{source} has one that is {state}"), || {
            alerts(&daemon, &format!("source={source}&state={state}")).pop()
        })
    };
    let paged = of("pager", "firing");
    assert_eq!(paged["severity"], "critical");
    assert_eq!(paged["source_key"].as_str().unwrap().len(), 64);
    let alerted = of("genie", "firing");
    assert_eq!(
        (&alerted["severity"], &alerted["labels"]["alertname"]),
        (&"high".into(), &"DiskFull".into())
    );
    assert_eq!(alerted["labels"]["instance"], "db-7");
    alertmanager.api.resolve(&labels);
    of("pager", "resolved");
    of("genie", "resolved");
    alertmanager.stop();
}
