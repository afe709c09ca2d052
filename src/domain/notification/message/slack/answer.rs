//! What Slack answers. An edit that Slack cannot make becomes a new message.
//!
//! ```text
//! chat.update ──ok──▶ delivered
//!      └──the message is gone──▶ chat.postMessage ──▶ delivered
//! ```

use serde::Deserialize;

use crate::domain::notification::message::exchange::{Listener, Reply, Request, Step, by_status};
use crate::domain::notification::message::report::{Class, Reason, Report};

/// Understands the answer to an edit.
#[derive(Debug)]
pub(super) struct Editing {
    /// The same as a new message, as long as it was not tried.
    pub(super) instead: Option<Request>,
}

impl Listener for Editing {
    fn hear(&mut self, reply: &Reply) -> Step {
        match self.instead.take_if(|_| is_gone(reply)) {
            Some(instead) => Step::Send(instead),
            None => Step::End(judge(reply)),
        }
    }
}

/// There is nothing, or nothing any more, that could be edited.
fn is_gone(reply: &Reply) -> bool {
    let gone =
        ["message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"];
    let answer = serde_json::from_str::<Answer>(&reply.body);
    reply.is_success() && answer.is_ok_and(|answer| gone.contains(&answer.error.as_str()))
}

/// Webhooks answer `ok` in plain text; the Web API answers JSON, and says what is wrong in a word,
/// with status 200.
pub(super) fn judge(reply: &Reply) -> Report {
    if !reply.is_success() {
        return by_status(reply);
    }
    let Ok(answer) = serde_json::from_str::<Answer>(&reply.body) else {
        return Report::Delivered { provider: None };
    };
    if answer.ok != Some(false) {
        let provider = answer.channel.zip(answer.ts).map(|(channel, ts)| format!("{channel} {ts}"));
        return Report::Delivered { provider };
    }
    let (class, reason) = match answer.error.as_str() {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            (Class::Retry { after: None }, Reason::RateLimited)
        }
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
            (Class::Retry { after: None }, Reason::ServerError)
        }
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired"
        | "no_permission" | "missing_scope" | "invalid_token" => {
            (Class::Permanent, Reason::AuthError)
        }
        _ => (Class::Permanent, Reason::ClientError),
    };
    reply.refused(class, reason, &answer.error)
}

#[derive(Deserialize)]
struct Answer {
    ok: Option<bool>,
    #[serde(default)]
    error: String,
    channel: Option<String>,
    ts: Option<String>,
}
