//! The fields of both integrations with Microsoft Teams.

use super::HttpConfig;
use crate::domain::template::Template;
use crate::domain::value::Secret;

/// Fields of `msteams_configs`: a connector of Microsoft 365.
#[derive(Debug, Clone)]
pub struct MsTeamsConfig {
    /// The webhook.
    pub webhook_url: Secret,
    /// The title, a template.
    pub title: Template,
    /// What lists and telephones show, a template.
    pub summary: Template,
    /// The text, a template.
    pub text: Template,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// Fields of `msteamsv2_configs`: a workflow of Power Automate.
#[derive(Debug, Clone)]
pub struct MsTeamsV2Config {
    /// The webhook.
    pub webhook_url: Secret,
    /// The title, a template.
    pub title: Template,
    /// The text, a template.
    pub text: Template,
    /// How to speak HTTP.
    pub http: HttpConfig,
}
