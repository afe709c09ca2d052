//! Where an alert with given labels would go: every route that was looked at, whether it takes the
//! alert and why not, and when its receiver would hear of it.

use serde_json::{Value, json};

use crate::domain::notification::route::{GroupBy, Route};
use crate::domain::value::{GroupId, Labels, Timestamp};
use crate::domain::{Settings, State};

/// The routing tree as it stands, root first, children inside.
pub fn tree(settings: &Settings) -> Value {
    settings.routes.nodes().first().map_or(Value::Null, |root| node(settings, root))
}

/// The receivers that would hear of an alert with these labels, in the order of their routes, as
/// `amtool config routes test` names them.
pub fn receivers(settings: &Settings, labels: &Labels) -> Vec<String> {
    let routes = settings.routes.matching(labels);
    routes.into_iter().map(|route| route.receiver.clone()).collect()
}

/// Everything that is decided about an alert with these labels on its way to people.
pub fn labels(state: &State, settings: &Settings, labels: &Labels, now: Timestamp) -> Value {
    let taking: Vec<usize> =
        settings.routes.matching(labels).into_iter().map(|route| route.index).collect();
    let mut looked_at = Vec::new();
    if let Some(root) = settings.routes.nodes().first() {
        descend(settings, root, labels, &taking, &mut looked_at);
    }
    let told: Vec<Value> = taking
        .iter()
        .map(|index| told(state, settings, &settings.routes.nodes()[*index], labels, now))
        .collect();
    json!({ "labels": labels, "routes": looked_at, "notifications": told })
}

fn node(settings: &Settings, route: &Route) -> Value {
    let children = route.children.iter().map(|child| &settings.routes.nodes()[*child]);
    json!({
        "route": route.key,
        "matchers": route.matchers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "receiver": route.receiver,
        "continue": route.goes_on,
        "group_by": group_by(route),
        "group_wait": route.group_wait.to_string(),
        "group_interval": route.group_interval.to_string(),
        "repeat_interval": route.repeat_interval.to_string(),
        "mute_time_intervals": route.mute_time_intervals,
        "active_time_intervals": route.active_time_intervals,
        "routes": children.map(|child| node(settings, child)).collect::<Vec<_>>(),
    })
}

fn group_by(route: &Route) -> Vec<String> {
    match &route.group_by {
        GroupBy::Labels(names) => names.clone(),
        GroupBy::All => vec!["...".to_owned()],
        GroupBy::Incident => vec!["incident".to_owned()],
    }
}

/// Walks the tree as an alert does, and notes every route on the way.
fn descend(
    settings: &Settings,
    route: &Route,
    labels: &Labels,
    taking: &[usize],
    looked_at: &mut Vec<Value>,
) -> bool {
    let fails = route.matchers.iter().find(|matcher| !matcher.matches(labels.get(&matcher.name)));
    let place = looked_at.len();
    looked_at.push(Value::Null);
    let mut taken_below = false;
    let mut closed_by = None;
    if fails.is_none() {
        for child in &route.children {
            let child = &settings.routes.nodes()[*child];
            if let Some(sibling) = &closed_by {
                let why = format!("no: {sibling} takes it before and does not say `continue`");
                looked_at.push(verdict(child, &why));
                continue;
            }
            let taken = descend(settings, child, labels, taking, looked_at);
            taken_below |= taken;
            if taken && !child.goes_on {
                closed_by = Some(child.key.clone());
            }
        }
    }
    let why = match fails {
        Some(matcher) => format!("no: {matcher} against {:?}", labels.get(&matcher.name)),
        None if taking.contains(&route.index) => "takes it".to_owned(),
        None => "passes it on to a route below".to_owned(),
    };
    looked_at[place] = verdict(route, &why);
    fails.is_none() || taken_below
}

fn verdict(route: &Route, why: &str) -> Value {
    json!({ "route": route.key, "receiver": route.receiver, "verdict": why })
}

/// Who hears of it through a route, and when.
fn told(
    state: &State,
    settings: &Settings,
    route: &Route,
    labels: &Labels,
    now: Timestamp,
) -> Value {
    let common = match &route.group_by {
        GroupBy::Labels(names) => Some(labels.only(names)),
        GroupBy::All => Some(labels.clone()),
        GroupBy::Incident => None,
    };
    let group = common.as_ref().and_then(|common| {
        let pairs: Vec<_> = common.iter().collect();
        state.notification.group_of(route, &pairs)
    });
    let receiver = settings.receivers.get(&route.receiver);
    let channels: Vec<Value> = receiver
        .into_iter()
        .flat_map(|receiver| &receiver.integrations)
        .map(|one| {
            let name = format!("{}[{}]", one.kind.name(), one.index);
            json!({ "integration": name, "send_resolved": one.send_resolved })
        })
        .collect();
    let why_not = match (&route.group_by, channels.is_empty()) {
        (_, true) => Some("the receiver has no integration"),
        (GroupBy::Incident, false) => Some("told with its incident, once it has one"),
        (GroupBy::Labels(_) | GroupBy::All, false) => None,
    };
    json!({
        "route": route.key,
        "receiver": route.receiver,
        "group": common,
        "when": when(state, route, group, now),
        "through": channels,
        "why_not": why_not,
    })
}

fn when(state: &State, route: &Route, group: Option<GroupId>, now: Timestamp) -> String {
    let Some(group) = group.and_then(|id| state.notification.group(id)) else {
        return format!("{} after it fires: a new group (group_wait)", route.group_wait);
    };
    if !group.ticked {
        return format!("at {}: the group waits for its first message", group.base.max(now));
    }
    let interval = route.group_interval.0.max(1);
    let ticks = now.since(group.base).0 / interval + 1;
    let next = group.base + crate::domain::value::Span(ticks.saturating_mul(interval));
    format!("at {next}: the group's next message (group_interval {})", route.group_interval)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notification::route::Routes;
    use crate::domain::value::matcher::{ParseMode, parse_all};
    use crate::domain::value::{Matchers, Span};

    fn route(index: usize, matchers: &str, goes_on: bool, children: Vec<usize>) -> Route {
        let matchers = match matchers {
            "" => Matchers::new(),
            text => parse_all(text, ParseMode::Fallback).unwrap(),
        };
        Route {
            index,
            key: format!("R{index}"),
            receiver: format!("r{index}"),
            group_by: GroupBy::Labels(vec!["alertname".to_owned()]),
            matchers,
            goes_on,
            group_wait: Span::seconds(30),
            group_interval: Span::minutes(5),
            repeat_interval: Span::hours(4),
            mute_time_intervals: Vec::new(),
            active_time_intervals: Vec::new(),
            labels: Vec::new(),
            children,
        }
    }

    #[test]
    fn every_route_says_why_it_takes_an_alert_or_why_not() {
        let routes = Routes::new(vec![
            route(0, "", false, vec![1, 3, 4]),
            route(1, "team=\"db\"", true, vec![2]),
            route(2, "severity=\"critical\"", false, vec![]),
            route(3, "severity=~\"warn.*\"", false, vec![]),
            route(4, "team=\"db\"", false, vec![]),
        ]);
        let settings = Settings { routes, ..Settings::default() };
        let state = State::default();
        let check = |pairs: &[(&str, &str)], expected: &[&str], told: &[&str]| {
            let set = Labels::new(pairs.iter().copied());
            let explained = labels(&state, &settings, &set, Timestamp(0));
            let said: Vec<String> = explained["routes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| {
                    format!(
                        "{} {}",
                        one["route"].as_str().unwrap(),
                        one["verdict"].as_str().unwrap()
                    )
                })
                .collect();
            assert_eq!(said, expected);
            assert_eq!(receivers(&settings, &set), told);
        };
        check(
            &[("team", "db"), ("severity", "warning")],
            &[
                "R0 passes it on to a route below",
                "R1 takes it",
                "R2 no: severity=\"critical\" against \"warning\"",
                "R3 takes it",
                "R4 no: R3 takes it before and does not say `continue`",
            ],
            &["r1", "r3"],
        );
        check(
            &[("team", "web")],
            &[
                "R0 takes it",
                "R1 no: team=\"db\" against \"web\"",
                "R3 no: severity=~\"warn.*\" against \"\"",
                "R4 no: team=\"db\" against \"web\"",
            ],
            &["r0"],
        );
    }
}
