//! The keys of receivers.

use super::{HTTP, TLS};
use crate::config::shape::{Field, Shape};
use Shape::{Any, Fields, GoDuration, List, Names, Secret, Template, Text, Truth, Whole};

/// The kinds that messages can be sent through.
pub(in crate::config) const RECEIVER_KINDS: [&str; 3] =
    ["webhook_configs", "email_configs", "slack_configs"];

/// The kinds that Alertmanager knows beyond those.
pub(in crate::config) const RECEIVER_KINDS_AWAITED: [&str; 15] = [
    "discord_configs",
    "incidentio_configs",
    "jira_configs",
    "mattermost_configs",
    "msteams_configs",
    "msteamsv2_configs",
    "opsgenie_configs",
    "pagerduty_configs",
    "pushover_configs",
    "rocketchat_configs",
    "sns_configs",
    "telegram_configs",
    "victorops_configs",
    "webex_configs",
    "wechat_configs",
];

/// An entry of `receivers`.
pub(super) const RECEIVER: &[Field] = &[
    ("name", Text),
    ("labels", Names(&Text)),
    ("discord_configs", Any),
    ("email_configs", List(&Fields(EMAIL))),
    ("incidentio_configs", Any),
    ("pagerduty_configs", Any),
    ("slack_configs", List(&Fields(SLACK))),
    ("webhook_configs", List(&Fields(WEBHOOK))),
    ("opsgenie_configs", Any),
    ("wechat_configs", Any),
    ("pushover_configs", Any),
    ("victorops_configs", Any),
    ("sns_configs", Any),
    ("telegram_configs", Any),
    ("webex_configs", Any),
    ("msteams_configs", Any),
    ("msteamsv2_configs", Any),
    ("jira_configs", Any),
    ("rocketchat_configs", Any),
    ("mattermost_configs", Any),
];

const WEBHOOK: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("url", Secret),
    ("url_file", Text),
    ("max_alerts", Whole),
    ("timeout", GoDuration),
    ("payload", Any),
];

const EMAIL: &[Field] = &[
    ("send_resolved", Truth),
    ("to", Template),
    ("from", Template),
    ("hello", Text),
    ("smarthost", Text),
    ("auth_username", Text),
    ("auth_password", Secret),
    ("auth_password_file", Text),
    ("auth_secret", Secret),
    ("auth_secret_file", Text),
    ("auth_identity", Text),
    ("headers", Names(&Template)),
    ("html", Template),
    ("text", Template),
    ("require_tls", Truth),
    ("force_implicit_tls", Truth),
    ("tls_config", Fields(TLS)),
    ("threading", Fields(&[("enabled", Truth), ("thread_by_date", Text)])),
];

const SLACK: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("api_url", Secret),
    ("api_url_file", Text),
    ("app_token", Secret),
    ("app_token_file", Text),
    ("app_url", Text),
    ("channel", Template),
    ("username", Template),
    ("color", Template),
    ("title", Template),
    ("title_link", Template),
    ("pretext", Template),
    ("text", Template),
    ("message_text", Template),
    ("fields", List(&Fields(&[("title", Template), ("value", Template), ("short", Truth)]))),
    ("short_fields", Truth),
    ("footer", Template),
    ("fallback", Template),
    ("callback_id", Template),
    ("icon_emoji", Template),
    ("icon_url", Template),
    ("image_url", Template),
    ("thumb_url", Template),
    ("link_names", Truth),
    ("mrkdwn_in", List(&Text)),
    ("actions", List(&Fields(ACTION))),
    ("update_message", Truth),
    ("timeout", GoDuration),
];

const ACTION: &[Field] = &[
    ("type", Template),
    ("text", Template),
    ("url", Template),
    ("style", Template),
    ("name", Template),
    ("value", Template),
    (
        "confirm",
        Fields(&[
            ("text", Template),
            ("title", Template),
            ("ok_text", Template),
            ("dismiss_text", Template),
        ]),
    ),
];
