//! What holds for every adapter, whatever the bytes.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::kind::ADAPTERS;
use super::{Context, GenericPaths, Kind, Limits, Read, Unreadable};
use crate::domain::value::Timestamp;

fn kinds() -> Vec<Kind> {
    let paths: GenericPaths = serde_json::from_value(json!({
        "each": "alerts", "name": "labels.alertname", "status": {"path": "status"},
        "key": "fingerprint", "labels": {"a": "labels", "b": "$.orgId"}, "starts_at": "startsAt"
    }))
    .unwrap();
    let known = ADAPTERS.iter().map(|adapter| Kind::Known(adapter));
    let texts = ["syslog", "mail"].into_iter().filter_map(Kind::named);
    known.chain(texts).chain([Kind::Auto, Kind::Generic(Box::new(paths))]).collect()
}

fn read(kind: &Kind, body: &[u8]) -> Result<Read, Unreadable> {
    let source = Arc::from("src");
    let limits = Limits { events_max: 6, labels_max: 4, ..Limits::default() };
    let now = Timestamp(1_772_366_400_000);
    let context = Context { utf8: false, ..Context::new(&source, now, &limits) };
    super::read(kind, body, &context)
}

/// Fields that adapters look for.
const NAMES: &[&str] = &[
    "AlarmName",
    "AlertID",
    "AlertName",
    "Dimensions",
    "EventKind",
    "EventReason",
    "LogEntry",
    "MONITORNAME",
    "Message",
    "MessageId",
    "Records",
    "STATUS",
    "Sns",
    "TopicArn",
    "Trigger",
    "Type",
    "action",
    "activityLog",
    "alert",
    "alertContext",
    "alertId",
    "alertType",
    "alert_transition",
    "alertname",
    "alerts",
    "alias",
    "allOf",
    "annotations",
    "app",
    "arrayValue",
    "assignees",
    "attributes",
    "body",
    "builds",
    "check_id",
    "commonLabels",
    "condition",
    "content",
    "context",
    "correlate",
    "current_state",
    "custom_details",
    "data",
    "data_base64",
    "dedup_key",
    "deployment",
    "deployment_status",
    "detail",
    "detail-type",
    "details",
    "device_id",
    "endsAt",
    "environment",
    "escalation_status",
    "essentials",
    "evalMatches",
    "event",
    "event_action",
    "event_id",
    "event_tags",
    "event_type",
    "event_update_action",
    "event_update_status",
    "event_value",
    "eventmeta",
    "events",
    "fields",
    "findings",
    "fingerprint",
    "full_name",
    "generatorURL",
    "health",
    "heartbeat",
    "host",
    "id",
    "incident",
    "incident_id",
    "involvedObject",
    "issue",
    "items",
    "key",
    "labels",
    "level",
    "links",
    "localDateTime",
    "logRecords",
    "message",
    "messages",
    "metadata",
    "metric_alert",
    "metrics",
    "monitor",
    "monitorID",
    "msg",
    "name",
    "note",
    "object_attributes",
    "object_kind",
    "operationState",
    "orgId",
    "origin",
    "payload",
    "priority",
    "repository",
    "resource",
    "resourceLogs",
    "responders",
    "role_assignments",
    "rule",
    "ruleId",
    "ruleName",
    "rule_id",
    "scopeLogs",
    "sender",
    "service",
    "severity",
    "severityNumber",
    "source",
    "specversion",
    "startsAt",
    "state",
    "status",
    "stringValue",
    "subject",
    "summary",
    "tags",
    "timeout",
    "timestamp",
    "title",
    "truncatedAlerts",
    "type",
    "value",
    "values",
    "version",
    "vulnerability",
    "workflow_run",
    "x y",
    "Subject",
    "link",
    "trigger",
    "update_action",
    "eventupdateaction",
    "alarmName",
    "object_name",
    "object_type",
    "downtime_depth",
    "is_flapping",
    "issueUrl",
    "issue_url",
    "documentation",
    "monitor_id",
];

/// Those fields, with values of every type.
fn object(inner: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let names = prop::sample::select(NAMES);
    prop::collection::vec((names, inner), 0..6)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)))
        .prop_map(|fields| Value::Object(fields.collect()))
        .boxed()
}

fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "firing",
            "resolved",
            "ok",
            "paused",
            "0001-01-01T00:00:00Z",
            "2026.03.01 12:00:00",
            "{EVENT.ID}",
            "acknowledged, suppressed",
            "1",
            "0",
            "2026-03-01T12:00:00Z",
            "9999-12-31T23:59:59Z",
            "-1",
            "1e400",
            "trigger",
            "acknowledge",
            "resolve",
            "incident.triggered",
            "Create",
            "AddNote",
            "Problem: x",
            "Problem started at 1 on 2",
            "<p>a<",
            "{{ x }}",
            "é\u{0}\u{10ffff}",
        ])
        .prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            object(inner.boxed()),
        ]
    })
    .boxed()
}

fn alerts() -> impl Strategy<Value = Vec<Value>> {
    let labels = prop::collection::btree_map("[a-z ]{0,3}", "[a-z]{0,2}", 0..6)
        .prop_map(|labels| json!({"labels": labels}));
    prop::collection::vec(prop_oneof![labels, object(any_json())], 0..8)
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(body in any_json()) {
        for kind in kinds() {
            let _ = read(&kind, body.to_string().as_bytes());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        alerts in alerts(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        kept in any::<prop::sample::Index>(),
    ) {
        let mut body = json!({"alerts": alerts, "orgId": 1}).to_string().into_bytes();
        for (at, byte) in flips {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body.truncate(kept.index(body.len()) + 1);
        for kind in kinds() {
            let _ = read(&kind, &body);
        }
    }

    #[test]
    fn every_element_becomes_an_event_or_a_rejection(alerts in alerts()) {
        let webhook = json!({"alerts": alerts}).to_string();
        let ours = ["prometheus", "alertmanager", "grafana", "grafana-legacy", "generic"];
        for kind in kinds().into_iter().filter(|kind| ours.contains(&kind.name())) {
            let body = if kind.is_prometheus() {
                Value::Array(alerts.clone()).to_string()
            } else {
                webhook.clone()
            };
            let Ok(read) = read(&kind, body.as_bytes()) else {
                continue;
            };
            let count = if kind.name() == "grafana-legacy" { 1 } else { alerts.len() };
            prop_assert_eq!(read.events.len() + read.rejected.len(), count, "{:?}", kind);
            prop_assert!(read.rejected.iter().all(|rejection| rejection.at < count));
        }
    }
}

#[test]
fn depth_is_limited() {
    for (open, close) in [("[", "]"), (r#"{"alerts":"#, "}"), (r#"[{"x":"#, "}]")] {
        let body = format!("{}1{}", open.repeat(5_000), close.repeat(5_000));
        // To syslog and mail it is text like any other.
        let of_json = |kind: &Kind| !["syslog", "mail"].contains(&kind.name());
        for kind in kinds().into_iter().filter(of_json) {
            assert!(read(&kind, body.as_bytes()).is_err(), "{}", kind.name());
        }
    }
}
