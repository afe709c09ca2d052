//! Exchanges over HTTP: what is asked, what comes back, and what a reply means.
//!
//! ```text
//! first ─▶ reply ─hear─▶ Send(next) ─▶ reply ─hear─▶ … ─▶ End(report)
//! ```
//!
//! The courier carries requests and replies without understanding them. Most providers need one
//! request; some want to be asked first what they know.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::report::{Class, Reason, Report};
use crate::domain::notification::receiver::HttpConfig;
use crate::domain::value::{Secret, Span};

/// Requests of one exchange; a provider that wants more is leading us in a circle.
pub const REQUESTS_MAX: usize = 8;

/// What is kept of the other side's own words.
const EXCERPT_CHARS_MAX: usize = 200;

/// One attempt to tell a provider something.
#[derive(Debug)]
pub struct Http {
    /// What is sent first.
    pub first: Request,
    /// Who understands the replies.
    pub listener: Box<dyn Listener>,
    /// How long the attempt may take; zero means as long as the courier allows.
    pub timeout: Span,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// An HTTP request.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is to be done there.
    pub method: Method,
    /// Where to. Secret, because webhooks carry their password in the path.
    pub url: Secret,
    /// Header fields besides those of `http_config`.
    pub headers: Vec<(&'static str, Secret)>,
    /// The body; empty means none.
    pub body: String,
    /// Words in the body that nobody may read in a log, should the other side repeat them.
    pub secrets: Vec<Secret>,
    /// Whether an earlier reply will do.
    pub recall: Recall,
    /// A word that stands in a file.
    pub proof: Option<Proof>,
}

/// Whether a reply that was kept ([`Listener::keep`]) may answer a request with the same address
/// and body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recall {
    /// The other side is asked, and nothing is kept.
    Never,
    /// A reply that is kept will do.
    Kept,
    /// The reply that is kept was no good: the other side is asked.
    Anew,
}

/// A word that others write into a file, and replace from time to time: it is read when the request
/// leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The file.
    pub file: String,
    /// Where the word belongs.
    pub place: Place,
}

/// Where a word belongs in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A header field of this name.
    Header(&'static str),
    /// A field of this name at the end of the form in the body.
    Form(&'static str),
}

/// The methods that providers ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks.
    Get,
    /// Tells.
    Post,
    /// Replaces.
    Put,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The status in words: `Bad Request`.
    pub phrase: &'static str,
    /// How long the other side wants to be left alone (`Retry-After`).
    pub after: Option<Span>,
    /// The beginning of the body.
    pub body: String,
}

/// What to do about a reply.
#[derive(Debug)]
pub enum Step {
    /// There is more to ask.
    Send(Request),
    /// That was it.
    End(Report),
}

/// Somebody who understands a provider's replies. Pure: the same replies make the same steps.
pub trait Listener: fmt::Debug + Send + Sync {
    /// Takes a reply in.
    fn hear(&mut self, reply: &Reply) -> Step;

    /// How long this reply, to be heard next, may answer the same request again. Asked only about
    /// requests that recall.
    fn keep(&self, _reply: &Reply) -> Option<Span> {
        None
    }
}

/// Understands one reply, which is the last.
#[derive(Debug)]
struct Once(fn(&Reply) -> Report);

impl Listener for Once {
    fn hear(&mut self, reply: &Reply) -> Step {
        Step::End(self.0(reply))
    }
}

/// Says several things one after the other, as long as each is taken.
#[derive(Debug)]
struct InTurn {
    rest: VecDeque<Request>,
    judge: fn(&Reply) -> Report,
}

impl Listener for InTurn {
    fn hear(&mut self, reply: &Reply) -> Step {
        match ((self.judge)(reply), self.rest.pop_front()) {
            (Report::Delivered { .. }, Some(next)) => Step::Send(next),
            (report, _) => Step::End(report),
        }
    }
}

impl Http {
    /// An exchange of several requests; the first that is not taken ends it.
    pub(super) fn in_turn(
        first: Request,
        rest: Vec<Request>,
        judge: fn(&Reply) -> Report,
        http: &HttpConfig,
    ) -> Self {
        let listener = Box::new(InTurn { rest: rest.into(), judge });
        Self { first, listener, timeout: Span::ZERO, http: http.clone() }
    }

    /// An exchange of one request.
    pub(super) fn once(
        first: Request,
        judge: fn(&Reply) -> Report,
        timeout: Span,
        http: &HttpConfig,
    ) -> Self {
        Self { first, listener: Box::new(Once(judge)), timeout, http: http.clone() }
    }
}

impl Request {
    /// A POST of JSON.
    pub(super) fn json(url: impl Into<String>, body: &impl serde::Serialize) -> Self {
        Self {
            method: Method::Post,
            url: Secret::new(url),
            headers: vec![("Content-Type", Secret::new("application/json"))],
            body: serde_json::to_string(body).expect("a body is plain JSON"),
            secrets: Vec::new(),
            recall: Recall::Never,
            proof: None,
        }
    }

    /// A question.
    pub(super) fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            url: Secret::new(url),
            headers: Vec::new(),
            body: String::new(),
            secrets: Vec::new(),
            recall: Recall::Never,
            proof: None,
        }
    }

    /// A POST of a form, `application/x-www-form-urlencoded`.
    pub(super) fn form(url: impl Into<String>, fields: &[(&str, String)]) -> Self {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        Self {
            method: Method::Post,
            url: Secret::new(url),
            headers: vec![("Content-Type", Secret::new("application/x-www-form-urlencoded"))],
            body: pairs.collect::<Vec<_>>().join("&"),
            secrets: Vec::new(),
            recall: Recall::Never,
            proof: None,
        }
    }

    /// Says whether an earlier reply will do.
    #[must_use]
    pub(super) fn recall(self, recall: Recall) -> Self {
        Self { recall, ..self }
    }

    /// Names a word that stands in a file.
    #[must_use]
    pub(super) fn proof(self, file: &str, place: Place) -> Self {
        Self { proof: Some(Proof { file: file.to_owned(), place }), ..self }
    }

    /// Names what is to be done, where it is not a POST.
    #[must_use]
    pub(super) fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Adds a header field.
    #[must_use]
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, Secret::new(value)));
        self
    }

    /// Names a word of the body that must not be shown.
    #[must_use]
    pub(super) fn secret(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.clone());
        self
    }
}

impl Reply {
    /// Tells whether the other side took it.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The same reply, which wants to be left alone for so many seconds if no header says how long:
    /// some providers write it into the body.
    #[must_use]
    pub(super) fn or_after(&self, seconds: Option<f64>) -> Self {
        let span = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let after = span.and_then(|span| u64::try_from(span.as_millis()).ok()).map(Span);
        Self { after: self.after.or(after), ..self.clone() }
    }

    /// Tells that the other side turned it down, though perhaps politely: status 200 with an error
    /// in the body. `why` is what it said.
    pub(super) fn refused(&self, class: Class, reason: Reason, why: &str) -> Report {
        let why = format!("refused the message: {}", excerpt(why));
        let class = match class {
            Class::Retry { after } => Class::Retry { after: after.or(self.after) },
            Class::Permanent => Class::Permanent,
        };
        Report::Failed { class, why, reason }
    }
}

/// What a reply means by its status alone: 2xx is taken; 408, 429 and 5xx may work later, when
/// `Retry-After` says; anything else fails the same way the next time.
pub(super) fn by_status(reply: &Reply) -> Report {
    if reply.is_success() {
        return Report::Delivered { provider: None };
    }
    let class = match reply.status {
        408 | 429 | 500..=599 => Class::Retry { after: reply.after },
        _ => Class::Permanent,
    };
    let reason = match reply.status {
        401 | 403 => Reason::AuthError,
        429 => Reason::RateLimited,
        400..=499 => Reason::ClientError,
        500..=599 => Reason::ServerError,
        _ => Reason::Other,
    };
    let mut why = format!("answered {}", reply.status);
    if !reply.phrase.is_empty() {
        why = format!("{why} {}", reply.phrase);
    }
    if (300..400).contains(&reply.status) {
        why.push_str(", and redirects are not followed here (`follow_redirects`)");
    }
    let words = excerpt(&reply.body);
    if !words.is_empty() {
        why = format!("{why}: {words}");
    }
    Report::Failed { class, why, reason }
}

/// The beginning of what the other side said, on one line.
pub fn excerpt(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    line.chars().take(EXCERPT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, phrase: "", after: Some(Span::seconds(7)), body: body.to_owned() }
    }

    #[test]
    fn a_status_says_whether_it_is_worth_trying_again() {
        let later = Class::Retry { after: Some(Span::seconds(7)) };
        for (status, expected) in [
            (302, (Class::Permanent, Reason::Other)),
            (400, (Class::Permanent, Reason::ClientError)),
            (401, (Class::Permanent, Reason::AuthError)),
            (403, (Class::Permanent, Reason::AuthError)),
            (408, (later, Reason::ClientError)),
            (429, (later, Reason::RateLimited)),
            (500, (later, Reason::ServerError)),
            (503, (later, Reason::ServerError)),
        ] {
            let Report::Failed { class, reason, .. } = by_status(&reply(status, "")) else {
                panic!("{status} is no success")
            };
            assert_eq!((class, reason), expected, "{status}");
        }
        assert_eq!(by_status(&reply(204, "")), Report::Delivered { provider: None });
    }

    #[test]
    fn words_of_the_other_side_stay_on_one_line_and_end_somewhere() {
        assert_eq!(excerpt("try\n\n later\u{7}"), "try later");
        assert_eq!(excerpt(&"x".repeat(1_000)).len(), EXCERPT_CHARS_MAX);
    }
}
