//! `sns_configs`.

use super::aws::Account;
use super::form::{Form, Kind};
use crate::config::node::{Node, Yaml};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, SnsConfig, SnsTarget};
use Shape::{Fields, List, Names, Secret, Template, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "sns_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("message", r#"{{ template "sns.default.message" . }}"#),
        ("subject", r#"{{ template "sns.default.subject" . }}"#),
    ],
    send_resolved: true,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("api_url", Template),
    ("sigv4", Fields(SIGV4)),
    ("topic_arn", Template),
    ("phone_number", Template),
    ("target_arn", Template),
    ("subject", Template),
    ("message", Template),
    ("attributes", Names(&Template)),
    // Alertmanager chooses between two HTTP clients by it; there is one here.
    ("use_aws_http_client", Truth),
];

const SIGV4: &[Field] = &[
    ("region", Text),
    ("access_key", Text),
    ("secret_key", Secret),
    ("profile", Text),
    ("role_arn", Text),
    ("use_fips_sts_endpoint", Truth),
    ("external_id", Text),
];

const TARGETS: [&str; 3] = ["topic_arn", "target_arn", "phone_number"];

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let given: Vec<&str> = TARGETS.into_iter().filter(|key| !form.text(key).is_empty()).collect();
    let [target] = given[..] else {
        form.error("SNS needs a `topic_arn`, a `target_arn` or a `phone_number`, and only one");
        return None;
    };
    if !form.text("api_url").is_empty() {
        // Told of, if it makes no sense; a template is judged when it is rendered.
        form.address("api_url", "", "");
    }
    let none = Node { place: form.place(), value: Yaml::Null };
    let sigv4 = form.get("sigv4").unwrap_or(&none);
    let account = Account::read(form.check, sigv4)?;
    let template = form.template(target)?;
    let mut attributes = Vec::new();
    for (name, value) in form.entries("attributes") {
        let name = form.check.template_name(name)?;
        attributes.push((name, form.check.template(value)?));
    }
    Some(IntegrationKind::Sns(Box::new(SnsConfig {
        api_url: form.template("api_url")?,
        endpoint: account.endpoint(form.check, "sns"),
        role: account.role(form.check, sigv4),
        region: account.region,
        credentials: account.credentials,
        target: match target {
            "phone_number" => SnsTarget::Phone(template),
            "target_arn" => SnsTarget::Target(template),
            _ => SnsTarget::Topic(template),
        },
        texts: form.texts(&["message", "subject"])?,
        attributes,
        http: form.http_without_credentials(),
    })))
}
