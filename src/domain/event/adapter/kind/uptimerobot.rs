//! `UptimeRobot`'s webhook: the query of the URL, a form, or JSON.
//!
//! The types are 1 down, 2 up and 3 a certificate or a domain that runs out, which is another
//! condition than the monitor's. A variable that `UptimeRobot` does not know stays as `*name*`.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::fields::{self, Fields};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable};
use crate::domain::value::{Severity, Span};

/// `UptimeRobot`.
pub const ADAPTER: Adapter = Adapter { name: "uptimerobot", title: "UptimeRobot", read, fits };

const ID: &[&str] = &["monitorid"];
const URL: &[&str] = &["monitorurl"];
const NAME: &[&str] = &["monitorfriendlyname", "monitorname"];
const TYPE: &[&str] = &["alerttype"];
const TYPE_NAME: &[&str] = &["alerttypefriendlyname"];
const ANNOTATIONS: &[(&str, &[&str])] = &[
    ("description", &["alertdetails"]),
    ("duration", &["alertfriendlyduration", "alertduration"]),
    ("monitor_type", &["monitortypefriendlyname", "monitortype"]),
    ("monitor_group", &["monitorgroup", "groupname"]),
    ("tags", &["monitortags", "tags"]),
    ("regions", &["monitoringregions", "regions"]),
    ("http_status", &["httpstatuscode", "httpcode"]),
    ("ssl_expiry_date", &["sslexpirydate"]),
    ("ssl_expiry_days_left", &["sslexpirydaysleft"]),
    ("domain_expire_date", &["domainexpiredate"]),
    ("domain_expire_days_left", &["domainexpiredaysleft"]),
];

#[derive(Clone, Copy)]
enum Meaning {
    Is(Signal),
    /// A certificate or a domain runs out.
    Expiry,
    /// Neither down nor up.
    Nothing,
}

/// The beginnings of words for the type, in lower case, and its numbers.
const TYPES: &[(&str, Meaning)] = &[
    ("1", Meaning::Is(Signal::Firing)),
    ("2", Meaning::Is(Signal::Resolved)),
    ("3", Meaning::Expiry),
    ("down", Meaning::Is(Signal::Firing)),
    ("up", Meaning::Is(Signal::Resolved)),
    ("ssl", Meaning::Expiry),
    ("domain", Meaning::Expiry),
    ("paused", Meaning::Nothing),
    ("started", Meaning::Nothing),
];
/// Reminders come days apart; people have a day to see one.
const EXPIRY_LEASE: Span = Span::days(1);

fn fits(body: &Value, head: &Head) -> bool {
    // `monitor_friendly_name` is the same.
    let named = |name: &str| {
        let name = fields::plain(name);
        name == "monitorfriendlyname" || name == "alerttypefriendlyname"
    };
    let fields = body.as_object().into_iter().flatten();
    fields.into_iter().any(|(name, _)| named(name))
        || head.query().iter().any(|(name, _)| named(name))
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON object or form.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut read = Read::default();
    for (at, fields) in Fields::each(body, context)?.into_iter().enumerate() {
        let is_variable = |value: &str| {
            value.len() > 2
                && value
                    .strip_prefix('*')
                    .and_then(|rest| rest.strip_suffix('*'))
                    .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        };
        one(at, &fields.without(is_variable), context, &mut read);
    }
    Ok(read)
}

fn one(at: usize, fields: &Fields, context: &Context, read: &mut Read) {
    let (id, name, url) = (fields.get(ID), fields.get(NAME), fields.get(URL));
    let Some(subject) = [id, url, name].into_iter().find(|text| !text.is_empty()) else {
        let what = "neither `monitorID` nor `monitorURL` nor `monitorFriendlyName` is filled in";
        if fields.get(TYPE).is_empty() && fields.get(TYPE_NAME).is_empty() {
            read.note(at, format!("{what}: a test"));
        } else {
            read.reject(at, what);
        }
        return;
    };
    let (number, word) = (fields.get(TYPE), fields.get(TYPE_NAME).to_lowercase());
    let numbered = TYPES.iter().find(|(known, _)| *known == number);
    let worded = TYPES.iter().find(|(known, _)| {
        let said = if word.is_empty() { number.to_lowercase() } else { word.clone() };
        said.starts_with(known) && known.len() > 1
    });
    let name = if name.is_empty() { subject } else { name };
    let mut draft = Draft { key: subject.to_owned(), ..Draft::default() };
    let mut alertname = name.to_owned();
    let mut severity = Severity::High;
    match numbered.or(worded).map(|(_, meaning)| *meaning) {
        Some(Meaning::Is(signal)) => draft.signal = Some(signal),
        Some(Meaning::Nothing) => {
            read.note(at, format!("monitor `{name}` is {word}"));
            return;
        }
        Some(Meaning::Expiry) => {
            let what = if word.starts_with("domain") { "domain" } else { "certificate" };
            draft.key = format!("{subject}/{what}");
            draft.lease = Some(EXPIRY_LEASE);
            severity = Severity::Warning;
            alertname = format!("{name} ({what})");
        }
        None => {
            let said = if word.is_empty() { number } else { &word };
            draft.notes.push(format!("unknown alert type `{said}`: taken as firing"));
        }
    }
    let labels = [("alertname", alertname.as_str()), ("instance", url)];
    draft.labels = fields::labels(context, labels);
    if draft.signal != Some(Signal::Resolved) {
        draft.severity(context, "", Some(severity));
    }
    let days = fields.get(&["sslexpirydaysleft", "domainexpiredaysleft"]);
    let left = if draft.lease.is_none() || days.is_empty() {
        String::new()
    } else {
        format!("{days} days left")
    };
    let said = [fields.get(TYPE_NAME), &left, fields.get(&["alertdetails"])];
    let said = said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<&str>>().join(": ");
    let summary = if said.is_empty() { name.to_owned() } else { format!("{name}: {said}") };
    let texts = fields.pick(ANNOTATIONS).map(|(name, value)| (name, value.into()));
    draft.annotations = fields::annotations(context, texts.chain([("summary", summary.into())]));
    let dashboard = fields.get(&["dashboardurl"]);
    (if dashboard.is_empty() { url } else { dashboard }).clone_into(&mut draft.url);
    let stamp = Value::from(fields.get(&["alertdatetime"]));
    let stamp = draft.instant("`alertDateTime`", Some(&stamp));
    if draft.signal == Some(Signal::Resolved) {
        draft.ends_at = stamp;
    } else {
        draft.starts_at = stamp;
    }
    draft.finish(at, context, read);
}
