//! An Opsgenie integration's fields.

use std::collections::BTreeMap;

use super::{HttpConfig, SecretTemplate};
use crate::domain::template::Template;

/// Fields of `opsgenie_configs`. All texts are templates.
#[derive(Debug, Clone)]
pub struct OpsgenieConfig {
    /// The key of the integration in Opsgenie.
    pub api_key: SecretTemplate,
    /// Where Opsgenie is.
    pub api_url: String,
    /// Plain fields by Alertmanager's name: `message`, `description`, `source`, `entity`, `actions`,
    /// `tags`, `note`, `priority`. `actions` and `tags` are lists with commas.
    pub texts: BTreeMap<&'static str, Template>,
    /// What else is told, by name; it goes before common labels of the same name.
    pub details: Vec<(String, Template)>,
    /// Who is to be called.
    pub responders: Vec<OpsgenieResponder>,
    /// Whether message and description follow the group while the alert is open.
    pub update_alerts: bool,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// Somebody to be called: one of `id`, `name` and `username` says who.
#[derive(Debug, Clone)]
pub struct OpsgenieResponder {
    /// Opsgenie's number.
    pub id: Template,
    /// A team, schedule or escalation. With the type `teams`, several with commas.
    pub name: Template,
    /// A user.
    pub username: Template,
    /// `team`, `teams`, `user`, `escalation` or `schedule`.
    pub kind: Template,
}
