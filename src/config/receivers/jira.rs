//! `jira_configs`.

use std::collections::BTreeMap;

use super::form::{Form, Kind};
use crate::config::node::Node;
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, JiraApi, JiraConfig};
use crate::domain::template::Template;
use Shape::{Any, Duration, Fields, List, Names, TemplateOr, Text, Truth, Word};

pub(super) const KIND: Kind = Kind {
    key: "jira_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("description", r#"{{ template "jira.default.description" . }}"#),
        ("priority", r#"{{ template "jira.default.priority" . }}"#),
        ("summary", r#"{{ template "jira.default.summary" . }}"#),
    ],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("api_url", Text),
    ("api_type", Word(&["auto", "cloud", "datacenter"])),
    ("project", Shape::Template),
    ("summary", TemplateOr(UPDATED)),
    ("description", TemplateOr(UPDATED)),
    ("labels", List(&Shape::Template)),
    ("priority", Shape::Template),
    ("issue_type", Shape::Template),
    ("reopen_transition", Text),
    ("resolve_transition", Text),
    ("wont_fix_resolution", Text),
    ("reopen_duration", Duration),
    ("fields", Names(&Any)),
];

/// A field of which the file says whether it follows the group.
const UPDATED: &[Field] = &[("template", Shape::Template), ("enable_update", Truth)];

/// Where Jira's cloud is.
const CLOUD: &str = "atlassian.net";

fn read(form: &mut Form) -> Option<IntegrationKind> {
    for key in ["project", "issue_type"] {
        if form.text(key).is_empty() {
            form.missing(key);
            return None;
        }
    }
    let api_url = form.address("api_url", "jira_api_url", "");
    if api_url.is_empty() {
        form.error("no `api_url` here and no `jira_api_url` in `global`; write one of them");
        return None;
    }
    let (texts, fields) = (texts(form), form.trees_in("fields"));
    let labels: Vec<_> =
        form.items("labels").iter().map(|label| form.check.template(label)).collect();
    let updates = |key: &str| {
        let flag = form.get(key).and_then(|field| field.get("enable_update"));
        flag.and_then(Node::boolean).unwrap_or(true)
    };
    let given = |key: &str| Some(form.text(key)).filter(|text| !text.is_empty());
    Some(IntegrationKind::Jira(Box::new(JiraConfig {
        api: api(form, &api_url),
        api_url,
        texts: texts?,
        updates_summary: updates("summary"),
        updates_description: updates("description"),
        labels: labels.into_iter().collect::<Option<_>>()?,
        resolve_transition: given("resolve_transition"),
        reopen_transition: given("reopen_transition"),
        wont_fix_resolution: given("wont_fix_resolution"),
        reopen_duration: form.span("reopen_duration"),
        fields: fields?,
        http: form.http(),
    })))
}

/// Summary and description may be maps that say more than their templates.
fn texts(form: &mut Form) -> Option<BTreeMap<&'static str, Template>> {
    let mut texts = form.texts(&["issue_type", "priority", "project"])?;
    for key in ["description", "summary"] {
        let template = match form.get(key).map(|field| (field, field.get("template"))) {
            Some((_, Some(template))) => form.check.template(template)?,
            Some((field, None)) if field.text().is_some() => form.check.template(field)?,
            Some((_, None)) | None => form.default_template(key)?,
        };
        texts.insert(key, template);
    }
    Some(texts)
}

fn api(form: &Form, api_url: &str) -> JiraApi {
    let host = api_url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next());
    match form.text("api_type").as_str() {
        "cloud" => JiraApi::Cloud,
        "datacenter" => JiraApi::Datacenter,
        _ if host.is_some_and(|host| host.ends_with(CLOUD)) => JiraApi::Cloud,
        _ => JiraApi::Datacenter,
    }
}
