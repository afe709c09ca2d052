//! Every source that may send over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;

use super::limits::Limits;
use super::quarantine::Quarantine;
use super::{Intake, Remote, Sender};
use crate::domain::event::adapter::Kind;

/// Every source that may send over HTTP.
#[derive(Debug)]
pub struct Sources {
    by_name: BTreeMap<String, Arc<Intake>>,
    plain: String,
    proxies: Vec<IpNet>,
    quarantine: Arc<Quarantine>,
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
