//! SNS: one message to a topic, a device or a telephone, signed for Amazon.

mod clerk;

use super::exchange::Http;
use super::plain;
use super::scope::Scope;
use super::texts::Texts;
use super::{Fault, Pen, group_hash};
use crate::domain::notification::receiver::{SnsConfig, SnsTarget};
use crate::domain::value::Span;

use clerk::Clerk;

use sha2::{Digest, Sha256};

/// SNS refuses larger messages; attributes count as well.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// SNS sends no longer SMS.
const SMS_BYTES_MAX: usize = 1_600;
/// SNS refuses subjects of 100 characters and more.
const SUBJECT_CHARS_MAX: usize = 99;
/// The version of the API that has `Publish`.
const VERSION: &str = "2010-03-31";

/// Without a target there is nobody to tell.
pub(super) fn write(scope: &Scope, config: &SnsConfig, pen: &mut Pen) -> Result<Http, Fault> {
    let letter = scope.letter;
    let mut texts = Texts::new(scope, &config.texts, pen);
    let api_url = texts.pen.need("api_url", &config.api_url, &texts.value)?;
    let api_url = Some(api_url.trim()).filter(|url| !url.is_empty()).unwrap_or(&config.endpoint);
    let mut form = vec![field("Action", "Publish"), field("Version", VERSION)];
    form.extend(target(&mut texts, config)?);
    let subject = subject(&mut texts);
    if !subject.is_empty() {
        form.push(field("Subject", &subject));
    }
    let mut attributes = attributes(&mut texts, config);
    let used: usize = attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    let bytes_max = match config.target {
        SnsTarget::Phone(_) => SMS_BYTES_MAX,
        SnsTarget::Topic(_) | SnsTarget::Target(_) => MESSAGE_BYTES_MAX.saturating_sub(used),
    };
    let (message, cut) = message(&mut texts, bytes_max);
    if cut {
        attributes.push(("truncated".to_owned(), "true".to_owned()));
    }
    form.push(field("Message", &message));
    for (number, (name, value)) in attributes.iter().enumerate() {
        let entry = format!("MessageAttributes.entry.{}", number + 1);
        form.push((format!("{entry}.Name"), name.clone()));
        form.push((format!("{entry}.Value.DataType"), "String".to_owned()));
        form.push((format!("{entry}.Value.StringValue"), value.clone()));
    }
    let (first, clerk) = Clerk::new(config, api_url.to_owned(), form, letter);
    Ok(Http { first, listener: Box::new(clerk), timeout: Span::ZERO, http: config.http.clone() })
}

fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The target, and for a topic that keeps the order what is needed for that.
///
/// Alertmanager takes the group's hash also for the deduplication; then SNS swallows whatever
/// happens to the group in the five minutes after a message, its end among it.
fn target(texts: &mut Texts, config: &SnsConfig) -> Result<Vec<(String, String)>, Fault> {
    let (name, key, template) = match &config.target {
        SnsTarget::Topic(template) => ("TopicArn", "topic_arn", template),
        SnsTarget::Target(template) => ("TargetArn", "target_arn", template),
        SnsTarget::Phone(template) => ("PhoneNumber", "phone_number", template),
    };
    let target = texts.pen.key(key, template, &texts.value)?;
    let mut fields = vec![field(name, &target)];
    if name == "TopicArn" && target.rsplit_once('.').is_some_and(|(_, end)| end == "fifo") {
        let letter = texts.scope.letter;
        let delivery = format!("{} {}", letter.thread.root, letter.delivery);
        let delivery = format!("{:x}", Sha256::digest(delivery));
        fields.push(field("MessageGroupId", &group_hash(letter)));
        fields.push(field("MessageDeduplicationId", &delivery));
    }
    Ok(fields)
}

/// SNS refuses subjects of several lines, or with control characters.
fn subject(texts: &mut Texts) -> String {
    let subject = texts.text("subject");
    let words: Vec<&str> = subject
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    plain::shorten(&words.join(" "), SUBJECT_CHARS_MAX)
}

/// SNS refuses attributes without a value: a label may be missing.
fn attributes(texts: &mut Texts, config: &SnsConfig) -> Vec<(String, String)> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    for (name, value) in &config.attributes {
        let (name, value) = (texts.one("attributes", name), texts.one("attributes", value));
        if let (Some(name), Some(value)) = (name, value)
            && !name.is_empty()
            && !value.is_empty()
            && attributes.iter().all(|(given, _)| *given != name)
        {
            attributes.push((name, value));
        }
    }
    attributes
}

/// The message, and whether something of it is missing. SNS refuses an empty one.
fn message(texts: &mut Texts, bytes_max: usize) -> (String, bool) {
    let mut message = texts.body("message", usize::MAX);
    if message.trim().is_empty() {
        message = plain::title(texts.scope);
    }
    let cut = message.len() > bytes_max;
    message.truncate(message.floor_char_boundary(bytes_max));
    (message, cut)
}
