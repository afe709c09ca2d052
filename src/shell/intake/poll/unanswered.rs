//! Why a question was not answered. Of what is looked for, such as a port that is closed, the answer
//! tells; this is for questions that found nothing out.

use std::io;

use crate::domain::event::poll::exposition::InvalidExposition;
use crate::domain::value::Span;
use crate::shell::client::LineError;
use crate::shell::client::tls::TlsError;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// How to speak to the other side cannot be had, such as the file of a password.
    #[error("failed to set the question up")]
    Line(#[source] LineError),
    /// What `tls_config` says cannot be used.
    #[error("cannot use `tls_config`")]
    Tls(#[source] TlsError),
    /// No answer came, or it broke off.
    #[error("failed to ask")]
    Ask(#[source] reqwest::Error),
    /// An answer came, but no JSON of the API's shape.
    #[error("failed to read the answer, which came with HTTP status {status}")]
    Read {
        /// The HTTP status.
        status: u16,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The server says that it cannot answer.
    #[error("the server answered: {0}")]
    Refused(String),
    /// The server knows that it did not see everything.
    #[error("the server answered without all of its stores; a part says nothing about the rest")]
    Partial,
    /// The page came with another status than 200.
    #[error("the page came with HTTP status {0}")]
    Status(u16),
    /// The page is not in Prometheus' text format.
    #[error("failed to read the page")]
    Page(#[source] InvalidExposition),
    /// The answer is no text.
    #[error("the answer is not UTF-8")]
    NotText,
    /// The answer is too long.
    #[error("the answer has more than {0} bytes; ask for less")]
    TooLong(usize),
    /// The answer has too many series.
    #[error("the answer has more than {0} series; aggregate or match fewer")]
    TooMany(usize),
    /// The answer is not of the kind that was asked for.
    #[error("the answer is a {0}; ask for a vector, or write `range`")]
    Kind(&'static str),
    /// A value is not a number.
    #[error("`{0}` is not a number")]
    NotANumber(String),
    /// A value is a histogram.
    #[error("the answer holds native histograms; make numbers of them, as with histogram_quantile")]
    Histogram,
    /// It took too long.
    #[error("no answer within {0}")]
    TimedOut(Span),
    /// A name has no address.
    #[error("failed to look up the address of {host}")]
    LookUp {
        /// The name.
        host: String,
        /// What is wrong.
        #[source]
        source: io::Error,
    },
    /// The machine does not let us send echo requests.
    #[error(
        "echo requests are not permitted: widen net.ipv4.ping_group_range to our group, or give \
         us CAP_NET_RAW"
    )]
    PingNotPermitted(#[source] io::Error),
    /// A socket of ours does not work.
    #[error("failed to use a socket")]
    Socket(#[source] io::Error),
    /// No name server is known.
    #[error("/etc/resolv.conf names no server; write `server`")]
    NoNameServer,
    /// The question is none that a name server could be asked.
    #[error("`{0}` is no name that a name server could be asked for")]
    Name(String),
    /// A program does not start.
    #[error("failed to start {program}")]
    Start {
        /// The program.
        program: String,
        /// What is wrong.
        #[source]
        source: io::Error,
    },
    /// A program cannot be waited for.
    #[error("failed to wait for {program}")]
    Wait {
        /// The program.
        program: String,
        /// What is wrong.
        #[source]
        source: io::Error,
    },
    /// A program ended in a way that says nothing.
    #[error("{program} ended with {how}, which is no state of a plugin (0 to 3): {said}")]
    Ended {
        /// The program.
        program: String,
        /// Its status.
        how: String,
        /// The first line it printed.
        said: String,
    },
}
