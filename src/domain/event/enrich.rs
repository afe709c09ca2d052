//! Enrichment: labels that rules lay over those that a source sent.

use super::message::Event;
use crate::domain::Settings;
use crate::domain::template::Value;
use crate::domain::value::{Labels, Timestamp};

/// The labels that the enrich rules add to an event. A template that fails adds nothing: the alert
/// matters more than its ornament.
pub(crate) fn set(settings: &Settings, event: &Event, now: Timestamp) -> Labels {
    let rules = settings.events.enrich.matching(&event.labels);
    if rules.is_empty() {
        return Labels::default();
    }
    let mut set = Labels::default();
    for rule in rules {
        let data = sight(&event.source, &event.labels.with(set.iter()), &event.annotations);
        let rendered: Vec<(&str, String)> = rule
            .body
            .set
            .iter()
            .filter_map(|(name, template)| {
                let value = settings.templates.text(template, &data, now).ok()?;
                Some((name.as_str(), value.trim().to_owned()))
            })
            .collect();
        set = set.with(rendered.iter().map(|(name, value)| (*name, value.as_str())));
    }
    set
}

/// What a template of a rule can look at: `.Labels`, `.Annotations`, `.Source`.
pub(crate) fn sight(source: &str, labels: &Labels, annotations: &Labels) -> Value {
    let fields = [
        ("Annotations", Value::Kv(annotations.clone().into())),
        ("Labels", Value::Kv(labels.clone().into())),
        ("Source", Value::Text(source.into())),
    ];
    Value::Map(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<std::collections::BTreeMap<_, _>>()
            .into(),
    )
}
