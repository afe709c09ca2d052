//! The keys that Alertmanager does not have.

use super::poll::POLL;
use super::{OAUTH2, TLS};
use crate::config::auto_reply;
use crate::config::senders::STYLES;
use crate::config::shape::{Field, Shape};
use crate::domain::event::adapter::kind::{self, snmp};
use Shape::{Duration, DurationOr, Fields, List, Names, Secret, Text, Truth, Whole, Word};

/// Our top-level keys.
pub(in crate::config) const OWN_KEYS: &[Field] = &[
    ("include", List(&Text)),
    ("rules", List(&Text)),
    ("defaults", Fields(DEFAULTS)),
    ("limits", Fields(LIMITS)),
    ("admins", Fields(&[("receiver", Text)])),
    ("tokens", List(&Fields(TOKEN))),
    ("sources", Names(&Fields(SOURCE))),
    ("trusted_proxies", List(&Text)),
    ("polls", Names(&Fields(POLL))),
    ("services", Names(&Fields(SERVICE))),
    ("teams", Names(&Fields(TEAM))),
    ("users", Names(&Fields(USER))),
    ("send_resolved_when_suppressed", Truth),
];

const DEFAULTS: &[Field] = &[
    ("team", Text),
    ("zone", Text),
    ("resolve_after", Duration),
    ("reopen_window", Duration),
    ("close_after", Duration),
    ("refire_window", Duration),
];

const LIMITS: &[Field] = &[
    ("rate", Whole),
    ("burst", Whole),
    ("body_bytes_max", Whole),
    ("labels_max", Whole),
    ("label_value_bytes_max", Whole),
    ("new_alerts_max_per_hour", Whole),
];

const TOKEN: &[Field] = &[
    ("name", Text),
    ("token", Secret),
    ("token_file", Text),
    ("sha256", Text),
    ("scopes", List(&Word(&["read", "operate", "admin"]))),
];

const SOURCE: &[Field] = &[
    ("type", Word(kind::NAMES)),
    ("group", Text),
    ("drop_labels", List(&Text)),
    ("resend", Duration),
    ("deadman", DurationOr(&[("match", List(&Text)), ("after", Duration)])),
    ("auth", Fields(AUTH)),
    ("verify_signature", Truth),
    ("limits", Fields(LIMITS)),
    ("severity_map", Names(&SEVERITY)),
    ("paths", Fields(PATHS)),
    ("listen", Fields(LISTEN)),
    ("imap", Fields(IMAP)),
    ("rules", List(&Fields(TEXT_RULE))),
    ("min_severity", Text),
    ("lease", Duration),
    ("zone", Text),
    ("addresses", List(&Text)),
    ("trusted_senders", List(&Text)),
    ("auto_reply", Fields(auto_reply::FIELDS)),
    ("communities", List(&Secret)),
    ("communities_file", Text),
    ("traps", List(&Fields(TRAP))),
    ("users", List(&Fields(SNMP_USER))),
];

const LISTEN: &[Field] = &[
    ("udp", Text),
    ("tcp", Text),
    ("tls", Text),
    ("smtp", Text),
    ("smtps", Text),
    ("lmtp", Text),
    ("cert_file", Text),
    ("key_file", Text),
    ("client_ca_file", Text),
];

const IMAP: &[Field] = &[
    ("host", Text),
    ("port", Whole),
    ("username", Text),
    ("password", Secret),
    ("password_file", Text),
    ("token_file", Text),
    ("oauth2", Fields(OAUTH2)),
    ("mailbox", Text),
    ("every", Duration),
    ("tls", Word(&["true", "false", "starttls"])),
    ("tls_config", Fields(TLS)),
    ("after", Text),
];

const TEXT_RULE: &[Field] = &[
    ("name", Text),
    ("match", Text),
    ("clear", Text),
    ("host", Text),
    ("app", Text),
    ("facility", Text),
    ("msgid", Text),
    ("level", Text),
    ("service", Text),
    ("event", Text),
    ("subject", Text),
    ("from", Text),
    ("to", Text),
    ("severity", SEVERITY),
    ("status", Word(&["firing", "resolved"])),
    ("lease", Duration),
    ("ignore", Truth),
];

const SNMP_USER: &[Field] = &[
    ("name", Text),
    (
        "auth",
        Fields(&[
            ("algorithm", Word(snmp::Algorithm::WORDS)),
            ("password", Secret),
            ("password_file", Text),
        ]),
    ),
    (
        "privacy",
        Fields(&[
            ("algorithm", Word(snmp::Cipher::WORDS)),
            ("password", Secret),
            ("password_file", Text),
        ]),
    ),
    ("engine_id", Text),
];

const TRAP: &[Field] = &[
    ("oid", Text),
    ("name", Text),
    ("severity", SEVERITY),
    ("clears", Text),
    ("index", List(&Text)),
    ("labels", Names(&Text)),
    ("lease", Duration),
    ("ignore", Truth),
];

const AUTH: &[Field] = &[
    ("bearer", Secret),
    ("bearer_file", Text),
    ("bearer_next", Secret),
    ("bearer_next_file", Text),
    (
        "basic",
        Fields(&[
            ("username", Text),
            ("password", Secret),
            ("password_file", Text),
            ("password_next", Secret),
            ("password_next_file", Text),
        ]),
    ),
    (
        "hmac",
        Fields(&[
            ("style", Word(STYLES)),
            ("header", Text),
            ("secret", Secret),
            ("secret_file", Text),
            ("secret_next", Secret),
            ("secret_next_file", Text),
            ("algorithm", Word(&["sha1", "sha256", "sha512"])),
            ("encoding", Word(&["hex", "base64"])),
            ("prefix", Text),
            ("timestamp_header", Text),
            ("window", Duration),
            ("signed", Text),
        ]),
    ),
    (
        "header",
        Fields(&[
            ("name", Text),
            ("value", Secret),
            ("value_file", Text),
            ("value_next", Secret),
            ("value_next_file", Text),
        ]),
    ),
    ("certificate", Fields(&[("names", List(&Text))])),
    ("path_token", Secret),
    ("path_token_file", Text),
    ("path_token_next", Secret),
    ("path_token_next_file", Text),
    ("allow", List(&Text)),
];

const PATHS: &[Field] = &[
    ("events", Text),
    ("key", Text),
    ("name", Text),
    ("status", Text),
    ("resolved_when", List(&Text)),
    ("severity", Text),
    ("title", Text),
    ("url", Text),
    ("starts_at", Text),
    ("ends_at", Text),
    ("labels", Names(&Text)),
    ("annotations", Names(&Text)),
];

const SEVERITY: Shape = Word(&["critical", "high", "warning", "info", "none"]);

const SERVICE: &[Field] =
    &[("tier", Whole), ("impact", Whole), ("owner", Text), ("title", Text), ("runbook", Text)];

const TEAM: &[Field] = &[("title", Text), ("members", List(&Text)), ("receiver", Text)];

const USER: &[Field] =
    &[("name", Text), ("email", Text), ("slack", Text), ("zone", Text), ("active", Truth)];
