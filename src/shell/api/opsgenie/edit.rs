//! Changes of what an alert says: its source says the same alert again, in other words.

use serde_json::Value;

use super::create::check_priority;
use super::receipt::Action;
use super::show::tags;
use crate::domain::event::adapter::kind::opsgenie::meaning;
use crate::domain::event::{Ends, Event, Signal};
use crate::domain::value::Labels;
use crate::shell::api::own::Seen;
use crate::shell::intake::http::Intake;

/// The event that makes the change.
///
/// # Errors
/// Names the field that makes no sense, and says why.
pub(super) fn edit(
    action: Action,
    alert: &Seen,
    fields: &Value,
    query: &[(String, String)],
    intake: &Intake,
) -> Result<Event, (&'static str, String)> {
    let (mut labels, mut annotations) = (alert.labels.clone(), alert.annotations.clone());
    match action {
        Action::AddTags | Action::RemoveTags => {
            let named = names(&fields["tags"], query, "tags");
            if named.is_empty() {
                return Err(("tags", "names none".to_owned()));
            }
            let mut all = tags(alert);
            all.retain(|tag| !named.contains(tag));
            if action == Action::AddTags {
                all.extend(named);
            }
            annotations = annotations.with([("tags", all.join(", ").as_str())]);
        }
        Action::AddDetails => {
            let Some(details) = fields["details"].as_object().filter(|fields| !fields.is_empty())
            else {
                return Err(("details", "is no object with something in it".to_owned()));
            };
            let text =
                |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let pairs: Vec<(&str, String)> =
                details.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
            let pairs = pairs.iter().map(|(name, text)| (*name, text.as_str()));
            annotations = annotations.with(pairs);
        }
        Action::RemoveDetails => {
            let named = names(&fields["keys"], query, "keys");
            if named.is_empty() {
                return Err(("keys", "names none".to_owned()));
            }
            annotations = annotations.without(&named);
        }
        Action::UpdateMessage => {
            annotations = annotations.with([("summary", text(fields, "message")?.as_str())]);
        }
        Action::UpdateDescription => {
            annotations =
                annotations.with([("description", text(fields, "description")?.as_str())]);
        }
        Action::UpdatePriority => {
            let priority = text(fields, "priority")?;
            check_priority(&fields["priority"])?;
            if let Some(severity) = meaning(&priority) {
                labels = labels.with([("severity", severity.name())]);
            }
            annotations = annotations.with([("source_severity", priority.as_str())]);
        }
        Action::Create
        | Action::Close
        | Action::Delete
        | Action::Acknowledge
        | Action::UnAcknowledge
        | Action::AddNote
        | Action::Snooze
        | Action::Assign
        | Action::AddTeam
        | Action::AddResponder
        | Action::Escalate
        | Action::Custom => {}
    }
    let limits = &intake.limits.event;
    limits.check_annotations(&annotations, true).map_err(|why| ("alert", why))?;
    Ok(event(alert, labels, annotations, intake))
}

fn event(alert: &Seen, labels: Labels, annotations: Labels, intake: &Intake) -> Event {
    Event {
        source: std::sync::Arc::clone(&intake.name),
        signal: Signal::Firing,
        labels,
        annotations,
        url: alert.url.as_str().into(),
        key: alert.key.as_str().into(),
        starts_at: alert.starts_at,
        ends: Ends::Never,
    }
}

fn text(fields: &Value, name: &'static str) -> Result<String, (&'static str, String)> {
    let text = fields[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| (name, "is missing or blank".to_owned()))
}

/// Names in the body, or with commas between them in the query.
fn names(list: &Value, query: &[(String, String)], parameter: &str) -> Vec<String> {
    let body = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    let query = query.iter().filter(|(name, _)| name == parameter);
    let query = query.flat_map(|(_, names)| names.split(','));
    let all = body.chain(query).map(str::trim).filter(|name| !name.is_empty());
    all.map(str::to_owned).collect()
}
