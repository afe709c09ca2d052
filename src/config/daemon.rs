//! What only the shell needs of the configuration: who may send, who may ask, what is polled.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use ipnet::IpNet;

use super::spans::Tracing;
use crate::domain::event::adapter::Kind;
use crate::domain::event::adapter::kind::mail::Mailbox;
use crate::domain::event::adapter::kind::snmp;
use crate::domain::event::poll::{PollRule, Probe, When};
use crate::domain::notification::receiver::TlsConfig;
use crate::domain::value::{Secret, Severity, Span};

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
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The receiver that hears of the daemon's own troubles.
    pub admins: Option<String>,
    /// The time zone of people (IANA name), checked.
    pub zone: String,
    /// Teams by name.
    pub teams: BTreeMap<String, Team>,
    /// People by name.
    pub users: BTreeMap<String, User>,
    /// Where spans go; nothing if none are sent.
    pub tracing: Option<Tracing>,
}

/// How a source's bodies are read and who may send them.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    /// What its bodies look like.
    pub kind: Kind,
    /// Who may send.
    pub auth: Auth,
    /// Whether letters of Amazon SNS must be signed; unless said, where nothing else is demanded.
    pub verify_signature: Option<bool>,
    /// Communities of which a trap of SNMP versions 1 and 2c must bear one; none means any.
    pub communities: Vec<Secret>,
    /// Who sends traps of SNMP version 3.
    pub snmp_users: Vec<snmp::User>,
    /// How much.
    pub limits: Limits,
    /// The source's own words for severities, beyond those that everybody uses.
    pub severity_map: BTreeMap<String, Severity>,
    /// Where things stand in the body, for `type: generic`; it counts more than the kind.
    pub paths: Option<Paths>,
    /// Where it is listened for beside `/hooks/NAME`.
    pub listen: Listen,
    /// Where its mails are fetched from.
    pub imap: Option<Mailbox>,
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
    /// RFC 5321 under TLS from the first byte (RFC 8314).
    Smtps,
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
            Self::Smtps => "smtps",
            Self::Lmtp => "lmtp",
        }
    }

    /// Whether it sends datagrams.
    pub fn is_datagram(self) -> bool {
        self == Self::Udp
    }
}

/// Who may send: whoever shows one of these, from one of these networks.
#[derive(Debug, Clone, Default)]
pub struct Auth {
    /// Any one will do; none means everybody who reaches the port. Of two secrets either is good:
    /// one leaves while the other comes.
    pub ways: Vec<Way>,
    /// Networks that may send, whatever is shown besides; none means every network.
    pub allow: Vec<IpNet>,
}

/// Something that a sender can show.
#[derive(Debug, Clone)]
pub enum Way {
    /// `Authorization: Bearer …`.
    Bearer(Vec<Secret>),
    /// `Authorization: Basic …`.
    Basic {
        /// The user name.
        username: String,
        /// One or two passwords.
        passwords: Vec<Secret>,
    },
    /// A header with an HMAC of the body.
    Hmac {
        /// What is signed, and how.
        signing: Signing,
        /// One or two keys.
        secrets: Vec<Secret>,
    },
    /// A header with a secret in it, such as `X-Gitlab-Token`.
    Header {
        /// The header's name.
        name: String,
        /// One or two values.
        values: Vec<Secret>,
    },
    /// A client certificate that the daemon's own TLS door has verified.
    Certificate {
        /// Names of which it must bear one: DNS names and URIs, or the subject's common name.
        names: Vec<String>,
    },
    /// A signed last part of the URL; these are the keys that sign it.
    PathToken(Vec<Secret>),
}

/// What a sender signs, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The header with the signature.
    pub header: String,
    /// The hash function of the HMAC (RFC 2104).
    pub algorithm: Algorithm,
    /// How the signature is written.
    pub encoding: Encoding,
    /// What stands before it; may be empty.
    pub prefix: String,
    /// What keeps a signed body from being sent again later.
    pub stamp: Option<Stamp>,
}

/// A signed time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The header with the time, in seconds or milliseconds since 1970.
    pub header: String,
    /// How far it may be from the time of arrival, either way.
    pub window: Span,
    /// What is signed before the time.
    pub lead: String,
    /// What is signed between the time and the body.
    pub joint: String,
}

/// The hash function of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1: weak as a hash, still sound in an HMAC (RFC 6194, 3.3).
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal, in either case.
    Hex,
    /// Base64 (RFC 4648, 4), with or without padding.
    Base64,
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
    /// Alerts in one hour that nobody has heard of before; nothing means any number.
    pub new_alerts_max_per_hour: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate: 20_000,
            burst: 200_000,
            body_bytes_max: 16 << 20,
            labels_max: 64,
            label_value_bytes_max: 4 << 10,
            new_alerts_max_per_hour: None,
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
    /// When.
    pub when: When,
    /// Spread over how much time polls of equal times ask; nothing leaves it to the schedule.
    pub jitter: Option<Span>,
    /// How long one look may take.
    pub timeout: Span,
    /// What is looked at.
    pub probe: Probe,
    /// What makes alerts of what is seen.
    pub rules: Vec<PollRule>,
    /// How much of what was seen is remembered for forecasts; zero for nothing.
    pub past: Span,
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
