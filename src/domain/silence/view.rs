//! How silences are shown and what can be asked of them.

use serde_json::{Value, json};

use super::command::{Change, Command, Draft, Until, Which};
use super::machine::Status;
use super::state::Silence;
use crate::domain::value::matcher::{ParseMode, parse_all};
use crate::domain::value::{Matchers, SilenceId, Span, Timestamp};
use crate::domain::view::{
    Column, Field, Fields, Invalid, Kind, List, Manual, Query, Verb, matchers, optional, pairs,
    required, text,
};
use crate::domain::{self, Settings};

/// What the filter `state` takes.
const STATES: &[&str] = &["live", "pending", "active", "expired"];

const STARTS_AT: Field = optional("starts_at", "from when on; at once", Kind::Time);
const ENDS_AT: Field = optional("ends_at", "until when", Kind::Time);
const CREATED_BY: Field = optional("created_by", "who wants it; who asks", Kind::Text).letter('a');
const ANNOTATIONS: Field =
    optional("annotations", "what else there is to say, as name=value", Kind::Pairs)
        .flag("annotation");
const DURATION: Field =
    optional("duration", "how long, from its start or from this moment on", Kind::Span).letter('d');

/// What people can see and ask.
pub const MANUAL: Manual = Manual {
    name: "silence",
    plural: "silences",
    title: "Silences",
    about: "Times in which nobody is told of some alerts",
    columns: &[
        Column { title: "ID", pointer: "/id" },
        Column { title: "STATE", pointer: "/state" },
        Column { title: "STARTS", pointer: "/starts_at" },
        Column { title: "ENDS", pointer: "/ends_at" },
        Column { title: "BY", pointer: "/created_by" },
        Column { title: "MATCHERS", pointer: "/title" },
        Column { title: "COMMENT", pointer: "/comment" },
    ],
    filters: &[
        optional("state", "`live` (not expired), or one of the states", Kind::OneOf(STATES)),
        optional("matcher", "matchers that the silence has", Kind::Matchers),
        optional("id", "one of these ids, parted by commas", Kind::Text),
        optional("created_by", "who wanted it", Kind::Text),
        optional("ends_before", "ends before", Kind::Time),
        optional("ends_after", "ends, or ended, after", Kind::Time),
    ],
    make: Some(&Verb {
        name: "add",
        short: None,
        help: "Silence what matches, for a while",
        fields: &[
            required("matchers", "whom to silence: all must hold", Kind::Matchers),
            required("comment", "why", Kind::Text).letter('c'),
            DURATION,
            STARTS_AT,
            ENDS_AT,
            CREATED_BY,
            ANNOTATIONS,
        ],
    }),
    verbs: &[
        Verb {
            name: "update",
            short: None,
            help: "Change it; a new one takes its place where the past would be changed",
            fields: &[
                optional("matchers", "whom to silence: all must hold", Kind::Matchers),
                optional("comment", "why", Kind::Text).letter('c'),
                STARTS_AT,
                ENDS_AT,
                CREATED_BY,
                ANNOTATIONS,
                DURATION,
            ],
        },
        Verb { name: "expire", short: None, help: "End it", fields: &[] },
    ],
    records: true,
};

pub(crate) fn list(state: &domain::State, _: &Settings, query: &Query) -> List {
    let read = |text| parse_all(text, ParseMode::Fallback).unwrap_or_default();
    let matchers = query.filter("matcher").map(read);
    query.page(state.silence.iter(), |id, silence| {
        let has = matchers.as_ref().is_none_or(|wanted| silence.has(wanted));
        (has && wanted(query, id, silence)).then(|| record(id, silence))
    })
}

pub(crate) fn show(state: &domain::State, _: &Settings, id: &str) -> Option<Value> {
    let id = match which(id).ok()? {
        Which::Number(id) => id,
        Which::Uuid(uuid) => state.silence.by_uuid(uuid)?,
    };
    state.silence.get(id).map(|silence| record(id, silence))
}

fn record(id: SilenceId, silence: &Silence) -> Value {
    let texts = |set: &Matchers| set.iter().map(ToString::to_string).collect::<Vec<_>>();
    let sets: Vec<Vec<String>> = silence.matchers.iter().map(texts).collect();
    let title: Vec<String> = sets.iter().map(|set| format!("{{{}}}", set.join(", "))).collect();
    let actions: &[&str] = match silence.status {
        Status::Pending | Status::Active => &["update", "expire"],
        Status::Expired => &["update"],
    };
    let mut record = json!({
        "id": id.to_string(),
        "uuid": silence.uuid.to_string(),
        "title": title.join(" or "),
        "state": silence.status.name(),
        "matchers": sets.first(),
        "starts_at": silence.starts_at.rfc3339(),
        "ends_at": silence.ends_at.rfc3339(),
        "updated_at": silence.updated_at.rfc3339(),
        "created_by": silence.created_by,
        "comment": silence.comment,
        "annotations": silence.annotations,
        "replaces": silence.replaces.map(|id| id.to_string()),
        "expired_by": silence.expired_by.as_ref().map(|by| &by.name),
        "actions": actions,
    });
    if sets.len() > 1 {
        record["matcher_sets"] = json!(sets);
    }
    record
}

fn wanted(query: &Query, id: SilenceId, silence: &Silence) -> bool {
    let state = query.filter("state").is_none_or(|state| match state {
        "live" => silence.status != Status::Expired,
        state => silence.status.name() == state,
    });
    let named = query.filter("id").is_none_or(|ids| {
        let is = |text: &str| match which(text.trim()) {
            Ok(Which::Number(have)) => have == id,
            Ok(Which::Uuid(uuid)) => uuid == silence.uuid,
            Err(_) => false,
        };
        ids.split(',').any(is)
    });
    let by = query.filter("created_by").is_none_or(|by| silence.created_by == by);
    let instant = |name| query.filter(name).and_then(|text| text.parse::<Timestamp>().ok());
    let before = instant("ends_before").is_none_or(|at| silence.ends_at < at);
    let after = instant("ends_after").is_none_or(|at| silence.ends_at > at);
    let text = query.text.as_ref().is_none_or(|text| {
        let text = text.to_lowercase();
        let values = silence.matchers.iter().flatten().map(ToString::to_string);
        let said = [silence.comment.clone(), silence.created_by.clone(), id.to_string()];
        values.chain(said).any(|hay| hay.to_lowercase().contains(&text))
    });
    state && named && by && before && after && text
}

pub(crate) fn parse(verb: &str, id: &str, fields: &Fields) -> Result<Command, Invalid> {
    match verb {
        "add" => {
            let until = until(fields)?;
            let until =
                until.ok_or_else(|| Invalid::new("duration", "say a `duration` or `ends_at`"))?;
            Ok(Command::Create(Box::new(Draft {
                matchers: vec![matchers(fields, "matchers")?.unwrap_or_default()],
                starts_at: instant(fields, "starts_at"),
                until,
                created_by: said(fields, "created_by"),
                comment: said(fields, "comment")
                    .ok_or_else(|| Invalid::new("comment", "is empty"))?,
                annotations: pairs(fields, "annotations").unwrap_or_default(),
            })))
        }
        "update" => {
            let change = Change {
                matchers: matchers(fields, "matchers")?.map(|set| vec![set]),
                starts_at: instant(fields, "starts_at"),
                until: until(fields)?,
                created_by: said(fields, "created_by"),
                comment: said(fields, "comment"),
                annotations: pairs(fields, "annotations"),
            };
            if change == Change::default() {
                return Err(Invalid::new("duration", "say what is to be different"));
            }
            Ok(Command::Change { which: which(id)?, change: Box::new(change) })
        }
        "expire" => Ok(Command::Expire { which: which(id)? }),
        _ => Err(Invalid::new(verb, "no such verb")),
    }
}

fn until(fields: &Fields) -> Result<Option<Until>, Invalid> {
    let span = text(fields, "duration").and_then(|text| text.parse::<Span>().ok());
    match (span, instant(fields, "ends_at")) {
        (Some(_), Some(_)) => {
            Err(Invalid::new("duration", "say either a `duration` or `ends_at`, not both"))
        }
        (Some(span), None) => Ok(Some(Until::For(span))),
        (None, at) => Ok(at.map(Until::At)),
    }
}

fn said(fields: &Fields, name: &str) -> Option<String> {
    text(fields, name).map(str::to_owned)
}

fn instant(fields: &Fields, name: &str) -> Option<Timestamp> {
    text(fields, name).and_then(|text| text.parse().ok())
}

/// A silence is named as we name it, or as clients of Alertmanager do.
fn which(text: &str) -> Result<Which, Invalid> {
    if let Ok(uuid) = text.parse() {
        return Ok(Which::Uuid(uuid));
    }
    let wrong = |error: domain::value::InvalidId| Invalid::new("id", error.to_string());
    text.parse().map(Which::Number).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_knows_every_state() {
        let states = Status::ALL.map(Status::name);
        assert_eq!(STATES, [&["live"][..], &states].concat());
    }
}
