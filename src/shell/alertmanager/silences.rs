//! The file `silences`: `MeshSilence` messages.

use std::collections::BTreeMap;
use std::path::Path;

use super::wire::{self, MeshSilence};
use super::{Found, frame};
use crate::domain::value::matcher::{Matcher, Matchers, Operator};
use crate::domain::value::{Span, Timestamp};

/// How long Alertmanager keeps a silence after its end unless `--data.retention` says otherwise.
const RETENTION: Span = Span::hours(120);

/// A silence as Alertmanager keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Silence {
    /// Its UUID.
    pub id: String,
    /// What it takes: alerts that fulfil all matchers of one of these lists.
    pub matchers: Vec<Matchers>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends, or has ended.
    pub ends_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// What else is said about it; releases from 0.32 on know them.
    pub annotations: BTreeMap<String, String>,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// Reads the silences of a file.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Found<Silence> {
    frame::read(path, bytes, meaning)
}

fn meaning(message: MeshSilence) -> Result<Option<Silence>, String> {
    let Some(silence) = message.silence else {
        return Err("a message holds no silence and is left out".to_owned());
    };
    let id = silence.id.clone();
    let left_out = |why: &str| format!("silence {id:?} {why}, and is left out");
    if !silence.receiver_matcher_sets.is_empty() {
        return Err(left_out("holds for some receivers only, which cannot be kept here"));
    }
    let (Some(starts_at), Some(ends_at)) = (silence.starts_at, silence.ends_at) else {
        return Err(left_out("does not say from when to when it holds"));
    };
    let (starts_at, ends_at) = (Timestamp::from(starts_at), Timestamp::from(ends_at));
    // Both are there from 0.32 on; the first list then stands in both places.
    let sets = match silence.matcher_sets.as_slice() {
        [] => vec![matchers(&silence.matchers)],
        sets => sets.iter().map(|set| matchers(&set.matchers)).collect(),
    };
    let matchers = sets.into_iter().collect::<Result<Vec<Matchers>, String>>();
    let matchers = matchers.map_err(|why| left_out(&why))?;
    let first = silence.comments.into_iter().next();
    let (created_by, comment) = match first {
        Some(old) if silence.created_by.is_empty() && silence.comment.is_empty() => {
            (old.author, old.comment)
        }
        Some(_) | None => (silence.created_by, silence.comment),
    };
    Ok(Some(Silence {
        id: silence.id,
        matchers,
        starts_at,
        ends_at,
        updated_at: silence.updated_at.map_or(starts_at, Timestamp::from),
        created_by,
        comment,
        annotations: silence.annotations,
        expires_at: message.expires_at.map_or(ends_at + RETENTION, Timestamp::from),
    }))
}

fn matchers(list: &[wire::Matcher]) -> Result<Matchers, String> {
    if list.is_empty() {
        return Err("has an empty list of matchers".to_owned());
    }
    list.iter().map(matcher).collect()
}

fn matcher(matcher: &wire::Matcher) -> Result<Matcher, String> {
    let wire::Matcher { kind, name, pattern } = matcher;
    let operator = match kind {
        0 => Operator::Equal,
        1 => Operator::Like,
        2 => Operator::NotEqual,
        3 => Operator::NotLike,
        other => return Err(format!("has a matcher of the unknown kind {other}")),
    };
    Matcher::new(name, operator, pattern)
        .map_err(|_| format!("has a matcher with {pattern:?}, which is no regular expression"))
}

/// A silence as Alertmanager reads it: 0.25 sees the first list of matchers only.
pub(super) fn wire(silence: &Silence) -> MeshSilence {
    let sets = silence.matchers.iter().map(|set| set.iter().map(matcher_wire).collect());
    let sets: Vec<Vec<wire::Matcher>> = sets.collect();
    let body = wire::Silence {
        id: silence.id.clone(),
        matchers: sets.first().cloned().unwrap_or_default(),
        starts_at: Some(silence.starts_at.into()),
        ends_at: Some(silence.ends_at.into()),
        updated_at: Some(silence.updated_at.into()),
        comments: Vec::new(),
        created_by: silence.created_by.clone(),
        comment: silence.comment.clone(),
        annotations: silence.annotations.clone(),
        matcher_sets: sets.into_iter().map(|matchers| wire::MatcherSet { matchers }).collect(),
        receiver_matcher_sets: Vec::new(),
    };
    MeshSilence { silence: Some(body), expires_at: Some(silence.expires_at.into()) }
}

fn matcher_wire(matcher: &Matcher) -> wire::Matcher {
    let kind = match matcher.operator() {
        Operator::Equal => 0,
        Operator::Like => 1,
        Operator::NotEqual => 2,
        Operator::NotLike => 3,
    };
    wire::Matcher { kind, name: matcher.name.clone(), pattern: matcher.value.clone() }
}
