//! A mail integration's fields.

use std::collections::BTreeMap;

use super::http::TlsConfig;
use crate::domain::template::Template;
use crate::domain::value::Secret;

/// Fields of `email_configs`, with what `global` says filled in.
#[derive(Debug, Clone)]
pub struct EmailConfig {
    /// Recipients, comma-separated, a template.
    pub to: Template,
    /// The sender, a template.
    pub from: Template,
    /// Host and port.
    pub smarthost: (String, u16),
    /// The name for HELO.
    pub hello: String,
    /// Who we are to the server; nothing means that nobody asks.
    pub auth: Option<SmtpAuth>,
    /// Refuse to go on without STARTTLS.
    pub require_tls: bool,
    /// TLS from the first byte.
    pub implicit_tls: bool,
    /// Whom to believe and who we are.
    pub tls: TlsConfig,
    /// Header fields by name, templates. `Subject` has a default.
    pub headers: BTreeMap<String, Template>,
    /// The HTML body; `None` means no HTML part.
    pub html: Option<Template>,
    /// The text body; `None` means the built-in text.
    pub text: Option<Template>,
    /// What belongs together in mailboxes.
    pub threading: Threading,
}

/// Who we are to a mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpAuth {
    /// The name that logs in.
    pub username: String,
    /// The name to act for (AUTH PLAIN); empty means the same.
    pub identity: String,
    /// The password for AUTH PLAIN and LOGIN; empty means none.
    pub password: Secret,
    /// The secret for AUTH CRAM-MD5; empty means none.
    pub secret: Secret,
}

/// What belongs together in mailboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threading {
    /// What is told about one incident, or one group as long as it lasts.
    Conversation,
    /// What is told about a group, for ever (`thread_by_date: none`).
    Group,
    /// What is told about a group on one day in UTC (`thread_by_date: daily`).
    GroupByDay,
}
