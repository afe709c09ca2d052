//! A mail as it came in: who wrote it, what it says, what it answers.

use super::answerable;
use mail_parser::{HeaderValue, Message, MessageParser};

use crate::domain::value::{IncidentId, Timestamp};

/// More of a text than this is not looked at.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// More of a subject than this is not looked at.
const SUBJECT_BYTES_MAX: usize = 1_000;

/// More Message-IDs of one header than this are not looked at; the newest stand last.
const MESSAGE_IDS_MAX: usize = 100;
/// A longer Message-ID is none of ours (RFC 5322, 2.1.1: the longest line).
const MESSAGE_ID_BYTES_MAX: usize = 998;

/// Lines that begin what somebody else wrote, or what stands under every mail of somebody.
const CUTS: [&str; 9] = [
    "-----Original Message-----",
    "-----Ursprüngliche Nachricht-----",
    "----- Original Message -----",
    "________________________________",
    "Begin forwarded message:",
    "-- ",
    "--",
    "Sent from my ",
    "Get Outlook for ",
];

/// Names before the address in the block that Outlook puts above what it quotes.
const QUOTE_HEADS: [&str; 6] = ["From:", "Von:", "De:", "Da:", "Van:", "Från:"];

/// A mail, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Letter {
    /// The address in `From`, in lower case; may be empty.
    pub from: String,
    /// The addresses in `To` and `Cc`, in lower case, joined by commas.
    pub to: String,
    /// The subject, decoded.
    pub subject: String,
    /// Without its angle brackets; may be empty.
    pub message_id: String,
    /// The Message-IDs in `In-Reply-To`, without angle brackets.
    pub in_reply_to: Vec<String>,
    /// The Message-IDs in `References`, without angle brackets, the beginning of the thread first.
    pub references: Vec<String>,
    /// What is written, as plain text.
    pub text: String,
    /// When, by the sender's clock.
    pub at: Option<Timestamp>,
    /// What kind of writer it has.
    pub writer: Writer,
    /// Where an automatic answer may go, in lower case; empty if there must be none.
    pub reply_to: String,
}

/// What kind of writer a mail has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Writer {
    /// A person, as far as one can tell.
    #[default]
    Person,
    /// A program, of its own accord: monitoring, cron (`Auto-Submitted: auto-generated`).
    Program,
    /// A mailing list or a mass mailing.
    List,
    /// A program that answers whatever comes: on holiday, received with thanks.
    Reply,
    /// A mail server that could not deliver something.
    Bounce,
    /// We ourselves.
    Ourselves,
}

impl Letter {
    /// Reads a mail. `own` are addresses that are ours, in lower case. Nothing if it is no mail.
    pub fn parse(bytes: &[u8], own: &[String]) -> Option<Self> {
        // Without the empty line below the headers the last of them would be lost.
        let whole;
        let bytes = if bytes.windows(2).any(|end| end == b"\n\n" || end == b"\n\r") {
            bytes
        } else {
            whole = [bytes, b"\r\n\r\n"].concat();
            &whole
        };
        let message = MessageParser::default().parse(bytes)?;
        let known = [message.from().is_some(), message.subject().is_some()];
        if !known.contains(&true) && message.message_id().is_none() && message.date().is_none() {
            return None;
        }
        let clip = |text: &str, max: usize| text[..text.floor_char_boundary(max)].to_owned();
        let all = |list: Option<&mail_parser::Address>| -> Vec<String> {
            let list = list.map(mail_parser::Address::iter).into_iter().flatten();
            list.filter_map(|one| one.address()).map(str::to_lowercase).collect()
        };
        let from = all(message.from()).into_iter().next().unwrap_or_default();
        let to = [all(message.to()), all(message.cc())].concat();
        let subject = clip(message.subject().unwrap_or_default().trim(), SUBJECT_BYTES_MAX);
        let text = message.body_text(0).unwrap_or_default();
        let message_id = message.message_id().unwrap_or_default().to_owned();
        let writer = if is_ours(&message_id) || own.contains(&from) {
            Writer::Ourselves
        } else {
            writer(&message)
        };
        let reply_to = match writer {
            Writer::Person => answerable::address(&message, own).unwrap_or_default(),
            _ => String::new(),
        };
        Some(Self {
            from,
            reply_to,
            to: to.join(","),
            subject: subject.replace(['\r', '\n', '\t'], " "),
            message_id,
            in_reply_to: message_ids(message.in_reply_to()),
            references: message_ids(message.references()),
            text: clip(&text, TEXT_BYTES_MAX).replace("\r\n", "\n"),
            at: message.date().map(|date| Timestamp(date.to_timestamp().saturating_mul(1_000))),
            writer,
        })
    }

    /// The Message-IDs of what it answers (RFC 5322, 3.6.4), the nearest first.
    pub fn answers(&self) -> impl Iterator<Item = &str> {
        self.in_reply_to.iter().chain(self.references.iter().rev()).map(String::as_str)
    }

    /// The incident that the subject names: `[INC-12]`.
    pub fn incident(&self) -> Option<IncidentId> {
        let tags = self.subject.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
        tags.map(|(tag, _)| tag.trim()).find_map(|tag| tag.parse().ok())
    }

    /// What the writer of an answer added: without what is quoted, and without the signature.
    pub fn added(&self) -> String {
        let mut kept: Vec<&str> = Vec::new();
        let mut lines = self.text.lines().peekable();
        while let Some(line) = lines.next() {
            let bare = line.trim();
            let cut =
                |mark: &&str| bare == mark.trim() || mark.len() > 3 && bare.starts_with(*mark);
            if CUTS.iter().any(cut) {
                break;
            }
            // `From: …` with another head below it: what Outlook quotes without a sign.
            let below = lines.peek().is_some_and(|next| next.contains(": "));
            if below && QUOTE_HEADS.iter().any(|head| bare.starts_with(head)) {
                break;
            }
            if bare.starts_with('>') {
                // `On Sunday somebody wrote:` goes with what it introduces.
                while kept.last().is_some_and(|last| last.trim().is_empty()) {
                    kept.pop();
                }
                if kept.last().is_some_and(|last| last.trim_end().ends_with(':')) {
                    kept.pop();
                    if kept.last().is_some_and(|last| begins_quote(last)) {
                        kept.pop();
                    }
                }
                continue;
            }
            kept.push(line);
        }
        kept.join("\n").trim().to_owned()
    }
}

/// The newest of the Message-IDs in a header.
fn message_ids(header: &HeaderValue) -> Vec<String> {
    let all: Vec<&str> = match header {
        HeaderValue::Text(id) => vec![id],
        HeaderValue::TextList(ids) => ids.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    };
    let fits = |id: &&&str| !id.is_empty() && id.len() <= MESSAGE_ID_BYTES_MAX;
    let newest = all.len().saturating_sub(MESSAGE_IDS_MAX);
    all[newest..].iter().filter(fits).map(|id| (*id).to_owned()).collect()
}

/// The introduction of a quote may be broken over two lines.
fn begins_quote(line: &str) -> bool {
    ["On ", "Am ", "Le ", "El ", "Il "].iter().any(|word| line.starts_with(word))
}

/// Our Message-IDs are `dlv-7.…@…`.
fn is_ours(message_id: &str) -> bool {
    let number = message_id.strip_prefix("dlv-").and_then(|rest| rest.split_once('.'));
    number.is_some_and(|(number, _)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn writer(message: &Message) -> Writer {
    let header = |name: &'static str| -> String {
        let value = message.header_raw(name).unwrap_or_default();
        value.trim().to_ascii_lowercase()
    };
    let submitted = header("Auto-Submitted");
    let precedence = header("Precedence");
    let returned = message.header("Return-Path").is_some() && header("Return-Path") == "<>";
    let report = message.header("Content-Type").is_some_and(|kind| match kind {
        HeaderValue::ContentType(kind) => {
            kind.ctype().eq_ignore_ascii_case("multipart")
                && kind.subtype().is_some_and(|it| it.eq_ignore_ascii_case("report"))
        }
        _ => false,
    });
    let has = |name: &'static str| message.header(name).is_some();
    if returned || report || header("From").contains("mailer-daemon@") {
        Writer::Bounce
    } else if submitted.starts_with("auto-replied")
        || submitted.starts_with("auto-notified")
        || precedence == "auto_reply"
        || has("X-Autoreply")
        || has("X-Autorespond")
    {
        Writer::Reply
    } else if has("List-Id") || ["list", "bulk", "junk"].contains(&precedence.as_str()) {
        Writer::List
    } else if !submitted.is_empty() && submitted != "no" {
        Writer::Program
    } else {
        Writer::Person
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_is_told_by_the_headers() {
        let check = |headers: &str, expected: Writer| {
            let mail = format!("{headers}Subject: x\r\n\r\nbody\r\n");
            let letter = Letter::parse(mail.as_bytes(), &["alerts@example.org".to_owned()]);
            assert_eq!(letter.unwrap().writer, expected, "{headers}");
        };
        check("From: ada@example.org\r\n", Writer::Person);
        check("From: a@b\r\nAuto-Submitted: no\r\n", Writer::Person);
        check("From: a@b\r\nAuto-Submitted: auto-generated\r\n", Writer::Program);
        check("From: a@b\r\nAuto-Submitted: auto-replied (vacation)\r\n", Writer::Reply);
        check("From: a@b\r\nPrecedence: auto_reply\r\n", Writer::Reply);
        check("From: a@b\r\nPrecedence: bulk\r\n", Writer::List);
        check("From: a@b\r\nList-Id: <dev.example.org>\r\n", Writer::List);
        check("Return-Path: <>\r\nFrom: a@b\r\n", Writer::Bounce);
        check("From: MAILER-DAEMON@mx.example.org\r\n", Writer::Bounce);
        check("From: Alerts <Alerts@example.org>\r\n", Writer::Ourselves);
        check("From: a@b\r\nMessage-ID: <dlv-7.00ff@example.org>\r\n", Writer::Ourselves);
        check("From: a@b\r\nMessage-ID: <dlv-x.00ff@example.org>\r\n", Writer::Person);
    }

    #[test]
    fn the_nearest_mail_that_is_answered_comes_first() {
        let check = |headers: &str, expected: &[&str]| {
            let mail = format!("From: a@b\r\n{headers}\r\nx\r\n");
            let letter = Letter::parse(mail.as_bytes(), &[]).unwrap();
            assert_eq!(letter.answers().collect::<Vec<_>>(), expected, "{headers}");
        };
        check("", &[]);
        check("In-Reply-To: <1@x>\r\n", &["1@x"]);
        check("In-Reply-To:\r\nReferences: <1@x>\r\n <2@x>\r\n", &["2@x", "1@x"]);
        check("References: <1@x> <2@x>\r\nIn-Reply-To: <2@x>\r\n", &["2@x", "2@x", "1@x"]);
        check("In-Reply-To: Your mail of Sunday <1@x>\r\n", &["1@x"]);
        let many: Vec<String> = (0..300).map(|at| format!(" <{at}@x>\r\n")).collect();
        let many = many.concat();
        let mail = format!("From: a@b\r\nReferences:{many}\r\nx\r\n");
        let letter = Letter::parse(mail.as_bytes(), &[]).unwrap();
        assert_eq!((letter.answers().next(), letter.answers().count()), (Some("299@x"), 100));
    }

    #[test]
    fn an_answer_is_what_was_added() {
        let check = |text: &str, expected: &str| {
            let letter = Letter { text: text.to_owned(), ..Letter::default() };
            assert_eq!(letter.added(), expected, "{text:?}");
        };
        check("I look.\n\nOn Sunday, Bob wrote:\n> it burns\n> help\n", "I look.");
        check("Yes\n\nOn Sunday, somebody with a long\nname wrote:\n> no\n", "Yes");
        check("Done.\n-- \nAda\nOperations", "Done.");
        check("Done.\n\nFrom: Bob <b@example.org>\nSent: Sunday\nSubject: x\n\nold", "Done.");
        check("> quoted\nanswer below\n> more\nand here", "answer below\nand here");
        check("a -- b", "a -- b");
        check("> all quoted", "");
    }

    #[test]
    fn the_subject_names_the_incident() {
        let check = |subject: &str, expected: Option<u64>| {
            let letter = Letter { subject: subject.to_owned(), ..Letter::default() };
            assert_eq!(letter.incident().map(|id| id.0), expected, "{subject}");
        };
        check("Re: [INC-12] Disk full", Some(12));
        check("AW: [ext] [inc-7] x", Some(7));
        check("INC-12", None);
        check("[INC-]", None);
    }
}
