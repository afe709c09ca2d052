//! A mailbox that mails are fetched from: where it is, who we are there, what becomes of a mail.

use crate::domain::notification::receiver::{HttpConfig, TlsConfig};
use crate::domain::value::{Secret, Span};

/// A mailbox on a server that speaks IMAP (RFC 3501, RFC 9051).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The server.
    pub host: String,
    /// Its port: 993 is the usual one under TLS, 143 otherwise.
    pub port: u16,
    /// Who we are.
    pub username: String,
    /// What proves it.
    pub proof: Proof,
    /// The mailbox's name as the server spells it.
    pub name: String,
    /// How often it is looked at.
    pub every: Span,
    /// How the connection is kept from being read.
    pub security: Security,
    /// Whom to believe under TLS.
    pub tls: TlsConfig,
    /// What becomes of a mail that is taken in.
    pub after: After,
}

/// What proves who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A password.
    Password(Secret),
    /// A token, which is in a file or got by `oauth2`: what `Authorization` would say over HTTP.
    Token(Box<HttpConfig>),
}

/// How a connection is kept from being read on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after `STARTTLS`; never without.
    StartTls,
    /// Everybody on the way can read along.
    Clear,
}

/// What becomes of a mail that is taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// It is marked as seen.
    Seen,
    /// It is deleted.
    Delete,
    /// It is moved to the mailbox of that name.
    Move(String),
}
