//! A notice of a deployment in the making.

use serde_json::Value;

use super::{Context, Note, Read, SKEW_MAX, json};
use crate::domain::deployment::{Notice, Status};
use crate::domain::value::{Labels, Timestamp};

/// What an adapter found out about one deployment.
#[derive(Debug, Default)]
pub(super) struct NoticeDraft {
    pub(super) service: String,
    pub(super) environment: String,
    pub(super) version: String,
    pub(super) actor: String,
    pub(super) summary: String,
    pub(super) url: String,
    pub(super) key: String,
    pub(super) at: Option<Timestamp>,
    pub(super) labels: Labels,
    pub(super) notes: Vec<String>,
}

impl NoticeDraft {
    /// Takes the first of these times that the source gives. One that makes no sense is noted.
    pub(super) fn said_at<'a>(&mut self, times: impl IntoIterator<Item = Option<&'a Value>>) {
        for value in times.into_iter().flatten() {
            match json::instant(value) {
                Ok(None) => {}
                Ok(at) => {
                    self.at = at;
                    return;
                }
                Err(why) => self.notes.push(format!("the time: {why}")),
            }
        }
    }

    /// Makes the notice, or says why there is none.
    pub(super) fn finish(mut self, at: usize, status: Status, context: &Context, read: &mut Read) {
        let Context { now, limits, .. } = *context;
        if self.service.is_empty() {
            read.reject(at, "nothing says what was deployed");
            return;
        }
        if self.key.is_empty() {
            self.key = format!("{}/{}/{}", self.service, self.environment, self.version);
        }
        let texts = [
            ("the service", &self.service),
            ("the environment", &self.environment),
            ("the version", &self.version),
            ("the actor", &self.actor),
            ("the summary", &self.summary),
            ("the URL", &self.url),
            ("the key", &self.key),
        ];
        let checked = texts
            .into_iter()
            .try_for_each(|(what, text)| limits.check_text(what, text))
            .and_then(|()| limits.check_annotations(&self.labels, true));
        if let Err(why) = checked {
            read.reject(at, why);
            return;
        }
        let said_at = match self.at {
            Some(ahead) if ahead > now + SKEW_MAX => {
                self.notes.push(format!("is said of {ahead}, which lies ahead: {now} counts"));
                now
            }
            Some(said_at) => said_at,
            None => now,
        };
        read.notes.extend(self.notes.into_iter().map(|what| Note { at: Some(at), what }));
        read.deployments.push(Notice {
            source: context.source.clone(),
            key: self.key.into(),
            service: self.service.into(),
            environment: self.environment.into(),
            version: self.version.into(),
            actor: self.actor.into(),
            status,
            summary: self.summary.into(),
            url: self.url.into(),
            at: said_at,
            labels: self.labels,
        });
    }
}
