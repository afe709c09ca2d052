//! The keys that Alertmanager does not have.

use crate::config::shape::{Field, Shape};
use crate::domain::event::adapter::kind;
use Shape::{Duration, Fields, List, Names, Secret, Text, Truth, Whole, Word};

/// Our top-level keys.
pub(in crate::config) const OWN_KEYS: &[Field] = &[
    ("include", List(&Text)),
    ("rules", List(&Text)),
    ("defaults", Fields(DEFAULTS)),
    ("limits", Fields(LIMITS)),
    ("admins", Fields(&[("receiver", Text)])),
    ("tokens", List(&Fields(TOKEN))),
    ("sources", Names(&Fields(SOURCE))),
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
    ("deadman", Fields(&[("match", List(&Text)), ("after", Duration)])),
    ("auth", Fields(AUTH)),
    ("limits", Fields(LIMITS)),
    ("severity_map", Names(&SEVERITY)),
    ("paths", Fields(PATHS)),
    ("listen", Fields(LISTEN)),
    ("rules", List(&Fields(TEXT_RULE))),
    ("min_severity", Text),
    ("lease", Duration),
    ("zone", Text),
    ("addresses", List(&Text)),
];

const LISTEN: &[Field] = &[
    ("udp", Text),
    ("tcp", Text),
    ("tls", Text),
    ("smtp", Text),
    ("lmtp", Text),
    ("cert_file", Text),
    ("key_file", Text),
    ("client_ca_file", Text),
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
            ("header", Text),
            ("secret", Secret),
            ("secret_file", Text),
            ("secret_next", Secret),
            ("secret_next_file", Text),
        ]),
    ),
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

const POLL: &[Field] = &[
    ("type", Word(&["promql", "http"])),
    ("every", Duration),
    ("timeout", Duration),
    ("url", Text),
    ("query", Text),
    ("name", Text),
    ("warn", Text),
    ("critical", Text),
    ("for", Duration),
    ("clear_for", Duration),
    ("labels", Names(&Text)),
    ("annotations", Names(&Text)),
    ("expect_status", List(&Whole)),
    ("warn_latency", Duration),
    ("critical_latency", Duration),
    ("bearer", Secret),
    ("bearer_file", Text),
];

const SERVICE: &[Field] =
    &[("tier", Whole), ("impact", Whole), ("owner", Text), ("title", Text), ("runbook", Text)];

const TEAM: &[Field] = &[("title", Text), ("members", List(&Text)), ("receiver", Text)];

const USER: &[Field] =
    &[("name", Text), ("email", Text), ("slack", Text), ("zone", Text), ("active", Truth)];
