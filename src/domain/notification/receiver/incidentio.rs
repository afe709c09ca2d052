//! An incident.io integration's fields.

use super::HttpConfig;
use crate::domain::value::{Secret, Span};

/// Fields of `incidentio_configs`.
#[derive(Debug, Clone)]
pub struct IncidentioConfig {
    /// The alert source's address.
    pub url: Secret,
    /// The alert source's token; without one, `http_config` has what proves who we are.
    pub alert_source_token: Option<Secret>,
    /// At most so many alerts in one message; 0 means all.
    pub alerts_max: u64,
    /// How long one attempt may take; zero means as long as the courier allows.
    pub timeout: Span,
    /// How to speak HTTP.
    pub http: HttpConfig,
}
