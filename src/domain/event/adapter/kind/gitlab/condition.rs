//! Conditions that GitLab keeps a record of: vulnerabilities, incidents, and tokens that are about to
//! expire.

use serde_json::Value;

use super::{SEVERITIES, meaning, project};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::said::Words;
use crate::domain::event::adapter::{Context, Read, json};
use crate::domain::event::{Saying, Signal};
use crate::domain::value::{Labels, Severity, Span};

/// States of a vulnerability. Who dismisses one says that nothing is to be done.
const STATES: [(&str, Signal); 4] = [
    ("detected", Signal::Firing),
    ("confirmed", Signal::Firing),
    ("dismissed", Signal::Resolved),
    ("resolved", Signal::Resolved),
];

/// How an incident stands, by its state and by that of its escalation.
const STANDINGS: [(&str, Signal); 4] = [
    ("opened", Signal::Firing),
    ("reopened", Signal::Firing),
    ("closed", Signal::Resolved),
    ("resolved", Signal::Resolved),
];

/// What people say of an incident by the status of its escalation.
const SAYINGS: [(&str, Saying); 2] =
    [("acknowledged", Saying::Acknowledged), ("ignored", Saying::Suppressed)];

/// Words for tokens in `object_kind`, and the names of the alerts.
const TOKENS: [(&str, &str); 2] =
    [("access_token", "AccessTokenExpires"), ("deploy_token", "DeployTokenExpires")];

/// GitLab tells 60, 30, 7 and 1 days before a token expires, never that there is another one: the
/// longest time between two of these, and a day.
const TOKEN_LEASE: Span = Span::days(31);

/// Says what a body is that is about none of the pipelines and deployments.
pub(super) fn tell(kind: &str, body: &Value, context: &Context, read: &mut Read) {
    let this = &body["object_attributes"];
    let types = [json::field(this, "type"), json::field(body, "event_type")];
    let is_incident = types.iter().any(|word| word.eq_ignore_ascii_case("incident"));
    match kind {
        "vulnerability" => vulnerability(body, context, read),
        "issue" | "work_item" | "incident" if is_incident => incident(body, context, read),
        kind => match meaning(&TOKENS, kind) {
            Some(alertname) => token(alertname, body, context, read),
            None => read.note(0, format!("`{kind}` says nothing of a deployment or a condition")),
        },
    }
}

fn vulnerability(body: &Value, context: &Context, read: &mut Read) {
    let this = &body["object_attributes"];
    let text = |pointer| json::at(this, pointer);
    let (title, url, state) = (text("/title"), text("/url"), text("/state"));
    if title.is_empty() && url.is_empty() {
        return read
            .reject(0, "`object_attributes` has neither `title` nor `url`: which one is it?");
    }
    // The path of the URL names the project: the body gives only its number.
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let path = path.map_or("", |(_, path)| path);
    let project = path.split_once("/-/").map_or("", |(project, _)| project);
    let mut draft = Draft { signal: meaning(&STATES, &state), ..Draft::default() };
    if draft.signal.is_none() {
        draft.notes.push(format!("unknown state `{state}`: taken as firing"));
    }
    draft.key = match url.as_ref() {
        "" => format!("{}/vulnerabilities/{title}", text("/project_id")),
        url => url.to_owned(),
    };
    let cve = this["identifiers"].as_array().into_iter().flatten();
    let mut cve = cve.map(|one| json::field(one, "name")).filter(|name| name.starts_with("CVE-"));
    let cve = cve.next().unwrap_or_default();
    draft.labels = Labels::new([
        ("alertname", "Vulnerability"),
        ("service", project.rsplit('/').next().unwrap_or_default()),
        ("project", project),
        ("report_type", &text("/report_type")),
        ("package", &text("/location/dependency/package/name")),
    ]);
    let word = text("/severity").to_lowercase();
    draft.severity(context, &word, meaning(&SEVERITIES, &word));
    draft.annotations = draft.annotations.with([
        ("summary", title.as_ref()),
        ("cve", &cve),
        ("file", &text("/location/file")),
        ("issue", &text("/issues/0/url")),
    ]);
    draft.url = url.into_owned();
    let found = ["detected_at", "created_at"].iter().find_map(|name| this.get(*name));
    draft.starts_at = draft.instant("created_at", found);
    let ends = ["resolved_at", "dismissed_at", "updated_at"];
    let end = ends.into_iter().find_map(|name| this.get(name).filter(|at| !at.is_null()));
    draft.ends_at = draft.instant("the end", end);
    draft.finish(0, context, read);
}

/// An incident is closed, or its escalation says that it is resolved.
fn incident(body: &Value, context: &Context, read: &mut Read) {
    let this = &body["object_attributes"];
    let text = |pointer| json::at(this, pointer);
    let (title, state, escalation) = (text("/title"), text("/state"), text("/escalation_status"));
    let project = project(body);
    let iid = json::first_of(this, &["/iid", "/id"]);
    if iid.is_empty() {
        return read.reject(0, "`object_attributes.iid` says which incident it is, and is missing");
    }
    let by_escalation = meaning(&STANDINGS, &escalation).filter(|it| *it == Signal::Resolved);
    let mut draft = Draft {
        signal: by_escalation.or_else(|| meaning(&STANDINGS, &state)),
        key: format!("{project}/incidents/{iid}"),
        url: text("/url").into_owned(),
        ..Draft::default()
    };
    if draft.signal.is_none() {
        draft.notes.push(format!("unknown state `{state}`: taken as firing"));
    }
    draft.labels = Labels::new([
        ("alertname", if title.is_empty() { "Incident" } else { &title }),
        ("service", project.rsplit('/').next().unwrap_or_default()),
        ("project", &project),
        ("incident", &iid),
    ]);
    let word = text("/severity").to_lowercase();
    draft.severity(context, &word, meaning(&SEVERITIES, &word));
    let author = json::first_of(body, &["/user/username", "/user/name"]);
    draft.annotations = draft.annotations.with([
        ("summary", title.as_ref()),
        ("description", &text("/description")),
        ("actor", &author),
        ("escalation_status", &escalation),
    ]);
    draft.starts_at = draft.instant("created_at", this.get("created_at"));
    let ends = ["closed_at", "updated_at"];
    let end = ends.into_iter().find_map(|name| this.get(name).filter(|at| !at.is_null()));
    draft.ends_at = draft.instant("the end", end);
    let saying = meaning(&SAYINGS, &escalation).filter(|_| draft.signal == Some(Signal::Firing));
    let remarked = saying.map(|saying| {
        let about = Draft { key: draft.key.clone(), ..Draft::default() };
        (saying, about)
    });
    draft.finish(0, context, read);
    if let Some((saying, about)) = remarked {
        let words = Words { author: &author, text: "" };
        about.remark(saying, words, (0, context), read);
    }
}

fn token(alertname: &str, body: &Value, context: &Context, read: &mut Read) {
    let this = &body["object_attributes"];
    let text = |pointer| json::at(this, pointer);
    let groups = ["/group/full_path", "/group/group_path", "/group/group_name"];
    let owner = match project(body) {
        project if project.is_empty() => json::first_of(body, &groups),
        project => project,
    };
    let (id, name, end) = (text("/id"), text("/name"), text("/expires_at"));
    let mut draft = Draft {
        lease: Some(TOKEN_LEASE),
        labels: Labels::new([
            ("alertname", alertname),
            ("service", owner.rsplit('/').next().unwrap_or_default()),
            ("project", &owner),
            ("token", &name),
        ]),
        annotations: Labels::new([
            ("summary", format!("the token {name} of {owner} expires on {end}")),
            ("expires_at", end.into_owned()),
        ]),
        key: format!("{owner}/{alertname}/{}", if id.is_empty() { &name } else { &id }),
        url: json::first_of(body, &["/project/web_url"]),
        ..Draft::default()
    };
    draft.severity(context, "", Some(Severity::Warning));
    draft.finish(0, context, read);
}
