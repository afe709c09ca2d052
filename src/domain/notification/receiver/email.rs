//! A mail integration's fields.

use std::collections::BTreeMap;

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
    /// User name and password.
    pub auth: Option<(String, Secret)>,
    /// Refuse to go on without STARTTLS.
    pub require_tls: bool,
    /// TLS from the first byte.
    pub implicit_tls: bool,
    /// Accept any certificate (`tls_config.insecure_skip_verify`).
    pub insecure_skip_verify: bool,
    /// Header fields by name, templates. `Subject` has a default.
    pub headers: BTreeMap<String, Template>,
    /// The HTML body; `None` means no HTML part.
    pub html: Option<Template>,
    /// The text body; `None` means the built-in text.
    pub text: Option<Template>,
}
