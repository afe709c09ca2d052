//! Messages: a letter put into a channel's words, ready to be sent and free of I/O.
//!
//! ```text
//! Letter + Integration + Library ──write──▶ Message ──courier──▶ Report
//! ```

mod address;
mod chat;
mod discord;
mod email;
pub mod exchange;
mod incidentio;
mod jira;
mod letter;
mod mattermost;
mod msteams;
mod opsgenie;
mod pagerduty;
mod plain;
mod pushover;
mod reply;
mod report;
mod rocketchat;
mod route_labels;
mod sample;
mod scope;
mod sigv4;
mod slack;
mod sns;
mod telegram;
#[cfg(test)]
mod tests;
mod texts;
mod victorops;
mod webex;
mod webhook;
mod wechat;

use sha2::{Digest, Sha256};

use super::receiver::{Integration, IntegrationKind};
use crate::domain::template::{Library, Template, TemplateError, Value};
use crate::domain::value::Timestamp;

pub use email::{Mail, SmtpServer};
pub use exchange::Http;
pub use letter::{AlertStatus, Letter, LetterAlert, LetterIncident, LetterProblem, Thread};
pub use report::{Class, Reason, Report};
pub use route_labels::route_labels;
pub use sample::sample;

use exchange::Request;
use scope::Scope;

/// What leaves the house.
#[derive(Debug)]
pub enum Message {
    /// Something told over HTTP.
    Http(Box<Http>),
    /// A mail.
    Email(Box<Mail>),
}

/// A message that could not be written as configured.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Parts could not be written. `message` says what they would have said in plain words; it is
    /// to be sent, and the faults are to be counted and logged.
    #[error("{} of a message could not be written as configured", parts(.faults.len()))]
    Patched {
        /// What went wrong, in the order in which it did.
        faults: Vec<Fault>,
        /// What to send all the same.
        message: Box<Message>,
    },
    /// Nobody can be found to send it to.
    #[error("a message has no address")]
    Unaddressed(#[source] Fault),
}

/// A part of a message that could not be written as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A template failed.
    #[error("failed to render `{field}`")]
    Template {
        /// The field's name in the configuration.
        field: String,
        /// Where and why.
        #[source]
        source: TemplateError,
    },
    /// A template made nothing where something is needed to find the receiver.
    #[error("`{field}` is empty; without it nobody can be told")]
    Missing {
        /// The field's name in the configuration.
        field: &'static str,
    },
    /// What a template made is no mail address.
    #[error("`{field}` has `{text}`, which is not a mail address like `Ann <ann@example.org>`")]
    Address {
        /// The field's name in the configuration.
        field: String,
        /// What it is.
        text: String,
    },
    /// A name cannot stand before a colon in a mail.
    #[error("`headers` has `{name}`, which cannot be the name of a mail header")]
    Header {
        /// The name.
        name: String,
    },
}

impl WriteError {
    /// What went wrong.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Patched { faults, .. } => faults,
            Self::Unaddressed(fault) => std::slice::from_ref(fault),
        }
    }

    /// What to send all the same, if there is anybody to send it to.
    pub fn into_message(self) -> Option<Message> {
        match self {
            Self::Patched { message, .. } => Some(*message),
            Self::Unaddressed(_) => None,
        }
    }
}

/// Puts a letter into the words of an integration. The same letter makes the same message.
///
/// # Errors
/// When a template fails or makes no address. The error carries a plain message wherever one can be
/// sent: a mistake in a template must not keep people from hearing of an outage.
pub fn write(
    letter: &Letter,
    integration: &Integration,
    library: &Library,
) -> Result<Message, WriteError> {
    let scope = Scope::new(letter, integration.send_resolved);
    let mut pen = Pen { library, now: letter.now, faults: Vec::new() };
    let http = |http| Message::Http(Box::new(http));
    let message = match &integration.kind {
        IntegrationKind::Discord(config) => Ok(http(discord::write(&scope, config, &mut pen))),
        IntegrationKind::Email(config) => email::write(&scope, integration.index, config, &mut pen)
            .map(|mail| Message::Email(Box::new(mail))),
        IntegrationKind::Incidentio(config) => Ok(http(incidentio::write(scope, config))),
        IntegrationKind::Jira(config) => jira::write(&scope, config, &mut pen).map(http),
        IntegrationKind::Mattermost(config) => {
            Ok(http(mattermost::write(&scope, config, &mut pen)))
        }
        IntegrationKind::MsTeams(config) => Ok(http(msteams::write(&scope, config, &mut pen))),
        IntegrationKind::MsTeamsV2(config) => Ok(http(msteams::write_v2(&scope, config, &mut pen))),
        IntegrationKind::Opsgenie(config) => opsgenie::write(&scope, config, &mut pen).map(http),
        IntegrationKind::Pagerduty(config) => pagerduty::write(&scope, config, &mut pen).map(http),
        IntegrationKind::Pushover(config) => pushover::write(&scope, config, &mut pen).map(http),
        IntegrationKind::Rocketchat(config) => {
            Ok(http(rocketchat::write(&scope, config, &mut pen)))
        }
        IntegrationKind::Slack(config) => Ok(http(slack::write(&scope, config, &mut pen))),
        IntegrationKind::Sns(config) => sns::write(&scope, config, &mut pen).map(http),
        IntegrationKind::Telegram(config) => Ok(http(telegram::write(&scope, config, &mut pen))),
        IntegrationKind::Victorops(config) => victorops::write(&scope, config, &mut pen).map(http),
        IntegrationKind::Webex(config) => webex::write(&scope, config, &mut pen).map(http),
        IntegrationKind::Webhook(config) => webhook::write(scope, config, &mut pen).map(http),
        IntegrationKind::Wechat(config) => wechat::write(&scope, config, &mut pen).map(http),
    };
    let message = message.map_err(WriteError::Unaddressed)?;
    if pen.faults.is_empty() {
        Ok(message)
    } else {
        Err(WriteError::Patched { faults: pen.faults, message: Box::new(message) })
    }
}

/// Renders templates and notes what fails.
struct Pen<'a> {
    library: &'a Library,
    now: Timestamp,
    faults: Vec<Fault>,
}

impl Pen<'_> {
    /// Renders a field that the message cannot do without.
    fn need(&self, field: &str, template: &Template, value: &Value) -> Result<String, Fault> {
        self.library
            .text(template, value, self.now)
            .map_err(|source| Fault::Template { field: field.to_owned(), source })
    }

    /// Renders a field without which nobody is found, such as a key.
    fn key(
        &self,
        field: &'static str,
        template: &Template,
        value: &Value,
    ) -> Result<String, Fault> {
        let key = self.need(field, template, value)?.trim().to_owned();
        if key.is_empty() { Err(Fault::Missing { field }) } else { Ok(key) }
    }

    /// Renders a field as text; nothing if it fails.
    fn text(&mut self, field: &str, template: &Template, value: &Value) -> Option<String> {
        let rendered = self.need(field, template, value);
        self.note(rendered)
    }

    /// Renders a field as HTML; nothing if it fails.
    fn html(&mut self, field: &str, template: &Template, value: &Value) -> Option<String> {
        let rendered = self
            .library
            .html(template, value, self.now)
            .map_err(|source| Fault::Template { field: field.to_owned(), source });
        self.note(rendered)
    }

    /// Renders a default that the configuration leaves out.
    fn default_text(&mut self, field: &str, text: &str, value: &Value) -> Option<String> {
        let template = self
            .library
            .compile(field, text)
            .map_err(|source| Fault::Template { field: field.to_owned(), source });
        let template = self.note(template)?;
        self.text(field, &template, value)
    }

    fn note<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.faults.push(fault)).ok()
    }
}

/// A POST of JSON that has the same key in all attempts, so that a receiver can see that it took
/// the message already.
fn post(letter: &Letter, url: &str, body: &impl serde::Serialize) -> Request {
    Request::json(url, body).header("Idempotency-Key", letter.delivery.to_string())
}

/// What providers know a group by: SHA-256 of Alertmanager's group key, in hexadecimal, so that both
/// programs mean the same incident.
fn group_hash(letter: &Letter) -> String {
    format!("{:x}", Sha256::digest(&letter.group_key))
}

fn parts(count: usize) -> String {
    if count == 1 { "a part".to_owned() } else { format!("{count} parts") }
}
