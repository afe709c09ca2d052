//! How messages on their way are shown.

use serde_json::{Value, json};

use super::Command;
use super::state::Delivery;
use crate::domain::value::{DeliveryId, Timestamp};
use crate::domain::view::{Column, Fields, Invalid, Kind, List, Manual, Query, optional};
use crate::domain::{self, Settings};

/// What people can see.
pub const MANUAL: Manual = Manual {
    name: "notification",
    plural: "notifications",
    title: "Notifications",
    about: "Messages that have been decided and have not reached their receiver yet",
    columns: &[
        Column { title: "ID", pointer: "/id" },
        Column { title: "STATE", pointer: "/state" },
        Column { title: "CHANNEL", pointer: "/channel" },
        Column { title: "INCIDENT", pointer: "/incident" },
        Column { title: "REASON", pointer: "/reason" },
        Column { title: "ATTEMPTS", pointer: "/attempts" },
        Column { title: "NEXT", pointer: "/retry_at" },
        Column { title: "ERROR", pointer: "/error" },
    ],
    filters: &[
        optional("channel", "receiver/kind[index]", Kind::Text),
        optional("incident", "the incident it speaks of", Kind::Text),
    ],
    make: None,
    verbs: &[],
    records: true,
};

pub(crate) fn list(state: &domain::State, _: &Settings, query: &Query) -> List {
    query.page(state.notification.deliveries(), |id, delivery| {
        let record = record(state, id, delivery);
        let is =
            |name: &str| query.filter(name).is_none_or(|want| record[name].as_str() == Some(want));
        (is("channel") && is("incident")).then_some(record)
    })
}

pub(crate) fn show(state: &domain::State, _: &Settings, id: &str) -> Option<Value> {
    let id: DeliveryId = id.parse().ok()?;
    Some(record(state, id, state.notification.delivery(id)?))
}

pub(crate) fn parse(verb: &str, _: &str, _: &Fields) -> Result<Command, Invalid> {
    Err(Invalid::new(verb, "notifications take no commands"))
}

fn record(state: &domain::State, id: DeliveryId, delivery: &Delivery) -> Value {
    let channel = state.notification.channel(delivery.channel);
    let group = state.notification.group(delivery.group);
    let standing = match delivery.retry_at {
        None => "in_flight",
        Some(_) if channel.is_some_and(|channel| channel.open) => "held",
        Some(_) => "waiting",
    };
    json!({
        "id": id.to_string(),
        "state": standing,
        "channel": channel.map(|channel| &channel.name),
        "group": group.map(|group| state.notification.key(group)),
        "incident": group.and_then(super::Group::incident).map(|id| id.to_string()),
        "reason": delivery.says.verdict.reason(),
        "queued_at": delivery.queued_at.rfc3339(),
        "attempts": delivery.attempts,
        "retry_at": delivery.retry_at.map(Timestamp::rfc3339),
        "error": delivery.error,
    })
}
