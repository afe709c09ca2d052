//! Pages and lists, from JSON to text.

use super::*;
use crate::domain::MANUALS;

const LOOK: Look =
    Look { now: crate::domain::value::Timestamp(1_772_330_700_000), width: None, colour: false };

fn manual(name: &str) -> &'static Manual {
    MANUALS.iter().find(|manual| manual.name == name).unwrap()
}

fn check_page(record: &str, expected: &str) {
    let record = serde_json::from_str(record).unwrap();
    assert_eq!(super::record(&record, &LOOK), expected);
}

#[test]
fn an_incident_has_its_head_then_its_parts() {
    check_page(
        r#"{
            "id": "INC-7", "title": "Orders cannot be paid", "state": "in_progress",
            "priority": 1, "team": "shop", "assignee": null, "flapping": false,
            "opened_at": "2026-03-01T02:02:00.000Z",
            "labels": {"alertname": "PaymentsDown", "service": "shop"},
            "resolution": null,
            "alerts": [
                {"id": "ALR-1", "labels": {"alertname": "PaymentsDown", "zone": "eu"}, "state": "firing"},
                {"id": "ALR-2", "labels": {"alertname": "QueueFull"}, "state": "resolved"}
            ],
            "annotations": {"description": "No order was paid.\nLook at the queue first."},
            "actions": ["hold", "resolve"],
            "timeline": [
                {"at": "2026-03-01T02:02:00.000Z", "by": "incidentd", "via": "rule", "action": "logged", "text": "logged as P1"},
                {"at": "2026-03-01T02:04:30.000Z", "by": "anna", "via": "cli", "action": "note", "text": "on it"}
            ],
            "timeline_omitted": 0
        }"#,
        "\
INC-7  Orders cannot be paid

state             in_progress
priority          P1
team              shop
flapping          false
opened at         2026-03-01 02:02:00 UTC (3m ago)
actions           hold, resolve
timeline omitted  0

Labels
  alertname  PaymentsDown
  service    shop

Alerts (2)
  ID     STATE     LABELS
  ALR-1  firing    alertname=PaymentsDown zone=eu
  ALR-2  resolved  alertname=QueueFull

Annotations
  description  No order was paid.
               Look at the queue first.

Timeline (2)
  AT                                 BY         VIA   ACTION  TEXT
  2026-03-01 02:02:00 UTC (3m ago)   incidentd  rule  logged  logged as P1
  2026-03-01 02:04:30 UTC (30s ago)  anna       cli   note    on it
",
    );
}

#[test]
fn the_status_is_a_page_like_any_other() {
    check_page(
        r#"{"version": "0.1.0", "ready": true, "warnings": ["no receiver", "no token: all may write"],
            "store": {"engine": "sled", "journal": {"last": 42}}}"#,
        "\
version   0.1.0
ready     true
warnings  no receiver
          no token: all may write

Store
  engine        sled
  journal.last  42
",
    );
}

fn check_list(practice: &str, width: Option<usize>, answer: &str, expected: &str) {
    let answer = serde_json::from_str(answer).unwrap();
    assert_eq!(list(manual(practice), &answer, &Look { width, ..LOOK }), expected);
}

#[test]
fn a_list_has_the_columns_of_its_practice() {
    let items = r#"{"items": [
        {"id": "INC-12", "priority": 2, "state": "new", "team": "dba", "assignee": null,
         "alert_count": 3, "opened_at": "2026-03-01T02:04:00.000Z", "title": "Replica lags behind its primary"},
        {"id": "INC-9", "priority": 4, "state": "on_hold", "team": "web", "assignee": "bo",
         "alert_count": 1, "opened_at": "2026-02-27T02:05:00.000Z", "title": "Certificate ends soon"}
    ], "next": 9}"#;
    check_list(
        "incident",
        None,
        items,
        "\
ID      PRI  STATE    TEAM  ASSIGNEE  ALERTS  OPENED   TITLE
INC-12  P2   new      dba   -         3       60s ago  Replica lags behind its primary
INC-9   P4   on_hold  web   bo        1       2d ago   Certificate ends soon
",
    );
    check_list(
        "incident",
        Some(72),
        items,
        "\
ID      PRI  STATE    TEAM  ASSIGNEE  ALERTS  OPENED   TITLE
INC-12  P2   new      dba   -         3       60s ago  Replica lags beh…
INC-9   P4   on_hold  web   bo        1       2d ago   Certificate ends…
There are more: see --limit and --all.
",
    );
    check_list("incident", None, r#"{"items": [], "next": null}"#, "No incidents match.\n");
}

#[test]
fn a_receipt_is_the_line_of_the_list() {
    let record =
        serde_json::json!({"id": "INC-1", "priority": 1, "state": "acknowledged", "title": "x"});
    let text = receipt(manual("incident"), "acknowledge", &record, &LOOK);
    assert_eq!(
        text.lines().nth(1).unwrap(),
        "INC-1  P1   acknowledged  -     -         -       -       x"
    );
    assert_eq!(receipt(manual("incident"), "note", &Value::Null, &LOOK), "note: done\n");
}
