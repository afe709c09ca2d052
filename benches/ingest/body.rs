//! What is said on each way: the same condition in about as many bytes.

use std::fmt;

use incidentd::domain::event::adapter::Kind;
use incidentd::domain::value::{Span, Timestamp};
use incidentd::shell::intake::http::{Intake, Limits};
use serde_json::{Value, json};

/// Alerts of one request.
pub(crate) const BATCH: u64 = 64;
/// Records that one OTLP resource has.
const RESOURCE_RECORDS: u64 = 8;

/// How alerts come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ApiV2,
    OtlpJson,
    OtlpProtobuf,
    Syslog,
}

impl Way {
    /// Every way, the one that the others are held against first.
    pub(crate) const ALL: [Self; 4] =
        [Self::ApiV2, Self::OtlpJson, Self::OtlpProtobuf, Self::Syslog];

    /// The source, which may send as fast as it can.
    pub(crate) fn intake(self) -> Intake {
        let (name, limits) = match self {
            Self::ApiV2 => ("prometheus", Limits::ALERTMANAGER),
            Self::OtlpJson | Self::OtlpProtobuf => ("otlp", Limits::default()),
            Self::Syslog => ("syslog", Limits::default()),
        };
        let kind = Kind::named(name).expect("the list names it");
        Intake::new(name, kind, Vec::new(), Limits { rate: None, ..limits })
    }

    /// What the head of a request says.
    pub(crate) fn media_type(self) -> &'static str {
        if self == Self::OtlpProtobuf { "application/x-protobuf" } else { "application/json" }
    }

    /// A batch, in which every alert has a number of its own.
    pub(crate) fn body(self, first: u64, now: Timestamp) -> Vec<u8> {
        let numbers = first..first + BATCH;
        let resources = || numbers.clone().step_by(usize::try_from(RESOURCE_RECORDS).unwrap_or(1));
        match self {
            Self::ApiV2 => {
                let alerts: Value = numbers.map(|number| alert(number, now)).collect();
                alerts.to_string().into_bytes()
            }
            Self::OtlpJson => {
                let resources: Value = resources().map(|first| resource(first, now)).collect();
                json!({ "resourceLogs": resources }).to_string().into_bytes()
            }
            Self::OtlpProtobuf => {
                resources().flat_map(|first| field(1, &wire_resource(first, now))).collect()
            }
            Self::Syslog => numbers.flat_map(|number| line(number, now).into_bytes()).collect(),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiV2 => "api_v2",
            Self::OtlpJson => "otlp_json",
            Self::OtlpProtobuf => "otlp_protobuf",
            Self::Syslog => "syslog",
        })
    }
}

const CLUSTER: &str = "production-eu-1";
const RUNBOOK: &str = "https://runbooks.example.com/storage/node-disk-filling-up";

/// Names and clusters make incidents, so everybody has the same ones.
fn name(number: u64) -> String {
    format!("NodeDiskFillingUp{}", number % RESOURCE_RECORDS)
}

fn instance(number: u64) -> String {
    format!("node-{number:06}.rack-17.example.com")
}

fn description(number: u64) -> String {
    let instance = instance(number);
    format!(
        "The disk of {instance} has had less than ten percent of free space for more than fifteen \
         minutes, and at the rate of the last six hours it will be full before the night is over."
    )
}

fn alert(number: u64, now: Timestamp) -> Value {
    json!({
        "annotations": {
            "description": description(number),
            "runbook_url": RUNBOOK,
            "summary": "The disk is filling up",
        },
        "endsAt": (now + Span::hours(1)).rfc3339(),
        "startsAt": now.rfc3339(),
        "generatorURL": "http://prometheus-0.example.com:9090/graph?g0.expr=disk+%3C+0.1&g0.tab=1",
        "labels": {
            "alertname": name(number),
            "cluster": CLUSTER,
            "device": "/dev/nvme0n1p1",
            "instance": instance(number),
            "job": "node-exporter",
            "mountpoint": "/var/lib/data",
            "severity": "critical",
            "team": "storage",
        },
    })
}

/// The message as RFC 5424 has it, at `crit`.
fn line(number: u64, now: Timestamp) -> String {
    format!(
        "<10>1 {} {} node-exporter 812 {} [disk@32473 cluster=\"{CLUSTER}\" \
         device=\"/dev/nvme0n1p1\" mountpoint=\"/var/lib/data\" team=\"storage\"]\
         [meta runbook_url=\"{RUNBOOK}\" sequenceId=\"4711\"] {}\n",
        now.rfc3339(),
        instance(number),
        name(number),
        description(number)
    )
}

/// Attributes of a resource, whose host has the number of its first record.
fn of_resource(first: u64) -> [(&'static str, String); 4] {
    [
        ("host.name", instance(first)),
        ("cluster", CLUSTER.to_owned()),
        ("job", "node-exporter".to_owned()),
        ("team", "storage".to_owned()),
    ]
}

/// Attributes of a record.
fn of_record() -> [(&'static str, String); 3] {
    [
        ("device", "/dev/nvme0n1p1".to_owned()),
        ("mountpoint", "/var/lib/data".to_owned()),
        ("runbook_url", RUNBOOK.to_owned()),
    ]
}

fn nanoseconds(at: Timestamp) -> u64 {
    at.0.cast_unsigned() * 1_000_000
}

/// `FATAL` of OTLP.
const FATAL: u8 = 21;

fn resource(first: u64, now: Timestamp) -> Value {
    let pair = |(key, value): (&str, String)| json!({"key": key, "value": {"stringValue": value}});
    let record = |number: u64| {
        json!({
            "timeUnixNano": nanoseconds(now).to_string(),
            "observedTimeUnixNano": nanoseconds(now).to_string(),
            "severityNumber": FATAL,
            "severityText": "FATAL",
            "eventName": name(number),
            "body": {"stringValue": description(number)},
            "attributes": of_record().map(pair),
        })
    };
    let records: Value = (first..first + RESOURCE_RECORDS).map(record).collect();
    json!({
        "resource": {"attributes": of_resource(first).map(pair)},
        "scopeLogs": [{"scope": {"name": "storage"}, "logRecords": records}],
    })
}

/// A field of protobuf that has a length; those here are shorter than 2 MiB.
fn field(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag << 3 | 2];
    let mut length = value.len();
    while length > 127 {
        bytes.push(u8::try_from(length & 127).unwrap_or_default() | 128);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap_or_default());
    bytes.extend(value);
    bytes
}

fn wire_resource(first: u64, now: Timestamp) -> Vec<u8> {
    let text = |value: &str| field(1, value.as_bytes());
    let pair = |tag: u8, key: &str, value: &str| {
        field(tag, &[field(1, key.as_bytes()), field(2, &text(value))].concat())
    };
    let fixed = |tag: u8| [&[tag << 3 | 1][..], &nanoseconds(now).to_le_bytes()].concat();
    let record = |number: u64| {
        let head = [fixed(1), vec![2 << 3, FATAL], field(3, b"FATAL")].concat();
        let body = field(5, &text(&description(number)));
        let attributes = of_record().map(|(key, value)| pair(6, key, &value)).concat();
        let name = field(12, name(number).as_bytes());
        field(2, &[head, body, attributes, fixed(11), name].concat())
    };
    let attributes = of_resource(first).map(|(key, value)| pair(1, key, &value)).concat();
    let records: Vec<u8> = (first..first + RESOURCE_RECORDS).flat_map(record).collect();
    let scope = field(1, &text("storage"));
    [field(1, &attributes), field(2, &[scope, records].concat())].concat()
}
