//! New Relic: issues of a workflow, in its default payload or one built on it, and incidents of
//! the classic notification channels.

use serde_json::Value;

use super::Adapter;
use super::table::{self, Means, Table, pick};
use crate::domain::event::Saying;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, fields, json};
use crate::domain::value::{Severity, Span};

/// New Relic.
pub const ADAPTER: Adapter = Adapter { name: "newrelic", title: "New Relic", read, fits };

const SEVERITIES: [(&str, Severity); 6] = [
    ("critical", Severity::Critical),
    ("high", Severity::High),
    ("medium", Severity::Warning),
    ("warning", Severity::Warning),
    ("low", Severity::Info),
    ("info", Severity::Info),
];
const STATES: [(&str, Means); 17] = [
    ("created", Means::Firing),
    ("activated", Means::Firing),
    ("active", Means::Firing),
    ("open", Means::Firing),
    ("opened", Means::Firing),
    ("acknowledged", Means::Said(Saying::Acknowledged)),
    ("unacknowledged", Means::Said(Saying::Unacknowledged)),
    ("closed", Means::Resolved),
    ("deactivated", Means::Resolved),
    ("resolved", Means::Resolved),
    ("test", Means::Nothing("a test from New Relic's page")),
    ("muted", Means::Said(Saying::Suppressed)),
    // The type of an incident's event, where a template leaves the state out.
    ("incident", Means::Firing),
    ("incident_open", Means::Firing),
    ("incident_acknowledged", Means::Said(Saying::Acknowledged)),
    ("incident_close", Means::Resolved),
    ("incident_resolved", Means::Resolved),
];
/// What a workflow says that it was started by, where it is a person's doing.
const TRIGGERS: [(&str, Saying); 4] = [
    ("issue_acknowledged", Saying::Acknowledged),
    ("acknowledged", Saying::Acknowledged),
    ("issue_unacknowledged", Saying::Unacknowledged),
    // Whether somebody took the issue or gave it back is not said.
    ("user_action", Saying::Noted),
];
/// The test of a channel names this product, and is never closed.
const TEST_PRODUCT: &str = "TESTING";
/// What an issue is called of which nothing but its number was sent.
const NAMELESS: &str = "New Relic issue";
const TEST_LEASE: Span = Span::hours(1);

const ISSUE: Table = Table {
    name: &[
        "/alertConditionNames/0",
        "/alertConditionNames",
        "/conditionName",
        "/condition_name",
        "/title",
        "/name",
        "/alertPolicyNames/0",
        "/alertPolicyNames",
        "/details",
        "/id",
        "/issueId",
    ],
    key: &[&["/id", "/issueId", "/issue_id"]],
    status: &["/state", "/status", "/current_state"],
    words: &STATES,
    severity: &["/priority", "/severity"],
    severities: &SEVERITIES,
    labels: &[
        ("policy", &["/alertPolicyNames/0", "/alertPolicyNames", "/policyName"]),
        ("instance", &["/impactedEntities", "/entitiesData/names"]),
        ("account", &["/accountName", "/nrAccountName", "/accountId"]),
        ("service", &["/service", "/serviceName"]),
        ("environment", &["/environment"]),
    ],
    annotations: &[
        ("summary", &["/title", "/name", "/details", "/condition_name"]),
        ("description", &["/description", "/conditionDescription", "/details"]),
        ("runbook_url", &["/runbookUrl", "/runbookUrls", "/runbook_url"]),
        ("workflow", &["/workflowName"]),
        ("total_incidents", &["/totalIncidents"]),
        ("conditions", &["/alertConditionNames"]),
        ("query", &["/nrqlQuery"]),
        ("sources", &["/sources"]),
        ("trigger", &["/trigger", "/triggerEvent"]),
    ],
    url: &["/issueUrl", "/issuePageUrl", "/issueLink", "/violationChartUrl"],
    starts_at: &["/activatedAt", "/createdAt"],
    ends_at: &["/closedAt", "/issueClosedAt", "/updatedAt"],
    author: ACKNOWLEDGED_BY,
    more: issue,
    ..Table::EMPTY
};
const ACKNOWLEDGED_BY: table::Places = &["/acknowledgedBy", "/issueAckedBy", "/owner"];

const INCIDENT: Table = Table {
    name: &["/condition_name", "/policy_name", "/details"],
    key: &[&["/incident_id"]],
    status: &["/current_state", "/event_type"],
    words: &STATES,
    severity: &["/severity"],
    severities: &SEVERITIES,
    labels: &[
        ("policy", &["/policy_name"]),
        ("instance", &["/targets/0/name", "/targets/0/id"]),
        ("product", &["/targets/0/product"]),
        ("account", &["/account_name", "/account_id"]),
    ],
    annotations: &[
        ("summary", &["/details", "/condition_name"]),
        ("description", &["/details"]),
        ("runbook_url", &["/runbook_url"]),
        ("policy_url", &["/policy_url"]),
        ("chart_url", &["/violation_chart_url"]),
        ("condition_id", &["/condition_id"]),
        ("targets", &["/targets"]),
    ],
    url: &["/incident_url", "/violation_callback_url"],
    starts_at: &["/timestamp"],
    ends_at: &["/timestamp"],
    author: &["/owner"],
    text: &["/details"],
    more: incident,
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    is_incident(body)
        || json::has_any(body, &["issueUrl", "issuePageUrl", "issueId"])
            && json::has_any(body, &["state", "priority", "status"])
        || body.get("alertConditionNames").is_some()
}

fn is_incident(body: &Value) -> bool {
    body.get("incident_id").is_some()
        && json::has_any(body, &["condition_name", "current_state", "policy_name"])
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = fields::object(body, context)?;
    if is_incident(&body) {
        return INCIDENT.value(&body, context);
    }
    let mut read = ISSUE.value(&body, context)?;
    // A workflow says that an issue was acknowledged beside the state, which stays active.
    let trigger = pick(&body, &["/trigger", "/triggerEvent"]);
    if let (Some(saying), Some(event)) = (table::word(&trigger, &TRIGGERS), read.events.first()) {
        let draft =
            Draft { key: event.key.to_string(), labels: event.labels.clone(), ..Draft::default() };
        let author = pick(&body, ACKNOWLEDGED_BY);
        let text = if saying == Saying::Noted { trigger.as_ref() } else { "" };
        table::remark(draft, saying, &author, text, context, &mut read);
    }
    Ok(read)
}

/// An issue without a number has one in the address of its page; else it is what is called so.
fn issue(_: &Value, draft: &mut Draft) {
    if !draft.key.is_empty() {
        // A number is no name for a condition.
        if draft.labels.get("alertname") == draft.key {
            draft.labels = draft.labels.with([("alertname", NAMELESS)]);
        }
        return;
    }
    let page = draft.url.split('?').next().unwrap_or_default();
    draft.key = match page.rsplit_once("/issues/").or_else(|| page.rsplit_once("/incidents/")) {
        Some((_, number)) => number.to_owned(),
        None => ["policy", "alertname", "instance"].map(|name| draft.labels.get(name)).join("/"),
    };
}

/// The labels of the target tell the resources of one condition apart.
fn incident(body: &Value, draft: &mut Draft) {
    let Some(target) = body.pointer("/targets/0") else { return };
    if let Ok(labels) = json::pairs(target, "labels") {
        draft.labels = labels.with(draft.labels.iter());
    }
    draft.annotations = draft.annotations.without(&["targets".to_owned()]);
    let names = body["targets"].as_array().into_iter().flatten();
    let names: Vec<_> = names.map(|target| json::field(target, "name")).collect();
    if names.len() > 1 {
        draft.annotations = draft.annotations.with([("targets", names.join(", ").as_str())]);
    }
    if json::field(target, "product") == TEST_PRODUCT {
        draft.notes.push("a test from New Relic's page: it ends by itself".to_owned());
        draft.lease = Some(TEST_LEASE);
    }
}
