//! Amazon SNS: the envelope, and what is in it.
//!
//! The message is text; most often it is JSON of `CloudWatch` or `EventBridge`, and it may be that of
//! any other source. What is none of them is an alert of its own, as bad as an information.

pub mod envelope;

use serde_json::Value;

use super::table::{self, is_placeholder, pick};
use super::{Adapter, cloudwatch, eventbridge};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Labels, Severity, Span};

pub(super) use envelope::is_envelope;
pub use envelope::{Envelope, Letter};

/// Amazon SNS.
pub const ADAPTER: Adapter = Adapter { name: "sns", title: "Amazon SNS", read, fits };

const TYPE_HEADER: &str = "x-amz-sns-message-type";
const ID_HEADER: &str = "x-amz-sns-message-id";
const TOPIC_HEADER: &str = "x-amz-sns-topic-arn";

/// A message that is no condition says nothing of an end.
const LEASE: Span = Span::hours(1);
/// What services send to try the way out.
const TESTS: [&str; 2] = ["s3:TestEvent", "autoscaling:TEST_NOTIFICATION"];
/// A line of a message without a subject names it, up to here.
const NAME_CHARS_MAX: usize = 100;

fn fits(body: &Value, head: &Head) -> bool {
    let source = pick(&body["Records"][0], &["/EventSource", "/eventSource"]);
    head.has(TYPE_HEADER) || is_envelope(body) || source.starts_with("aws:")
}

/// Reads what SNS posts: an envelope, records as a function gets them, or a message alone.
///
/// # Errors
/// When the body is another source's, and nothing of it can be taken in.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    // Text alone is a message only where the headers say that SNS delivers it so.
    let value = match json::parse(body) {
        Ok(value) => value,
        Err(_) if context.head.has(ID_HEADER) || context.head.has(TYPE_HEADER) => Value::Null,
        Err(why) => return Err(why),
    };
    let mut read = if is_envelope(&value) {
        envelope(0, &value, context)?
    } else if let Value::Array(records) = &value["Records"] {
        records_of(records, context)?
    } else {
        let head = context.head;
        let envelope = Envelope {
            id: head.header(ID_HEADER).into(),
            topic: head.header(TOPIC_HEADER).into(),
            ..Envelope::default()
        };
        let mut read = message(0, &json::utf8(body), &envelope, context)?;
        read.delivery = head.header(ID_HEADER).into();
        return Ok(read);
    };
    if read.delivery.is_empty() {
        read.delivery = context.head.header(ID_HEADER).into();
    }
    Ok(read)
}

fn records_of(records: &[Value], context: &Context) -> Result<Read, Unreadable> {
    let max = context.limits.events_max;
    if records.len() > max {
        return Err(Unreadable::TooMany { max });
    }
    let mut all = Read::default();
    for (at, record) in records.iter().enumerate() {
        if !record["Sns"].is_object() {
            let source = pick(record, &["/eventSource", "/EventSource"]);
            all.note(at, format!("a record of `{source}`, which is none of SNS: no condition"));
            continue;
        }
        match envelope(at, &record["Sns"], context) {
            Ok(read) => gather(&mut all, read, at),
            Err(why) => all.reject(at, why.to_string()),
        }
    }
    Ok(all)
}

/// Adds what was read of the record at that place.
fn gather(all: &mut Read, mut read: Read, at: usize) {
    all.events.append(&mut read.events);
    all.remarks.append(&mut read.remarks);
    all.heartbeats.append(&mut read.heartbeats);
    all.deployments.append(&mut read.deployments);
    for rejection in read.rejected {
        all.reject(at, rejection.why);
    }
    for note in read.notes {
        all.note(at, note.what);
    }
    if all.delivery.is_empty() {
        all.delivery = read.delivery;
    }
}

fn envelope(at: usize, value: &Value, context: &Context) -> Result<Read, Unreadable> {
    let envelope = Envelope::of(value);
    let topic = &envelope.topic;
    let mut read = match envelope.letter {
        Letter::Subscription => {
            let mut read = Read::default();
            read.note(at, format!("SNS asks to confirm the subscription to {topic}"));
            read
        }
        Letter::Unsubscription => {
            let mut read = Read::default();
            read.note(
                at,
                format!("the subscription to {topic} ended: nothing more will come of it"),
            );
            read
        }
        Letter::Notification => message(at, &json::field(value, "Message"), &envelope, context)?,
    };
    read.delivery = envelope.id.into();
    Ok(read)
}

fn message(
    at: usize,
    text: &str,
    envelope: &Envelope,
    context: &Context,
) -> Result<Read, Unreadable> {
    let inner = json::parse(text.as_bytes()).unwrap_or_default();
    let mut read = Read::default();
    if cloudwatch::is_alarm(&inner) {
        cloudwatch::alarm(at, &inner, context, &mut read);
        return Ok(read);
    }
    if eventbridge::is_event(&inner) {
        return eventbridge::event(&inner, context);
    }
    let event = pick(&inner, &["/Event"]);
    if TESTS.contains(&event.as_ref()) {
        read.note(at, format!("`{event}`: a test of the way to here"));
        return Ok(read);
    }
    let other = if is_envelope(&inner) || inner["Records"].is_array() {
        None
    } else {
        super::detect(text.as_bytes(), Head::NONE).filter(|adapter| adapter.name != ADAPTER.name)
    };
    if let Some(adapter) = other {
        return (adapter.read)(text.as_bytes(), context);
    }
    plain(at, text, &inner, envelope, context, &mut read);
    Ok(read)
}

/// A message of no known shape.
fn plain(
    at: usize,
    text: &str,
    inner: &Value,
    envelope: &Envelope,
    context: &Context,
    read: &mut Read,
) {
    let text = text.trim();
    let named = pick(inner, &["/Event", "/eventType", "/notificationType", "/title", "/summary"]);
    let line: String =
        text.lines().next().unwrap_or_default().chars().take(NAME_CHARS_MAX).collect();
    let line = if inner.is_null() { line } else { String::new() };
    let names = [envelope.subject.as_str(), named.as_ref(), line.as_str(), "SNS message"];
    let plain = names.into_iter().find(|name| !name.is_empty() && !is_placeholder(name));
    let name = plain.unwrap_or_default();
    // As RDS and Auto Scaling tell it.
    let told = pick(inner, &["/Event Message", "/Description"]);
    let instance = pick(inner, &["/Source ID", "/EC2InstanceId", "/AutoScalingGroupName"]);
    let mut draft = Draft {
        labels: Labels::new([
            ("alertname", name),
            ("topic", envelope.topic_name()),
            ("instance", &instance),
        ]),
        annotations: Labels::new([
            ("summary", if told.is_empty() { name } else { &told }),
            ("description", text),
            ("topic_arn", envelope.topic.as_str()),
        ]),
        // Nothing tells one condition from another here, so each message is one.
        key: envelope.id.clone(),
        lease: Some(LEASE),
        ..Draft::default()
    };
    let word = pick(inner, &["/severity", "/Severity", "/priority", "/level"]);
    let wrong = named.to_uppercase().contains("ERROR");
    let usual = if wrong { Severity::Warning } else { Severity::Info };
    if word.is_empty() {
        draft.severity(context, usual.name(), None);
    } else {
        draft.severity(context, &word, None);
    }
    draft.cut(context);
    let sent = Value::String(envelope.timestamp.clone());
    draft.starts_at = table::instant(&sent, &[""], "the timestamp", &mut draft);
    draft.finish(at, context, read);
}
