//! Correlation: which incident an alert belongs to.

use super::SELF;
use super::fact::Correlation;
use super::rules::{Correlate, CreateOn, Mode};
use crate::domain::Settings;
use crate::domain::notification::route::GroupBy;
use crate::domain::stage::Rule;
use crate::domain::value::{Labels, Severity, Span, show_pairs};

/// Labels that make an incident's key where neither a rule nor a route says which.
const BY_DEFAULT: [&str; 3] = ["alertname", "cluster", "service"];

/// What most monitoring mixins call the alert that always fires.
const WATCHDOG: &str = "Watchdog";

/// How long alerts of one condition from several sources are taken for one incident.
const SAME_AS_WINDOW: Span = Span::minutes(10);

/// The incident an alert belongs to; nothing for what is no interruption: a severity of `none`, or
/// an event that only proves that its source is alive. A plain `alertmanager.yml` has no word for
/// the latter, so there the usual name of such an alert counts.
///
/// The first active rule that matches decides; without one, each mail to a help desk stands alone,
/// and else the `group_by` of the alert's first route counts, so that a plain `alertmanager.yml`
/// makes one incident per aggregation group. `routes` are the places of those that take the alert.
pub(crate) fn correlate(
    settings: &Settings,
    source: &str,
    labels: &Labels,
    severity: Severity,
    routes: &[usize],
) -> Option<Correlation> {
    let watchdog = settings.bare && labels.get("alertname") == WATCHDOG;
    if severity == Severity::None || watchdog || proves_life(settings, source, labels) {
        return None;
    }
    if source == SELF {
        let by = ["alertname", "channel"].map(str::to_owned);
        return Some(Correlation { rule: String::new(), key: show_pairs(&labels.among(&by)) });
    }
    if let Some(condition) = same_as(settings, labels) {
        return Some(condition);
    }
    if let Some(rule) = rule(settings, labels, Mode::Active) {
        return Some(key_of(rule, labels));
    }
    // Whoever is answered with a number gets one of their own: requests of strangers are not one
    // interruption because they came the same way.
    if settings.sources.get(source).is_some_and(|source| source.auto_reply.is_some()) {
        return Some(Correlation { rule: String::new(), key: labels.to_string() });
    }
    let first = routes.first().and_then(|place| settings.routes.nodes().get(*place));
    let key = match first.map(|route| &route.group_by) {
        Some(GroupBy::Labels(by)) => show_pairs(&labels.among(by)),
        Some(GroupBy::All) => labels.to_string(),
        Some(GroupBy::Incident) | None => show_pairs(&labels.among(&BY_DEFAULT.map(str::to_owned))),
    };
    Some(Correlation { rule: String::new(), key })
}

/// What a rule that only watches would have said.
pub(crate) fn shadows(settings: &Settings, labels: &Labels) -> Vec<Correlation> {
    let rules = settings.events.correlate.matching(labels).into_iter();
    rules.filter(|rule| rule.body.mode == Mode::Shadow).map(|rule| key_of(rule, labels)).collect()
}

/// How an incident of this correlation takes in alerts.
pub(crate) fn terms(settings: &Settings, correlation: &Correlation) -> Correlate {
    let named = |rule: &&Rule<Correlate>| rule.name == correlation.rule;
    if let Some(rule) = settings.events.correlate.rules().iter().find(named) {
        return rule.body.clone();
    }
    let same_as = correlation.rule.starts_with(SAME_AS);
    Correlate {
        by: Vec::new(),
        // An aggregation group lives as long as its alerts do.
        window: if same_as { SAME_AS_WINDOW } else { Span::days(36_500) },
        max_span: if same_as { Span::hours(4) } else { Span::days(36_500) },
        threshold: 1,
        create_on: CreateOn::Any,
        mode: Mode::Active,
    }
}

const SAME_AS: &str = "same_as ";

fn same_as(settings: &Settings, labels: &Labels) -> Option<Correlation> {
    let rules = settings.events.dedupe.matching(labels);
    let condition = rules.iter().find_map(|rule| rule.body.same_as.as_ref())?;
    let ci = ["ci", "host", "instance"].into_iter().find(|name| !labels.get(name).is_empty())?;
    // `db01.corp:9100` and `DB01` are one host.
    let host = labels.get(ci).split([':', '.']).next().unwrap_or_default().to_lowercase();
    Some(Correlation { rule: format!("{SAME_AS}{condition}"), key: format!("{{ci={host:?}}}") })
}

fn rule<'a>(settings: &'a Settings, labels: &Labels, mode: Mode) -> Option<&'a Rule<Correlate>> {
    settings.events.correlate.matching(labels).into_iter().find(|rule| rule.body.mode == mode)
}

fn key_of(rule: &Rule<Correlate>, labels: &Labels) -> Correlation {
    Correlation { rule: rule.name.clone(), key: show_pairs(&labels.among(&rule.body.by)) }
}

fn proves_life(settings: &Settings, source: &str, labels: &Labels) -> bool {
    let deadman = settings.sources.get(source).and_then(|source| source.deadman.as_ref());
    deadman.is_some_and(|deadman| {
        let holds = |m: &crate::domain::value::Matcher| m.matches(labels.get(&m.name));
        !deadman.matchers.is_empty() && deadman.matchers.iter().all(holds)
    })
}
