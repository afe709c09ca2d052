//! What deployment management knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fact::{Fact, Moved, Opened};
use super::machine::Status;
use super::{Deadline, KEPT_FOR};
use crate::domain::index::{Numbers, hash};
use crate::domain::table::{Table, UnreadablePage};
use crate::domain::timeline::Timeline;
use crate::domain::value::{Actor, DeploymentId, Labels, Span, Timestamp};

const DEPLOYMENTS: (&str, &str) = ("deployment", "deployments");

/// What deployment management knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    deployments: Table<DeploymentId, Deployment>,
    /// The newest deployment of each source and key.
    by_key: Numbers<DeploymentId>,
}

/// A version on its way into an environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// The source's name in the configuration.
    pub source: Box<str>,
    /// The source's own key.
    pub key: Box<str>,
    /// What is deployed.
    pub service: Box<str>,
    /// Where to; may be empty.
    pub environment: Box<str>,
    /// Which version; may be empty.
    pub version: Box<str>,
    /// Who set it off; may be empty.
    pub actor: Box<str>,
    /// How it stands.
    pub status: Status,
    /// One line for people; may be empty.
    pub summary: Box<str>,
    /// Where the source shows it; may be empty.
    pub url: Box<str>,
    /// What else the source says.
    pub labels: Labels,
    /// When it came to stand so, by the source's clock.
    pub times: BTreeMap<Status, Timestamp>,
    /// When something of it was last heard, by our clock.
    pub heard_at: Timestamp,
    /// The last word that would have gone backwards.
    pub ignored: Option<Status>,
    /// What happened to it.
    pub timeline: Timeline,
}

impl State {
    /// Every deployment, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (DeploymentId, &Deployment)> {
        self.deployments.iter()
    }

    /// Looks a deployment up.
    pub fn get(&self, id: DeploymentId) -> Option<&Deployment> {
        self.deployments.get(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.deployments.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.deployments.is_empty()
    }

    /// The newest deployment that a source has spoken of under a key.
    pub fn by_key(&self, source: &str, key: &str) -> Option<DeploymentId> {
        self.by_key.find(hash(&[source, key]), |id| {
            let deployment = self.deployments.expect(id);
            *deployment.source == *source && *deployment.key == *key
        })
    }

    /// Deployments of a service that began or ended within a while before an instant, newest first.
    pub fn shortly_before<'a>(
        &'a self,
        service: &'a str,
        at: Timestamp,
        within: Span,
    ) -> impl Iterator<Item = (DeploymentId, &'a Deployment)> {
        self.deployments.iter().rev().filter(move |(_, deployment)| {
            let moved = deployment.begun_at().into_iter().chain(deployment.ended_at());
            let near = |moved: Timestamp| moved <= at && at <= moved + within;
            *deployment.service == *service && moved.into_iter().any(near)
        })
    }

    pub(super) fn next_id(&self) -> DeploymentId {
        self.deployments.next_id()
    }

    pub(crate) fn fold(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::Opened(opened) => self.fold_opened(at, opened),
            Fact::Moved(moved) => self.fold_moved(at, moved),
            Fact::Ignored { id, word, said_at } => {
                let deployment = self.deployments.expect_mut(*id);
                deployment.ignored = Some(*word);
                let text = format!(
                    "{} at {said_at} was not believed: it is {} already",
                    word.name(),
                    deployment.status.name()
                );
                deployment.timeline.push(at, &Actor::rule(), "ignored", &text);
            }
            Fact::Forgotten { id } => {
                self.take_from_index(*id);
                self.deployments.remove(*id);
            }
        }
    }

    fn fold_opened(&mut self, at: Timestamp, opened: &Opened) {
        if let Some(before) = self.by_key(&opened.source, &opened.key) {
            self.take_from_index(before);
        }
        let mut timeline = Timeline::default();
        let status = opened.status.name();
        timeline.push(at, &Actor::rule(), status, &line(None, status, &opened.summary));
        let deployment = Deployment {
            source: opened.source.clone(),
            key: opened.key.clone(),
            service: opened.service.clone(),
            environment: opened.environment.clone(),
            version: opened.version.clone(),
            actor: opened.actor.clone(),
            status: opened.status,
            summary: opened.summary.clone(),
            url: opened.url.clone(),
            labels: opened.labels.clone(),
            times: BTreeMap::from([(opened.status, opened.said_at)]),
            heard_at: at,
            ignored: None,
            timeline,
        };
        self.deployments.insert(opened.id, deployment);
        self.index(opened.id);
    }

    fn fold_moved(&mut self, at: Timestamp, moved: &Moved) {
        let deployment = self.deployments.expect_mut(moved.id);
        assert_eq!(deployment.status, moved.from, "a step starts where the deployment is");
        deployment.status = moved.to;
        deployment.times.insert(moved.to, moved.said_at);
        deployment.heard_at = at;
        for (known, said) in [
            (&mut deployment.version, &moved.version),
            (&mut deployment.actor, &moved.actor),
            (&mut deployment.summary, &moved.summary),
            (&mut deployment.url, &moved.url),
        ] {
            if !said.is_empty() {
                known.clone_from(said);
            }
        }
        let (from, to) = (moved.from.name(), moved.to.name());
        let text = line(Some(from), to, &moved.summary);
        deployment.timeline.push(at, &Actor::rule(), to, &text);
    }

    fn index(&mut self, id: DeploymentId) {
        let hash_of = |id| self.deployments.expect(id).hash();
        self.by_key.add(hash_of(id), id, hash_of);
    }

    /// An older deployment of a key is not in the index any more.
    fn take_from_index(&mut self, id: DeploymentId) {
        if let Some(deployment) = self.deployments.get(id) {
            self.by_key.remove(deployment.hash(), |have| have == id);
        }
    }

    pub(crate) fn take_changed(&mut self, add: &mut dyn FnMut(&'static str, u64)) {
        for number in self.deployments.take_changed() {
            add("deployments", number);
        }
    }

    pub(crate) fn page(&self, table: &str, number: u64) -> Option<Vec<u8>> {
        match table {
            "deployments" => self.deployments.page(number, Clone::clone),
            _ => None,
        }
    }

    pub(crate) fn load_page(
        &mut self,
        table: &str,
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        if table != "deployments" {
            return Err(UnreadablePage::unknown("deployment", table, number));
        }
        self.deployments.load_page(DEPLOYMENTS, number, records, |record| record)
    }

    pub(crate) fn rebuild(&mut self) {
        self.by_key.clear();
        // Of each key the newest counts.
        let newest: BTreeMap<(&str, &str), DeploymentId> = self
            .deployments
            .iter()
            .map(|(id, deployment)| ((&*deployment.source, &*deployment.key), id))
            .collect();
        let ids: Vec<DeploymentId> = newest.into_values().collect();
        for id in ids {
            self.index(id);
        }
    }

    pub(crate) fn agenda(&self, add: &mut dyn FnMut(Timestamp, Deadline)) {
        for (id, deployment) in self.deployments.iter() {
            add(deployment.heard_at + KEPT_FOR, Deadline::Forget(id));
        }
    }
}

impl Deployment {
    /// Since when it stands as it does, by the source's clock.
    pub fn since(&self) -> Option<Timestamp> {
        self.times.get(&self.status).copied()
    }

    /// When it got under way, by the source's clock; nothing if nobody said.
    pub fn begun_at(&self) -> Option<Timestamp> {
        self.times.get(&Status::Started).copied()
    }

    /// When it ended, by the source's clock; nothing while it has not.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.since().filter(|_| self.status.is_over())
    }

    fn hash(&self) -> u64 {
        hash(&[&self.source, &self.key])
    }
}

fn line(from: Option<&str>, to: &str, summary: &str) -> String {
    let from = from.map(|from| format!("{from} → ")).unwrap_or_default();
    let summary = if summary.is_empty() { String::new() } else { format!(": {summary}") };
    format!("{from}{to}{summary}")
}
