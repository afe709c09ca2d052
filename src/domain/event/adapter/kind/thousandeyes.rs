//! `ThousandEyes`: alerts of tests and agents over a webhook.

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::Severity;

/// `ThousandEyes`.
pub const ADAPTER: Adapter = Adapter { name: "thousandeyes", title: "ThousandEyes", read, fits };

/// Agents that see it are written out up to here.
const AGENTS_SHOWN_MAX: usize = 20;

const TABLE: Table = Table {
    name: &["/alert/ruleName", "/agentAlert/ruleName", "/alert/testName", "/eventType"],
    key: &[&["/alert/alertId", "/agentAlert/alertId", "/alert/id"]],
    status: &["/eventType", "/type"],
    words: &[
        ("ALERT_NOTIFICATION_TRIGGER", Means::Firing),
        ("ALERT_NOTIFICATION_CLEAR", Means::Resolved),
        ("AGENT_ALERT_NOTIFICATION_TRIGGER", Means::Firing),
        ("AGENT_ALERT_NOTIFICATION_CLEAR", Means::Resolved),
        ("WEBHOOK_TEST", Means::Nothing("a test from ThousandEyes' page")),
    ],
    severity: &["/alert/severity", "/agentAlert/severity"],
    severities: &[
        ("critical", Severity::Critical),
        ("major", Severity::High),
        ("minor", Severity::Warning),
        ("info", Severity::Info),
    ],
    labels: &[
        (
            "instance",
            &[
                "/alert/hostname",
                "/alert/testTargetsDescription/0",
                "/alert/agentName",
                "/alert/testName",
            ],
        ),
        ("test", &["/alert/testName"]),
        ("alert_type", &["/alert/type", "/alert/alertType"]),
    ],
    annotations: &[
        ("summary", &["/alert/testName", "/alert/ruleName"]),
        ("description", &["/alert/ruleExpression", "/agentAlert/ruleExpression"]),
        ("violations", &["/alert/violationCount"]),
        ("ip_address", &["/alert/ipAddress"]),
    ],
    url: &["/alert/permalink", "/alert/agents/0/permalink"],
    starts_at: &["/alert/dateStartZoned", "/alert/dateStart", "/agentAlert/dateStart"],
    ends_at: &["/alert/dateEndZoned", "/alert/dateEnd"],
    delivery: &["/eventId"],
    more,
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    let alert = if body["alert"].is_object() { &body["alert"] } else { &body["agentAlert"] };
    json::field(body, "eventType").contains("ALERT_NOTIFICATION")
        || json::has_any(alert, &["ruleExpression"]) && body.get("eventId").is_some()
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    TABLE.read(body, context)
}

/// Which agents see it, and what they measured.
fn more(body: &Value, draft: &mut Draft) {
    let agents = body["alert"]["agents"].as_array().into_iter().flatten().take(AGENTS_SHOWN_MAX);
    let seen: Vec<String> = agents
        .map(|agent| {
            let [name, metrics] =
                ["agentName", "metricsAtStart"].map(|name| json::field(agent, name));
            format!("{name} {metrics}").trim().to_owned()
        })
        .collect();
    let seen = seen.join("\n");
    draft.annotations = draft.annotations.with([("agents", seen.as_str())]);
}
