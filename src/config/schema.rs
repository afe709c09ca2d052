//! The keys of every file, in the order in which they are written out again.

mod own;
mod poll;
mod rules;

use std::sync::LazyLock;

use super::receivers;
use super::shape::{Field, Shape};
use Shape::{
    Any, Duration, Fields, List, Names, Number, Secret, SecretOr, Text, Truth, Url, Within, Word,
};

pub(super) use own::OWN_KEYS;
pub(super) use rules::RULE_FILE;

/// The keys of `alertmanager.yml`; any other top-level key is ours.
pub(super) const ALERTMANAGER: &[Field] = &[
    ("global", Fields(GLOBAL)),
    ("route", Within(route)),
    ("inhibit_rules", List(&Fields(INHIBIT_RULE))),
    ("receivers", List(&Within(receivers::fields))),
    ("templates", List(&Text)),
    ("mute_time_intervals", List(&Fields(TIME_INTERVAL))),
    ("time_intervals", List(&Fields(TIME_INTERVAL))),
    ("tracing", Fields(TRACING)),
    ("event_recorder", Any),
];

/// `http_config`.
pub(super) const HTTP: &[Field] = &[
    ("basic_auth", Fields(BASIC_AUTH)),
    ("authorization", Fields(AUTHORIZATION)),
    ("oauth2", Fields(OAUTH2)),
    ("bearer_token", Secret),
    ("bearer_token_file", Text),
    ("tls_config", Fields(TLS)),
    ("follow_redirects", Truth),
    ("enable_http2", Truth),
    ("proxy_url", Url),
    ("no_proxy", Text),
    ("proxy_from_environment", Truth),
    ("proxy_connect_header", Names(&List(&Secret))),
    ("http_headers", Names(&Fields(HEADER))),
];

/// Versions of TLS as Go's configurations name them.
pub(super) const TLS_VERSIONS: &[&str] = &["TLS10", "TLS11", "TLS12", "TLS13"];

/// `tls_config`.
pub(super) const TLS: &[Field] = &[
    ("ca", Text),
    ("cert", Text),
    ("key", Secret),
    ("ca_file", Text),
    ("cert_file", Text),
    ("key_file", Text),
    ("server_name", Text),
    ("insecure_skip_verify", Truth),
    ("min_version", Word(TLS_VERSIONS)),
    ("max_version", Word(TLS_VERSIONS)),
];

const OAUTH2: &[Field] = &[
    ("client_id", Text),
    ("client_secret", Secret),
    ("client_secret_file", Text),
    ("client_secret_ref", Text),
    ("scopes", List(&Text)),
    ("token_url", Text),
    ("endpoint_params", Names(&Text)),
    ("tls_config", Fields(TLS)),
    ("proxy_url", Url),
    ("no_proxy", Text),
    ("proxy_from_environment", Truth),
    ("proxy_connect_header", Names(&List(&Secret))),
];

const BASIC_AUTH: &[Field] = &[
    ("username", Text),
    ("username_file", Text),
    ("password", Secret),
    ("password_file", Text),
    ("password_ref", Text),
    ("username_ref", Text),
];

const AUTHORIZATION: &[Field] = &[
    ("type", Text),
    ("credentials", Secret),
    ("credentials_file", Text),
    ("credentials_ref", Text),
];

const HEADER: &[Field] =
    &[("values", List(&Text)), ("secrets", List(&Secret)), ("files", List(&Text))];

const GLOBAL: &[Field] = &[
    ("resolve_timeout", Duration),
    ("http_config", Fields(HTTP)),
    ("smtp_from", Text),
    ("smtp_hello", Text),
    ("smtp_smarthost", Text),
    ("smtp_auth_username", Text),
    ("smtp_auth_password", Secret),
    ("smtp_auth_password_file", Text),
    ("smtp_auth_secret", Secret),
    ("smtp_auth_secret_file", Text),
    ("smtp_auth_identity", Text),
    ("smtp_require_tls", Truth),
    ("smtp_tls_config", Fields(TLS)),
    ("smtp_force_implicit_tls", Truth),
    ("slack_api_url", Secret),
    ("slack_api_url_file", Text),
    ("slack_app_token", Secret),
    ("slack_app_token_file", Text),
    ("slack_app_url", Text),
    ("pagerduty_url", Text),
    ("opsgenie_api_url", Text),
    ("opsgenie_api_key", Secret),
    ("opsgenie_api_key_file", Text),
    ("wechat_api_url", Text),
    ("wechat_api_secret", Secret),
    ("wechat_api_secret_file", Text),
    ("wechat_api_corp_id", Text),
    ("victorops_api_url", Text),
    ("victorops_api_key", Secret),
    ("victorops_api_key_file", Text),
    ("telegram_api_url", Text),
    ("telegram_bot_token", Secret),
    ("telegram_bot_token_file", Text),
    ("webex_api_url", Text),
    ("rocketchat_api_url", Text),
    ("rocketchat_token", Secret),
    ("rocketchat_token_file", Text),
    ("rocketchat_token_id", Secret),
    ("rocketchat_token_id_file", Text),
    ("mattermost_webhook_url", Secret),
    ("mattermost_webhook_url_file", Text),
    ("jira_api_url", Text),
    // Ours, as at the top level; here it leaves a plain Alertmanager configuration plain.
    ("send_resolved_when_suppressed", Truth),
];

fn route() -> &'static [Field] {
    const ROUTE: &[Field] = &[
        ("receiver", Text),
        ("group_by", List(&Text)),
        ("match", Names(&Text)),
        ("match_re", Names(&Text)),
        ("matchers", List(&Text)),
        ("mute_time_intervals", List(&Text)),
        ("active_time_intervals", List(&Text)),
        ("continue", Truth),
        ("routes", List(&Within(route))),
        ("group_wait", Duration),
        ("group_interval", Duration),
        ("repeat_interval", Duration),
        ("labels", Names(&Shape::Template)),
    ];
    ROUTE
}

const INHIBIT_RULE: &[Field] = &[
    ("name", Text),
    ("source_match", Names(&Text)),
    ("source_match_re", Names(&Text)),
    ("source_matchers", List(&Text)),
    ("target_match", Names(&Text)),
    ("target_match_re", Names(&Text)),
    ("target_matchers", List(&Text)),
    ("equal", List(&Text)),
];

const TIME_INTERVAL: &[Field] = &[
    ("name", Text),
    (
        "time_intervals",
        List(&Fields(&[
            ("times", List(&Fields(&[("start_time", Text), ("end_time", Text)]))),
            ("weekdays", List(&Text)),
            ("days_of_month", List(&Text)),
            ("months", List(&Text)),
            ("years", List(&Text)),
            ("location", Text),
        ])),
    ),
];

const TRACING: &[Field] = &[
    ("client_type", Word(&["grpc", "http"])),
    ("endpoint", Text),
    ("sampling_fraction", Number),
    ("insecure", Truth),
    ("tls_config", Fields(TLS)),
    ("headers", Names(&SecretOr(HEADER))),
    ("http_headers", Names(&SecretOr(HEADER))),
    ("compression", Word(&["gzip"])),
    ("timeout", Duration),
];

/// Every top-level key.
pub(super) fn top() -> &'static [Field] {
    static TOP: LazyLock<Vec<Field>> =
        LazyLock::new(|| ALERTMANAGER.iter().chain(OWN_KEYS).copied().collect());
    &TOP
}
