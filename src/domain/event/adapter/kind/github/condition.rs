//! What GitHub says of conditions: the build of the default branch is broken or whole again, a
//! scanner has found something or it is mended.
//!
//! A broken build of another branch is its author's affair, and a note.

use serde_json::Value;

use super::meaning;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Read, json};
use crate::domain::value::{Labels, Severity};

/// Runs of something: the event, where the run stands in the body, and the name of the alert.
const RUNS: [Run; 5] = [
    Run { event: "workflow_run", member: "workflow_run", alertname: "WorkflowFailed" },
    Run { event: "workflow_job", member: "workflow_job", alertname: "JobFailed" },
    Run { event: "check_suite", member: "check_suite", alertname: "CheckSuiteFailed" },
    Run { event: "check_run", member: "check_run", alertname: "CheckFailed" },
    Run { event: "action_run", member: "run", alertname: "WorkflowFailed" },
];

/// How a conclusion, or the state of a commit, is meant. What was called off or skipped says
/// nothing of the branch.
const OUTCOMES: [(&str, Signal); 7] = [
    ("success", Signal::Resolved),
    ("neutral", Signal::Resolved),
    ("recover", Signal::Resolved),
    ("failure", Signal::Firing),
    ("error", Signal::Firing),
    ("timed_out", Signal::Firing),
    ("startup_failure", Signal::Firing),
];

/// What is done to a run that is over already.
const AGAIN: [&str; 2] = ["rerequested", "requested_action"];

/// How the state of an alert of a scanner, or what was done to it, is meant. Who dismisses one says
/// that nothing is to be done.
const ALERT_STATES: [(&str, Signal); 17] = [
    ("open", Signal::Firing),
    ("created", Signal::Firing),
    ("create", Signal::Firing),
    ("reopened", Signal::Firing),
    ("reopened_by_user", Signal::Firing),
    ("auto_reopened", Signal::Firing),
    ("reintroduced", Signal::Firing),
    ("appeared_in_branch", Signal::Firing),
    ("fixed", Signal::Resolved),
    ("resolved", Signal::Resolved),
    ("resolve", Signal::Resolved),
    ("dismissed", Signal::Resolved),
    ("dismiss", Signal::Resolved),
    ("closed", Signal::Resolved),
    ("closed_by_user", Signal::Resolved),
    ("auto_dismissed", Signal::Resolved),
    ("revoked", Signal::Resolved),
];

/// GitHub's words for how bad a weakness is.
const SEVERITIES: [(&str, Severity); 8] = [
    ("critical", Severity::Critical),
    ("high", Severity::High),
    ("error", Severity::High),
    ("medium", Severity::Warning),
    ("moderate", Severity::Warning),
    ("warning", Severity::Warning),
    ("low", Severity::Info),
    ("note", Severity::Info),
];

/// Default branches where the body does not name the one.
const MAIN: [&str; 2] = ["main", "master"];

/// Events about an alert of a scanner, and the name of the alert here.
const SCANNERS: [(&str, &str); 4] = [
    ("dependabot_alert", "DependabotAlert"),
    ("code_scanning_alert", "CodeScanningAlert"),
    ("secret_scanning_alert", "SecretScanningAlert"),
    ("repository_vulnerability_alert", "DependabotAlert"),
];

struct Run {
    event: &'static str,
    member: &'static str,
    alertname: &'static str,
}

/// Says what an event means that is neither a deployment nor a release.
pub(super) fn tell(event: &str, body: &Value, context: &Context, read: &mut Read) {
    if let Some(run) = RUNS.iter().find(|run| run.event == event) {
        return ran(run, body, context, read);
    }
    match event {
        "status" => status(body, context, read),
        "alert" => alert(scanner(body), body, context, read),
        event if meaning(&SCANNERS, event).is_some() => alert(event, body, context, read),
        event => {
            let action = match json::at(body, "/action") {
                action if action.is_empty() => String::new(),
                action => format!(" ({action})"),
            };
            read.note(0, format!("`{event}`{action} says nothing of a condition"));
        }
    }
}

/// A workflow, a job, a check: broken while the last run on the default branch failed.
fn ran(run: &Run, body: &Value, context: &Context, read: &mut Read) {
    let this = &body[run.member];
    let action = json::at(body, "/action");
    // The title of a run is that of a commit; what stays from run to run is the workflow.
    let name = match json::first_of(body, &["/workflow/name", "/run/workflow_id"]) {
        name if name.is_empty() => json::first_of(this, &["/name", "/workflow_name", "/app/name"]),
        name => name,
    };
    let outcome = match json::first_of(this, &["/conclusion"]) {
        // Forgejo says it by the action alone.
        conclusion if conclusion.is_empty() => action.to_string(),
        conclusion => conclusion,
    };
    // Whoever asks for another try tells how the last one ended.
    if AGAIN.contains(&action.as_ref()) {
        return read.note(0, format!("{} `{name}` is `{action}`: nothing to tell", run.event));
    }
    let branches = ["/head_branch", "/check_suite/head_branch", "/prettyref"];
    let branch = json::first_of(this, &branches);
    let Some(signal) = meaning(&OUTCOMES, &outcome) else {
        return read.note(0, format!("{} `{name}` is `{outcome}`: nothing to tell", run.event));
    };
    let [home, head] = ["/repository/full_name", "/head_repository/full_name"];
    let (home, head) = (json::at(body, home), json::at(this, head));
    let foreign = !head.is_empty() && head != home;
    if foreign || json::at(this, "/event").starts_with("pull_request") {
        return read.note(0, format!("{name} of a pull request: {outcome}"));
    }
    let app = json::first_of(this, &["/app/slug"]);
    let mut draft = begin(body, signal, (run.alertname, &branch));
    draft.labels = draft.labels.with([("workflow", name.as_str()), ("app", app.as_str())]);
    draft.key =
        format!("{}/{}/{name}/{branch}", json::at(body, "/repository/full_name"), run.event);
    draft.annotations = Labels::new([
        ("summary", format!("{name} on {branch}: {outcome}")),
        ("description", json::first_of(this, &["/display_title", "/head_commit/message"])),
        ("sha", json::first_of(this, &["/head_sha", "/commit_sha"])),
        ("actor", json::first_of(body, &["/workflow_run/actor/login", "/sender/login"])),
    ]);
    draft.url = json::first_of(this, &["/html_url", "/details_url", "/url"]);
    let ended = ["/completed_at", "/updated_at", "/stopped", "/created_at"];
    let ended =
        ended.into_iter().find_map(|pointer| this.pointer(pointer).filter(|v| !v.is_null()));
    finish(draft, ended, (body, &branch), context, read);
}

/// What a service outside says of a commit.
fn status(body: &Value, context: &Context, read: &mut Read) {
    let text = |pointer| json::at(body, pointer);
    let (state, name, main) = (text("/state"), text("/context"), default_branch(body));
    let Some(signal) = meaning(&OUTCOMES, &state) else {
        return read.note(0, format!("the status `{name}` is `{state}`: nothing to tell"));
    };
    let branches: Vec<String> = body["branches"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|branch| json::field(branch, "name").into_owned())
        .collect();
    let branch = match branches.iter().find(|branch| **branch == main) {
        Some(branch) => branch.clone(),
        None => branches.first().cloned().unwrap_or_default(),
    };
    let mut draft = begin(body, signal, ("CommitStatusFailed", &branch));
    draft.labels = draft.labels.with([("context", name.as_ref())]);
    draft.key = format!("{}/status/{name}/{branch}", text("/repository/full_name"));
    draft.annotations = Labels::new([
        (
            "summary",
            match branch.as_str() {
                "" => format!("{name} on no named branch: {state}"),
                branch => format!("{name} on {branch}: {state}"),
            },
        ),
        ("description", text("/description").into_owned()),
        ("sha", text("/sha").into_owned()),
    ]);
    draft.url = json::first_of(body, &["/target_url", "/commit/html_url"]);
    finish(draft, body.get("updated_at"), (body, &branch), context, read);
}

/// An alert about the build of a branch, so far.
fn begin(body: &Value, signal: Signal, (alertname, branch): (&str, &str)) -> Draft {
    let [repository, service] =
        ["/repository/full_name", "/repository/name"].map(|pointer| json::at(body, pointer));
    let labels = Labels::new([
        ("alertname", alertname),
        ("service", &service),
        ("repository", &repository),
        ("branch", branch),
    ]);
    Draft { signal: Some(signal), labels, ..Draft::default() }
}

/// Makes the event, if it is about the default branch.
fn finish(
    mut draft: Draft,
    time: Option<&Value>,
    (body, branch): (&Value, &str),
    context: &Context,
    read: &mut Read,
) {
    let main = default_branch(body);
    let counts = if main.is_empty() { MAIN.contains(&branch) } else { branch == main };
    if !counts {
        let said = draft.annotations.get("summary");
        return read.note(0, format!("{said}; only the default branch counts"));
    }
    draft.severity(context, "", Some(Severity::Warning));
    let at = draft.instant("the time", time);
    (draft.starts_at, draft.ends_at) = (at, at);
    draft.finish(0, context, read);
}

fn default_branch(body: &Value) -> String {
    json::first_of(body, &["/repository/default_branch", "/repository/master_branch"])
}

/// Which scanner an alert is of, by what it carries.
fn scanner(body: &Value) -> &'static str {
    let alert = &body["alert"];
    if json::has_any(alert, &["secret_type", "secret_type_display_name"]) {
        "secret_scanning_alert"
    } else if json::has_any(alert, &["rule", "tool"]) {
        "code_scanning_alert"
    } else {
        "dependabot_alert"
    }
}

fn alert(event: &str, body: &Value, context: &Context, read: &mut Read) {
    let alert = &body["alert"];
    let text = |pointer| json::at(alert, pointer);
    let (state, action) = (text("/state"), json::at(body, "/action"));
    let repository = json::at(body, "/repository/full_name");
    let number = json::first_of(alert, &["/number", "/id"]);
    if number.is_empty() && repository.is_empty() {
        return read.reject(0, "neither the alert's `number` nor the repository is there");
    }
    // The action is the newer word: it says what has happened to the state.
    let signal = meaning(&ALERT_STATES, &action).or_else(|| meaning(&ALERT_STATES, &state));
    let alertname = meaning(&SCANNERS, event).unwrap_or("DependabotAlert");
    let mut draft = begin(body, signal.unwrap_or(Signal::Firing), (alertname, ""));
    if signal.is_none() {
        draft.notes.push(format!("unknown state `{state}` after `{action}`: taken as firing"));
    }
    let severities = [
        "/security_vulnerability/severity",
        "/security_advisory/severity",
        "/rule/security_severity_level",
        "/rule/severity",
        "/severity",
    ];
    let severity = json::first_of(alert, &severities).to_lowercase();
    let meant = match event {
        // A secret that is out is used within minutes.
        "secret_scanning_alert" => Some(Severity::Critical),
        _ => meaning(&SEVERITIES, &severity),
    };
    draft.severity(context, &severity, meant);
    let packages = ["/dependency/package/name", "/security_vulnerability/package/name"];
    let package = json::first_of(alert, &[&packages[..], &["/affected_package_name"]].concat());
    let rule = json::first_of(alert, &["/rule/id", "/secret_type"]);
    let labels = [("number", number.as_str()), ("package", &package), ("rule", &rule)];
    draft.labels = draft.labels.with(labels);
    draft.key = format!("{repository}/{event}/{number}");
    let summaries = [
        "/security_advisory/summary",
        "/rule/description",
        "/secret_type_display_name",
        "/rule/name",
        "/external_identifier",
    ];
    let described = ["/security_advisory/description", "/most_recent_instance/message/text"];
    let summary = match json::first_of(alert, &summaries) {
        summary if summary.is_empty() => {
            let what = [&rule, &package].into_iter().find(|text| !text.is_empty());
            format!("{alertname} {} in {repository}", what.unwrap_or(&number))
        }
        summary => summary,
    };
    let said = Labels::new([
        ("summary", summary),
        ("description", json::first_of(alert, &described)),
        ("cve", json::first_of(alert, &["/security_advisory/cve_id"])),
        ("ghsa", json::first_of(alert, &["/security_advisory/ghsa_id", "/ghsa_id"])),
        ("manifest", json::first_of(alert, &["/dependency/manifest_path"])),
        (
            "fixed_in",
            json::first_of(
                alert,
                &["/security_vulnerability/first_patched_version/identifier", "/fixed_in"],
            ),
        ),
        ("comment", json::first_of(alert, &["/dismissed_comment", "/resolution_comment"])),
    ]);
    draft.annotations = said.with(draft.annotations.iter());
    draft.url = json::first_of(alert, &["/html_url", "/url", "/external_reference"]);
    draft.starts_at = draft.instant("created_at", alert.get("created_at"));
    let ends = ["fixed_at", "dismissed_at", "auto_dismissed_at", "resolved_at", "updated_at"];
    let end = ends.into_iter().find_map(|name| alert.get(name).filter(|v| !v.is_null()));
    draft.ends_at = draft.instant("the end", end);
    draft.finish(0, context, read);
}
