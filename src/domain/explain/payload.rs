//! What a body would become: read as its source is read, and followed on its way to people without
//! anything being taken in.

use serde_json::{Value, json};

use super::{routes, suppression, verdicts};
use crate::domain::deployment::Notice;
use crate::domain::event::adapter::{self, Context, Kind, Read};
use crate::domain::event::{
    self, Ends, Event, Heartbeat, Phase, Remark, Signal, correlate, enrich,
};
use crate::domain::value::{Labels, Timestamp};
use crate::domain::{Settings, State};

/// Events of one body that are followed; the others are counted.
const EVENTS_MAX: usize = 50;

/// Reads a body as a source of this kind does, and tells of each thing in it what would become of
/// it as things stand.
pub fn payload(
    state: &State,
    settings: &Settings,
    kind: &Kind,
    body: &[u8],
    context: &Context,
) -> Value {
    let recognised = match kind {
        Kind::Auto => adapter::detect(body, context.head).map(|adapter| adapter.name),
        _ => Some(kind.name()),
    };
    let mut told = json!({
        "source": &**context.source,
        "type": kind.name(),
        "recognised": recognised,
        "bytes": body.len(),
    });
    let read = match adapter::read(kind, body, context) {
        Ok(read) => read,
        Err(unreadable) => {
            told["unreadable"] = json!({
                "status": unreadable.status(),
                "why": unreadable.to_string(),
            });
            return told;
        }
    };
    let Read { events, remarks, heartbeats, deployments, delivery, counted, rejected, notes } =
        &read;
    let followed = events.iter().take(EVENTS_MAX);
    let followed: Vec<Value> =
        followed.map(|event| follow(state, settings, event, context.now)).collect();
    told["delivery"] = json!(delivery);
    told["counted"] = json!(counted);
    told["events"] = json!(followed);
    told["events_left_out"] = json!(events.len().saturating_sub(EVENTS_MAX));
    told["remarks"] = remarks.iter().map(remark).collect();
    told["heartbeats"] = heartbeats.iter().map(heartbeat).collect();
    told["deployments"] = deployments.iter().map(deployment).collect();
    let rejected = rejected.iter().map(|one| json!({ "at": one.at, "why": one.why }));
    told["rejected"] = rejected.collect();
    let notes = notes.iter().map(|note| json!({ "at": note.at, "what": note.what }));
    told["notes"] = notes.collect();
    told
}

/// What would become of one event.
fn follow(state: &State, settings: &Settings, event: &Event, now: Timestamp) -> Value {
    let set = enrich::set(settings, event, now);
    let labels = event.labels.with(set.iter());
    let severity = settings.severity_of(&event.source, labels.get("severity"));
    let identity = event::identity(settings, event);
    let mut rules = verdicts("enrich", &settings.events.enrich, &event.labels);
    rules.extend(verdicts("dedupe", &settings.events.dedupe, &event.labels));
    rules.extend(verdicts("flap", &settings.events.flap, &labels));
    rules.extend(verdicts("correlate", &settings.events.correlate, &labels));
    rules.extend(verdicts("incident", &settings.incidents.incident, &labels));
    let until = match event.ends {
        Ends::At(at) => at.rfc3339(),
        Ends::Timeout(at) => format!("{} unless it is repeated", at.rfc3339()),
        Ends::Never => "the source says that it is over".to_owned(),
    };
    let mut told = json!({
        "signal": signal(event.signal),
        "labels": event.labels,
        "laid_over": set,
        "annotations": event.annotations,
        "severity": severity.name(),
        "key": event.key,
        "identity": identity.to_string(),
        "identity_by": identity_by(settings, event),
        "url": event.url,
        "since": event.starts_at.rfc3339(),
        "until": until,
        "becomes": becomes(state, settings, event, now),
        "rules": rules,
    });
    if event.signal == Signal::Firing {
        let muted = state.event.by_key(identity).is_some_and(|(_, alert)| alert.is_muted());
        told["suppression"] = suppression(state, settings, muted, &labels);
        let routes = settings.routes.places(&labels);
        let correlation = correlate::correlate(settings, &event.source, &labels, severity, &routes);
        told["incident"] = match correlation {
            None => json!({
                "why_not": "severity `none`, or an event that only proves that its source is alive",
            }),
            Some(correlation) if correlation.rule.is_empty() => {
                json!({ "key": correlation.key, "by": "the route's group_by" })
            }
            Some(correlation) => json!({
                "key": correlation.key, "by": "a correlate rule", "rule": correlation.rule,
            }),
        };
        let routed = routes::labels(state, settings, &labels, now);
        told["routes"] = routed["routes"].clone();
        told["notifications"] = routed["notifications"].clone();
    }
    told
}

fn signal(signal: Signal) -> &'static str {
    match signal {
        Signal::Firing => "firing",
        Signal::Resolved => "resolved",
    }
}

fn identity_by(settings: &Settings, event: &Event) -> String {
    if let Some(rule) = settings.events.dedupe.matching(&event.labels).first() {
        return format!("the dedupe rule `{}`", rule.name);
    }
    let source = settings.sources.get(&*event.source);
    let dropped = source.map_or(&[][..], |source| &source.drop_labels);
    match (event.key.is_empty(), dropped) {
        (false, _) => "the source's own key".to_owned(),
        (true, []) => "all labels".to_owned(),
        (true, dropped) => format!("all labels but {}", dropped.join(", ")),
    }
}

/// What the event means to an alert of its identity, as things stand.
fn becomes(state: &State, settings: &Settings, event: &Event, now: Timestamp) -> String {
    let known = state.event.by_key(event::identity(settings, event));
    let Some((id, alert)) = known else {
        return match event.signal {
            Signal::Firing => "a new alert".to_owned(),
            Signal::Resolved => "nothing: no alert of this identity is known".to_owned(),
        };
    };
    match (event.signal, alert.phase()) {
        (Signal::Firing, Phase::Firing) => format!("a repeat of {id}"),
        (Signal::Firing, Phase::Resolved { noted, .. })
            if now.since(noted) > settings.defaults.refire_window =>
        {
            format!("a new alert; {id} was before it")
        }
        (Signal::Firing, Phase::Resolved { .. }) => format!("{id}, which fires again"),
        (Signal::Resolved, Phase::Firing) => format!("the end of {id}"),
        (Signal::Resolved, Phase::Resolved { .. }) => format!("nothing: {id} has ended already"),
    }
}

fn remark(remark: &Remark) -> Value {
    json!({
        "saying": format!("{:?}", remark.saying).to_lowercase(),
        "key": remark.key,
        "labels": remark.labels,
        "by": remark.author,
        "says": remark.text,
    })
}

fn heartbeat(beat: &Heartbeat) -> Value {
    let within = beat.within.map(|within| within.to_string());
    json!({ "name": beat.name, "within": within, "labels": beat.labels })
}

fn deployment(notice: &Notice) -> Value {
    let labels: &Labels = &notice.labels;
    json!({
        "status": notice.status.name(),
        "service": notice.service,
        "environment": notice.environment,
        "version": notice.version,
        "by": notice.actor,
        "says": notice.summary,
        "url": notice.url,
        "key": notice.key,
        "at": notice.at.rfc3339(),
        "labels": labels,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::event::adapter::Limits;

    #[test]
    fn a_body_that_makes_no_sense_says_why() {
        let (state, settings) = (State::default(), Settings::default());
        let (source, limits) = (Arc::from("src"), Limits::default());
        let context = Context::new(&source, Timestamp(0), &limits);
        let told = payload(&state, &settings, &Kind::Auto, b"hello", &context);
        assert_eq!(told["recognised"], Value::Null);
        assert_eq!(told["unreadable"]["status"], 400);
        assert!(told.get("events").is_none());
    }
}
