//! `LibreNMS`: an alert of one rule about one device, as its API transport sends it.
//!
//! The state says whether it holds: 0 it is over, 1 it does, 2 somebody acknowledged it, 3 it got
//! worse, 4 better, 5 it changed. Device and rule are the key, as in `LibreNMS`'s own table of alerts.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::fields::{self, Fields};
use crate::domain::event::adapter::said::Words;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::event::{Saying, Signal};
use crate::domain::value::Severity;

/// `LibreNMS`.
pub const ADAPTER: Adapter = Adapter { name: "librenms", title: "LibreNMS", read, fits };

const DEVICE: &[&str] = &["deviceid", "devicedeviceid"];
const HOST: &[&str] =
    &["hostname", "sysname", "devicehostname", "devicesysname", "display", "ip", "deviceip"];
const RULE: &[&str] = &["ruleid"];
const NAME: &[&str] = &["name", "rulename", "alertname", "alertrule", "title"];
const STATES: &[(&str, Signal)] = &[
    ("0", Signal::Resolved),
    ("1", Signal::Firing),
    ("3", Signal::Firing),
    ("4", Signal::Firing),
    ("5", Signal::Firing),
    ("ok", Signal::Resolved),
    ("recovered", Signal::Resolved),
    ("alert", Signal::Firing),
    ("alerted", Signal::Firing),
];
const ACKNOWLEDGED: [&str; 2] = ["2", "acknowledged"];
const SEVERITIES: &[(&str, Severity)] =
    &[("ok", Severity::Info), ("warning", Severity::Warning), ("critical", Severity::Critical)];
const ANNOTATIONS: &[(&str, &[&str])] = &[
    ("summary", &["title"]),
    ("description", &["msg", "message", "faults", "string"]),
    ("faults", &["faults"]),
    ("elapsed", &["elapsed"]),
    ("location", &["location"]),
    ("hardware", &["hardware"]),
    ("os", &["os"]),
    ("sys_name", &["sysname"]),
    ("ip", &["ip"]),
    ("notes", &["alertnotes", "notes"]),
    ("procedure", &["proc"]),
    ("status_reason", &["statusreason"]),
];
/// How a test of a transport begins.
const TEST: &str = "Testing transport from LibreNMS";

fn fits(body: &Value, _: &Head) -> bool {
    json::has_any(body, &["device_id", "sysName"])
        && json::has_any(body, &["rule_id", "alert_id", "rule"])
        && body.get("state").is_some()
}

/// Reads an alert: JSON, a form or a query.
///
/// # Errors
/// When the body is none of them.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut read = Read::default();
    for (at, fields) in Fields::each(body, context)?.into_iter().enumerate() {
        one(at, &fields, context, &mut read);
    }
    Ok(read)
}

fn one(at: usize, fields: &Fields, context: &Context, read: &mut Read) {
    let (host, name) = (fields.get(HOST), fields.get(NAME));
    if fields.get(&["title", "msg"]).starts_with(TEST) {
        read.note(at, "a test of the transport");
        return;
    }
    if name.is_empty() && fields.get(RULE).is_empty() {
        read.reject(at, "neither `rule_id` nor `name` says which rule it is");
        return;
    }
    let mut draft = Draft { key: key(fields), ..Draft::default() };
    let name = if name.is_empty() { format!("Rule {}", fields.get(RULE)) } else { name.to_owned() };
    let labels =
        [("alertname", name.as_str()), ("instance", host), ("device_type", fields.get(&["type"]))];
    draft.labels = fields::labels(context, labels);
    let texts = fields.pick(ANNOTATIONS).map(|(name, value)| (name, value.into()));
    draft.annotations = fields::annotations(context, texts);
    if draft.annotations.get("summary").is_empty() {
        let summary = format!("{name} on {host}");
        draft.annotations = draft.annotations.with([("summary", summary.as_str())]);
    }
    fields.get(&["url", "alerturl"]).clone_into(&mut draft.url);
    let (state, word) =
        (fields.get(&["state", "alertstate"]), fields.get(&["severity", "alertseverity"]));
    if ACKNOWLEDGED.iter().any(|known| known.eq_ignore_ascii_case(state)) {
        let text = fields.get(&["alertnotes", "msg", "title"]);
        let words = Words { author: fields.get(&["acknowledgedby", "user"]), text };
        draft.remark(Saying::Acknowledged, words, (at, context), read);
        return;
    }
    let known = STATES.iter().find(|(known, _)| known.eq_ignore_ascii_case(state));
    draft.signal = known.map(|(_, signal)| *signal);
    if known.is_none() {
        draft.notes.push(format!("unknown state `{state}`: taken as firing"));
    }
    let severity = SEVERITIES.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    // A recovery's severity is that of nothing.
    if !(draft.signal == Some(Signal::Resolved) && word.eq_ignore_ascii_case("ok")) {
        draft.severity(context, word, severity.map(|(_, severity)| *severity));
    }
    let at_local = draft.local("the timestamp", fields.get(&["timestamp"]), context);
    if draft.signal == Some(Signal::Resolved) {
        draft.ends_at = at_local;
    } else {
        draft.starts_at = at_local;
    }
    draft.finish(at, context, read);
}

fn key(fields: &Fields) -> String {
    let device = match fields.get(DEVICE) {
        "" => fields.get(HOST),
        device => device,
    };
    let rule = match fields.get(RULE) {
        "" => fields.get(NAME),
        rule => rule,
    };
    format!("{device}/{rule}")
}
