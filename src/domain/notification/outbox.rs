//! The outbox: messages from their decision to their delivery, through retries and outages.
//!
//! ```text
//!             ┌────────── failed ───────────┐
//!   queued ─▶ in flight ─▶ delivered        ▼
//!     │          ▲  └────▶ refused       waiting ─▶ obsolete
//!     └─ held ───┴────────── retry ─────────┘
//! ```
//!
//! A message leaves the outbox with the report of its delivery. What it says is decided anew for
//! every attempt: after an outage people read how things stand, not how they stood. A channel that
//! fails several times in a row makes its messages wait and gets a probe now and then.

use super::correspondence::{self, is_reply};
use super::fact::{Abandonment, Fact, Says};
use super::receiver::Integration;
use super::stand::Stand;
use super::verdict::Verdict;
use super::{Deadline, Outcome, group};
use crate::domain::Turn;
use crate::domain::event::{self, Signal};
use crate::domain::value::{ChannelId, DeliveryId, Fingerprint, GroupId, Span};

/// The first wait after a failure; each further one doubles it.
const RETRY_FIRST: Span = Span::seconds(5);

/// The longest wait between attempts.
const RETRY_LONGEST: Span = Span::seconds(300);

/// The longest wait that a receiver can ask for with `Retry-After`.
const RETRY_AFTER_LONGEST: Span = Span::hours(1);

/// Failures in a row after which a channel gets only probes.
const FAILURES_MAX: u32 = 5;

/// How often a failing channel is probed.
const PROBE_EVERY: Span = Span::minutes(1);

/// The number of an integration's channel; a new one gets its number here.
pub(super) fn channel(turn: &mut Turn, receiver: &str, integration: &Integration) -> ChannelId {
    let name = channel_name(receiver, integration);
    if let Some(id) = turn.state().notification.channel_named(&name) {
        return id;
    }
    let id = turn.state().notification.next_channel();
    turn.record(Fact::ChannelKnown { id, name });
    id
}

/// `receiver/kind[index]`, as Alertmanager names an integration.
pub(super) fn channel_name(receiver: &str, integration: &Integration) -> String {
    format!("{receiver}/{}[{}]", integration.kind.name(), integration.index)
}

/// What is to be said to a channel about a group, as things stand.
pub(super) fn says(
    turn: &Turn,
    id: GroupId,
    channel: ChannelId,
    send_resolved: bool,
    stand: &Stand,
) -> Says {
    let group = turn.state().notification.group(id).expect("the caller has looked");
    let told = group.told_by(channel);
    if let Some(incident) = group.incident().filter(|_| is_reply(turn, id)) {
        return correspondence::says(turn, incident);
    }
    if let Some(incident) = group.incident() {
        let incident = turn.state().incident.expect(incident);
        let (verdict, standing) = group::incident_verdict(turn, group, incident, told, stand);
        return Says { verdict, standing: Some(standing), ..Says::default() };
    }
    let verdict = group::verdict(turn, group, told, send_resolved, stand);
    // Only who was told of an alert is told of its end.
    let is_owed =
        |key: &&Fingerprint| send_resolved && told.is_some_and(|told| told.firing.contains(*key));
    let resolved = stand.ended.iter().filter(is_owed).copied().collect();
    let firing: Vec<Fingerprint> = stand.firing.iter().copied().collect();
    let believed: Vec<Fingerprint> = stand.believed(told).collect();
    // A message in which nothing fires would close what the receiver has open, though something
    // that it knows of still fires.
    let (firing, kept) =
        if firing.is_empty() { (believed, Vec::new()) } else { (firing, believed) };
    Says { verdict, firing, kept, resolved, standing: None }
}

/// Decides a message.
pub(super) fn queue(turn: &mut Turn, group: GroupId, channel: ChannelId, says: Says) {
    let id = turn.state().notification.next_delivery();
    let held = turn.state().notification.channel(channel).is_some_and(|channel| channel.open);
    let incident = turn.state().notification.group(group).and_then(super::Group::incident);
    // Who works on an incident hears of it before who reported it.
    let incident = incident.filter(|_| !is_reply(turn, group));
    let priority = incident.map(|incident| turn.state().incident.expect(incident).priority);
    turn.record(Fact::Queued { id, group, channel, priority, held, says });
    if !held {
        turn.send(id);
    }
}

/// The courier reports.
pub(super) fn report(turn: &mut Turn, id: DeliveryId, attempt: u32, outcome: Outcome) {
    let Some(delivery) = turn.state().notification.delivery(id) else { return };
    if delivery.retry_at.is_some() || delivery.attempts != attempt {
        return; // A report told twice, or late, is no news.
    }
    let (group, channel) = (delivery.group, delivery.channel);
    match outcome {
        Outcome::Delivered { provider } => {
            let refused = turn.state().notification.channel(channel).is_some_and(|c| c.refused);
            turn.record(Fact::Delivered { id, provider });
            close_breaker(turn, channel);
            if refused {
                tell_us(turn, channel, "NotificationRefused", "", Signal::Resolved);
            }
            group::settled(turn, group);
        }
        Outcome::Failed { why, after } => {
            let doubled = RETRY_FIRST.0 << attempt.saturating_sub(1).min(16);
            let backoff = Span(doubled).min(RETRY_LONGEST);
            let wait = after.map_or(backoff, |after| backoff.max(after.min(RETRY_AFTER_LONGEST)));
            let retry_at = turn.now() + wait;
            turn.record(Fact::Failed { id, retry_at, why: why.clone() });
            turn.wake_at(retry_at, Deadline::Retry(id));
            open_breaker_if_due(turn, channel, &why);
        }
        Outcome::Refused { why } => {
            let summary = format!("{} refuses messages: {why}", channel_words(turn, channel));
            if is_reply(turn, group) {
                let why = Abandonment::Refused(why);
                turn.record(Fact::Abandoned { id, why, again: false });
                return group::tidy(turn, group);
            }
            let again = turn.state().notification.channel(channel).is_some_and(|c| c.refused);
            turn.record(Fact::Abandoned { id, why: Abandonment::Refused(why), again });
            tell_us(turn, channel, "NotificationRefused", &summary, Signal::Firing);
            group::wind(turn, group);
        }
    }
}

/// A message's next attempt is due.
pub(super) fn retry(turn: &mut Turn, id: DeliveryId) {
    let Some(delivery) = turn.state().notification.delivery(id) else { return };
    let Some(retry_at) = delivery.retry_at else { return };
    if retry_at > turn.now() {
        return turn.wake_at(retry_at, Deadline::Retry(id));
    }
    let open = turn.state().notification.channel(delivery.channel).is_some_and(|c| c.open);
    if !open {
        attempt(turn, id);
    }
}

/// Makes another attempt, with what is to be said by now.
fn attempt(turn: &mut Turn, id: DeliveryId) {
    let delivery = turn.state().notification.delivery(id).expect("the caller has looked");
    let (group, channel) = (delivery.group, delivery.channel);
    let abandon = |turn: &mut Turn, why| {
        turn.record(Fact::Abandoned { id, why, again: false });
        group::look_again(turn, group);
    };
    let Some(known) = turn.state().notification.group(group) else {
        return abandon(turn, Abandonment::Obsolete);
    };
    let receiver = turn.settings().receivers.get(known.receiver());
    let name = turn.state().notification.channel(channel).map(|channel| channel.name.clone());
    let integration = receiver.and_then(|receiver| {
        let mut all = receiver.integrations.iter();
        all.find(|one| Some(channel_name(&receiver.name, one)) == name)
    });
    let Some(integration) = integration else {
        return abandon(turn, Abandonment::ReceiverGone);
    };
    let stand = Stand::of(turn, known);
    let says = says(turn, group, channel, integration.send_resolved, &stand);
    if says.verdict == Verdict::Quiet {
        return abandon(turn, Abandonment::Obsolete);
    }
    turn.record(Fact::Retried { id, says });
    turn.send(id);
}

fn open_breaker_if_due(turn: &mut Turn, id: ChannelId, why: &str) {
    let channel = turn.state().notification.channel(id).expect("a delivery names its channel");
    if channel.open || channel.failures < FAILURES_MAX {
        return;
    }
    turn.record(Fact::BreakerOpened { id });
    turn.wake_after(PROBE_EVERY, Deadline::Probe(id));
    let summary = format!("{} is failing: {why}", channel_words(turn, id));
    tell_us(turn, id, "NotificationsFailing", &summary, Signal::Firing);
}

/// The channel works again: what waited for it goes out, once, as things stand.
fn close_breaker(turn: &mut Turn, id: ChannelId) {
    let open = turn.state().notification.channel(id).is_some_and(|channel| channel.open);
    if !open {
        return;
    }
    turn.record(Fact::BreakerClosed { id });
    tell_us(turn, id, "NotificationsFailing", "", Signal::Resolved);
    for delivery in waiting(turn, id) {
        attempt(turn, delivery);
    }
}

/// Lets one message through to see whether a failing channel works again.
pub(super) fn probe(turn: &mut Turn, id: ChannelId) {
    let notification = &turn.state().notification;
    if !notification.channel(id).is_some_and(|channel| channel.open) {
        return;
    }
    let of_channel = |(_, delivery): (_, &super::Delivery)| {
        delivery.channel == id && delivery.retry_at.is_none()
    };
    let flying = notification.deliveries().any(of_channel);
    match waiting(turn, id).first() {
        Some(delivery) if !flying => attempt(turn, *delivery),
        // Nothing waits: the next message is the probe.
        None if !flying => return close_breaker(turn, id),
        Some(_) | None => {}
    }
    turn.wake_after(PROBE_EVERY, Deadline::Probe(id));
}

/// Messages that wait for a channel, the most urgent first.
fn waiting(turn: &Turn, id: ChannelId) -> Vec<DeliveryId> {
    let notification = &turn.state().notification;
    let mut waiting: Vec<_> = notification
        .deliveries()
        .filter(|(_, delivery)| delivery.channel == id && delivery.retry_at.is_some())
        .map(|(id, _)| id)
        .collect();
    waiting.sort_by_key(|id| notification.rank(*id));
    waiting
}

fn channel_words(turn: &Turn, id: ChannelId) -> String {
    turn.state().notification.channel(id).map_or_else(String::new, |channel| channel.name.clone())
}

fn tell_us(turn: &mut Turn, id: ChannelId, name: &str, summary: &str, signal: Signal) {
    let channel = channel_words(turn, id);
    let report = event::about_us(turn, name, &[("channel", &channel)], summary, signal);
    turn.ask(report);
}
