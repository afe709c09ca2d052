//! The span of an attempt to deliver something. Names are Alertmanager's, as far as it has them.

use super::{Class, Report};
use crate::domain::notification::message::Letter;
use crate::shell::tracer::{ActiveSpan, SpanContext, Tracer};

/// What Alertmanager calls an attempt.
const NAME: &str = "notify.Integration.Notify";

/// Begins the span of an attempt; nothing where none are made.
pub fn begin(
    tracer: &Tracer,
    parent: Option<SpanContext>,
    letter: &Letter,
    kind: &'static str,
) -> Option<ActiveSpan> {
    let mut span = tracer.client(parent, NAME)?;
    if span.is_recording() {
        span.text("alerting.notify.integration.name", kind);
        span.text("alerting.notify.receiver.name", &letter.receiver);
        span.text("alerting.group.key", &letter.group_key);
        span.whole("alerting.alerts.count", letter.alerts.len());
        span.text("alerting.notify.reason", &letter.reason);
        span.text("incidentd.delivery", &letter.delivery.to_string());
        span.whole("incidentd.attempt", letter.attempt as usize);
        if let Some(incident) = &letter.incident {
            span.text("incidentd.incident", &incident.id.to_string());
        }
    }
    Some(span)
}

/// Notes what became of it.
pub fn end(span: &mut ActiveSpan, report: &Report) {
    let result = match report {
        Report::Delivered { .. } => "delivered",
        Report::Failed { class: Class::Retry { .. }, .. } => "failed",
        Report::Failed { class: Class::Permanent, .. } => "refused",
    };
    span.text("incidentd.result", result);
    if let Report::Failed { why, reason, .. } = report {
        span.text("error.type", reason.name());
        span.fail(why);
    }
}
