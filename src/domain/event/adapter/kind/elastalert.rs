//! `ElastAlert` 2, its HTTP POST alerters: the document that matched, or what the rule's `payload`
//! makes of it.
//!
//! Which fields there are is up to whoever wrote the rule, so the usual names are tried; the query
//! of the URL (`?rule=…`) says what a body leaves out. Nothing ends a match: it counts for an hour,
//! unless a `state` says that it is over.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::fields::{self, Fields};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Severity, Span};

/// `ElastAlert` 2.
pub const ADAPTER: Adapter = Adapter { name: "elastalert", title: "ElastAlert 2", read, fits };

const RULE: &[&str] =
    &["rulename", "rule", "alertname", "alertsubject", "alerttitle", "title", "name", "subject"];
const KEY: &[&str] = &["alertuid", "alertid", "dedupkey", "querykey", "key"];
const SEVERITY: &[&str] = &["severity", "alertseverity", "priority", "level", "loglevel"];
const STATE: &[&str] = &["state", "status", "alertstatus"];
const INSTANCE: &[&str] = &[
    "instance",
    "hostname",
    "host",
    "agenthostname",
    "agentname",
    "beathostname",
    "kubernetespodname",
    "server",
];
const SERVICE: &[&str] = &["servicename", "service", "application", "app"];
const ENVIRONMENT: &[&str] = &["environment", "serviceenvironment", "env"];
const AT: &[&str] = &["timestamp", "time"];
const ANNOTATIONS: &[(&str, &[&str])] = &[
    ("description", &["alerttext", "alertmessage", "message", "body", "text", "logmessage"]),
    ("num_hits", &["numhits"]),
    ("num_matches", &["nummatches"]),
    ("index", &["index"]),
    ("document", &["id"]),
    ("value", &["metricvalue", "value"]),
    ("runbook_url", &["runbookurl", "runbook"]),
];
const STATES: &[(&str, Signal)] = &[
    ("ok", Signal::Resolved),
    ("resolved", Signal::Resolved),
    ("firing", Signal::Firing),
    ("alerting", Signal::Firing),
];
/// A rule's `realert` is usually far shorter; one that no longer matches says nothing.
const LEASE: Span = Span::hours(1);

fn fits(body: &Value, _: &Head) -> bool {
    let body = body.get(0).unwrap_or(body);
    json::has_any(body, &["num_hits"]) && json::has_any(body, &["num_matches", "@timestamp"])
}

/// Reads a match, or several.
///
/// # Errors
/// When the body is no JSON object, form or query.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut read = Read::default();
    for (at, fields) in Fields::each(body, context)?.into_iter().enumerate() {
        one(at, &fields, context, &mut read);
    }
    Ok(read)
}

fn one(at: usize, fields: &Fields, context: &Context, read: &mut Read) {
    if fields.is_empty() {
        read.reject(at, "no field is filled in");
        return;
    }
    let mut draft = Draft { lease: Some(LEASE), ..Draft::default() };
    let (rule, instance) = (fields.get(RULE), fields.get(INSTANCE));
    if rule.is_empty() {
        draft.notes.push(
            "no field says which rule matched: add `rule_name` to the rule's payload, or \
             `?rule=NAME` to the URL"
                .to_owned(),
        );
    }
    let name = if rule.is_empty() { "ElastAlert match" } else { rule };
    draft.key = match (fields.get(KEY), instance) {
        ("", "") => name.to_owned(),
        ("", instance) => format!("{name}/{instance}"),
        (key, _) if rule.is_empty() => key.to_owned(),
        (key, _) => format!("{rule}/{key}"),
    };
    let labels = [
        ("alertname", name),
        ("instance", instance),
        ("service", fields.get(SERVICE)),
        ("environment", fields.get(ENVIRONMENT)),
    ];
    draft.labels = fields::labels(context, labels);
    let text = fields.get(ANNOTATIONS[0].1);
    let summary = match text.lines().next().unwrap_or_default() {
        "" => name.to_owned(),
        text if rule.is_empty() => text.to_owned(),
        text => format!("{name}: {text}"),
    };
    let texts = fields.pick(ANNOTATIONS).map(|(name, value)| (name, value.into()));
    draft.annotations = fields::annotations(context, texts.chain([("summary", summary.into())]));
    fields
        .get(&["kibanadiscoverurl", "opensearchdiscoverurl", "kibanalink", "url", "link"])
        .clone_into(&mut draft.url);
    let word = fields.get(SEVERITY);
    // The state of a document may be anybody's; only what is known counts.
    let state = fields.get(STATE);
    let known = STATES.iter().find(|(word, _)| word.eq_ignore_ascii_case(state));
    draft.signal = Some(known.map_or(Signal::Firing, |(_, signal)| *signal));
    if !word.is_empty() || draft.signal == Some(Signal::Firing) {
        let known = Some(Severity::parse(word)).filter(|known| *known != Severity::Unknown);
        draft.severity(context, word, known);
    }
    let stamp = Value::from(fields.get(AT));
    let stamp = draft.instant("the timestamp", Some(&stamp));
    if draft.signal == Some(Signal::Resolved) {
        draft.ends_at = stamp;
    } else {
        draft.starts_at = stamp;
    }
    draft.finish(at, context, read);
}
