//! What is made for `GoAlert`'s generic integration: a summary, details, an action, in the body or
//! in the query; and what `GoAlert` itself sends to webhooks.

use serde_json::{Map, Value};

use super::Adapter;
use super::table::{Means, Table};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::fields;
use crate::domain::event::adapter::said::Words;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, form, json};
use crate::domain::event::{Saying, Signal};
use crate::domain::value::{Severity, Span};

/// `GoAlert`'s generic integration.
pub const ADAPTER: Adapter =
    Adapter { name: "goalert", title: "GoAlert generic integration", read, fits };

const TABLE: Table = Table {
    name: &["/summary"],
    // Without a key of its own an alert of GoAlert is told by its summary and details.
    key: &[&["/dedup", "/summary"], &["/details_of_key"]],
    status: &["/action"],
    words: &[("close", Means::Resolved), ("open", Means::Firing), ("trigger", Means::Firing)],
    severity: &["/severity"],
    labels: &[("service", &["/service"])],
    annotations: &[("summary", &["/summary"]), ("description", &["/details"])],
    ..Table::EMPTY
};
/// How the entry in an alert's log begins that a webhook tells of, and what that means.
const ENTRIES: [(&str, Option<Saying>); 2] =
    [("Closed", None), ("Acknowledged", Some(Saying::Acknowledged))];
/// A bundle gives only the number of a service's alerts, and nothing says when there are none.
const BUNDLE_LEASE: Span = Span::hours(1);

/// Long enough to type it.
const VERIFICATION_LEASE: Span = Span::minutes(15);

const FIELDS: [&str; 4] = ["summary", "details", "action", "dedup"];

fn fits(body: &Value, _: &Head) -> bool {
    let has = |name: &str| body[name].is_string();
    is_webhook(body)
        || has("summary")
            && (has("dedup") && has("details") || has("webhook-body") || has("slack-text"))
}

/// Reads an alert. A body that is no JSON is a form; what the query says counts where the body
/// says nothing.
///
/// # Errors
/// When the body is JSON, but no object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut fields = match json::parse(body) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Err(Unreadable::Json("it is no object".to_owned())),
        Err(why) if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) => {
            return Err(why);
        }
        Err(_) => texts(form(body)),
    };
    for (name, value) in texts(context.head.query()) {
        if FIELDS.contains(&name.as_str()) {
            fields.entry(name).or_insert(value);
        }
    }
    if !fields.contains_key("dedup") {
        let details = fields.get("details").cloned().unwrap_or_default();
        fields.insert("details_of_key".to_owned(), details);
    }
    let body = Value::Object(fields);
    if is_webhook(&body) {
        let mut read = Read::default();
        webhook(&body, context, &mut read);
        return Ok(read);
    }
    TABLE.value(&body, context)
}

fn is_webhook(body: &Value) -> bool {
    let names = ["AlertID", "ServiceID", "Code", "ScheduleID", "AppName"];
    body["Type"].is_string() && json::has_any(body, &names)
}

/// What `GoAlert` tells of its own alerts.
fn webhook(body: &Value, context: &Context, read: &mut Read) {
    let text = |name| json::field(body, name);
    let (kind, id, entry) = (text("Type"), text("AlertID"), text("LogEntry"));
    let mut draft = Draft { key: id.to_string(), ..Draft::default() };
    match kind.as_ref() {
        "Alert" => draft.signal = Some(Signal::Firing),
        "AlertStatus" | "AlertStatusBundle" => {
            let known = ENTRIES.iter().find(|(begins, _)| entry.starts_with(begins));
            let Some((_, None)) = known else {
                let saying = known.and_then(|(_, saying)| *saying).unwrap_or(Saying::Noted);
                let author = entry.split_once(" by ").map_or("", |(_, author)| author);
                return draft.remark(saying, Words { author, text: &entry }, (0, context), read);
            };
            draft.signal = Some(Signal::Resolved);
        }
        "AlertBundle" => {
            draft.key = text("ServiceID").into_owned();
            draft.lease = Some(BUNDLE_LEASE);
        }
        "Verification" => return verification(&text("Code"), context, read),
        kind => return read.note(0, format!("`{kind}` says nothing of a condition")),
    }
    if draft.key.is_empty() {
        return read.reject(0, "neither `AlertID` nor `ServiceID` says which alert it is");
    }
    let (service, count) = (text("ServiceName"), text("Count"));
    let summary = match (text("Summary"), kind.as_ref()) {
        (said, _) if !said.is_empty() => said.into_owned(),
        (_, "AlertBundle") => format!("{count} alerts of {service}"),
        _ => format!("alert {id}"),
    };
    draft.labels =
        fields::labels(context, [("alertname", summary.as_str()), ("service", &service)]);
    // The end of an alert tells nothing else of it: what is known of it stays.
    if draft.signal != Some(Signal::Resolved) {
        let texts = [("summary", summary.as_str().into()), ("description", text("Details"))];
        draft.annotations = fields::annotations(context, texts);
    }
    // GoAlert knows no severity: whatever comes wakes somebody there.
    draft.severity(context, "", Some(Severity::High));
    draft.finish(0, context, read);
}

/// Whoever sets the webhook up has to type a number: for a while it stands among the alerts.
fn verification(code: &str, context: &Context, read: &mut Read) {
    let mut draft = Draft { key: "verification".to_owned(), ..Draft::default() };
    let summary = format!("the code to verify this webhook: {code}");
    draft.labels = fields::labels(context, [("alertname", "GoAlert webhook verification")]);
    draft.annotations = fields::annotations(context, [("summary", summary.into())]);
    draft.lease = Some(VERIFICATION_LEASE);
    draft.severity(context, "", Some(Severity::Info));
    draft.finish(0, context, read);
}

fn texts(pairs: Vec<(String, String)>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}
