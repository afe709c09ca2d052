//! The webhook: Alertmanager's body, version 4, with the incident and the problem beside it, or a
//! body of the configuration's own (`payload`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::exchange::{Http, by_status};
use super::letter::{LetterAlert, LetterIncident, LetterProblem};
use super::scope::{Scope, kind_name, quote_meta};
use super::texts::Texts;
use super::{Fault, Pen, post};
use crate::domain::notification::receiver::WebhookConfig;
use crate::domain::template::Template;
use crate::domain::value::{Labels, Timestamp};

/// The version of Alertmanager's body.
const VERSION: &str = "4";

/// A webhook has no fields of text beside its address and its payload.
static NO_TEXTS: BTreeMap<&'static str, Template> = BTreeMap::new();

/// Alertmanager's fields in Alertmanager's order, then ours.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    receiver: String,
    status: &'static str,
    alerts: Vec<Alert<'a>>,
    #[serde(rename = "notification_reason")]
    reason: &'a str,
    group_labels: &'a Labels,
    common_labels: Labels,
    common_annotations: Labels,
    route_labels: &'a Labels,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: &'a str,
    truncated_alerts: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<Incident<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delayed: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    status: &'static str,
    labels: &'a Labels,
    annotations: &'a Labels,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    fingerprint: String,
}

/// Fields of our own records bear the names that they have in the API.
#[derive(Serialize)]
struct Incident<'a> {
    id: String,
    title: &'a str,
    state: &'static str,
    event: &'a str,
    by: Option<&'a str>,
    priority: String,
    impact: u8,
    urgency: u8,
    kind: &'static str,
    category: &'a str,
    team: &'a str,
    assignee: Option<&'a str>,
    url: &'a str,
    opened_at: String,
    acknowledged_at: Option<String>,
    restored_at: Option<String>,
    resolved_at: Option<String>,
    recurrence: Option<&'a str>,
    alerts: usize,
    firing: usize,
}

#[derive(Serialize)]
struct Problem<'a> {
    id: String,
    title: &'a str,
    state: &'a str,
    workaround: Option<&'a str>,
    url: &'a str,
}

/// Without its address there is nobody to tell.
pub(super) fn write(scope: Scope, config: &WebhookConfig, pen: &mut Pen) -> Result<Http, Fault> {
    let scope = scope.truncate(config.alerts_max);
    let url = pen.need("url", &config.url, &scope.value(str::to_owned))?;
    let first = match &config.payload {
        Some(payload) => {
            let mut texts = Texts::new(&scope, &NO_TEXTS, pen);
            post(scope.letter, url.trim(), &texts.tree("payload", payload))
        }
        None => post(scope.letter, url.trim(), &body(&scope, VERSION)),
    };
    Ok(Http::once(first, by_status, config.timeout, &config.http))
}

/// What is told, in a version of Alertmanager's body.
pub(super) fn body<'a>(scope: &Scope<'a>, version: &'static str) -> Body<'a> {
    let letter = scope.letter;
    Body {
        receiver: quote_meta(&letter.receiver),
        status: scope.status().name(),
        alerts: scope.alerts.iter().map(|alert| alert_body(alert)).collect(),
        reason: &letter.reason,
        group_labels: &letter.group_labels,
        common_labels: scope.common_labels(),
        common_annotations: scope.common_annotations(),
        route_labels: &letter.route_labels,
        external_url: &letter.external_url,
        version,
        group_key: &letter.group_key,
        truncated_alerts: scope.truncated,
        incident: letter.incident.as_ref().map(incident_body),
        problem: letter.problem.as_ref().map(problem_body),
        delayed: letter.delayed.map(|span| span.to_string()),
    }
}

impl<'a> Body<'a> {
    /// Makes it shorter. What is needed to tell alerts apart stays.
    pub(super) fn leave_annotations_out(&mut self, nothing: &'a Labels) {
        for alert in &mut self.alerts {
            alert.annotations = nothing;
        }
        self.common_annotations = Labels::default();
    }
}

fn alert_body(alert: &LetterAlert) -> Alert<'_> {
    Alert {
        status: alert.status.name(),
        labels: &alert.labels,
        annotations: &alert.annotations,
        starts_at: go_time(alert.starts_at),
        ends_at: go_time(alert.ends_at.unwrap_or(Timestamp::GO_ZERO)),
        generator_url: &alert.url,
        fingerprint: alert.fingerprint.to_string(),
    }
}

fn incident_body(incident: &LetterIncident) -> Incident<'_> {
    Incident {
        id: incident.id.to_string(),
        title: &incident.title,
        state: incident.state.name(),
        event: &incident.event,
        by: incident.by.as_deref(),
        priority: incident.priority.to_string(),
        impact: incident.impact.level(),
        urgency: incident.urgency.level(),
        kind: kind_name(incident),
        category: &incident.category,
        team: &incident.team,
        assignee: incident.assignee.as_deref(),
        url: &incident.url,
        opened_at: go_time(incident.opened_at),
        acknowledged_at: incident.acknowledged_at.map(go_time),
        restored_at: incident.restored_at.map(go_time),
        resolved_at: incident.resolved_at.map(go_time),
        recurrence: incident.recurrence.as_deref(),
        alerts: incident.alerts,
        firing: incident.firing,
    }
}

fn problem_body(problem: &LetterProblem) -> Problem<'_> {
    Problem {
        id: problem.id.to_string(),
        title: &problem.title,
        state: &problem.state,
        workaround: problem.workaround.as_deref(),
        url: &problem.url,
    }
}

/// RFC 3339 as Go marshals it: no zeros at the end of a fraction, and no fraction of zeros.
fn go_time(at: Timestamp) -> String {
    let text = at.rfc3339();
    let digits = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
    format!("{digits}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_go_writes_them() {
        for (time, written) in [
            ("2026-03-01T02:05:00Z", "2026-03-01T02:05:00Z"),
            ("2026-03-01T02:05:10.120Z", "2026-03-01T02:05:10.12Z"),
            ("2026-03-01T02:05:10.001Z", "2026-03-01T02:05:10.001Z"),
        ] {
            assert_eq!(go_time(time.parse().unwrap()), written);
        }
        assert_eq!(go_time(Timestamp::GO_ZERO), "0001-01-01T00:00:00Z");
    }
}
