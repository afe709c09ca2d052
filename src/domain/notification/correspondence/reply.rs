//! The one answer to a mail that opened an incident, or joined one: it tells the incident's number.
//! Each is a group of its own, so that it goes the way of all messages, and ends with its delivery.

use super::ledger::Reply;
use crate::domain::Turn;
use crate::domain::notification::fact::{Fact, Says};
use crate::domain::notification::outbox;
use crate::domain::notification::verdict::{Standing, Verdict};
use crate::domain::settings::AutoReply;
use crate::domain::value::{AlertId, GroupId, IncidentId, Labels};

/// The route of these groups; no route of a configuration is called so.
const ROUTE: &str = "auto_reply";

/// Answers within an hour, whoever gets them: the senders of many mails may be forged.
const REPLIES_PER_HOUR_MAX: usize = 1_000;

/// Members of an incident whose mails are answered when it becomes known.
const REPORTS_MAX: usize = 100;

/// Answers the mails that an incident was made of before people knew of it.
pub(in crate::domain::notification) fn answer_all(turn: &mut Turn, id: IncidentId) {
    let members = &turn.state().incident.expect(id).members;
    let alerts: Vec<AlertId> = members.iter().take(REPORTS_MAX).map(|(alert, _)| alert).collect();
    for alert in alerts {
        answer(turn, id, alert);
    }
}

/// Answers the mail that an alert of an incident is, if it is one and may be answered.
pub(in crate::domain::notification) fn answer(turn: &mut Turn, id: IncidentId, alert: AlertId) {
    let Some((auto, reply)) = due(turn, id, alert) else { return };
    let Some(receiver) = turn.settings().receivers.get(&auto.receiver) else { return };
    let group = turn.state().notification.next_group();
    turn.record(Fact::GroupOpened {
        id: group,
        route: ROUTE.to_owned(),
        receiver: auto.receiver.clone(),
        labels: Labels::new([("incident", id.to_string().as_str())]),
        incident: Some(id),
        base: turn.now(),
    });
    turn.record(Fact::Answered { id: group, reply: Box::new(reply) });
    for integration in &receiver.integrations {
        let channel = outbox::channel(turn, &receiver.name, integration);
        outbox::queue(turn, group, channel, says(turn, id));
    }
}

/// What an answer says: the number, whatever has become of the incident meanwhile.
pub(in crate::domain::notification) fn says(turn: &Turn, id: IncidentId) -> Says {
    let standing = Standing::of(turn.state().incident.expect(id));
    Says { verdict: Verdict::First, standing: Some(standing), ..Says::default() }
}

/// The answer that is due to an alert's mail, if one is.
fn due<'a>(turn: &Turn<'a>, id: IncidentId, alert: AlertId) -> Option<(&'a AutoReply, Reply)> {
    let events = &turn.state().event;
    let alert = events.alert(alert)?;
    let source = events.source(alert.source())?;
    let auto = turn.settings().sources.get(&*source.name)?.auto_reply.as_ref()?;
    // What people must not see yet, nobody is told.
    turn.state().incident.get(id)?.known_at?;
    let annotations = events.annotations(alert);
    let to = Some(annotations.get("reply_to").to_lowercase()).filter(|to| !to.is_empty())?;
    let reply = Reply {
        to,
        subject: annotations.get("summary").to_owned(),
        message_id: annotations.get("message_id").to_owned(),
        references: annotations
            .get("references")
            .split(' ')
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    let recent = || turn.state().notification.replies.recent(turn.now());
    let again = !reply.message_id.is_empty()
        && recent().any(|other| (&other.message_id, &other.to) == (&reply.message_id, &reply.to));
    let to_them = recent().filter(|other| other.to == reply.to).count();
    let room = to_them < auto.per_hour_max && recent().count() < REPLIES_PER_HOUR_MAX;
    (room && !again).then_some((auto, reply))
}

/// Tells whether a group is an answer.
pub(in crate::domain::notification) fn is_reply(turn: &Turn, id: GroupId) -> bool {
    turn.state().notification.replies.get(id).is_some()
}
