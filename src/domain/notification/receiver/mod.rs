//! Receivers: who hears of something, and through which integrations.

mod chat;
mod discord;
mod email;
mod http;
mod incidentio;
mod jira;
mod mattermost;
mod msteams;
mod opsgenie;
mod pagerduty;
mod pushover;
mod rocketchat;
mod secret;
mod slack;
mod sns;
mod telegram;
mod tree;
mod victorops;
mod webex;
mod webhook;
mod wechat;

pub use chat::ChatField;
pub use discord::DiscordConfig;
pub use email::{EmailConfig, SmtpAuth, Threading};
pub use http::{
    HttpConfig, Oauth2Config, ProxyConfig, ProxyRoute, SecretSource, TlsConfig, TlsVersion,
    WireConfig,
};
pub use incidentio::IncidentioConfig;
pub use jira::{JiraApi, JiraConfig};
pub use mattermost::{MattermostAttachment, MattermostConfig, MattermostPriority};
pub use msteams::{MsTeamsConfig, MsTeamsV2Config};
pub use opsgenie::{OpsgenieConfig, OpsgenieResponder};
pub use pagerduty::{PagerdutyConfig, PagerdutyImage, PagerdutyKey};
pub use pushover::{PushoverConfig, PushoverStyle};
pub use rocketchat::{RocketchatAction, RocketchatConfig};
pub use secret::SecretTemplate;
pub use slack::{SlackAction, SlackConfig};
pub use sns::{AwsCredentials, AwsKeys, AwsRole, AwsWebIdentity, SnsConfig, SnsTarget};
pub use telegram::{ParseMode, TelegramConfig};
pub use tree::Tree;
pub use victorops::VictoropsConfig;
pub use webex::WebexConfig;
pub use webhook::WebhookConfig;
pub use wechat::WechatConfig;

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
    /// `discord_configs`: an embed through a Discord webhook.
    Discord(Box<DiscordConfig>),
    /// `email_configs`: SMTP.
    Email(Box<EmailConfig>),
    /// `incidentio_configs`: an alert source of incident.io.
    Incidentio(IncidentioConfig),
    /// `jira_configs`: an issue in Jira's cloud or on somebody's own server.
    Jira(Box<JiraConfig>),
    /// `mattermost_configs`: attachments through a Mattermost webhook.
    Mattermost(Box<MattermostConfig>),
    /// `msteams_configs`: a card through a connector of Microsoft Teams.
    MsTeams(Box<MsTeamsConfig>),
    /// `msteamsv2_configs`: an adaptive card through a workflow of Microsoft Teams.
    MsTeamsV2(Box<MsTeamsV2Config>),
    /// `opsgenie_configs`: Opsgenie's alert API.
    Opsgenie(Box<OpsgenieConfig>),
    /// `pagerduty_configs`: the Events API, version 1 or 2.
    Pagerduty(Box<PagerdutyConfig>),
    /// `pushover_configs`: a push to telephones.
    Pushover(Box<PushoverConfig>),
    /// `rocketchat_configs`: an attachment in a Rocket.Chat channel.
    Rocketchat(Box<RocketchatConfig>),
    /// `slack_configs`: a chat webhook in Slack's format, or Slack's Web API.
    Slack(Box<SlackConfig>),
    /// `sns_configs`: Amazon's Simple Notification Service.
    Sns(Box<SnsConfig>),
    /// `telegram_configs`: a text by a Telegram bot.
    Telegram(Box<TelegramConfig>),
    /// `victorops_configs`: the REST endpoint of VictorOps (Splunk On-Call).
    Victorops(Box<VictoropsConfig>),
    /// `webex_configs`: a text in a Webex room.
    Webex(Box<WebexConfig>),
    /// `webhook_configs`: Alertmanager's version-4 body plus our `incident`.
    Webhook(WebhookConfig),
    /// `wechat_configs`: a text through an application of `WeChat` for companies.
    Wechat(Box<WechatConfig>),
}

impl IntegrationKind {
    /// Alertmanager's word for it, in metrics and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Discord(_) => "discord",
            Self::Email(_) => "email",
            Self::Incidentio(_) => "incidentio",
            Self::Jira(_) => "jira",
            Self::Mattermost(_) => "mattermost",
            Self::MsTeams(_) => "msteams",
            Self::MsTeamsV2(_) => "msteamsv2",
            Self::Opsgenie(_) => "opsgenie",
            Self::Pagerduty(_) => "pagerduty",
            Self::Pushover(_) => "pushover",
            Self::Rocketchat(_) => "rocketchat",
            Self::Slack(_) => "slack",
            Self::Sns(_) => "sns",
            Self::Telegram(_) => "telegram",
            Self::Victorops(_) => "victorops",
            Self::Webex(_) => "webex",
            Self::Webhook(_) => "webhook",
            Self::Wechat(_) => "wechat",
        }
    }
}
