//! What only the shell needs of the configuration: who may send, who may ask, what is polled.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::domain::event::adapter::Kind;
use crate::domain::notification::receiver::TlsConfig;
use crate::domain::value::{Labels, Secret, Severity, Span};

/// What only the shell needs of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Daemon {
    /// How each source's bodies are read and who may send them, by name.
    pub sources: BTreeMap<String, Intake>,
    /// What is looked at regularly, by name. Each is a source of that name, too.
    pub polls: BTreeMap<String, Poll>,
    /// Who may use the API. Empty means everybody, as with Alertmanager.
    pub tokens: Vec<ApiToken>,
    /// Limits for senders without limits of their own, and for the API v2 intake.
    pub limits: Limits,
    /// The receiver that hears of the daemon's own troubles.
    pub admins: Option<String>,
    /// The time zone of people (IANA name), checked.
    pub zone: String,
    /// Teams by name.
    pub teams: BTreeMap<String, Team>,
    /// People by name.
    pub users: BTreeMap<String, User>,
}

/// How a source's bodies are read and who may send them.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    /// What its bodies look like.
    pub kind: Kind,
    /// Who may send.
    pub auth: Auth,
    /// How much.
    pub limits: Limits,
    /// The source's own words for severities, beyond those that everybody uses.
    pub severity_map: BTreeMap<String, Severity>,
    /// Where things stand in the body, for `type: generic`; it counts more than the kind.
    pub paths: Option<Paths>,
    /// Where it is listened for beside `/hooks/NAME`.
    pub listen: Listen,
}

/// Where a source is listened for, in its own protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listen {
    /// Sockets of our own.
    pub sockets: Vec<(Protocol, SocketAddr)>,
    /// Our certificate, and who vouches for clients, who then must show one.
    pub tls: TlsConfig,
}

/// What is spoken on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream under TLS.
    Tls,
    /// RFC 5321.
    Smtp,
    /// RFC 2033.
    Lmtp,
}

impl Protocol {
    /// The word in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Smtp => "smtp",
            Self::Lmtp => "lmtp",
        }
    }

    /// Whether it sends datagrams.
    pub fn is_datagram(self) -> bool {
        self == Self::Udp
    }
}

/// Who may send. Where two secrets are given, either is good: one leaves while the other comes.
#[derive(Debug, Clone, Default)]
pub enum Auth {
    /// Everybody who reaches the port.
    #[default]
    Open,
    /// `Authorization: Bearer …`.
    Bearer(Vec<Secret>),
    /// `Authorization: Basic …`.
    Basic {
        /// The user name.
        username: String,
        /// One or two passwords.
        passwords: Vec<Secret>,
    },
    /// A header with the HMAC-SHA-256 of the body, in hexadecimal, with or without `sha256=`.
    Hmac {
        /// The header's name.
        header: String,
        /// One or two keys.
        secrets: Vec<Secret>,
    },
}

/// How much a sender may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Events a second, in the long run.
    pub rate: u64,
    /// Events at once.
    pub burst: u64,
    /// Bytes of one body.
    pub body_bytes_max: u64,
    /// Labels of one event.
    pub labels_max: u64,
    /// Bytes of one label's value.
    pub label_value_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate: 20_000,
            burst: 200_000,
            body_bytes_max: 16 << 20,
            labels_max: 64,
            label_value_bytes_max: 4 << 10,
        }
    }
}

/// Where things stand in a body of JSON: keys joined by dots, numbers for places in lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    /// The list of events; the body itself is one event if this is not given.
    pub events: Option<String>,
    /// The source's own key of the condition.
    pub key: Option<String>,
    /// What becomes the label `alertname`.
    pub name: Option<String>,
    /// What says whether the condition holds.
    pub status: Option<String>,
    /// Values of `status` that mean it does not.
    pub resolved_when: Vec<String>,
    /// The severity, in the source's words.
    pub severity: Option<String>,
    /// What becomes the annotation `summary`.
    pub title: Option<String>,
    /// Where the source shows the condition.
    pub url: Option<String>,
    /// Since when.
    pub starts_at: Option<String>,
    /// Until when.
    pub ends_at: Option<String>,
    /// More labels by name.
    pub labels: BTreeMap<String, String>,
    /// More annotations by name.
    pub annotations: BTreeMap<String, String>,
}

/// Something that is looked at regularly.
#[derive(Debug, Clone)]
pub struct Poll {
    /// How often.
    pub every: Span,
    /// How long one look may take.
    pub timeout: Span,
    /// Where to look: the server of a query, or what is checked.
    pub url: String,
    /// Sent as `Authorization: Bearer …`.
    pub bearer: Option<Secret>,
    /// What is looked at.
    pub probe: Probe,
    /// The label `alertname` of what is found.
    pub alertname: String,
    /// How long it must hold before it counts.
    pub holds_for: Span,
    /// How long it must be gone before that counts.
    pub clear_for: Span,
    /// More labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
}

/// What a poll looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// An instant query; every series of the answer is a condition of its own.
    Promql {
        /// The query.
        query: String,
        /// What makes a warning.
        warn: Option<Threshold>,
        /// What makes it critical.
        critical: Option<Threshold>,
    },
    /// A GET of the URL. No answer is critical.
    Http {
        /// Good statuses; empty means 200 to 299.
        expect_status: Vec<u16>,
        /// A slower answer is a warning.
        warn_latency: Option<Span>,
        /// A slower answer is critical.
        critical_latency: Option<Span>,
    },
}

/// A comparison with a number, such as `>= 0.85`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// How to compare.
    pub comparison: Comparison,
    /// With what.
    pub value: f64,
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

/// Somebody who may use the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The name that the audit shows.
    pub name: String,
    /// SHA-256 of the token: who reads the memory or the file does not read the token.
    pub sha256: [u8; 32],
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
}

/// What a token is good for. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Looking.
    Read,
    /// Commands on records, silences, alerts.
    Operate,
    /// Reload and the like.
    Admin,
}

/// A team.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Team {
    /// As people call it.
    pub title: String,
    /// Names of users.
    pub members: Vec<String>,
    /// The receiver that reaches all of it.
    pub receiver: Option<String>,
}

/// A person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// As people call them.
    pub name: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// Their name in the chat; may be empty.
    pub slack: String,
    /// Their time zone (IANA name), checked.
    pub zone: String,
    /// False for who has left: their records stay, no message goes to them.
    pub active: bool,
}

impl Threshold {
    /// Reads `>= 0.85`. Nothing if the text is no comparison with a finite number.
    pub fn parse(text: &str) -> Option<Self> {
        const SIGNS: [(&str, Comparison); 6] = [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let text = text.trim();
        let (rest, comparison) = SIGNS
            .iter()
            .find_map(|(sign, comparison)| Some((text.strip_prefix(sign)?, *comparison)))?;
        let value: f64 = rest.trim().parse().ok()?;
        value.is_finite().then_some(Self { comparison, value })
    }

    /// Tells whether a value is past it. A value that is no number is past nothing.
    pub fn is_met(self, value: f64) -> bool {
        #[expect(clippy::float_cmp, reason = "`== 0` asks for exactly that, as in PromQL")]
        match self.comparison {
            Comparison::Less => value < self.value,
            Comparison::LessOrEqual => value <= self.value,
            Comparison::Greater => value > self.value,
            Comparison::GreaterOrEqual => value >= self.value,
            Comparison::Equal => value == self.value,
            Comparison::NotEqual => !value.is_nan() && value != self.value,
        }
    }
}

impl Scope {
    /// The word in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_read_and_compared() {
        for (text, below, at, above) in [
            (">= 0.85", false, true, true),
            (">0.85", false, false, true),
            ("< 0.85", true, false, false),
            (" <= 0.85 ", true, true, false),
            ("== 0.85", false, true, false),
            ("!=0.85", true, false, true),
        ] {
            let threshold = Threshold::parse(text).unwrap();
            let met = [0.8, 0.85, 0.9].map(|value| threshold.is_met(value));
            assert_eq!(met, [below, at, above], "{text}");
            assert!(!threshold.is_met(f64::NAN), "{text}");
        }
        for text in ["", "0.85", "=> 1", "> much", "> inf"] {
            assert_eq!(Threshold::parse(text), None, "{text}");
        }
    }
}
