//! Why a command came to nothing, in words for the person who gave it.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

use super::written;

/// Characters shown of an answer that is not the daemon's.
const SAMPLE_CHARS_MAX: usize = 200;

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The daemon's address makes no sense.
    #[error("`{url}` is not an address like http://127.0.0.1:9093/prefix: {why}")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The token file cannot be read.
    #[error("failed to read the token file `{}`", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        #[source]
        /// Why.
        source: std::io::Error,
    },
    /// The token cannot be sent in a header.
    #[error("the token holds signs that no HTTP header can carry")]
    Token,
    /// This process could not start what it needs for networking.
    #[error("failed to start the network runtime")]
    Runtime(#[source] std::io::Error),
    /// The HTTP client could not be built.
    #[error("failed to prepare the HTTP client")]
    Prepare(#[source] reqwest::Error),
    /// No answer came.
    #[error("cannot reach incidentd at {url}")]
    Unreachable {
        /// The daemon's address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// Something in between answers for a daemon that does not.
    #[error("cannot reach incidentd at {url}: a proxy answered {status}")]
    Behind {
        /// The daemon's address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The daemon said no, and why.
    #[error("{0}")]
    Refused(Problem),
    /// The answer is not in the daemon's form.
    #[error("what answers at {url} does not speak like incidentd: {why}")]
    Stranger {
        /// The daemon's address.
        url: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// A configuration file cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// A template, or what it is to be rendered with, makes no sense.
    #[error("{0}")]
    Template(String),
    /// An alert reaches other receivers than it must.
    #[error("expected receivers {expected}, resolved to {told}")]
    OtherReceivers {
        /// Those that it must reach.
        expected: String,
        /// Those that it reaches.
        told: String,
    },
    /// A test of a receiver did not arrive everywhere; the answer says where.
    #[error("not every integration took the message")]
    Untold,
    /// A body that is to be tried out cannot be read.
    #[error("failed to read the body from `{}`", path.display())]
    PayloadFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Silences to be imported cannot be read.
    #[error("failed to read {}", path.as_ref().map_or("standard input".into(), |path| path.to_string_lossy()))]
    SilenceFile {
        /// The file; standard input if there is none.
        path: Option<PathBuf>,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What is to be imported is no list of silences.
    #[error("the input is no list of silences as `amtool silence query -o json` writes it")]
    Silences(#[source] serde_json::Error),
    /// The answer could not be written.
    #[error("failed to write the answer")]
    Output(#[source] std::io::Error),
}

/// A problem as RFC 9457 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// Members beyond the standard ones, such as the steps that are allowed.
    pub more: Vec<(String, String)>,
}

impl Failure {
    /// Reads an answer that is no success.
    pub(super) fn of_answer(url: &str, status: u16, body: &[u8]) -> Self {
        let url = url.to_owned();
        match Problem::read(status, body) {
            Some(problem) => Self::Refused(problem),
            None if matches!(status, 502..=504) => Self::Behind { url, status },
            None => {
                let text = String::from_utf8_lossy(body);
                let sample: String = written::line(&text).chars().take(SAMPLE_CHARS_MAX).collect();
                let why = format!("{status} {sample}");
                Self::Stranger { url, why: why.trim_end().to_owned() }
            }
        }
    }

    /// The exit code: 1 refused or failed, 2 wrong usage, 3 the daemon cannot be reached.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    fn code(&self) -> u8 {
        match self {
            Self::Address { .. }
            | Self::TokenFile { .. }
            | Self::Token
            | Self::SilenceFile { .. }
            | Self::PayloadFile { .. }
            | Self::Silences(_)
            | Self::Configuration(_)
            | Self::Template(_) => 2,
            Self::Unreachable { .. } | Self::Behind { .. } => 3,
            Self::Runtime(_)
            | Self::Prepare(_)
            | Self::Refused(_)
            | Self::Stranger { .. }
            | Self::OtherReceivers { .. }
            | Self::Untold
            | Self::Output(_) => 1,
        }
    }

    /// What to write on standard error: what failed, why, what to try.
    pub fn report(&self) -> String {
        let because = root(self).map(|root| format!("  because: {root}\n")).unwrap_or_default();
        format!("error: {self}\n{because}{}", self.advice())
    }

    fn advice(&self) -> String {
        match self {
            Self::Unreachable { .. } | Self::Behind { .. } => {
                let try_this = "  try: is the daemon up (systemctl status incidentd), and is it \
                                there? Set --url or INCIDENTD_URL\n";
                try_this.to_owned()
            }
            Self::Stranger { .. } => {
                let try_this =
                    "  try: set --url or INCIDENTD_URL to the daemon, with its path prefix\n";
                try_this.to_owned()
            }
            Self::Refused(problem) => problem.hints(),
            Self::Address { .. }
            | Self::TokenFile { .. }
            | Self::Token
            | Self::Runtime(_)
            | Self::Prepare(_)
            | Self::SilenceFile { .. }
            | Self::PayloadFile { .. }
            | Self::Silences(_)
            | Self::Configuration(_)
            | Self::Template(_)
            | Self::OtherReceivers { .. }
            | Self::Untold
            | Self::Output(_) => String::new(),
        }
    }
}

impl Problem {
    fn read(status: u16, body: &[u8]) -> Option<Self> {
        let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return None };
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(written::line);
        let detail = text("detail").or_else(|| text("title"))?;
        let standard =
            |name: &str| matches!(name, "type" | "title" | "status" | "detail" | "instance");
        let more =
            members.iter().filter(|(name, _)| !standard(name)).filter_map(|(name, value)| {
                let value = plain(value)?;
                // The sentence may say it already.
                (!detail.contains(&value)).then(|| (written::line(name).replace('_', " "), value))
            });
        Some(Self { status, more: more.collect(), detail })
    }

    fn hints(&self) -> String {
        let more = self.more.iter().map(|(name, value)| format!("  {name}: {value}\n"));
        let token = "  try: give a token in INCIDENTD_TOKEN or with --token-file\n";
        more.chain((self.status == 401).then(|| token.to_owned())).collect()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

/// A word or a list of words; nothing for what has more structure or says nothing.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => written::line(text),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(Value::as_str).map(written::line).collect();
            items.join(", ")
        }
        Value::Null | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The innermost cause: those in between only say that something failed.
fn root(error: &dyn Error) -> Option<&dyn Error> {
    let mut root = error.source()?;
    while let Some(source) = root.source() {
        root = source;
    }
    Some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, code: u8, expected: &str) {
        let failure = Failure::of_answer("http://ops:9093", status, body.as_bytes());
        assert_eq!(
            (failure.code(), failure.report().as_str()),
            (code, expected),
            "{status} {body}"
        );
    }

    #[test]
    fn answers_become_failures() {
        check(
            409,
            r#"{"type":"about:blank","title":"Conflict","status":409,
                "detail":"INC-1 is closed: cannot acknowledge","allowed":["note","prioritise"]}"#,
            1,
            "error: INC-1 is closed: cannot acknowledge\n  allowed: note, prioritise\n",
        );
        check(
            409,
            r#"{"detail":"INC-1 is closed; allowed now: note, prioritise","allowed":["note","prioritise"]}"#,
            1,
            "error: INC-1 is closed; allowed now: note, prioritise\n",
        );
        check(
            400,
            r#"{"title":"Bad Request","detail":"stat: no such filter","did_you_mean":"state","field":null}"#,
            1,
            "error: stat: no such filter\n  did you mean: state\n",
        );
        check(404, r#"{"title":"Not Found","status":404}"#, 1, "error: Not Found\n");
        check(
            401,
            r#"{"detail":"a token is needed"}"#,
            1,
            "error: a token is needed\n  try: give a token in INCIDENTD_TOKEN or with --token-file\n",
        );
        check(503, r#"{"detail":"the daemon is starting"}"#, 1, "error: the daemon is starting\n");
        check(
            404,
            "404 page\nnot found",
            1,
            "error: what answers at http://ops:9093 does not speak like incidentd: 404 404 page not found\n  \
             try: set --url or INCIDENTD_URL to the daemon, with its path prefix\n",
        );
        check(
            502,
            "<html>bad gateway</html>",
            3,
            "error: cannot reach incidentd at http://ops:9093: a proxy answered 502\n  \
             try: is the daemon up (systemctl status incidentd), and is it there? Set --url or INCIDENTD_URL\n",
        );
    }
}
