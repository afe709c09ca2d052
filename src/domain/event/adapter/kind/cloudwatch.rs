//! Amazon `CloudWatch`: state changes of alarms, as SNS, `EventBridge` and Lambda carry them.

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table, pick};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Severity, Span};

/// `CloudWatch`'s alarms without an envelope: raw delivery of SNS, or a rule's own template.
pub const ADAPTER: Adapter =
    Adapter { name: "cloudwatch", title: "Amazon CloudWatch alarms", read, fits };

/// That there is no data does not say that the condition is over; nobody knows.
const STATES: [(&str, Means); 3] =
    [("ALARM", Means::Firing), ("OK", Means::Resolved), ("INSUFFICIENT_DATA", Means::Firing)];
/// An alarm has no severity. Its state stands in for one, so that `severity_map` of the source can
/// say what the states are worth; missing data counts as much as the alarm if that was on.
const SEVERITIES: [(&str, Severity); 3] =
    [("ALARM", Severity::High), ("INSUFFICIENT_DATA", Severity::Warning), ("OK", Severity::Info)];
const PRIORITIES: [(&str, Severity); 5] = [
    ("P1", Severity::Critical),
    ("P2", Severity::High),
    ("P3", Severity::Warning),
    ("P4", Severity::Info),
    ("P5", Severity::Info),
];
/// Without a state nothing says when it is over.
const LEASE: Span = Span::hours(1);
/// Dimensions that say which resource it is.
const INSTANCES: [&str; 10] = [
    "InstanceId",
    "DBInstanceIdentifier",
    "LoadBalancer",
    "LoadBalancerName",
    "FunctionName",
    "QueueName",
    "TopicName",
    "BucketName",
    "ClusterName",
    "TableName",
];

/// What SNS carries.
const NOTIFIED: Table = Table {
    name: &["/AlarmName"],
    status: &["/NewStateValue"],
    words: &STATES,
    labels: &[
        ("namespace", &["/Trigger/Namespace", "/Namespace"]),
        ("metric", &["/Trigger/MetricName", "/MetricName"]),
        ("account", &["/AWSAccountId"]),
        ("service", &["/Application"]),
    ],
    annotations: &[
        ("summary", &["/NewStateReason", "/AlarmDescription"]),
        ("description", &["/AlarmDescription", "/NewStateReason"]),
        ("state", &["/NewStateValue"]),
        ("old_state", &["/OldStateValue"]),
        ("threshold", &["/Trigger/Threshold", "/Threshold"]),
        ("comparison", &["/Trigger/ComparisonOperator", "/ComparisonOperator"]),
        ("alarm_rule", &["/AlarmRule"]),
        ("region_name", &["/Region"]),
    ],
    starts_at: &["/StateChangeTime"],
    ends_at: &["/StateChangeTime"],
    more: notified,
    ..Table::EMPTY
};
/// What `EventBridge` and Lambda carry: `detail` or `alarmData`, with what stands around it.
const CHANGED: Table = Table {
    name: &["/alarmName"],
    status: &["/state/value"],
    words: &STATES,
    labels: &[
        ("namespace", &["/configuration/metrics/0/metricStat/metric/namespace"]),
        ("metric", &["/configuration/metrics/0/metricStat/metric/name"]),
    ],
    annotations: &[
        ("summary", &["/state/reason", "/configuration/description"]),
        ("description", &["/configuration/description", "/state/reason"]),
        ("state", &["/state/value"]),
        ("old_state", &["/previousState/value"]),
        ("alarm_rule", &["/configuration/alarmRule"]),
    ],
    starts_at: &["/state/timestamp"],
    ends_at: &["/state/timestamp"],
    more: changed,
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    is_alarm(body) || body["alarmData"].get("alarmName").is_some() || is_change(body)
}

/// Whether a message of SNS is one about an alarm.
pub(super) fn is_alarm(message: &Value) -> bool {
    message.get("AlarmName").is_some()
}

/// Whether it is what `EventBridge` carries, without what stands around it.
fn is_change(body: &Value) -> bool {
    body.get("alarmName").is_some() && body["state"].get("value").is_some()
}

/// Reads an alarm without an envelope; one with an envelope is taken out of it.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let value = json::parse(body)?;
    if super::sns::is_envelope(&value) || value["Records"].is_array() {
        return super::sns::read(body, context);
    }
    if super::eventbridge::is_event(&value) {
        return super::eventbridge::read(body, context);
    }
    let mut read = Read::default();
    if value["alarmData"].is_object() {
        let arn = pick(&value, &["/alarmArn"]);
        let account = pick(&value, &["/accountId"]);
        change(&value["alarmData"], &arn, &account, context, &mut read);
    } else if is_change(&value) {
        change(&value, &pick(&value, &["/alarmArn"]), "", context, &mut read);
    } else {
        alarm(0, &value, context, &mut read);
    }
    Ok(read)
}

/// Reads an alarm as SNS carries it.
pub(super) fn alarm(at: usize, message: &Value, context: &Context, read: &mut Read) {
    let before = read.events.len();
    NOTIFIED.element(at, message, context, read);
    let state = pick(message, &["/NewStateValue"]);
    let priority = pick(message, &["/Priority", "/Severity"]);
    let old = pick(message, &["/OldStateValue"]);
    judge(before, &state, &old, &priority, context, read);
}

/// Reads an alarm as `EventBridge` carries it, with the ARN that stands around it.
pub(super) fn change(detail: &Value, arn: &str, account: &str, context: &Context, read: &mut Read) {
    let before = read.events.len();
    CHANGED.element(0, detail, context, read);
    let [state, old] = ["/state/value", "/previousState/value"].map(|place| pick(detail, &[place]));
    judge(before, &state, &old, "", context, read);
    for event in read.events.iter_mut().skip(before) {
        if !arn.is_empty() {
            event.key = arn.into();
        }
        let region = region_of(arn).to_owned();
        event.labels = event.labels.with([("account", account), ("region", region.as_str())]);
    }
}

/// Severities come last: they depend on the state before.
fn judge(from: usize, state: &str, old: &str, priority: &str, context: &Context, read: &mut Read) {
    for event in read.events.iter_mut().skip(from) {
        let lasting = state == "INSUFFICIENT_DATA" && old == "ALARM";
        let (word, table): (_, &[(&str, Severity)]) = match priority {
            "" if lasting => ("ALARM", &SEVERITIES),
            "" => (state, &SEVERITIES),
            priority => (priority, &PRIORITIES),
        };
        let mut draft = Draft { labels: event.labels.clone(), ..Draft::default() };
        draft.severity(context, word, super::table::word(word, table));
        event.labels = draft.labels;
    }
}

fn notified(message: &Value, draft: &mut Draft) {
    let arn = pick(message, &["/AlarmArn"]);
    let [account, region, name] =
        ["/AWSAccountId", "/Region", "/AlarmName"].map(|place| pick(message, &[place]));
    draft.key = match arn.as_ref() {
        "" if account.is_empty() => name.into_owned(),
        "" => format!("{account}/{region}/{name}"),
        arn => arn.to_owned(),
    };
    let place = if arn.is_empty() { region.as_ref() } else { region_of(&arn) };
    draft.labels = draft.labels.with([("region", place)]);
    let trigger = &message["Trigger"];
    let mut found: Vec<(String, String)> = Vec::new();
    let plain = trigger["Dimensions"].as_array().into_iter().flatten();
    let metrics = trigger["Metrics"].as_array().into_iter().flatten();
    let of_metrics = metrics.clone().flat_map(|metric| {
        metric["MetricStat"]["Metric"]["Dimensions"].as_array().into_iter().flatten()
    });
    for dimension in plain.chain(of_metrics) {
        let [name, value] = ["/name", "/value"].map(|place| pick(dimension, &[place]));
        let [upper, worth] = ["/Name", "/Value"].map(|place| pick(dimension, &[place]));
        let name = if name.is_empty() { upper } else { name };
        let value = if value.is_empty() { worth } else { value };
        found.push((name.into_owned(), value.into_owned()));
    }
    dimensions(&found, draft);
    for metric in metrics {
        let metric = &metric["MetricStat"]["Metric"];
        for (label, name) in [("metric", "MetricName"), ("namespace", "Namespace")] {
            let value = json::field(metric, name);
            if draft.labels.get(label).is_empty() {
                draft.labels = draft.labels.with([(label, value.as_ref())]);
            }
        }
    }
    if message.get("NewStateValue").is_none() {
        draft.lease = Some(LEASE);
        draft.notes.push("there is no `NewStateValue`: nothing says when this is over".to_owned());
    }
}

fn changed(detail: &Value, draft: &mut Draft) {
    draft.key = pick(detail, &["/alarmName"]).into_owned();
    let metrics = detail["configuration"]["metrics"].as_array().into_iter().flatten();
    let mut found = Vec::new();
    for metric in metrics {
        let pairs = json::pairs(&metric["metricStat"]["metric"], "dimensions").unwrap_or_default();
        found.extend(pairs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    dimensions(&found, draft);
}

/// Dimensions are labels under their own names, the most telling also `instance`.
fn dimensions(found: &[(String, String)], draft: &mut Draft) {
    let named = found.iter().filter(|(name, _)| !name.is_empty());
    let named: Vec<(&str, &str)> =
        named.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let own = named.iter().filter(|(name, _)| draft.labels.get(name).is_empty()).copied();
    draft.labels = draft.labels.with(own);
    let telling = INSTANCES.iter().find_map(|known| named.iter().find(|(name, _)| name == known));
    let instance = telling.or(named.first()).map_or("", |(_, value)| value);
    draft.labels = draft.labels.with([("instance", instance)]);
}

/// `arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME`.
fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}
