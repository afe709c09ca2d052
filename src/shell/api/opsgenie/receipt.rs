//! Receipts: the `requestId` of an answer says itself what was asked, when, about which alert, and
//! how it went, so that it can be asked about after any restart.
//!
//! It is a UUID of version 8 (RFC 9562): 48 bits of milliseconds, 5 of the action, 40 of the alert's
//! number (0 where it was done in vain), and chance.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::{Request, fail, found, unique};
use crate::domain::value::{AlertId, RecordId, Timestamp, Uuid};
use crate::shell::api::caller::Caller;
use crate::shell::api::context::Context;
use crate::shell::api::own;
use crate::shell::clock;

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Close,
    Delete,
    Acknowledge,
    UnAcknowledge,
    AddNote,
    Snooze,
    Assign,
    AddTeam,
    AddResponder,
    Escalate,
    AddTags,
    RemoveTags,
    AddDetails,
    RemoveDetails,
    UpdateMessage,
    UpdateDescription,
    UpdatePriority,
    Custom,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    action: Action,
    /// The alert; nothing if nothing was done.
    alert: Option<AlertId>,
    at: Timestamp,
    chance: u64,
}

impl Action {
    const ALL: [Self; 19] = [
        Self::Create,
        Self::Close,
        Self::Delete,
        Self::Acknowledge,
        Self::UnAcknowledge,
        Self::AddNote,
        Self::Snooze,
        Self::Assign,
        Self::AddTeam,
        Self::AddResponder,
        Self::Escalate,
        Self::AddTags,
        Self::RemoveTags,
        Self::AddDetails,
        Self::RemoveDetails,
        Self::UpdateMessage,
        Self::UpdateDescription,
        Self::UpdatePriority,
        Self::Custom,
    ];

    /// The word in answers, and for the adapter.
    pub(super) fn name(self) -> String {
        format!("{self:?}")
    }
}

const AT_BITS: u32 = 80;
const VERSION: u128 = 0x8 << 76;
const ACTION_BITS: u32 = 71;
const ACTION_MASK: u128 = 0x1f;
const VARIANT: u128 = 0b10 << 62;
const ALERT_BITS: u32 = 22;
const ALERT_MASK: u128 = (1 << 40) - 1;
const CHANCE_MASK: u64 = (1 << ALERT_BITS) - 1;

impl Receipt {
    pub(super) fn new(action: Action, alert: Option<AlertId>) -> Self {
        let name = unique().to_string();
        let chance = u64::from_str_radix(&name[30..], 16).unwrap_or_default() & CHANCE_MASK;
        Self { action, alert, at: clock::now(), chance }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = u128::try_from(self.at.0).unwrap_or_default() & ((1 << 48) - 1);
        let place = Action::ALL.iter().position(|action| *action == self.action);
        let action = u128::try_from(place.unwrap_or_default()).unwrap_or_default();
        let alert = u128::from(self.alert.map_or(0, RecordId::number)) & ALERT_MASK;
        let bits = at << AT_BITS
            | VERSION
            | action << ACTION_BITS
            | VARIANT
            | alert << ALERT_BITS
            | u128::from(self.chance);
        let text = format!("{bits:032x}");
        let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
        f.write_str(&parts.join("-"))
    }
}

impl FromStr for Receipt {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let uuid: Uuid = text.parse().map_err(|_| ())?;
        let bits = u128::from_str_radix(&uuid.to_string().replace('-', ""), 16).map_err(|_| ())?;
        if bits & (0xf << 76) != VERSION {
            return Err(());
        }
        let part = |bits: u128| u64::try_from(bits).map_err(|_| ());
        let action = usize::try_from(bits >> ACTION_BITS & ACTION_MASK).map_err(|_| ())?;
        let number = part(bits >> ALERT_BITS & ALERT_MASK)?;
        Ok(Self {
            action: *Action::ALL.get(action).ok_or(())?,
            alert: (number > 0).then(|| AlertId::from_number(number)),
            at: Timestamp(i64::try_from(bits >> AT_BITS).map_err(|_| ())?),
            chance: part(bits & u128::from(CHANCE_MASK))?,
        })
    }
}

/// `GET /v2/alerts/requests/{request}`.
pub(super) async fn show(
    State(context): State<Arc<Context>>,
    Path(text): Path<String>,
    RawQuery(query): RawQuery,
    headers: Caller,
) -> Response {
    let request = match Request::open(&context, &headers, query.as_deref()) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let Ok(receipt) = text.parse::<Receipt>() else {
        return fail(StatusCode::NOT_FOUND, "there was no such request");
    };
    let (setup, intake) = &request.opened;
    let alert = receipt.alert.and_then(|id| own::by_id(&context, setup, intake, id));
    let done = receipt.alert.is_some();
    let status = match (done, &alert) {
        (false, _) => "Alert does not exist, or is not open".to_owned(),
        (true, None) => format!("{}: done, the alert is forgotten", receipt.action.name()),
        (true, Some(_)) => format!("{}: done", receipt.action.name()),
    };
    found(&json!({
        "success": done,
        "isSuccess": done,
        "action": receipt.action.name(),
        "processedAt": receipt.at.rfc3339(),
        "integrationId": &*intake.name,
        "status": status,
        "alertId": receipt.alert.map(|id| id.to_string()).unwrap_or_default(),
        "alias": alert.map(|alert| alert.key).unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_says_what_was_done() {
        for action in Action::ALL {
            for alert in [None, Some(AlertId(1)), Some(AlertId((1 << 39) - 1))] {
                let receipt = Receipt::new(action, alert);
                assert_eq!(receipt.to_string().parse(), Ok(receipt));
            }
        }
        assert_eq!("6f1b7c1e-32f4-4c2b-9f0a-5d0c8e6b7a11".parse::<Receipt>(), Err(()));
        assert_eq!("x".parse::<Receipt>(), Err(()));
    }
}
