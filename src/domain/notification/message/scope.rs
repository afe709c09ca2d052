//! What a template sees of a letter: Alertmanager's data, with the incident and the problem.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::letter::{AlertStatus, Letter, LetterAlert, LetterIncident, LetterProblem};
use crate::domain::template::Value;
use crate::domain::value::{Labels, Timestamp};

/// How text of the data is changed on its way into a template.
pub(super) type Escape = fn(&str) -> String;

/// A letter with the alerts that one integration shows of it.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    pub(super) letter: &'a Letter,
    pub(super) alerts: Vec<&'a LetterAlert>,
    /// How many alerts of the letter are left out for their number.
    pub(super) truncated: usize,
}

impl<'a> Scope<'a> {
    /// Takes what an integration shows: without `send_resolved` only what fires.
    pub(super) fn new(letter: &'a Letter, send_resolved: bool) -> Self {
        let fires = |alert: &&LetterAlert| alert.status == AlertStatus::Firing;
        // The end of everything is worth its alerts whatever the integration says.
        let all = send_resolved || !letter.alerts.iter().any(|alert| fires(&alert));
        let alerts = letter.alerts.iter().filter(|alert| all || fires(alert)).collect();
        Self { letter, alerts, truncated: 0 }
    }

    /// Leaves out all but the first alerts; 0 leaves out none.
    pub(super) fn truncate(mut self, alerts_max: u64) -> Self {
        let max = usize::try_from(alerts_max).unwrap_or(usize::MAX);
        if max > 0 && self.alerts.len() > max {
            self.truncated += self.alerts.len() - max;
            self.alerts.truncate(max);
        }
        self
    }

    /// The status of the whole group, also where what fires is among the alerts left out.
    pub(super) fn status(&self) -> AlertStatus {
        let fires = |alert: &LetterAlert| alert.status == AlertStatus::Firing;
        let open = |incident: &LetterIncident| incident.state.is_open();
        let empty = self.letter.alerts.is_empty();
        if self.letter.alerts.iter().any(fires)
            || empty && self.letter.incident.as_ref().is_some_and(open)
        {
            AlertStatus::Firing
        } else {
            AlertStatus::Resolved
        }
    }

    /// How many of the alerts shown fire.
    pub(super) fn firing(&self) -> usize {
        self.alerts.iter().filter(|alert| alert.status == AlertStatus::Firing).count()
    }

    /// The labels that all alerts shown have with the same value.
    pub(super) fn common_labels(&self) -> Labels {
        common(self.alerts.iter().map(|alert| &alert.labels))
    }

    /// The annotations that all alerts shown have with the same value.
    pub(super) fn common_annotations(&self) -> Labels {
        common(self.alerts.iter().map(|alert| &alert.annotations))
    }

    /// The value that templates are rendered with.
    pub(super) fn value(&self, escape: Escape) -> Value {
        let letter = self.letter;
        let text = |text: &str| Value::Text(escape(text).into());
        let labels = |labels: &Labels| kv(labels, escape);
        let alerts = self.alerts.iter().map(|alert| alert_value(alert, escape)).collect();
        map([
            ("Receiver", text(&quote_meta(&letter.receiver))),
            ("Status", text(self.status().name())),
            ("Alerts", Value::Alerts(Arc::new(alerts))),
            ("NotificationReason", text(&letter.reason)),
            ("GroupLabels", labels(&letter.group_labels)),
            ("CommonLabels", labels(&self.common_labels())),
            ("CommonAnnotations", labels(&self.common_annotations())),
            ("RouteLabels", labels(&letter.route_labels)),
            ("ExternalURL", text(&letter.external_url)),
            ("Incident", nil_or(letter.incident.as_ref(), |some| incident_value(some, escape))),
            ("Problem", nil_or(letter.problem.as_ref(), |some| problem_value(some, escape))),
            ("Delayed", nil_or(letter.delayed.as_ref(), |span| text(&span.to_string()))),
        ])
    }
}

/// Writes a receiver's name as Go's `regexp.QuoteMeta` does; links to alerts of a receiver need it,
/// because they take a pattern.
pub(super) fn quote_meta(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

pub(super) fn common<'a>(mut sets: impl Iterator<Item = &'a Labels>) -> Labels {
    let Some(first) = sets.next() else { return Labels::default() };
    let mut shared: Vec<(&str, &str)> = first.iter().collect();
    for labels in sets {
        shared.retain(|(name, value)| labels.get(name) == *value);
    }
    Labels::new(shared)
}

fn alert_value(alert: &LetterAlert, escape: Escape) -> Value {
    let text = |text: &str| Value::Text(escape(text).into());
    map([
        ("Status", text(alert.status.name())),
        ("Labels", kv(&alert.labels, escape)),
        ("Annotations", kv(&alert.annotations, escape)),
        ("StartsAt", Value::Time(alert.starts_at)),
        ("EndsAt", Value::Time(alert.ends_at.unwrap_or(Timestamp::GO_ZERO))),
        ("GeneratorURL", text(&alert.url)),
        ("Fingerprint", text(&alert.fingerprint.to_string())),
    ])
}

/// Fields of our own records bear the names that they have in the API.
fn incident_value(incident: &LetterIncident, escape: Escape) -> Value {
    let text = |text: &str| Value::Text(escape(text).into());
    let said = |said: &Option<String>| nil_or(said.as_ref(), |some| text(some));
    let time = |at: Option<Timestamp>| at.map_or(Value::Nil, Value::Time);
    let count = |count: usize| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
    map([
        ("id", text(&incident.id.to_string())),
        ("title", text(&incident.title)),
        ("state", text(incident.state.name())),
        ("event", text(&incident.event)),
        ("by", said(&incident.by)),
        ("priority", text(&incident.priority.to_string())),
        ("impact", Value::Int(incident.impact.into())),
        ("urgency", Value::Int(incident.urgency.into())),
        ("kind", text(kind_name(incident))),
        ("category", text(&incident.category)),
        ("team", text(&incident.team)),
        ("assignee", said(&incident.assignee)),
        ("url", text(&incident.url)),
        ("opened_at", Value::Time(incident.opened_at)),
        ("acknowledged_at", time(incident.acknowledged_at)),
        ("restored_at", time(incident.restored_at)),
        ("resolved_at", time(incident.resolved_at)),
        ("recurrence", said(&incident.recurrence)),
        ("alerts", count(incident.alerts)),
        ("firing", count(incident.firing)),
    ])
}

fn problem_value(problem: &LetterProblem, escape: Escape) -> Value {
    let text = |text: &str| Value::Text(escape(text).into());
    map([
        ("id", text(&problem.id.to_string())),
        ("title", text(&problem.title)),
        ("state", text(&problem.state)),
        ("workaround", nil_or(problem.workaround.as_ref(), |some| text(some))),
        ("url", text(&problem.url)),
    ])
}

/// The API's word for what an incident does to the service.
pub(super) fn kind_name(incident: &LetterIncident) -> &'static str {
    use crate::domain::incident::Kind;
    match incident.kind {
        Kind::Outage => "outage",
        Kind::Degradation => "degradation",
    }
}

pub(super) fn kv(labels: &Labels, escape: Escape) -> Value {
    let pairs = labels.iter().map(|(name, value)| (escape(name), escape(value)));
    Value::Kv(Arc::new(Labels::new(pairs)))
}

fn nil_or<T>(some: Option<&T>, value: impl FnOnce(&T) -> Value) -> Value {
    some.map_or(Value::Nil, value)
}

pub(super) fn map<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields: BTreeMap<String, Value> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Map(Arc::new(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_are_quoted_as_go_quotes_patterns() {
        for (name, quoted) in [
            ("web.hook", r"web\.hook"),
            ("db-mail", "db-mail"),
            ("a+b (c|d) [e]{1}^$?*", r"a\+b \(c\|d\) \[e\]\{1\}\^\$\?\*"),
            (r"back\slash", r"back\\slash"),
            ("#tag&~", "#tag&~"),
        ] {
            assert_eq!(quote_meta(name), quoted);
        }
    }

    #[test]
    fn only_what_all_alerts_agree_on_is_common() {
        let one = Labels::new([("job", "db"), ("zone", "a"), ("x", "1")]);
        let two = Labels::new([("job", "db"), ("zone", "b")]);
        assert_eq!(common([&one, &two].into_iter()), Labels::new([("job", "db")]));
        assert_eq!(common([&one].into_iter()), one);
        assert_eq!(common(std::iter::empty()), Labels::default());
    }
}
