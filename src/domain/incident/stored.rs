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
        Self {
            status: incident.status,
            kind,
            title: state.title(incident),
            category,
            team,
            impact: incident.impact,
            urgency: incident.urgency,
            priority: incident.priority,
            priority_fixed: incident.priority_fixed,
            severity: incident.severity,
            correlation: state.correlation(incident),
            window,
            max_span,
            threshold,
            distinct_names,
            labels: state.labels(incident),
            annotations: state.annotations(incident),
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
