//! The keys of a poll. Which of them are for which type, `config/polls.rs` knows.

use crate::config::shape::{Field, Shape};
use Shape::{
    Any, Duration, Fields, List, Names, Number, Secret, TemplateOr, Text, Truth, Whole, Word,
};

use super::{HTTP, TLS};

/// One of `polls`.
pub(super) const POLL: &[Field] = &[
    ("type", Word(&["promql", "scrape", "http", "tcp", "tls", "dns", "icmp", "exec"])),
    ("every", Duration),
    ("cron", Text),
    ("zone", Text),
    ("jitter", Duration),
    ("timeout", Duration),
    ("url", Text),
    ("query", Text),
    ("range", Fields(RANGE)),
    ("name", Text),
    ("by", List(&Text)),
    ("warn", Text),
    ("critical", Text),
    ("clear_warn", Text),
    ("clear_critical", Text),
    ("forecast", Fields(FORECAST)),
    ("baseline", Fields(BASELINE)),
    ("flap", TemplateOr(FLAP)),
    ("for", Duration),
    ("clear_for", Duration),
    ("labels", Names(&Text)),
    ("annotations", Names(&Text)),
    ("metrics", List(&Fields(METRIC))),
    ("method", Text),
    ("headers", Names(&Secret)),
    ("body", Secret),
    ("expect_status", List(&Whole)),
    ("expect_body", Text),
    ("refuse_body", Text),
    ("json", Fields(JSON)),
    ("follow_redirects", Truth),
    ("warn_latency", Duration),
    ("critical_latency", Duration),
    ("certificate_warn", Duration),
    ("certificate_critical", Duration),
    ("address", Text),
    ("send", Secret),
    ("expect", Any),
    ("host", Text),
    ("server", Text),
    ("record", Word(&["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"])),
    ("count", Whole),
    ("warn_loss", Number),
    ("critical_loss", Number),
    ("command", List(&Text)),
    ("env", Names(&Secret)),
    ("bearer", Secret),
    ("bearer_file", Text),
    ("http_config", Fields(HTTP)),
    ("tls_config", Fields(TLS)),
];

const RANGE: &[Field] = &[
    ("window", Duration),
    ("step", Duration),
    ("reduce", Word(&["last", "first", "avg", "min", "max", "sum", "count", "delta"])),
];

const FORECAST: &[Field] = &[
    ("name", Text),
    ("limit", Text),
    ("within", Duration),
    ("critical_within", Duration),
    ("window", Duration),
];

const BASELINE: &[Field] = &[
    ("name", Text),
    ("deviations", Number),
    ("min_deviation", Number),
    ("side", Word(&["both", "above", "below"])),
    ("severity", Word(&["warning", "critical"])),
    ("holidays", List(&Text)),
];

const FLAP: &[Field] = &[("model", Word(&["nagios"])), ("low", Whole), ("high", Whole)];

const METRIC: &[Field] = &[
    ("name", Text),
    ("metric", Text),
    ("match", List(&Text)),
    ("by", List(&Text)),
    ("warn", Text),
    ("critical", Text),
    ("clear_warn", Text),
    ("clear_critical", Text),
    ("forecast", Fields(FORECAST)),
    ("for", Duration),
    ("clear_for", Duration),
    ("labels", Names(&Text)),
    ("annotations", Names(&Text)),
];

const JSON: &[Field] = &[
    ("name", Text),
    ("path", Text),
    ("expect", Text),
    ("warn", Text),
    ("critical", Text),
    ("clear_warn", Text),
    ("clear_critical", Text),
];
