//! Why an alert is where it is: what rules said, which incident it joined, who was told and who
//! was not, and what comes next.

pub mod payload;
pub mod routes;

use serde_json::{Value, json};

use super::event::{Alert, Phase, correlate};
use super::notification::route::GroupBy;
use super::notification::{Group, interval};
use super::stage::Stage;
use super::value::matcher::all_match;
use super::value::{AlertId, Labels, Timestamp};
use super::{Settings, State};

/// Inhibiting alerts that an explanation names.
const INHIBITORS_MAX: usize = 64;

/// Explains an alert as it stands at `now`; nothing if there is none of that id in memory.
pub fn alert(state: &State, settings: &Settings, id: &str, now: Timestamp) -> Option<Value> {
    let id: AlertId = id.parse().ok()?;
    let alert = state.event.alert(id)?;
    let labels = state.event.labels(alert);
    let mut rules = verdicts("enrich", &settings.events.enrich, &labels);
    rules.extend(verdicts("dedupe", &settings.events.dedupe, &labels));
    rules.extend(verdicts("flap", &settings.events.flap, &labels));
    rules.extend(verdicts("correlate", &settings.events.correlate, &labels));
    rules.extend(verdicts("incident", &settings.incidents.incident, &labels));
    Some(json!({
        "alert": id.to_string(),
        "labels": labels,
        "identity": alert.key.to_string(),
        "severity": alert.severity.name(),
        "standing": standing(state, settings, alert),
        "suppression": suppression(state, settings, alert.is_muted(), &labels),
        "rules": rules,
        "incident": incident(state, settings, id, alert),
        "shadow": correlate::shadows(settings, &labels),
        "notifications": notifications(state, settings, (id, &labels), now),
    }))
}

/// Each rule of a stage, in order, with whether it applies and the first matcher that says no.
fn verdicts<T>(name: &str, stage: &Stage<T>, labels: &Labels) -> Vec<Value> {
    let applied: Vec<&str> =
        stage.matching(labels).into_iter().map(|rule| rule.name.as_str()).collect();
    let rule = |rule: &super::stage::Rule<T>| {
        let fails =
            rule.matchers.iter().find(|matcher| !matcher.matches(labels.get(&matcher.name)));
        let verdict = match fails {
            Some(matcher) => {
                format!("no: {matcher} against {:?}", labels.get(&matcher.name))
            }
            None if applied.contains(&rule.name.as_str()) => "applied".to_owned(),
            None => "no: an earlier rule matched and did not say `continue`".to_owned(),
        };
        json!({ "stage": name, "rule": rule.name, "at": rule.place, "verdict": verdict })
    };
    stage.rules().iter().map(rule).collect()
}

fn standing(state: &State, settings: &Settings, alert: &Alert) -> Value {
    let lease = alert.ends().at().map(|at| at.max(state.event.grace_until()));
    match alert.phase() {
        Phase::Firing if alert.is_stale() => json!({
            "state": "stale",
            "why": "its lease ran out while its source was silent; silence is not recovery",
        }),
        Phase::Firing => json!({
            "state": if alert.is_flapping() { "flapping" } else { "firing" },
            "since": alert.starts_at.rfc3339(),
            "last_heard": alert.updated_at.rfc3339(),
            "lease_until": lease.map(Timestamp::rfc3339),
        }),
        Phase::Resolved { at, noted, by } => json!({
            "state": if alert.is_flapping() { "flapping" } else { "resolved" },
            "at": at.rfc3339(),
            "by": by,
            "same_alert_until": (noted + settings.defaults.refire_window).rfc3339(),
        }),
    }
}

/// What keeps people from hearing of the alert, whichever route it takes.
fn suppression(state: &State, settings: &Settings, by_source: bool, labels: &Labels) -> Value {
    let mut inhibitors: Vec<AlertId> =
        state.event.inhibitors_of(labels).take(INHIBITORS_MAX).collect();
    inhibitors.sort_unstable();
    inhibitors.dedup();
    let silences = state.silence.silencing(labels);
    let rules = settings.inhibitions.rules().iter();
    let rules = rules.filter(|rule| all_match(&rule.target, |name| labels.get(name)));
    json!({
        "by_source": by_source,
        "silenced_by": silences.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "inhibited_by": inhibitors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "target_of": rules.map(|rule| match rule.name.as_str() {
            "" => rule.place.clone(),
            name => format!("{name} ({})", rule.place),
        }).collect::<Vec<_>>(),
    })
}

fn incident(state: &State, settings: &Settings, id: AlertId, alert: &Alert) -> Value {
    let Some(correlation) = state.event.correlation(alert) else {
        return json!({
            "why_not": "severity `none`, or an event that only proves that its source is alive",
        });
    };
    let by = if correlation.rule.is_empty() { "the route's group_by" } else { "a correlate rule" };
    let Some(number) = state.incident.of_alert(id) else {
        return json!({
            "key": correlation.key, "by": by, "rule": correlation.rule,
            "why_not": if alert.is_submerged() {
                "it was suppressed when it began to fire, and still is"
            } else {
                "an incident rule drops it, or its incident has ended"
            },
        });
    };
    let Some(incident) = state.incident.get(number) else { return Value::Null };
    let terms = correlate::terms(settings, &correlation);
    let next = match (incident.course().pending_until, incident.course().resolve_at) {
        (Some(at), _) if !incident.status.is_open() => {
            Some(format!("becomes known at {at} if it lasts"))
        }
        (_, Some(at)) => Some(format!("resolves by itself at {at} unless an alert fires again")),
        _ if incident.course().restored_at.is_some() => {
            Some("waits for a person to resolve it".to_owned())
        }
        _ => None,
    };
    json!({
        "id": number.to_string(),
        "state": incident.status.name(),
        "key": correlation.key,
        "by": by,
        "rule": correlation.rule,
        "takes_in_alerts_for": if correlation.rule.is_empty() {
            "as long as it is open".to_owned()
        } else {
            format!("{} after the last one, {} at most", terms.window, terms.max_span)
        },
        "shaped_by": incident.shape().rule,
        "priority": format!(
            "{}: impact {} × urgency {}{}",
            incident.priority,
            incident.impact.level(),
            incident.urgency.level(),
            if incident.priority_fixed { ", fixed by a person or a rule" } else { "" },
        ),
        "next": next,
    })
}

fn notifications(
    state: &State,
    settings: &Settings,
    (id, labels): (AlertId, &Labels),
    now: Timestamp,
) -> Vec<Value> {
    let mut groups = state.notification.groups_of_alert(id);
    let incident = state.incident.of_alert(id);
    groups.extend(incident.iter().flat_map(|id| state.notification.groups_of_incident(*id)));
    let mut told: Vec<Value> =
        groups.iter().filter_map(|id| group(state, settings, *id, now)).collect();
    let known = incident.and_then(|id| state.incident.get(id));
    let facets = known.map(|incident| state.incident.facets(incident));
    for route in settings.routes.matching(facets.as_ref().unwrap_or(labels)) {
        let known = groups.iter().filter_map(|id| state.notification.group(*id));
        if known.into_iter().any(|group| group.route() == route.key) {
            continue;
        }
        let why = match route.group_by {
            GroupBy::Incident if incident.is_none() => {
                "the route speaks of incidents; this is none"
            }
            GroupBy::Incident => "the incident is not known to people yet, or has ended",
            GroupBy::Labels(_) | GroupBy::All => "what there was to tell has been told",
        };
        told.push(json!({ "route": route.key, "receiver": route.receiver, "why_not": why }));
    }
    told
}

fn group(
    state: &State,
    settings: &Settings,
    id: super::value::GroupId,
    now: Timestamp,
) -> Option<Value> {
    let group = state.notification.group(id)?;
    let channels = settings.receivers.get(group.receiver());
    let integrations = channels.map_or(0, |receiver| receiver.integrations.len());
    let told: Vec<Value> = group
        .told()
        .map(|(channel, told)| {
            let name = state.notification.channel(channel).map(|channel| channel.name.clone());
            json!({ "channel": name, "at": told.at.rfc3339() })
        })
        .collect();
    let waiting: Vec<Value> = group_deliveries(state, id);
    let why_not = match (integrations, told.is_empty() && waiting.is_empty()) {
        (0, _) => Some("the receiver has no integration".to_owned()),
        (_, true) if !group.ticked => Some(format!("group_wait ends at {}", group.base)),
        (_, true) => Some("nothing to tell yet".to_owned()),
        (_, false) => None,
    };
    Some(json!({
        "group": state.notification.key(group),
        "receiver": group.receiver(),
        "told": told,
        "waiting": waiting,
        "muted_by": muted_by(settings, group, now),
        "why_not": why_not,
    }))
}

/// The intervals that mute the group's route.
fn muted_by(settings: &Settings, group: &Group, now: Timestamp) -> Vec<String> {
    let mut routes = settings.routes.nodes().iter();
    let route = routes.find(|route| group.is_of(route));
    let mute = route.and_then(|route| interval::mute(settings, route, now));
    mute.map_or_else(Vec::new, |mute| mute.names)
}

fn group_deliveries(state: &State, id: super::value::GroupId) -> Vec<Value> {
    let of_group = state.notification.deliveries().filter(|(_, delivery)| delivery.group == id);
    of_group
        .map(|(id, delivery)| {
            json!({
                "delivery": id.to_string(),
                "reason": delivery.says.verdict.reason(),
                "attempts": delivery.attempts,
                "next_attempt": delivery.retry_at.map(Timestamp::rfc3339),
                "error": delivery.error,
            })
        })
        .collect()
}
