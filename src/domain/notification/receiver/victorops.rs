//! A VictorOps integration's fields.

use std::collections::BTreeMap;

use super::HttpConfig;
use crate::domain::template::Template;
use crate::domain::value::Secret;

/// Fields of `victorops_configs`. All texts are templates.
#[derive(Debug, Clone)]
pub struct VictoropsConfig {
    /// The key of the organisation.
    pub api_key: Secret,
    /// Where VictorOps is; key and routing key are appended.
    pub api_url: String,
    /// Which team hears of it.
    pub routing_key: Template,
    /// Plain fields by Alertmanager's name: `message_type`, `state_message`, `entity_display_name`,
    /// `monitoring_tool`.
    pub texts: BTreeMap<&'static str, Template>,
    /// What else is told, by name.
    pub custom_fields: Vec<(String, Template)>,
    /// How to speak HTTP.
    pub http: HttpConfig,
}
