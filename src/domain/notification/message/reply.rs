//! The answer to a mail that opened something: which incident it has become.

use lettre::Address;
use lettre::message::Mailbox;

use super::email::{self, Mail, MessageIds, one_line};
use super::letter::LetterIncident;
use super::plain;
use super::scope::Scope;
use super::{Fault, Pen};
use crate::domain::event::adapter::kind::mail::bare;
use crate::domain::notification::correspondence::Reply;
use crate::domain::notification::receiver::EmailConfig;

/// Of a long thread, so many of the newest Message-IDs go into `References`.
const REFERENCES_MAX: usize = 20;

/// Writes the answer as RFC 3834 has it: it says of itself that no person wrote it, and it has no
/// sender to whom another program could answer or give it back (3.1.3 and 3.3 there).
pub(super) fn write(
    scope: &Scope,
    (reply, incident): (&Reply, &LetterIncident),
    (index, config): (usize, &EmailConfig),
    pen: &mut Pen,
) -> Result<Mail, Fault> {
    let value = scope.value(str::to_owned);
    let sender = email::mailboxes("from", &pen.need("from", &config.from, &value)?)?;
    let from = email::addresses(&sender).next().ok_or_else(|| email::no_address("from", ""))?;
    let to: Address = reply.to.parse().map_err(|_| email::no_address("to", &reply.to))?;
    let ids = MessageIds::new(scope, (index, config.threading), from.domain().to_owned());
    let answered = Some(&reply.message_id).filter(|id| !id.is_empty());
    let newest = reply.references.len().saturating_sub(REFERENCES_MAX);
    let references = reply.references[newest..].iter().filter(|id| Some(*id) != answered);
    let references: Vec<String> = references.chain(answered).map(|id| format!("<{id}>")).collect();
    let headers = [
        ("From", sender.to_string()),
        ("To", Mailbox::new(None, to.clone()).to_string()),
        ("Subject", subject(reply, incident)),
        ("Date", email::date(scope.letter.now)),
        ("Message-ID", ids.of(scope.letter.delivery)),
        ("In-Reply-To", answered.map(|id| format!("<{id}>")).unwrap_or_default()),
        ("References", references.join(" ")),
        ("Auto-Submitted", "auto-replied".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
    ];
    let text = config.text.as_ref().and_then(|text| pen.text("text", text, &value));
    Ok(Mail {
        server: email::server(config),
        from: None,
        to: vec![to],
        headers: headers
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name.to_owned(), one_line(&text)))
            .collect(),
        text: text.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| words(reply, incident)),
        html: None,
        boundary: format!("incidentd-{}", scope.letter.delivery),
    })
}

/// `[INC-12] Re: Printer burns`.
fn subject(reply: &Reply, incident: &LetterIncident) -> String {
    let subject = one_line(bare(&reply.subject));
    format!("[{}] Re: {subject}", incident.id).trim_end().to_owned()
}

/// What is said where the configuration has no words of its own. Whoever wrote may be a stranger:
/// they read nothing that monitoring said.
fn words(reply: &Reply, incident: &LetterIncident) -> String {
    let id = incident.id;
    let subject = plain::shorten(&one_line(&reply.subject), 100);
    format!(
        "Your mail \"{subject}\" has come in. Its number is {id}.\n\
         {id} is {state}; it was opened at {opened}.\n\n\
         To add something, answer this mail.\n\n\
         This mail was written by a program.\n",
        state = incident.state.name().replace('_', " "),
        opened = plain::clock(incident.opened_at),
    )
}
