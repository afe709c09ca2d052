//! Wazuh: alerts as its integrator hands them over, as they stand or rewritten by a script.
//!
//! An alert says that a rule matched a log line; nothing says that it is over. So the rule on the
//! agent is the key, each match renews it, and after an hour without one it counts no more. The
//! number of one match is the delivery. A vulnerability of a package lasts until it is solved.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, fields, json};
use crate::domain::value::{Severity, Span};

/// Wazuh.
pub const ADAPTER: Adapter = Adapter { name: "wazuh", title: "Wazuh", read, fits };

/// Levels of rules from which on a severity counts: Wazuh's own bands from low to critical.
const LEVELS: &[(u64, Severity)] =
    &[(15, Severity::Critical), (12, Severity::High), (7, Severity::Warning), (0, Severity::Info)];
/// Words and numbers that scripts for the integrator make of levels.
const WORDS: &[(&str, Severity)] = &[
    ("1", Severity::Info),
    ("2", Severity::Warning),
    ("3", Severity::High),
    ("low", Severity::Info),
    ("medium", Severity::Warning),
];
/// An attack goes on in bursts; an hour without a match is the end of one.
const LEASE: Span = Span::hours(1);

/// Lines of a description written by a script, and the fields that they stand for.
const LINES: &[(&str, Slot)] = &[
    ("Rule ID ", |alert| &mut alert.rule),
    ("Level ", |alert| &mut alert.level),
    ("Agent ID ", |alert| &mut alert.agent_id),
    ("Agent Name ", |alert| &mut alert.agent),
    ("Title ", |alert| &mut alert.title),
    ("Full Log ", |alert| &mut alert.log),
];
type Slot = for<'a> fn(&'a mut Alert) -> &'a mut String;

fn fits(body: &Value, _: &Head) -> bool {
    let of_rule = body["rule"]["level"].is_number() || body["rule"]["level"].is_string();
    let shuffled = json::field(body, "pretext").eq_ignore_ascii_case("WAZUH Alert");
    let told = json::field(body, "description").starts_with("Rule ID ");
    (of_rule && json::has_any(body, &["agent", "manager", "decoder"])) || shuffled || told
}

/// What the different shapes have in common.
#[derive(Default)]
struct Alert {
    rule: String,
    level: String,
    agent_id: String,
    agent: String,
    title: String,
    log: String,
    severity: String,
    id: String,
    at: String,
}

/// Reads an alert.
///
/// # Errors
/// When the body is no JSON object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = fields::object(body, context)?;
    let mut read = Read::default();
    // Scripts for Shuffle put the whole alert into a field.
    let whole = ["all_fields", "alert", "_source"].into_iter().map(|name| &body[name]);
    let raw = whole.into_iter().find(|value| value["rule"].is_object()).unwrap_or(&body);
    let mut alert = of_script(&body);
    if raw["rule"].is_object() {
        alert = of_rule(raw, alert);
    }
    if alert.title.is_empty() && alert.rule.is_empty() {
        read.reject(0, "neither `rule` nor `title` nor `message` says which rule matched");
        return Ok(read);
    }
    let mut draft = Draft { lease: Some(LEASE), ..Draft::default() };
    let title =
        if alert.title.is_empty() { format!("Rule {}", alert.rule) } else { alert.title.clone() };
    let rule = if alert.rule.is_empty() { &title } else { &alert.rule };
    let agent = [&alert.agent_id, &alert.agent].into_iter().find(|text| !text.is_empty());
    draft.key = agent.map_or_else(|| rule.clone(), |agent| format!("{agent}/{rule}"));
    draft.labels = fields::labels(
        context,
        [
            ("alertname", title.as_str()),
            ("instance", &alert.agent),
            ("rule_id", &alert.rule),
            ("agent_id", &alert.agent_id),
        ],
    );
    let tactics = json::field(&raw["rule"]["mitre"], "tactic");
    let description = json::field(&body, "description");
    let log = if alert.log.is_empty() { description } else { alert.log.as_str().into() };
    let on = if alert.agent.is_empty() { "" } else { " on " };
    let texts = [
        ("summary", format!("{title}{on}{}", alert.agent).into()),
        ("description", log),
        ("level", alert.level.as_str().into()),
        ("groups", json::field(&raw["rule"], "groups")),
        ("mitre_id", json::field(&raw["rule"]["mitre"], "id")),
        ("mitre_tactic", tactics),
        ("location", json::field(raw, "location")),
        ("agent_ip", json::field(&raw["agent"], "ip")),
        ("manager", json::field(&raw["manager"], "name")),
        ("fired_times", json::field(&raw["rule"], "firedtimes")),
        ("source_ip", json::field(&raw["data"], "srcip")),
        ("source_user", json::field(&raw["data"], "srcuser")),
    ];
    draft.annotations = fields::annotations(context, texts);
    severity(&mut draft, &alert, context);
    vulnerability(&mut draft, &raw["data"]["vulnerability"], agent, context);
    let at = Value::from(with_colon(&alert.at));
    draft.starts_at = draft.instant("the time", Some(&at));
    read.delivery = alert.id.as_str().into();
    draft.finish(0, context, &mut read);
    Ok(read)
}

/// The scanner says of each package what it found, and when that is mended.
fn vulnerability(draft: &mut Draft, found: &Value, agent: Option<&String>, context: &Context) {
    let cve = json::field(found, "cve");
    if cve.is_empty() {
        return;
    }
    let package = json::field(&found["package"], "name");
    let agent = agent.map_or("", String::as_str);
    draft.key = format!("{agent}/{cve}/{package}");
    let solved = json::field(found, "status").eq_ignore_ascii_case("solved");
    draft.signal = Some(if solved { Signal::Resolved } else { Signal::Firing });
    draft.lease = None;
    let labels = [("alertname", "Vulnerability"), ("cve", &cve), ("package", &package)];
    draft.labels = draft.labels.with(fields::labels(context, labels).iter());
    draft.annotations = draft.annotations.with([
        ("package_version", json::field(&found["package"], "version").as_ref()),
        ("severity_of_cve", &json::field(found, "severity")),
    ]);
    draft.url = json::first_of(found, &["/scanner/reference", "/reference", "/references/0"]);
}

/// What the alert itself says counts more than what a script made of it.
fn of_rule(raw: &Value, script: Alert) -> Alert {
    let [rule, agent] = ["rule", "agent"].map(|name| &raw[name]);
    let text = |object: &Value, name| json::field(object, name).into_owned();
    let first = |texts: [String; 3]| texts.into_iter().find(|text| !text.is_empty());
    Alert {
        rule: text(rule, "id"),
        level: text(rule, "level"),
        agent_id: text(agent, "id"),
        agent: text(agent, "name"),
        title: text(rule, "description"),
        log: first([text(raw, "full_log"), text(raw, "previous_output"), script.log])
            .unwrap_or_default(),
        severity: String::new(),
        id: text(raw, "id"),
        at: first([text(raw, "timestamp"), text(raw, "@timestamp"), script.at]).unwrap_or_default(),
    }
}

fn of_script(body: &Value) -> Alert {
    let any = |names: &[&str]| {
        let found = names.iter().map(|name| json::field(body, name));
        found.into_iter().find(|text| !text.is_empty()).unwrap_or_default().into_owned()
    };
    let mut alert = Alert {
        rule: any(&["rule_id"]),
        id: any(&["id"]),
        at: any(&["created_at", "timestamp"]),
        severity: any(&["severity"]),
        ..Alert::default()
    };
    for line in json::field(body, "description").lines() {
        let found = LINES.iter().find_map(|(start, slot)| Some((line.strip_prefix(start)?, slot)));
        if let Some((value, slot)) = found {
            value.trim().clone_into(slot(&mut alert));
        }
    }
    let title = any(&["message", "title"]);
    if !title.is_empty() {
        alert.title = title;
    }
    if alert.log.is_empty() {
        alert.log = any(&["text"]);
    }
    alert
}

/// The script's word counts more than the level: somebody chose it.
fn severity(draft: &mut Draft, alert: &Alert, context: &Context) {
    let level = alert.level.parse::<u64>().ok();
    let by_level = level.and_then(|level| LEVELS.iter().find(|(from, _)| level >= *from));
    let by_word = WORDS.iter().find(|(word, _)| alert.severity.eq_ignore_ascii_case(word));
    let known = Severity::parse(&alert.severity);
    let by_name = Some(known).filter(|known| *known != Severity::Unknown);
    match alert.severity.as_str() {
        "" => draft.severity(context, &alert.level, by_level.map(|(_, severity)| *severity)),
        word => {
            let meaning = by_word.map(|(_, severity)| *severity).or(by_name);
            draft.severity(context, word, meaning);
        }
    }
}

/// Scripts write an offset from UTC as `+01.00`.
fn with_colon(at: &str) -> String {
    match at.rsplit_once('.') {
        Some((rest, minutes))
            if minutes.len() == 2 && rest.rfind(['+', '-']).is_some_and(|sign| sign > 10) =>
        {
            format!("{rest}:{minutes}")
        }
        _ => at.to_owned(),
    }
}
