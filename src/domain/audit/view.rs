//! How the audit trail is shown.

use serde_json::{Value, json};

use super::{Command, Line};
use crate::domain::value::AuditId;
use crate::domain::view::{Column, Fields, Invalid, Kind, List, Manual, Query, optional};
use crate::domain::{self, Settings};

/// What people can see.
pub const MANUAL: Manual = Manual {
    name: "audit",
    plural: "audit",
    title: "Audit trail",
    about: "Who did what, in a chain that shows tampering",
    columns: &[
        Column { title: "ID", pointer: "/id" },
        Column { title: "AT", pointer: "/at" },
        Column { title: "ACTOR", pointer: "/actor" },
        Column { title: "VIA", pointer: "/via" },
        Column { title: "RECORD", pointer: "/record" },
        Column { title: "ACTION", pointer: "/action" },
        Column { title: "BEFORE", pointer: "/before" },
        Column { title: "AFTER", pointer: "/after" },
        Column { title: "REASON", pointer: "/reason" },
    ],
    filters: &[
        optional("record", "the record, such as INC-1", Kind::Text),
        optional("actor", "who", Kind::Text),
        optional("action", "what", Kind::Text),
    ],
    make: None,
    verbs: &[],
    records: true,
};

pub(crate) fn list(state: &domain::State, _: &Settings, query: &Query) -> List {
    query.page(state.audit.lines(), |id, line| {
        let is = |name: &str, have: &str| query.filter(name).is_none_or(|want| want == have);
        let wanted = is("record", &line.record)
            && is("actor", &line.actor.name)
            && is("action", &line.action)
            && query.text.as_ref().is_none_or(|text| line.reason.contains(text.as_str()));
        wanted.then(|| record(id, line))
    })
}

pub(crate) fn show(state: &domain::State, _: &Settings, id: &str) -> Option<Value> {
    let id: AuditId = id.parse().ok()?;
    state.audit.lines().find(|(have, _)| *have == id).map(|(id, line)| record(id, line))
}

pub(crate) fn parse(verb: &str, _: &str, _: &Fields) -> Result<Command, Invalid> {
    Err(Invalid::new(verb, "nothing can be asked of the audit trail"))
}

fn record(id: AuditId, line: &Line) -> Value {
    json!({
        "id": id.to_string(),
        "at": line.at.rfc3339(),
        "actor": line.actor.name,
        "via": line.actor.via.name(),
        "record": line.record,
        "action": line.action,
        "before": line.before,
        "after": line.after,
        "reason": line.reason,
        "hash": line.hash,
    })
}
