//! Uptime Kuma's webhook: a monitor and its newest heartbeat, as JSON or as a part of a form.
//!
//! Status 0 is down and 1 up. 2 is pending, a check that is still being repeated, and 3 maintenance:
//! neither fires and neither is over. Without a heartbeat it is a test or a certificate that runs out.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, fields, json};
use crate::domain::value::{Severity, Span};

/// Uptime Kuma.
pub const ADAPTER: Adapter = Adapter { name: "uptime-kuma", title: "Uptime Kuma", read, fits };

/// Names of tags that say how bad it is when the monitor is down.
const SEVERITY_TAGS: [&str; 2] = ["severity", "priority"];
/// A warning of a certificate comes once at 21, 14 and 7 days; people have a day to see it.
const CERTIFICATE_LEASE: Span = Span::days(1);

fn fits(body: &Value, _: &Head) -> bool {
    (body["heartbeat"].is_object() && body["monitor"].is_object())
        || (body.get("heartbeat") == Some(&Value::Null) && body.get("msg").is_some())
        || body["data"].as_str().is_some_and(|text| text.contains("\"heartbeat\""))
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON object, nor a form with one.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut body = fields::object(body, context)?;
    // A form without parts has the whole body in one field.
    if let Some(inner) = body["data"].as_str().and_then(|text| serde_json::from_str(text).ok()) {
        body = inner;
    }
    let mut read = Read::default();
    let (beat, monitor) = (&body["heartbeat"], &body["monitor"]);
    let ids = [json::field(monitor, "id"), json::field(beat, "monitorID")];
    let id = ids.into_iter().find(|id| !id.is_empty()).unwrap_or_default();
    let msg = json::field(&body, "msg");
    if !beat.is_object() {
        if id.is_empty() && msg.is_empty() {
            read.reject(0, "neither `heartbeat` nor `msg` says anything");
        } else {
            without_beat(&msg, context, &mut read);
        }
        return Ok(read);
    }
    let name = json::field(monitor, "name");
    if id.is_empty() && name.is_empty() {
        read.reject(0, "`monitor` has neither `id` nor `name`");
        return Ok(read);
    }
    let key = if id.is_empty() { name.clone() } else { id };
    let mut draft = Draft { key: key.into_owned(), ..Draft::default() };
    let status = json::field(beat, "status");
    draft.signal = match status.as_ref() {
        "0" => Some(Signal::Firing),
        "1" => Some(Signal::Resolved),
        "2" => {
            read.note(0, format!("monitor `{name}` is pending: the check is repeated"));
            return Ok(read);
        }
        "3" => {
            read.note(0, format!("monitor `{name}` is under maintenance"));
            return Ok(read);
        }
        _ => {
            draft.notes.push(format!("unknown status `{status}`: taken as firing"));
            Some(Signal::Firing)
        }
    };
    describe(&mut draft, &body, &name, context);
    let at = time(&mut draft, beat, context);
    if draft.signal == Some(Signal::Resolved) {
        draft.ends_at = at;
    } else {
        draft.starts_at = at;
    }
    draft.finish(0, context, &mut read);
    Ok(read)
}

fn describe(draft: &mut Draft, body: &Value, name: &str, context: &Context) {
    let (beat, monitor) = (&body["heartbeat"], &body["monitor"]);
    let mut tags: Vec<(String, String)> = Vec::new();
    for tag in monitor["tags"].as_array().into_iter().flatten() {
        let [name, value] = ["name", "value"].map(|name| json::field(tag, name));
        if !name.is_empty() {
            let value = if value.is_empty() { "yes".into() } else { value };
            let name = if name.eq_ignore_ascii_case("env") { "environment".into() } else { name };
            tags.push((name.into_owned(), value.into_owned()));
        }
    }
    let (mut url, host) = (json::field(monitor, "url"), json::field(monitor, "hostname"));
    // The form has these addresses in it before anybody fills it in.
    if ["http://", "https://"].contains(&url.as_ref()) {
        url = "".into();
    }
    let port = json::field(monitor, "port");
    let instance = match (host.as_ref(), port.as_ref()) {
        ("", _) => url.clone().into_owned(),
        (host, "") => host.to_owned(),
        (host, port) => format!("{host}:{port}"),
    };
    let named = if name.is_empty() { format!("Monitor {}", draft.key) } else { name.to_owned() };
    let ours = [("alertname", named.as_str()), ("instance", &instance)];
    let ours = ours.into_iter().filter(|(_, value)| !value.is_empty());
    let is_severity = |name: &str| SEVERITY_TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name));
    let plain = tags.iter().filter(|(name, _)| !is_severity(name));
    let pairs = plain.map(|(name, value)| (name.as_str(), value.as_str())).chain(ours);
    draft.labels = fields::labels(context, pairs);
    if draft.signal != Some(Signal::Resolved) {
        let word = tags.iter().find(|(name, _)| is_severity(name)).map(|(_, value)| value.as_str());
        let known = word.map(Severity::parse).filter(|known| *known != Severity::Unknown);
        // What is down is worth getting up for until a tag says otherwise.
        let meaning = if word.is_none() { Some(Severity::High) } else { known };
        draft.severity(context, word.unwrap_or_default(), meaning);
    }
    let [msg, said] = [json::field(body, "msg"), json::field(beat, "msg")];
    let summary = if msg.is_empty() { format!("{named}: {said}").into() } else { msg };
    let texts = [
        ("summary", summary),
        ("description", said),
        ("type", json::field(monitor, "type")),
        ("monitor_description", json::field(monitor, "description")),
        ("path", json::field(monitor, "pathName")),
        ("ping", json::field(beat, "ping")),
        ("down_count", json::field(beat, "downCount")),
    ];
    draft.annotations = fields::annotations(context, texts);
    draft.url = url.into_owned();
}

/// `time` is in UTC. The local time has its offset beside it, as `+02:00` or in minutes.
fn time(
    draft: &mut Draft,
    beat: &Value,
    context: &Context,
) -> Option<crate::domain::value::Timestamp> {
    let (utc, local) = (json::field(beat, "time"), json::field(beat, "localDateTime"));
    if !utc.is_empty() {
        return draft.instant("`time`", beat.get("time"));
    }
    if local.is_empty() {
        return None;
    }
    let offset = json::field(beat, "timezoneOffset");
    let offset = match offset.parse::<i32>() {
        Ok(minutes) if !offset.contains(':') && minutes.abs() < 24 * 60 => {
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        }
        _ => offset.into_owned(),
    };
    draft.local("`localDateTime`", &format!("{local}{offset}"), context)
}

/// `[Shop][https://shop.example] Server certificate … will expire in 7 days`.
fn without_beat(msg: &str, context: &Context, read: &mut Read) {
    let lower = msg.to_lowercase();
    if !lower.contains("expire") {
        read.note(0, format!("no heartbeat, so a test: {msg}"));
        return;
    }
    // What is said of the days that are left changes from one reminder to the next.
    let subject = || msg.split(" will ").next().unwrap_or(msg).trim_start_matches("Domain name ");
    let (name, rest) = match msg.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some(found) => found,
        None => (subject(), ""),
    };
    let url =
        rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or("", |(url, _)| url);
    let what = if lower.contains("domain name") { "domain" } else { "certificate" };
    let mut draft = Draft { key: format!("{what}/{name}"), ..Draft::default() };
    let alertname = format!("{name} ({what})");
    draft.labels = fields::labels(context, [("alertname", alertname.as_str()), ("instance", url)]);
    draft.annotations = fields::annotations(context, [("summary", msg.into())]);
    draft.severity(context, "", Some(Severity::Warning));
    url.clone_into(&mut draft.url);
    draft.lease = Some(CERTIFICATE_LEASE);
    draft.finish(0, context, read);
}
