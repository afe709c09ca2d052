//! Azure Monitor: the common alert schema, and the schemas that it replaces.

mod page;

use serde_json::Value;

use super::Adapter;
use super::table::{Means, Table, pick};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Labels, Severity, Span};

/// Azure Monitor.
pub const ADAPTER: Adapter = Adapter { name: "azure-monitor", title: "Azure Monitor", read, fits };

const COMMON: &str = "azureMonitorCommonAlertSchema";
const BUDGET: &str = "AIP Budget Notification";

const CONDITIONS: [(&str, Means); 8] = [
    ("fired", Means::Firing),
    ("activated", Means::Firing),
    ("active", Means::Firing),
    ("resolved", Means::Resolved),
    ("deactivated", Means::Resolved),
    ("rca", Means::Resolved),
    ("complete", Means::Resolved),
    ("completed", Means::Resolved),
];
const SEVERITIES: [(&str, Severity); 15] = [
    ("sev0", Severity::Critical),
    ("sev1", Severity::High),
    ("sev2", Severity::Warning),
    ("sev3", Severity::Info),
    ("sev4", Severity::Info),
    ("0", Severity::Critical),
    ("1", Severity::High),
    ("2", Severity::Warning),
    ("3", Severity::Info),
    ("4", Severity::Info),
    ("critical", Severity::Critical),
    ("error", Severity::High),
    ("warning", Severity::Warning),
    ("informational", Severity::Info),
    ("verbose", Severity::Info),
];
/// Levels of the activity log, by word or number: they count from the worst, which is 1.
const LEVELS: [(&str, Severity); 10] = [
    ("critical", Severity::Critical),
    ("error", Severity::High),
    ("warning", Severity::Warning),
    ("informational", Severity::Info),
    ("verbose", Severity::Info),
    ("1", Severity::Critical),
    ("2", Severity::High),
    ("3", Severity::Warning),
    ("4", Severity::Info),
    ("5", Severity::Info),
];
/// Services whose alerts are never said to be over: each stands for something that happened, or
/// for one look at a log.
const STATELESS: [&str; 7] = [
    "log analytics",
    "application insights",
    "smartdetector",
    "smart detector",
    "activity log",
    "costalerts",
    "cost alerts",
];
/// Looks at logs are hours apart at most as a rule.
const LEASE: Span = Span::hours(1);
/// A budget is looked at once a day.
const BUDGET_LEASE: Span = Span::days(1);

const ESSENTIALS: Table = Table {
    name: &["/essentials/alertRule", "/alertContext/AlertData/BudgetName", "/essentials/alertId"],
    key: &[&["/essentials/alertId", "/essentials/originAlertId"]],
    status: &["/essentials/monitorCondition"],
    words: &CONDITIONS,
    severity: &["/essentials/severity"],
    severities: &SEVERITIES,
    labels: &[
        ("instance", &["/essentials/configurationItems"]),
        ("signal_type", &["/essentials/signalType"]),
        ("monitoring_service", &["/essentials/monitoringService"]),
        ("resource_group", &["/essentials/targetResourceGroup"]),
        ("resource_type", &["/essentials/targetResourceType"]),
        ("service", &["/alertContext/properties/service"]),
        ("region", &["/alertContext/properties/region"]),
        ("web_test", &["/alertContext/condition/allOf/0/webTestName"]),
    ],
    annotations: &[
        (
            "summary",
            &[
                "/alertContext/annotations/summary",
                "/alertContext/properties/title",
                "/alertContext/DetectionSummary",
                "/essentials/description",
            ],
        ),
        (
            "description",
            &[
                "/alertContext/annotations/description",
                "/essentials/description",
                "/alertContext/properties/communication",
                "/alertContext/properties/title",
            ],
        ),
        ("target", &["/essentials/alertTargetIDs"]),
        ("origin_alert_id", &["/essentials/originAlertId"]),
        ("query", &["/alertContext/condition/allOf/0/searchQuery", "/alertContext/SearchQuery"]),
        ("caller", &["/alertContext/caller"]),
        ("operation", &["/alertContext/operationName"]),
        ("runbook_url", &["/customProperties/runbook_url", "/customProperties/runbook"]),
    ],
    url: &[
        "/essentials/investigationLink",
        "/alertContext/condition/allOf/0/linkToFilteredSearchResultsUI",
        "/alertContext/condition/allOf/0/linkToSearchResultsUI",
        "/alertContext/LinkToFilteredSearchResultsUI",
        "/alertContext/LinkToSearchResults",
        "/alertContext/portalLink",
    ],
    starts_at: &["/essentials/firedDateTime"],
    ends_at: &["/essentials/resolvedDateTime"],
    more: common,
    ..Table::EMPTY
};
/// Metric alerts before the common schema, classic alerts, and autoscaling.
const METRIC: Table = Table {
    name: &["/context/name", "/operation"],
    key: &[&["/context/id", "/context/name"], &["/context/resourceId"]],
    status: &["/status"],
    words: &CONDITIONS,
    severity: &["/context/severity"],
    severities: &SEVERITIES,
    labels: &[
        ("instance", &["/context/resourceName"]),
        ("resource_group", &["/context/resourceGroupName"]),
        ("resource_type", &["/context/resourceType"]),
    ],
    annotations: &[
        ("summary", &["/context/description", "/context/details"]),
        ("description", &["/context/description", "/context/details"]),
        ("target", &["/context/resourceId"]),
        ("failure_details", &["/context/condition/failureDetails"]),
        ("operation", &["/operation"]),
    ],
    url: &["/context/portalLink"],
    starts_at: &["/context/timestamp"],
    ends_at: &["/context/timestamp"],
    more: metric,
    ..Table::EMPTY
};
const ACTIVITY: Table = Table {
    name: &["/operationName/localizedValue", "/operationName", "/eventSource"],
    key: &[
        &["/properties/trackingId", "/operationName/value", "/operationName"],
        &["/resourceId", "/resourceGroupName"],
    ],
    status: &["/properties/stage"],
    words: &CONDITIONS,
    severity: &["/level"],
    severities: &LEVELS,
    labels: &[
        ("resource_group", &["/resourceGroupName"]),
        ("resource_type", &["/resourceType"]),
        ("event_source", &["/eventSource"]),
        ("service", &["/properties/service"]),
        ("region", &["/properties/region"]),
    ],
    annotations: &[
        ("summary", &["/properties/title", "/description", "/operationName"]),
        ("description", &["/properties/communication", "/description", "/properties/title"]),
        ("target", &["/resourceId"]),
        ("caller", &["/caller"]),
        ("activity_status", &["/status"]),
        ("correlation_id", &["/correlationId"]),
    ],
    starts_at: &["/eventTimestamp", "/submissionTimestamp"],
    lease: Some(LEASE),
    more: activity,
    ..Table::EMPTY
};
const LOG: Table = Table {
    name: &["/AlertRuleName"],
    key: &[&["/SubscriptionId", "/WorkspaceId", "/ApplicationId"], &["/AlertRuleName"]],
    severity: &["/Severity"],
    severities: &SEVERITIES,
    labels: &[
        ("workspace", &["/WorkspaceId", "/ApplicationId"]),
        ("subscription", &["/SubscriptionId"]),
    ],
    annotations: &[
        ("summary", &["/Description"]),
        ("description", &["/Description"]),
        ("query", &["/SearchQuery"]),
        ("result_count", &["/ResultCount"]),
        ("threshold", &["/AlertThresholdValue"]),
    ],
    url: &["/LinkToSearchResults", "/LinkToFilteredSearchResultsUI"],
    starts_at: &["/SearchIntervalEndtimeUtc", "/SearchIntervalEndTimeUtc"],
    lease: Some(LEASE),
    ..Table::EMPTY
};
const SPENDING: Table = Table {
    name: &["/BudgetName"],
    key: &[&["/SubscriptionId"], &["/BudgetName"]],
    labels: &[("subscription", &["/SubscriptionName", "/SubscriptionId"])],
    annotations: &[
        ("spending", &["/SpendingAmount"]),
        ("budget", &["/Budget"]),
        ("threshold", &["/NotificationThresholdAmount"]),
        ("unit", &["/Unit"]),
    ],
    lease: Some(BUDGET_LEASE),
    more: |_, draft| draft.labels = draft.labels.with([("severity", Severity::Warning.name())]),
    ..Table::EMPTY
};

fn fits(body: &Value, _: &Head) -> bool {
    let schema = json::field(body, "schemaId");
    let data = &body["data"];
    let context = &body["context"];
    schema == COMMON
        || schema == "AzureMonitorMetricAlert"
        || schema == BUDGET
        || schema.starts_with("Microsoft.Insights/")
        || data["essentials"].get("alertId").is_some()
        || data["essentials"].get("monitorCondition").is_some()
        || body["essentials"].get("alertId").is_some()
        || data["context"].get("activityLog").is_some()
        || json::has_any(context, &["portalLink", "resourceGroupName"])
            && body.get("status").is_some()
        || body.get("AlertRuleName").is_some() && body.get("SearchQuery").is_some()
}

/// Reads a notification.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    let data = if body["data"].is_object() { &body["data"] } else { &body };
    let log = &data["context"]["activityLog"];
    if data["essentials"].is_object() {
        ESSENTIALS.value(data, context)
    } else if log.is_object() {
        ACTIVITY.value(log, context)
    } else if data.get("AlertRuleName").is_some() {
        LOG.value(data, context)
    } else if data.get("BudgetName").is_some() {
        SPENDING.value(data, context)
    } else {
        METRIC.value(data, context)
    }
}

/// The last part of a resource's path is its name; the parts before it say where it is.
fn name_of(resource: &str) -> &str {
    resource.trim_end_matches('/').rsplit('/').next().unwrap_or(resource)
}

fn first_of(value: &Value) -> String {
    match value {
        Value::Array(items) => items.first().map(json::text).unwrap_or_default().into_owned(),
        other => json::text(other).into_owned(),
    }
}

fn common(data: &Value, draft: &mut Draft) {
    let essentials = &data["essentials"];
    let context = &data["alertContext"];
    let [items, targets] =
        ["configurationItems", "alertTargetIDs"].map(|name| first_of(&essentials[name]));
    let instance = if items.is_empty() { targets.as_str() } else { items.as_str() };
    draft.labels = draft.labels.with([("instance", name_of(instance))]);
    let service = json::field(essentials, "monitoringService").to_lowercase();
    let stateless = STATELESS.iter().any(|known| service.starts_with(known));
    let health = ["servicehealth", "resource health", "resourcehealth"];
    let healthy = health.iter().any(|known| service.contains(known));
    if stateless || healthy {
        draft.lease = Some(LEASE);
    }
    if healthy || service.starts_with("activity log") {
        happened(context, &targets, draft);
    }
    if service.starts_with("cost") {
        draft.labels = draft.labels.without(&["instance".to_owned()]);
        if draft.labels.get("severity") == Severity::Unknown.name() {
            draft.labels = draft.labels.with([("severity", Severity::Warning.name())]);
        }
    }
    let condition = match criteria(&context["condition"]) {
        text if text.is_empty() => results(context),
        text => text,
    };
    if draft.annotations.get("summary").is_empty() {
        let rule = draft.labels.get("alertname");
        let colon = if condition.is_empty() { "" } else { ": " };
        let summary = format!("{rule}{colon}{condition}");
        draft.annotations = draft.annotations.with([("summary", summary.as_str())]);
    }
    if !condition.is_empty() {
        draft.annotations = draft.annotations.with([("condition", condition.as_str())]);
    }
    draft.labels = dimensions(&context["condition"], draft);
    for dimension in context["Dimensions"].as_array().into_iter().flatten() {
        let [name, value] = ["name", "value"].map(|name| json::field(dimension, name));
        if !name.is_empty() && draft.labels.get(&name).is_empty() {
            draft.labels = draft.labels.with([(name.as_ref(), value.as_ref())]);
        }
    }
    // Rules of managed Prometheus bring their own.
    if let Ok(labels) = json::pairs(context, "labels") {
        draft.labels = labels.without(&["severity".to_owned()]).with(draft.labels.iter());
    }
    if let Ok(annotations) = json::pairs(context, "annotations") {
        draft.annotations = annotations.with(draft.annotations.iter());
    }
    // What the team wrote into the rule routes.
    own(data, "customProperties", draft);
}

/// What a team wrote into its rule: some of it routes, the rest is to be read.
fn own(data: &Value, name: &str, draft: &mut Draft) {
    const LABELS: [&str; 3] = ["service", "environment", "team"];
    let Ok(own) = json::pairs(data, name) else { return };
    draft.labels = draft.labels.with(own.iter().filter(|(name, _)| LABELS.contains(name)));
    let rest = own.iter().filter(|(name, _)| !LABELS.contains(name) && !name.is_empty());
    draft.annotations = Labels::new(rest).with(draft.annotations.iter());
}

/// An entry of the activity log stands under an identity of its own each time. What it is about
/// says itself whether it is over, and has a name that stays.
fn happened(context: &Value, target: &str, draft: &mut Draft) {
    use crate::domain::event::Signal;
    let tracking = pick(context, &["/properties/trackingId"]);
    let health = pick(context, &["/properties/currentHealthStatus"]);
    let stage = pick(context, &["/properties/stage", "/status"]);
    // Health says itself when it is well again.
    if !tracking.is_empty() {
        draft.key = tracking.into_owned();
        draft.lease = None;
    } else if !health.is_empty() {
        draft.key = format!("health/{target}");
        draft.lease = None;
    }
    let over = matches!(super::table::word(&stage, &CONDITIONS), Some(Means::Resolved));
    if over || health.eq_ignore_ascii_case("available") {
        draft.signal = Some(Signal::Resolved);
    }
    let threat = pick(context, &["/properties/severity"]);
    judge([&health, &threat], &pick(context, &["/level"]), draft);
    // Says more than what the rule is for.
    let words = page::text_of(&pick(context, &["/properties/communication"]));
    if !words.is_empty() {
        draft.annotations = draft.annotations.with([("description", words.as_str())]);
    }
    for (name, text) in [("health", health), ("stage", stage)] {
        draft.annotations = draft.annotations.with([(name, text.as_ref())]);
    }
}

/// Rules about the activity log are of the lowest severity, always: what happened says more.
fn judge(told: [&str; 2], level: &str, draft: &mut Draft) {
    // Of resources their health, of attacks how bad they are.
    const TOLD: [(&str, Severity); 5] = [
        ("unavailable", Severity::High),
        ("degraded", Severity::Warning),
        ("high", Severity::High),
        ("medium", Severity::Warning),
        ("low", Severity::Info),
    ];
    let word = super::table::word;
    let told = told.iter().find_map(|told| word(told, &TOLD));
    let Some(found) = told.or_else(|| word(level, &LEVELS)) else { return };
    let unjudged = draft.annotations.get("source_severity").eq_ignore_ascii_case("sev4")
        && draft.labels.get("severity") == Severity::Info.name();
    if unjudged {
        draft.labels = draft.labels.with([("severity", found.name())]);
    }
}

fn metric(data: &Value, draft: &mut Draft) {
    let condition = &data["context"]["condition"];
    let text = criteria(condition);
    draft.annotations = draft.annotations.with([("condition", text.as_str())]);
    let labels = dimensions(condition, draft);
    // Each combination of dimensions is a series that fires by itself.
    for (_, value) in series(condition) {
        draft.key = format!("{}/{value}", draft.key);
    }
    draft.labels = labels;
    own(data, "properties", draft);
    if data.get("operation").is_some() {
        draft.lease = Some(LEASE);
        // More or fewer machines, as the rule wants it.
        draft.labels = draft.labels.with([("severity", Severity::Info.name())]);
    }
}

fn activity(log: &Value, draft: &mut Draft) {
    let target = pick(log, &["/resourceId", "/resourceGroupName"]).into_owned();
    draft.labels = draft.labels.with([("instance", name_of(&target))]);
    happened(log, &target, draft);
    let what = super::table::pick(log, &["/properties/trackingId"]);
    if !what.is_empty() {
        draft.labels = draft.labels.with([("tracking_id", what.as_ref())]);
    }
}

/// Dimensions but those that only repeat the resource.
fn series(condition: &Value) -> Vec<(String, String)> {
    let criteria = condition["allOf"].as_array().into_iter().flatten();
    let dimensions = criteria.flat_map(|one| one["dimensions"].as_array().into_iter().flatten());
    let pairs = dimensions.map(|dimension| {
        let [name, value] = ["name", "value"].map(|name| json::field(dimension, name).into_owned());
        (name, value)
    });
    pairs.filter(|(name, _)| !name.to_lowercase().starts_with("microsoft.resource")).collect()
}

fn dimensions(condition: &Value, draft: &Draft) -> Labels {
    let pairs = series(condition);
    let pairs = pairs.iter().filter(|(name, _)| draft.labels.get(name).is_empty());
    draft.labels.with(pairs.map(|(name, value)| (name.as_str(), value.as_str())))
}

/// `2 results, Greater Than 0`: of a look at a log that counts what it finds.
fn results(context: &Value) -> String {
    let [count, operator, threshold] =
        ["ResultCount", "Operator", "Threshold"].map(|name| json::field(context, name));
    match (count.as_ref(), operator.as_ref()) {
        ("", _) => String::new(),
        (count, "") => format!("{count} results"),
        (count, operator) => format!("{count} results, {operator} {threshold}"),
    }
}

/// `Percentage CPU Maximum GreaterThan 90: 97.5`, one line for each criterion.
fn criteria(condition: &Value) -> String {
    let all = match &condition["allOf"] {
        Value::Array(all) => all.as_slice(),
        _ => std::slice::from_ref(condition),
    };
    let lines = all.iter().filter_map(|one| {
        let said = ["metricName", "timeAggregation", "operator", "threshold"]
            .map(|name| json::field(one, name).into_owned());
        let value = json::field(one, "metricValue");
        let line =
            said.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        (!line.is_empty())
            .then(|| if value.is_empty() { line.clone() } else { format!("{line}: {value}") })
    });
    lines.collect::<Vec<_>>().join("\n")
}
