//! Mails to an address of ours: what rules and known monitoring systems say in them, and everything
//! else as an alert of unknown severity, so that somebody looks.
//!
//! A mail that answers is not read here: who holds the mailbox asks first which incident it is about.

mod answerable;
mod known;
mod letter;
mod mailbox;

use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::rule::{self, TextRule};
use crate::domain::event::adapter::{Context, Read, Unreadable, clip};
use crate::domain::event::remark::Remark;
use crate::domain::value::{Labels, Severity, Span};
use known::{Known, Meaning};

pub use letter::{Letter, Writer};
pub use mailbox::{After, Mailbox, Proof, Security};

/// The word for `type` in the configuration.
pub const NAME: &str = "mail";

/// So much of a subject tells a kind of mail from others.
const TEMPLATE_CHARS_MAX: usize = 160;

/// What goes in front of a subject on the way, in the tongues that are common.
const PREFIXES: [&str; 9] = ["re:", "fw:", "fwd:", "aw:", "wg:", "sv:", "tr:", "rif:", "antw:"];

/// What a source of this type is told by its configuration.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The first that fits decides.
    pub rules: Vec<TextRule>,
    /// How long a mail counts that does not say when it is over.
    pub lease: Span,
    /// Addresses that are ours, in lower case: what they send comes from ourselves.
    pub own: Vec<String>,
    /// Who may write on an incident by naming it in the subject: addresses, and domains as
    /// `@example.org`, in lower case.
    pub trusted: Vec<String>,
    /// Whether what a mail opens is told to its writer.
    pub auto_reply: bool,
}

impl Rules {
    /// Tells whether an address, in lower case, is one of those that are trusted.
    pub fn trusts(&self, address: &str) -> bool {
        let domain = address.rfind('@').map_or("", |at| &address[at..]);
        let is = |trusted: &String| trusted == address || trusted == domain;
        !domain.is_empty() && self.trusted.iter().any(is)
    }
}

impl Default for Rules {
    /// A day: mails are read by people, who are not there at night.
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            lease: Span::hours(24),
            own: Vec::new(),
            trusted: Vec::new(),
            auto_reply: false,
        }
    }
}

/// Reads one mail.
///
/// # Errors
/// When it is none.
pub fn read(rules: &Rules, body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let letter = Letter::parse(body, &rules.own)
        .ok_or_else(|| Unreadable::Json("no header of a mail is there".to_owned()))?;
    let mut read = Read::default();
    take(rules, &letter, context, &mut read);
    Ok(read)
}

/// Reads a mail that has been parsed. True if a rule or a known system says what it means.
pub fn take(rules: &Rules, letter: &Letter, context: &Context, read: &mut Read) -> bool {
    read.delivery = clip(&letter.message_id, context.limits.annotation_value_bytes_max).into();
    let stopped = match letter.writer {
        Writer::Person | Writer::Program | Writer::List => None,
        Writer::Reply => Some("an automatic answer"),
        Writer::Bounce => Some("a mail that could not be delivered came back"),
        Writer::Ourselves => Some("it comes from ourselves"),
    };
    if let Some(why) = stopped {
        read.counted += 1;
        read.note(0, format!("{why}: `{}`", letter.subject));
        return false;
    }
    let field = |name: &str| match name {
        "subject" => letter.subject.as_str(),
        "from" => &letter.from,
        "to" => &letter.to,
        _ => "",
    };
    if let Some(found) = rule::judge(&rules.rules, &letter.text, field) {
        if found.rule.ignore {
            read.counted += 1;
            return true;
        }
        let mut draft = draft(letter, context);
        draft.key = found.key("");
        found.apply(&mut draft, context, ("", None));
        expect_answer(rules, letter, context, &mut draft);
        draft.finish(0, context, read);
        return true;
    }
    if let Some(known) = known::read(letter) {
        monitoring(known, letter, context, read);
        return true;
    }
    if letter.writer == Writer::List {
        read.counted += 1;
        read.note(0, format!("a mailing list, which no rule knows: `{}`", letter.subject));
        return false;
    }
    let mut draft = draft(letter, context);
    let subject = rule::template(bare(&letter.subject), TEMPLATE_CHARS_MAX);
    draft.key = format!("{}/{subject}", letter.from);
    draft.labels = draft.labels.with([("alertname", "Mail"), ("subject", subject.as_str())]);
    draft.severity(context, "", None);
    draft.lease = Some(rules.lease);
    expect_answer(rules, letter, context, &mut draft);
    draft.finish(0, context, read);
    false
}

/// Notes down what the answer to a mail needs. What a monitoring system writes of itself is not
/// answered: nobody reads it.
fn expect_answer(rules: &Rules, letter: &Letter, context: &Context, draft: &mut Draft) {
    if !rules.auto_reply || letter.reply_to.is_empty() {
        return;
    }
    let max = context.limits.annotation_value_bytes_max;
    // A Message-ID that does not fit whole would name another mail.
    let room = |ids: &[String]| {
        let mut left = max;
        let fit = ids.iter().rev().take_while(|id| {
            let taken = left.checked_sub(id.len() + 1);
            left = taken.unwrap_or(0);
            taken.is_some()
        });
        ids.len() - fit.count()
    };
    let references = &letter.references[room(&letter.references)..];
    let message_id = Some(&letter.message_id).filter(|id| id.len() <= max);
    draft.annotations = draft.annotations.with([
        ("reply_to", clip(&letter.reply_to, max)),
        ("message_id", message_id.map_or("", String::as_str)),
        ("references", &references.join(" ")),
    ]);
}

/// A subject without what was put in front of it on the way.
pub fn bare(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some(prefix) = PREFIXES.iter().find(|prefix| {
        rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    }) {
        rest = rest[prefix.len()..].trim_start();
    }
    rest
}

fn draft(letter: &Letter, context: &Context) -> Draft {
    let limits = context.limits;
    let text = clip(letter.text.trim(), limits.annotation_value_bytes_max);
    Draft {
        labels: Labels::new([("from", clip(&letter.from, limits.label_value_bytes_max))]),
        annotations: Labels::new([
            ("summary", letter.subject.as_str()),
            ("description", text),
            ("to", clip(&letter.to, limits.annotation_value_bytes_max)),
        ]),
        starts_at: letter.at,
        ..Draft::default()
    }
}

fn monitoring(known: Known, letter: &Letter, context: &Context, read: &mut Read) {
    let limits = context.limits;
    let mut draft = draft(letter, context);
    let max = limits.label_value_bytes_max;
    draft.labels = Labels::new([
        ("alertname", clip(&known.name, max)),
        ("instance", clip(&known.host, max)),
        ("check", clip(&known.service, max)),
    ]);
    let (word, meaning) = &known.severity;
    match known.meaning {
        Meaning::Says(saying) => {
            read.remarks.push(Remark {
                source: context.source.clone(),
                key: known.key.into(),
                labels: draft.labels,
                author: known.author.into(),
                text: known.comment.into(),
                saying,
            });
            return;
        }
        Meaning::Is(Signal::Firing) => draft.severity(context, word, unknown_as_such(*meaning)),
        Meaning::Is(Signal::Resolved) => {}
    }
    draft.annotations = draft
        .annotations
        .with([("output", known.output.as_str()), ("from", letter.from.as_str())])
        .with(known.annotations.iter().map(|(name, value)| (*name, value.as_str())));
    draft.signal = match known.meaning {
        Meaning::Is(signal) => Some(signal),
        Meaning::Says(_) => None,
    };
    draft.key = known.key;
    draft.url = known.url;
    draft.finish(0, context, read);
}

/// A word that means "unknown" stays the source's word.
fn unknown_as_such(meaning: Option<Severity>) -> Option<Severity> {
    meaning.filter(|severity| *severity != Severity::Unknown)
}
