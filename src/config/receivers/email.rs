//! `email_configs`, with what `global` says about SMTP filled in.

use std::collections::BTreeMap;

use super::form::{Form, Kind};
use crate::config::check::Check;
use crate::config::node::{Node, Place};
use crate::config::schema::TLS;
use crate::config::shape::{Field, Shape};
use crate::config::wire;
use crate::domain::notification::receiver::{
    EmailConfig, Integration, IntegrationKind, SmtpAuth, Threading, TlsConfig, TlsVersion,
};
use crate::domain::template::Template;
use Shape::{Fields, List, Names, Text, Truth};

pub(super) const KIND: Kind = Kind {
    key: "email_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[("html", r#"{{ template "email.default.html" . }}"#)],
    send_resolved: false,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("to", Shape::Template),
    ("from", Shape::Template),
    ("hello", Text),
    ("smarthost", Text),
    ("auth_username", Text),
    ("auth_password", Shape::Secret),
    ("auth_password_file", Text),
    ("auth_secret", Shape::Secret),
    ("auth_secret_file", Text),
    ("auth_identity", Text),
    ("headers", Names(&Shape::Template)),
    ("html", Shape::Template),
    ("text", Shape::Template),
    ("require_tls", Truth),
    ("force_implicit_tls", Truth),
    ("tls_config", Fields(TLS)),
    ("threading", Fields(&[("enabled", Truth), ("thread_by_date", Text)])),
];

/// Where TLS begins with the first byte unless the file says otherwise.
const SMTPS_PORT: u16 = 465;

const SUBJECT: &str = r#"{{ template "email.default.subject" . }}"#;

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let Some(to) = form.get("to") else {
        form.error("an e-mail needs a `to`");
        return None;
    };
    let Some(from) = form.get("from").or_else(|| form.global.get("smtp_from")) else {
        form.error("no `from` here and no `smtp_from` in `global`; write one of them");
        return None;
    };
    let config = config(form, to, from)?;
    Some(IntegrationKind::Email(Box::new(config)))
}

/// The way of answers to mails: `auto_reply` of a source, with `address` as the sender where it
/// names none. Nothing where it has told of an error.
pub(in crate::config) fn auto_reply(
    check: &mut Check,
    global: &Node,
    node: &Node,
    address: Option<&Node>,
) -> Option<Integration> {
    let mut form = Form { check, kind: &KIND, global, node };
    let Some(from) = node.get("from").or(address).or_else(|| global.get("smtp_from")) else {
        form.error("whose mail is it? Give the source `addresses`, or write a `from`");
        return None;
    };
    // Each answer says itself to whom it goes.
    let config = EmailConfig { html: None, ..config(&mut form, from, from)? };
    let kind = IntegrationKind::Email(Box::new(config));
    Some(Integration { index: 0, send_resolved: false, kind })
}

fn config(form: &mut Form, to: &Node, from: &Node) -> Option<EmailConfig> {
    let (global, node) = (form.global, form.node);
    let Some(smarthost) = node.get("smarthost").or_else(|| global.get("smtp_smarthost")) else {
        let why = "no `smarthost` here and no `smtp_smarthost` in `global`; write one of them";
        form.error(why);
        return None;
    };
    let either = |own: &str, inherited: &str| {
        let flag = node.get(own).or_else(|| global.get(inherited));
        flag.and_then(Node::boolean)
    };
    let tls = node.get("tls_config").or_else(|| global.get("smtp_tls_config"));
    let smarthost = host_and_port(form.check, smarthost)?;
    let hello = node.text_at("hello").or_else(|| global.text_at("smtp_hello"));
    Some(EmailConfig {
        to: form.check.template(to)?,
        from: form.check.template(from)?,
        implicit_tls: either("force_implicit_tls", "smtp_force_implicit_tls")
            .unwrap_or(smarthost.1 == SMTPS_PORT),
        smarthost,
        hello: hello.unwrap_or("localhost").to_owned(),
        auth: auth(form),
        require_tls: either("require_tls", "smtp_require_tls").unwrap_or(true),
        tls: tls.map(|node| tls_config(form.check, node)).unwrap_or_default(),
        headers: headers(form.check, node)?,
        html: body(form, "html"),
        text: body(form, "text"),
        threading: threading(form),
    })
}

fn tls_config(check: &mut Check, node: &Node) -> TlsConfig {
    let tls = wire::tls(check, node);
    if tls.version_max == Some(TlsVersion::Tls12) {
        check.warn(node.place, "`max_version` has no effect on mail");
    }
    tls
}

/// A body part; an empty template means that there is none.
fn body(form: &mut Form, key: &str) -> Option<Template> {
    if form.text(key).is_empty() { None } else { form.template(key) }
}

fn auth(form: &mut Form) -> Option<SmtpAuth> {
    let password = form.secret_or_global("auth_password", "smtp_auth_password");
    let secret = form.secret_or_global("auth_secret", "smtp_auth_secret");
    let text = |own: &str, inherited: &str| {
        let text = form.node.text_at(own).or_else(|| form.global.text_at(inherited));
        text.unwrap_or_default().to_owned()
    };
    let username = text("auth_username", "smtp_auth_username");
    let identity = text("auth_identity", "smtp_auth_identity");
    let (password, secret) = (password.unwrap_or_default(), secret.unwrap_or_default());
    (!username.is_empty()).then_some(SmtpAuth { username, identity, password, secret })
}

/// Alertmanager looks at the rest of `threading` only where it is enabled.
fn threading(form: &mut Form) -> Threading {
    let Some(node) = form.get("threading") else { return Threading::Conversation };
    if node.get("enabled").and_then(Node::boolean) != Some(true) {
        return Threading::Conversation;
    }
    for (key, _) in form.entries("headers") {
        let name = canonical(&key.name);
        if ["References", "In-Reply-To"].contains(&name.as_str()) {
            let why = format!("`threading` sets `{name}` itself; remove one of them");
            form.check.error(key.place, why);
        }
    }
    match node.text_at("thread_by_date") {
        Some("none") => Threading::Group,
        Some("daily") => Threading::GroupByDay,
        Some(_) | None => {
            let place = node.get("thread_by_date").map_or(node.place, |field| field.place);
            form.check.error(place, "`thread_by_date` is `none` or `daily`; write one of them");
            Threading::Conversation
        }
    }
}

/// Header fields by their usual spelling: names differ by letter case only for the writer.
fn headers(check: &mut Check, node: &Node) -> Option<BTreeMap<String, Template>> {
    let mut headers = BTreeMap::new();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for (key, value) in node.get("headers").map(Node::entries).unwrap_or_default() {
        let name = canonical(&key.name);
        if let Some(first) = places.insert(name.clone(), key.place) {
            let first = check.whereabouts(first);
            check.error(key.place, format!("header `{name}` stands at {first} already; keep one"));
        }
        headers.insert(name, check.template(value)?);
    }
    if !headers.contains_key("Subject") {
        headers.insert("Subject".to_owned(), check.built_in(node.place, SUBJECT)?);
    }
    Some(headers)
}

fn canonical(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let mut letters = part.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters.map(|c| c.to_ascii_lowercase())).collect::<String>()
    });
    parts.collect::<Vec<_>>().join("-")
}

fn host_and_port(check: &mut Check, node: &Node) -> Option<(String, u16)> {
    let text = node.text()?;
    let parts = text.rsplit_once(':').and_then(|(host, port)| {
        let port = port.parse::<u16>().ok().filter(|port| *port > 0)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!host.is_empty()).then(|| (host.to_owned(), port))
    });
    if parts.is_none() {
        check.error(node.place, format!("`{text}` is not a host with a port; write `host:587`"));
    }
    parts
}
