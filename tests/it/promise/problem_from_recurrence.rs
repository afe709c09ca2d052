//! The third incident of a kind within 30 days opens a problem, once, and its page says so.

use super::{check_from, show};

const RULES: &str = "
route: { receiver: dba, group_by: [incident], group_wait: 30s }
receivers:
  - name: dba
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
defaults: { team: db }
";

#[test]
fn a_disk_that_fills_every_sunday_becomes_a_problem() {
    let world = check_from(
        "2026-03-01T01:05:00Z",
        RULES,
        r#"
        0s    fire alertname=DiskFull ci=database/shop-db severity=warning
        20m   resolve alertname=DiskFull ci=database/shop-db severity=warning
        21m   resolve INC-1 code=workaround note="made room" by=dora
        2026-03-08T01:07:00Z fire alertname=DiskFull ci=database/shop-db severity=warning
        2026-03-08T01:27:00Z resolve alertname=DiskFull ci=database/shop-db severity=warning
        2026-03-08T01:28:00Z resolve INC-2 code=workaround by=dora
        2026-03-15T01:04:00Z fire alertname=DiskFull ci=database/shop-db severity=warning
        2026-03-15T01:24:00Z resolve alertname=DiskFull ci=database/shop-db severity=warning
        2026-03-15T01:25:00Z resolve INC-3 code=workaround by=dora
        2026-03-17T12:00:00Z assess PRB-1
        2026-03-17T12:01:00Z cause PRB-1 text="WAL is never pruned" category=configuration
        2026-03-17T12:02:00Z workaround PRB-1 text="run clean-wal"
        2026-03-22T01:06:00Z fire alertname=DiskFull ci=database/shop-db severity=warning
        2026-03-22T01:26:00Z resolve alertname=DiskFull ci=database/shop-db severity=warning
        2026-03-22T01:27:00Z resolve INC-4 code=workaround by=dora
        2026-03-24T09:00:00Z fix PRB-1 change=CHG-44
        2026-03-24T10:00:00Z resolve PRB-1 code=fixed
        2026-04-20T00:00:00Z tick
        "#,
        "
        30s told dba/webhook[0]: INC-1 P5 opened
        21m told dba/webhook[0]: INC-1 P5 resolved
        168h2m30s told dba/webhook[0]: INC-2 P5 opened, 2nd in 30 d, last INC-1
        168h23m told dba/webhook[0]: INC-2 P5 resolved, 2nd in 30 d, last INC-1
        335h59m30s told dba/webhook[0]: INC-3 P5 opened, 3rd in 30 d, last INC-2, PRB-1
        336h20m told dba/webhook[0]: INC-3 P5 resolved, 3rd in 30 d, last INC-2, PRB-1
        504h1m30s told dba/webhook[0]: INC-4 P5 opened, 4th in 30 d, last INC-3, PRB-1
        504h22m told dba/webhook[0]: INC-4 P5 resolved, 4th in 30 d, last INC-3, PRB-1
        ",
    );
    let problem = show(&world, "problem", "PRB-1");
    // Four incidents in four weeks: three of them would need 21 days, to the hour of the day.
    assert_eq!(problem["state"], "closed");
    assert_eq!(problem["code"], "fixed");
    assert_eq!(problem["incident_count"], 4);
    assert_eq!(problem["team"], "db");
    assert!(show(&world, "problem", "PRB-2").is_null(), "one kind, one problem");
}
