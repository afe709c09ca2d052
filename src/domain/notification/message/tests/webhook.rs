//! The webhook, field by field.

use super::*;

#[test]
fn a_webhook_says_what_alertmanager_says_in_its_order() {
    let letter = letter(vec![
        alert(AlertStatus::Firing, "sda"),
        alert(AlertStatus::Resolved, "sdb"),
        alert(AlertStatus::Firing, "sdc"),
    ]);
    let post = post(&letter, &webhook("http://127.0.0.1:9/hook", 2));
    assert_eq!(post.url.reveal(), "http://127.0.0.1:9/hook");
    assert_eq!(
        post.headers.iter().map(|(name, value)| (*name, value.reveal())).collect::<Vec<_>>(),
        [("Content-Type", "application/json"), ("Idempotency-Key", "DLV-7")]
    );
    assert_eq!(
        pretty(&post),
        r#"{
  "receiver": "team\\.db",
  "status": "firing",
  "alerts": [
    {
      "status": "firing",
      "labels": {
        "alertname": "DiskFull",
        "cluster": "a",
        "disk": "sda"
      },
      "annotations": {
        "summary": "under 5 % left"
      },
      "startsAt": "2026-03-01T02:05:00.25Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "http://prom.example.org/graph?a=1&b=2",
      "fingerprint": "SDA"
    },
    {
      "status": "resolved",
      "labels": {
        "alertname": "DiskFull",
        "cluster": "a",
        "disk": "sdb"
      },
      "annotations": {
        "summary": "under 5 % left"
      },
      "startsAt": "2026-03-01T02:05:00.25Z",
      "endsAt": "2026-03-01T03:00:00Z",
      "generatorURL": "http://prom.example.org/graph?a=1&b=2",
      "fingerprint": "SDB"
    }
  ],
  "notification_reason": "first notification",
  "groupLabels": {
    "alertname": "DiskFull"
  },
  "commonLabels": {
    "alertname": "DiskFull",
    "cluster": "a"
  },
  "commonAnnotations": {
    "summary": "under 5 % left"
  },
  "routeLabels": {
    "desk": "storage"
  },
  "externalURL": "https://am.example.org",
  "version": "4",
  "groupKey": "{}/{team=\"db\"}:{alertname=\"DiskFull\"}",
  "truncatedAlerts": 1
}"#
        .replace("SDA", &letter.alerts[0].fingerprint.to_string())
        .replace("SDB", &letter.alerts[1].fingerprint.to_string())
    );
}

#[test]
fn a_webhook_says_what_became_of_the_incident() {
    let letter = Letter {
        incident: Some(incident()),
        problem: Some(problem()),
        delayed: Some(Span::minutes(9)),
        ..letter(vec![alert(AlertStatus::Firing, "sda")])
    };
    let body = pretty(&post(&letter, &webhook("http://127.0.0.1:9/", 0)));
    let (_, ours) = body.split_once("\"truncatedAlerts\": 0,\n").unwrap();
    assert_eq!(
        ours,
        r#"  "incident": {
    "id": "INC-12",
    "title": "disks of cluster a fill up",
    "state": "acknowledged",
    "event": "acknowledged",
    "by": "ann",
    "priority": "P2",
    "impact": 2,
    "urgency": 1,
    "kind": "degradation",
    "category": "storage",
    "team": "dba",
    "assignee": null,
    "url": "https://am.example.org/incidents/INC-12",
    "opened_at": "2026-03-01T02:05:00Z",
    "acknowledged_at": "2026-03-01T02:07:00Z",
    "restored_at": null,
    "resolved_at": null,
    "recurrence": "INC-3, the third time in 30 days",
    "alerts": 2,
    "firing": 1
  },
  "problem": {
    "id": "PRB-4",
    "title": "log rotation stops",
    "state": "known_error",
    "workaround": "restart the rotation",
    "url": "https://am.example.org/problems/PRB-4"
  },
  "delayed": "9m"
}"#
    );
}

#[test]
fn the_status_is_that_of_the_group_also_where_alerts_are_left_out() {
    let resolved = || alert(AlertStatus::Resolved, "sda");
    let firing = || alert(AlertStatus::Firing, "sdb");
    let status = |alerts, send_resolved, alerts_max| {
        let integration = Integration { send_resolved, ..webhook("http://h/", alerts_max) };
        let body = post(&letter(alerts), &integration).body;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let alerts = body["alerts"].as_array().unwrap().len();
        format!("{} {alerts} +{}", body["status"].as_str().unwrap(), body["truncatedAlerts"])
    };
    assert_eq!(status(vec![resolved(), firing()], true, 0), "firing 2 +0");
    assert_eq!(status(vec![resolved(), firing()], true, 1), "firing 1 +1");
    assert_eq!(status(vec![resolved(), firing()], false, 0), "firing 1 +0");
    assert_eq!(status(vec![resolved()], true, 0), "resolved 1 +0");
    assert_eq!(status(vec![resolved()], false, 0), "resolved 1 +0");
    assert_eq!(status(vec![], true, 0), "resolved 0 +0");
}

#[test]
fn a_payload_takes_the_place_of_the_body() {
    let told = |payload: Tree| {
        let mut integration = webhook("http://h/", 1);
        let IntegrationKind::Webhook(config) = &mut integration.kind else { panic!() };
        config.payload = Some(payload);
        integration
    };
    let letter =
        letter(vec![alert(AlertStatus::Firing, "a: {{ b }}"), alert(AlertStatus::Firing, "sdb")]);
    let map = Tree::Map(vec![
        (template("{{ .Status }}"), leaf("{{ len .Alerts }}")),
        (template("disk"), leaf("{{ (index .Alerts 0).Labels.disk }}")),
        (
            template("alerts"),
            Tree::List(vec![leaf("{{ .CommonLabels | toJson }}"), leaf("x"), leaf("")]),
        ),
        (template("exact"), Tree::Exact(serde_json::json!(false))),
    ]);
    let request = post(&letter, &told(map));
    assert_eq!(
        request.body,
        r#"{"firing":1,"disk":"a: {{ b }}","alerts":[{"alertname":"DiskFull","cluster":"a","disk":"a: {{ b }}"},"x",null],"exact":false}"#
    );
    assert_eq!(request.headers[1].1.reveal(), "DLV-7");
    assert_eq!(post(&letter, &told(leaf("{{ .Status }}"))).body, r#""firing""#);
    let (faults, http) = mended(&letter, &told(leaf(BROKEN)));
    assert_eq!(faults, "`payload`");
    let body = json(&http.first);
    assert_eq!(body, "[FIRING:1] DiskFull");
}
