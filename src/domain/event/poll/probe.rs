//! What is asked, and when: the definitions of polls. Who asks is the shell.

use std::collections::BTreeSet;

use regex::Regex;

use super::baseline::Calendar;
use crate::domain::event::adapter::JsonPath;
use crate::domain::notification::receiver::{HttpConfig, TlsConfig};
use crate::domain::value::{Cron, Matchers, Secret, Span};

/// When a poll asks.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// At a fixed beat.
    Every(Span),
    /// At times of the wall clock.
    Cron(Cron),
}

/// What a poll asks.
#[derive(Debug, Clone)]
pub enum Probe {
    /// An expression, of a server that speaks Prometheus' API.
    Promql(PromqlProbe),
    /// A page in Prometheus' text format.
    Scrape(ScrapeProbe),
    /// A page.
    Http(Box<HttpProbe>),
    /// Whether a port takes connections.
    Tcp(TcpProbe),
    /// Whether TLS comes about, and how long the certificate is good.
    Tls(TlsProbe),
    /// What a name server answers.
    Dns(DnsProbe),
    /// Whether a host answers echo requests.
    Icmp(IcmpProbe),
    /// What a program says that keeps to the rules for Nagios plugins.
    Exec(ExecProbe),
}

/// An expression and where to ask it.
#[derive(Debug, Clone)]
pub struct PromqlProbe {
    /// The server, with or without the path of its API.
    pub url: String,
    /// How to speak to it.
    pub http: HttpConfig,
    /// The expression.
    pub query: String,
    /// Asks for a stretch of time instead of an instant.
    pub range: Option<Range>,
    /// The past through which a line is laid, for a forecast.
    pub forecast: Option<Span>,
    /// Whose week it is, for a baseline.
    pub baseline: Option<Calendar>,
}

/// A stretch of time that ends with the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// How long.
    pub window: Span,
    /// Between two values.
    pub step: Span,
    /// What becomes of a series' values.
    pub reduce: Reduce,
}

/// What makes one value of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reduce {
    /// The newest.
    Last,
    /// The oldest.
    First,
    /// The mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// All together.
    Sum,
    /// How many there are.
    Count,
    /// The newest less the oldest.
    Delta,
}

/// A page in Prometheus' text format.
#[derive(Debug, Clone)]
pub struct ScrapeProbe {
    /// The page.
    pub url: String,
    /// How to speak to it.
    pub http: HttpConfig,
    /// Series that any of these match are kept.
    pub keep: Vec<Matchers>,
}

/// A page, and what is expected of it.
#[derive(Debug, Clone)]
pub struct HttpProbe {
    /// The page.
    pub url: String,
    /// How to speak to it.
    pub http: HttpConfig,
    /// The method, such as `GET`.
    pub method: String,
    /// Headers besides those of `http`.
    pub headers: Vec<(String, Secret)>,
    /// What is sent; empty for nothing.
    pub body: Secret,
    /// Good statuses; empty means 200 to 299.
    pub expect_status: BTreeSet<u16>,
    /// What the body must hold.
    pub expect_body: Option<Regex>,
    /// What the body must not hold.
    pub refuse_body: Option<Regex>,
    /// A value in the body.
    pub json: Option<JsonCheck>,
    /// Says how long the certificate is good.
    pub certificate: bool,
}

/// A value in a body of JSON.
#[derive(Debug, Clone)]
pub struct JsonCheck {
    /// Where it is.
    pub path: JsonPath,
    /// What it must be, if it is no number to be watched.
    pub expect: Option<String>,
}

/// Where somebody listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Name or address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Whether a port takes connections, and what is said there.
#[derive(Debug, Clone)]
pub struct TcpProbe {
    /// Where.
    pub address: Listener,
    /// What is said first; empty for nothing.
    pub send: Secret,
    /// What must be answered.
    pub expect: Option<Regex>,
}

/// Whether TLS comes about.
#[derive(Debug, Clone)]
pub struct TlsProbe {
    /// Where.
    pub address: Listener,
    /// Whom to believe.
    pub tls: TlsConfig,
}

/// A question to a name server.
#[derive(Debug, Clone)]
pub struct DnsProbe {
    /// Whom to ask; nothing for the machine's own.
    pub server: Option<Listener>,
    /// The name.
    pub name: String,
    /// The type of record, such as `AAAA`.
    pub record: String,
    /// What must be among the answers, as records are written in zone files, without final dots.
    pub expect: Vec<String>,
}

/// Echo requests to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IcmpProbe {
    /// Name or address.
    pub host: String,
    /// How many.
    pub count: u16,
}

/// A program that keeps to the rules for Nagios plugins.
#[derive(Debug, Clone)]
pub struct ExecProbe {
    /// The program and its arguments. No shell sees them.
    pub command: Vec<String>,
    /// Its environment besides `PATH` and `LC_ALL`.
    pub env: Vec<(String, Secret)>,
}

impl Range {
    /// So many steps at most, as many as Prometheus gives in one answer.
    pub const STEPS_MAX: u64 = 11_000;
}

impl Reduce {
    /// The words for them.
    pub const ALL: [(&'static str, Self); 8] = [
        ("last", Self::Last),
        ("first", Self::First),
        ("avg", Self::Avg),
        ("min", Self::Min),
        ("max", Self::Max),
        ("sum", Self::Sum),
        ("count", Self::Count),
        ("delta", Self::Delta),
    ];

    /// Makes one value of a series' values in their order; nothing of none.
    pub fn apply(self, values: &[f64]) -> Option<f64> {
        let (first, last) = (values.first()?, values.last()?);
        let sum = || values.iter().sum::<f64>();
        #[expect(clippy::cast_precision_loss, reason = "at most some thousand values")]
        let count = values.len() as f64;
        Some(match self {
            Self::Last => *last,
            Self::First => *first,
            Self::Avg => sum() / count,
            Self::Min => values.iter().copied().fold(f64::NAN, f64::min),
            Self::Max => values.iter().copied().fold(f64::NAN, f64::max),
            Self::Sum => sum(),
            Self::Count => count,
            Self::Delta => last - first,
        })
    }
}

impl Probe {
    /// Whom it burdens: polls of one target share its slots. Programs have no target.
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Promql(PromqlProbe { url, .. }) | Self::Scrape(ScrapeProbe { url, .. }) => {
                Some(authority(url))
            }
            Self::Http(probe) => Some(authority(&probe.url)),
            Self::Tcp(TcpProbe { address, .. }) | Self::Tls(TlsProbe { address, .. }) => {
                Some(&address.host)
            }
            Self::Dns(probe) => Some(probe.server.as_ref().map_or("", |server| &server.host)),
            Self::Icmp(probe) => Some(&probe.host),
            Self::Exec(_) => None,
        }
    }
}

fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_become_one() {
        for (word, expected) in [
            ("last", 4.0),
            ("first", 2.0),
            ("avg", 3.0),
            ("min", 1.0),
            ("max", 5.0),
            ("sum", 12.0),
            ("count", 4.0),
            ("delta", 2.0),
        ] {
            let (_, reduce) = Reduce::ALL.iter().find(|(known, _)| *known == word).unwrap();
            assert_eq!(reduce.apply(&[2.0, 5.0, 1.0, 4.0]), Some(expected), "{word}");
            assert_eq!(reduce.apply(&[]), None);
        }
    }

    #[test]
    fn polls_of_one_server_share_its_slots() {
        for (url, expected) in [
            ("http://p:9090/api?x=1", "p:9090"),
            ("https://p", "p"),
            ("https://p?x", "p"),
            ("p", "p"),
        ] {
            assert_eq!(authority(url), expected);
        }
    }
}
