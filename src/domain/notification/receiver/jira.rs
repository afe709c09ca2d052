//! A Jira integration's fields.

use std::collections::BTreeMap;

use super::{HttpConfig, Tree};
use crate::domain::template::Template;
use crate::domain::value::Span;

/// Fields of `jira_configs`. All texts are templates.
#[derive(Debug, Clone)]
pub struct JiraConfig {
    /// The REST API with its version: `https://jira.example.org/rest/api/2`.
    pub api_url: String,
    /// How issues are searched for.
    pub api: JiraApi,
    /// Plain fields by Alertmanager's name: `project`, `issue_type`, `summary`, `description`,
    /// `priority`.
    pub texts: BTreeMap<&'static str, Template>,
    /// Whether the summary of an open issue follows the group.
    pub updates_summary: bool,
    /// Whether the description of an open issue follows the group.
    pub updates_description: bool,
    /// Labels, besides the one by which the issue is found again.
    pub labels: Vec<Template>,
    /// The transition that resolves an issue; without one it stays as it is.
    pub resolve_transition: Option<String>,
    /// The transition that opens a resolved issue again; without one a new issue is made.
    pub reopen_transition: Option<String>,
    /// Issues with this resolution are never touched again.
    pub wont_fix_resolution: Option<String>,
    /// For how long a resolved issue is opened again, in whole minutes.
    pub reopen_duration: Span,
    /// Other fields of the issue, by name.
    pub fields: Vec<(String, Tree)>,
    /// How to speak HTTP; it has the token.
    pub http: HttpConfig,
}

/// Which search Jira offers: its cloud has given the old one up, servers do not have the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JiraApi {
    /// `search/jql` of version 3.
    Cloud,
    /// `search` of the version in the address.
    Datacenter,
}
