//! Every source that may send over HTTP.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::limits::Limits;
use super::quarantine::Quarantine;
use super::{Intake, Remote, Sender, auth};
use crate::domain::event::adapter::Kind;

/// Every source that may send over HTTP.
#[derive(Debug)]
pub struct Sources {
    by_name: BTreeMap<String, Arc<Intake>>,
    plain: String,
    proxies: Vec<IpNet>,
    quarantine: Arc<Quarantine>,
}

/// Why a key opens no source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Locked {
    /// None of that kind is configured.
    #[error("no source of that type is configured")]
    NoSource,
    /// None of that kind has such a key, or takes anything from there.
    #[error("no source has that key")]
    WrongKey,
}

impl Sources {
    /// Takes every source. `plain` names the one that `/api/v2/alerts` belongs to; without such a
    /// source everybody may post there, as with Alertmanager.
    pub fn new(intakes: impl IntoIterator<Item = Intake>, plain: &str) -> Self {
        let open = Intake::new(plain, Kind::PROMETHEUS, Vec::new(), Limits::ALERTMANAGER);
        let quarantine = Arc::<Quarantine>::default();
        // Of two sources of one name, the later one stays.
        let all = std::iter::once(open).chain(intakes).map(|mut intake| {
            intake.quarantine = Arc::clone(&quarantine);
            (intake.name.to_string(), Arc::new(intake))
        });
        Self { by_name: all.collect(), plain: plain.to_owned(), proxies: Vec::new(), quarantine }
    }

    /// Believes these proxies when they say whom they speak for.
    #[must_use]
    pub fn behind(mut self, proxies: Vec<IpNet>) -> Self {
        self.proxies = proxies;
        self
    }

    /// Goes on from what sources of the same names knew before a reload: deliveries, what was new,
    /// what was set aside.
    pub fn inherit(&mut self, before: &Self) {
        self.quarantine = Arc::clone(&before.quarantine);
        for (name, intake) in &mut self.by_name {
            // Nobody else holds it before it is in force.
            let Some(intake) = Arc::get_mut(intake) else { continue };
            intake.quarantine = Arc::clone(&before.quarantine);
            if let Some(before) = before.by_name.get(name) {
                intake.ledger = Arc::clone(&before.ledger);
            }
        }
    }

    /// The source of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Intake>> {
        self.by_name.get(name)
    }

    /// The source of a kind that a key belongs to: the one whose bearer secret it is, else one that
    /// demands none. For doors whose senders show nothing but a key.
    ///
    /// # Errors
    /// When there is no such source, or it is another key that it wants, or it takes nothing from
    /// that address.
    pub fn opened_from(
        &self,
        kind: &str,
        key: &str,
        address: Option<IpAddr>,
    ) -> Result<&Arc<Intake>, Locked> {
        let mut ours = self.by_name.values().filter(|intake| intake.kind.name() == kind).peekable();
        if ours.peek().is_none() {
            return Err(Locked::NoSource);
        }
        let mut open = None;
        let mut holder = None;
        for intake in ours.filter(|intake| intake.listens_to(address)) {
            if intake.auth.is_empty() {
                open = open.or(Some(intake));
            } else if auth::is_key(&intake.auth, key) {
                holder = holder.or(Some(intake));
            }
        }
        holder.or(open).ok_or(Locked::WrongKey)
    }

    /// The source that `/api/v2/alerts` belongs to.
    pub fn plain(&self) -> &Arc<Intake> {
        self.by_name.get(&self.plain).expect("it is there from the beginning")
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Intake>> {
        self.by_name.values()
    }

    /// Every name, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Sources to which everybody may send.
    pub fn open(&self) -> impl Iterator<Item = &str> {
        self.by_name.values().filter(|intake| intake.is_open()).map(|intake| &*intake.name)
    }

    /// What could not be taken in.
    pub fn quarantine(&self) -> &Quarantine {
        &self.quarantine
    }

    /// Who sends a request with these headers, from the other end of that connection.
    pub fn sender<'a>(
        &self,
        headers: &'a axum::http::HeaderMap,
        remote: Option<&'a Remote>,
    ) -> Sender<'a> {
        Sender::new(headers).at(remote, &self.proxies)
    }
}
