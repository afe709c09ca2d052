//! The stages enrich, dedupe, flap and correlate.

use super::count;
use crate::config::check::Check;
use crate::config::node::Node;
use crate::domain::event::rules::{Correlate, CreateOn, Dedupe, Enrich, Flap, Mode};
use crate::domain::value::Span;

const WINDOW: Span = Span::minutes(15);
const MAX_SPAN: Span = Span::hours(4);

/// More changes than this are not remembered of an alert.
const TRANSITIONS_MAX: u64 = 32;

pub(super) fn enrich(check: &mut Check, node: &Node) -> Option<Enrich> {
    let Some(labels) = node.get("set") else {
        check.error(node.place, "an enrich rule needs `set`: labels with their values");
        return None;
    };
    let mut set = Vec::new();
    for (label, value) in labels.entries() {
        set.push((label.name.clone(), check.template(value)?));
    }
    Some(Enrich { set })
}

pub(super) fn dedupe(check: &mut Check, node: &Node) -> Option<Dedupe> {
    if ["identity", "drop_labels", "same_as"].iter().all(|key| node.get(key).is_none()) {
        check.error(node.place, "a dedupe rule needs `identity`, `drop_labels` or `same_as`");
        return None;
    }
    Some(Dedupe {
        identity: node.texts_at("identity"),
        drop_labels: node.texts_at("drop_labels"),
        same_as: node.text_at("same_as").map(str::to_owned),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "every stage reads its rules through one signature")]
pub(super) fn flap(check: &mut Check, node: &Node) -> Option<Flap> {
    let otherwise = Flap::default();
    let transitions = count(check, node, "transitions", 2);
    if let Some(value) = node.get("transitions")
        && transitions.is_some_and(|transitions| transitions > TRANSITIONS_MAX)
    {
        check.error(value.place, format!("`transitions` can be {TRANSITIONS_MAX} at most"));
    }
    let transitions = transitions.and_then(|number| usize::try_from(number).ok());
    Some(Flap {
        transitions: transitions.unwrap_or(otherwise.transitions),
        within: node.span_at("within").unwrap_or(otherwise.within),
        quiet: node.span_at("quiet").unwrap_or(otherwise.quiet),
    })
}

pub(super) fn correlate(check: &mut Check, node: &Node) -> Option<Correlate> {
    let by = node.texts_at("by");
    if by.is_empty() {
        check.error(node.place, "a correlate rule needs `by`: labels whose values must be equal");
        return None;
    }
    let window = node.span_at("window").unwrap_or(WINDOW);
    let max_span = node.span_at("max_span").unwrap_or(MAX_SPAN.max(window));
    if max_span < window {
        let place = node.get("max_span").map_or(node.place, |span| span.place);
        check.error(place, format!("`max_span` must not be shorter than `window` ({window})"));
    }
    Some(Correlate {
        by,
        window,
        max_span,
        threshold: count(check, node, "threshold", 1).unwrap_or(1),
        create_on: match node.text_at("create_on") {
            Some("all") => CreateOn::All,
            Some(_) | None => CreateOn::Any,
        },
        mode: match node.text_at("mode") {
            Some("shadow") => Mode::Shadow,
            Some("disabled") => Mode::Disabled,
            Some(_) | None => Mode::Active,
        },
    })
}
