//! What messages look like, written out.

mod discord;
mod email;
mod incidentio;
mod jira;
mod mattermost;
mod msteams;
mod opsgenie;
mod pagerduty;
mod pushover;
mod reply;
mod rocketchat;
mod slack;
mod sns;
mod telegram;
mod template;
mod victorops;
mod webex;
mod webhook;
mod wechat;

use std::collections::BTreeMap;

use super::*;
use crate::domain::incident::{Kind, Status};
use crate::domain::notification::receiver::{
    EmailConfig, HttpConfig, SecretTemplate, SlackConfig, Threading, TlsConfig, Tree, WebhookConfig,
};
use crate::domain::value::{
    DeliveryId, Impact, IncidentId, Labels, Priority, ProblemId, RecordId, Secret, Span, Timestamp,
    Urgency,
};

/// A template that no letter of these tests can be put into.
const BROKEN: &str = "{{ (index .Alerts 7).Labels.disk }}";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn alert(status: AlertStatus, disk: &str) -> LetterAlert {
    let labels = Labels::new([("alertname", "DiskFull"), ("cluster", "a"), ("disk", disk)]);
    LetterAlert {
        status,
        annotations: Labels::new([("summary", "under 5 % left")]),
        starts_at: at("2026-03-01T02:05:00.250Z"),
        ends_at: (status == AlertStatus::Resolved).then(|| at("2026-03-01T03:00:00Z")),
        url: "http://prom.example.org/graph?a=1&b=2".to_owned(),
        fingerprint: labels.fingerprint(),
        labels,
    }
}

fn letter(alerts: Vec<LetterAlert>) -> Letter {
    Letter {
        receiver: "team.db".to_owned(),
        group_key: r#"{}/{team="db"}:{alertname="DiskFull"}"#.to_owned(),
        group_labels: Labels::new([("alertname", "DiskFull")]),
        route_labels: Labels::new([("desk", "storage")]),
        reason: "first notification".to_owned(),
        alerts,
        external_url: "https://am.example.org".to_owned(),
        reply: None,
        incident: None,
        problem: None,
        delivery: DeliveryId(7),
        attempt: 1,
        verbatim: false,
        delayed: None,
        thread: Thread { root: "GRP-3-1772330700000".to_owned(), ..Thread::default() },
        now: at("2026-03-01T02:05:30Z"),
    }
}

fn incident() -> LetterIncident {
    LetterIncident {
        id: IncidentId(12),
        mark: "inc-12.00ff".to_owned(),
        title: "disks of cluster a fill up".to_owned(),
        state: Status::Acknowledged,
        event: "acknowledged".to_owned(),
        by: Some("ann".to_owned()),
        priority: Priority::new(2).unwrap(),
        impact: Impact::new(2).unwrap(),
        urgency: Urgency::new(1).unwrap(),
        kind: Kind::Degradation,
        category: "storage".to_owned(),
        team: "dba".to_owned(),
        assignee: None,
        url: "https://am.example.org/incidents/INC-12".to_owned(),
        opened_at: at("2026-03-01T02:05:00Z"),
        acknowledged_at: Some(at("2026-03-01T02:07:00Z")),
        restored_at: None,
        resolved_at: None,
        recurrence: Some("INC-3, the third time in 30 days".to_owned()),
        alerts: 2,
        firing: 1,
    }
}

fn problem() -> LetterProblem {
    LetterProblem {
        id: ProblemId::from_number(4),
        title: "log rotation stops".to_owned(),
        state: "known_error".to_owned(),
        workaround: Some("restart the rotation".to_owned()),
        url: "https://am.example.org/problems/PRB-4".to_owned(),
    }
}

fn template(text: &str) -> Template {
    Library::with_defaults().compile("test", text).unwrap()
}

/// [`letter`]'s group, as providers know it.
const HASH: &str = "2ad15d251be30f11a20500744af01ca13d04c483a77a4c180b989e0c8d861ca2";

/// Fields by name, as an integration's configuration holds them.
fn texts(texts: &[(&'static str, &str)]) -> BTreeMap<&'static str, Template> {
    texts.iter().map(|(name, text)| (*name, template(text))).collect()
}

/// A tree of one template.
fn leaf(text: &str) -> Tree {
    Tree::Text(template(text))
}

/// An integration that tells also what has ended.
fn integration(kind: IntegrationKind) -> Integration {
    Integration { index: 0, send_resolved: true, kind }
}

fn webhook(url: &str, alerts_max: u64) -> Integration {
    let config = WebhookConfig {
        url: template(url),
        alerts_max,
        payload: None,
        timeout: Span::ZERO,
        http: HttpConfig::default(),
    };
    Integration { index: 0, send_resolved: true, kind: IntegrationKind::Webhook(config) }
}

fn slack(texts: &[(&'static str, &str)]) -> Integration {
    let config = SlackConfig {
        url: Secret::new("https://hooks.example.org/services/T0/B0/XYZ"),
        texts: texts.iter().map(|(name, text)| (*name, template(text))).collect(),
        fields: vec![(template("Cluster"), template("a"), true)],
        actions: Vec::new(),
        link_names: false,
        mrkdwn_in: Vec::new(),
        update_message: false,
        timeout: Span::ZERO,
        http: HttpConfig::default(),
    };
    Integration { index: 0, send_resolved: true, kind: IntegrationKind::Slack(Box::new(config)) }
}

fn email(config: EmailConfig) -> Integration {
    Integration { index: 0, send_resolved: true, kind: IntegrationKind::Email(Box::new(config)) }
}

fn mail_config(headers: &[(&str, &str)]) -> EmailConfig {
    EmailConfig {
        to: template("Ann <ann@example.org>, bob@example.org"),
        from: template("incidentd@example.org"),
        smarthost: ("mail.example.org".to_owned(), 25),
        hello: "localhost".to_owned(),
        auth: None,
        require_tls: true,
        implicit_tls: false,
        tls: TlsConfig::default(),
        headers: headers.iter().map(|(name, text)| ((*name).to_owned(), template(text))).collect(),
        html: None,
        text: None,
        threading: Threading::Conversation,
    }
}

fn http(letter: &Letter, integration: &Integration) -> Http {
    match write(letter, integration, &Library::with_defaults()).unwrap() {
        Message::Http(http) => *http,
        Message::Email(_) => panic!("not a mail"),
    }
}

fn post(letter: &Letter, integration: &Integration) -> Request {
    http(letter, integration).first
}

fn mail(letter: &Letter, integration: &Integration) -> Mail {
    match write(letter, integration, &Library::with_defaults()).unwrap() {
        Message::Email(mail) => *mail,
        Message::Http(_) => panic!("a mail"),
    }
}

fn pretty(request: &Request) -> String {
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    serde_json::to_string_pretty(&body).unwrap()
}

/// A request as a person would write it down; a body of JSON is spread out.
fn drawn(request: &Request) -> String {
    let headers: Vec<String> = (request.headers.iter())
        .map(|(name, value)| format!("{name}: {}\n", value.reveal()))
        .collect();
    let headers = headers.concat();
    let body = match serde_json::from_str::<serde_json::Value>(&request.body) {
        Ok(body) => serde_json::to_string_pretty(&body).unwrap(),
        Err(_) => request.body.clone(),
    };
    let method = format!("{:?}", request.method).to_uppercase();
    format!("{method} {}\n{headers}\n{body}", request.url.reveal())
}

/// The body that is sent first.
fn body(letter: &Letter, integration: &Integration) -> serde_json::Value {
    json(&post(letter, integration))
}

/// What is sent where templates fail, and their faults.
fn sent_all_the_same(letter: &Letter, integration: &Integration) -> (Vec<String>, Http) {
    let error = write(letter, integration, &Library::with_defaults()).unwrap_err();
    let faults = error.faults().iter().map(ToString::to_string).collect();
    let Some(Message::Http(http)) = error.into_message() else { panic!("a message all the same") };
    (faults, *http)
}

/// Why nobody can be told.
fn unaddressed(letter: &Letter, integration: &Integration) -> String {
    let error = write(letter, integration, &Library::with_defaults()).unwrap_err();
    let fault = error.faults()[0].to_string();
    assert!(error.into_message().is_none(), "{fault}");
    fault
}

/// What the listener makes of a reply, in words.
fn heard(http: &mut Http, status: u16, body: &str) -> String {
    let reply = exchange::Reply { status, phrase: "", after: None, body: body.to_owned() };
    match http.listener.hear(&reply) {
        exchange::Step::Send(request) => {
            format!("{:?} {} {}", request.method, request.url.reveal(), request.body)
        }
        exchange::Step::End(Report::Delivered { provider }) => {
            format!("delivered {}", provider.as_deref().unwrap_or("-"))
        }
        exchange::Step::End(Report::Failed { class: Class::Permanent, why, reason }) => {
            format!("permanent {}: {why}", reason.name())
        }
        exchange::Step::End(Report::Failed { class: Class::Retry { after }, why, reason }) => {
            let after = after.map(|after| format!(" after {after}")).unwrap_or_default();
            format!("retry{after} {}: {why}", reason.name())
        }
    }
}

/// The fields of a body.
fn json(request: &Request) -> serde_json::Value {
    serde_json::from_str(&request.body).unwrap()
}

/// Method, address and headers, a line each.
fn head(request: &Request) -> String {
    let headers = request.headers.iter().map(|(name, value)| format!("{name}: {}", value.reveal()));
    let first = format!("{:?} {}", request.method, request.url.reveal());
    std::iter::once(first).chain(headers).collect::<Vec<_>>().join("\n")
}

/// The fields whose templates fail, and what is sent all the same.
fn mended(letter: &Letter, integration: &Integration) -> (String, Http) {
    let (faults, http) = sent_all_the_same(letter, integration);
    (faults.join(", ").replace("failed to render ", ""), http)
}

fn header<'a>(mail: &'a Mail, name: &str) -> &'a str {
    mail.headers.iter().find(|(have, _)| have == name).map_or("", |(_, text)| text)
}
