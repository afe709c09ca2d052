//! Grafana's alerting before version 9: one rule, one state, a body a rule.
//!
//! The rule is the condition. The series that made it fire are not: nothing says which of them
//! recovered, so they go into an annotation.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Labels, Severity, Span};

/// Fields of the body that become annotations of the same name.
const FIELDS: [&str; 3] = ["title", "message", "state"];

/// So many series are written out; a rule over thousands need not be.
const MATCHES_SHOWN_MAX: usize = 20;

/// The rule that "Send Test" of a notification channel names; mostly it is never said to be over.
const TEST: &str = "Test notification";
const TEST_LEASE: Span = Span::hours(1);

/// Grafana's alerting before version 9.
pub const ADAPTER: Adapter =
    Adapter { name: "grafana-legacy", title: "Grafana before version 9", read, fits };

fn fits(body: &Value, _: &Head) -> bool {
    json::has_any(body, &["evalMatches"])
        || json::has_any(body, &["ruleId", "ruleName"])
            && json::has_any(body, &["state", "ruleUrl", "dashboardId"])
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    if !body.is_object() {
        return Err(Unreadable::Json("it is no object".to_owned()));
    }
    let mut read = Read::default();
    let [id, name, state, org, url] =
        ["ruleId", "ruleName", "state", "orgId", "ruleUrl"].map(|name| json::field(&body, name));
    if id.is_empty() && name.is_empty() {
        read.reject(0, "neither `ruleId` nor `ruleName` says which rule it is");
        return Ok(read);
    }
    let mut draft = Draft::default();
    draft.signal = match state.to_ascii_lowercase().as_str() {
        "ok" => Some(Signal::Resolved),
        "alerting" | "no_data" => Some(Signal::Firing),
        waiting @ ("pending" | "paused") => {
            let what = format!("rule `{name}` is {waiting}: nothing fires, nothing is over");
            read.note(0, what);
            return Ok(read);
        }
        _ => {
            draft.notes.push(format!("unknown state `{state}`: taken as firing"));
            Some(Signal::Firing)
        }
    };
    match labels(&body, &name) {
        Ok(labels) => draft.labels = labels,
        Err(why) => {
            read.reject(0, why);
            return Ok(read);
        }
    }
    let matches = matches(&body);
    let image = json::field(&body, "imageUrl");
    let fields = FIELDS.map(|name| (name, json::field(&body, name)));
    draft.annotations =
        Labels::new(fields.into_iter().chain([("imageURL", image), ("values", matches.into())]));
    draft.url = url.into_owned();
    if name == TEST {
        draft.severity(context, "", Some(Severity::Info));
        draft.lease = Some(TEST_LEASE);
        draft.notes.push("a test of a notification channel: taken as information".to_owned());
    }
    draft.key = match (org.as_ref(), id.as_ref()) {
        (_, "") => name.into_owned(),
        ("", id) => id.to_owned(),
        (org, id) => format!("{org}/{id}"),
    };
    draft.finish(0, context, &mut read);
    Ok(read)
}

fn labels(body: &Value, name: &str) -> Result<Labels, String> {
    let tags = json::pairs(body, "tags")?;
    Ok(Labels::new([("alertname", name)]).with(tags.iter()))
}

/// The series over the threshold: `cpu{host="a"} = 97`.
fn matches(body: &Value) -> String {
    let Some(matches) = body["evalMatches"].as_array() else {
        return String::new();
    };
    let mut shown: Vec<String> = matches
        .iter()
        .take(MATCHES_SHOWN_MAX)
        .map(|series| {
            let tags = json::pairs(series, "tags").unwrap_or_default();
            let tags = if tags.is_empty() { String::new() } else { tags.to_string() };
            let [metric, value] = ["metric", "value"].map(|name| json::field(series, name));
            format!("{metric}{tags} = {value}")
        })
        .collect();
    if matches.len() > MATCHES_SHOWN_MAX {
        shown.push(format!("and {} more", matches.len() - MATCHES_SHOWN_MAX));
    }
    shown.join("\n")
}
