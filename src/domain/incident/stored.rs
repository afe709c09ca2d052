//! An incident as it stands on a page.

use serde::{Deserialize, Serialize};

use super::fact::Kind;
use super::machine::Status;
use super::record::{Course, Incident, Shape};
use super::roll::Roll;
use super::said::{self, Pen};
use super::state::State;
use crate::domain::event::Correlation;
use crate::domain::pool::Pool;
use crate::domain::timeline::{self, Timeline};
use crate::domain::value::{
    AlertId, Bodies, Impact, Labels, Priority, Severity, Short, Span, Timestamp, Urgency,
};

/// Everything that is known of an incident, in full.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredIncident {
    status: Status,
    kind: Kind,
    title: String,
    category: String,
    team: String,
    impact: Impact,
    urgency: Urgency,
    priority: Priority,
    priority_fixed: bool,
    severity: Severity,
    correlation: Correlation,
    window: Span,
    max_span: Span,
    threshold: u64,
    distinct_names: bool,
    labels: Labels,
    annotations: Labels,
    root: AlertId,
    members: Roll,
    detected_at: Timestamp,
    opened_at: Timestamp,
    known_at: Option<Timestamp>,
    last_alert_at: Timestamp,
    #[serde(flatten)]
    course: Course,
    rule: Option<String>,
    timeline: timeline::Stored,
}

impl StoredIncident {
    pub(super) fn of(state: &State, incident: &Incident) -> Self {
        let Shape { kind, category, team, rule, .. } = incident.shape().clone();
        let Shape { window, max_span, threshold, distinct_names, .. } = *incident.shape();
        let (title, correlation, annotations) = state.said(incident);
        Self {
            status: incident.status,
            kind,
            title,
            category,
            team,
            impact: incident.impact,
            urgency: incident.urgency,
            priority: incident.priority,
            priority_fixed: incident.priority_fixed,
            severity: incident.severity,
            correlation,
            window,
            max_span,
            threshold,
            distinct_names,
            labels: state.labels(incident),
            annotations,
            root: incident.root(),
            members: incident.members.clone(),
            detected_at: incident.detected_at,
            opened_at: incident.opened_at,
            known_at: incident.known_at,
            last_alert_at: incident.last_alert_at,
            course: incident.course().clone(),
            rule,
            timeline: timeline::Stored {
                lines: state.timeline(incident).collect(),
                omitted: incident.timeline.omitted(),
            },
        }
    }

    pub(super) fn read(self, bodies: &mut Bodies, shapes: &mut Pool<Shape>) -> Incident {
        let texts = (&*self.title, &*self.correlation.key);
        let said = said::put(bodies, texts, &self.labels, &self.annotations);
        let mut timeline = Timeline::default();
        Pen { bodies, said, timeline: &mut timeline }.restore(self.timeline);
        let shape = Shape {
            kind: self.kind,
            category: self.category,
            team: self.team,
            rule: self.rule,
            correlated_by: self.correlation.rule,
            window: self.window,
            max_span: self.max_span,
            threshold: self.threshold,
            distinct_names: self.distinct_names,
        };
        Incident {
            status: self.status,
            impact: self.impact,
            urgency: self.urgency,
            priority: self.priority,
            priority_fixed: self.priority_fixed,
            severity: self.severity,
            root: Short::of(self.root),
            shape: shapes.share(shape),
            said,
            timeline,
            members: self.members,
            detected_at: self.detected_at,
            opened_at: self.opened_at,
            known_at: self.known_at,
            last_alert_at: self.last_alert_at,
            course: (self.course != Course::default()).then(|| Box::new(self.course)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Stores hold pages of this form, so it stays.
    const PAGE: &str = r#"[2, [[2, {
            "status": "acknowledged", "kind": "outage", "title": "DiskFull: of db-1",
            "category": "storage", "team": "dba", "impact": 2, "urgency": 1, "priority": 2,
            "priority_fixed": true, "severity": "critical",
            "correlation": {"rule": "by host", "key": "{host=\"db-1\"}"},
            "window": 60000, "max_span": 3600000, "threshold": 1, "distinct_names": false,
            "labels": {"alertname": "DiskFull", "host": "db-1"},
            "annotations": {"key": "a name like ours", "title": "another"},
            "root": 7, "members": {"7": {"f": true}, "9": {"f": false, "x": true}},
            "detected_at": 1, "opened_at": 2, "known_at": 2, "last_alert_at": 3,
            "pending_until": null, "assignee": "ann", "acknowledged_at": 4,
            "acknowledged_by": "ann", "restored_at": null, "resolve_at": null,
            "resolved_at": null, "ended_at": null, "resolution": null,
            "hold": {"reason": "awaiting_vendor", "since": 4, "until": null},
            "reopened": 1, "recurrence_of": 1, "merged_into": null, "rule": "databases",
            "timeline": {"lines": [
                {"at": 1, "by": {"name": "incidentd", "via": "rule"}, "action": "detected",
                 "text": "DiskFull began to fire"},
                {"at": 1, "by": {"name": "incidentd", "via": "rule"}, "action": "alert_joined",
                 "text": "ALR-7 joined"},
                {"at": 2, "by": {"name": "ann", "via": "api"}, "action": "alert_joined",
                 "text": "ALR-09 joined"},
                {"at": 4, "by": {"name": "ann", "via": "chat"}, "action": "acknowledge",
                 "text": "new → acknowledged"}
            ], "omitted": 3}
        }]]]"#;

    #[test]
    fn an_incident_stands_on_its_page_in_full_and_comes_back() {
        let page: Value = serde_json::from_str(PAGE).unwrap();
        let mut state = State::default();
        state.load_page("incidents", 0, PAGE.as_bytes()).unwrap();
        state.rebuild();
        let again = state.page("incidents", 0).unwrap();
        let again: (Option<u64>, Vec<(u64, StoredIncident)>) =
            rmp_serde::from_slice(&again).unwrap();
        assert_eq!(serde_json::to_value(again).unwrap(), page);
    }
}
