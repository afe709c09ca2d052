//! Site24x7's webhook: incident parameters, as JSON or a form.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::fields::{self, Fields};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable};
use crate::domain::value::Severity;

/// Site24x7.
pub const ADAPTER: Adapter = Adapter { name: "site24x7", title: "Site24x7", read, fits };

const ID: &[&str] = &["monitorid"];
const NAME: &[&str] = &["monitorname", "displayname"];
const URL: &[&str] = &["monitorurl", "websiteurl", "hostname"];
const STATUS: &[&str] = &["status", "monitorstatus"];
const LINK: &[&str] = &["monitordashboardlink", "rcalink"];
const ANNOTATIONS: &[(&str, &[&str])] = &[
    ("description", &["incidentreason", "reason", "incidentdetails"]),
    ("monitor_group", &["monitorgroupname", "groupname"]),
    ("failed_locations", &["failedlocations"]),
    ("rca", &["rcalink"]),
    ("incident_time", &["incidenttime"]),
    ("outage", &["outageduration", "downtimeduration"]),
    ("tags", &["tags"]),
];
const STATES: &[(&str, Signal, Option<Severity>)] = &[
    ("down", Signal::Firing, Some(Severity::Critical)),
    ("critical", Signal::Firing, Some(Severity::Critical)),
    ("trouble", Signal::Firing, Some(Severity::Warning)),
    ("anomaly", Signal::Firing, Some(Severity::Warning)),
    ("confirmed anomaly", Signal::Firing, Some(Severity::Warning)),
    ("likely anomaly", Signal::Firing, Some(Severity::Warning)),
    ("info anomaly", Signal::Firing, Some(Severity::Info)),
    ("up", Signal::Resolved, None),
];
/// Statuses that neither begin nor end anything.
const WAITING: [&str; 4] = ["suspended", "maintenance", "discovery", "configuration error"];

fn fits(body: &Value, _: &Head) -> bool {
    let names = body.as_object().into_iter().flatten();
    let names: Vec<String> = names.map(|(name, _)| fields::plain(name)).collect();
    let has = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
    has(&["monitorname", "monitordashboardlink"])
        && has(&["status", "monitortype", "incidentreason"])
        && !has(&["alerttypefriendlyname"])
}

/// Reads a notification.
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
    let (id, name, status) = (fields.get(ID), fields.get(NAME), fields.get(STATUS));
    let Some(key) = [id, name, fields.get(URL)].into_iter().find(|text| !text.is_empty()) else {
        if status.is_empty() {
            read.note(at, "no parameter is filled in: a test");
        } else {
            read.reject(at, "neither `MONITOR_ID` nor `MONITORNAME` says which monitor it is");
        }
        return;
    };
    let name = if name.is_empty() { key } else { name };
    if WAITING.iter().any(|word| word.eq_ignore_ascii_case(status)) {
        read.note(at, format!("monitor `{name}` is {status}: nothing fires, nothing is over"));
        return;
    }
    let mut draft = Draft { key: key.to_owned(), ..Draft::default() };
    let known = STATES.iter().find(|(word, ..)| word.eq_ignore_ascii_case(status));
    draft.signal = known.map(|(_, signal, _)| *signal);
    if known.is_none() {
        draft.notes.push(format!("unknown status `{status}`: taken as firing"));
    }
    let type_ = fields.get(&["monitortype"]);
    let labels = [("alertname", name), ("instance", fields.get(URL)), ("monitor_type", type_)];
    draft.labels = fields::labels(context, labels);
    if draft.signal != Some(Signal::Resolved) {
        draft.severity(context, status, known.and_then(|(.., severity)| *severity));
    }
    let reason = fields.get(&["incidentreason", "reason"]);
    let colon = if reason.is_empty() { "" } else { ": " };
    let summary = format!("{name} is {status}{colon}{reason}");
    let texts = fields.pick(ANNOTATIONS).map(|(name, value)| (name, value.into()));
    draft.annotations = fields::annotations(context, texts.chain([("summary", summary.into())]));
    fields.get(LINK).clone_into(&mut draft.url);
    let stamp = [fields.get(&["incidenttimeiso"]), fields.get(&["outagetimeunixformat"])];
    let stamp = stamp.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let stamp = draft.instant("the time of the incident", Some(&Value::from(stamp)));
    if draft.signal == Some(Signal::Resolved) {
        draft.ends_at = stamp;
    } else {
        draft.starts_at = stamp;
    }
    draft.finish(at, context, read);
}
