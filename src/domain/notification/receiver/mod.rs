//! Receivers: who hears of something, and through which integrations.

mod email;
mod incidentio;
mod jira;
mod opsgenie;
mod pagerduty;
mod secret;
mod slack;
mod sns;
mod tree;
mod victorops;
mod webhook;

use crate::domain::value::Secret;

pub use email::EmailConfig;
pub use incidentio::IncidentioConfig;
pub use jira::{JiraApi, JiraConfig};
pub use opsgenie::{OpsgenieConfig, OpsgenieResponder};
pub use pagerduty::{PagerdutyConfig, PagerdutyImage, PagerdutyKey};
pub use secret::SecretTemplate;
pub use slack::SlackConfig;
pub use sns::{AwsCredentials, AwsKeys, AwsRole, SnsConfig, SnsTarget};
pub use tree::Tree;
pub use victorops::VictoropsConfig;
pub use webhook::WebhookConfig;

/// A receiver of `alertmanager.yml`: a name with any number of integrations.
#[derive(Debug, Clone, Default)]
pub struct Receiver {
    /// The name.
    pub name: String,
    /// What it sends through, in the order of the file, kind by kind.
    pub integrations: Vec<Integration>,
}

/// One way out of the house.
#[derive(Debug, Clone)]
pub struct Integration {
    /// The place among the integrations of the same kind in its receiver.
    pub index: usize,
    /// Whether it is told what has ended.
    pub send_resolved: bool,
    /// What it speaks.
    pub kind: IntegrationKind,
}

/// What an integration speaks, with its fields. Templates are compiled, secrets are read.
#[derive(Debug, Clone)]
pub enum IntegrationKind {
    /// `webhook_configs`: Alertmanager's version-4 body plus our `incident`.
    Webhook(WebhookConfig),
    /// `slack_configs`: a chat webhook in Slack's format.
    Slack(Box<SlackConfig>),
    /// `email_configs`: SMTP.
    Email(Box<EmailConfig>),
    /// `incidentio_configs`: an alert source of incident.io.
    Incidentio(IncidentioConfig),
    /// `jira_configs`: an issue in Jira's cloud or on somebody's own server.
    Jira(Box<JiraConfig>),
    /// `opsgenie_configs`: Opsgenie's alert API.
    Opsgenie(Box<OpsgenieConfig>),
    /// `pagerduty_configs`: the Events API, version 1 or 2.
    Pagerduty(Box<PagerdutyConfig>),
    /// `sns_configs`: Amazon's Simple Notification Service.
    Sns(Box<SnsConfig>),
    /// `victorops_configs`: the REST endpoint of VictorOps (Splunk On-Call).
    Victorops(Box<VictoropsConfig>),
}

impl IntegrationKind {
    /// Alertmanager's word for it, in metrics and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::Email(_) => "email",
            Self::Incidentio(_) => "incidentio",
            Self::Jira(_) => "jira",
            Self::Opsgenie(_) => "opsgenie",
            Self::Pagerduty(_) => "pagerduty",
            Self::Sns(_) => "sns",
            Self::Victorops(_) => "victorops",
        }
    }
}

/// How to speak HTTP to a receiver (the part of `http_config` that is known here).
#[derive(Debug, Clone, Default)]
pub struct HttpConfig {
    /// `Authorization` type and credentials.
    pub authorization: Option<(String, Secret)>,
    /// User name and password.
    pub basic_auth: Option<(String, Secret)>,
    /// Follow redirects.
    pub follow_redirects: bool,
    /// More headers.
    pub headers: Vec<(String, Secret)>,
}
