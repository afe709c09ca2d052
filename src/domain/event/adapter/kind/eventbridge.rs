//! Amazon `EventBridge`: events of AWS services. Some are conditions with an end, some deployments;
//! what else happened is told as it is.

use serde_json::Value;

use super::Adapter;
use super::table::{self, Means, Table, pick, word};
use crate::domain::deployment::{Notice, Status};
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::value::{Labels, Severity, Span};

/// `EventBridge` without an envelope, as an API destination sends it.
pub const ADAPTER: Adapter =
    Adapter { name: "eventbridge", title: "Amazon EventBridge", read, fits };

const ALARM: &str = "CloudWatch Alarm State Change";

/// What happened is told once; nothing says that it is over.
const LEASE: Span = Span::hours(1);
/// Findings stand until somebody looks after them, and are sent again while they do: every six
/// hours at the latest in the usual choices.
const FINDING_LEASE: Span = Span::days(1);

/// Deployments: the detail's type, where its service, version and key are, and its states.
const DEPLOYMENTS: [Deployment; 3] = [
    Deployment {
        detail_type: "CodeDeploy Deployment State-change Notification",
        service: &["/detail/application"],
        environment: &["/detail/deploymentGroup"],
        version: &[],
        key: &["/detail/deploymentId"],
        state: &["/detail/state"],
        states: &[
            ("created", Status::Queued),
            ("queued", Status::Queued),
            ("ready", Status::Queued),
            ("start", Status::Started),
            ("inprogress", Status::Started),
            ("success", Status::Succeeded),
            ("succeeded", Status::Succeeded),
            ("failure", Status::Failed),
            ("failed", Status::Failed),
            ("stop", Status::Cancelled),
            ("stopped", Status::Cancelled),
        ],
    },
    Deployment {
        detail_type: "CodePipeline Pipeline Execution State Change",
        service: &["/detail/pipeline"],
        environment: &[],
        version: &["/detail/execution-trigger/revision", "/detail/version"],
        key: &["/detail/execution-id"],
        state: &["/detail/state"],
        states: &[
            ("started", Status::Started),
            ("resumed", Status::Started),
            ("stopping", Status::Started),
            ("succeeded", Status::Succeeded),
            ("failed", Status::Failed),
            ("stopped", Status::Cancelled),
            ("canceled", Status::Cancelled),
            ("superseded", Status::Cancelled),
        ],
    },
    Deployment {
        detail_type: "ECS Deployment State Change",
        service: &["/resources/0"],
        environment: &[],
        version: &[],
        key: &["/detail/deploymentId"],
        state: &["/detail/eventName"],
        states: &[
            ("service_deployment_in_progress", Status::Started),
            ("service_deployment_completed", Status::Succeeded),
            ("service_deployment_failed", Status::Failed),
        ],
    },
];

/// Parts of a deployment. They are told of with the whole.
const PARTS: [&str; 3] = [
    "CodeDeploy Instance State-change Notification",
    "CodePipeline Stage Execution State Change",
    "CodePipeline Action Execution State Change",
];

/// Words in the type or the state of an event that say that something went wrong.
const WRONG: [(&str, Severity); 10] = [
    ("unsuccessful", Severity::High),
    ("failed", Severity::High),
    ("failure", Severity::High),
    ("fault", Severity::High),
    ("error", Severity::High),
    ("non_compliant", Severity::Warning),
    ("interruption", Severity::Warning),
    ("impaired", Severity::Warning),
    ("timed_out", Severity::Warning),
    ("aborted", Severity::Warning),
];

const HEALTH: Table = Table {
    name: &["/detail/eventTypeCode", "/detail-type"],
    key: &[&["/detail/eventArn"], &["/account"]],
    status: &["/detail/statusCode"],
    words: &[("open", Means::Firing), ("upcoming", Means::Firing), ("closed", Means::Resolved)],
    severity: &["/detail/eventTypeCategory"],
    severities: &[
        ("issue", Severity::High),
        ("investigation", Severity::Warning),
        ("scheduledChange", Severity::Info),
        ("accountNotification", Severity::Info),
    ],
    labels: &[
        ("service", &["/detail/service"]),
        ("region", &["/detail/eventRegion", "/region"]),
        ("account", &["/detail/affectedAccount", "/account"]),
    ],
    annotations: &[
        ("summary", &["/detail/eventTypeCode"]),
        ("description", &["/detail/eventDescription/0/latestDescription"]),
        ("entities", &["/resources"]),
    ],
    starts_at: &["/detail/startTime", "/time"],
    ends_at: &["/detail/endTime", "/detail/lastUpdatedTime", "/time"],
    ..Table::EMPTY
};
const GUARD_DUTY: Table = Table {
    name: &["/detail/type", "/detail-type"],
    key: &[&["/detail/id"]],
    labels: &[
        ("account", &["/detail/accountId", "/account"]),
        ("region", &["/detail/region", "/region"]),
        (
            "instance",
            &["/detail/resource/instanceDetails/instanceId", "/detail/resource/resourceType"],
        ),
    ],
    annotations: &[
        ("summary", &["/detail/title"]),
        ("description", &["/detail/description"]),
        ("count", &["/detail/service/count"]),
    ],
    starts_at: &["/detail/service/eventLastSeen", "/time"],
    lease: Some(FINDING_LEASE),
    more: |event, draft| {
        // GuardDuty's scale ends at 10; its bands begin at 1, 4, 7 and 9.
        let score = event["detail"]["severity"].as_f64().unwrap_or_default();
        let severity = match score {
            score if score >= 9.0 => Severity::Critical,
            score if score >= 7.0 => Severity::High,
            score if score >= 4.0 => Severity::Warning,
            score if score >= 1.0 => Severity::Info,
            _ => Severity::Unknown,
        };
        draft.labels = draft.labels.with([("severity", severity.name())]);
    },
    ..Table::EMPTY
};
const SECURITY_HUB: Table = Table {
    each: "/detail/findings",
    name: &["/Title", "/GeneratorId"],
    key: &[&["/Id"]],
    status: &["/Workflow/Status"],
    words: &[
        ("new", Means::Firing),
        ("notified", Means::Firing),
        ("resolved", Means::Resolved),
        ("suppressed", Means::Said(crate::domain::event::Saying::Suppressed)),
    ],
    severity: &["/Severity/Label", "/FindingProviderFields/Severity/Label"],
    severities: &[
        ("critical", Severity::Critical),
        ("high", Severity::High),
        ("medium", Severity::Warning),
        ("low", Severity::Info),
        ("informational", Severity::Info),
    ],
    labels: &[
        ("account", &["/AwsAccountId"]),
        ("region", &["/Region"]),
        ("product", &["/ProductName"]),
        ("instance", &["/Resources/0/Id"]),
    ],
    annotations: &[
        ("summary", &["/Title"]),
        ("description", &["/Description"]),
        ("remediation", &["/Remediation/Recommendation/Url"]),
    ],
    url: &["/SourceUrl"],
    starts_at: &["/UpdatedAt", "/LastObservedAt"],
    more: |finding, draft| {
        let archived = finding["RecordState"] == "ARCHIVED";
        if archived || finding["Compliance"]["Status"] == "PASSED" {
            draft.signal = Some(Signal::Resolved);
        }
    },
    ..Table::EMPTY
};
/// Any other event.
const HAPPENED: Table = Table {
    name: &["/detail-type"],
    labels: &[
        ("service", &["/source"]),
        ("instance", &["/detail/EC2InstanceId", "/detail/ec2InstanceId", "/detail/instance-id"]),
        ("resource", &["/resources/0"]),
        ("region", &["/region"]),
        ("account", &["/account"]),
    ],
    annotations: &[
        ("summary", &["/detail/StatusMessage", "/detail/Message", "/detail/stoppedReason"]),
        ("description", &["/detail/Cause", "/detail/reason", "/detail/Message"]),
        ("state", STATE),
        ("resources", &["/resources"]),
        ("detail", &["/detail"]),
    ],
    starts_at: &["/time"],
    lease: Some(LEASE),
    more: happened,
    ..Table::EMPTY
};
const STATE: table::Places = &[
    "/detail/state",
    "/detail/status",
    "/detail/StatusCode",
    "/detail/build-status",
    "/detail/lastStatus",
    "/detail/eventType",
    "/detail/newEvaluationResult/complianceType",
    "/detail/EventCategories/0",
];

struct Deployment {
    detail_type: &'static str,
    service: table::Places,
    environment: table::Places,
    version: table::Places,
    key: table::Places,
    state: table::Places,
    states: &'static [(&'static str, Status)],
}

fn fits(body: &Value, _: &Head) -> bool {
    is_event(body) || is_evaluation(body)
}

/// Whether it is an event of `EventBridge`.
pub(super) fn is_event(body: &Value) -> bool {
    body.get("detail-type").is_some() && body["detail"].is_object()
}

/// AWS Config asks a function of the user's to evaluate a rule.
fn is_evaluation(body: &Value) -> bool {
    body.get("configRuleName").is_some() && body.get("invokingEvent").is_some()
}

/// Reads an event.
///
/// # Errors
/// When the body is no JSON.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let value = json::parse(body)?;
    if super::sns::is_envelope(&value) || value["Records"].is_array() {
        return super::sns::read(body, context);
    }
    if is_evaluation(&value) {
        let mut read = Read::default();
        let rule = json::field(&value, "configRuleName");
        read.note(0, format!("AWS Config asks for an evaluation of {rule}: no condition yet"));
        return Ok(read);
    }
    event(&value, context)
}

/// Reads an event that is JSON already.
pub(super) fn event(body: &Value, context: &Context) -> Result<Read, Unreadable> {
    let detail_type = pick(body, &["/detail-type"]);
    let source = pick(body, &["/source"]);
    let mut read = Read::default();
    if let Some(deployment) = DEPLOYMENTS.iter().find(|known| known.detail_type == detail_type) {
        deployment.notice(body, context, &mut read);
    } else if PARTS.contains(&detail_type.as_ref()) {
        read.note(0, format!("{detail_type}: a part of a deployment, told of with the whole"));
    } else if detail_type == ALARM {
        let [arn, account] = ["/resources/0", "/account"].map(|place| pick(body, &[place]));
        super::cloudwatch::change(&body["detail"], &arn, &account, context, &mut read);
    } else if body["detail"]["findings"].is_array() {
        read = SECURITY_HUB.value(body, context)?;
    } else {
        let table = match source.as_ref() {
            "aws.health" => &HEALTH,
            "aws.guardduty" => &GUARD_DUTY,
            _ => &HAPPENED,
        };
        table.element(0, body, context, &mut read);
    }
    read.delivery = pick(body, &["/id"]).into();
    Ok(read)
}

impl Deployment {
    fn notice(&self, body: &Value, context: &Context, read: &mut Read) {
        let [service, environment, version, key, state] =
            [self.service, self.environment, self.version, self.key, self.state]
                .map(|places| pick(body, places));
        let Some(status) = word(&state, self.states) else {
            read.note(0, format!("unknown state `{state}` of a deployment of {service}"));
            return;
        };
        if service.is_empty() || key.is_empty() {
            read.reject(0, "the event does not say what was deployed, or has no key for it");
            return;
        }
        let mut draft = Draft::default();
        let at = table::instant(body, &["/time"], "the time", &mut draft).unwrap_or(context.now);
        // An ARN ends with what it names.
        let name = service.rsplit('/').next().unwrap_or_default();
        let places = [("region", "/region"), ("account", "/account")];
        let labels = Labels::new(places.map(|(label, place)| (label, pick(body, &[place]))));
        let summary = pick(body, &["/detail/reason", "/detail/errorInformation/message"]);
        read.deployments.push(Notice {
            source: context.source.clone(),
            key: key.into(),
            service: name.into(),
            environment: environment.into(),
            version: version.into(),
            actor: pick(
                body,
                &["/detail/creator", "/detail/execution-trigger/author-display-name"],
            )
            .into(),
            status,
            summary: summary.into(),
            url: String::new().into(),
            at: at.min(context.now),
            labels,
        });
        for what in draft.notes {
            read.note(0, what);
        }
    }
}

/// What is looked at again and again, so that a look that finds it well ends what an earlier one
/// began: by the type of the event, and what says which of them it is.
const LOOKS: [(&str, &[table::Places]); 3] = [
    ("Config Rules Compliance Change", &[&["/detail/configRuleName"], &["/detail/resourceId"]]),
    ("CodeBuild Build State Change", &[&["/detail/project-name"]]),
    (
        "Trusted Advisor Check Item Refresh Notification",
        &[&["/detail/check-name"], &["/detail/resource_id"]],
    ),
];
const WELL: [&str; 3] = ["COMPLIANT", "SUCCEEDED", "OK"];

/// An event stands for its type and its resource: the next one of both takes its place.
fn happened(body: &Value, draft: &mut Draft) {
    let detail_type = pick(body, &["/detail-type"]);
    let state = pick(body, STATE);
    let about = match LOOKS.iter().find(|(look, _)| *look == detail_type) {
        Some((_, places)) => {
            // An end may come, but rules are written that pass on only what is wrong.
            draft.lease = Some(FINDING_LEASE);
            if WELL.contains(&state.as_ref()) {
                draft.signal = Some(Signal::Resolved);
            }
            let parts = places.iter().map(|places| pick(body, places));
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
        }
        None => pick(body, &["/resources/0", "/account"]).into_owned(),
    };
    draft.key = format!("{detail_type}/{about}");
    let said = format!("{detail_type} {state}").to_lowercase();
    let wrong = WRONG.iter().find(|(word, _)| said.contains(word));
    let severity = match wrong {
        Some((_, severity)) => *severity,
        None if exited(body) => Severity::Warning,
        None => Severity::Info,
    };
    draft.labels = draft.labels.with([("severity", severity.name())]);
    if draft.annotations.get("summary").is_empty() {
        let summary = if state.is_empty() {
            detail_type.into_owned()
        } else {
            format!("{detail_type}: {state}")
        };
        draft.annotations = draft.annotations.with([("summary", summary.as_str())]);
    }
}

/// Whether a container of a task ended with an error.
fn exited(body: &Value) -> bool {
    let containers = body["detail"]["containers"].as_array().into_iter().flatten();
    containers.filter_map(|container| container["exitCode"].as_i64()).any(|code| code != 0)
}
