//! A PagerDuty integration's fields.

use std::collections::BTreeMap;

use super::{HttpConfig, SecretTemplate, Tree};
use crate::domain::template::Template;
use crate::domain::value::Span;

/// Fields of `pagerduty_configs`. All texts are templates.
#[derive(Debug, Clone)]
pub struct PagerdutyConfig {
    /// Which of PagerDuty's doors is used, and with which key.
    pub key: PagerdutyKey,
    /// Where events go.
    pub url: String,
    /// Plain fields by Alertmanager's name: `client`, `client_url`, `description`, `severity`,
    /// `source`, `component`, `group`, `class`.
    pub texts: BTreeMap<&'static str, Template>,
    /// What else is told, by name.
    pub details: Vec<(String, Tree)>,
    /// Pictures; one without `src` is left out.
    pub images: Vec<PagerdutyImage>,
    /// Links: `href` and `text`; one without `href` is left out.
    pub links: Vec<(Template, Template)>,
    /// How long one attempt may take; zero means as long as the courier allows.
    pub timeout: Span,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// The key of an integration in PagerDuty, which decides the API's version.
#[derive(Debug, Clone)]
pub enum PagerdutyKey {
    /// `service_key`: the Events API v1 (integration type `Prometheus`).
    Service(SecretTemplate),
    /// `routing_key`: the Events API v2.
    Routing(SecretTemplate),
}

/// A picture in an incident.
#[derive(Debug, Clone)]
pub struct PagerdutyImage {
    /// Where the picture leads.
    pub href: Template,
    /// Where the picture is.
    pub src: Template,
    /// What stands there without the picture.
    pub alt: Template,
}
