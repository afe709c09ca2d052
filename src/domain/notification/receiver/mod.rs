//! Receivers: who hears of something, and through which integrations.

mod chat;
mod discord;
mod email;
mod mattermost;
mod msteams;
mod pushover;
mod rocketchat;
mod slack;
mod telegram;
mod webex;
mod webhook;
mod wechat;

use crate::domain::value::Secret;

pub use chat::ChatField;
pub use discord::DiscordConfig;
pub use email::EmailConfig;
pub use mattermost::{MattermostAttachment, MattermostConfig, MattermostPriority};
pub use msteams::{MsTeamsConfig, MsTeamsV2Config};
pub use pushover::{PushoverConfig, PushoverStyle};
pub use rocketchat::{RocketchatAction, RocketchatConfig};
pub use slack::SlackConfig;
pub use telegram::{ParseMode, TelegramConfig};
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
    /// `mattermost_configs`: attachments through a Mattermost webhook.
    Mattermost(Box<MattermostConfig>),
    /// `msteams_configs`: a card through a connector of Microsoft Teams.
    MsTeams(Box<MsTeamsConfig>),
    /// `msteamsv2_configs`: an adaptive card through a workflow of Microsoft Teams.
    MsTeamsV2(Box<MsTeamsV2Config>),
    /// `pushover_configs`: a push to telephones.
    Pushover(Box<PushoverConfig>),
    /// `rocketchat_configs`: an attachment in a Rocket.Chat channel.
    Rocketchat(Box<RocketchatConfig>),
    /// `slack_configs`: a chat webhook in Slack's format.
    Slack(Box<SlackConfig>),
    /// `telegram_configs`: a text by a Telegram bot.
    Telegram(Box<TelegramConfig>),
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
            Self::Mattermost(_) => "mattermost",
            Self::MsTeams(_) => "msteams",
            Self::MsTeamsV2(_) => "msteamsv2",
            Self::Pushover(_) => "pushover",
            Self::Rocketchat(_) => "rocketchat",
            Self::Slack(_) => "slack",
            Self::Telegram(_) => "telegram",
            Self::Webex(_) => "webex",
            Self::Webhook(_) => "webhook",
            Self::Wechat(_) => "wechat",
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
