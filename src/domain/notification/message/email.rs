//! A mail: its headers, a text and an HTML part, and the way to the server.

use lettre::Address;
use lettre::message::{Mailbox, Mailboxes};

use super::letter::Letter;
use super::plain;
use super::reply;
use super::scope::Scope;
use super::{Fault, Pen};
use crate::domain::notification::receiver::{EmailConfig, SmtpAuth, Threading, TlsConfig};
use crate::domain::template::Value;
use crate::domain::value::{DeliveryId, Labels, Timestamp};

/// What stands over a mail whose configuration says nothing about it, as in Alertmanager.
const DEFAULT_SUBJECT: &str = r#"{{ template "email.default.subject" . }}"#;
/// More of a header field than this is no longer read by anybody, and by some servers refused.
const HEADER_CHARS_MAX: usize = 2_000;
/// The newest messages of a conversation that a mail refers to, besides its beginning.
const REFERENCES_MAX: usize = 10;
/// One message to more people than this is a mailing list.
const RECIPIENTS_MAX: usize = 100;
/// Header fields that describe the body, whose form only the sender knows.
const OWN_HEADERS: [&str; 3] = ["MIME-Version", "Content-Type", "Content-Transfer-Encoding"];

/// A mail, ready to be put into bytes.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The way to the server.
    pub server: SmtpServer,
    /// Who hears of it in the envelope if it cannot be delivered; nothing if nobody is to.
    pub from: Option<Address>,
    /// Who gets it, for the envelope. At least one.
    pub to: Vec<Address>,
    /// Header fields in order, as plain text: not yet encoded or folded, without control characters.
    pub headers: Vec<(String, String)>,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: Option<String>,
    /// What separates the parts. The same for all attempts, so that they are equal byte for byte.
    pub boundary: String,
}

/// A mail server and how to speak to it.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    /// The host's name, which its certificate must bear.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The name for EHLO.
    pub hello: String,
    /// Who we are to it; nothing means that nobody asks.
    pub auth: Option<SmtpAuth>,
    /// Refuse to go on without STARTTLS.
    pub require_tls: bool,
    /// TLS from the first byte.
    pub implicit_tls: bool,
    /// Whom to believe and who we are.
    pub tls: TlsConfig,
}

/// `index` is the integration's place in its receiver: two of them are two mails.
pub(super) fn write(
    scope: &Scope,
    index: usize,
    config: &EmailConfig,
    pen: &mut Pen,
) -> Result<Mail, Fault> {
    if let (Some(reply), Some(incident)) = (&scope.letter.reply, &scope.letter.incident) {
        return reply::write(scope, (reply, incident), (index, config), pen);
    }
    let value = scope.value(str::to_owned);
    let sender = mailboxes("from", &pen.need("from", &config.from, &value)?)?;
    let from = addresses(&sender).next().ok_or_else(|| no_address("from", ""))?;
    let recipients = recipients(&pen.need("to", &config.to, &value)?, pen)?;

    let ids = MessageIds::new(scope, (index, config.threading), from.domain().to_owned());
    let mut headers = vec![
        ("From".to_owned(), sender.to_string()),
        ("To".to_owned(), recipients.to_string()),
        ("Subject".to_owned(), subject(scope, config, &value, pen)),
        ("Date".to_owned(), date(scope.letter.now)),
        ("Message-ID".to_owned(), ids.of(scope.letter.delivery)),
        ("In-Reply-To".to_owned(), ids.parent()),
        ("References".to_owned(), ids.references()),
        ("Auto-Submitted".to_owned(), "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress".to_owned(), "All".to_owned()),
    ];
    for (name, template) in &config.headers {
        if !name.eq_ignore_ascii_case("Subject")
            && let Some(text) = pen.text(&format!("headers.{name}"), template, &value)
        {
            override_header(&mut headers, name, one_line(&text), pen);
        }
    }
    headers.retain(|(_, text)| !text.is_empty());

    let text = config.text.as_ref().and_then(|text| pen.text("text", text, &value));
    let html = config.html.as_ref().and_then(|html| pen.html("html", html, &value));
    Ok(Mail {
        server: server(config),
        from: Some(from),
        to: addresses(&recipients).collect(),
        headers,
        text: text.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| plain::text(scope)),
        html: html.filter(|html| !html.trim().is_empty()),
        boundary: format!("incidentd-{}-{}", scope.letter.delivery, ids.mailbox),
    })
}

pub(super) fn server(config: &EmailConfig) -> SmtpServer {
    let (host, port) = config.smarthost.clone();
    SmtpServer {
        host,
        port,
        hello: config.hello.clone(),
        auth: config.auth.clone(),
        require_tls: config.require_tls,
        implicit_tls: config.implicit_tls,
        tls: config.tls.clone(),
    }
}

/// The addresses of `to`. One that is none must not keep the others from hearing.
fn recipients(text: &str, pen: &mut Pen) -> Result<Mailboxes, Fault> {
    let mut list: Vec<Mailbox> = match mailboxes("to", text) {
        Ok(list) => list.into(),
        Err(_) => text
            .split(',')
            .filter(|piece| !piece.trim().is_empty())
            .filter_map(|piece| pen.note(mailboxes("to", piece)))
            .flatten()
            .collect(),
    };
    if list.is_empty() {
        return Err(no_address("to", text));
    }
    if list.len() > RECIPIENTS_MAX {
        let rest = format!("{} more addresses", list.len() - RECIPIENTS_MAX);
        pen.faults.push(no_address("to", &rest));
        list.truncate(RECIPIENTS_MAX);
    }
    Ok(list.into())
}

pub(super) fn mailboxes(field: &str, text: &str) -> Result<Mailboxes, Fault> {
    let line = one_line(text);
    let line = line.trim_end_matches([',', ' ']);
    line.parse().map_err(|_| no_address(field, line))
}

pub(super) fn no_address(field: &str, text: &str) -> Fault {
    Fault::Address { field: field.to_owned(), text: plain::shorten(text, 100) }
}

pub(super) fn addresses(list: &Mailboxes) -> impl Iterator<Item = Address> {
    list.iter().map(|mailbox| mailbox.email.clone())
}

fn subject(scope: &Scope, config: &EmailConfig, value: &Value, pen: &mut Pen) -> String {
    let own = config.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Subject"));
    let rendered = match own {
        Some((_, template)) => pen.text("headers.Subject", template, value),
        None => pen
            .default_text("headers.Subject", DEFAULT_SUBJECT, value)
            .map(|text| tagged(text.trim(), scope)),
    };
    let subject = rendered.unwrap_or_else(|| plain::title(scope));
    let late = scope.letter.delayed.map(|span| format!(" (delayed by {span})"));
    one_line(&(subject + &late.unwrap_or_default()))
}

/// Answers and filters know an incident by `[INC-12]` in the subject.
fn tagged(subject: &str, scope: &Scope) -> String {
    let tag = scope.letter.incident.as_ref().map(|incident| format!("[{}]", incident.id));
    match tag {
        Some(tag) if !subject.contains(&tag) => format!("{tag} {subject}"),
        Some(_) | None => subject.to_owned(),
    }
}

/// What a configuration says about a header counts more than what is said here; an empty value
/// takes the header out.
fn override_header(headers: &mut Vec<(String, String)>, name: &str, text: String, pen: &mut Pen) {
    let sayable = |c: char| c.is_ascii_graphic() && c != ':';
    if name.is_empty() || !name.chars().all(sayable) {
        pen.faults.push(Fault::Header { name: plain::shorten(name, 100) });
        return;
    }
    if OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return;
    }
    // A mail without a readable sender is no mail.
    if name.eq_ignore_ascii_case("From") && pen.note(mailboxes("headers.From", &text)).is_none() {
        return;
    }
    match headers.iter_mut().find(|(have, _)| have.eq_ignore_ascii_case(name)) {
        Some((_, have)) => *have = text,
        None => headers.push((name.to_owned(), text)),
    }
}

/// A header is one line: a label with a line break must not begin another one.
pub(super) fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain::shorten(line.trim(), HEADER_CHARS_MAX)
}

pub(super) fn date(now: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    // Fails only for years that have more than four digits. HTTP's form is that of mail but for
    // the name of the zone.
    let text = printer.timestamp_to_rfc9110_string(&instant).unwrap_or_default();
    text.replace("GMT", "+0000")
}

/// Message ids are made of what does not change from attempt to attempt, so that a mailbox shows a
/// message once that was sent twice, and knows what a conversation began with. They bear the mark of
/// the incident, so that an answer finds it: `<dlv-7.….inc-12.…@example.org>`.
pub(super) struct MessageIds<'a> {
    /// The conversation.
    root: String,
    /// This integration's side of it: other mails of the same delivery go elsewhere.
    mailbox: String,
    /// The incident's mark behind a dot; empty where the mail speaks of none.
    mark: String,
    domain: String,
    /// What was sent before in the same conversation, oldest first.
    previous: &'a [DeliveryId],
}

impl<'a> MessageIds<'a> {
    pub(super) fn new(
        scope: &Scope<'a>,
        (index, threading): (usize, Threading),
        domain: String,
    ) -> Self {
        let letter = scope.letter;
        let (url, root) = (letter.external_url.as_str(), letter.thread.root.as_str());
        let index = index.to_string();
        let mailbox = [url, root, letter.receiver.as_str(), index.as_str()];
        let group = letter.group_key.as_str();
        // Whatever names another mail would tie the days together.
        let (root, previous): (_, &[DeliveryId]) = match threading {
            Threading::Conversation => (digest(&[url, root]), &letter.thread.previous),
            Threading::Group => (digest(&[url, group, ""]), &[]),
            Threading::GroupByDay => (digest(&[url, group, &decided_on(letter)]), &[]),
        };
        let mark = letter.incident.as_ref().map(|incident| format!(".{}", incident.mark));
        Self { root, mailbox: digest(&mailbox), mark: mark.unwrap_or_default(), domain, previous }
    }

    pub(super) fn of(&self, delivery: DeliveryId) -> String {
        let number = delivery.to_string().to_ascii_lowercase();
        format!("<{number}.{}{}@{}>", self.mailbox, self.mark, self.domain)
    }

    /// The beginning of the conversation. No mail bears this id; mailboxes thread by it all the
    /// same, also where the first mail was lost or deleted.
    fn root(&self) -> String {
        format!("<thread.{}@{}>", self.root, self.domain)
    }

    fn parent(&self) -> String {
        self.previous.last().map_or_else(|| self.root(), |last| self.of(*last))
    }

    fn references(&self) -> String {
        let newest = self.previous.len().saturating_sub(REFERENCES_MAX);
        let mut ids = vec![self.root()];
        ids.extend(self.previous[newest..].iter().map(|delivery| self.of(*delivery)));
        ids.join(" ")
    }
}

/// The day of a message's decision, which is the same in all of its attempts but for those of the
/// first minute: `2026-03-01`.
fn decided_on(letter: &Letter) -> String {
    let waited = i64::try_from(letter.delayed.unwrap_or_default().0).unwrap_or(i64::MAX);
    let decided = Timestamp(letter.now.0.saturating_sub(waited)).rfc3339();
    decided.split_once('T').map_or_else(String::new, |(day, _)| day.to_owned())
}

fn digest(parts: &[&str]) -> String {
    let numbered = parts.iter().enumerate().map(|(i, part)| (i.to_string(), *part));
    Labels::new(numbered).fingerprint().to_string()
}
